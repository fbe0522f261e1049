//! Compiled code on disk is used when it is ours and rebuilt when it is not.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use bricklayer_runtime::{Runtime, RuntimeConfig, ToolNamespace};

use crate::support::noop;

async fn load(dir: &Path) -> (u64, u64) {
    let runtime = Runtime::new(RuntimeConfig { max_concurrent_calls: 2, ..RuntimeConfig::new(dir) }).unwrap();
    runtime.load(noop(), ToolNamespace::databricks()).await.unwrap();
    let stats = runtime.stats();
    (stats.compiled, stats.cache_hits)
}

fn code(dir: &Path) -> std::path::PathBuf {
    let files = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    files.into_iter().find(|path| path.extension().is_some_and(|extension| extension == "cwasm")).unwrap()
}

#[tokio::test]
async fn compiled_code_is_kept_and_edits_are_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("code");
    assert_eq!(load(&dir).await, (1, 0));
    assert_eq!(load(&dir).await, (0, 1));
    assert_eq!(fs::metadata(&dir).unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(fs::metadata(code(&dir)).unwrap().permissions().mode() & 0o777, 0o600);

    // One bit anywhere, a cut file, an empty one, a foreign one: compiled again, never loaded.
    let good = fs::read(code(&dir)).unwrap();
    for place in [0, 40, good.len() / 2, good.len() - 1] {
        let mut edited = good.clone();
        edited[place] ^= 1;
        fs::write(code(&dir), &edited).unwrap();
        assert_eq!(load(&dir).await, (1, 0), "byte {place}");
        assert_eq!(fs::read(code(&dir)).unwrap().len(), good.len());
    }
    for bytes in [&good[..good.len() - 10], &[][..], b"\x7fELF"] {
        fs::write(code(&dir), bytes).unwrap();
        assert_eq!(load(&dir).await, (1, 0));
    }
    assert_eq!(load(&dir).await, (0, 1));

    // Signed under another key: what somebody else's host wrote is not ours.
    fs::write(dir.join("key"), [7u8; 32]).unwrap();
    assert_eq!(load(&dir).await, (1, 0));
}

//! Compiled code on disk is used when it is ours and rebuilt when it is not.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::{Duration, SystemTime};

use bricklayer_runtime::{Runtime, RuntimeConfig, ToolNamespace};

use crate::support::package_of;

async fn load(dir: &Path, package: &[u8]) -> (u64, u64) {
    let runtime = Runtime::new(RuntimeConfig { max_concurrent_calls: 2, ..RuntimeConfig::new(dir) }).unwrap();
    runtime.load(package.to_owned(), ToolNamespace::databricks()).await.unwrap();
    let stats = runtime.stats();
    (stats.compiled, stats.cache_hits)
}

/// A package of its own for each number, with about 64 KiB of compiled data each.
fn numbered(number: u32) -> Vec<u8> {
    let data =
        (0..65_536_u32).map(|place| format!("\\{:02x}", (place.wrapping_mul(31) + number) % 251)).collect::<String>();
    let component = format!(
        "(component
            (core module $m
                (memory 2) (data (i32.const 0) \"{data}\")
                (func (export \"number\") (result i32) (i32.const {number})))
            (core instance $i (instantiate $m))
            (func (export \"number\") (result u32) (canon lift (core func $i \"number\"))))"
    );
    let wit = "package test:wat;\n/// W.\nworld w {\n  /// Says its number.\n  export number: func() -> u32;\n}\n";
    package_of(&component, wit)
}

fn files(dir: &Path) -> Vec<(String, u64)> {
    let files = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap());
    let code = files.filter(|entry| entry.path().extension().is_some_and(|extension| extension == "cwasm"));
    code.map(|entry| (entry.file_name().into_string().unwrap(), entry.metadata().unwrap().len())).collect()
}

/// Lets a file look as if it had been used so long ago.
fn age(dir: &Path, digest: &str, seconds: u64) {
    let (name, _) = files(dir).into_iter().find(|(name, _)| name.starts_with(digest)).unwrap();
    let file = fs::File::open(dir.join(name)).unwrap();
    file.set_modified(SystemTime::from(bricklayer_domain::now()) - Duration::from_secs(seconds)).unwrap();
}

#[tokio::test]
async fn the_folder_is_bounded_and_what_was_not_used_for_longest_goes() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("code");
    let open = |cache_bytes| {
        Runtime::new(RuntimeConfig { max_concurrent_calls: 2, cache_bytes, ..RuntimeConfig::new(&dir) }).unwrap()
    };
    let packages: Vec<_> = (0..5).map(numbered).collect();
    let has = |plugin: &str| files(&dir).iter().any(|(name, _)| name.starts_with(plugin));
    let bytes = || files(&dir).iter().map(|(_, bytes)| bytes).sum::<u64>();

    // Loaded ones stay although they are beyond the limit.
    let runtime = open(1);
    let mut plugins = Vec::new();
    for package in &packages[..3] {
        plugins.push(runtime.load(package.clone(), ToolNamespace::databricks()).await.unwrap());
    }
    let digests: Vec<_> = plugins.iter().map(|plugin| plugin.digest().to_owned()).collect();
    assert!(digests.iter().all(|digest| has(digest)));
    let one = bytes() / 3;
    // One that is no longer loaded makes room for the next; the others are loaded.
    plugins.remove(0);
    plugins.push(runtime.load(packages[3].clone(), ToolNamespace::databricks()).await.unwrap());
    assert!(!has(&digests[0]) && has(&digests[1]) && has(&digests[2]) && has(plugins[2].digest()));
    let fourth = plugins[2].digest().to_owned();
    drop((plugins, runtime));

    // At the start nothing is loaded: the oldest by use go until the rest fits. Being found is being used.
    age(&dir, &digests[1], 300);
    age(&dir, &digests[2], 200);
    age(&dir, &fourth, 100);
    let half_written = dir.join(".00000000000000aa.tmp");
    let being_written = dir.join(".00000000000000bb.tmp");
    for path in [&half_written, &being_written] {
        fs::write(path, b"half").unwrap();
    }
    let old = SystemTime::from(bricklayer_domain::now()) - Duration::from_secs(7200);
    fs::File::open(&half_written).unwrap().set_modified(old).unwrap();
    let runtime = open(3 * one + one / 2);
    assert_eq!(files(&dir).len(), 3);
    assert!(!half_written.exists() && being_written.exists());
    runtime.load(packages[1].clone(), ToolNamespace::databricks()).await.unwrap();
    assert_eq!(runtime.stats().cache_hits, 1);
    let fifth = runtime.load(packages[4].clone(), ToolNamespace::databricks()).await.unwrap();
    assert!(has(&digests[1]) && !has(&digests[2]) && has(&fourth) && has(fifth.digest()));
    drop((fifth, runtime));
    let runtime = open(one + one / 2);
    assert_eq!(files(&dir).len(), 1);
    assert!(dir.join("key").exists());
    // What went is compiled again.
    runtime.load(packages[2].clone(), ToolNamespace::databricks()).await.unwrap();
    assert_eq!(runtime.stats().compiled, 1);
    assert!(bytes() <= one + one / 2);
}

fn code(dir: &Path) -> std::path::PathBuf {
    let files = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    files.into_iter().find(|path| path.extension().is_some_and(|extension| extension == "cwasm")).unwrap()
}

#[tokio::test]
async fn compiled_code_is_kept_and_edits_are_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("code");
    // Small, because it is compiled a dozen times.
    let package = numbered(1);
    let load = async |dir: &Path| load(dir, &package).await;
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

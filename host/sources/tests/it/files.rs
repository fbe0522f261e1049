//! Files: regular ones of bounded size.

use std::path::Path;

use bricklayer_sources::{FetcherSettings, SourcePolicy};

use super::{fetch, local, refused, sha256};

const PACKAGE: &[u8] = b"\0asm\x0d\0\x01\0 a package";

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[tokio::test]
async fn a_file_is_read_and_pinned() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().canonicalize().unwrap();
    let (file, link) = (folder.join("weather.wasm"), folder.join("link.wasm"));
    std::fs::write(&file, PACKAGE).unwrap();
    std::os::unix::fs::symlink(&file, &link).unwrap();
    let pinned = format!("{}#sha256={}", text(&file), sha256(PACKAGE));
    for source in [text(&file), text(&link), &format!("file://{}", text(&file)), &pinned] {
        let fetched = fetch(local(), source).await.unwrap();
        assert_eq!(fetched.bytes, PACKAGE);
        assert_eq!(fetched.pinned.to_string(), pinned);
        assert_eq!(fetched.signature_sidecar, None);
    }
    std::fs::write(folder.join("weather.wasm.minisig"), "a signature").unwrap();
    assert_eq!(fetch(local(), text(&file)).await.unwrap().signature_sidecar.as_deref(), Some("a signature"));
    std::fs::write(&file, b"changed").unwrap();
    refused(fetch(local(), &pinned).await, "DigestMismatch", "check the digest with the publisher");
}

#[tokio::test]
async fn what_is_no_package_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (large, pipe) = (folder.path().join("large.wasm"), folder.path().join("pipe.wasm"));
    std::fs::File::create(&large).unwrap().set_len(1 << 40).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    refused(fetch(local(), text(&large)).await, "TooLarge", "larger than 1048576 bytes");
    refused(fetch(local(), text(&pipe)).await, "File", "not a regular file");
    refused(fetch(local(), text(folder.path())).await, "File", "not a regular file");
    refused(fetch(local(), "/dev/zero").await, "File", "not a regular file");
    refused(fetch(local(), "/nonexistent/x.wasm").await, "File", "check the path");
    refused(fetch(local(), "ghcr.io/team/weather:1").await, "File", "write oci://ghcr.io/team/weather:1");
    std::fs::write(pipe.with_extension("ok"), PACKAGE).unwrap();
    std::fs::write(folder.path().join("pipe.ok.minisig"), vec![b'x'; 5000]).unwrap();
    refused(fetch(local(), text(&pipe.with_extension("ok"))).await, "TooLarge", "larger than 4096 bytes");
}

#[tokio::test]
async fn the_policy_comes_first() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("weather.wasm");
    std::fs::write(&file, PACKAGE).unwrap();
    let under = |policy: &str| FetcherSettings { policy: SourcePolicy::parse(policy).unwrap(), ..local() };
    refused(fetch(under("https"), text(&file)).await, "Policy", "not among the sources");
    refused(fetch(under("file:///etc/"), text(&file)).await, "Policy", "file:///etc/");
    let rule = format!("file://{}", folder.path().display());
    assert_eq!(fetch(under(&rule), text(&file)).await.unwrap().bytes, PACKAGE);
}

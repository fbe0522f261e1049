//! The happy path against a registry process (`docker-registry` or `registry` on PATH), open and with a password.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use bricklayer_sources::{Fetcher, FetcherSettings, Source};
use bytes::Bytes;
use serde_json::json;

use super::registry::PACKAGE;
use super::{local, refused};

/// bcrypt of `hunter2`, made for this test.
const PASSWORD_FILE: &str = "anna:$2b$04$nWk.RZsNhh5Ig2QGk9pLBu.4C4YJZdNosXUNGlmsGuo9YO24VCHue\n";

struct Process {
    child: Child,
    authority: String,
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn program() -> Option<&'static str> {
    ["docker-registry", "registry"].into_iter().find(|name| {
        let run = Command::new(name).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
        run.is_ok_and(|status| status.success())
    })
}

fn start(program: &str, folder: &Path, password: bool) -> Process {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let authority = format!("127.0.0.1:{port}");
    let mut config = json!({
        "version": 0.1,
        "storage": {"filesystem": {"rootdirectory": folder.join("data")}},
        "http": {"addr": authority},
    });
    if password {
        std::fs::write(folder.join("passwords"), PASSWORD_FILE).unwrap();
        config["auth"] = json!({"htpasswd": {"realm": "registry", "path": folder.join("passwords")}});
    }
    std::fs::write(folder.join("config.yml"), config.to_string()).unwrap();
    let child = Command::new(program)
        .arg("serve")
        .arg(folder.join("config.yml"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let process = Process { child, authority };
    let deadline = Instant::now() + Duration::from_secs(20);
    while std::net::TcpStream::connect(&process.authority).is_err() {
        assert!(Instant::now() < deadline, "the registry does not listen on {}", process.authority);
        std::thread::sleep(Duration::from_millis(20));
    }
    process
}

async fn round_trip(settings: FetcherSettings, authority: &str) {
    let fetcher = Fetcher::new(settings);
    let tagged = Source::parse(&format!("oci://{authority}/team/weather:1.0.0")).unwrap();
    let pinned = fetcher.publish(&tagged, Bytes::from_static(PACKAGE)).await.unwrap();
    for source in [&tagged, &pinned] {
        let fetched = fetcher.fetch(source).await.unwrap();
        assert_eq!((fetched.bytes.as_ref(), &fetched.pinned), (PACKAGE, &pinned));
    }
    // Larger than one chunk of an upload (4 MiB) and than one read.
    let large = Bytes::from(vec![7u8; 9 * 1024 * 1024]);
    let other = Source::parse(&format!("oci://{authority}/team/large:1")).unwrap();
    let pinned = fetcher.publish(&other, large.clone()).await.unwrap();
    assert_eq!(fetcher.fetch(&pinned).await.unwrap().bytes, large);
    let missing = Source::parse(&format!("oci://{authority}/team/absent:1")).unwrap();
    refused(fetcher.fetch(&missing).await, "NotFound", "check the repository and the tag");
}

#[tokio::test]
async fn a_registry_process_agrees() {
    let Some(program) = program() else {
        println!("not run: no registry program is installed; the registry of the other tests stands in for it");
        return;
    };
    println!("ran against {program}");
    let settings = || FetcherSettings { max_bytes: 16 * 1024 * 1024, ..local() };
    let folder = tempfile::tempdir().unwrap();
    let open = start(program, folder.path(), false);
    round_trip(settings(), &open.authority).await;

    let folder = tempfile::tempdir().unwrap();
    let private = start(program, folder.path(), true);
    let source = Source::parse(&format!("oci://{}/team/weather:1", private.authority)).unwrap();
    refused(Fetcher::new(settings()).fetch(&source).await, "Denied", "docker login");
    let config = json!({"auths": {&private.authority: {"username": "anna", "password": "hunter2"}}});
    std::fs::write(folder.path().join("config.json"), config.to_string()).unwrap();
    let known = FetcherSettings { docker_config: Some(folder.path().to_path_buf()), ..settings() };
    round_trip(known, &private.authority).await;
}

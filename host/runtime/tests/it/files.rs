//! The project's folder and nothing else of the disk.

use std::sync::Arc;

use bricklayer_domain::ToolErrorKind;
use bricklayer_runtime::{FilesGrant, Grants, Limits};
use serde_json::json;

use crate::support::{Bench, failed, hostile};

#[tokio::test]
async fn the_folder_is_read_and_written_as_granted() {
    let bench = Bench::new().await;
    std::fs::write(bench.project.path().join("a.txt"), "inside").unwrap();
    let read = json!({"path": "/project/a.txt"});
    assert_eq!(bench.call("read_file", read.clone()).await.content, "inside");
    Bench::ok(&bench.call("write_file", json!({"path": "/project/b.txt", "text": "new"})).await);
    assert_eq!(std::fs::read_to_string(bench.project.path().join("b.txt")).unwrap(), "new");

    let with = |files| {
        let mut ctx = bench.ctx();
        ctx.grants = Arc::new(Grants { files, ..Grants::default() });
        ctx
    };
    assert_eq!(bench.call_with("read_file", read.clone(), with(FilesGrant::Read)).await.content, "inside");
    let write = json!({"path": "/project/c.txt", "text": "new"});
    failed(&bench.call_with("write_file", write.clone(), with(FilesGrant::Read)).await, ToolErrorKind::Failed, "");
    failed(&bench.call_with("read_file", read, with(FilesGrant::None)).await, ToolErrorKind::Failed, "");
    failed(&bench.call_with("write_file", write, with(FilesGrant::None)).await, ToolErrorKind::Failed, "");
    assert!(!bench.project.path().join("c.txt").exists());
}

#[tokio::test]
async fn nothing_outside_is_reached_by_any_spelling() {
    let bench = Bench::new().await;
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("secret.txt"), "outside-secret").unwrap();
    let secret = outside.path().join("secret.txt");
    let name = outside.path().file_name().unwrap().to_str().unwrap();
    std::os::unix::fs::symlink(&secret, bench.project.path().join("link")).unwrap();
    std::os::unix::fs::symlink(outside.path(), bench.project.path().join("folder")).unwrap();
    std::os::unix::fs::symlink(format!("../{name}"), bench.project.path().join("relative")).unwrap();
    std::os::unix::fs::symlink("/proc/self/environ", bench.project.path().join("proc")).unwrap();
    for path in [
        secret.to_str().unwrap().to_owned(),
        "/etc/passwd".to_owned(),
        "/proc/self/environ".to_owned(),
        format!("/project/../{name}/secret.txt"),
        format!("/project/./../../{name}/secret.txt"),
        format!("/project/folder/../../{name}/secret.txt"),
        "/project/link".to_owned(),
        "/project/link/".to_owned(),
        "/project/folder/secret.txt".to_owned(),
        "/project/relative/secret.txt".to_owned(),
        "/project/proc".to_owned(),
        format!("/project//../{name}/secret.txt"),
        "../../etc/passwd".to_owned(),
    ] {
        let outcome = bench.call("read_file", json!({"path": path})).await;
        failed(&outcome, ToolErrorKind::Failed, "");
        assert!(!outcome.content.contains("outside-secret"), "{path}");
        let write = bench.call("write_file", json!({"path": path, "text": "overwritten"})).await;
        failed(&write, ToolErrorKind::Failed, "");
    }
    assert_eq!(std::fs::read_to_string(&secret).unwrap(), "outside-secret");

    for target in [secret.to_str().unwrap().to_owned(), format!("../{name}/secret.txt")] {
        let link = json!({"target": target, "link": "/project/made"});
        failed(&bench.call("link_and_read", link).await, ToolErrorKind::Failed, "");
        let _ = std::fs::remove_file(bench.project.path().join("made"));
    }
    for (source, target) in [
        ("/project/folder/secret.txt", "/project/stolen"),
        ("/project/link", "/project/../stolen"),
        ("/project/../secret.txt", "/project/stolen"),
    ] {
        failed(&bench.call("rename", json!({"source": source, "target": target})).await, ToolErrorKind::Failed, "");
    }
    assert!(secret.exists());
}

#[tokio::test]
async fn the_environment_is_empty() {
    let bench = Bench::new().await;
    let seen = Bench::ok(&bench.call("environment", json!({})).await);
    assert_eq!(seen, json!({"result": ["preopen /project"]}));
}

#[tokio::test]
async fn a_project_has_a_size_over_all_calls() {
    let bench = Bench::with(Limits { project_bytes: 1_000_000, ..Limits::default() }, hostile()).await;
    let project = bench.project.path();
    std::fs::create_dir(project.join("deep")).unwrap();
    std::fs::write(project.join("deep/mine"), vec![0; 400_000]).unwrap();
    let write = |path: &str, bytes: usize| json!({"path": format!("/project/{path}"), "text": "x".repeat(bytes)});

    Bench::ok(&bench.call("write_file", write("a", 400_000)).await);
    let refused = bench.call("write_file", write("b", 400_000)).await;
    failed(&refused, ToolErrorKind::LimitExceeded, "project limit: the project's folder would have more than 1000000");
    let remedy = refused.failure.unwrap().remedy.unwrap();
    assert!(remedy.contains("delete files"), "{remedy}");
    // By the other way to make a file larger, too.
    let stretched = bench.call("stretch", json!({"path": "/project/c", "bytes": 900_000})).await;
    failed(&stretched, ToolErrorKind::LimitExceeded, "project limit");
    // What is deleted is there for the next call, and reading was never at stake.
    bench.call("read_file", json!({"path": "/project/a"})).await;
    std::fs::remove_file(project.join("deep/mine")).unwrap();
    std::fs::remove_file(project.join("b")).ok();
    std::fs::remove_file(project.join("c")).ok();
    Bench::ok(&bench.call("write_file", write("b", 400_000)).await);
}

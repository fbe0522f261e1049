//! A project's files.

use std::os::unix::fs::symlink;

use serde_json::json;

use crate::support::World;

#[tokio::test]
async fn files_are_listed_and_sent_as_what_they_are() {
    let world = World::sqlite().await;
    let server = world.serve().await;
    let ann = server.as_user("ann");
    let project = ann.project("One").await;
    let path = format!("/api/projects/{project}/files");
    assert_eq!(ann.get(&path).await.ok(), json!({"project_id": project, "files": [], "truncated": false}));

    let folder = world.project_dir(&project);
    std::fs::create_dir_all(folder.join("deep/er")).unwrap();
    std::fs::write(folder.join("report.md"), "# Report\n").unwrap();
    std::fs::write(folder.join("deep/er/ü x.html"), "<script>alert(1)</script>").unwrap();
    std::fs::write(folder.join("data.bin"), [0, 159, 146, 150]).unwrap();
    let list = ann.get(&path).await.ok();
    let paths: Vec<_> = list["files"].as_array().unwrap().iter().map(|f| f["path"].as_str().unwrap()).collect();
    assert_eq!(paths, ["data.bin", "deep/er/ü x.html", "report.md"]);
    assert_eq!((&list["files"][2]["name"], &list["files"][2]["size"]), (&json!("report.md"), &json!(9)));

    let report = ann.get(&format!("{path}/report.md")).await;
    assert_eq!((report.status.as_u16(), report.text.as_str()), (200, "# Report\n"));
    assert_eq!(report.headers["content-type"], "text/plain; charset=utf-8");
    assert_eq!(report.headers["x-content-type-options"], "nosniff");
    assert_eq!(report.headers["content-disposition"], "inline; filename*=UTF-8''report.md");
    let etag = report.headers["etag"].to_str().unwrap();
    let unchanged = ann.clone().with("if-none-match", etag).get(&format!("{path}/report.md")).await;
    assert_eq!((unchanged.status.as_u16(), unchanged.text.as_str()), (304, ""));

    // Nothing of it runs in the page, whatever it is called.
    let page = ann.get(&format!("{path}/deep/er/%C3%BC%20x.html?download=1")).await;
    assert_eq!(page.headers["content-type"], "text/plain; charset=utf-8");
    assert_eq!(page.headers["content-disposition"], "attachment; filename*=UTF-8''%C3%BC%20x.html");
    let data = ann.get(&format!("{path}/data.bin")).await;
    assert_eq!(data.headers["content-type"], "application/octet-stream");
    server.stop().await;
}

#[tokio::test]
async fn no_path_leaves_the_projects_folder() {
    let world = World::sqlite().await;
    let server = world.serve().await;
    let ann = server.as_user("ann");
    let (project, other) = (ann.project("One").await, ann.project("Other").await);
    let path = format!("/api/projects/{project}/files");
    ann.get(&path).await.ok();
    ann.get(&format!("/api/projects/{other}/files")).await.ok();
    let folder = world.project_dir(&project);
    std::fs::write(world.project_dir(&other).join("secret.txt"), "canary").unwrap();
    std::fs::write(world.data_dir().join("outside.txt"), "canary").unwrap();
    symlink(world.data_dir().join("outside.txt"), folder.join("link.txt")).unwrap();
    symlink("../../outside.txt", folder.join("relative.txt")).unwrap();
    symlink(world.data_dir(), folder.join("folder")).unwrap();
    symlink(".", folder.join("self")).unwrap();
    let fifo = std::process::Command::new("mkfifo").arg(folder.join("pipe")).status().unwrap();
    assert!(fifo.success());
    for bad in [
        "link.txt",
        "relative.txt",
        "folder/outside.txt",
        "%2e%2e/%2e%2e/outside.txt",
        "..%2F..%2Foutside.txt",
        "%2Fetc%2Fpasswd",
        "/etc/passwd",
        "pipe",
        "self",
        "missing.txt",
        "a%00b",
        &"x/".repeat(2_000),
        &format!("..%2F{other}%2Fsecret.txt"),
    ] {
        let answer = ann.get(&format!("{path}/{bad}")).await;
        answer.problem(404, "not-found");
        assert!(!answer.text.contains("canary"), "{bad}");
    }
    let list = ann.get(&path).await.ok();
    assert_eq!(list["files"], json!([]), "links and pipes are no files");
    server.stop().await;
}

#[tokio::test]
async fn a_huge_folder_is_cut_and_says_so() {
    let world = World::sqlite().await;
    let server = world.serve().await;
    let ann = server.as_user("ann");
    let project = ann.project("One").await;
    let path = format!("/api/projects/{project}/files");
    ann.get(&path).await.ok();
    let folder = world.project_dir(&project);
    for index in 0..2_100 {
        std::fs::write(folder.join(format!("{index}.txt")), "").unwrap();
    }
    let list = ann.get(&path).await.ok();
    assert_eq!((list["files"].as_array().unwrap().len(), &list["truncated"]), (2_000, &json!(true)));
    server.stop().await;
}

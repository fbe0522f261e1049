//! A project's files.

use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;

use reqwest::Method;
use serde_json::json;

use crate::support::{Answer, World};

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
async fn a_file_is_sent_by_ranges_and_says_its_length() {
    let world = World::sqlite().await;
    let server = world.serve().await;
    let ann = server.as_user("ann");
    let project = ann.project("One").await;
    let path = format!("/api/projects/{project}/files");
    ann.get(&path).await.ok();
    // What a browser sends; compressed, an answer has no length.
    let ann = ann.with("accept-encoding", "gzip, br");
    let text: String = (0..100_000).map(|line| format!("line {line}\n")).collect();
    std::fs::write(world.project_dir(&project).join("long.log"), &text).unwrap();
    std::fs::write(world.project_dir(&project).join("empty"), "").unwrap();
    let file = format!("{path}/long.log");
    let whole = ann.get(&file).await;
    let size = text.len();
    let header = |answer: &Answer, name: &str| answer.headers.get(name).map(|value| value.to_str().unwrap().to_owned());
    assert_eq!((whole.text.len(), header(&whole, "content-length")), (size, Some(size.to_string())));
    assert_eq!(header(&whole, "accept-ranges").as_deref(), Some("bytes"));
    assert_eq!(header(&whole, "content-encoding"), None);
    let head = ann.send(ann.request(Method::HEAD, &file)).await;
    assert_eq!((head.status.as_u16(), head.text.as_str()), (200, ""));
    assert_eq!(header(&head, "content-length"), Some(size.to_string()));
    let etag = header(&whole, "etag").unwrap();
    for (range, more, expect) in [
        ("bytes=0-3", None, Some((0, 3))),
        ("bytes=-5", None, Some((size - 5, size - 1))),
        ("bytes=500000-", None, Some((500_000, size - 1))),
        ("bytes=4-9", Some(etag.as_str()), Some((4, 9))),
        ("bytes=4-9", Some("\"another\""), None),
        ("bytes=0-1,4-5", None, None),
        ("bytes=9-4", None, None),
    ] {
        let mut asking = ann.clone().with("range", range);
        if let Some(etag) = more {
            asking = asking.with("if-range", etag);
        }
        let part = asking.get(&file).await;
        match expect {
            Some((first, last)) => {
                assert_eq!((part.status.as_u16(), part.text.as_str()), (206, &text[first..=last]), "{range}");
                assert_eq!(header(&part, "content-range"), Some(format!("bytes {first}-{last}/{size}")));
                assert_eq!(header(&part, "content-length"), Some((last - first + 1).to_string()));
            }
            None => assert_eq!((part.status.as_u16(), part.text.len()), (200, size), "{range} {more:?}"),
        }
    }
    for (file, range, length) in [
        (&file, format!("bytes={size}-"), size),
        (&file, "bytes=-0".into(), size),
        (&format!("{path}/empty"), "bytes=0-".into(), 0),
    ] {
        let refused = ann.clone().with("range", &range).get(file).await;
        refused.problem(416, "range-not-satisfiable");
        assert_eq!(header(&refused, "content-range"), Some(format!("bytes */{length}")), "{range}");
    }
    assert_eq!(ann.get(&format!("{path}/empty")).await.status, 200);
    server.stop().await;
}

#[tokio::test]
async fn odd_entries_are_said_not_to_be_files() {
    let world = World::sqlite().await;
    let server = world.serve().await;
    let ann = server.as_user("ann");
    let project = ann.project("One").await;
    let path = format!("/api/projects/{project}/files");
    ann.get(&path).await.ok();
    let folder = world.project_dir(&project);
    symlink("loop", folder.join("loop")).unwrap();
    symlink("b", folder.join("a")).unwrap();
    symlink("a", folder.join("b")).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(folder.join("socket")).unwrap();
    std::fs::create_dir(folder.join("folder")).unwrap();
    for odd in ["loop", "a", "b", "socket", "folder", "folder/", "loop/x"] {
        let problem = ann.get(&format!("{path}/{odd}")).await.problem(404, "not-found");
        assert!(problem["detail"].as_str().unwrap().starts_with("there is no"), "{odd}: {problem}");
    }
    // A name that is not UTF-8 is listed with the address that it is sent under.
    let name = std::ffi::OsStr::from_bytes(b"caf\xe9 1.txt");
    std::fs::write(folder.join(name), "latin").unwrap();
    let list = ann.get(&path).await.ok();
    let files = list["files"].as_array().unwrap();
    assert_eq!(files.len(), 1, "{files:?}");
    assert_eq!((&files[0]["name"], &files[0]["url_path"]), (&json!("caf\u{fffd} 1.txt"), &json!("caf%E9%201.txt")));
    let sent = ann.get(&format!("{path}/{}", files[0]["url_path"].as_str().unwrap())).await;
    assert_eq!((sent.status.as_u16(), sent.text.as_str()), (200, "latin"));
    for broken in ["%", "%zz", "caf%E"] {
        ann.get(&format!("{path}/{broken}")).await.problem(404, "not-found");
    }
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

/// The names and contents of an archive's files.
fn unpacked(bytes: Vec<u8>) -> Vec<(String, String)> {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    let count = archive.len();
    let read = |index: usize| {
        let file = archive.by_index(index).unwrap();
        (file.name().unwrap().into_owned(), std::io::read_to_string(file).unwrap())
    };
    (0..count).map(read).collect()
}

#[tokio::test]
async fn a_folder_is_sent_as_an_archive() {
    let world = World::sqlite().await;
    let server = world.serve().await;
    let ann = server.as_user("ann");
    let project = ann.project("One").await;
    let path = format!("/api/projects/{project}/archive");
    assert_eq!(ann.get(&path).await.status.as_u16(), 404, "nothing is in it");
    let folder = world.project_dir(&project);
    std::fs::create_dir_all(folder.join("etl/sub/.cache")).unwrap();
    std::fs::create_dir_all(folder.join("empty")).unwrap();
    std::fs::write(world.data_dir().join("outside.txt"), "canary").unwrap();
    for (name, text) in
        [("etl/databricks.yml", "bundle:"), ("etl/sub/ü.py", "1"), ("etl/sub/.cache/x", "2"), ("etl/.gitignore", "x")]
    {
        std::fs::write(folder.join(name), text).unwrap();
    }
    symlink(world.data_dir().join("outside.txt"), folder.join("etl/link.txt")).unwrap();
    let sent = ann.request(Method::GET, &format!("{path}?path=etl")).send().await.unwrap();
    assert_eq!(sent.headers()["content-type"], "application/zip");
    assert_eq!(sent.headers()["content-disposition"], "attachment; filename*=UTF-8''etl.zip");
    let found = unpacked(sent.bytes().await.unwrap().to_vec());
    let expected = [(".gitignore", "x"), ("databricks.yml", "bundle:"), ("sub/ü.py", "1")];
    assert_eq!(found, expected.map(|(name, text)| (name.to_owned(), text.to_owned())));
    for nothing in ["empty", "nosuch", "etl/databricks.yml", "../", "/etc", "etl/link.txt"] {
        assert_eq!(ann.get(&format!("{path}?path={nothing}")).await.status.as_u16(), 404, "{nothing}");
    }
    let large = std::fs::File::create(folder.join("empty/large.bin")).unwrap();
    large.set_len(257 << 20).unwrap();
    ann.get(&format!("{path}?path=empty")).await.problem(413, "archive-too-large");
    server.stop().await;
}

#[tokio::test]
async fn the_page_looks_with_tools_that_only_read() {
    let world = World::sqlite().await;
    let server = world.serve().await;
    let (ann, bob) = (server.as_user("ann"), server.as_user("bob"));
    let project = ann.project("One").await;
    ann.get(&format!("/api/projects/{project}/files")).await.ok();
    std::fs::write(world.project_dir(&project).join("a.md"), "x").unwrap();
    let path = |tool: &str| format!("/api/projects/{project}/tools/{tool}/call");
    let found = ann.post(&path("Glob"), json!({"input": {"pattern": "*"}})).await.ok();
    assert!(found["content"].as_str().unwrap().contains("a.md") && found["failure"].is_null(), "{found}");
    let failed = ann.post(&path("Read"), json!({"input": {"file_path": "b.md"}})).await.ok();
    assert_eq!((&failed["failure"]["kind"], &failed["structured"]), (&json!("not-found"), &json!(null)), "{failed}");
    for (user, tool, body, status, code) in [
        (&ann, "Write", json!({"input": {"file_path": "b.md", "content": "x"}}), 409, "not-read-only"),
        (&ann, "Task", json!({}), 404, "not-found"),
        (&ann, "AskUserQuestion", json!({}), 404, "not-found"),
        (&ann, "nosuch", json!({}), 404, "not-found"),
        (&bob, "Glob", json!({"input": {"pattern": "*"}}), 404, "not-found"),
    ] {
        user.post(&path(tool), body).await.problem(status, code);
    }
    assert!(!world.project_dir(&project).join("b.md").exists());
    // What the project's owner denies is denied to a look as well.
    let rules = json!({"rules": [{"kind": "deny", "rule": "Read(a.md)"}], "second_look": true});
    ann.put(&format!("/api/projects/{project}/permission_rules"), rules).await.ok();
    let denied = ann.post(&path("Read"), json!({"input": {"file_path": "a.md"}})).await.ok();
    assert_eq!(denied["failure"]["kind"], "denied", "{denied}");
    server.stop().await;
}

use std::fs;

use bricklayer_sdk::testing::Script;

use super::*;

const ROOT: &str = "/Volumes/c/s/v";

fn project() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("data/sub")).unwrap();
    fs::write(folder.path().join("data/a b.csv"), "one").unwrap();
    fs::write(folder.path().join("data/sub/100%.csv"), "two").unwrap();
    folder
}

fn up(local: &str, remote: &str, overwrite: bool) -> types::UploadToVolumeRequest {
    types::UploadToVolumeRequest {
        local_path: local.to_owned(),
        volume_path: format!("{ROOT}{remote}"),
        overwrite: Some(overwrite),
    }
}

fn down(remote: &str, local: Option<&str>) -> types::DownloadFromVolumeRequest {
    types::DownloadFromVolumeRequest {
        volume_path: format!("{ROOT}{remote}"),
        local_path: local.map(str::to_owned),
        overwrite: None,
    }
}

fn put(path: &str, overwrite: bool) -> String {
    format!("PUT /api/2.0/fs/files{ROOT}{path}?overwrite={overwrite}")
}

#[test]
fn files_and_folders_go_up() {
    let folder = project();
    for (local, remote, lands) in [
        ("data/a b.csv", "/x.csv", "/x.csv"),
        ("data/a b.csv", "/in/", "/in/a%20b.csv"),
        ("data/a b.csv", "", "/a%20b.csv"),
    ] {
        let script = Script::new().project(folder.path()).on(&put(lands, true), 204, "");
        let report = upload(&script, up(local, remote, true)).unwrap();
        assert_eq!((report.done, report.bytes, script.uploaded()[0].1.as_slice()), (1, 3, b"one".as_slice()));
    }
    let exists = r#"{"error_code":"ALREADY_EXISTS","message":"there"}"#;
    let script = Script::new().project(folder.path()).on(&put("/d/a%20b.csv", false), 409, exists).on(
        &put("/d/sub/100%25.csv", false),
        204,
        "",
    );
    let report = upload(&script, up("data", "/d", false)).unwrap();
    script.done();
    assert_eq!((report.done, report.failed, report.complete), (1, 1, false));
    assert!(report.text.contains("Set overwrite"), "{}", report.text);
    let script = Script::new().project(folder.path()).on(
        &put("/x", false),
        403,
        r#"{"error_code":"PERMISSION_DENIED","message":"no"}"#,
    );
    assert!(upload(&script, up("data/a b.csv", "/x", false)).unwrap_err().message.contains("PERMISSION_DENIED"));
}

#[test]
fn a_large_file_that_is_there_is_not_sent() {
    let folder = project();
    fs::File::create(folder.path().join("large")).unwrap().set_len(ASKED_FIRST_BYTES).unwrap();
    let head = format!("HEAD /api/2.0/fs/files{ROOT}/x");
    let script = Script::new().project(folder.path()).on(&head, 200, "");
    let failure = upload(&script, up("large", "/x", false)).unwrap_err();
    script.done();
    assert!(failure.message.contains("ALREADY_EXISTS") && failure.message.contains("Set overwrite"), "{failure:?}");
}

#[test]
fn files_and_folders_come_down() {
    let folder = project();
    let head = |path: &str, status| (format!("HEAD /api/2.0/fs/files{ROOT}{path}"), status);
    let get = |path: &str| format!("GET /api/2.0/fs/files{ROOT}{path}");
    let (line, status) = head("/x%201.csv", 200);
    let script = Script::new().project(folder.path()).on(&line, status, "").on(&get("/x%201.csv"), 200, "content");
    let report = download(&script, down("/x 1.csv", Some("got/"))).unwrap();
    assert_eq!((report.transfers[0].local_path.as_str(), report.bytes), ("got/x 1.csv", 7));
    assert_eq!(fs::read_to_string(folder.path().join("got/x 1.csv")).unwrap(), "content");
    // Not twice, unasked.
    let script = Script::new().project(folder.path()).on(&line, status, "");
    assert!(download(&script, down("/x 1.csv", Some("got/"))).unwrap_err().message.contains("set overwrite"));

    let (line, status) = head("/d", 404);
    let entries = serde_json::json!({"contents": [
        {"path": format!("{ROOT}/d/A.csv"), "is_directory": false, "file_size": 1},
        {"path": format!("{ROOT}/d/a.csv"), "is_directory": false, "file_size": 1},
    ]});
    let script = Script::new()
        .project(folder.path())
        .on(&line, status, "")
        .on(&format!("HEAD /api/2.0/fs/directories{ROOT}/d"), 200, "")
        .on(&format!("GET /api/2.0/fs/directories{ROOT}/d"), 200, &entries.to_string())
        .on(&get("/d/A.csv"), 200, "A")
        .on(&get("/d/a.csv"), 500, "");
    let report = download(&script, down("/d", None)).unwrap();
    script.done();
    assert_eq!((report.done, report.failed, report.complete), (1, 1, false), "{}", report.text);
    let files: Vec<_> = fs::read_dir(folder.path().join("d")).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert_eq!(files, ["A.csv"]);
}

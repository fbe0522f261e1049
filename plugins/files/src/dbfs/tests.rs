use bricklayer_sdk::CallContext;
use bricklayer_sdk::testing::Script;

use super::*;

const STATUS: &str = "GET /api/2.0/dbfs/get-status?path=%2Fa%20b";
const INFO: &str = r#"{"path":"/a b","is_dir":false,"file_size":6}"#;

fn read_line(offset: u64, length: usize) -> String {
    format!("GET /api/2.0/dbfs/read?path=%2Fa%20b&offset={offset}&length={length}")
}

fn content(bytes: &[u8]) -> String {
    json!({"bytes_read": bytes.len(), "data": BASE64_STANDARD.encode(bytes)}).to_string()
}

fn up(overwrite: bool) -> types::UploadToDbfsRequest {
    types::UploadToDbfsRequest {
        local_path: "f".to_owned(),
        dbfs_path: "dbfs:/t/".to_owned(),
        overwrite: Some(overwrite),
    }
}

#[test]
fn a_part_is_shown_as_text_or_as_base64() {
    let part =
        |length| types::ReadDbfsFileRequest { path: "dbfs:/a b".to_owned(), offset: Some(1), length: Some(length) };
    for (bytes, text, encoding, read_bytes, more) in [
        ("äb".as_bytes(), "äb", "utf-8", 3, true),
        (b"b\xc3".as_slice(), "b", "utf-8", 1, true),
        (b"\xff\xfe".as_slice(), "//4=", "base64", 2, true),
        (b"12345".as_slice(), "12345", "utf-8", 5, false),
    ] {
        let script = Script::new().on(STATUS, 200, INFO).on(&read_line(1, 5), 200, &content(bytes));
        let found = read(&script, part(5)).unwrap();
        assert_eq!(
            (found.text.as_str(), found.encoding.as_str(), found.bytes_read, found.more),
            (text, encoding, read_bytes, more)
        );
    }
    for length in [0, 65537] {
        assert_eq!(read(&Script::new(), part(length)).unwrap_err().kind, Kind::InvalidInput);
    }
    let missing = r#"{"error_code":"RESOURCE_DOES_NOT_EXIST","message":"No file"}"#;
    assert_eq!(read(&Script::new().on(STATUS, 404, missing), part(5)).unwrap_err().kind, Kind::NotFound);
    let script = Script::new().on(STATUS, 200, INFO).on(&read_line(1, 5), 200, r#"{"bytes_read":9,"data":""}"#);
    assert_eq!(read(&script, part(5)).unwrap_err().kind, Kind::Upstream);
}

#[test]
fn a_file_goes_up_block_by_block() {
    let folder = tempfile::tempdir().unwrap();
    let bytes: Vec<u8> = (0..BLOCK_BYTES + 3).map(|n| n as u8).collect();
    fs::write(folder.path().join("f"), &bytes).unwrap();
    let script = Script::new()
        .project(folder.path())
        .on("POST /api/2.0/dbfs/create", 200, r#"{"handle": 9007199254740991}"#)
        .on("POST /api/2.0/dbfs/add-block", 200, "{}")
        .on("POST /api/2.0/dbfs/add-block", 429, "")
        .on("POST /api/2.0/dbfs/add-block", 200, "{}")
        .on("POST /api/2.0/dbfs/close", 200, "{}");
    let report = upload(&script, up(true)).unwrap();
    script.done();
    assert_eq!((report.bytes, report.transfers[0].remote_path.as_str()), (bytes.len() as u64, "/t/f"));
    let sent = [1, 3].map(|n| BASE64_STANDARD.decode(script.body(n)["data"].as_str().unwrap()).unwrap()).concat();
    assert!(sent == bytes);
    assert_eq!((&script.body(0)["overwrite"], &script.body(4)["handle"]), (&json!(true), &json!(9007199254740991_u64)));
    let exists = r#"{"error_code":"RESOURCE_ALREADY_EXISTS","message":"there"}"#;
    let script = Script::new().project(folder.path()).on("POST /api/2.0/dbfs/create", 400, exists);
    assert!(upload(&script, up(false)).unwrap_err().message.contains("Set overwrite"));
}

#[test]
fn a_file_comes_down_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let request = || types::DownloadFromDbfsRequest { dbfs_path: "/a b".to_owned(), local_path: None, overwrite: None };
    let script = || Script::new().project(folder.path()).on(STATUS, 200, INFO);
    let broken = script().on(&read_line(0, BLOCK_BYTES), 200, &content(b"123")).on(&read_line(3, BLOCK_BYTES), 500, "");
    assert_eq!(download(&broken, request()).unwrap_err().kind, Kind::Upstream);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    let whole = script().on(&read_line(0, BLOCK_BYTES), 200, &content(b"123")).on(
        &read_line(3, BLOCK_BYTES),
        200,
        &content(b"456"),
    );
    assert_eq!(download(&whole, request()).unwrap().bytes, 6);
    assert_eq!(fs::read(folder.path().join("a b")).unwrap(), b"123456");
    assert!(download(&script(), request()).unwrap_err().message.contains("Set overwrite"));
    let context = CallContext { time_left: std::time::Duration::from_secs(4), ..CallContext::default() };
    let late = types::DownloadFromDbfsRequest { overwrite: Some(true), ..request() };
    assert_eq!(download(&script().context(context), late).unwrap_err().kind, Kind::Timeout);
    assert_eq!(fs::read(folder.path().join("a b")).unwrap(), b"123456");
}

#[test]
fn changes_are_made_or_refused() {
    let path = |path: &str| types::DbfsPathRequest { path: path.to_owned() };
    let script = Script::new().on("POST /api/2.0/dbfs/mkdirs", 200, "{}");
    assert_eq!(make_folder(&script, path("dbfs:/x/")).unwrap().path, "/x");
    assert_eq!(script.body(0), json!({"path": "/x"}));
    let script = Script::new().on("POST /api/2.0/dbfs/move", 200, "{}");
    let moved = types::MoveDbfsFileRequest { source_path: "/a".to_owned(), destination_path: "dbfs:/b".to_owned() };
    assert_eq!(rename(&script, moved).unwrap().path, "/b");
    let gone = |path: &str| types::DeleteDbfsFileRequest { path: path.to_owned(), recursive: None };
    assert_eq!(delete(&Script::new(), gone("dbfs:/")).unwrap_err().kind, Kind::Denied);
    let full = r#"{"error_code":"IO_ERROR","message":"not empty"}"#;
    let failure = delete(&Script::new().on("POST /api/2.0/dbfs/delete", 400, full), gone("/x")).unwrap_err();
    assert!(failure.message.contains("Set recursive"), "{failure:?}");
    assert_eq!(list(&Script::new(), path("/Workspace/Users/x")).unwrap_err().kind, Kind::InvalidInput);
    let files = r#"{"files":[{"path":"/x/b","is_dir":true},{"path":"/x/a","file_size":1}]}"#;
    let found = list(&Script::new().on("GET /api/2.0/dbfs/list?path=%2Fx", 200, files), path("/x")).unwrap();
    assert_eq!((found.files[0].path.as_str(), found.more), ("/x/a", false));
}

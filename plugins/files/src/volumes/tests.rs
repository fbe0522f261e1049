use bricklayer_sdk::testing::Script;

use super::*;

const ROOT: &str = "/Volumes/c/s/v";

fn line(method: &str, kind: &str, path: &str) -> String {
    format!("{method} /api/2.0/fs/{kind}{ROOT}{path}")
}

fn contents(entries: &[(&str, bool)], token: Option<&str>) -> String {
    let entry = |(path, is_directory): &(&str, bool)| serde_json::json!({"path": format!("{ROOT}{path}"), "is_directory": is_directory, "file_size": 3});
    serde_json::json!({"contents": entries.iter().map(entry).collect::<Vec<_>>(), "next_page_token": token}).to_string()
}

fn wanted(path: &str) -> types::ListVolumeFilesRequest {
    types::ListVolumeFilesRequest { path: path.to_owned(), recursive: None, limit: None }
}

fn gone(path: &str, recursive: bool) -> types::DeleteVolumeFileRequest {
    types::DeleteVolumeFileRequest { path: format!("{ROOT}{path}"), recursive: Some(recursive) }
}

#[test]
fn all_pages_of_all_folders_are_listed_in_order() {
    let script = Script::new()
        .on(&line("GET", "directories", ""), 200, &contents(&[("/z", false), ("/a b/", true)], Some("z")))
        .on(&format!("{}?page_token=z", line("GET", "directories", "")), 200, &contents(&[("/zz", false)], None))
        .on(&line("GET", "directories", "/a%20b"), 200, &contents(&[("/a b/1%", false)], None));
    let request = types::ListVolumeFilesRequest { recursive: Some(true), ..wanted("dbfs:/Volumes/c/s/v/") };
    let found = list(&script, request).unwrap();
    script.done();
    let names: Vec<_> =
        found.files.iter().map(|file| (file.path.strip_prefix(ROOT).unwrap(), file.name.as_str())).collect();
    assert_eq!(names, [("/a b", "a b"), ("/a b/1%", "1%"), ("/z", "z"), ("/zz", "zz")]);
    assert!(!found.more);
    let script =
        Script::new().on(&line("GET", "directories", ""), 200, &contents(&[("/a", false), ("/b", false)], Some("b")));
    let found = list(&script, types::ListVolumeFilesRequest { limit: Some(1), ..wanted(ROOT) }).unwrap();
    assert!(found.more && found.files.len() == 1 && found.text.contains("raise limit"), "{}", found.text);
}

#[test]
fn what_is_no_volume_is_asked_of_nobody() {
    for path in ["/Volumes", "/Volumes/c/s", "/Shared/x", "x", "/Volumes/c/../../Shared", ""] {
        assert_eq!(list(&Script::new(), wanted(path)).unwrap_err().kind, Kind::InvalidInput, "{path}");
    }
    let refused = r#"{"error_code":"PERMISSION_DENIED","message":"no READ VOLUME"}"#;
    let script = Script::new().on(&line("GET", "directories", ""), 403, refused);
    assert_eq!(list(&script, wanted(ROOT)).unwrap_err().kind, Kind::PermissionDenied);
}

#[test]
fn a_file_a_folder_and_nothing_are_told_apart() {
    let request = || types::VolumePathRequest { path: format!("{ROOT}/x") };
    let script = Script::new().on(&line("HEAD", "files", "/x"), 200, "");
    assert!(!info(&script, request()).unwrap().file.is_directory);
    let script =
        Script::new().on(&line("HEAD", "files", "/x"), 404, "").on(&line("HEAD", "directories", "/x"), 200, "");
    assert!(info(&script, request()).unwrap().file.is_directory);
    let script =
        Script::new().on(&line("HEAD", "files", "/x"), 404, "").on(&line("HEAD", "directories", "/x"), 404, "");
    let failure = info(&script, request()).unwrap_err();
    assert!(failure.kind == Kind::NotFound && failure.message.contains("list_volume_files"), "{failure:?}");
}

#[test]
fn folders_are_deleted_from_the_deepest_up() {
    let script = Script::new()
        .on(&line("HEAD", "files", "/d"), 404, "")
        .on(&line("HEAD", "directories", "/d"), 200, "")
        .on(&line("GET", "directories", "/d"), 200, &contents(&[("/d/f", false), ("/d/e", true)], None))
        .on(&line("GET", "directories", "/d/e"), 200, &contents(&[("/d/e/g", false)], None))
        .on(&line("DELETE", "files", "/d/e/g"), 204, "")
        .on(&line("DELETE", "files", "/d/f"), 404, "")
        .on(&line("DELETE", "directories", "/d/e"), 204, "")
        .on(&line("DELETE", "directories", "/d"), 204, "");
    let deleted = delete(&script, gone("/d", true)).unwrap();
    script.done();
    assert_eq!(
        (deleted.files_deleted, deleted.directories_deleted, deleted.complete),
        (2, 2, true),
        "{}",
        deleted.text
    );
}

#[test]
fn what_is_not_deleted_is_said() {
    let failure = delete(&Script::new(), gone("", true)).unwrap_err();
    assert_eq!(failure.kind, Kind::Denied);
    let folder =
        || Script::new().on(&line("HEAD", "files", "/d"), 404, "").on(&line("HEAD", "directories", "/d"), 200, "");
    let one = contents(&[("/d/f", false)], None);
    let failure = delete(&folder().on(&line("GET", "directories", "/d"), 200, &one), gone("/d", false)).unwrap_err();
    assert!(failure.message.contains("Set recursive"), "{failure:?}");
    let refused = r#"{"error_code":"PERMISSION_DENIED","message":"no WRITE VOLUME"}"#;
    let script = folder()
        .on(&line("GET", "directories", "/d"), 200, &one)
        .on(&line("DELETE", "files", "/d/f"), 403, refused)
        .on(&line("DELETE", "directories", "/d"), 400, "");
    let deleted = delete(&script, gone("/d", true)).unwrap();
    assert!(!deleted.complete && deleted.text.contains("no WRITE VOLUME"), "{}", deleted.text);
}

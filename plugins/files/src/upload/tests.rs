use std::fs;
use std::time::Duration;

use bricklayer_sdk::testing::Script;
use bricklayer_sdk::{CallContext, TransportError};

use super::*;

const IMPORT: &str = "POST /api/2.0/workspace/import";
const MKDIRS: &str = "POST /api/2.0/workspace/mkdirs";

/// A project with two files, one of them a notebook, and one that stays.
fn project() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("src/sub")).unwrap();
    fs::create_dir_all(folder.path().join("src/.git")).unwrap();
    fs::write(folder.path().join("src/note.py"), "# Databricks notebook source\nx").unwrap();
    fs::write(folder.path().join("src/sub/100%+#?é.txt"), "odd").unwrap();
    fs::write(folder.path().join("src/.git/config"), "no").unwrap();
    folder
}

fn script(folder: &tempfile::TempDir) -> Script {
    Script::new().project(folder.path())
}

fn one(local: &str, remote: &str, overwrite: Option<bool>) -> types::UploadFileRequest {
    types::UploadFileRequest { local_path: local.to_owned(), workspace_path: remote.to_owned(), overwrite }
}

fn all(overwrite: Option<bool>) -> types::UploadFolderRequest {
    types::UploadFolderRequest {
        local_folder: "src".to_owned(),
        workspace_folder: Some("/Workspace/Shared/p".to_owned()),
        overwrite,
        exclude: None,
    }
}

/// A field of the form that was sent.
fn field(body: &[u8], name: &str) -> String {
    let text = String::from_utf8_lossy(body).into_owned();
    let rest = text.split_once(&format!("name=\"{name}\"")).and_then(|(_, rest)| rest.split_once("\r\n\r\n"));
    rest.and_then(|(_, rest)| rest.split_once("\r\n----")).map(|(value, _)| value.to_owned()).unwrap_or_default()
}

fn states(report: &types::TransferReport) -> Vec<(String, types::TransferState)> {
    let mut states: Vec<_> = report.transfers.iter().map(|t| (t.remote_path.clone(), t.state)).collect();
    states.sort_by(|a, b| a.0.cmp(&b.0));
    states
}

#[test]
fn one_file_goes_up_as_it_is_named() {
    let folder = project();
    for (local, remote, sent, lands) in [
        ("src/note.py", "/Shared/p/note.py", "/Shared/p/note.py", "/Shared/p/note"),
        ("src/note.py", "/Workspace/Shared/p/", "/Shared/p/note.py", "/Shared/p/note"),
        ("/project/src/sub/100%+#?é.txt", "/Shared/p/100%+#?é.txt", "/Shared/p/100%+#?é.txt", "/Shared/p/100%+#?é.txt"),
        ("src/note.py", "/Users/x/../me@x.io", "/Users/me@x.io/note.py", "/Users/me@x.io/note"),
    ] {
        let mut script = script(&folder);
        // A home is there; every other folder is made.
        if lands.starts_with("/Shared") {
            script = script.on(MKDIRS, 200, "{}");
        }
        let script = script.on(IMPORT, 200, "{}");
        let report = file(&script, one(local, remote, None)).unwrap();
        script.done();
        let body = script.uploaded().remove(0).1;
        assert_eq!(
            (field(&body, "path"), field(&body, "format"), field(&body, "overwrite")),
            (sent.to_owned(), "AUTO".to_owned(), "false".to_owned())
        );
        assert_eq!((report.transfers[0].remote_path.as_str(), report.complete), (lands, true));
        let content = fs::read_to_string(folder.path().join(local.trim_start_matches("/project/"))).unwrap();
        assert_eq!(field(&body, "content"), content);
    }
}

#[test]
fn a_large_file_goes_as_it_is() {
    let folder = project();
    let large = fs::File::create(folder.path().join("large 1%.bin")).unwrap();
    large.set_len(MAX_IMPORT_BYTES + 1).unwrap();
    let script = script(&folder).on(MKDIRS, 200, "{}").on(
        "POST /api/2.0/workspace-files/import-file/Shared/p/large%201%25.bin?overwrite=true",
        200,
        "{}",
    );
    let report = file(&script, one("large 1%.bin", "/Shared/p/", Some(true))).unwrap();
    assert_eq!((report.bytes, script.uploaded()[0].1.len() as u64), (MAX_IMPORT_BYTES + 1, MAX_IMPORT_BYTES + 1));
    large.set_len(MAX_FILE_BYTES + 1).unwrap();
    let failure =
        file(&Script::new().project(folder.path()).on(MKDIRS, 200, "{}"), one("large 1%.bin", "/Shared/p/", None));
    let failure = failure.unwrap_err();
    assert!(failure.kind == Kind::LimitExceeded && failure.message.contains("upload_to_volume"), "{failure:?}");
}

#[test]
fn what_is_wrong_with_one_file_is_said() {
    let folder = project();
    let exists = r#"{"error_code":"RESOURCE_ALREADY_EXISTS","message":"FILE at /Shared/p/a already exists."}"#;
    let mismatch =
        r#"{"error_code":"INVALID_PARAMETER_VALUE","message":"type mismatch (asked: FILE, actual: NOTEBOOK)"}"#;
    let made = || script(&folder).on(MKDIRS, 200, "{}");
    for (script, request, kind, says) in [
        (script(&folder), one("../x", "/Shared/p/a", None), Kind::InvalidInput, "local_path"),
        (script(&folder), one("src/note.py", "Shared", None), Kind::InvalidInput, "workspace_path"),
        (script(&folder), one("nosuch", "/Shared/p/a", None), Kind::NotFound, "nosuch"),
        (script(&folder), one("src", "/Shared/p/a", None), Kind::InvalidInput, "upload_folder"),
        (
            script(&folder).on(MKDIRS, 403, ""),
            one("src/note.py", "/Shared/p/a", None),
            Kind::PermissionDenied,
            "making the folder",
        ),
        (made().on(IMPORT, 409, exists), one("src/note.py", "/Shared/p/a", None), Kind::Failed, "Set overwrite"),
        (
            made().on(IMPORT, 400, mismatch),
            one("src/note.py", "/Shared/p/a", Some(true)),
            Kind::InvalidInput,
            "delete_workspace_object",
        ),
        (
            made().fail(IMPORT, TransportError::Broken("cut".to_owned())),
            one("src/note.py", "/Shared/p/a", None),
            Kind::Upstream,
            "cut",
        ),
    ] {
        let failure = file(&script, request).unwrap_err();
        script.done();
        assert!(failure.kind == kind && failure.message.contains(says), "{failure:?}");
    }
}

#[test]
fn a_folder_goes_up_and_a_second_time_moves_only_what_is_new() {
    let folder = project();
    let list = |folder: &str| format!("GET /api/2.0/workspace/list?path={folder}");
    let there = |note: u64| {
        format!(
            r#"{{"objects":[{{"path":"/Shared/p/note","object_type":"NOTEBOOK","language":"PYTHON","modified_at":{note}}},
                {{"path":"/Shared/p/sub","object_type":"DIRECTORY"}}]}}"#
        )
    };
    let below = r#"{"objects":[{"path":"/Shared/p/sub/100%+#?é.txt","object_type":"FILE","size":3,"modified_at":7}]}"#;
    let listed = |script: Script, note| {
        script.on(&list("%2FShared%2Fp"), 200, &there(note)).on(&list("%2FShared%2Fp%2Fsub"), 200, below)
    };
    let first = listed(script(&folder).on(MKDIRS, 200, "{}").on(IMPORT, 200, "{}").on(IMPORT, 200, "{}"), 5);
    let report = super::folder(&first, all(None)).unwrap();
    first.done();
    assert_eq!((report.done, report.complete, report.total), (2, true, 2), "{}", report.text);
    let kept = first.state_keys().into_iter().map(|key| (first.state_get(&key).unwrap(), key)).collect::<Vec<_>>();
    let again =
        |note: u64| kept.iter().fold(listed(script(&folder), note), |script, (value, key)| script.state(key, value));

    // Nothing is new.
    let second = again(5);
    let report = super::folder(&second, all(None)).unwrap();
    second.done();
    assert_eq!((report.unchanged, report.done, report.complete), (2, 0, true), "{}", report.text);

    // What was changed here replaces what came from here, unasked.
    fs::write(folder.path().join("src/note.py"), "# Databricks notebook source\nlonger").unwrap();
    let third = listed(again(5).on(MKDIRS, 200, "{}").on(IMPORT, 200, "{}"), 6);
    let report = super::folder(&third, all(None)).unwrap();
    assert_eq!((report.unchanged, report.done), (1, 1), "{}", report.text);
    assert_eq!(field(&third.uploaded()[0].1, "overwrite"), "true");

    // What somebody else changed there does not.
    let exists = r#"{"error_code":"RESOURCE_ALREADY_EXISTS","message":"NOTEBOOK at /Shared/p/note already exists."}"#;
    let fourth = listed(again(99).on(MKDIRS, 200, "{}").on(IMPORT, 400, exists), 99);
    let report = super::folder(&fourth, all(None)).unwrap();
    assert_eq!((report.unchanged, report.failed, report.complete), (1, 1, false), "{}", report.text);
    assert_eq!(field(&fourth.uploaded()[0].1, "overwrite"), "false");
    assert!(report.text.contains("Set overwrite"), "{}", report.text);
}

#[test]
fn one_that_fails_does_not_stop_the_others() {
    let folder = project();
    fs::write(folder.path().join("src/note.sql"), "-- Databricks notebook source").unwrap();
    fs::write(folder.path().join("src/z.txt"), "z").unwrap();
    let refused = r#"{"error_code":"PERMISSION_DENIED","message":"no"}"#;
    let script = script(&folder)
        .on(MKDIRS, 200, "{}")
        .on(IMPORT, 403, refused)
        .on(IMPORT, 429, "")
        .on(IMPORT, 200, "{}")
        .on(IMPORT, 200, "{}")
        .always("GET /api/2.0/workspace/list?path=%2FShared%2Fp", 200, "{}");
    let report = super::folder(&script, all(None)).unwrap();
    script.done();
    let done = types::TransferState::Done;
    let failed = types::TransferState::Failed;
    assert_eq!(
        states(&report),
        [
            ("/Shared/p/note".to_owned(), failed),
            ("/Shared/p/note".to_owned(), failed),
            ("/Shared/p/sub/100%+#?é.txt".to_owned(), done),
            ("/Shared/p/z.txt".to_owned(), done),
        ]
    );
    assert!(
        report.text.contains("becomes /Shared/p/note as well") && report.text.contains("PERMISSION_DENIED"),
        "{}",
        report.text
    );
    assert_eq!(script.sleeps().len(), 1);
}

#[test]
fn what_the_time_does_not_reach_is_gone_on_with() {
    let folder = project();
    let context = CallContext { time_left: Duration::from_secs(20), ..CallContext::default() };
    let slow = script(&folder).context(context).on(MKDIRS, 200, "{}").slow(IMPORT, Duration::from_secs(16), 200, "{}");
    let report = super::folder(&slow, all(None)).unwrap();
    slow.done();
    assert_eq!((report.done, report.not_tried, report.complete), (1, 1, false));
    assert!(report.text.contains("Call again with the same arguments"), "{}", report.text);
    let kept: Vec<_> = slow.state_keys().into_iter().map(|key| (slow.state_get(&key).unwrap(), key)).collect();
    let next = kept.iter().fold(script(&folder), |script, (value, key)| script.state(key, value));
    let there =
        r#"{"objects":[{"path":"/Shared/p/note","object_type":"NOTEBOOK","language":"PYTHON","modified_at":5}]}"#;
    let list = "GET /api/2.0/workspace/list?path=%2FShared%2Fp";
    let next = next.on(list, 200, there).on(MKDIRS, 200, "{}").on(IMPORT, 200, "{}").on(list, 200, there);
    let report = super::folder(&next, all(None)).unwrap();
    next.done();
    assert_eq!((report.done, report.unchanged, report.complete), (1, 1, true), "{}", report.text);
}

#[test]
fn a_folder_that_cannot_be_made_fails_its_files_alone() {
    let folder = project();
    fs::create_dir_all(folder.path().join("src/other")).unwrap();
    fs::write(folder.path().join("src/other/x"), "x").unwrap();
    fs::remove_file(folder.path().join("src/note.py")).unwrap();
    let exists =
        r#"{"error_code":"RESOURCE_ALREADY_EXISTS","message":"/Shared/p/other already exists and is not a folder."}"#;
    let script = script(&folder).on(MKDIRS, 400, exists).on(MKDIRS, 200, "{}").on(IMPORT, 200, "{}").always(
        "GET /api/2.0/workspace/list?path=%2FShared%2Fp",
        200,
        "{}",
    );
    let report = super::folder(&script, all(None)).unwrap();
    assert_eq!((report.done, report.failed), (1, 1), "{}", report.text);
}

#[test]
fn without_a_place_it_goes_to_the_users_home() {
    let folder = project();
    let context = |workspace_folder: Option<&str>| CallContext {
        user: Some("me@x.io".to_owned()),
        workspace_folder: workspace_folder.map(str::to_owned),
        time_left: Duration::from_secs(100),
        ..CallContext::default()
    };
    for (given, place) in [(None, "/Users/me@x.io/src"), (Some("/Workspace/Shared/team"), "/Shared/team/src")] {
        let script = script(&folder).context(context(given)).on(MKDIRS, 403, "").on(IMPORT, 404, "");
        let request = types::UploadFolderRequest { workspace_folder: None, ..all(None) };
        let report = super::folder(&script, request).unwrap();
        assert!(states(&report).iter().all(|(path, _)| path.starts_with(place)), "{report:?}");
    }
}

#[test]
fn each_whole_project_has_a_folder_of_its_own() {
    let one = "01a23475-0f2c-70a7-9644-fa93ee7ce0c8";
    for (project, folder) in [(one, "project-ee7ce0c8"), ("", "project"), ("é1234567", "project"), ("short", "project")]
    {
        assert_eq!(own_folder(project), folder, "{project}");
    }
}

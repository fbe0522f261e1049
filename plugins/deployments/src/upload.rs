//! upload_bundle.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use bricklayer_bundle::{Bundle, Files, MemoryFiles, is_notebook, notebook_path};
use bricklayer_databricks::remote_path::{encode, is_protected, join, workspace_path};
use bricklayer_databricks::transfer::{Report, State, Transfer};
use bricklayer_databricks::{progress, side_by_side, tree};
use bricklayer_sdk::{Errand, Failure, Kind, Method, Part, Platform, Request, Upload};
use serde_json::json;

use crate::local;
use crate::opened::{self, Asked};
use crate::types;

/// Files that a call gives with their texts.
const MAX_GIVEN: usize = 500;

/// Bytes of their texts.
const MAX_GIVEN_BYTES: usize = 4 * 1024 * 1024;

/// Objects that are looked at to know what is there already.
const MAX_OBJECTS: usize = 20_000;

/// Files that a refusal names.
const MAX_TOLD: usize = 10;

/// A file and where it comes to lie, both from the bundle's folder in the workspace.
struct Item {
    inside: String,
    lands: String,
    content: Part,
}

/// Uploads a bundle's files.
///
/// # Errors
/// A bundle with errors, files that are there already, a folder that is no place for it. What becomes of single files is
/// in the answer.
pub(crate) fn upload(
    platform: &impl Platform,
    request: types::UploadBundleRequest,
) -> Result<types::UploadedBundle, Failure> {
    let asked = |path| Asked { path, target: request.target.clone(), variables: request.variables.clone() };
    let (bundle, items, me) = match &request.files {
        Some(files) => {
            if request.bundle_path.is_some() {
                return Err(Failure::invalid("files", "cannot be given together with bundle_path"));
            }
            let files = given(files)?;
            let opened = opened::good_of(platform, &files, asked(None))?;
            let items = memory_items(&opened.0, &files)?;
            (opened.0, items, opened.1)
        }
        None => {
            let opened = opened::good(platform, asked(request.bundle_path.clone()))?;
            let items = local::files(&opened.bundle, &opened.files)?.into_iter().map(|file| Item {
                lands: file.lands().to_owned(),
                content: Part::File { file: file.path, bytes: file.bytes },
                inside: file.inside,
            });
            let items = items.collect();
            (opened.bundle, items, opened.me)
        }
    };
    let folder = match &request.workspace_folder {
        Some(folder) => workspace_path("workspace_folder", folder)?,
        None => format!("{}/bundles/{}", me.home(), bundle.name),
    };
    if is_protected(&folder) {
        return Err(Failure::invalid("workspace_folder", format!("{folder} is no folder of the bundle's own")));
    }
    refuse_existing(platform, &folder, &items, request.overwrite == Some(true))?;
    make_folders(platform, &folder, &items)?;
    let transfers = send(platform, &folder, &items);
    Ok(told(&bundle, folder, Report { transfers, missing: Vec::new() }))
}

/// Files that a call gives, as the library of bundles sees files.
fn given(files: &[types::BundleFile]) -> Result<MemoryFiles, Failure> {
    let bytes: usize = files.iter().map(|file| file.content.len()).sum();
    if files.len() > MAX_GIVEN || bytes > MAX_GIVEN_BYTES {
        let message =
            format!("at most {MAX_GIVEN} files with {MAX_GIVEN_BYTES} bytes are taken; use a folder of the project");
        return Err(Failure::new(Kind::LimitExceeded, message));
    }
    let mut memory = MemoryFiles::default();
    let mut paths = BTreeSet::new();
    for file in files {
        let path = bricklayer_databricks::remote_path::project_path("files", &file.path)?;
        if path.is_empty() || !paths.insert(path.clone()) {
            return Err(Failure::invalid("files", format!("{:?} is no path, or is given twice", file.path)));
        }
        memory.insert(&path, file.content.as_bytes());
    }
    Ok(memory)
}

fn memory_items(bundle: &Bundle, files: &MemoryFiles) -> Result<Vec<Item>, Failure> {
    let invalid = |problem: String| Failure::new(Kind::InvalidInput, problem);
    let paths = bundle.sync.files(files).map_err(invalid)?;
    paths
        .into_iter()
        .map(|path| {
            let content = files.read(&path, MAX_GIVEN_BYTES).map_err(invalid)?.unwrap_or_default();
            let lands = if is_notebook(files, &path).map_err(invalid)? { notebook_path(&path) } else { &path };
            Ok(Item { lands: lands.to_owned(), content: Part::Bytes(content), inside: path })
        })
        .collect()
}

/// What is there is replaced only when the caller says so.
fn refuse_existing(platform: &impl Platform, folder: &str, items: &[Item], overwrite: bool) -> Result<(), Failure> {
    if overwrite {
        return Ok(());
    }
    let found = match tree::list(platform, folder, true, MAX_OBJECTS) {
        Ok(found) => found,
        Err(failure) if failure.kind == Kind::NotFound => return Ok(()),
        Err(failure) => return Err(failure),
    };
    let there: BTreeMap<&str, Option<u64>> =
        found.objects.iter().map(|object| (object.path.as_str(), object.modified_at)).collect();
    let taken: Vec<&str> = items
        .iter()
        .filter(|item| there.contains_key(join(folder, &item.lands).as_str()))
        .map(|item| item.inside.as_str())
        .collect();
    if taken.is_empty() {
        return Ok(());
    }
    let named: Vec<&str> = taken.iter().copied().take(MAX_TOLD).collect();
    let message =
        format!("{} files are in {folder} already, such as {}; nothing was uploaded", taken.len(), named.join(", "));
    Err(Failure::invalid("overwrite", message)
        .advise("Set overwrite to replace them, or name another workspace_folder."))
}

fn make_folders(platform: &impl Platform, folder: &str, items: &[Item]) -> Result<(), Failure> {
    let above = |item: &Item| item.inside.rsplit_once('/').map_or(folder.to_owned(), |(above, _)| join(folder, above));
    let folders: Vec<String> = items.iter().map(above).collect::<BTreeSet<_>>().into_iter().collect();
    let mut failed = None;
    let mkdirs = |at: usize| {
        let body = json!({"path": folders.get(at)}).to_string();
        Errand::Send(Request { method: Method::Post, path: "/api/2.0/workspace/mkdirs".to_owned(), body: Some(body) })
    };
    let left = side_by_side::each(platform, folders.len(), mkdirs, |_, answer| {
        failed = failed.take().or(answer.err());
    });
    match failed {
        Some(failure) => Err(failure.doing(format!("making folders in {folder}"))),
        None if left.is_empty() => Ok(()),
        None => Err(Failure::new(Kind::Timeout, "the call's time was over before the folders were made").retryable()),
    }
}

fn send(platform: &impl Platform, folder: &str, items: &[Item]) -> Vec<Transfer> {
    let transfer = |item: &Item, state: State| Transfer {
        local: item.inside.clone(),
        remote: join(folder, &item.lands),
        bytes: if state == State::Done { item.content.bytes() } else { 0 },
        state,
    };
    let errand = |at: usize| {
        let path = items.get(at).map(|item| join(folder, &item.inside)).unwrap_or_default();
        Errand::Upload(Upload {
            method: Method::Post,
            path: format!("/api/2.0/workspace-files/import-file{}?overwrite=true", encode(&path)),
            content_type: "application/octet-stream".to_owned(),
            body: items.get(at).map(|item| item.content.clone()).into_iter().collect(),
        })
    };
    let done = RefCell::new(Vec::new());
    let left = side_by_side::each(platform, items.len(), errand, |at, answer| {
        let Some(item) = items.get(at) else { return };
        let mut done = done.borrow_mut();
        done.push(transfer(item, answer.map_or_else(State::Failed, |_| State::Done)));
        progress::tell(platform, &format!("uploaded {}", item.inside), done.len(), items.len());
    });
    let mut transfers = done.into_inner();
    transfers.extend(left.iter().filter_map(|at| items.get(*at)).map(|item| transfer(item, State::NotTried)));
    transfers
}

fn told(bundle: &Bundle, folder: String, report: Report) -> types::UploadedBundle {
    let failed = |transfer: &Transfer| {
        let message = match &transfer.state {
            State::Failed(why) => why.message.clone(),
            State::NotTried => "the call's time was over".to_owned(),
            State::Done | State::Unchanged => return None,
        };
        Some(types::FailedFile { path: transfer.local.clone(), message })
    };
    types::UploadedBundle {
        text: report.text("Uploaded", &folder),
        name: bundle.name.clone(),
        workspace_folder: folder,
        complete: report.is_complete(),
        uploads: report.done(),
        failed: report.transfers.iter().filter_map(failed).collect(),
    }
}

#[cfg(test)]
mod tests {
    use bricklayer_sdk::testing::Script;

    use super::*;
    use crate::testing::{ANN, GONE, ME, project};

    const LIST: &str = "GET /api/2.0/workspace/list?path=%2FUsers%2Fann%40x.y%2Fbundles%2Fb";
    const MKDIRS: &str = "POST /api/2.0/workspace/mkdirs";

    fn asked() -> types::UploadBundleRequest {
        types::UploadBundleRequest {
            bundle_path: None,
            files: None,
            target: None,
            variables: None,
            workspace_folder: None,
            overwrite: None,
        }
    }

    fn put(path: &str) -> String {
        format!("POST /api/2.0/workspace-files/import-file/Users/ann%40x.y/bundles/b/{path}?overwrite=true")
    }

    fn file(path: &str, content: &str) -> types::BundleFile {
        types::BundleFile { path: path.to_owned(), content: content.to_owned() }
    }

    #[test]
    fn a_folder_is_uploaded_file_by_file() {
        let project = project();
        let script = Script::new()
            .project(project.path())
            .on(ME, 200, ANN)
            .on(LIST, 404, GONE)
            .on(MKDIRS, 200, "{}")
            .on(&put(".gitignore"), 200, "")
            .on(&put("databricks.yml"), 200, "")
            .on(&put("n.py"), 403, r#"{"error_code":"PERMISSION_DENIED","message":"no"}"#);
        let found = upload(&script, asked()).unwrap();
        script.done();
        assert_eq!((found.complete, found.uploads, found.failed.len()), (false, 2, 1));
        assert!(found.text.contains("Uploaded 2 of 3 files to /Users/ann@x.y/bundles/b"), "{}", found.text);
    }

    #[test]
    fn files_of_a_call_are_checked_and_uploaded() {
        let files = vec![file("databricks.yml", "bundle: {name: b}\n"), file("src/a.sql", "SELECT 1")];
        let script = Script::new()
            .on(ME, 200, ANN)
            .on(LIST, 200, "{}")
            .on(MKDIRS, 200, "{}")
            .on(MKDIRS, 200, "{}")
            .on(&put("databricks.yml"), 200, "")
            .on(&put("src/a.sql"), 200, "");
        let found = upload(&script, types::UploadBundleRequest { files: Some(files), ..asked() }).unwrap();
        script.done();
        assert!(found.complete);
        assert_eq!(script.uploaded()[1].1, b"SELECT 1");
    }

    #[test]
    fn what_is_wrong_or_there_already_is_not_uploaded() {
        let project = project();
        let listed = r#"{"objects":[{"path":"/Users/ann@x.y/bundles/b/n","object_type":"NOTEBOOK"}]}"#;
        let script = Script::new().project(project.path()).on(ME, 200, ANN).on(LIST, 200, listed);
        let failure = upload(&script, asked()).unwrap_err();
        assert!(failure.message.starts_with("overwrite: 1 files are in"), "{failure:?}");
        let yaml = |text: &str| Some(vec![file("databricks.yml", text)]);
        for (request, part) in [
            (
                types::UploadBundleRequest { files: yaml("bundle: {name: b}\nvariables: {x: {}}"), ..asked() },
                "has errors",
            ),
            (
                types::UploadBundleRequest {
                    files: yaml("bundle: {name: b}"),
                    workspace_folder: Some("/Shared".to_owned()),
                    ..asked()
                },
                "workspace_folder",
            ),
            (types::UploadBundleRequest { files: Some(vec![file("../a", "")]), ..asked() }, "files: "),
            (types::UploadBundleRequest { files: Some(vec![file("a.txt", "")]), ..asked() }, "no databricks.yml"),
            (types::UploadBundleRequest { files: yaml(""), bundle_path: Some("x".to_owned()), ..asked() }, "together"),
        ] {
            let failure = upload(&Script::new().on(ME, 200, ANN), request).unwrap_err();
            assert!(failure.message.contains(part), "{failure:?}");
        }
    }
}

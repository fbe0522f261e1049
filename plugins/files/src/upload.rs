//! upload_file and upload_folder.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use bricklayer_databricks::import::{self, Import};
use bricklayer_databricks::remote_path::{encode, is_protected, join, name, parent, project_path, workspace_path};
use bricklayer_databricks::transfer::{Report, State, Transfer};
use bricklayer_databricks::tree::{self, Object};
use bricklayer_databricks::{progress, side_by_side};
use bricklayer_sdk::{Errand, Failure, Kind, Method, Part, Platform, Request, Upload};

use self::memory::Memory;
use crate::local::{self, LocalFile};
use crate::{report, types};

mod memory;

/// Bytes that an import takes; what is larger goes as it is.
const MAX_IMPORT_BYTES: u64 = 10 * 1000 * 1000;

/// Bytes that the workspace takes of one file.
const MAX_FILE_BYTES: u64 = 500 * 1000 * 1000;

/// Objects that are looked at to know what is there already.
const MAX_OBJECTS: usize = 20_000;

/// A file and its place in the workspace.
struct Item {
    file: LocalFile,
    /// What is sent.
    remote: String,
    /// Where it comes to lie: notebooks lose their ending.
    lands: String,
    overwrite: bool,
}

/// Uploads one file.
///
/// # Errors
/// Arguments that are no paths, no such file, and what the workspace refuses.
pub(crate) fn file(
    platform: &impl Platform,
    request: types::UploadFileRequest,
) -> Result<types::TransferReport, Failure> {
    let project = platform.project();
    let file = local::file(&project, &project_path("local_path", &request.local_path)?)?;
    let target = workspace_path("workspace_path", &request.workspace_path)?;
    let is_folder = request.workspace_path.trim_end().ends_with('/') || is_protected(&target);
    let remote = if is_folder { join(&target, name(&file.path)) } else { target };
    let item = item(&project, file, remote, request.overwrite.unwrap_or(false));
    make_folders(platform, std::slice::from_ref(&item)).into_iter().next().map_or(Ok(()), |(_, why)| Err(why))?;
    let sent = check_size(&item.file).and_then(|()| side_by_side::one(platform, &errand(&item)));
    sent.map_err(|failure| advise(failure, &item))?;
    let to = item.lands.clone();
    Ok(report::of(Report { transfers: vec![transfer(&item, State::Done)], missing: vec![] }, "Uploaded", &to))
}

/// Uploads a folder's contents.
///
/// # Errors
/// Arguments that are no paths, and no such folder. What happens to a file is in the report.
pub(crate) fn folder(
    platform: &impl Platform,
    request: types::UploadFolderRequest,
) -> Result<types::TransferReport, Failure> {
    let project = platform.project();
    let local = project_path("local_folder", &request.local_folder)?;
    let remote = match &request.workspace_folder {
        Some(folder) => workspace_path("workspace_folder", folder)?,
        None if local.is_empty() => join(&home(platform)?, &own_folder(&platform.context().project)),
        None => join(&home(platform)?, name(&local)),
    };
    let walk = local::walk(&project, &local, &request.exclude.unwrap_or_default())?;
    let mut memory = Memory::load(platform, &format!("{local}>{remote}"));
    let there = if memory.is_empty() { BTreeMap::new() } else { objects(platform, &remote)? };

    let mut transfers = Vec::new();
    let (mut items, mut taken) = (Vec::new(), BTreeSet::new());
    for file in walk.files {
        let place = join(&remote, &file.inside);
        let mut item = item(&project, file, place, request.overwrite.unwrap_or(false));
        if !taken.insert(item.lands.clone()) {
            let why = format!("another file of this folder becomes {} as well; rename one", item.lands);
            transfers.push(transfer(&item, State::Failed(Failure::invalid("local_folder", why))));
        } else if let Err(failure) = check_size(&item.file) {
            transfers.push(transfer(&item, State::Failed(failure)));
        } else if let Some(object) = there.get(&item.lands)
            && memory.is_same(&item.file, object.modified_at)
        {
            transfers.push(transfer(&item, State::Unchanged));
        } else {
            let object = there.get(&item.lands);
            item.overwrite |= object.is_some_and(|object| memory.is_ours(&item.file, object.modified_at));
            items.push(item);
        }
    }
    let denied = make_folders(platform, &items);
    let (items, refused): (Vec<_>, Vec<_>) =
        items.into_iter().partition(|item| !denied.contains_key(parent(&item.lands)));
    transfers.extend(refused.iter().map(|item| {
        let failure = denied.get(parent(&item.lands)).cloned();
        transfer(item, failure.map_or(State::NotTried, State::Failed))
    }));

    let ended = RefCell::new((Vec::new(), &mut memory));
    let left = side_by_side::each(
        platform,
        items.len(),
        |at| items.get(at).map_or_else(nothing, errand),
        |at, answer| {
            let Some(item) = items.get(at) else { return };
            let (done, memory) = &mut *ended.borrow_mut();
            done.push(match answer {
                Ok(_) => {
                    memory.put(platform, &item.file, None);
                    transfer(item, State::Done)
                }
                Err(failure) => transfer(item, State::Failed(advise(failure, item))),
            });
            progress::tell(platform, &format!("uploaded {}", item.file.path), done.len(), items.len());
        },
    );
    transfers.extend(ended.into_inner().0);
    transfers.extend(left.iter().filter_map(|at| items.get(*at)).map(|item| transfer(item, State::NotTried)));
    // When the workspace changed them last is what tells later whether somebody else did.
    let has_new = transfers.iter().any(|transfer| transfer.state == State::Done);
    if left.is_empty() && has_new {
        let there = objects(platform, &remote).unwrap_or_default();
        for item in &items {
            if let Some(object) = there.get(&item.lands).filter(|_| memory.knows(&item.file)) {
                memory.put(platform, &item.file, object.modified_at);
            }
        }
    }
    memory.save(platform);
    Ok(report::of(Report { transfers, missing: walk.missing }, "Uploaded", &remote))
}

/// Where uploads go that name no place.
fn home(platform: &impl Platform) -> Result<String, Failure> {
    let context = platform.context();
    match (context.workspace_folder, context.user) {
        (Some(folder), _) if !folder.is_empty() => workspace_path("workspace_folder", &folder),
        (_, Some(user)) => workspace_path("workspace_folder", &format!("/Users/{user}")),
        _ => Err(Failure::invalid("workspace_folder", "the project has no workspace folder; name one")),
    }
}

/// The folder that a whole project gets: another one for each, since all of a user's go into one home. The end of the
/// id is what chance chose of it.
fn own_folder(project: &str) -> String {
    match project.len().checked_sub(8).and_then(|from| project.get(from..)) {
        Some(end) => format!("project-{end}"),
        None => "project".to_owned(),
    }
}

fn item(project: &Path, file: LocalFile, remote: String, overwrite: bool) -> Item {
    let notebook = file.bytes <= MAX_IMPORT_BYTES && local::is_notebook(project, &file);
    let lands = if notebook { local::without_ending(&remote).to_owned() } else { remote.clone() };
    Item { file, remote, lands, overwrite }
}

fn check_size(file: &LocalFile) -> Result<(), Failure> {
    if file.bytes <= MAX_FILE_BYTES {
        return Ok(());
    }
    let message = format!("{} has {} bytes; a workspace file has at most 500 MB", file.path, file.bytes);
    Err(Failure::new(Kind::LimitExceeded, message).advise("Put it into a volume with upload_to_volume."))
}

/// The request that puts a file in its place.
fn errand(item: &Item) -> Errand {
    let content = Part::File { file: item.file.path.clone(), bytes: item.file.bytes };
    if item.file.bytes > MAX_IMPORT_BYTES {
        return Errand::Upload(Upload {
            method: Method::Post,
            path: format!("/api/2.0/workspace-files/import-file{}?overwrite={}", encode(&item.remote), item.overwrite),
            content_type: "application/octet-stream".to_owned(),
            body: vec![content],
        });
    }
    let import = Import { path: &item.remote, format: "AUTO", language: None, overwrite: item.overwrite };
    import::errand(&import, content)
}

fn nothing() -> Errand {
    Errand::Send(Request { method: Method::Get, path: "/".to_owned(), body: None })
}

/// Makes the folders of items, the deepest ones: those above come with them. Which could not be made, and why.
fn make_folders(platform: &impl Platform, items: &[Item]) -> BTreeMap<String, Failure> {
    let all: BTreeSet<&str> = items.iter().map(|item| parent(&item.lands)).collect();
    let is_above =
        |folder: &str| all.range(folder..).any(|other| other.strip_prefix(folder).is_some_and(|r| r.starts_with('/')));
    let wanted: Vec<&str> = all.iter().copied().filter(|folder| !is_protected(folder) && !is_above(folder)).collect();
    let mkdirs = |at: usize| {
        let body = serde_json::json!({"path": wanted.get(at)}).to_string();
        Errand::Send(Request { method: Method::Post, path: "/api/2.0/workspace/mkdirs".to_owned(), body: Some(body) })
    };
    let mut denied = BTreeMap::new();
    side_by_side::each(platform, wanted.len(), mkdirs, |at, answer| {
        if let (Some(folder), Err(failure)) = (wanted.get(at), answer) {
            denied.insert((*folder).to_owned(), failure.doing(format!("making the folder {folder}")));
        }
    });
    denied
}

/// What is below a folder of the workspace; nothing when it is not there.
fn objects(platform: &impl Platform, folder: &str) -> Result<BTreeMap<String, Object>, Failure> {
    match tree::list(platform, folder, true, MAX_OBJECTS) {
        Ok(found) => Ok(found.objects.into_iter().map(|object| (object.path.clone(), object)).collect()),
        Err(failure) if failure.kind == Kind::NotFound => Ok(BTreeMap::new()),
        Err(failure) => Err(failure),
    }
}

fn transfer(item: &Item, state: State) -> Transfer {
    let bytes = if state == State::Done { item.file.bytes } else { 0 };
    Transfer { local: item.file.path.clone(), remote: item.lands.clone(), state, bytes }
}

fn advise(failure: Failure, item: &Item) -> Failure {
    let said = failure.message.to_lowercase();
    if said.contains("type mismatch") {
        let what =
            "Something of another type is there: delete it with delete_workspace_object first, or choose another path.";
        return failure.advise(what);
    }
    if !item.overwrite && said.contains("already exists") {
        return failure.advise("Set overwrite to replace it.");
    }
    failure
}

#[cfg(test)]
mod tests;

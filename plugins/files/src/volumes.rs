//! Folders of volumes: listing, looking, making, deleting.

use std::cell::RefCell;

use bricklayer_databricks::remote_path::{encode, name, workspace_path};
use bricklayer_databricks::side_by_side;
use bricklayer_sdk::{Cut, Errand, Failure, Kind, Method, Platform, Request, Response, Table, Workspace, encode_query};
use serde::Deserialize;

use crate::types;
use crate::workspace::limit;

/// Entries that are listed when nobody says, and at most.
const DEFAULT_LISTED: u32 = 500;
const MAX_LISTED: u32 = 10_000;

/// Folders that one call looks into, and deletes.
const MAX_FOLDERS: usize = 2_000;

/// Files that one call deletes.
const MAX_DELETED: usize = 5_000;

/// A file or folder of a volume.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Entry {
    pub(crate) path: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    pub(crate) is_directory: bool,
    pub(crate) file_size: Option<u64>,
    pub(crate) last_modified: Option<u64>,
}

/// What was found in a folder.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// In the order of paths.
    pub(crate) entries: Vec<Entry>,
    pub(crate) more: bool,
}

/// Lists a folder.
///
/// # Errors
/// An argument that is no such path, no such folder, and a workspace that cannot be asked.
pub(crate) fn list(
    platform: &impl Platform,
    request: types::ListVolumeFilesRequest,
) -> Result<types::VolumeFileList, Failure> {
    let path = volume_path("path", &request.path)?;
    let most = limit(request.limit, DEFAULT_LISTED, MAX_LISTED)?;
    let found = entries(platform, &path, request.recursive.unwrap_or(false), most)?;
    let row = |entry: &Entry| {
        let kind = if entry.is_directory { "folder" } else { "file" };
        vec![Some(entry.path.clone()), Some(kind.to_owned()), entry.file_size.map(|size| size.to_string())]
    };
    let rows: Vec<_> = found.entries.iter().map(row).collect();
    let table = Table::render(&["path", "type", "size"], &rows, Cut::default());
    let mut text = if rows.is_empty() { format!("{path} is empty.") } else { table.text };
    if table.shown < rows.len() {
        text.push_str(&format!("\n\nShowing {} of {} entries; list a folder below.", table.shown, rows.len()));
    }
    if found.more {
        text.push_str("\n\nThere are more entries than these; list a folder below, or raise limit.");
    }
    Ok(types::VolumeFileList { text, files: found.entries.into_iter().map(file).collect(), more: found.more })
}

/// Tells what a path is.
///
/// # Errors
/// An argument that is no such path, nothing there, and a workspace that cannot be asked.
pub(crate) fn info(
    platform: &impl Platform,
    request: types::VolumePathRequest,
) -> Result<types::VolumeFileInfo, Failure> {
    let entry = status(platform, &volume_path("path", &request.path)?)?;
    let text = match (entry.is_directory, entry.file_size) {
        (true, _) => format!("{} is a folder.", entry.path),
        (false, Some(size)) => format!("{} is a file of {size} bytes.", entry.path),
        (false, None) => format!("{} is a file.", entry.path),
    };
    Ok(types::VolumeFileInfo { text, file: file(entry) })
}

/// Makes a folder.
///
/// # Errors
/// An argument that is no such path, a file in the way, and what the workspace refuses.
pub(crate) fn make_folder(
    platform: &impl Platform,
    request: types::VolumePathRequest,
) -> Result<types::ChangeResult, Failure> {
    let path = volume_path("path", &request.path)?;
    side_by_side::one(platform, &ask(Method::Put, "directories", &path))?;
    Ok(types::ChangeResult { text: format!("The folder {path} is there."), path })
}

/// Deletes a file or folder.
///
/// # Errors
/// An argument that is no such path, nothing there, a folder that is not empty, and what the workspace refuses.
pub(crate) fn delete(
    platform: &impl Platform,
    request: types::DeleteVolumeFileRequest,
) -> Result<types::Deletion, Failure> {
    let path = volume_path("path", &request.path)?;
    if path.split('/').count() <= 5 {
        let message = format!("{path} is the whole volume; delete what is in it, or the volume itself");
        return Err(Failure::new(Kind::Denied, message));
    }
    let found = status(platform, &path)?;
    if !found.is_directory {
        side_by_side::one(platform, &ask(Method::Delete, "files", &path))?;
        let text = format!("The file {path} is deleted.");
        return Ok(types::Deletion { text, path, complete: true, files_deleted: 1, directories_deleted: 0 });
    }
    let inside = entries(platform, &path, request.recursive.unwrap_or(false), MAX_DELETED)?;
    if !request.recursive.unwrap_or(false) && !inside.entries.is_empty() {
        let message = format!("DIRECTORY_NOT_EMPTY: {path} has {} entries", inside.entries.len());
        return Err(
            Failure::new(Kind::InvalidInput, message).advise("Set recursive to delete it with all that is in it.")
        );
    }
    let (mut folders, files): (Vec<_>, Vec<_>) = inside.entries.iter().partition(|entry| entry.is_directory);
    let mut failed = Vec::new();
    let files_deleted = delete_all(platform, "files", &files, &mut failed);
    // The deepest first: a folder has to be empty.
    folders.sort_by_key(|entry| std::cmp::Reverse(entry.path.matches('/').count()));
    let own =
        Entry { path: path.clone(), name: String::new(), is_directory: true, file_size: None, last_modified: None };
    let mut directories_deleted = 0;
    if !inside.more {
        let depth = |entry: &Entry| entry.path.matches('/').count();
        folders.push(&own);
        for level in folders.chunk_by(|a, b| depth(a) == depth(b)) {
            directories_deleted += delete_all(platform, "directories", level, &mut failed);
        }
    }
    let complete = failed.is_empty() && !inside.more && directories_deleted as usize == folders.len();
    let mut text = format!("Deleted {files_deleted} files and {directories_deleted} folders of {path}.");
    for why in failed.iter().take(10) {
        text.push_str(&format!("\n- {why}"));
    }
    if !complete {
        text.push_str("\nNot all of it is gone; call again to go on.");
    }
    Ok(types::Deletion { text, path, complete, files_deleted, directories_deleted })
}

fn delete_all(platform: &impl Platform, kind: &str, entries: &[&Entry], failed: &mut Vec<String>) -> u32 {
    let mut deleted = 0;
    let errand = |at: usize| ask(Method::Delete, kind, entries.get(at).map_or("", |entry| &entry.path));
    side_by_side::each(platform, entries.len(), errand, |at, answer| match answer {
        Ok(_) => deleted += 1,
        // Somebody else was faster.
        Err(failure) if failure.kind == Kind::NotFound => deleted += 1,
        Err(failure) => {
            failed.push(format!("{}: {}", entries.get(at).map_or("", |entry| &entry.path), failure.message))
        }
    });
    deleted
}

/// A file, or else a folder.
///
/// # Errors
/// Neither of them is there, and a workspace that cannot be asked.
pub(crate) fn status(platform: &impl Platform, path: &str) -> Result<Entry, Failure> {
    let entry = |is_directory, file_size| Entry {
        path: path.to_owned(),
        name: name(path).to_owned(),
        is_directory,
        file_size,
        last_modified: None,
    };
    match side_by_side::one(platform, &ask(Method::Head, "files", path)) {
        Ok(answer) => Ok(entry(false, answer.header("content-length").and_then(|length| length.parse().ok()))),
        Err(failure) if failure.kind == Kind::NotFound => {
            match side_by_side::one(platform, &ask(Method::Head, "directories", path)) {
                Ok(_) => Ok(entry(true, None)),
                // The answer to HEAD has no words.
                Err(failure) if failure.kind == Kind::NotFound => {
                    let message = format!("there is no file or folder at {path}");
                    let advice = "List the folder above with list_volume_files, or check the volume's name.";
                    Err(Failure::new(Kind::NotFound, message).advise(advice))
                }
                Err(failure) => Err(failure),
            }
        }
        Err(failure) => Err(failure),
    }
}

/// What is in a folder, or anywhere below it.
///
/// # Errors
/// A folder that cannot be listed.
pub(crate) fn entries(platform: &impl Platform, root: &str, recursive: bool, most: usize) -> Result<Found, Failure> {
    let (mut found, mut level, mut looked) = (Found::default(), vec![root.to_owned()], 0);
    while !level.is_empty() {
        looked += level.len();
        let pages = RefCell::new(Vec::new());
        let errand = |at: usize| ask(Method::Get, "directories", level.get(at).map_or("", String::as_str));
        let left = side_by_side::each(platform, level.len(), errand, |at, answer| {
            pages.borrow_mut().push((at, answer));
        });
        found.more |= !left.is_empty();
        let mut below = Vec::new();
        for (at, answer) in pages.into_inner() {
            let folder = level.get(at).map_or("", String::as_str);
            let mut page = parse(&answer?)?;
            loop {
                let folders = page.contents.iter().filter(|entry| entry.is_directory);
                below.extend(folders.map(|entry| entry.path.trim_end_matches('/').to_owned()));
                found.entries.append(&mut page.contents);
                match page.next_page_token.filter(|token| !token.is_empty()) {
                    Some(token) if found.entries.len() <= most => page = next(platform, folder, &token)?,
                    rest => {
                        found.more |= rest.is_some();
                        break;
                    }
                }
            }
        }
        if !recursive || found.entries.len() > most {
            break;
        }
        if looked + below.len() > MAX_FOLDERS {
            found.more = true;
            break;
        }
        level = below;
    }
    found.more |= found.entries.len() > most;
    for entry in &mut found.entries {
        entry.path.truncate(entry.path.trim_end_matches('/').len());
    }
    found.entries.sort_by(|a, b| a.path.cmp(&b.path));
    found.entries.truncate(most);
    Ok(found)
}

#[derive(Deserialize)]
struct Page {
    #[serde(default)]
    contents: Vec<Entry>,
    next_page_token: Option<String>,
}

fn next(platform: &impl Platform, folder: &str, token: &str) -> Result<Page, Failure> {
    let path = encode_query(&format!("/api/2.0/fs/directories{}", encode(folder)), &[("page_token", token)]);
    Workspace::new(platform).send(&Request { method: Method::Get, path, body: None })
}

fn parse(answer: &Response) -> Result<Page, Failure> {
    serde_json::from_slice(&answer.body)
        .map_err(|e| Failure::new(Kind::Upstream, format!("the workspace's answer has an unknown shape: {e}")))
}

fn ask(method: Method, kind: &str, path: &str) -> Errand {
    Errand::Send(Request { method, path: format!("/api/2.0/fs/{kind}{}", encode(path)), body: None })
}

/// Reads `/Volumes/catalog/schema/volume/…` in its normal form.
///
/// # Errors
/// `field` says which argument is no such path.
pub(crate) fn volume_path(field: &str, text: &str) -> Result<String, Failure> {
    let text = text.trim();
    let path = workspace_path(field, text.strip_prefix("dbfs:").unwrap_or(text))?;
    let parts: Vec<_> = path.split('/').skip(1).collect();
    match parts.as_slice() {
        ["Volumes", _, _, _, ..] => Ok(path),
        _ => Err(Failure::invalid(
            field,
            format!("{text:?} is no path in a volume; write /Volumes/<catalog>/<schema>/<volume>/…"),
        )),
    }
}

fn file(entry: Entry) -> types::VolumeFile {
    let name = if entry.name.is_empty() { name(&entry.path).to_owned() } else { entry.name };
    types::VolumeFile {
        path: entry.path,
        name,
        is_directory: entry.is_directory,
        file_size: entry.file_size,
        last_modified: entry.last_modified,
    }
}

#[cfg(test)]
mod tests;

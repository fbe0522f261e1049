//! DBFS.

use std::fs;
use std::io::{Read as _, Write as _};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bricklayer_databricks::remote_path::{join, name, project_path, workspace_path};
use bricklayer_databricks::transfer::{Report, State, Transfer};
use bricklayer_databricks::{progress, side_by_side};
use bricklayer_sdk::{Cut, Deadline, Errand, Failure, Kind, Method, Platform, Request, Table, Workspace};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::download::place;
use crate::{local, report, types};

/// Bytes of a block, as the API has it.
const BLOCK_BYTES: usize = 1024 * 1024;

/// Bytes that are shown when nobody says, and at most.
const DEFAULT_READ_BYTES: u32 = 32 * 1024;
const MAX_READ_BYTES: u32 = 64 * 1024;

/// Files that are listed.
const MAX_LISTED: usize = 1_000;

#[derive(Debug, Deserialize)]
struct Info {
    path: String,
    #[serde(default)]
    is_dir: bool,
    #[serde(default)]
    file_size: u64,
    modification_time: Option<u64>,
}

#[derive(Debug, Deserialize)]
struct Listed {
    #[serde(default)]
    files: Vec<Info>,
}

#[derive(Debug, Deserialize)]
struct Block {
    #[serde(default)]
    bytes_read: usize,
    #[serde(default)]
    data: String,
}

#[derive(Debug, Deserialize)]
struct Created {
    handle: u64,
}

/// Lists a folder.
///
/// # Errors
/// An argument that is no path, no such folder, and a workspace that cannot be asked.
pub(crate) fn list(platform: &impl Platform, request: types::DbfsPathRequest) -> Result<types::DbfsFileList, Failure> {
    let path = dbfs_path("path", &request.path)?;
    let mut found: Listed = Workspace::new(platform).get("/api/2.0/dbfs/list", &[("path", &path)])?;
    found.files.sort_by(|a, b| a.path.cmp(&b.path));
    let more = found.files.len() > MAX_LISTED;
    found.files.truncate(MAX_LISTED);
    let row = |info: &Info| {
        let kind = if info.is_dir { "folder" } else { "file" };
        vec![Some(info.path.clone()), Some(kind.to_owned()), (!info.is_dir).then(|| info.file_size.to_string())]
    };
    let rows: Vec<_> = found.files.iter().map(row).collect();
    let table = Table::render(&["path", "type", "size"], &rows, Cut::default());
    let mut text = if rows.is_empty() { format!("{path} is empty.") } else { table.text };
    if more || table.shown < rows.len() {
        text.push_str(&format!("\n\nShowing {} entries; there are more. List a folder below.", table.shown));
    }
    let files = found.files.into_iter().map(|info| types::DbfsFile {
        path: info.path,
        is_dir: info.is_dir,
        file_size: info.file_size,
        modification_time: info.modification_time,
    });
    Ok(types::DbfsFileList { text, files: files.collect(), more })
}

/// Reads part of a file.
///
/// # Errors
/// Arguments out of their bounds, no such file, and a workspace that cannot be asked.
pub(crate) fn read(
    platform: &impl Platform,
    request: types::ReadDbfsFileRequest,
) -> Result<types::DbfsContent, Failure> {
    let path = dbfs_path("path", &request.path)?;
    let length = request.length.unwrap_or(DEFAULT_READ_BYTES);
    if length == 0 || length > MAX_READ_BYTES {
        return Err(Failure::invalid(
            "length",
            format!("must be 1 to {MAX_READ_BYTES}; download_from_dbfs takes whole files"),
        ));
    }
    let info = status(platform, &path)?;
    let offset = request.offset.unwrap_or(0);
    let bytes = block(platform, &path, offset, length as usize)?;
    let bytes_read = bytes.len() as u32;
    let more = offset.saturating_add(bytes.len() as u64) < info.file_size;
    // Half a character at the end is left for the next part.
    let (text, encoding) = match std::str::from_utf8(&bytes) {
        Ok(text) => (text.to_owned(), "utf-8"),
        Err(e) if e.error_len().is_none() && more && e.valid_up_to() > 0 => {
            let text = String::from_utf8_lossy(bytes.get(..e.valid_up_to()).unwrap_or_default()).into_owned();
            let bytes_read = text.len() as u32;
            return Ok(types::DbfsContent {
                text,
                encoding: "utf-8".to_owned(),
                bytes_read,
                file_size: info.file_size,
                more,
            });
        }
        Err(_) => (BASE64_STANDARD.encode(&bytes), "base64"),
    };
    Ok(types::DbfsContent { text, encoding: encoding.to_owned(), bytes_read, file_size: info.file_size, more })
}

/// Uploads a file by blocks.
///
/// # Errors
/// Arguments that are no paths, no such file, one there already, and what the workspace refuses.
pub(crate) fn upload(
    platform: &impl Platform,
    request: types::UploadToDbfsRequest,
) -> Result<types::TransferReport, Failure> {
    let project = platform.project();
    let file = local::file(&project, &project_path("local_path", &request.local_path)?)?;
    let target = dbfs_path("dbfs_path", &request.dbfs_path)?;
    let is_folder = request.dbfs_path.trim_end().ends_with('/') || target == "/";
    let remote = if is_folder { join(&target, name(&file.path)) } else { target };
    let mut source = fs::File::open(project.join(&file.path)).map_err(|e| unreadable(&file.path, &e))?;
    let body = json!({"path": remote, "overwrite": request.overwrite.unwrap_or(false)});
    let created = post::<Created>(platform, "create", &body).map_err(|failure| match failure.code.as_deref() {
        Some("RESOURCE_ALREADY_EXISTS") => failure.advise("Set overwrite to replace it."),
        _ => failure,
    })?;
    let deadline = side_by_side::deadline(platform);
    let blocks = file.bytes.div_ceil(BLOCK_BYTES as u64) as usize;
    let (mut bytes, mut sent) = (vec![0; BLOCK_BYTES], 0);
    loop {
        let filled = fill(&mut source, &mut bytes).map_err(|e| unreadable(&file.path, &e))?;
        if filled == 0 {
            break;
        }
        in_time(platform, deadline, &remote)?;
        let data = BASE64_STANDARD.encode(bytes.get(..filled).unwrap_or_default());
        post::<Value>(platform, "add-block", &json!({"handle": created.handle, "data": data}))?;
        sent += 1;
        progress::tell(platform, &format!("sent {sent} of {blocks} MiB of {}", file.path), sent, blocks.max(sent));
    }
    post::<Value>(platform, "close", &json!({"handle": created.handle}))?;
    let transfer = Transfer { local: file.path, remote: remote.clone(), state: State::Done, bytes: file.bytes };
    Ok(report::of(Report { transfers: vec![transfer], missing: vec![] }, "Uploaded", &remote))
}

/// Downloads a file by blocks.
///
/// # Errors
/// Arguments that are no paths, no such file, one in the project already, and what the workspace refuses.
pub(crate) fn download(
    platform: &impl Platform,
    request: types::DownloadFromDbfsRequest,
) -> Result<types::TransferReport, Failure> {
    let path = dbfs_path("dbfs_path", &request.dbfs_path)?;
    let info = status(platform, &path)?;
    if info.is_dir {
        return Err(Failure::invalid("dbfs_path", format!("{path} is a folder; list it and download its files")));
    }
    let local = place(request.local_path.as_deref(), name(&path))?;
    let (project, arriving) = (platform.project(), format!("{local}.part"));
    if project.join(&local).exists() && !request.overwrite.unwrap_or(false) {
        let message = format!("{local} is there already in the project");
        return Err(Failure::new(Kind::Failed, message).advise("Set overwrite to replace it."));
    }
    let failed = |e: std::io::Error| Failure::new(Kind::Failed, format!("{local} cannot be written: {e}"));
    if let Some(folder) = project.join(&local).parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    let mut file = fs::File::create(project.join(&arriving)).map_err(failed)?;
    let deadline = side_by_side::deadline(platform);
    let mut offset = 0;
    let whole = loop {
        let bytes = in_time(platform, deadline, &path).and_then(|()| block(platform, &path, offset, BLOCK_BYTES));
        let bytes = match bytes {
            Ok(bytes) if bytes.is_empty() => break Ok(()),
            Ok(bytes) => bytes,
            Err(failure) => break Err(failure),
        };
        if let Err(e) = file.write_all(&bytes) {
            break Err(failed(e));
        }
        offset += bytes.len() as u64;
        let (done, total) = (offset.div_ceil(BLOCK_BYTES as u64), info.file_size.div_ceil(BLOCK_BYTES as u64));
        progress::tell(
            platform,
            &format!("got {done} of {total} MiB of {path}"),
            done as usize,
            total.max(done) as usize,
        );
        if offset >= info.file_size {
            break Ok(());
        }
    };
    drop(file);
    if let Err(failure) = whole {
        let _ = fs::remove_file(project.join(&arriving));
        return Err(failure);
    }
    fs::rename(project.join(&arriving), project.join(&local)).map_err(failed)?;
    let transfer = Transfer { local: local.clone(), remote: path, state: State::Done, bytes: offset };
    Ok(report::of(Report { transfers: vec![transfer], missing: vec![] }, "Downloaded", &local))
}

/// Deletes a file or folder.
///
/// # Errors
/// The root, nothing there, a folder that is not empty, and what the workspace refuses.
pub(crate) fn delete(
    platform: &impl Platform,
    request: types::DeleteDbfsFileRequest,
) -> Result<types::ChangeResult, Failure> {
    let path = dbfs_path("path", &request.path)?;
    if path == "/" {
        return Err(Failure::new(Kind::Denied, "the root of DBFS is not deleted"));
    }
    let body = json!({"path": path, "recursive": request.recursive.unwrap_or(false)});
    post::<Value>(platform, "delete", &body).map_err(|failure| match failure.code.as_deref() {
        Some("IO_ERROR" | "BAD_REQUEST") => failure.advise("Set recursive to delete it with all that is in it."),
        _ => failure,
    })?;
    Ok(types::ChangeResult { text: format!("{path} is deleted."), path })
}

/// Makes a folder.
///
/// # Errors
/// An argument that is no path, a file in the way, and what the workspace refuses.
pub(crate) fn make_folder(
    platform: &impl Platform,
    request: types::DbfsPathRequest,
) -> Result<types::ChangeResult, Failure> {
    let path = dbfs_path("path", &request.path)?;
    post::<Value>(platform, "mkdirs", &json!({"path": path}))?;
    Ok(types::ChangeResult { text: format!("The folder {path} is there."), path })
}

/// Moves a file or folder.
///
/// # Errors
/// Arguments that are no paths, nothing at the one, something at the other, and what the workspace refuses.
pub(crate) fn rename(
    platform: &impl Platform,
    request: types::MoveDbfsFileRequest,
) -> Result<types::ChangeResult, Failure> {
    let from = dbfs_path("source_path", &request.source_path)?;
    let to = dbfs_path("destination_path", &request.destination_path)?;
    post::<Value>(platform, "move", &json!({"source_path": from, "destination_path": to}))?;
    Ok(types::ChangeResult { text: format!("{from} is now {to}."), path: to })
}

/// A request that may be sent again when the workspace asks to slow down: what is refused so did nothing.
fn post<T: for<'de> Deserialize<'de>>(platform: &impl Platform, route: &str, body: &Value) -> Result<T, Failure> {
    let request =
        Request { method: Method::Post, path: format!("/api/2.0/dbfs/{route}"), body: Some(body.to_string()) };
    side_by_side::one(platform, &Errand::Send(request))?.json()
}

fn status(platform: &impl Platform, path: &str) -> Result<Info, Failure> {
    Workspace::new(platform).get("/api/2.0/dbfs/get-status", &[("path", path)])
}

fn block(platform: &impl Platform, path: &str, offset: u64, length: usize) -> Result<Vec<u8>, Failure> {
    let (offset, length) = (offset.to_string(), length.to_string());
    let query = [("path", path), ("offset", offset.as_str()), ("length", length.as_str())];
    let block: Block = Workspace::new(platform).get("/api/2.0/dbfs/read", &query)?;
    let odd = || Failure::new(Kind::Upstream, "the workspace's answer holds no valid content");
    let bytes = BASE64_STANDARD.decode(block.data).map_err(|_| odd())?;
    if bytes.len() == block.bytes_read { Ok(bytes) } else { Err(odd()) }
}

fn in_time(platform: &impl Platform, deadline: Deadline, what: &str) -> Result<(), Failure> {
    if !deadline.passed(platform) {
        return Ok(());
    }
    let message = format!("the call's time was over before {what} was whole; nothing was changed");
    Err(Failure::new(Kind::Timeout, message).advise("Large files go faster through a volume (upload_to_volume)."))
}

/// Reads until the buffer is full or the file ends.
fn fill(file: &mut fs::File, buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match file.read(rest)? {
            0 => break,
            read => filled += read,
        }
    }
    Ok(filled)
}

fn unreadable(path: &str, error: &std::io::Error) -> Failure {
    Failure::new(Kind::Failed, format!("{path} cannot be read: {error}"))
}

/// `dbfs:/x` and `/x` are one path; it keeps a first segment `Workspace`, which is no alias here.
fn dbfs_path(field: &str, text: &str) -> Result<String, Failure> {
    let text = text.trim();
    let text = text.strip_prefix("dbfs:").unwrap_or(text);
    if text.trim_start_matches('/').starts_with("Workspace") {
        return Err(Failure::invalid(field, "this is a path of the workspace, not of DBFS; use the workspace tools"));
    }
    workspace_path(field, text)
}

#[cfg(test)]
mod tests;

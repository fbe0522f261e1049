//! upload_to_volume and download_from_volume.

use std::cell::RefCell;

use bricklayer_databricks::download::{self, File};
use bricklayer_databricks::local_names::LocalNames;
use bricklayer_databricks::remote_path::{encode, join, name, project_path};
use bricklayer_databricks::transfer::{Report, State, Transfer};
use bricklayer_databricks::{progress, side_by_side};
use bricklayer_sdk::{Errand, Failure, Kind, Method, Part, Platform, Upload};

use crate::local::{self, LocalFile};
use crate::volumes::{entries, status, volume_path};
use crate::{download::existing, download::one, download::place, report, types};

/// Bytes that the Files API takes of one file.
const MAX_FILE_BYTES: u64 = 5 * 1024 * 1024 * 1024;

/// From this size on a file is looked for before it is sent, when it may not be replaced: the workspace refuses it before
/// it has read it, and the connection may break under what is still on its way.
const ASKED_FIRST_BYTES: u64 = 16 * 1024 * 1024;

/// Files of one download.
const MAX_FILES: usize = 5_000;

/// What to do about a file that is there.
const REPLACE: &str = "Set overwrite to replace it.";

/// Uploads a file or folder.
///
/// # Errors
/// Arguments that are no paths, nothing at the local one, and of one file what the workspace refuses.
pub(crate) fn upload(
    platform: &impl Platform,
    request: types::UploadToVolumeRequest,
) -> Result<types::TransferReport, Failure> {
    let project = platform.project();
    let local = project_path("local_path", &request.local_path)?;
    let target = volume_path("volume_path", &request.volume_path)?;
    let overwrite = request.overwrite.unwrap_or(false);
    if project.join(&local).is_dir() {
        let walk = local::walk(&project, &local, &[])?;
        let files: Vec<_> = walk.files.into_iter().map(|file| (join(&target, &file.inside), file)).collect();
        let report = Report { transfers: send_all(platform, &files, overwrite), missing: walk.missing };
        return Ok(report::of(report, "Uploaded", &target));
    }
    let file = local::file(&project, &local)?;
    // A volume itself, and what ends with a slash, is a folder.
    let is_folder = request.volume_path.trim_end().ends_with('/') || target.split('/').count() <= 5;
    let remote = if is_folder { join(&target, name(&local)) } else { target };
    let transfers = send_all(platform, &[(remote.clone(), file)], overwrite);
    match transfers.first().map(|transfer| &transfer.state) {
        Some(State::Failed(failure)) => Err(failure.clone()),
        Some(State::Done) => Ok(report::of(Report { transfers, missing: vec![] }, "Uploaded", &remote)),
        _ => Err(Failure::new(Kind::Timeout, "the call's time was over before the file was moved").retryable()),
    }
}

fn send_all(platform: &impl Platform, files: &[(String, LocalFile)], overwrite: bool) -> Vec<Transfer> {
    let transfer = |(remote, file): &(String, LocalFile), state| {
        let bytes = if state == State::Done { file.bytes } else { 0 };
        Transfer { local: file.path.clone(), remote: remote.clone(), state, bytes }
    };
    let (fitting, large): (Vec<_>, Vec<_>) = files.iter().partition(|(_, file)| file.bytes <= MAX_FILE_BYTES);
    let too_large = |file| {
        let failure = Failure::new(Kind::LimitExceeded, "a file in a volume has at most 5 GiB here");
        transfer(file, State::Failed(failure))
    };
    let mut transfers: Vec<_> = large.into_iter().map(too_large).collect();
    let is_there = |(remote, file): &&(String, LocalFile)| {
        !overwrite && file.bytes >= ASKED_FIRST_BYTES && status(platform, remote).is_ok()
    };
    let (there, fitting): (Vec<_>, Vec<_>) = fitting.into_iter().partition(is_there);
    let replaced = |file: &(String, LocalFile)| {
        let why = format!("ALREADY_EXISTS: there is something at {} already. {REPLACE}", file.0);
        transfer(file, State::Failed(Failure::new(Kind::InvalidInput, why)))
    };
    transfers.extend(there.into_iter().map(replaced));
    let ended = RefCell::new(transfers);
    let errand =
        |at: usize| fitting.get(at).map(|(remote, file)| errand(remote, file, overwrite)).unwrap_or_else(nothing);
    let left = side_by_side::each(platform, fitting.len(), errand, |at, answer| {
        let Some(file) = fitting.get(at) else { return };
        let state = match answer {
            Ok(_) => State::Done,
            Err(failure) if failure.message.contains("ALREADY_EXISTS") => State::Failed(failure.advise(REPLACE)),
            Err(failure) => State::Failed(failure),
        };
        let mut ended = ended.borrow_mut();
        ended.push(transfer(file, state));
        progress::tell(platform, &format!("uploaded {}", file.1.path), ended.len(), fitting.len());
    });
    let mut transfers = ended.into_inner();
    transfers.extend(left.iter().filter_map(|at| fitting.get(*at)).map(|file| transfer(file, State::NotTried)));
    transfers
}

fn errand(remote: &str, file: &LocalFile, overwrite: bool) -> Errand {
    Errand::Upload(Upload {
        method: Method::Put,
        path: format!("/api/2.0/fs/files{}?overwrite={overwrite}", encode(remote)),
        content_type: "application/octet-stream".to_owned(),
        body: vec![Part::File { file: file.path.clone(), bytes: file.bytes }],
    })
}

fn nothing() -> Errand {
    Errand::Download { path: "/".to_owned(), file: String::new() }
}

/// Downloads a file or folder.
///
/// # Errors
/// Arguments that are no paths, nothing at the volume's one, and of one file what the workspace refuses.
pub(crate) fn download(
    platform: &impl Platform,
    request: types::DownloadFromVolumeRequest,
) -> Result<types::TransferReport, Failure> {
    let root = volume_path("volume_path", &request.volume_path)?;
    let found = status(platform, &root)?;
    let file = |path: &str, local: String, bytes, modified_ms| File {
        url: format!("/api/2.0/fs/files{}", encode(path)),
        local,
        remote: path.to_owned(),
        modified_ms,
        bytes,
    };
    if !found.is_directory {
        let local = place(request.local_path.as_deref(), name(&root))?;
        let files = [file(&root, local, found.file_size, found.last_modified)];
        return one(download::files_of(platform, &files, existing(request.overwrite)));
    }
    let folder = project_path("local_path", request.local_path.as_deref().unwrap_or_else(|| name(&root)))?;
    let found = entries(platform, &root, true, MAX_FILES)?;
    let mut names = LocalNames::default();
    let mut files = Vec::new();
    for entry in found.entries.iter().filter(|entry| !entry.is_directory) {
        let inside = names.place(&root, &entry.path, "");
        let local = if folder.is_empty() { inside } else { join(&folder, &inside) };
        files.push(file(&entry.path, local, entry.file_size, entry.last_modified));
    }
    let mut report = download::files_of(platform, &files, existing(request.overwrite));
    if found.more {
        report.missing.push(format!("Only {MAX_FILES} entries come at once; download its folders one by one."));
    }
    Ok(report::of(report, "Downloaded", if folder.is_empty() { "." } else { &folder }))
}

#[cfg(test)]
mod tests;

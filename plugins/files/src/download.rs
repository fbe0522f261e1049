//! download_file and download_folder.

use bricklayer_databricks::download::{self, Existing, Wanted};
use bricklayer_databricks::remote_path::{join, name, project_path, workspace_path};
use bricklayer_databricks::tree;
use bricklayer_sdk::{Failure, Kind, Platform};

use crate::{report, types};

/// Objects of one download: protects the call's memory and the project.
const MAX_OBJECTS: usize = 5_000;

/// Downloads one object.
///
/// # Errors
/// Arguments that are no paths, no such object, a file that is there already, and what the workspace refuses.
pub(crate) fn file(
    platform: &impl Platform,
    request: types::DownloadFileRequest,
) -> Result<types::TransferReport, Failure> {
    let path = workspace_path("workspace_path", &request.workspace_path)?;
    let object = tree::status(platform, &path)?;
    if object.is_folder() {
        return Err(Failure::invalid("workspace_path", format!("{path} is a folder; download_folder downloads one")));
    }
    let own = name(&path).to_owned() + if object.is_notebook() { object.source_ending() } else { "" };
    let local = place(request.local_path.as_deref(), &own)?;
    one(download::all(platform, &[Wanted { object, local }], existing(request.overwrite)))
}

/// Downloads a folder.
///
/// # Errors
/// Arguments that are no paths, and no such folder. What happens to a file is in the report.
pub(crate) fn folder(
    platform: &impl Platform,
    request: types::DownloadFolderRequest,
) -> Result<types::TransferReport, Failure> {
    let root = workspace_path("workspace_folder", &request.workspace_folder)?;
    let local = project_path("local_folder", request.local_folder.as_deref().unwrap_or_else(|| name(&root)))?;
    let found = tree::list(platform, &root, true, MAX_OBJECTS)?;
    let wanted = download::places(&root, &local, found.objects);
    let mut report = download::all(platform, &wanted, existing(request.overwrite));
    report.missing.extend(found.failed.iter().map(|(folder, why)| format!("{folder} could not be listed: {why}")));
    if !found.whole {
        report.missing.push(format!("Only {MAX_OBJECTS} objects come at once; download its folders one by one."));
    }
    Ok(report::of(report, "Downloaded", if local.is_empty() { "." } else { &local }))
}

/// Where a file of that name goes in the project.
///
/// # Errors
/// A path that leads out of it.
pub(crate) fn place(local: Option<&str>, own: &str) -> Result<String, Failure> {
    let safe = own.replace(['/', '\\'], "_");
    match local {
        None => Ok(safe),
        Some(text) => match project_path("local_path", text)? {
            folder if folder.is_empty() => Ok(safe),
            folder if text.trim_end().ends_with('/') => Ok(join(&folder, &safe)),
            file => Ok(file),
        },
    }
}

pub(crate) fn existing(overwrite: Option<bool>) -> Existing {
    if overwrite.unwrap_or(false) { Existing::Replaced } else { Existing::Kept }
}

/// The report of one file, whose failure is the call's.
///
/// # Errors
/// The file's failure.
pub(crate) fn one(report: bricklayer_databricks::transfer::Report) -> Result<types::TransferReport, Failure> {
    use bricklayer_databricks::transfer::State;
    let Some(transfer) = report.transfers.first() else { return Err(Failure::new(Kind::Failed, "nothing was moved")) };
    match &transfer.state {
        State::Failed(failure) => Err(failure.clone()),
        State::NotTried => {
            Err(Failure::new(Kind::Timeout, "the call's time was over before the file was moved").retryable())
        }
        _ => {
            let to = transfer.local.clone();
            Ok(report::of(report, "Downloaded", &to))
        }
    }
}

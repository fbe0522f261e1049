//! Workspace objects into the project's folder, many at once.

use std::cell::RefCell;
use std::fs;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use bricklayer_sdk::{Errand, Failure, Platform, encode_query};

use crate::local_names::LocalNames;
use crate::progress;
use crate::remote_path::{encode, join};
use crate::side_by_side;
use crate::transfer::{Report, State, Transfer};
use crate::tree::Object;

/// Bytes that an export gives; what is larger comes as it is.
const MAX_EXPORT_BYTES: u64 = 10 * 1024 * 1024;

/// What becomes of files that are in the project already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// They stay, and are reported.
    Kept,
    /// They are replaced.
    Replaced,
    /// They are replaced when the workspace's object is newer.
    Updated,
}

/// An object and its place in the project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The object.
    pub object: Object,
    /// From the project's folder.
    pub local: String,
}

/// The places of objects below `root` in a local folder. What is neither a notebook nor a file has none.
#[must_use]
pub fn places(root: &str, local_folder: &str, objects: Vec<Object>) -> Vec<Wanted> {
    let mut names = LocalNames::default();
    let has_content = |object: &Object| object.is_notebook() || object.object_type == "FILE";
    let place = |object: Object| {
        let ending = if object.is_notebook() { object.source_ending() } else { "" };
        let inside = names.place(root, &object.path, ending);
        let local = if local_folder.is_empty() { inside } else { join(local_folder, &inside) };
        Wanted { object, local }
    };
    objects.into_iter().filter(has_content).map(place).collect()
}

/// The request for an object's content: notebooks as source.
#[must_use]
pub fn content_path(object: &Object) -> String {
    if object.size.is_some_and(|size| size > MAX_EXPORT_BYTES) {
        return format!("/api/2.0/workspace-files{}", encode(&object.path));
    }
    let format = if object.is_notebook() { "SOURCE" } else { "AUTO" };
    let query = [("path", object.path.as_str()), ("format", format), ("direct_download", "true")];
    encode_query("/api/2.0/workspace/export", &query)
}

/// Downloads what is wanted.
pub fn all<P: Platform>(platform: &P, wanted: &[Wanted], existing: Existing) -> Report {
    let urls: Vec<_> = wanted.iter().map(|wanted| content_path(&wanted.object)).collect();
    let files: Vec<_> = wanted
        .iter()
        .zip(urls)
        .map(|(wanted, url)| File {
            url,
            local: wanted.local.clone(),
            remote: wanted.object.path.clone(),
            modified_ms: wanted.object.modified_at,
            bytes: wanted.object.size,
        })
        .collect();
    files_of(platform, &files, existing)
}

/// A file to be downloaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Path with its query, encoded.
    pub url: String,
    /// From the project's folder.
    pub local: String,
    /// For the report.
    pub remote: String,
    /// When it was changed last.
    pub modified_ms: Option<u64>,
    /// How long it is.
    pub bytes: Option<u64>,
}

/// Downloads files: each arrives beside its place and is then renamed, so that none is ever half there.
pub fn files_of<P: Platform>(platform: &P, files: &[File], existing: Existing) -> Report {
    let project = platform.project();
    let transfer =
        |file: &File, state| Transfer { local: file.local.clone(), remote: file.remote.clone(), state, bytes: 0 };
    let (mut transfers, mut waiting) = (Vec::new(), Vec::new());
    for file in files {
        match prepare(&project, file, existing) {
            Ok(true) => waiting.push(file),
            Ok(false) => transfers.push(transfer(file, State::Unchanged)),
            Err(why) => transfers.push(transfer(file, State::Failed(why))),
        }
    }
    let total = waiting.len();
    let ended = RefCell::new(Vec::new());
    let errand = |item: usize| {
        let (path, file) = waiting.get(item).map(|file| (file.url.clone(), arriving(&file.local))).unwrap_or_default();
        Errand::Download { path, file }
    };
    let left = side_by_side::each(platform, total, errand, |item, answer| {
        let Some(file) = waiting.get(item) else { return };
        let placed = answer.and_then(|_| place(&project, &file.local));
        let mut ended = ended.borrow_mut();
        ended.push(match placed {
            Ok(bytes) => Transfer { bytes, ..transfer(file, State::Done) },
            Err(failure) => {
                let _ = fs::remove_file(project.join(arriving(&file.local)));
                transfer(file, State::Failed(failure))
            }
        });
        progress::tell(platform, &format!("downloaded {}", file.remote), ended.len(), total);
    });
    transfers.extend(ended.into_inner());
    transfers.extend(left.iter().filter_map(|item| waiting.get(*item)).map(|file| transfer(file, State::NotTried)));
    Report { transfers, missing: Vec::new() }
}

/// Makes the folder of a file; whether it is to be downloaded.
fn prepare(project: &Path, file: &File, existing: Existing) -> Result<bool, Failure> {
    let place = project.join(&file.local);
    if let Ok(found) = fs::metadata(&place) {
        if found.is_dir() {
            return Err(Failure::invalid("local_path", format!("a folder is at {} already", file.local)));
        }
        match existing {
            Existing::Kept => {
                let said = format!("{} is there already; set overwrite to replace it", file.local);
                return Err(Failure::invalid("overwrite", said));
            }
            Existing::Updated => {
                let age = |ms| UNIX_EPOCH + Duration::from_millis(ms);
                let is_newer =
                    found.modified().ok().zip(file.modified_ms).is_some_and(|(own, theirs)| own >= age(theirs));
                if is_newer && file.bytes.is_none_or(|bytes| bytes == found.len()) {
                    return Ok(false);
                }
            }
            Existing::Replaced => {}
        }
    }
    let folder = place.parent().unwrap_or(project);
    fs::create_dir_all(folder).map_err(|e| {
        Failure::new(bricklayer_sdk::Kind::Failed, format!("the folder of {} cannot be made: {e}", file.local))
    })?;
    Ok(true)
}

/// Where a file is until it is whole.
fn arriving(local: &str) -> String {
    format!("{local}.part")
}

fn place(project: &Path, local: &str) -> Result<u64, Failure> {
    let failed =
        |e: std::io::Error| Failure::new(bricklayer_sdk::Kind::Failed, format!("{local} cannot be written: {e}"));
    let arrived = project.join(arriving(local));
    let bytes = fs::metadata(&arrived).map_err(failed)?.len();
    fs::rename(&arrived, project.join(local)).map_err(failed)?;
    Ok(bytes)
}

//! get_volume_folder_details: what is in a folder of a volume, counted, so that a query over it can be written.

use std::collections::{BTreeMap, VecDeque};

use bricklayer_databricks::remote_path::{encode, workspace_path};
use bricklayer_sdk::{Failure, Platform, Workspace};
use serde::Deserialize;

use crate::types;

/// Folders that one call looks into.
const MAX_FOLDERS: usize = 100;

/// Entries that one call counts.
const MAX_ENTRIES: usize = 20_000;

/// Entries of one page, the API's own bound.
const PAGE: &str = "1000";

/// Files that are named.
const SHOWN_FILES: usize = 20;

#[derive(Deserialize)]
struct Entry {
    path: String,
    #[serde(default)]
    is_directory: bool,
    #[serde(default)]
    file_size: u64,
}

/// What was counted.
#[derive(Default)]
struct Counted {
    files: Vec<Entry>,
    folders: u32,
    bytes: u64,
    /// Files and bytes by the ending of the name, in lower case.
    endings: BTreeMap<String, (u32, u64)>,
    entries: usize,
    complete: bool,
}

/// Counts what is below a folder.
///
/// # Errors
/// An argument that is no such path, no such folder, and a workspace that cannot be asked.
pub(crate) fn details(
    platform: &impl Platform,
    request: types::GetVolumeFolderDetailsRequest,
) -> Result<types::VolumeFolderDetails, Failure> {
    let path = workspace_path("path", &request.path)?;
    if !path.starts_with("/Volumes/") || path.split('/').count() < 5 {
        return Err(Failure::invalid("path", "must be /Volumes/<catalog>/<schema>/<volume>/…"));
    }
    let counted = count(platform, &path)?;
    let formats: Vec<_> = counted
        .endings
        .iter()
        .map(|(ending, (files, bytes))| types::FileFormat { ending: ending.clone(), files: *files, bytes: *bytes })
        .collect();
    let mut text =
        format!("{path}: {} files, {} bytes, {} folders.", counted.files.len(), counted.bytes, counted.folders);
    for format in &formats {
        text.push_str(&format!("\n- {}: {} files, {} bytes", format.ending, format.files, format.bytes));
    }
    if !counted.complete {
        text.push_str("\nThis is not all: the folder holds more than one call counts. Look at a folder below it.");
    }
    let readable = formats.iter().filter(|format| reader(&format.ending).is_some()).max_by_key(|format| format.files);
    if let Some(reader) = readable.and_then(|format| reader(&format.ending)) {
        text.push_str(&format!(
            "\nColumns: DESCRIBE QUERY SELECT * FROM read_files('{}', format => '{reader}')",
            path.replace('\\', "\\\\").replace('\'', "\\'")
        ));
    }
    let complete = counted.complete;
    let total_files = u32::try_from(counted.files.len()).unwrap_or(u32::MAX);
    let file = |entry: Entry| types::VolumeFile { path: entry.path, bytes: entry.file_size };
    let files = counted.files.into_iter().take(SHOWN_FILES).map(file).collect();
    Ok(types::VolumeFolderDetails { text, path, total_files, total_bytes: counted.bytes, formats, files, complete })
}

fn count(platform: &impl Platform, path: &str) -> Result<Counted, Failure> {
    let mut counted = Counted { complete: true, ..Counted::default() };
    let mut waiting = VecDeque::from([path.to_owned()]);
    let mut looked = 0;
    while let Some(folder) = waiting.pop_front() {
        if looked == MAX_FOLDERS || counted.entries >= MAX_ENTRIES {
            counted.complete = false;
            break;
        }
        looked += 1;
        let left = MAX_ENTRIES - counted.entries;
        let place = format!("/api/2.0/fs/directories{}", encode(&folder));
        let page = Workspace::new(platform).list::<Entry>(&place, &[("page_size", PAGE)], "contents", left)?;
        counted.complete &= !page.more;
        counted.entries += page.items.len();
        for entry in page.items {
            if entry.is_directory {
                counted.folders += 1;
                waiting.push_back(entry.path);
                continue;
            }
            counted.bytes += entry.file_size;
            let ending = counted.endings.entry(ending(&entry.path)).or_default();
            ending.0 += 1;
            ending.1 += entry.file_size;
            counted.files.push(entry);
        }
    }
    Ok(counted)
}

/// The ending of a file's name; `none` without one.
fn ending(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    match name.rsplit_once('.') {
        Some((before, ending)) if !before.is_empty() && ending.len() <= 16 => ending.to_ascii_lowercase(),
        _ => "none".to_owned(),
    }
}

/// What `read_files` calls the format of such files.
fn reader(ending: &str) -> Option<&'static str> {
    match ending {
        "csv" | "tsv" => Some("csv"),
        "json" | "jsonl" | "ndjson" => Some("json"),
        "parquet" => Some("parquet"),
        "avro" => Some("avro"),
        "orc" => Some("orc"),
        "txt" | "text" | "log" => Some("text"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use bricklayer_sdk::Kind;
    use bricklayer_sdk::testing::Script;

    use super::*;

    const ROOT: &str = "GET /api/2.0/fs/directories/Volumes/c/s/v?page_size=1000";

    fn ask(path: &str) -> types::GetVolumeFolderDetailsRequest {
        types::GetVolumeFolderDetailsRequest { path: path.to_owned() }
    }

    #[test]
    fn files_are_counted_by_their_endings_over_pages_and_folders() {
        let script = Script::new()
            .on(ROOT, 200, r#"{"contents":[{"path":"/Volumes/c/s/v/a.csv","file_size":5},{"path":"/Volumes/c/s/v/d","is_directory":true}],"next_page_token":"t"}"#)
            .on(&format!("{ROOT}&page_token=t"), 200, r#"{"contents":[{"path":"/Volumes/c/s/v/B.CSV","file_size":7}]}"#)
            .on("GET /api/2.0/fs/directories/Volumes/c/s/v/d?page_size=1000", 200, r#"{"contents":[{"path":"/Volumes/c/s/v/d/.x","file_size":1}]}"#);
        let found = details(&script, ask("/Volumes/c/s/v")).unwrap();
        script.done();
        assert_eq!((found.total_files, found.total_bytes, found.complete), (3, 13, true));
        let formats: Vec<_> = found.formats.iter().map(|f| (f.ending.as_str(), f.files, f.bytes)).collect();
        assert_eq!(formats, [("csv", 2, 12), ("none", 1, 1)]);
        assert!(found.text.contains("read_files('/Volumes/c/s/v', format => 'csv')"), "{}", found.text);
    }

    #[test]
    fn what_is_not_all_is_said() {
        let folders: Vec<_> =
            (0..200).map(|i| format!(r#"{{"path":"/Volumes/c/s/v/{i}","is_directory":true}}"#)).collect();
        let mut script = Script::new().on(ROOT, 200, &format!(r#"{{"contents":[{}]}}"#, folders.join(",")));
        for index in 0..MAX_FOLDERS - 1 {
            let path = format!("GET /api/2.0/fs/directories/Volumes/c/s/v/{index}?page_size=1000");
            script = script.on(&path, 200, "{}");
        }
        let found = details(&script, ask("/Volumes/c/s/v")).unwrap();
        assert!(!found.complete && found.text.contains("not all"), "{}", found.text);
    }

    #[test]
    fn other_places_and_refusals_are_told() {
        for path in ["/Volumes/c/s", "/Workspace/x/y/z", "/Volumes/c/s/v/..", ""] {
            assert_eq!(details(&Script::new(), ask(path)).unwrap_err().kind, Kind::InvalidInput, "{path}");
        }
        let gone = Script::new().on(ROOT, 404, r#"{"error_code":"NOT_FOUND","message":"no such volume"}"#);
        assert_eq!(details(&gone, ask("/Volumes/c/s/v")).unwrap_err().kind, Kind::NotFound);
        let malformed = Script::new().on(ROOT, 200, r#"{"contents":3}"#);
        assert_eq!(details(&malformed, ask("/Volumes/c/s/v")).unwrap_err().kind, Kind::Upstream);
    }
}

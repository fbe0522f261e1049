//! Which files of a bundle are uploaded and deleted.
//!
//! A file is the same when its content is the one that was uploaded and the workspace has not changed it since; so what
//! was deleted or changed there is put back. The official command line looks at times of changes only; its snapshot is
//! written for it, with the contents' digests as fields that it passes over.

use std::collections::{BTreeMap, BTreeSet};

use bricklayer_bundle::notebook_path;
use md5::{Digest as _, Md5};
use serde_json::{Map, Value, json};

use crate::moment::rfc3339;
use crate::state::CLI_VERSION;
use crate::world::{Call, Fault, FaultKind, World, encode, send_all};

/// The record of files, in the bundle's state folder.
pub const RECORD_FILE: &str = "deployment.json";

/// Objects that are looked at to know what is there already.
const MAX_OBJECTS: usize = 50_000;

/// Levels of folders; protects from folders that have no end.
const MAX_DEPTH: usize = 64;

/// Bytes that the workspace takes of one file.
pub const MAX_FILE_BYTES: u64 = 500 * 1000 * 1000;

/// A file of the bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalFile {
    /// From the project's folder.
    pub path: String,
    /// From the folder that lies at the bundle's file path.
    pub inside: String,
    /// Its length.
    pub bytes: u64,
    /// When it was changed, in seconds since 1970.
    pub modified: u64,
    /// The SHA-256 of its content, in hexadecimal digits.
    pub hash: String,
    /// Whether it becomes a notebook.
    pub is_notebook: bool,
}

impl LocalFile {
    /// Where it comes to lie: notebooks lose their ending.
    #[must_use]
    pub fn lands(&self) -> &str {
        lands(&self.inside, self.is_notebook)
    }
}

fn lands(inside: &str, is_notebook: bool) -> &str {
    if is_notebook { notebook_path(inside) } else { inside }
}

/// What is known of a file that was uploaded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Known {
    lands: String,
    modified: String,
    /// None when its upload was begun and not answered.
    hash: Option<String>,
    /// When the workspace changed it last.
    changed_there: Option<u64>,
}

/// What was uploaded from this project.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Snapshot {
    host: String,
    remote_path: String,
    known: BTreeMap<String, Known>,
}

/// The record of a bundle's files, in the workspace.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) seq: u64,
    pub(crate) id: String,
    lands: BTreeSet<String>,
}

/// What is done about files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FilePlan {
    /// To be uploaded.
    pub uploads: Vec<LocalFile>,
    /// To be deleted, from the bundle's file path.
    pub deletes: Vec<String>,
    /// There already, and the same.
    pub unchanged: usize,
    /// Folders to be made first, from the bundle's file path.
    pub(crate) folders: Vec<String>,
}

/// What lies at the bundle's file path: files with when they were changed, folders without.
pub(crate) type There = BTreeMap<String, Option<u64>>;

impl Snapshot {
    /// The snapshot's name in the target's cache.
    pub(crate) fn name(host: &str, remote_path: &str) -> String {
        let digest = Md5::digest(format!("{host}{remote_path}"));
        let name: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        format!("sync-snapshots/{name}.json")
    }

    /// Reads a snapshot; one of another place, or that makes no sense, knows nothing.
    pub(crate) fn parse(bytes: Option<&[u8]>, host: &str, remote_path: &str) -> Self {
        let mut snapshot = Self { host: host.to_owned(), remote_path: remote_path.to_owned(), known: BTreeMap::new() };
        let file: Value = bytes.and_then(|bytes| serde_json::from_slice(bytes).ok()).unwrap_or_default();
        let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
        if text(file.get("remote_path")) != remote_path {
            return snapshot;
        }
        for (inside, lands) in file.get("local_to_remote_names").and_then(Value::as_object).into_iter().flatten() {
            let of = |section: &str| file.get(section).and_then(|section| section.get(inside));
            let digest = of("content_hashes");
            let hash = digest.and_then(|digest| digest.get("sha256")).and_then(Value::as_str).map(str::to_owned);
            let changed_there = digest.and_then(|digest| digest.get("modified_at")).and_then(Value::as_u64);
            let modified = text(of("last_modified_times"));
            let known = Known { lands: text(Some(lands)), modified, hash, changed_there };
            snapshot.known.insert(inside.clone(), known);
        }
        snapshot
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let (mut times, mut there, mut here, mut hashes) = (Map::new(), Map::new(), Map::new(), Map::new());
        for (inside, known) in &self.known {
            times.insert(inside.clone(), json!(known.modified));
            there.insert(inside.clone(), json!(known.lands));
            here.insert(known.lands.clone(), json!(inside));
            if let Some(hash) = &known.hash {
                hashes.insert(inside.clone(), json!({"sha256": hash, "modified_at": known.changed_there}));
            }
        }
        let file = json!({
            "version": "v1",
            "host": self.host,
            "remote_path": self.remote_path,
            "last_modified_times": times,
            "local_to_remote_names": there,
            "remote_to_local_names": here,
            "content_hashes": hashes,
        });
        serde_json::to_vec_pretty(&file).unwrap_or_default()
    }

    /// An upload is begun: where it lands is known from now on, and what is in it is not.
    pub(crate) fn begin(&mut self, file: &LocalFile) {
        let known =
            Known { lands: file.lands().to_owned(), modified: rfc3339(file.modified), hash: None, changed_there: None };
        self.known.insert(file.inside.clone(), known);
    }

    /// A file was uploaded.
    pub(crate) fn done(&mut self, file: &LocalFile, changed_there: Option<u64>) {
        if let Some(known) = self.known.get_mut(&file.inside) {
            (known.hash, known.changed_there) = (Some(file.hash.clone()), changed_there);
        }
    }

    /// What lands here was deleted.
    pub(crate) fn forget(&mut self, lands: &str) {
        self.known.retain(|_, known| known.lands != lands);
    }
}

impl Record {
    pub(crate) fn from_json(value: Option<&Value>) -> Self {
        let files = value.and_then(|value| value.get("files")).and_then(Value::as_array);
        let entry = |file: &Value| {
            let path = file.get("local_path")?.as_str()?.trim_start_matches('/');
            let is_notebook = file.get("is_notebook").and_then(Value::as_bool).unwrap_or_default();
            Some(lands(path, is_notebook).to_owned())
        };
        let field = |name: &str| value.and_then(|value| value.get(name));
        Self {
            seq: field("seq").and_then(Value::as_u64).unwrap_or_default(),
            id: field("id").and_then(Value::as_str).unwrap_or_default().to_owned(),
            lands: files.into_iter().flatten().filter_map(entry).collect(),
        }
    }

    /// The record that follows this one.
    pub(crate) fn next(&self, files: &[LocalFile], now: u64, fresh_id: &str) -> Vec<u8> {
        let entry = |file: &LocalFile| json!({"local_path": file.inside, "is_notebook": file.is_notebook});
        let id = if self.id.is_empty() { fresh_id } else { &self.id };
        let record = json!({
            "version": 1,
            "seq": self.seq + 1,
            "cli_version": CLI_VERSION,
            "timestamp": rfc3339(now),
            "files": files.iter().map(entry).collect::<Vec<_>>(),
            "id": id,
        });
        serde_json::to_vec_pretty(&record).unwrap_or_default()
    }
}

/// Decides what is done about files.
///
/// # Errors
/// Files that would lie at one place, or are too large, a line each.
pub(crate) fn plan(
    files: &[LocalFile],
    snapshot: &Snapshot,
    record: &Record,
    there: &There,
) -> Result<FilePlan, Vec<String>> {
    let mut plan = FilePlan::default();
    let mut problems = Vec::new();
    let mut taken: BTreeMap<&str, &str> = BTreeMap::new();
    for file in files {
        if let Some(other) = taken.insert(file.lands(), &file.inside) {
            problems.push(format!("{other} and {} would both lie at {}; rename one", file.inside, file.lands()));
        }
        if file.bytes > MAX_FILE_BYTES {
            problems.push(format!(
                "{} has {} bytes, and a file of the workspace has at most 500 MB",
                file.inside, file.bytes
            ));
        }
        let is_same = |known: &Known| {
            known.lands == file.lands()
                && known.hash.as_ref() == Some(&file.hash)
                && there.get(file.lands()).is_some_and(|changed| *changed == known.changed_there)
        };
        if snapshot.known.get(&file.inside).is_some_and(is_same) {
            plan.unchanged += 1;
        } else {
            plan.uploads.push(file.clone());
        }
    }
    let old = record.lands.iter().chain(snapshot.known.values().map(|known| &known.lands));
    let gone: BTreeSet<&String> =
        old.filter(|lands| !taken.contains_key(lands.as_str()) && there.contains_key(lands.as_str())).collect();
    plan.deletes = gone.into_iter().cloned().collect();
    let folder = |file: &LocalFile| file.inside.rsplit_once('/').map(|(folder, _)| folder.to_owned());
    let folders: BTreeSet<String> = plan.uploads.iter().filter_map(folder).collect();
    let is_above = |folder: &String, other: &String| other.starts_with(&format!("{folder}/"));
    let deepest = folders.iter().filter(|folder| !folders.iter().any(|other| is_above(folder, other)));
    plan.folders = deepest.filter(|folder| !there.contains_key(folder.as_str())).cloned().collect();
    if problems.is_empty() { Ok(plan) } else { Err(problems) }
}

impl FilePlan {
    /// What a plan's id and text know of it.
    pub(crate) fn lines(&self) -> Vec<String> {
        let uploads = self.uploads.iter().map(|file| format!("+ {} {}", file.inside, file.hash));
        uploads.chain(self.deletes.iter().map(|lands| format!("- {lands}"))).collect()
    }
}

/// What lies below a folder of the workspace; nothing where there is no folder.
pub(crate) fn tree(world: &dyn World, root: &str) -> Result<There, Fault> {
    let plain = |path: &str| path.strip_prefix("/Workspace").unwrap_or(path).to_owned();
    let prefix = format!("{}/", plain(root));
    let mut found = There::new();
    let mut level = vec![root.to_owned()];
    for depth in 0..=MAX_DEPTH {
        let calls: Vec<Call> =
            level.iter().map(|folder| Call::get(format!("/api/2.0/workspace/list?path={}", encode(folder)))).collect();
        let mut below = Vec::new();
        for (folder, answer) in level.iter().zip(send_all(world, &calls)) {
            let answer = match answer {
                Err(fault) if fault.kind == FaultKind::Missing => continue,
                other => other.map_err(|fault| fault.doing(&format!("listing {folder}")))?,
            };
            for object in answer.get("objects").and_then(Value::as_array).into_iter().flatten() {
                let path = plain(object.get("path").and_then(Value::as_str).unwrap_or_default());
                let Some(inside) = path.strip_prefix(&prefix) else { continue };
                let is_folder = object.get("object_type").and_then(Value::as_str) == Some("DIRECTORY");
                let changed = object.get("modified_at").and_then(Value::as_u64);
                found.insert(inside.to_owned(), if is_folder { None } else { changed });
                if is_folder {
                    below.push(format!("{root}/{inside}"));
                }
            }
        }
        if found.len() > MAX_OBJECTS {
            return Err(Fault::new(FaultKind::Refused, format!("{root} holds more than {MAX_OBJECTS} objects")));
        }
        if below.is_empty() || depth == MAX_DEPTH {
            break;
        }
        level = below;
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(inside: &str, hash: &str) -> LocalFile {
        let is_notebook = inside.ends_with(".ipynb");
        let (path, inside) = (format!("b/{inside}"), inside.to_owned());
        LocalFile { path, inside, bytes: 1, modified: 0, hash: hash.to_owned(), is_notebook }
    }

    fn uploaded(files: &[(&LocalFile, Option<u64>)]) -> Snapshot {
        let mut snapshot = Snapshot::parse(None, "h", "/r");
        for (file, at) in files {
            snapshot.begin(file);
            snapshot.done(file, *at);
        }
        Snapshot::parse(Some(&snapshot.to_bytes()), "h", "/r")
    }

    #[test]
    fn what_is_the_same_stays_and_the_rest_is_put_back() {
        let (a, n, new) = (file("x/a.py", "1"), file("x/n.ipynb", "2"), file("y/new.sql", "3"));
        let snapshot = uploaded(&[(&a, Some(5)), (&n, Some(6))]);
        let there = |pairs: &[(&str, Option<u64>)]| -> There {
            pairs.iter().map(|(path, at)| ((*path).to_owned(), *at)).collect()
        };
        let all = [("x", None), ("x/a.py", Some(5)), ("x/n", Some(6))];
        let changed = file("x/a.py", "9");
        for (files, there, uploads, deletes) in [
            (vec![&a, &n], there(&all), "", ""),
            (vec![&a, &n, &new], there(&all), "y/new.sql", ""),
            (vec![&changed, &n], there(&all), "x/a.py", ""),
            // Deleted there, changed there, deleted here.
            (vec![&a, &n], there(&all[..2]), "x/n.ipynb", ""),
            (vec![&a, &n], there(&[("x/a.py", Some(7)), ("x/n", Some(6))]), "x/a.py", ""),
            (vec![&a], there(&all), "", "x/n"),
            (vec![&a], there(&all[..2]), "", ""),
        ] {
            let files: Vec<LocalFile> = files.into_iter().cloned().collect();
            let found = plan(&files, &snapshot, &Record::default(), &there).unwrap();
            let names: Vec<&str> = found.uploads.iter().map(|file| file.inside.as_str()).collect();
            assert_eq!((names.join(" ").as_str(), found.deletes.join(" ").as_str()), (uploads, deletes));
        }
        // Another machine has no snapshot: the record in the workspace knows what to delete.
        let record =
            Record::from_json(Some(&serde_json::from_slice(&Record::default().next(&[a, n], 0, "i")).unwrap()));
        let found = plan(&[new], &Snapshot::default(), &record, &there(&all)).unwrap();
        assert_eq!((found.deletes.join(" ").as_str(), found.folders.join(" ").as_str()), ("x/a.py x/n", "y"));
    }

    #[test]
    fn files_do_not_lie_at_one_place() {
        let mut source = file("n.py", "1");
        source.is_notebook = true;
        let problems = plan(&[source, file("n.ipynb", "2")], &Snapshot::default(), &Record::default(), &There::new());
        assert!(problems.unwrap_err().join(" ").contains("n.py and n.ipynb would both lie at n"));
    }

    #[test]
    fn the_snapshot_is_the_command_lines() {
        // md5sum says so of `abc`.
        assert_eq!(Snapshot::name("ab", "c"), "sync-snapshots/900150983cd24fb0.json");
        let snapshot = uploaded(&[(&file("n.ipynb", "2"), Some(6))]);
        let file: Value = serde_json::from_slice(&snapshot.to_bytes()).unwrap();
        assert_eq!(
            file,
            json!({"version": "v1", "host": "h", "remote_path": "/r",
                   "last_modified_times": {"n.ipynb": "1970-01-01T00:00:00Z"},
                   "local_to_remote_names": {"n.ipynb": "n"}, "remote_to_local_names": {"n": "n.ipynb"},
                   "content_hashes": {"n.ipynb": {"sha256": "2", "modified_at": 6}}})
        );
        // One of another place, and an upload that was not answered, know no content.
        assert!(Snapshot::parse(Some(&snapshot.to_bytes()), "h", "/other").known.is_empty());
    }
}

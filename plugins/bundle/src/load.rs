//! The files of a bundle, found and made one tree: the root file, then what its `include` names.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::fields::{self, FieldKind, Fields};
use crate::files::{self, FileKind, Files};
use crate::finding::{Findings, Rule};
use crate::limits::{MAX_FILE_BYTES, MAX_INCLUDED_FILES, MAX_TOTAL_BYTES};
use crate::merge::merge;
use crate::pattern;
use crate::value::{At, Place, Value};
use crate::yaml;

/// Names of the file that a bundle begins with.
pub const ROOT_NAMES: [&str; 4] = ["databricks.yml", "databricks.yaml", "bundle.yml", "bundle.yaml"];

/// The folder of the bundle that a folder belongs to: the nearest above it, or itself, that has a root file.
#[must_use]
pub fn find_root(files: &dyn Files, folder: &str) -> Option<String> {
    let mut folder = files::join("", folder)?;
    loop {
        let has_root = |name: &&str| files::join(&folder, name).is_some_and(|path| is_file(files, &path));
        if ROOT_NAMES.iter().any(has_root) {
            return Some(folder);
        }
        folder = match folder.rsplit_once('/') {
            Some((above, _)) => above.to_owned(),
            None if folder.is_empty() => return None,
            None => String::new(),
        };
    }
}

/// Reads all files of the bundle in a folder. None where there is no root file that can be read.
pub(crate) fn load(files: &dyn Files, folder: &str, table: &Fields, findings: &mut Findings) -> Option<Value> {
    let mut reader = Reader { files, table, findings, bytes: 0, keys: BTreeMap::new() };
    let root_path = reader.root(folder)?;
    let mut root = reader.file(&root_path)?;
    let mut seen = BTreeSet::new();
    seen.insert(root_path.clone());
    let mut walked = 0;
    for (index, entry) in root.items_at(&["include"]).to_vec().iter().enumerate() {
        let include = At::ROOT.key("include");
        for path in reader.included(folder, entry, include.index(index), &mut walked) {
            if !seen.insert(path.clone()) {
                continue;
            }
            if seen.len() > MAX_INCLUDED_FILES {
                let message = format!("`include` names more than {MAX_INCLUDED_FILES} files");
                reader.findings.add(Rule::Limit, "include", entry, message, "name fewer files");
                return None;
            }
            let Some(value) = reader.file(&path) else { continue };
            merge(&mut root, reader.without_include(value), At::ROOT, reader.findings);
        }
    }
    // Anchors for others, and what has been told of: nothing reads it.
    if let Some(map) = root.as_map_mut() {
        map.retain(|entry| table.below(FieldKind::ROOT, &entry.key).is_some());
    }
    Some(root)
}

fn is_file(files: &dyn Files, path: &str) -> bool {
    files.kind(path) == Some(FileKind::File)
}

struct Reader<'a> {
    files: &'a dyn Files,
    table: &'a Fields,
    findings: &'a mut Findings,
    bytes: usize,
    /// Where keys of resources and scripts were first given, in words.
    keys: BTreeMap<String, String>,
}

impl Reader<'_> {
    fn root(&mut self, folder: &str) -> Option<String> {
        let paths = ROOT_NAMES.iter().filter_map(|name| files::join(folder, name));
        let found: Vec<String> = paths.filter(|path| is_file(self.files, path)).collect();
        if folder.contains(['*', '?', '[', ']', '\\']) {
            let message = format!("the bundle's folder {folder} has characters of patterns in its name");
            self.findings.add_at(Rule::Root, "", None, message, "rename the folder: no `*`, `?`, `[`, `]` or `\\`");
            return None;
        }
        match found.as_slice() {
            [one] => Some(one.clone()),
            [] => {
                let place = if folder.is_empty() { "the project's folder" } else { folder };
                let message = format!("there is no bundle in {place}: it has no databricks.yml");
                let advice = "name the folder that has it, or make a bundle first";
                self.findings.add_at(Rule::Root, "", None, message, advice);
                None
            }
            several => {
                let message = format!("there are several files that a bundle can begin with: {}", several.join(", "));
                self.findings.add_at(Rule::Root, "", None, message, "keep databricks.yml and rename the others");
                None
            }
        }
    }

    /// One file of configuration, checked as far as a file can be alone.
    fn file(&mut self, path: &str) -> Option<Value> {
        let file: Arc<str> = Arc::from(path);
        let start = Place { file: file.clone(), line: 1, column: 1 };
        let content = match self.files.read(path, MAX_FILE_BYTES + 1) {
            Ok(content) => content.unwrap_or_default(),
            Err(problem) => {
                let message = format!("{path} cannot be read: {problem}");
                self.findings.add_at(Rule::Root, "", Some(start), message, "look at the file's permissions");
                return None;
            }
        };
        self.bytes = self.bytes.saturating_add(content.len());
        if content.len() > MAX_FILE_BYTES || self.bytes > MAX_TOTAL_BYTES {
            let (file, total) = (MAX_FILE_BYTES >> 20, MAX_TOTAL_BYTES >> 20);
            let message = format!("this file has more than {file} MiB, or all files together more than {total} MiB");
            self.findings.add_at(Rule::Limit, "", Some(start), message, "divide the bundle into smaller ones");
            return None;
        }
        let value = yaml::parse(&file, &content, self.findings)?;
        if value.as_map().is_none() {
            let message = format!("a bundle's file is a mapping; this is {}", value.words());
            self.findings.add(Rule::YamlSyntax, "", &value, message, "begin with a key, such as `resources:`");
            return None;
        }
        fields::check_shape(self.table, &value, self.findings);
        self.look_at_resources(path, &value);
        Some(value)
    }

    /// The files that an entry of `include` names.
    fn included(&mut self, folder: &str, entry: &Value, at: At<'_>, walked: &mut usize) -> Vec<String> {
        let Some(text) = entry.as_text() else { return Vec::new() };
        let mut refuse = |rule, message: String, advice: &str| {
            self.findings.add(rule, at, entry, message, advice);
            Vec::new()
        };
        if text.starts_with('/') || text.contains(":/") || text.contains(":\\") {
            let message = format!("`{text}` is absolute");
            return refuse(Rule::Include, message, "write the path from the folder of databricks.yml");
        }
        if !pattern::is_pattern(text) {
            let path = files::join(folder, text).filter(|path| is_file(self.files, path));
            return match path {
                Some(path) if is_configuration(&path) => vec![path],
                Some(_) => {
                    let message = format!("{text} is no file of configuration");
                    refuse(Rule::Include, message, "name files that end with .yml, .yaml or .json")
                }
                None => refuse(Rule::Include, format!("there is no file {text}"), "mend the path, or take it away"),
            };
        }
        if text.split('/').any(|segment| segment == "**") {
            let message = format!("`**` in `{text}` stands for exactly one folder here");
            refuse(Rule::IncludeIgnored, message, "name each depth: `resources/*.yml` and `resources/*/*.yml`");
        }
        let found = pattern::expand(self.files, folder, text, walked);
        let (good, bad): (Vec<_>, Vec<_>) = found.into_iter().partition(|path| is_configuration(path));
        if let Some(bad) = bad.first() {
            let message = format!("`{text}` also names {bad}, which is no file of configuration");
            let advice = "end the pattern with .yml, so that it names configuration only";
            self.findings.add(Rule::Include, at, entry, message, advice);
        }
        good
    }

    fn without_include(&mut self, mut value: Value) -> Value {
        if let Some(entry) = value.as_map_mut().and_then(|map| map.remove("include")) {
            let message = "`include` counts in the root file only; nothing is included from here";
            let advice = "move it to databricks.yml";
            self.findings.add_at(Rule::IncludeIgnored, "include", entry.place, message, advice);
        }
        value
    }

    /// Keys that are given once, and files that are named for one resource.
    fn look_at_resources(&mut self, path: &str, value: &Value) {
        let mut inside: Vec<(&str, &str)> = Vec::new();
        for kind in value.entries_at(&["resources"]) {
            for resource in kind.value.entries_at(&[]) {
                inside.push((&kind.key, &resource.key));
                let at = format!("resources.{}.{}", kind.key, resource.key);
                self.look_at_key(&resource.key, at, resource.place.clone());
            }
        }
        for script in value.entries_at(&["scripts"]) {
            self.look_at_key(&script.key, format!("scripts.{}", script.key), script.place.clone());
        }
        for target in value.entries_at(&["targets"]) {
            for kind in target.value.entries_at(&["resources"]) {
                for resource in kind.value.entries_at(&[]) {
                    let named = (kind.key.as_str(), resource.key.as_str());
                    if !inside.contains(&named) {
                        inside.push(named);
                    }
                }
            }
        }
        let stem = files::name(path).rsplit_once('.').map_or("", |(stem, _)| stem);
        let Some((_, singular)) = stem.rsplit_once('.') else { return };
        let Some(kind) = self.table.resource_kinds().find(|kind| kind.strip_suffix('s') == Some(singular)) else {
            return;
        };
        if !matches!(inside.as_slice(), [(only, _)] if *only == kind) {
            let start = Place { file: Arc::from(path), line: 1, column: 1 };
            let message = format!("a file named *.{singular}.yml holds one resource, of {kind}");
            let advice = "give each resource a file of its own, or rename this one";
            self.findings.add_at(Rule::OneResourcePerFile, "resources", Some(start), message, advice);
        }
    }

    fn look_at_key(&mut self, key: &str, at: String, place: Option<Place>) {
        if key.contains("${") {
            let message = format!("the key `{key}` holds a reference, and keys are fixed");
            self.findings.add_at(Rule::ReferenceInKey, &at, place.clone(), message, "write the key out");
        }
        match self.keys.get(key) {
            Some(first) => {
                let message = format!("the key `{key}` is taken by {first}");
                let advice = "keys are unique over all kinds of resources and scripts: rename one of them";
                self.findings.add_at(Rule::DuplicateResource, at, place, message, advice);
            }
            None => {
                let place = place.map_or_else(String::new, |at| format!(", {}:{}", at.file, at.line));
                self.keys.insert(key.to_owned(), format!("{at}{place}"));
            }
        }
    }
}

fn is_configuration(path: &str) -> bool {
    [".yml", ".yaml", ".json"].iter().any(|ending| path.ends_with(ending))
}

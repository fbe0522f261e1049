//! Which files of a bundle are uploaded: those below `sync.paths` that no ignore rule takes out, and those that
//! `sync.include` names, without those that `sync.exclude` names. `.git` and `.databricks` never.

use std::collections::BTreeSet;

use crate::files::{self, FileKind, Files};
use crate::finding::{Findings, Rule};
use crate::ignore::Ignore;
use crate::limits::{MAX_IGNORE_BYTES, MAX_IGNORE_PATTERNS, MAX_WALKED};
use crate::value::{At, Place, Value};

/// Folders that are never uploaded.
const NEVER: [&str; 2] = [".git", ".databricks"];

/// What is uploaded, as a bundle says it.
#[derive(Debug, Clone, Default)]
pub struct Sync {
    /// The folder that lies at `workspace.file_path`: the nearest one above all paths and the bundle.
    pub root: String,
    /// The folders and files that are looked through.
    pub paths: Vec<String>,
    include: Vec<Pattern>,
    exclude: Vec<Pattern>,
}

#[derive(Debug, Clone)]
struct Pattern {
    text: String,
    base: String,
    path: String,
    place: Option<Place>,
}

/// The files that are uploaded, and for each pattern of `include` and `exclude` whether it matched.
struct Chosen {
    files: Vec<String>,
    included: Vec<bool>,
    excluded: Vec<bool>,
}

impl Sync {
    /// The rules of a bundle in a folder, once its references are in.
    pub(crate) fn read(root: &Value, folder: &str, files: &dyn Files, findings: &mut Findings) -> Self {
        let mut paths = Vec::new();
        let sync = At::ROOT.key("sync");
        let at = sync.key("paths");
        for (index, entry) in root.items_at(&["sync", "paths"]).iter().enumerate() {
            let Some(text) = entry.as_text() else { continue };
            let base = entry.place.as_ref().map_or(folder, Place::folder);
            let found = if text.starts_with('/') { None } else { files::join(base, text) };
            let Some(path) = found else {
                let message = format!("{text} is not in the project's folder");
                findings.add(
                    Rule::Sync,
                    at.index(index),
                    entry,
                    message,
                    "write a path from this file, within the project",
                );
                continue;
            };
            if files.kind(&path).is_none() {
                let message = format!("there is no folder {text}");
                findings.add(Rule::Sync, at.index(index), entry, message, "mend the path, or take it away");
                continue;
            }
            paths.push(path);
        }
        if paths.is_empty() {
            paths.push(folder.to_owned());
        }
        let sync_root = paths.iter().fold(folder.to_owned(), |root, path| common(&root, path));
        let patterns = |field: &str| {
            let items = root.items_at(&["sync", field]).iter().enumerate();
            let patterns = items.filter_map(|(index, entry)| {
                let text = entry.as_text()?;
                let base = entry.place.as_ref().map_or(folder, Place::folder);
                let path = format!("sync.{field}[{index}]");
                let (text, base) = rebased(text, base, folder)?;
                Some(Pattern { text, base, path, place: entry.place.clone() })
            });
            patterns.collect::<Vec<_>>()
        };
        Self { root: sync_root, include: patterns("include"), exclude: patterns("exclude"), paths }
    }

    /// The files that are uploaded, from the project's folder, sorted.
    ///
    /// # Errors
    /// A folder that cannot be read, or more than [`MAX_WALKED`] files and folders.
    pub fn files(&self, files: &dyn Files) -> Result<Vec<String>, String> {
        Ok(self.walk(files)?.files)
    }

    fn walk(&self, files: &dyn Files) -> Result<Chosen, String> {
        let mut walk = Walk { files, walked: 0, found: Vec::new(), patterns: 0 };
        for path in &self.paths {
            let mut ignore = Ignore::default();
            walk.rules_above(path, &mut ignore)?;
            walk.below(path, &mut ignore)?;
        }
        let mut found = BTreeSet::new();
        found.extend(walk.found);
        let include = compiled(&self.include);
        let mut included = vec![false; include.len()];
        if !include.is_empty() {
            let mut all = Walk { files, walked: 0, found: Vec::new(), patterns: 0 };
            all.everything(&self.root)?;
            for path in all.found {
                let mut is_named = false;
                for (pattern, used) in include.iter().zip(&mut included) {
                    if pattern.covers(&path) {
                        (is_named, *used) = (true, true);
                    }
                }
                if is_named {
                    found.insert(path);
                }
            }
        }
        let exclude = compiled(&self.exclude);
        let mut excluded = vec![false; exclude.len()];
        found.retain(|path| {
            let mut is_kept = true;
            for (pattern, used) in exclude.iter().zip(&mut excluded) {
                if pattern.covers(path) {
                    (is_kept, *used) = (false, true);
                }
            }
            is_kept
        });
        Ok(Chosen { files: found.into_iter().collect(), included, excluded })
    }

    /// Looks at what the rules come to; returns how many files are uploaded.
    pub(crate) fn check(&self, files: &dyn Files, findings: &mut Findings) -> Option<usize> {
        match self.walk(files) {
            Ok(Chosen { files, included, excluded }) => {
                if files.is_empty() {
                    let message = "no file would be uploaded";
                    let advice = "look at `sync`, and at .gitignore";
                    findings.add_at(Rule::SyncEmpty, "sync", None, message, advice);
                }
                let used = self.include.iter().zip(included).chain(self.exclude.iter().zip(excluded));
                for (pattern, _) in used.filter(|(_, used)| !used) {
                    let message = format!("`{}` matches no file", pattern.text);
                    let advice = "mend the pattern, or take it away";
                    findings.add_at(Rule::SyncPattern, &pattern.path, pattern.place.clone(), message, advice);
                }
                Some(files.len())
            }
            Err(problem) => {
                let message = format!("what is uploaded cannot be told: {problem}");
                findings.add_at(Rule::Sync, "sync", None, message, "name fewer folders in `sync.paths`");
                None
            }
        }
    }
}

/// A pattern of an included file goes from that file's folder, and may begin with `..`.
fn rebased(text: &str, base: &str, folder: &str) -> Option<(String, String)> {
    let text = text.trim_start_matches("./");
    if text.starts_with("../") || base != folder {
        return Some((format!("/{}", files::join(base, text)?), String::new()));
    }
    Some((text.trim_end_matches('/').to_owned(), base.to_owned()))
}

fn compiled(patterns: &[Pattern]) -> Vec<Ignore> {
    let one = |pattern: &Pattern| {
        let mut ignore = Ignore::default();
        ignore.add(&pattern.base, &pattern.text);
        ignore
    };
    patterns.iter().take(MAX_IGNORE_PATTERNS).map(one).collect()
}

/// The nearest folder above two paths.
fn common(a: &str, b: &str) -> String {
    let same = a.split('/').zip(b.split('/')).take_while(|(a, b)| a == b).map(|(a, _)| a);
    same.collect::<Vec<_>>().join("/")
}

struct Walk<'a> {
    files: &'a dyn Files,
    walked: usize,
    found: Vec<String>,
    patterns: usize,
}

impl Walk<'_> {
    /// The rules of all folders above a path.
    fn rules_above(&mut self, path: &str, ignore: &mut Ignore) -> Result<(), String> {
        if path.is_empty() {
            return Ok(());
        }
        let above = path.match_indices('/').filter_map(|(at, _)| path.get(..at));
        for folder in std::iter::once("").chain(above) {
            self.rules(folder, ignore)?;
        }
        Ok(())
    }

    fn rules(&mut self, folder: &str, ignore: &mut Ignore) -> Result<(), String> {
        let path = files::join(folder, ".gitignore").unwrap_or_default();
        if let Some(content) = self.files.read(&path, MAX_IGNORE_BYTES)? {
            ignore.add_lines(folder, &String::from_utf8_lossy(&content));
        }
        self.patterns = self.patterns.max(ignore.len());
        if ignore.len() > MAX_IGNORE_PATTERNS {
            return Err(format!("there are more than {MAX_IGNORE_PATTERNS} ignore rules"));
        }
        Ok(())
    }

    fn below(&mut self, path: &str, ignore: &mut Ignore) -> Result<(), String> {
        if self.files.kind(path) == Some(FileKind::File) {
            self.found.push(path.to_owned());
            return Ok(());
        }
        let before = ignore.len();
        self.rules(path, ignore)?;
        for (child, kind) in self.children(path)? {
            if ignore.decides(&child, kind == FileKind::Folder) == Some(true) {
                continue;
            }
            match kind {
                FileKind::Folder => self.below(&child, ignore)?,
                FileKind::File => self.found.push(child),
            }
        }
        ignore.truncate(before);
        Ok(())
    }

    fn everything(&mut self, path: &str) -> Result<(), String> {
        for (child, kind) in self.children(path)? {
            match kind {
                FileKind::Folder => self.everything(&child)?,
                FileKind::File => self.found.push(child),
            }
        }
        Ok(())
    }

    fn children(&mut self, folder: &str) -> Result<Vec<(String, FileKind)>, String> {
        let mut children = self.files.list(folder)?;
        children.retain(|(name, kind)| !(*kind == FileKind::Folder && NEVER.contains(&name.as_str())));
        self.walked = self.walked.saturating_add(children.len());
        if self.walked > MAX_WALKED {
            return Err(format!("there are more than {MAX_WALKED} files and folders"));
        }
        let child = |(name, kind): (String, FileKind)| {
            (if folder.is_empty() { name } else { format!("{folder}/{name}") }, kind)
        };
        Ok(children.into_iter().map(child).collect())
    }
}

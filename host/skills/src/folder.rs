//! A skill's folder: the only place that is read for it. Every step into it is taken without following links, from a
//! handle on its root, so that neither `..` nor a link nor a rename in between leads out.

use std::io::{self, Read as _};
use std::sync::Arc;

use cap_fs_ext::{DirExt as _, FollowSymlinks, OpenOptionsFollowExt as _, OpenOptionsSyncExt as _};
use cap_std::fs::{Dir, File, OpenOptions};
use sha2::{Digest as _, Sha256};

use crate::error::SkillError;
use crate::limits::SkillLimits;

/// Longest path of a file of a skill, in bytes.
const MAX_PATH_BYTES: usize = 512;

/// The path of a file inside its skill: relative, with forward slashes, of parts that neither hide nor climb.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FilePath(String);

impl FilePath {
    /// Parses one.
    ///
    /// # Errors
    /// [`SkillError::BadPath`].
    pub fn parse(text: &str) -> Result<Self, SkillError> {
        let is_part = |part: &str| !part.is_empty() && !part.starts_with('.') && !part.chars().any(char::is_control);
        let fits = text.len() <= MAX_PATH_BYTES && !text.contains('\\');
        if fits && text.split('/').all(is_part) {
            Ok(Self(text.to_owned()))
        } else {
            Err(SkillError::BadPath(text.to_owned()))
        }
    }

    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The folders that lead to it, and its name.
    pub(crate) fn split(&self) -> (impl Iterator<Item = &str>, &str) {
        let (folders, name) = self.0.rsplit_once('/').map_or((None, &*self.0), |(folders, name)| (Some(folders), name));
        (folders.into_iter().flat_map(|folders| folders.split('/')), name)
    }

    pub(crate) fn depth(&self) -> usize {
        self.0.split('/').count()
    }
}

impl std::fmt::Display for FilePath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// A file of a skill, as a listing shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkillFile {
    /// Where.
    pub path: FilePath,
    /// In bytes.
    pub bytes: u64,
}

/// Where a skill lies. Holds no handle of its own, because many conversations know many skills.
#[derive(Debug, Clone)]
pub struct SkillFolder {
    root: Arc<Dir>,
    path: Vec<String>,
}

impl SkillFolder {
    pub(crate) const fn new(root: Arc<Dir>, path: Vec<String>) -> Self {
        Self { root, path }
    }

    /// The name of the folder; empty for a root that is a skill itself.
    #[must_use]
    pub fn name(&self) -> &str {
        self.path.last().map_or("", String::as_str)
    }

    pub(crate) fn open(&self) -> io::Result<Dir> {
        self.path.iter().try_fold(self.root.try_clone()?, |dir, part| dir.open_dir_nofollow(part))
    }

    /// The files of the skill, sorted by path: as many as the limits allow, without links, hidden names and whatever
    /// lies deeper. Whether there are more is the second value.
    ///
    /// # Errors
    /// When the folder cannot be opened.
    pub fn files(&self, limits: &SkillLimits) -> Result<(Vec<SkillFile>, bool), SkillError> {
        let mut listing = Listing { limits, files: Vec::new(), visited: 0, cut: false };
        listing.walk(&self.open().map_err(|error| SkillError::of(error, self.name()))?, "", 1);
        listing.files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok((listing.files, listing.cut))
    }

    /// The bytes of a file.
    ///
    /// # Errors
    /// When there is no such file, or it is larger than the limits allow.
    pub fn read(&self, path: &FilePath, limits: &SkillLimits) -> Result<Vec<u8>, SkillError> {
        let (file, bytes) = self.open_file(path)?;
        let too_large = || SkillError::TooLarge { what: format!("`{path}`"), most: limits.file_bytes, unit: "bytes" };
        if bytes > limits.file_bytes {
            return Err(too_large());
        }
        let mut content = Vec::new();
        file.take(limits.file_bytes.saturating_add(1)).read_to_end(&mut content)?;
        if u64::try_from(content.len()).is_ok_and(|read| read > limits.file_bytes) {
            return Err(too_large());
        }
        Ok(content)
    }

    /// The text of a file.
    ///
    /// # Errors
    /// As [`SkillFolder::read`], and when it is no text.
    pub fn read_text(&self, path: &FilePath, limits: &SkillLimits) -> Result<String, SkillError> {
        String::from_utf8(self.read(path, limits)?).map_err(|_| SkillError::NotText(path.to_string()))
    }

    /// All files with their bytes, for a copy.
    ///
    /// # Errors
    /// When they cannot be read, or are more than the limits allow.
    pub fn contents(&self, limits: &SkillLimits) -> Result<Vec<(FilePath, Vec<u8>)>, SkillError> {
        let (files, cut) = self.files(limits)?;
        if cut {
            let what = format!("what `{}` holds", self.name());
            return Err(SkillError::TooLarge { what, most: limits.files as u64, unit: "files" });
        }
        let mut left = limits.skill_bytes;
        files
            .into_iter()
            .map(|SkillFile { path, .. }| {
                let content = self.read(&path, limits)?;
                left = left.checked_sub(content.len() as u64).ok_or_else(|| SkillError::TooLarge {
                    what: format!("what `{}` holds", self.name()),
                    most: limits.skill_bytes,
                    unit: "bytes",
                })?;
                Ok((path, content))
            })
            .collect()
    }

    fn open_file(&self, path: &FilePath) -> Result<(File, u64), SkillError> {
        let failed = |error| SkillError::of(error, path.as_str());
        let (folders, name) = path.split();
        let mut dir = self.open().map_err(failed)?;
        for folder in folders {
            dir = dir.open_dir_nofollow(folder).map_err(failed)?;
        }
        let mut options = OpenOptions::new();
        // Without waiting: opening a pipe would wait for somebody to write into it.
        options.read(true).nonblock(true).follow(FollowSymlinks::No);
        let file = dir.open_with(name, &options).map_err(failed)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(SkillError::NotAFile(path.to_string()));
        }
        Ok((file, metadata.len()))
    }

    /// The beginning of a file as text, and the file's size.
    pub(crate) fn head(&self, path: &FilePath, most: usize) -> Result<(String, u64), SkillError> {
        let (file, bytes) = self.open_file(path)?;
        let mut head = Vec::new();
        file.take(most as u64).read_to_end(&mut head)?;
        let text = match std::str::from_utf8(&head) {
            Ok(text) => text,
            // A character that the cut went through.
            Err(error) if error.error_len().is_none() && head.len() == most => {
                std::str::from_utf8(head.get(..error.valid_up_to()).unwrap_or_default()).unwrap_or_default()
            }
            Err(_) => return Err(SkillError::NotText(path.to_string())),
        };
        Ok((text.to_owned(), bytes))
    }
}

/// What tells one content of a skill's folder from another: the paths and bytes of all its files.
#[must_use]
pub fn digest(contents: &[(FilePath, Vec<u8>)]) -> String {
    let mut hash = Sha256::new();
    for (path, content) in contents {
        for part in [path.as_str().as_bytes(), content] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
    }
    hex::encode(hash.finalize())
}

struct Listing<'a> {
    limits: &'a SkillLimits,
    files: Vec<SkillFile>,
    visited: usize,
    cut: bool,
}

impl Listing<'_> {
    fn walk(&mut self, dir: &Dir, prefix: &str, depth: usize) {
        let Ok(entries) = dir.entries() else { return };
        for entry in entries.flatten() {
            self.visited = self.visited.saturating_add(1);
            if self.visited > self.limits.folders || self.files.len() >= self.limits.files {
                self.cut = true;
                return;
            }
            // Of the entry itself: links are no files.
            let (Ok(metadata), Ok(name)) = (entry.metadata(), entry.file_name().into_string()) else { continue };
            if is_skipped(&name) {
                continue;
            }
            let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}/{name}") };
            if metadata.is_dir() && depth < self.limits.depth {
                if let Ok(inner) = dir.open_dir_nofollow(&name) {
                    self.walk(&inner, &path, depth.saturating_add(1));
                }
            } else if metadata.is_file()
                && let Ok(path) = FilePath::parse(&path)
            {
                self.files.push(SkillFile { path, bytes: metadata.len() });
            }
        }
    }
}

/// Names that hold no skill and no part of one.
pub(crate) fn is_skipped(name: &str) -> bool {
    name.starts_with('.') || matches!(name, "node_modules" | "__pycache__" | "__MACOSX")
}

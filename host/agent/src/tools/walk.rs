//! Walking the project folder through its cap-std handle. Links to folders are not followed, so a walk cannot leave the
//! project or go in circles.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bricklayer_domain::{ToolErrorKind, ToolFailure};
use cap_std::fs::Dir;
use cap_std::time::SystemTime;
use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use tokio_util::sync::CancellationToken;

use super::files::{ProjectFolder, ProjectPath, explain};

/// Entries looked at in one walk; protects the host against a folder with millions of files.
const MAX_ENTRIES: usize = 50_000;

/// Time for one walk and what is done with its files.
const MAX_TIME: Duration = Duration::from_secs(30);

/// Folders within folders.
const MAX_DEPTH: usize = 64;

/// Largest .gitignore that is read, in bytes.
const MAX_IGNORE_BYTES: u64 = 256 * 1024;

/// A regular file that a walk found.
#[derive(Debug)]
pub(super) struct Found {
    /// Relative to the project folder.
    pub(super) path: PathBuf,
    pub(super) modified: Option<SystemTime>,
}

/// How a walk ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WalkEnd {
    Complete,
    /// The visitor has enough, or the walk has a bound.
    Cut,
}

/// Bounds of a walk in progress.
pub(super) struct Walk<'a> {
    cancel: &'a CancellationToken,
    honour_ignore: bool,
    entries: usize,
    deadline: Instant,
}

struct Folder {
    dir: Arc<Dir>,
    path: PathBuf,
    depth: usize,
    ignores: Vec<Arc<Gitignore>>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(cancel: &'a CancellationToken, honour_ignore: bool) -> Self {
        Self { cancel, honour_ignore, entries: 0, deadline: Instant::now() + MAX_TIME }
    }

    /// Visits every regular file under `start`; the visitor says whether to go on. Entries of a folder come in the
    /// order of their names.
    pub(super) fn run(
        &mut self,
        root: &ProjectFolder,
        start: &ProjectPath,
        mut visit: impl FnMut(Found) -> bool,
    ) -> Result<WalkEnd, ToolFailure> {
        let meta = root.dir().metadata(start.as_path()).map_err(|error| explain(start, &error))?;
        if meta.is_file() {
            visit(Found { path: start.as_path().to_owned(), modified: meta.modified().ok() });
            return Ok(WalkEnd::Complete);
        }
        let dir = root.dir().open_dir(start.as_path()).map_err(|error| explain(start, &error))?;
        let path = if start.is_root() { PathBuf::new() } else { start.as_path().to_owned() };
        let ignores = if self.honour_ignore { outer_ignores(root, &path) } else { Vec::new() };
        let mut open = vec![Folder { dir: Arc::new(dir), path, depth: 0, ignores }];
        while let Some(mut folder) = open.pop() {
            if self.honour_ignore {
                folder.ignores.extend(own_ignore(&folder.dir, &folder.path));
            }
            let mut inner = Vec::new();
            for (name, kind) in sorted_entries(&folder.dir) {
                self.entries = self.entries.saturating_add(1);
                self.check()?;
                if self.entries > MAX_ENTRIES {
                    return Ok(WalkEnd::Cut);
                }
                let path = folder.path.join(&name);
                if name == ".git" || is_ignored(&folder.ignores, &path, kind.is_dir()) {
                    continue;
                }
                if kind.is_dir() {
                    inner.extend(enter(&folder, &name, path));
                } else if let Some(found) = regular(&folder.dir, &name, path)
                    && !visit(found)
                {
                    return Ok(WalkEnd::Cut);
                }
            }
            // The last pushed is visited first: names in order.
            open.extend(inner.into_iter().rev());
        }
        Ok(WalkEnd::Complete)
    }

    /// Whether the walk may go on.
    pub(super) fn check(&self) -> Result<(), ToolFailure> {
        if self.cancel.is_cancelled() {
            return Err(ToolFailure::new(ToolErrorKind::Cancelled, "stopped by the user"));
        }
        if Instant::now() > self.deadline {
            let message = format!("the search took longer than {} seconds; narrow it to a folder", MAX_TIME.as_secs());
            return Err(ToolFailure::new(ToolErrorKind::Timeout, message));
        }
        Ok(())
    }
}

fn enter(folder: &Folder, name: &str, path: PathBuf) -> Option<Folder> {
    if folder.depth >= MAX_DEPTH {
        return None;
    }
    // A folder that cannot be opened (no permission, gone meanwhile) has nothing to show.
    let dir = folder.dir.open_dir_nofollow_or(name)?;
    Some(Folder { dir: Arc::new(dir), path, depth: folder.depth.saturating_add(1), ignores: folder.ignores.clone() })
}

trait OpenNoFollow {
    fn open_dir_nofollow_or(&self, name: &str) -> Option<Dir>;
}

impl OpenNoFollow for Dir {
    fn open_dir_nofollow_or(&self, name: &str) -> Option<Dir> {
        use cap_fs_ext::DirExt as _;
        self.open_dir_nofollow(name).ok()
    }
}

/// Names that are not UTF-8 are left out: no tool could name them.
fn sorted_entries(dir: &Dir) -> Vec<(String, cap_std::fs::FileType)> {
    let Ok(entries) = dir.entries() else { return Vec::new() };
    let mut list: Vec<_> = entries
        .flatten()
        .take(MAX_ENTRIES)
        .filter_map(|entry| Some((entry.file_name().into_string().ok()?, entry.file_type().ok()?)))
        .collect();
    list.sort_by(|a, b| a.0.cmp(&b.0));
    list
}

/// A regular file, or a link to one inside the project.
fn regular(dir: &Dir, name: &str, path: PathBuf) -> Option<Found> {
    let meta = dir.metadata(name).ok()?;
    meta.is_file().then(|| Found { path, modified: meta.modified().ok() })
}

fn is_ignored(ignores: &[Arc<Gitignore>], path: &Path, is_dir: bool) -> bool {
    for ignore in ignores.iter().rev() {
        match ignore.matched(path, is_dir) {
            Match::Ignore(_) => return true,
            Match::Whitelist(_) => return false,
            Match::None => {}
        }
    }
    false
}

/// The .gitignore files of the folders above the start of a walk.
fn outer_ignores(root: &ProjectFolder, start: &Path) -> Vec<Arc<Gitignore>> {
    let mut ignores = Vec::new();
    let above: Vec<&Path> = start.ancestors().skip(1).collect();
    for path in above.into_iter().rev() {
        let opened = if path.as_os_str().is_empty() { root.dir().try_clone() } else { root.dir().open_dir(path) };
        if let Ok(dir) = opened {
            ignores.extend(own_ignore(&dir, path));
        }
    }
    ignores
}

fn own_ignore(dir: &Dir, path: &Path) -> Option<Arc<Gitignore>> {
    let meta = dir.symlink_metadata(".gitignore").ok()?;
    if !meta.is_file() || meta.len() > MAX_IGNORE_BYTES {
        return None;
    }
    let text = dir.read_to_string(".gitignore").ok()?;
    let mut builder = GitignoreBuilder::new(path);
    for line in text.lines() {
        // A line that is no pattern is skipped, as git does.
        let _ = builder.add_line(None, line);
    }
    builder.build().ok().map(Arc::new)
}

//! The project folder: paths, opening, digests, atomic replacement. All access goes through one cap-std handle; after it
//! is opened no ambient path is used again.

use std::io::{self, Read as _, Write as _};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use bricklayer_domain::{ToolErrorKind, ToolFailure};
use cap_fs_ext::{FollowSymlinks, OpenOptionsFollowExt as _, OpenOptionsSyncExt as _};
use cap_std::ambient_authority;
use cap_std::fs::{Dir, File, OpenOptions};
use sha2::{Digest as _, Sha256};

use super::args::invalid;
use super::names::on_disk;
use super::text::TextFile;

/// The name under which models may address the folder absolutely.
const VIRTUAL_ROOT: &str = "/project";

/// Longest path, in bytes; Linux's own limit.
const MAX_PATH_BYTES: usize = 4096;

/// Largest file that a tool takes into memory or digests, in bytes.
pub(super) const MAX_FILE_BYTES: u64 = 64 * 1024 * 1024;

/// A project's folder, opened once. Clones share the handle.
#[derive(Debug, Clone)]
pub struct ProjectFolder {
    dir: Arc<Dir>,
    max_bytes: u64,
}

impl ProjectFolder {
    /// Opens an existing folder.
    ///
    /// # Errors
    /// When it does not exist, is no folder, or may not be read.
    pub fn open(path: &Path) -> io::Result<Self> {
        Dir::open_ambient_dir(path, ambient_authority()).map(Self::from_dir)
    }

    /// Takes a folder that is open already.
    #[must_use]
    pub fn from_dir(dir: Dir) -> Self {
        Self { dir: Arc::new(dir), max_bytes: u64::MAX }
    }

    /// With a bound for all that it holds, in bytes.
    #[must_use]
    pub fn with_max_bytes(self, max_bytes: u64) -> Self {
        Self { max_bytes, ..self }
    }

    pub(super) fn dir(&self) -> &Arc<Dir> {
        &self.dir
    }

    pub(super) fn max_bytes(&self) -> u64 {
        self.max_bytes
    }
}

/// A path inside the project: relative, normal components only; empty for the folder itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ProjectPath(PathBuf);

impl ProjectPath {
    pub(super) fn parse(field: &str, text: &str) -> Result<Self, ToolFailure> {
        if text.trim().is_empty() {
            return Err(invalid(format!("`{field}` is empty")));
        }
        if text.contains('\0') {
            return Err(invalid(format!("`{field}` holds a NUL byte")));
        }
        if text.len() > MAX_PATH_BYTES {
            return Err(invalid(format!("`{field}` is longer than {MAX_PATH_BYTES} bytes")));
        }
        let outside = || {
            ToolFailure::new(
                ToolErrorKind::Denied,
                format!("`{field}` leads outside the project folder; paths are relative to it, as in `notes/a.md`"),
            )
        };
        let path = Path::new(text);
        let relative = match path.strip_prefix(VIRTUAL_ROOT) {
            Ok(rest) => rest,
            Err(_) if path.is_absolute() => return Err(outside()),
            Err(_) => path,
        };
        let mut normal = PathBuf::new();
        for component in relative.components() {
            match component {
                Component::Normal(part) => normal.push(part),
                Component::CurDir => {}
                Component::ParentDir => {
                    if !normal.pop() {
                        return Err(outside());
                    }
                }
                Component::RootDir | Component::Prefix(_) => return Err(outside()),
            }
        }
        Ok(Self(normal))
    }

    /// As [`ProjectPath::parse`], and where a file of this name is there in another Unicode form, that file.
    pub(super) fn locate(folder: &ProjectFolder, field: &str, text: &str) -> Result<Self, ToolFailure> {
        let Self(path) = Self::parse(field, text)?;
        Ok(Self(on_disk(folder.dir(), &path)))
    }

    /// All names of what a path leads to, as rules and people know it: its own, and, where it is or goes through a link,
    /// that of what it leads to. Empty when the path is none.
    pub(super) fn names(folder: &ProjectFolder, field: &str, text: &str) -> Vec<String> {
        let Ok(path) = Self::locate(folder, field, text) else { return Vec::new() };
        // A file that is yet to be made lies in the folder that its path leads to.
        let real = folder.dir().canonicalize(path.as_path()).ok().or_else(|| {
            let parent = path.0.parent().filter(|parent| !parent.as_os_str().is_empty())?;
            Some(folder.dir().canonicalize(parent).ok()?.join(path.0.file_name()?))
        });
        let real = real.map(|real| Self(real).text()).filter(|real| *real != path.text());
        [path.text()].into_iter().chain(real).collect()
    }

    /// For opening; the folder itself is `.`.
    pub(super) fn as_path(&self) -> &Path {
        if self.0.as_os_str().is_empty() { Path::new(".") } else { &self.0 }
    }

    pub(super) fn is_root(&self) -> bool {
        self.0.as_os_str().is_empty()
    }

    /// As shown and as stored: forward slashes, no leading one.
    pub(super) fn text(&self) -> String {
        self.as_path().to_string_lossy().into_owned()
    }
}

/// A file's digest as the log keeps it.
pub(super) fn digest(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// Opens a regular file for reading. A FIFO or a device never blocks, and is refused.
pub(super) fn open_regular(folder: &ProjectFolder, path: &ProjectPath) -> Result<(File, u64), ToolFailure> {
    if path.is_root() {
        return Err(is_directory(path));
    }
    let mut options = OpenOptions::new();
    options.read(true).nonblock(true);
    let file = folder.dir().open_with(path.as_path(), &options).map_err(|error| explain(path, &error))?;
    let meta = file.metadata().map_err(|error| explain(path, &error))?;
    if meta.is_dir() {
        return Err(is_directory(path));
    }
    if !meta.is_file() {
        return Err(invalid(format!("`{}` is not a regular file (a pipe, socket or device)", path.text())));
    }
    Ok((file, meta.len()))
}

fn is_directory(path: &ProjectPath) -> ToolFailure {
    invalid(format!("`{}` is a directory; list it with Glob, for example with the pattern `**/*`", path.text()))
}

/// Reads a whole regular file, up to [`MAX_FILE_BYTES`].
pub(super) fn read_whole(folder: &ProjectFolder, path: &ProjectPath) -> Result<Vec<u8>, ToolFailure> {
    let (file, size) = open_regular(folder, path)?;
    let too_large = || {
        ToolFailure::new(
            ToolErrorKind::LimitExceeded,
            format!(
                "`{}` is larger than {} MiB, which is the most that the file tools take; split it, or load it into a \
                 table and query that",
                path.text(),
                MAX_FILE_BYTES / (1024 * 1024)
            ),
        )
    };
    if size > MAX_FILE_BYTES {
        return Err(too_large());
    }
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
    // The file may grow while it is read: one byte past the limit tells.
    file.take(MAX_FILE_BYTES.saturating_add(1)).read_to_end(&mut bytes).map_err(|error| explain(path, &error))?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(too_large());
    }
    Ok(bytes)
}

/// Reads a whole text file: its bytes, and its text.
pub(super) fn read_text(folder: &ProjectFolder, path: &ProjectPath) -> Result<(Vec<u8>, TextFile), ToolFailure> {
    let bytes = read_whole(folder, path)?;
    let file = TextFile::decode(&bytes).map_err(|why| why.failure(&path.text(), bytes.len()))?;
    Ok((bytes, file))
}

/// What is at a path that is to be written.
#[derive(Debug)]
pub(super) enum Target {
    Absent,
    File(Vec<u8>),
}

/// Looks at a path that is to be written. Links are not followed: replacing a link would leave its target as it was,
/// and a dangling one may point anywhere.
pub(super) fn inspect_target(folder: &ProjectFolder, path: &ProjectPath) -> Result<Target, ToolFailure> {
    if path.is_root() {
        return Err(is_directory(path));
    }
    match folder.dir().symlink_metadata(path.as_path()) {
        Ok(meta) if meta.file_type().is_symlink() => {
            Err(invalid(format!("`{}` is a symbolic link; write to the file it points to", path.text())))
        }
        Ok(_) => read_whole(folder, path).map(Target::File),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Target::Absent),
        Err(error) => Err(explain(path, &error)),
    }
}

/// Replaces or creates a file so that a reader, or a crash, sees the old content or the new, never a mixture.
/// Missing parent folders are made.
pub(super) fn replace(folder: &ProjectFolder, path: &ProjectPath, bytes: &[u8]) -> Result<(), ToolFailure> {
    let as_failure = |error: io::Error| explain(path, &error);
    let parent = path.as_path().parent().filter(|parent| !parent.as_os_str().is_empty());
    let dir = match parent {
        Some(parent) => {
            folder.dir().create_dir_all(parent).map_err(as_failure)?;
            folder.dir().open_dir(parent).map_err(as_failure)?
        }
        None => folder.dir().try_clone().map_err(as_failure)?,
    };
    let name = path.as_path().file_name().ok_or_else(|| is_directory(path))?;
    let temporary = format!(".bricklayer-{:016x}.tmp", rand::random::<u64>());
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).follow(FollowSymlinks::No);
    let result = dir.open_with(&temporary, &options).and_then(|mut file| {
        if let Ok(meta) = dir.symlink_metadata(name) {
            file.set_permissions(meta.permissions())?;
        }
        file.write_all(bytes)?;
        file.sync_data()?;
        dir.rename(&temporary, &dir, name)
    });
    result.map_err(|error| {
        // The temporary file may not exist; nothing is lost when it cannot be removed.
        let _ = dir.remove_file(&temporary);
        as_failure(error)
    })
}

/// A file system error for the model: what it means, no host path.
pub(super) fn explain(path: &ProjectPath, error: &io::Error) -> ToolFailure {
    let shown = path.text();
    match error.kind() {
        io::ErrorKind::NotFound => ToolFailure::new(
            ToolErrorKind::NotFound,
            format!("`{shown}` does not exist; paths are relative to the project folder"),
        ),
        // cap-std reports a path that leads out of its folder this way.
        io::ErrorKind::PermissionDenied => ToolFailure::new(
            ToolErrorKind::Denied,
            format!("`{shown}` leads outside the project folder or may not be opened"),
        ),
        io::ErrorKind::NotADirectory => invalid(format!("a folder on the way to `{shown}` is a file")),
        io::ErrorKind::IsADirectory => is_directory(path),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ToolFailure::new(
            ToolErrorKind::LimitExceeded,
            format!("`{shown}` was not written: the disk is full; nothing was changed"),
        ),
        io::ErrorKind::InvalidFilename | io::ErrorKind::InvalidInput => {
            invalid(format!("`{shown}` is not a possible file name"))
        }
        kind => ToolFailure::new(ToolErrorKind::Failed, format!("`{shown}` could not be used: {kind}")),
    }
}

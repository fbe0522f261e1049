//! The folders of interpreters: the guest's own files, and one for each process, gone with it.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use tokio::sync::OwnedSemaphorePermit;
use uuid::Uuid;

/// What stands in every interpreter.
const GUEST: [(&str, &str); 15] = [
    ("main.py", include_str!("guest/main.py")),
    ("bricklayer/__init__.py", include_str!("guest/bricklayer/__init__.py")),
    ("bricklayer/columns.py", include_str!("guest/bricklayer/columns.py")),
    ("bricklayer/dbutils.py", include_str!("guest/bricklayer/dbutils.py")),
    ("bricklayer/flows.py", include_str!("guest/bricklayer/flows.py")),
    ("bricklayer/frames.py", include_str!("guest/bricklayer/frames.py")),
    ("bricklayer/groups.py", include_str!("guest/bricklayer/groups.py")),
    ("bricklayer/interpreter.py", include_str!("guest/bricklayer/interpreter.py")),
    ("bricklayer/kinds.py", include_str!("guest/bricklayer/kinds.py")),
    ("bricklayer/modules.py", include_str!("guest/bricklayer/modules.py")),
    ("bricklayer/pipelines.py", include_str!("guest/bricklayer/pipelines.py")),
    ("bricklayer/spark.py", include_str!("guest/bricklayer/spark.py")),
    ("bricklayer/values.py", include_str!("guest/bricklayer/values.py")),
    ("bricklayer/wheels.py", include_str!("guest/bricklayer/wheels.py")),
    ("bricklayer/writer.py", include_str!("guest/bricklayer/writer.py")),
];

/// The folder of all interpreters.
#[derive(Debug)]
pub(super) struct Folders {
    guest: PathBuf,
    runs: PathBuf,
}

impl Folders {
    /// Writes the guest's files anew and removes what earlier runs left.
    ///
    /// # Errors
    /// A folder that cannot be written.
    pub(super) fn open(folder: &Path) -> io::Result<Self> {
        let (guest, runs) = (folder.join("guest"), folder.join("runs"));
        for old in [&guest, &runs] {
            match fs::remove_dir_all(old) {
                Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
                _ => {}
            }
        }
        fs::create_dir_all(guest.join("bricklayer"))?;
        for (name, text) in GUEST {
            fs::write(guest.join(name), text)?;
        }
        fs::create_dir_all(&runs)?;
        // The system's own names: what a process may reach is said by these.
        Ok(Self { guest: guest.canonicalize()?, runs: runs.canonicalize()? })
    }

    pub(super) fn guest(&self) -> &Path {
        &self.guest
    }

    /// Makes a folder for one process.
    ///
    /// # Errors
    /// A folder that cannot be made.
    pub(super) fn make(&self) -> io::Result<RunFolder> {
        let path = self.runs.join(Uuid::new_v4().simple().to_string());
        fs::create_dir(&path)?;
        Ok(RunFolder(path))
    }
}

/// The folder of one process: where it works, and all that it may write. Removed when dropped.
#[derive(Debug)]
pub(super) struct RunFolder(PathBuf);

impl RunFolder {
    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for RunFolder {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            tracing::warn!(error = &error as &dyn std::error::Error, "a folder of a Python process is left over");
        }
    }
}

/// What one interpreter holds until it has ended.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) folder: RunFolder,
    pub(super) _permit: OwnedSemaphorePermit,
}

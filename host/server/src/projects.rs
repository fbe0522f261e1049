//! Project folders on disk.

use std::io;
use std::path::{Path, PathBuf};

use bricklayer_domain::{ProjectId, chain};
use cap_std::ambient_authority;
use cap_std::fs::Dir;

/// Where removed folders wait for their last file to go; a crash in between leaves them there, not in a project.
const TRASH: &str = ".trash";

/// The folder that holds all project folders; cheap to clone.
#[derive(Debug, Clone)]
pub struct ProjectFolders {
    root: PathBuf,
}

impl ProjectFolders {
    /// Opens the folder, making it when it is missing, and clears what an earlier run did not finish removing.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn new(root: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(root)?;
        // Absolute, so that a change of the working directory does not move everybody's files.
        let root = root.canonicalize()?;
        // People's files are nobody else's on this machine.
        #[cfg(unix)]
        std::fs::set_permissions(&root, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
        let trash = root.join(TRASH);
        if trash.exists()
            && let Err(error) = std::fs::remove_dir_all(&trash)
        {
            tracing::warn!(error = chain(&error), "the trash of removed projects cannot be cleared");
        }
        Ok(Self { root })
    }

    /// A project's folder, whether or not it exists.
    #[must_use]
    pub fn path(&self, project: ProjectId) -> PathBuf {
        self.root.join(project.to_string())
    }

    /// Opens a project's folder, making it when it is missing. No path leads out of what is returned.
    ///
    /// # Errors
    /// When it cannot be made or opened.
    pub async fn open(&self, project: ProjectId) -> io::Result<Dir> {
        let path = self.path(project);
        blocking(move || match Dir::open_ambient_dir(&path, ambient_authority()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                std::fs::create_dir_all(&path)?;
                Dir::open_ambient_dir(&path, ambient_authority())
            }
            opened => opened,
        })
        .await
    }

    /// Removes a project's folder with everything in it.
    ///
    /// # Errors
    /// When it cannot be removed; then it is gone from its place all the same, or still whole.
    pub async fn remove(&self, project: ProjectId) -> io::Result<()> {
        let (path, trash) = (self.path(project), self.root.join(TRASH));
        blocking(move || {
            std::fs::create_dir_all(&trash)?;
            let grave = trash.join(uuid::Uuid::new_v4().to_string());
            match std::fs::rename(&path, &grave) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
                Err(error) => Err(error),
                Ok(()) => std::fs::remove_dir_all(&grave),
            }
        })
        .await
    }
}

/// Runs file work off the event loop.
pub(crate) async fn blocking<T, F>(work: F) -> io::Result<T>
where
    T: Send + 'static,
    F: FnOnce() -> io::Result<T> + Send + 'static,
{
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}

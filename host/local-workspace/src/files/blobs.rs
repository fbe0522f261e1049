//! Contents as files of opaque names. What is here belongs to a row, or is removed at the next start.

use std::{
    collections::HashSet,
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use axum::body::Body;
use tokio::fs::{self, File, OpenOptions};
use uuid::Uuid;

use super::receive::{ReceiveError, receive};

/// The folder of contents; cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Blobs {
    folder: Arc<Path>,
}

/// Content that is on disk and belongs to no row yet; it goes when nobody keeps it.
#[derive(Debug)]
pub(super) struct Blob {
    path: PathBuf,
    name: String,
    size: u64,
    kept: bool,
}

impl Blobs {
    /// Opens the folder and removes what no row names.
    ///
    /// # Errors
    /// A folder that cannot be made or read.
    pub(super) async fn open(folder: PathBuf, known: &HashSet<String>) -> io::Result<Self> {
        fs::create_dir_all(&folder).await?;
        let mut entries = fs::read_dir(&folder).await?;
        while let Some(entry) = entries.next_entry().await? {
            if entry.file_name().to_str().is_none_or(|name| !known.contains(name)) {
                fs::remove_file(entry.path()).await?;
            }
        }
        Ok(Self { folder: folder.into() })
    }

    /// An empty content and the file to write it with.
    ///
    /// # Errors
    /// A disk that takes no file.
    pub(super) async fn begin(&self) -> io::Result<(Blob, File)> {
        let name = Uuid::new_v4().simple().to_string();
        let path = self.folder.join(&name);
        let file = OpenOptions::new().write(true).create_new(true).open(&path).await?;
        Ok((Blob { path, name, size: 0, kept: false }, file))
    }

    /// Takes a whole body.
    ///
    /// # Errors
    /// [`ReceiveError`].
    pub(super) async fn take(&self, body: Body, max_bytes: u64) -> Result<Blob, ReceiveError> {
        let (mut blob, mut file) = self.begin().await?;
        blob.size = receive(body, &mut file, max_bytes).await?;
        self.sync().await?;
        Ok(blob)
    }

    /// Puts the folder's own entries on disk.
    pub(super) async fn sync(&self) -> io::Result<()> {
        File::open(&self.folder).await?.sync_all().await
    }

    pub(super) async fn open_content(&self, name: &str) -> io::Result<File> {
        File::open(self.folder.join(name)).await
    }

    /// Removes contents that no row names any more; what stays is removed at the next start.
    pub(super) async fn remove(&self, names: impl IntoIterator<Item = String>) {
        for name in names {
            if let Err(e) = fs::remove_file(self.folder.join(&name)).await {
                tracing::warn!(name, "content that is no longer needed was not removed: {e}");
            }
        }
    }
}

impl Blob {
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// Says how much was written.
    pub(super) fn sized(&mut self, size: u64) {
        self.size = size;
    }

    pub(super) async fn open(&self) -> io::Result<File> {
        File::open(&self.path).await
    }

    /// A row names it now.
    pub(super) fn keep(mut self) {
        self.kept = true;
    }
}

impl Drop for Blob {
    fn drop(&mut self) {
        if !self.kept {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

//! DBFS: files written by handles in blocks, read by ranges. It is everybody's.

use std::{
    collections::HashMap,
    io::SeekFrom,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::body::Body;
use tokio::{
    fs::File,
    io::{AsyncReadExt as _, AsyncSeekExt as _, AsyncWriteExt as _},
    time::Instant,
};

use super::{
    blobs::{Blob, Blobs},
    model::{Object, Type},
    path::ObjectPath,
    receive::ReceiveError,
    tree::{Put, Tree, TreeError},
};

/// Most bytes of a block, of what is put at once in JSON, and of one read.
pub(super) const MAX_BLOCK_BYTES: usize = 1024 * 1024;

/// Most bytes of a file written by a handle: protects the disk.
const MAX_FILE_BYTES: u64 = 2 * 1024 * 1024 * 1024;

/// How long a handle may lie idle.
const IDLE_LIMIT: Duration = Duration::from_mins(10);

/// Handles that are open at once: each holds a file of the process.
const MAX_HANDLES: usize = 128;

/// DBFS; cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Dbfs {
    tree: Tree,
    blobs: Blobs,
    handles: Arc<Mutex<HashMap<u64, Open>>>,
}

/// A file that is being written.
#[derive(Debug, Clone)]
struct Open {
    used: Instant,
    user: String,
    writing: Arc<tokio::sync::Mutex<Option<Writing>>>,
}

#[derive(Debug)]
struct Writing {
    path: ObjectPath,
    overwrite: bool,
    blob: Blob,
    file: File,
    size: u64,
}

/// Why DBFS does not do what is asked.
#[derive(Debug, thiserror::Error)]
pub(super) enum DbfsError {
    #[error(transparent)]
    Tree(#[from] TreeError),
    #[error(transparent)]
    Body(#[from] ReceiveError),
    #[error("the disk failed")]
    Disk(#[from] std::io::Error),
    #[error("there is no such handle")]
    NoHandle(u64),
    #[error("too many handles are open")]
    TooManyHandles,
    #[error("the file is larger than {MAX_FILE_BYTES} bytes")]
    TooLarge,
    #[error("{0} is a folder")]
    Folder(ObjectPath),
    #[error("the root stays")]
    Root,
    #[error("{0} is inside itself")]
    Inside(ObjectPath),
}

type Result<T> = std::result::Result<T, DbfsError>;

impl Dbfs {
    pub(super) async fn open(tree: Tree, blobs: Blobs) -> std::result::Result<Self, TreeError> {
        if let Ok(tmp) = ObjectPath::parse("/tmp") {
            tree.make_folders(&tmp, crate::catalog::SYSTEM_USER).await?;
        }
        Ok(Self { tree, blobs, handles: Arc::default() })
    }

    pub(super) async fn status(&self, path: &ObjectPath) -> Result<Object> {
        Ok(self.tree.get(path).await?.ok_or_else(|| TreeError::Missing(path.clone()))?)
    }

    /// What is in a folder; a file lists itself.
    pub(super) async fn list(&self, path: &ObjectPath) -> Result<Vec<Object>> {
        let found = self.status(path).await?;
        if found.is_folder() { Ok(self.tree.list(path).await?) } else { Ok(vec![found]) }
    }

    pub(super) async fn make_folders(&self, path: &ObjectPath, user: &str) -> Result<()> {
        Ok(self.tree.make_folders(path, user).await?)
    }

    pub(super) async fn delete(&self, path: &ObjectPath, recursive: bool) -> Result<()> {
        if path.is_root() {
            return Err(DbfsError::Root);
        }
        let dropped = self.tree.delete(path, recursive).await?;
        self.blobs.remove(dropped).await;
        Ok(())
    }

    pub(super) async fn rename(&self, from: &ObjectPath, to: &ObjectPath, user: &str) -> Result<()> {
        if from.is_root() {
            return Err(DbfsError::Root);
        }
        if from != to && to.is_within(from) {
            return Err(DbfsError::Inside(to.clone()));
        }
        Ok(self.tree.rename(from, to, user).await?)
    }

    /// Part of a file; what is behind its end is not there.
    pub(super) async fn read(&self, path: &ObjectPath, offset: u64, length: u64) -> Result<Vec<u8>> {
        let mut file = self.open_file(path).await?;
        file.seek(SeekFrom::Start(offset)).await?;
        let mut bytes = Vec::new();
        file.take(length).read_to_end(&mut bytes).await?;
        Ok(bytes)
    }

    /// A file, open at its beginning.
    pub(super) async fn open_file(&self, path: &ObjectPath) -> Result<File> {
        let found = self.status(path).await?;
        let content = found.content.ok_or_else(|| DbfsError::Folder(path.clone()))?;
        Ok(self.blobs.open_content(&content).await?)
    }

    /// Writes a whole file.
    pub(super) async fn put(&self, path: &ObjectPath, content: Body, overwrite: bool, user: &str) -> Result<()> {
        self.check_place(path, overwrite).await?;
        let blob = self.blobs.take(content, MAX_FILE_BYTES).await?;
        self.publish(path, blob, overwrite, user).await
    }

    /// Begins a file; it is there when its handle is closed.
    pub(super) async fn create(&self, path: &ObjectPath, overwrite: bool, user: &str) -> Result<u64> {
        self.check_place(path, overwrite).await?;
        let (blob, file) = self.blobs.begin().await?;
        let writing = Writing { path: path.clone(), overwrite, blob, file, size: 0 };
        let open = Open {
            used: Instant::now(),
            user: user.to_owned(),
            writing: Arc::new(tokio::sync::Mutex::new(Some(writing))),
        };
        let mut handles = self.handles.lock().unwrap_or_else(PoisonError::into_inner);
        handles.retain(|_, open| open.used.elapsed() < IDLE_LIMIT);
        if handles.len() >= MAX_HANDLES {
            return Err(DbfsError::TooManyHandles);
        }
        // Below 2^53, so that JavaScript clients keep all digits.
        let handle = rand::random::<u64>() >> 11;
        handles.insert(handle, open);
        Ok(handle)
    }

    pub(super) async fn add_block(&self, handle: u64, block: &[u8], user: &str) -> Result<()> {
        let writing = self.handle(handle, user, false)?;
        let mut writing = writing.lock().await;
        let writing = writing.as_mut().ok_or(DbfsError::NoHandle(handle))?;
        writing.size += block.len() as u64;
        if writing.size > MAX_FILE_BYTES {
            return Err(DbfsError::TooLarge);
        }
        writing.file.write_all(block).await?;
        Ok(writing.file.flush().await?)
    }

    pub(super) async fn close(&self, handle: u64, user: &str) -> Result<()> {
        let writing = self.handle(handle, user, true)?;
        let writing = writing.lock().await.take().ok_or(DbfsError::NoHandle(handle))?;
        let Writing { path, overwrite, mut blob, file, size } = writing;
        file.sync_all().await?;
        self.blobs.sync().await?;
        blob.sized(size);
        self.publish(&path, blob, overwrite, user).await
    }

    /// What a user writes under a handle; `last` takes the handle away.
    fn handle(&self, handle: u64, user: &str, last: bool) -> Result<Arc<tokio::sync::Mutex<Option<Writing>>>> {
        let mut handles = self.handles.lock().unwrap_or_else(PoisonError::into_inner);
        handles.retain(|_, open| open.used.elapsed() < IDLE_LIMIT);
        let open = handles.get_mut(&handle).filter(|open| open.user == user).ok_or(DbfsError::NoHandle(handle))?;
        open.used = Instant::now();
        let writing = Arc::clone(&open.writing);
        if last {
            handles.remove(&handle);
        }
        Ok(writing)
    }

    /// Refuses a place before bytes are sent to it.
    async fn check_place(&self, path: &ObjectPath, overwrite: bool) -> Result<()> {
        match self.tree.get(path).await? {
            Some(found) if !overwrite || found.is_folder() => Err(TreeError::Exists(Box::new(found)).into()),
            _ => Ok(()),
        }
    }

    async fn publish(&self, path: &ObjectPath, blob: Blob, overwrite: bool, user: &str) -> Result<()> {
        let content = Some((blob.name(), blob.size()));
        let put = Put { path, kind: Type::File, user, content, overwrite };
        let (_, dropped) = self.tree.put(&put, true).await?;
        blob.keep();
        self.blobs.remove(dropped).await;
        Ok(())
    }
}

//! The workspace's own catalog: what Unity Catalog knows beside the data itself (owners, comments, properties, grants,
//! history) and the SQL warehouses. Kept in memory and in one JSON file, written whole and swapped in atomically.
//!
//! Which tables exist and what columns they have is DuckDB's to say; this says what catalogs and schemas exist.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use anyhow::Context;

use super::state::State;

/// The catalog with its file.
#[derive(Debug)]
pub(crate) struct Metastore {
    path: PathBuf,
    state: Mutex<State>,
    dirty: AtomicBool,
}

impl Metastore {
    /// Reads the file, or starts an empty catalog.
    ///
    /// # Errors
    /// A file that cannot be read or is not ours.
    pub(crate) fn open(folder: &Path) -> anyhow::Result<Self> {
        let path = folder.join("metastore.json");
        let state = match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .with_context(|| format!("the catalog file {} is damaged", path.display()))?,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => State::new(),
            Err(e) => return Err(e).with_context(|| format!("cannot read {}", path.display())),
        };
        let metastore = Self { path, state: Mutex::new(state), dirty: AtomicBool::new(true) };
        metastore.flush()?;
        Ok(metastore)
    }

    /// Looks at the state; keep it short, everything else waits.
    pub(crate) fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.lock())
    }

    /// Changes the state. It is on disk after the next [`Self::flush`].
    pub(crate) fn write<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let result = change(&mut self.lock());
        self.dirty.store(true, Ordering::Release);
        result
    }

    pub(crate) fn catalog_names(&self) -> Vec<String> {
        self.read(|state| state.catalogs.keys().cloned().collect())
    }

    /// Writes the state if it changed.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub(crate) fn flush(&self) -> anyhow::Result<()> {
        if !self.dirty.swap(false, Ordering::AcqRel) {
            return Ok(());
        }
        // The lock is held while writing, so that an older state never replaces a newer one.
        let state = self.lock();
        let result = self.save(&state);
        if result.is_err() {
            self.dirty.store(true, Ordering::Release);
        }
        result
    }

    fn save(&self, state: &State) -> anyhow::Result<()> {
        let temporary = self.path.with_extension("json.new");
        let mut file = fs::File::create(&temporary).with_context(|| format!("cannot write {}", temporary.display()))?;
        file.write_all(&serde_json::to_vec(state)?)?;
        file.sync_all()?;
        fs::rename(&temporary, &self.path).with_context(|| format!("cannot write {}", self.path.display()))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

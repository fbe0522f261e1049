//! How large a project's folder may become by what plugins write: a bound over all calls, where [`crate::disk`] bounds
//! one.
//!
//! The folder is measured once per call that writes, when it first opens a file for writing; from then on each byte
//! that any running call writes into the same folder counts as growth. What is deleted, or written over, is given back
//! when the next call measures, so the bound errs on the side of the disk.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use bricklayer_domain::chain;
use tokio::sync::OnceCell;

use crate::failure::LimitHit;

/// Files and folders that are looked at in one project; a folder with more counts as full, because looking at all of
/// them again and again would cost more than the bytes do.
const MAX_ENTRIES: usize = 200_000;

/// Bytes that running calls wrote, by the folder that they wrote into.
#[derive(Debug, Default)]
pub(crate) struct ProjectSizes(Mutex<HashMap<PathBuf, Weak<AtomicU64>>>);

impl ProjectSizes {
    /// The share of one call in a folder that may have `max` bytes.
    pub(crate) fn share(&self, folder: &Path, max: u64) -> ProjectShare {
        let mut written = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = written.get(folder).and_then(Weak::upgrade);
        let counter = found.unwrap_or_else(|| {
            // Nobody works in these any more.
            written.retain(|_, counter| counter.strong_count() > 0);
            let counter = Arc::new(AtomicU64::new(0));
            written.insert(folder.to_owned(), Arc::downgrade(&counter));
            counter
        });
        ProjectShare { folder: folder.to_owned(), max, written: counter, measured: OnceCell::new() }
    }
}

/// What one call may add to its project.
#[derive(Debug)]
pub(crate) struct ProjectShare {
    folder: PathBuf,
    max: u64,
    /// By all running calls of the project.
    written: Arc<AtomicU64>,
    /// What was left for them when this call looked: how far `written` may go.
    measured: OnceCell<u64>,
}

impl ProjectShare {
    /// Looks how large the folder is, once. A folder that cannot be read has room for nothing.
    pub(crate) async fn measure(&self) {
        let look = || async {
            // Before the look: what is written meanwhile may be counted twice and is never forgotten.
            let before = self.written.load(Ordering::Acquire);
            let folder = self.folder.clone();
            let size = tokio::task::spawn_blocking(move || size_of(&folder)).await;
            match size {
                Ok(Ok(Some(size))) => before.saturating_add(self.max.saturating_sub(size)),
                Ok(Ok(None)) => 0,
                Ok(Err(error)) => {
                    tracing::warn!(error = chain(&error), "a project's folder could not be measured");
                    0
                }
                // The runtime is ending.
                Err(_) => 0,
            }
        };
        self.measured.get_or_init(look).await;
    }

    /// Takes bytes of what is left. Must come after [`measure`](Self::measure); without it nothing is left.
    pub(crate) fn take(&self, bytes: u64) -> Result<(), LimitHit> {
        if bytes == 0 {
            return Ok(());
        }
        let most = self.measured.get().copied().unwrap_or_default();
        let taken = self.written.fetch_update(Ordering::AcqRel, Ordering::Acquire, |written| {
            written.checked_add(bytes).filter(|written| *written <= most)
        });
        taken.map(drop).map_err(|_| LimitHit::Project)
    }
}

/// Bytes of all files below a folder, links not followed; none when there are too many to look at.
fn size_of(folder: &Path) -> io::Result<Option<u64>> {
    let (mut size, mut entries) = (0u64, 0);
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let listed = match fs::read_dir(&folder) {
            Ok(listed) => listed,
            // Gone since it was listed.
            Err(error) if error.kind() == io::ErrorKind::NotFound && entries > 0 => continue,
            Err(error) => return Err(error),
        };
        for entry in listed {
            entries += 1;
            if entries > MAX_ENTRIES {
                return Ok(None);
            }
            let entry = entry?;
            let Ok(metadata) = entry.metadata() else { continue };
            if metadata.is_dir() {
                folders.push(entry.path());
            } else {
                size = size.saturating_add(metadata.len());
            }
        }
    }
    Ok(Some(size))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn calls_of_a_project_share_what_is_left_and_others_do_not() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("deep")).unwrap();
        fs::write(folder.path().join("deep/a"), vec![0; 600]).unwrap();
        std::os::unix::fs::symlink("/", folder.path().join("deep/root")).unwrap();
        let link = fs::symlink_metadata(folder.path().join("deep/root")).unwrap().len();
        let sizes = ProjectSizes::default();
        let max = 1000 + link;

        let one = sizes.share(folder.path(), max);
        assert_eq!(one.take(1), Err(LimitHit::Project), "not measured yet");
        one.measure().await;
        let two = sizes.share(folder.path(), max);
        two.measure().await;
        assert_eq!(
            (one.take(300), two.take(100), one.take(1), two.take(1)),
            (Ok(()), Ok(()), Err(LimitHit::Project), Err(LimitHit::Project))
        );
        assert_eq!(one.take(0), Ok(()), "making files shorter is always possible");

        // A later call finds what is really there: nothing of the 400 was written.
        let three = sizes.share(folder.path(), max);
        three.measure().await;
        assert_eq!(three.take(400), Ok(()));
        let elsewhere = tempfile::tempdir().unwrap();
        let other = sizes.share(elsewhere.path(), 10);
        other.measure().await;
        assert_eq!((other.take(10), other.take(1)), (Ok(()), Err(LimitHit::Project)));
        drop((one, two, three, other));
        sizes.share(folder.path(), 1);
        assert_eq!(sizes.0.lock().unwrap().len(), 1, "idle projects are forgotten");
    }

    #[tokio::test]
    async fn a_folder_that_is_not_there_has_no_room() {
        let share = ProjectSizes::default().share(Path::new("/nonexistent/folder"), 1000);
        share.measure().await;
        assert_eq!(share.take(1), Err(LimitHit::Project));
    }
}

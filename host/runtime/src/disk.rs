//! What one call may write to files: each byte written counts, wherever it goes, for the call and for its project.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::failure::LimitHit;
use crate::project_size::ProjectShare;

/// Bytes that a call may still write; shared by all its open files.
#[derive(Debug, Clone)]
pub(crate) struct DiskShare {
    left: Arc<AtomicU64>,
    /// Absent where the call has no folder.
    project: Option<Arc<ProjectShare>>,
}

impl DiskShare {
    pub(crate) fn new(bytes: u64, project: Option<ProjectShare>) -> Self {
        Self { left: Arc::new(AtomicU64::new(bytes)), project: project.map(Arc::new) }
    }

    /// Must come before the first byte is taken.
    pub(crate) async fn begin(self) {
        if let Some(project) = &self.project {
            project.measure().await;
        }
    }

    pub(crate) fn take(&self, bytes: u64) -> Result<(), LimitHit> {
        let taken = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(bytes));
        taken.map_err(|_| LimitHit::Disk)?;
        self.project.as_ref().map_or(Ok(()), |project| project.take(bytes))
    }
}

//! The limits of the sandbox, and what is said of each when it is met.

use bricklayer_domain::{ToolErrorKind, ToolFailure};

use crate::Limits;
use crate::text::seconds;

/// A limit of the sandbox, raised inside a host function or callback; it travels through wasmtime as the trap's cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LimitHit {
    #[error("memory limit")]
    Memory,
    #[error("table limit")]
    Table,
    #[error("cpu limit")]
    Cpu,
    #[error("stdio limit")]
    Stdio,
    #[error("host call limit")]
    HostCalls,
    #[error("file limit")]
    Disk,
    #[error("project limit")]
    Project,
}

impl LimitHit {
    /// The failure for the limit, by its name and number.
    pub(super) fn failure(self, limits: &Limits) -> ToolFailure {
        let message = match self {
            Self::Memory => format!(
                "memory limit: the call asked for more than {} MiB over all its memories; ask for less data at a time",
                limits.memory_bytes / (1024 * 1024)
            ),
            Self::Table => {
                format!("table limit: the call asked for more than {} table elements", limits.table_elements)
            }
            Self::Cpu => {
                format!(
                    "cpu limit: the call used more than {} of processor time; give it less to do",
                    seconds(limits.cpu)
                )
            }
            Self::Stdio => {
                format!("output limit: the call wrote more than {} bytes to its standard output", limits.stdio_bytes)
            }
            Self::HostCalls => {
                format!("host-call limit: the call used the host's functions more than {} times", limits.host_calls)
            }
            Self::Disk => {
                format!("file limit: the call wrote more than {} bytes to files", limits.file_write_bytes)
            }
            Self::Project => format!(
                "project limit: the project's folder would have more than {} bytes, or has too many files",
                limits.project_bytes
            ),
        };
        ToolFailure::new(ToolErrorKind::LimitExceeded, message)
    }
}

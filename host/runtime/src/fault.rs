//! How a call can end badly by the sandbox's doing, and what the model is told.

use std::time::Duration;

use bricklayer_domain::{ToolErrorKind, ToolFailure};
use wasmtime::component::ResourceTableError;
use wasmtime::{PoolConcurrencyLimitError, Trap};
use wasmtime_wasi::I32Exit;

use crate::Limits;

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

/// The failure for a limit, by its name and number.
pub(crate) fn limit(hit: LimitHit, limits: &Limits) -> ToolFailure {
    let message = match hit {
        LimitHit::Memory => format!(
            "memory limit: the call asked for more than {} MiB over all its memories; ask for less data at a time",
            limits.memory_bytes / (1024 * 1024)
        ),
        LimitHit::Table => {
            format!("table limit: the call asked for more than {} table elements", limits.table_elements)
        }
        LimitHit::Cpu => {
            format!("cpu limit: the call used more than {} of processor time; give it less to do", seconds(limits.cpu))
        }
        LimitHit::Stdio => {
            format!("output limit: the call wrote more than {} bytes to its standard output", limits.stdio_bytes)
        }
        LimitHit::HostCalls => {
            format!("host-call limit: the call used the host's functions more than {} times", limits.host_calls)
        }
        LimitHit::Disk => {
            format!("file limit: the call wrote more than {} bytes to files", limits.file_write_bytes)
        }
        LimitHit::Project => format!(
            "project limit: the project's folder would have more than {} bytes, or has too many files",
            limits.project_bytes
        ),
    };
    ToolFailure::new(ToolErrorKind::LimitExceeded, message)
}

/// The failure for a call that wasmtime ended.
pub(crate) fn classify(error: &wasmtime::Error, limits: &Limits, stdio_tail: &str) -> ToolFailure {
    if let Some(hit) = error.downcast_ref::<LimitHit>() {
        return limit(*hit, limits);
    }
    let exceeded = |message: String| ToolFailure::new(ToolErrorKind::LimitExceeded, message);
    if let Some(ResourceTableError::Full) = error.downcast_ref::<ResourceTableError>() {
        return exceeded(format!("handle limit: the call held more than {} resources at once", limits.handles));
    }
    if error.is::<PoolConcurrencyLimitError>() {
        let mut failure = exceeded("the host runs as many calls as it can; try again in a moment".to_owned());
        failure.retryable = true;
        return failure;
    }
    if let Some(exit) = error.downcast_ref::<I32Exit>() {
        return crash(&format!("it ended itself with exit code {}", exit.0), stdio_tail);
    }
    if let Some(trap) = error.downcast_ref::<Trap>() {
        return match trap {
            Trap::StackOverflow => exceeded("stack limit: the call's functions were nested too deeply".to_owned()),
            other => crash(&other.to_string(), stdio_tail),
        };
    }
    // These have no public type; their texts are wasmtime's own, and a test meets each.
    let text = format!("{error:#}");
    if text.contains("too much data is being copied") || text.contains("hostcall fuel") {
        return exceeded(format!(
            "host-call limit: one call carried more than {} bytes out of the sandbox",
            limits.host_call_bytes
        ));
    }
    if text.contains("handle limit exceeded") {
        return exceeded(format!("handle limit: the call held more than {} resources at once", limits.handles));
    }
    if text.contains("total size of fields exceeds limit") {
        return exceeded(format!("header limit: one set of headers had more than {} bytes", limits.header_bytes));
    }
    if text.contains("requested len") && text.contains("exceeds limit") {
        return exceeded(format!("random limit: more than {} random bytes at once", limits.random_bytes));
    }
    crash(error.root_cause().to_string().as_str(), stdio_tail)
}

fn crash(cause: &str, stdio_tail: &str) -> ToolFailure {
    let mut message = format!("the plugin crashed: {cause}");
    let tail = stdio_tail.trim();
    if !tail.is_empty() {
        message.push_str("\nits last output was:\n");
        message.push_str(tail);
    }
    ToolFailure::new(ToolErrorKind::Trap, message)
}

/// A duration for people.
pub(crate) fn seconds(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds >= 10.0 { format!("{seconds:.0} seconds") } else { format!("{seconds} seconds") }
}

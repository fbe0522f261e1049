//! How a call can end badly by the sandbox's doing, and what the model is told.

use std::time::Duration;

use bricklayer_domain::{ToolErrorKind, ToolFailure};
use wasmtime::component::ResourceTableError;
use wasmtime::{PoolConcurrencyLimitError, Trap};
use wasmtime_wasi::I32Exit;

use super::limit::LimitHit;
use crate::Limits;
use crate::text::seconds;

/// The failure for a call that was stopped.
pub(crate) fn cancelled() -> ToolFailure {
    ToolFailure::new(ToolErrorKind::Cancelled, "the call was stopped")
}

/// The failure for a call that took longer than it may.
pub(crate) fn timed_out(limit: Duration) -> ToolFailure {
    let message = format!("time limit: the call took longer than {}", seconds(limit));
    ToolFailure { retryable: true, ..ToolFailure::new(ToolErrorKind::Timeout, message) }
}

/// The failure for a call that wasmtime ended.
pub(crate) fn classify(error: &wasmtime::Error, limits: &Limits, stdio_tail: &str) -> ToolFailure {
    if let Some(hit) = error.downcast_ref::<LimitHit>() {
        return hit.failure(limits);
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

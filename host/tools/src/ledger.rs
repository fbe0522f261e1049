//! What calls make, rename and delete at the far end, told as it happens.

use async_trait::async_trait;
use bricklayer_domain::{Caller, ResourceChange, ToolName};

/// Keeps the list of what a project made.
#[async_trait]
pub trait ResourceLedger: Send + Sync {
    /// A call made, renamed or deleted something. The call is over only when this returns, so that what it made is in the list
    /// before anybody hears of it; a failure of the list is not the call's.
    async fn changed(&self, caller: &Caller, tool: &ToolName, change: &ResourceChange);
}

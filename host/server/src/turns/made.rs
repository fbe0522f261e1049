//! What calls make, rename and delete at the workspace, in the list of their project.

use async_trait::async_trait;
use bricklayer_domain::{Caller, ResourceChange, ToolName, chain};
use bricklayer_store::Store;
use bricklayer_tools::ResourceLedger;

/// The lists of all projects.
pub(super) struct StoreLedger(pub(super) Store);

#[async_trait]
impl ResourceLedger for StoreLedger {
    async fn changed(&self, caller: &Caller, tool: &ToolName, change: &ResourceChange) {
        let kept = match change {
            ResourceChange::Made(made) => self.0.track_resource(caller, tool, made).await,
            ResourceChange::Renamed(renamed) => {
                self.0.rename_resource(&caller.user, caller.project, renamed).await.map(drop)
            }
            ResourceChange::Deleted { kind, id } => {
                self.0.untrack_resource(&caller.user, caller.project, kind, id).await.map(drop)
            }
        };
        if let Err(error) = kept {
            tracing::error!(error = chain(&error), tool.name = %tool, "the list of resources was not kept up");
        }
    }
}

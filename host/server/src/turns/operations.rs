//! Operations in the database: what calls hand back, and the book of a user's in one project.

use async_trait::async_trait;
use bricklayer_domain::{
    Caller, ContinuingCall, OperationId, OperationOrigin, OperationState, PluginName, ProjectId, RemoteOperation,
    ToolName, UserId, chain,
};
use bricklayer_runtime::{Continuation, OperationStore, Plugin};
use bricklayer_store::{Store, StoreError};
use bricklayer_tools::{BookError, MAX_LISTED_OPERATIONS, OperationBook};
use std::sync::Arc;

/// Where one call's operations go.
pub(super) struct CallOperations {
    pub(super) store: Store,
    pub(super) caller: Caller,
    pub(super) plugin: Arc<Plugin>,
    pub(super) name: PluginName,
    pub(super) tool: ToolName,
}

#[async_trait]
impl OperationStore for CallOperations {
    async fn handed_back(&self, by: Continuation) -> Result<OperationId, Box<dyn std::error::Error + Send + Sync>> {
        let Continuation { tool, input, clean_up } = by;
        let waits = self.plugin.tool(&tool).ok_or("the plugin has no such tool")?;
        let by = ContinuingCall { name: waits.spec().name.clone(), input, clean_up };
        let Caller { user, project, site, tool_call } = &self.caller;
        let origin = OperationOrigin {
            user: user.clone(),
            project: *project,
            plugin: self.name.clone(),
            tool: self.tool.clone(),
            conversation: site.conversation(),
            turn: site.turn(),
            call: tool_call.clone(),
        };
        Ok(self.store.keep_operation(&origin, &by).await?)
    }
}

/// The operations of one user in one project.
pub(super) struct ProjectOperations {
    pub(super) store: Store,
    pub(super) user: UserId,
    pub(super) project: ProjectId,
}

fn refused(error: StoreError) -> BookError {
    match error {
        StoreError::NotFound(_) => BookError::NotFound,
        error => {
            tracing::error!(error = chain(&error), "the operations of a project cannot be reached");
            BookError::Unavailable(Box::new(error))
        }
    }
}

#[async_trait]
impl OperationBook for ProjectOperations {
    async fn get(&self, id: OperationId) -> Result<RemoteOperation, BookError> {
        self.store.get_operation(&self.user, self.project, id).await.map_err(refused)
    }

    async fn list(&self) -> Result<Vec<RemoteOperation>, BookError> {
        self.store.list_operations(&self.user, self.project, MAX_LISTED_OPERATIONS).await.map_err(refused)
    }

    async fn settle(&self, id: OperationId, state: OperationState, said: &str) -> Result<(), BookError> {
        self.store.settle_operation(&self.user, self.project, id, state, said).await.map_err(refused)
    }
}

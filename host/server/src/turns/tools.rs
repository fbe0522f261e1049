//! Plugin tools of one turn: who calls, where, with which powers.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use bricklayer_agent::{CallEffect, ExternalTools, ProgressSink};
use bricklayer_domain::{ToolCall, ToolErrorKind, ToolFailure, ToolOutcome, ToolSpec, Turn, TurnSettings};
use bricklayer_runtime::{CallContext, WorkspaceTarget};
use bricklayer_store::Store;
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;

use super::audit::AuditTrail;
use super::state::StoreState;
use crate::plugins::Plugins;
use crate::workspace::Workspace;

/// Implements the agent's port over the plugin runtime.
#[derive(Debug)]
pub(super) struct PluginTools {
    pub(super) plugins: Arc<Plugins>,
    pub(super) workspace: Workspace,
    pub(super) credential: SecretString,
    pub(super) turn: Turn,
    pub(super) settings: TurnSettings,
    pub(super) project_dir: PathBuf,
    pub(super) store: Store,
    pub(super) audit: AuditTrail,
}

#[async_trait]
impl ExternalTools for PluginTools {
    fn specs(&self) -> Arc<[ToolSpec]> {
        self.plugins.specs()
    }

    async fn effect(&self, call: &ToolCall) -> Option<CallEffect> {
        self.plugins.effect(call).await
    }

    async fn call(&self, call: &ToolCall, progress: ProgressSink, cancel: CancellationToken) -> ToolOutcome {
        let base_url = match self.workspace.base_url_or_cancelled(&cancel).await {
            None => return failed(ToolErrorKind::Cancelled, "stopped by the user".into(), false),
            Some(Err(error)) => return failed(ToolErrorKind::Upstream, error.to_string(), true),
            Some(Ok(url)) => url,
        };
        self.plugins.name_workspace(&base_url);
        let context = |grants| CallContext {
            user: self.turn.user.clone(),
            project: self.turn.project,
            conversation: self.turn.conversation,
            turn: self.turn.id,
            project_dir: Some(self.project_dir.clone()),
            workspace: Some(WorkspaceTarget { base_url, credential: self.credential.clone() }),
            settings: self.settings.clone(),
            grants,
            state: Arc::new(StoreState { store: self.store.clone(), user: self.turn.user.clone() }),
            progress,
            cancel,
            audit: Arc::new(self.audit.clone()),
        };
        self.plugins.call(call, context).await
    }
}

fn failed(kind: ToolErrorKind, message: String, retryable: bool) -> ToolOutcome {
    ToolOutcome::failed(ToolFailure { kind, message, retryable })
}

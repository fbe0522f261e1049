//! Plugin tools of one turn: who calls, where, with which powers.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use bricklayer_agent::{CallLink, ExternalTools, ProgressSink};
use bricklayer_domain::{
    CallReview, ContinuingCall, ToolCall, ToolErrorKind, ToolFailure, ToolOutcome, ToolSpec, Turn, TurnSettings,
};
use bricklayer_plugins::BoundTool;
use bricklayer_runtime::{AuditSink, CallContext, Continuation, Credential, Handover, Plugin, WorkspaceTarget};
use bricklayer_store::Store;
use tokio_util::sync::CancellationToken;

use super::audit::AuditTrail;
use super::session::Session;
use super::state::StoreState;
use crate::plugins::Plugins;
use crate::workspace::Workspace;

/// Implements the agent's port over the plugin runtime.
#[derive(Debug)]
pub(super) struct PluginTools {
    pub(super) plugins: Arc<Plugins>,
    pub(super) workspace: Workspace,
    pub(super) session: Session,
    pub(super) turn: Turn,
    pub(super) settings: TurnSettings,
    pub(super) project_dir: PathBuf,
    pub(super) store: Store,
    pub(super) audit: AuditTrail,
    /// Fires when the server is leaving.
    pub(super) leaving: CancellationToken,
}

/// Puts into the turn's log how a call of a plugin goes on without this host.
struct LogHandover {
    link: CallLink,
    plugin: Arc<Plugin>,
    leaving: CancellationToken,
}

#[async_trait]
impl Handover for LogHandover {
    async fn keep(&self, continuation: Option<Continuation>) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let by = continuation.and_then(|continuation| {
            let spec = self.plugin.tools().iter().find(|spec| spec.name.short() == continuation.tool)?;
            Some(ContinuingCall { name: spec.name.clone(), input: continuation.input })
        });
        Ok(self.link.continued_by(by).await?)
    }

    fn is_leaving(&self) -> bool {
        self.leaving.is_cancelled()
    }
}

#[async_trait]
impl ExternalTools for PluginTools {
    fn specs(&self) -> Arc<[ToolSpec]> {
        self.plugins.service().tools(&self.turn.user, Some(self.turn.project)).specs()
    }

    async fn review(&self, call: &ToolCall) -> Option<CallReview> {
        let tool = self.tool(call).ok()?;
        // A review runs without a workspace, so it neither needs nor waits for one.
        let context = self.context(call, &tool, None, Arc::new(|_| {}), CancellationToken::new());
        self.plugins.review(&tool, &call.input, context).await
    }

    async fn call(&self, call: &ToolCall, progress: ProgressSink, cancel: CancellationToken) -> ToolOutcome {
        self.run(call, progress, None, cancel).await
    }

    async fn call_linked(&self, call: &ToolCall, link: CallLink, cancel: CancellationToken) -> ToolOutcome {
        self.run(call, Arc::clone(&link.progress), Some(link), cancel).await
    }
}

impl PluginTools {
    async fn run(
        &self,
        call: &ToolCall,
        progress: ProgressSink,
        link: Option<CallLink>,
        cancel: CancellationToken,
    ) -> ToolOutcome {
        let tool = match self.tool(call) {
            Ok(tool) => tool,
            Err(failure) => return ToolOutcome::failed(failure),
        };
        let needs_session = tool.plugin.manifest().asks_for_workspace();
        if needs_session && let Err(failure) = self.session.fresh(&progress, &cancel).await {
            return ToolOutcome::failed(failure);
        }
        let base_url = if tool.plugin.manifest().asks_for_workspace() {
            match self.workspace.base_url_or_cancelled(&cancel).await {
                None => return failed(ToolErrorKind::Cancelled, "stopped by the user".into(), false),
                Some(Err(error)) => return failed(ToolErrorKind::Upstream, error.to_string(), true),
                Some(Ok(url)) => Some(url),
            }
        } else {
            // Only its name is told, for links: a plugin of something else neither waits nor fails for it.
            self.workspace.base_url_if_ready().await
        };
        let workspace = base_url.map(|base_url| {
            self.plugins.name_workspace(&base_url);
            WorkspaceTarget { base_url, credential: Credential::clone(&self.session.credential) }
        });
        let handover = link.map(|link| {
            let handover = LogHandover { link, plugin: Arc::clone(&tool.plugin), leaving: self.leaving.clone() };
            Arc::new(handover) as Arc<dyn Handover>
        });
        let began = Instant::now();
        let token = self.session.credential.secret();
        let run = |context| self.plugins.service().call(&tool, &call.input, context);
        let context = || CallContext {
            handover: handover.clone(),
            ..self.context(call, &tool, workspace.clone(), Arc::clone(&progress), cancel.clone())
        };
        let mut outcome = run(context()).await;
        // What only reads can be asked again once the user is back.
        if needs_session
            && is_unauthenticated(&outcome)
            && self.only_reads(call)
            && self.session.renewed(&token, &progress, &cancel).await
        {
            outcome = run(context()).await;
        }
        if let Some(failure) = outcome.failure.as_mut().filter(|_| needs_session) {
            self.explain(failure, workspace.as_ref()).await;
        }
        if let Some(spectator) = self.plugins.spectator() {
            spectator.called(call, &outcome, began.elapsed());
        }
        outcome
    }

    /// Adds what a person does about a failure at the workspace, where that is known.
    async fn explain(&self, failure: &mut ToolFailure, target: Option<&WorkspaceTarget>) {
        match (failure.kind, &self.workspace, target) {
            (ToolErrorKind::Unauthenticated, ..) => self.session.explain(failure),
            (ToolErrorKind::PermissionDenied, ..) => self.session.explain_permission(failure),
            (ToolErrorKind::Upstream, Workspace::Local(local), Some(target)) => {
                if let Some(reason) = local.end_of(&target.base_url).await {
                    failure.message.push_str("\nthe local workspace ended: ");
                    failure.message.push_str(&reason);
                    failure.remedy = Some("it starts again by itself; ask for less at a time".to_owned());
                }
            }
            _ => {}
        }
    }

    fn only_reads(&self, call: &ToolCall) -> bool {
        self.specs().iter().any(|spec| spec.name == call.name && spec.annotations.read_only)
    }

    fn tool(&self, call: &ToolCall) -> Result<BoundTool, ToolFailure> {
        self.plugins.service().tool(&self.turn.user, self.turn.project, &call.name)
    }

    fn context(
        &self,
        call: &ToolCall,
        tool: &BoundTool,
        workspace: Option<WorkspaceTarget>,
        progress: ProgressSink,
        cancel: CancellationToken,
    ) -> CallContext {
        let audit: Arc<dyn AuditSink> = Arc::new(self.audit.of(tool.installation));
        CallContext {
            user: self.turn.user.clone(),
            project: self.turn.project,
            conversation: self.turn.conversation,
            turn: self.turn.id,
            tool_call: Some(call.id.clone()),
            project_dir: Some(self.project_dir.clone()),
            workspace,
            settings: self.settings.clone(),
            grants: Arc::clone(&tool.grants),
            state: Arc::new(StoreState { store: self.store.clone(), user: self.turn.user.clone() }),
            progress,
            cancel,
            audit: match self.plugins.spectator() {
                Some(spectator) => spectator.over(audit),
                None => audit,
            },
            handover: None,
        }
    }
}

fn failed(kind: ToolErrorKind, message: String, retryable: bool) -> ToolOutcome {
    ToolOutcome::failed(ToolFailure { retryable, ..ToolFailure::new(kind, message) })
}

fn is_about_session(failure: &ToolFailure) -> bool {
    failure.kind == ToolErrorKind::Unauthenticated
}

fn is_unauthenticated(outcome: &ToolOutcome) -> bool {
    outcome.failure.as_ref().is_some_and(is_about_session)
}

//! Plugin tools of one turn: who calls, where, with which powers.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use async_trait::async_trait;
use bricklayer_agent::{CallLink, ExternalTools, ProgressSink};
use bricklayer_domain::{
    CallReview, CallSite, Caller, CleanUp, ContinuingCall, MAX_MESSAGE_BLOCKS, ToolCall, ToolCallId, ToolErrorKind,
    ToolFailure, ToolOutcome, Turn, TurnSettings,
};
use bricklayer_plugins::BoundCall;
use bricklayer_runtime::{
    AuditSink, CallContext, CallRecord, Continuation, Credential, Handover, Plugin, RequestRecord, WorkspaceTarget,
};
use bricklayer_store::Store;
use bricklayer_tools::ToolList;
use tokio_util::sync::CancellationToken;

use super::audit::AuditTrail;
use super::session::Session;
use super::state::StoreState;
use crate::plugins::Plugins;
use crate::workspace::Workspace;

/// What a call may have changed at a far end, seen on the way of its records.
struct Changes {
    sink: Arc<dyn AuditSink>,
    made: AtomicUsize,
}

impl Changes {
    fn over(sink: Arc<dyn AuditSink>) -> Self {
        Self { sink, made: AtomicUsize::new(0) }
    }

    /// Whether a request that may change something got anywhere, as far as is known.
    fn may_have_been_made(&self) -> bool {
        self.made.load(Ordering::SeqCst) > 0
    }
}

impl AuditSink for Changes {
    fn changing(&self) {
        self.made.fetch_add(1, Ordering::SeqCst);
        self.sink.changing();
    }

    fn unauthenticated(&self) {
        self.made.fetch_sub(1, Ordering::SeqCst);
        self.sink.unauthenticated();
    }

    fn request(&self, record: RequestRecord) {
        self.sink.request(record);
    }

    fn call(&self, record: CallRecord) {
        self.sink.call(record);
    }
}

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
    /// Calls that were judged and have not run yet: what was judged is what runs.
    pub(super) judged: Mutex<HashMap<ToolCallId, (ToolCall, BoundCall)>>,
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
            let Continuation { tool, input, clean_up } = continuation;
            let tool = self.plugin.tool(&tool)?;
            Some(ContinuingCall { name: tool.spec().name.clone(), input, clean_up })
        });
        Ok(self.link.continued_by(by).await?)
    }

    fn is_leaving(&self) -> bool {
        self.leaving.is_cancelled()
    }
}

#[async_trait]
impl ExternalTools for PluginTools {
    fn specs(&self) -> ToolList {
        self.plugins.service().tools(&self.turn.user, Some(self.turn.project)).specs()
    }

    async fn review(&self, call: &ToolCall) -> Option<CallReview> {
        let bound = self.bind(call).ok()?;
        self.hold(call, bound.clone());
        // A review runs without a workspace, so it neither needs nor waits for one.
        self.plugins.service().review(&bound, self.context(call, &bound)).await
    }

    async fn clean_up(&self, call: &ToolCall, requests: Vec<CleanUp>) -> bool {
        let Ok(bound) = self.bind(call) else { return false };
        let Ok(base_url) = self.workspace.base_url().await else { return false };
        let workspace = WorkspaceTarget::named(base_url, Credential::clone(&self.session.credential));
        let context = CallContext { workspace: Some(workspace), ..self.context(call, &bound) };
        self.plugins.service().clean_up(&bound, requests, context).await
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
        let bound = match self.held(call).map_or_else(|| self.bind(call), Ok) {
            Ok(bound) => bound,
            Err(failure) => return ToolOutcome::failed(failure),
        };
        let tool = &bound.tool().tool;
        let needs_session = tool.plugin().manifest().asks_for_workspace();
        if needs_session && let Err(failure) = self.session.fresh(&progress, &cancel).await {
            return ToolOutcome::failed(failure);
        }
        let base_url = if needs_session {
            match self.workspace.base_url_or_cancelled(&cancel).await {
                None => return failed(ToolErrorKind::Cancelled, "stopped by the user".into(), false),
                Some(Err(error)) => return failed(ToolErrorKind::Upstream, error.to_string(), true),
                Some(Ok(url)) => Some(url),
            }
        } else {
            // Only its name is told, for links: a plugin of something else neither waits nor fails for it.
            self.workspace.base_url_if_ready().await
        };
        // The operator named it, or it is the local one.
        let workspace =
            base_url.map(|base_url| WorkspaceTarget::named(base_url, Credential::clone(&self.session.credential)));
        let handover = link.map(|link| {
            let handover = LogHandover { link, plugin: Arc::clone(tool.plugin()), leaving: self.leaving.clone() };
            Arc::new(handover) as Arc<dyn Handover>
        });
        let began = Instant::now();
        let token = self.session.credential.secret();
        let run = |context| self.plugins.service().call(&bound, context);
        let context = || CallContext {
            workspace: workspace.clone(),
            progress: Arc::clone(&progress),
            cancel: cancel.clone(),
            handover: handover.clone(),
            ..self.context(call, &bound)
        };
        let first = context();
        let changes = Arc::new(Changes::over(Arc::clone(&first.audit)));
        let mut outcome = run(CallContext { audit: Arc::clone(&changes) as _, ..first }).await;
        // Nothing ran where nobody was known, so it can be asked again once the user is back.
        if needs_session
            && is_unauthenticated(&outcome)
            && (tool.spec().annotations.read_only || !changes.may_have_been_made())
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

    /// Finds the call's tool and reads its arguments.
    fn bind(&self, call: &ToolCall) -> Result<BoundCall, ToolFailure> {
        let tool = self.plugins.service().tool(&self.turn.user, self.turn.project, &call.name)?;
        Ok(tool.prepare(&call.input))
    }

    /// Keeps what a call was judged by until it runs.
    fn hold(&self, call: &ToolCall, bound: BoundCall) {
        let mut judged = self.judged.lock().unwrap_or_else(PoisonError::into_inner);
        if judged.len() >= MAX_MESSAGE_BLOCKS {
            judged.clear();
        }
        judged.insert(call.id.clone(), (call.clone(), bound));
    }

    /// What the call was judged by, if it was judged here.
    fn held(&self, call: &ToolCall) -> Option<BoundCall> {
        let mut judged = self.judged.lock().unwrap_or_else(PoisonError::into_inner);
        judged.remove(&call.id).filter(|(same, _)| same == call).map(|(_, bound)| bound)
    }

    /// Of a call without a workspace, of which nobody hears.
    fn context(&self, call: &ToolCall, bound: &BoundCall) -> CallContext {
        let audit: Arc<dyn AuditSink> = Arc::new(self.audit.of(bound.tool().installation));
        let Turn { user, project, conversation, id, .. } = &self.turn;
        let site = CallSite::Turn { conversation: *conversation, turn: *id };
        let caller = Caller { tool_call: Some(call.id.clone()), ..Caller::new(user.clone(), *project, site) };
        CallContext {
            project_dir: Some(self.project_dir.clone()),
            settings: self.settings.clone(),
            state: Arc::new(StoreState { store: self.store.clone(), user: user.clone() }),
            audit: match self.plugins.spectator() {
                Some(spectator) => spectator.over(audit),
                None => audit,
            },
            ..CallContext::new(caller)
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

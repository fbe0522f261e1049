//! Plugins as a source of tools for the gate: where their calls run, with whose credential and powers, and who hears of
//! it. Nothing here knows what calls: a turn, an MCP session or a workflow.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bricklayer_agent::{ProjectFolder, SeenFiles, Subagents};
use bricklayer_domain::{
    CallPreview, CallReview, CallSite, Caller, CleanUp, ContinuingCall, PermissionMode, PermissionRules, ProjectId,
    ResultId, ToolCall, ToolErrorKind, ToolFailure, ToolName, ToolOutcome, ToolSpec, TurnSettings, UserId,
};
use bricklayer_plugins::BoundCall;
use bricklayer_results::Results;
use bricklayer_runtime::{
    AuditSink, CallContext, CallRecord, Continuation, Credential, Handover, OperationStore, Plugin, RequestRecord,
    ResultStore, WorkspaceTarget,
};
use bricklayer_skills::{AgentSet, SkillSet};
use bricklayer_store::Store;
use bricklayer_tools::{
    CallLink, Continuations, Gate, GateLimits, GateRules, OperationTools, Provider, ProviderCall, ToolList, catalogue,
};
use bricklayer_workflows::WorkflowTools;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::audit::AuditTrail;
use super::made::StoreLedger;
use super::operations::{CallOperations, ProjectOperations};
use super::reading::ProjectResults;
use super::results::{StoreKeeper, StoreResults};
use super::session::Session;
use super::state::StoreState;
use super::{GateError, Inner, TurnEnvironment};
use crate::plugins::Plugins;
use crate::skills::SkillsHere;
use crate::workspace::Workspace;

/// What came of a call's requests, seen on the way of its records.
struct Seen {
    sink: Arc<dyn AuditSink>,
    made: AtomicUsize,
    unknown_caller: AtomicBool,
}

impl Seen {
    fn over(sink: Arc<dyn AuditSink>) -> Self {
        Self { sink, made: AtomicUsize::new(0), unknown_caller: AtomicBool::new(false) }
    }

    /// Whether a request that may change something got anywhere, as far as is known.
    fn may_have_changed(&self) -> bool {
        self.made.load(Ordering::SeqCst) > 0
    }

    /// Whether the workspace did not know the caller; another far end's refusal is not about their session.
    fn unknown_caller(&self) -> bool {
        self.unknown_caller.load(Ordering::SeqCst)
    }
}

impl AuditSink for Seen {
    fn changing(&self) {
        self.made.fetch_add(1, Ordering::SeqCst);
        self.sink.changing();
    }

    fn unauthenticated(&self) {
        self.made.fetch_sub(1, Ordering::SeqCst);
        self.sink.unauthenticated();
    }

    fn unknown_caller(&self) {
        self.unknown_caller.store(true, Ordering::SeqCst);
        self.sink.unknown_caller();
    }

    fn request(&self, record: RequestRecord) {
        self.sink.request(record);
    }

    fn call(&self, record: CallRecord) {
        self.sink.call(record);
    }
}

/// What calls of plugins work with: those of one user in one project.
#[derive(Debug)]
struct PluginTools {
    shop: Arc<Shop>,
}

impl PluginTools {
    fn new(shop: Shop) -> Self {
        Self { shop: Arc::new(shop) }
    }
}

/// The same for all calls that come in by one door.
#[derive(Debug)]
struct Shop {
    plugins: Arc<Plugins>,
    workspace: Workspace,
    session: Session,
    /// Whose session it is, and where they work: calls of nobody else are served.
    user: UserId,
    project: ProjectId,
    settings: TurnSettings,
    project_dir: PathBuf,
    store: Store,
    results: Results,
    audit: AuditTrail,
    /// Fires when the server is leaving.
    leaving: CancellationToken,
}

/// A call of a plugin's tool: of the version that was found, with its arguments read.
#[derive(Debug)]
struct PluginCall {
    shop: Arc<Shop>,
    caller: Caller,
    bound: BoundCall,
    /// The call as it was asked for, where somebody watches.
    watched: Option<ToolCall>,
}

/// Who comes in by a door, and what they brought.
pub(super) struct Door {
    pub(super) caller: Caller,
    pub(super) credential: Arc<Credential>,
    pub(super) settings: TurnSettings,
    /// What the file tools have seen for them.
    pub(super) seen: SeenFiles,
    /// The project's skills.
    pub(super) skills: SkillsHere,
    /// The subagents that they may ask.
    pub(super) subagents: Option<Arc<dyn Subagents>>,
    /// Set for one who works for another: no more than that one may.
    pub(super) within: Option<Within>,
}

/// What one may who works for another.
pub(super) struct Within {
    /// How much runs unasked.
    pub(super) mode: PermissionMode,
    /// The tools that there are; none: all.
    pub(super) only: Option<Arc<[String]>>,
}

impl TurnEnvironment {
    /// The tools of all sources, as a user has them in a project with these skills; without one, in a project that
    /// switched nothing.
    pub(crate) fn list_tools(
        &self,
        user: &UserId,
        project: Option<ProjectId>,
        skills: &SkillSet,
        agents: &AgentSet,
    ) -> ToolList {
        let plugins = self.plugins.service().tools(user, project).specs();
        let mut lists = vec![self.built_ins.list(skills, agents), OperationTools::specs()];
        if self.limits.max_subagents > 0 {
            lists.push(WorkflowTools::specs());
        }
        lists.push(plugins);
        catalogue(&lists)
    }
}

impl Inner {
    /// Opens the gate: the tools of all sources, and the rules that hold for this caller.
    ///
    /// # Errors
    /// When the project's folder cannot be opened, or its choice of tools cannot be read.
    pub(super) async fn open_gate(&self, door: Door) -> Result<Gate, GateError> {
        let Door { caller, credential, settings, seen, skills, subagents, within } = door;
        let environment = &self.environment;
        let folder = environment.folders.open(caller.project).await.map_err(GateError::Folder)?;
        let mut choice = self.store.tool_choice(&caller.user, caller.project).await?;
        choice.hidden.extend(skills.hidden_families());
        let permissions = self.store.project_permissions(&caller.user, caller.project).await?;
        let rules = PermissionRules { operator: Arc::clone(&environment.rules), project: permissions.rules };
        let folder = ProjectFolder::from_dir(folder).with_max_bytes(environment.project_bytes);
        let rules = Arc::new(rules);
        let of_files = Arc::clone(&rules);
        let of_user = environment.permissions.of(settings.permission_mode);
        let rules = GateRules {
            mode: within.as_ref().map_or(of_user, |within| within.mode),
            rules,
            choice: Arc::new(choice),
            second_look: permissions.second_look,
            loosest: environment.permissions.loosest,
            only: within.as_ref().and_then(|within| within.only.clone()),
        };
        let plugins = PluginTools::new(Shop {
            plugins: Arc::clone(&environment.plugins),
            workspace: environment.workspace.clone(),
            session: Session {
                credential,
                is_renewable: environment.credentials.is_renewable(),
                renewal_wait: environment.sign_in_wait,
                user: caller.user.clone(),
                presence: self.presence.clone(),
            },
            user: caller.user.clone(),
            project: caller.project,
            settings,
            project_dir: environment.folders.path(caller.project),
            store: self.store.clone(),
            results: environment.results.clone(),
            audit: self.audit.clone(),
            leaving: self.lifecycle.soft().clone(),
        });
        let results =
            ProjectResults { results: environment.results.clone(), user: caller.user.clone(), project: caller.project };
        let built_ins =
            environment.built_ins.in_project(folder, seen, Arc::new(results), skills.enabled).under(of_files);
        let workflows = subagents.clone().map(|lanes| Arc::new(WorkflowTools::new(lanes)) as Arc<dyn Provider>);
        let built_ins = match subagents {
            Some(subagents) => built_ins.with_subagents(subagents),
            None => built_ins,
        };
        // A turn's log tells of each of its calls, and its questions wait there; no other door has one.
        let logged = matches!(caller.site, CallSite::Turn { .. });
        let built_ins = if logged && within.is_none() { built_ins } else { built_ins.without_questions() };
        let plugins: Arc<dyn Provider> = Arc::new(plugins);
        let book = ProjectOperations { store: self.store.clone(), user: caller.user.clone(), project: caller.project };
        let operations = OperationTools::new(Arc::new(book), Arc::clone(&plugins));
        let mut providers: Vec<Arc<dyn Provider>> = vec![Arc::new(built_ins), Arc::new(operations)];
        providers.extend(workflows);
        providers.push(plugins);
        let gate = Gate::ruled(caller, rules, GateLimits::default(), providers, &self.offers)
            .with_ledger(Arc::new(StoreLedger(self.store.clone())));
        let gate = match environment.hooks.of_calls() {
            Some(hooks) => gate.with_hooks(hooks),
            None => gate,
        };
        // Results are a conversation's.
        let keeper = || Arc::new(StoreKeeper(environment.results.clone()));
        Ok(if logged { gate.with_keeper(keeper()) } else { gate.with_audit(Arc::new(self.audit.clone())) })
    }
}

/// Tells whoever made a call how it goes on without this host.
struct LogHandover {
    continuations: Arc<dyn Continuations>,
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
        Ok(self.continuations.keep(by).await?)
    }

    fn is_leaving(&self) -> bool {
        self.leaving.is_cancelled()
    }
}

impl Provider for PluginTools {
    fn list(&self) -> ToolList {
        let Shop { plugins, user, project, .. } = &*self.shop;
        plugins.service().tools(user, Some(*project)).specs()
    }

    fn resolve(&self, caller: &Caller, name: &ToolName, input: &Value) -> Option<Box<dyn ProviderCall>> {
        let Shop { plugins, user, project, .. } = &*self.shop;
        if (&caller.user, &caller.project) != (user, project) {
            return None;
        }
        let bound = plugins.service().tool(user, *project, name).ok()?.prepare(input);
        let watched = plugins.spectator().and(caller.tool_call.as_ref());
        let watched = watched.map(|id| ToolCall { id: id.clone(), name: name.clone(), input: input.clone() });
        Some(Box::new(PluginCall { shop: Arc::clone(&self.shop), caller: caller.clone(), bound, watched }))
    }
}

#[async_trait]
impl ProviderCall for PluginCall {
    fn spec(&self) -> &Arc<ToolSpec> {
        self.bound.tool().tool.spec()
    }

    async fn review(&self) -> Option<CallReview> {
        // A review runs without a workspace, so it neither needs nor waits for one.
        self.shop.plugins.service().review(&self.bound, self.context()).await
    }

    async fn preview(&self) -> Option<CallPreview> {
        let Shop { plugins, workspace, session, .. } = &*self.shop;
        if !plugins.service().can_preview(&self.bound) {
            return None;
        }
        let base_url = match workspace.base_url().await {
            Ok(url) => url,
            Err(error) => return Some(CallPreview::Unknown(error.to_string())),
        };
        let workspace = Some(WorkspaceTarget::named(base_url, Credential::clone(&session.credential)));
        plugins.service().preview(&self.bound, CallContext { workspace, ..self.context() }).await
    }

    async fn clean_up(&self, requests: Vec<CleanUp>) -> bool {
        let Shop { plugins, workspace, session, .. } = &*self.shop;
        let Ok(base_url) = workspace.base_url().await else { return false };
        let workspace = WorkspaceTarget::named(base_url, Credential::clone(&session.credential));
        let context = CallContext { workspace: Some(workspace), ..self.context() };
        plugins.service().clean_up(&self.bound, requests, context).await
    }

    async fn run(&self, link: CallLink) -> ToolOutcome {
        let Shop { plugins, workspace: place, session, leaving, .. } = &*self.shop;
        let tool = &self.bound.tool().tool;
        let needs_session = tool.plugin().manifest().asks_for_workspace();
        if needs_session && let Err(failure) = session.fresh(&link).await {
            return ToolOutcome::failed(failure);
        }
        let CallLink { progress, cancel, continuations, rerun_of, within, .. } = link.clone();
        let base_url = if needs_session {
            match place.base_url_or_cancelled(&cancel).await {
                None => return failed(ToolErrorKind::Cancelled, "stopped by the user".into(), false),
                Some(Err(error)) => return failed(ToolErrorKind::Upstream, error.to_string(), true),
                Some(Ok(url)) => Some(url),
            }
        } else {
            // Only its name is told, for links: a plugin of something else neither waits nor fails for it.
            place.base_url_if_ready().await
        };
        // The operator named it, or it is the local one.
        let workspace =
            base_url.map(|base_url| WorkspaceTarget::named(base_url, Credential::clone(&session.credential)));
        let handover = continuations.map(|continuations| {
            let plugin = Arc::clone(tool.plugin());
            Arc::new(LogHandover { continuations, plugin, leaving: leaving.clone() }) as Arc<dyn Handover>
        });
        let results = self.results(workspace.as_ref(), rerun_of);
        let operations = self.operations();
        let began = Instant::now();
        let token = session.credential.secret();
        let run = |context| plugins.service().call(&self.bound, context);
        let context = || CallContext {
            workspace: workspace.clone(),
            progress: Arc::clone(&progress),
            cancel: cancel.clone(),
            handover: handover.clone(),
            results: results.clone(),
            operations: Some(Arc::clone(&operations)),
            within,
            ..self.context()
        };
        let first = context();
        let seen = Arc::new(Seen::over(Arc::clone(&first.audit)));
        let mut outcome = run(CallContext { audit: Arc::clone(&seen) as _, ..first }).await;
        // Nothing ran where nobody was known, so it can be asked again once the user is back.
        if needs_session
            && is_unauthenticated(&outcome)
            && seen.unknown_caller()
            && (tool.spec().annotations.read_only || !seen.may_have_changed())
            && session.renewed(&token, &link).await
        {
            let first = outcome;
            outcome = run(context()).await;
            outcome.results.splice(0..0, first.results);
            outcome.told.insert_str(0, &first.told);
        }
        if let Some(failure) = outcome.failure.as_mut().filter(|_| needs_session) {
            self.shop.explain(failure, workspace.as_ref()).await;
        }
        if let Some((spectator, call)) = plugins.spectator().zip(self.watched.as_ref()) {
            spectator.called(call, &outcome, began.elapsed());
        }
        outcome
    }

    /// The sandbox ends it, by the time that its manifest asks for and the operator allows.
    fn time_limit(&self) -> Option<Duration> {
        None
    }

    /// The sandbox records it, with what it used.
    fn is_recorded(&self) -> bool {
        true
    }
}

impl PluginCall {
    /// Where it keeps what it makes for people: in its conversation, when it has one.
    fn results(&self, workspace: Option<&WorkspaceTarget>, rerun_of: Option<ResultId>) -> Option<Arc<dyn ResultStore>> {
        self.caller.site.conversation()?;
        let host = workspace.and_then(|workspace| workspace.base_url.host_str()).map(str::to_owned);
        let tool = self.spec().name.clone();
        let results = StoreResults::new(self.shop.results.clone(), self.caller.clone(), tool);
        Some(Arc::new(results.at_workspace(host).instead_of(rerun_of)))
    }

    /// Where it leaves what goes on when it returns.
    fn operations(&self) -> Arc<dyn OperationStore> {
        let plugin = self.bound.tool().tool.plugin();
        Arc::new(CallOperations {
            store: self.shop.store.clone(),
            caller: self.caller.clone(),
            plugin: Arc::clone(plugin),
            name: plugin.manifest().name.clone(),
            tool: self.spec().name.clone(),
        })
    }

    /// Of a call without a workspace, of which nobody hears.
    fn context(&self) -> CallContext {
        let Shop { plugins, settings, project_dir, store, audit, user, .. } = &*self.shop;
        let audit: Arc<dyn AuditSink> = Arc::new(audit.of(self.bound.tool().installation));
        CallContext {
            project_dir: Some(project_dir.clone()),
            settings: settings.clone(),
            state: Arc::new(StoreState { store: store.clone(), user: user.clone() }),
            audit: match plugins.spectator() {
                Some(spectator) => spectator.over(audit),
                None => audit,
            },
            ..CallContext::new(self.caller.clone())
        }
    }
}

impl Shop {
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

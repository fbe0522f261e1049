//! The service: one handle for everything that happens to plugins on this host.

use std::sync::{Arc, Mutex};

use arc_swap::ArcSwap;
use bricklayer_domain::{
    CallPreview, CallReview, CleanUp, InstallationId, PluginName, ProjectId, ToolErrorKind, ToolFailure, ToolName,
    ToolOutcome, UserId, chain,
};
use bricklayer_package::PackageError;
use bricklayer_runtime::{CallContext, Grants, Runtime};
use bricklayer_sources::Fetcher;
use bricklayer_store::{Store, StoreError};
use tokio::sync::{Notify, watch};

use crate::PluginError;
use crate::failures::Failures;
use crate::live::Live;
use crate::loaded::Loaded;
use crate::policy::{Actor, Policy};
use crate::table::{BoundCall, BoundTool, ProjectTools, Table};

/// What the service is made of.
#[derive(Debug)]
pub struct PluginParts {
    /// Where installations and packages are kept.
    pub store: Store,
    /// Where plugins run.
    pub runtime: Arc<Runtime>,
    /// How packages are fetched.
    pub fetcher: Fetcher,
    /// The operator's policy.
    pub policy: Policy,
    /// The packages that ship with the host, in the order of their tools.
    pub shipped: Vec<Vec<u8>>,
}

/// The plugins of this host; cheap to clone. Nothing of this is reachable from a tool: powers are given by people,
/// over the HTTP API and the command line.
#[derive(Debug, Clone)]
pub struct PluginService {
    pub(crate) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) store: Store,
    pub(crate) runtime: Arc<Runtime>,
    pub(crate) fetcher: Fetcher,
    pub(crate) policy: Policy,
    pub(crate) shipped: Vec<Vec<u8>>,
    pub(crate) shipped_names: Vec<PluginName>,
    pub(crate) table: ArcSwap<Table>,
    /// Held while a table is made and swapped in; never while anything is fetched or compiled.
    pub(crate) making_table: tokio::sync::Mutex<()>,
    pub(crate) loaded: Loaded,
    pub(crate) failures: Mutex<Failures>,
    /// Tells the driver that there is something to load.
    pub(crate) wake: Notify,
    /// Counts the tables: whoever shows lists of tools looks again.
    pub(crate) changes: watch::Sender<u64>,
}

impl PluginService {
    /// Makes the service; nothing is loaded yet, see [`PluginService::start`].
    ///
    /// # Errors
    /// When a shipped package is no package: the build is broken.
    pub fn new(parts: PluginParts) -> Result<Self, PackageError> {
        let PluginParts { store, runtime, fetcher, policy, shipped } = parts;
        let names = shipped.iter().map(|bytes| Ok(bricklayer_package::read_manifest(bytes)?.name));
        let shipped_names = names.collect::<Result<Vec<_>, PackageError>>()?;
        let inner = Inner {
            store,
            runtime,
            fetcher,
            policy,
            shipped,
            shipped_names,
            table: ArcSwap::default(),
            making_table: tokio::sync::Mutex::default(),
            loaded: Loaded::default(),
            failures: Mutex::default(),
            wake: Notify::new(),
            changes: watch::Sender::new(0),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The operator's policy.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.inner.policy
    }

    /// The sandbox.
    #[must_use]
    pub fn runtime(&self) -> &Arc<Runtime> {
        &self.inner.runtime
    }

    /// Counts up whenever somebody may have other tools than before.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.inner.changes.subscribe()
    }

    /// A user's tools in a project; without one, those of a project that neither switched anything nor gave anything.
    /// Answered from memory.
    #[must_use]
    pub fn tools(&self, user: &UserId, project: Option<ProjectId>) -> ProjectTools {
        self.inner.table.load().tools(user, project)
    }

    /// Name, version and number of tools of what serves a user in a project that switched nothing.
    #[must_use]
    pub fn summaries(&self, user: &UserId) -> Vec<(String, String, usize)> {
        self.inner.table.load().summaries(user)
    }

    /// The tool of a call that begins now, to be held to the call's end.
    ///
    /// # Errors
    /// When the user has no such tool in the project (any more), as the model is told.
    pub fn tool(&self, user: &UserId, project: ProjectId, name: &ToolName) -> Result<BoundTool, ToolFailure> {
        self.tools(user, Some(project)).find(name).ok_or_else(|| no_tool(name))
    }

    /// What this very call would do, when its plugin can tell. It runs with no power at all.
    pub async fn review(&self, call: &BoundCall, context: CallContext) -> Option<CallReview> {
        self.inner.runtime.review(&call.prepared, context).await
    }

    /// Whether a call's plugin looks for what it would meet.
    #[must_use]
    pub fn can_preview(&self, call: &BoundCall) -> bool {
        call.prepared.tool().plugin().previews()
    }

    /// What this very call would meet, when its plugin can look; with the powers of now, as far as they change nothing.
    pub async fn preview(&self, call: &BoundCall, context: CallContext) -> Option<CallPreview> {
        let grants = self.grants_now(&call.tool)?;
        self.inner.runtime.preview(&call.prepared, CallContext { grants, ..context }).await
    }

    /// Runs a call, of the version that was found, with the powers that its user's project gives that version now: what
    /// was revoked, switched off or removed since it was found is so for this call. The context's own grants count for
    /// nothing.
    pub async fn call(&self, call: &BoundCall, context: CallContext) -> ToolOutcome {
        let Some(grants) = self.grants_now(&call.tool) else {
            return ToolOutcome::failed(no_tool(&call.tool.tool.spec().name));
        };
        let outcome = self.inner.runtime.run(&call.prepared, CallContext { grants, ..context }).await;
        self.note(&call.tool, &outcome).await;
        outcome
    }

    /// Ends what an earlier run of a call left at the workspace, with the powers of now; see [`Runtime::clean_up`].
    pub async fn clean_up(&self, call: &BoundCall, requests: Vec<CleanUp>, context: CallContext) -> bool {
        let Some(grants) = self.grants_now(&call.tool) else { return false };
        self.inner.runtime.clean_up(&call.prepared, requests, CallContext { grants, ..context }).await
    }

    /// What a call of a tool may do now; nothing when it may not be called any more.
    fn grants_now(&self, tool: &BoundTool) -> Option<Arc<Grants>> {
        let table = self.inner.table.load();
        let live = table.get(tool.installation)?;
        if Arc::ptr_eq(live, &tool.live) {
            return Some(Arc::clone(&tool.grants));
        }
        let on = live.enabled && tool.project.is_none_or(|project| live.on_in(project));
        on.then(|| live.grants_of(tool.tool.plugin(), tool.project, &self.inner.policy))
    }

    /// Counts a call's end; a new version that keeps trapping goes back to the one before.
    async fn note(&self, tool: &BoundTool, outcome: &ToolOutcome) {
        let Some(row) = tool.live.row() else { return };
        let is_active = row.active.digest == tool.serving.digest;
        if !tool.serving.trial.note(outcome, row.active.installed_at, bricklayer_domain::now())
            || !is_active
            || row.previous.is_none()
        {
            return;
        }
        if let Err(error) = self.roll_back_by_itself(&tool.live, &tool.serving.digest).await {
            tracing::error!(plugin.name = %tool.live.name, error = chain(&error), "a trapping version was not rolled back");
        }
    }

    /// The installation as the actor may see it, from memory.
    pub(crate) fn seen(&self, actor: &Actor, id: InstallationId) -> Result<Arc<Live>, PluginError> {
        let table = self.inner.table.load();
        let live = table.get(id).filter(|live| self.inner.policy.sees(actor, &live.owner));
        live.cloned().ok_or(PluginError::NotFound)
    }

    /// Checks that the project is the actor's.
    pub(crate) async fn own_project(&self, actor: &Actor, project: ProjectId) -> Result<(), PluginError> {
        match self.inner.store.get_project(actor.user(), project).await {
            Ok(_) => Ok(()),
            Err(StoreError::NotFound(_)) => Err(PluginError::NoProject),
            Err(error) => Err(error.into()),
        }
    }
}

fn no_tool(name: &ToolName) -> ToolFailure {
    let message = format!("there is no tool {name}; its plugin was removed or switched off");
    ToolFailure::new(ToolErrorKind::UnknownTool, message)
}

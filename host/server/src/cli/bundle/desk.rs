//! The sandbox at the command line: the shipped families over a folder and a workspace.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
use bricklayer_domain::{CallSite, Caller, Progress, ProjectId, ToolOutcome, UserId};
use bricklayer_runtime::{
    CallContext, Grants, MemoryState, Plugin, Runtime, RuntimeConfig, ToolNamespace, WorkspaceTarget,
};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::config::{Config, Layers, WorkspaceConfig};
use crate::identity::LOCAL_USER;
use crate::lifecycle::stop_signal;

/// Folder for compiled code, below the user's cache: a bundle's folder stays as it is.
const CACHE: &str = "bricklayer/code";

/// Whether a command works without a workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Workplace {
    Needed,
    Maybe,
}

/// Everything that a call gets.
pub(super) struct Desk {
    runtime: Runtime,
    folder: PathBuf,
    workspace: Option<WorkspaceTarget>,
    caller: Caller,
    state: Arc<MemoryState>,
    /// The families that were called.
    loaded: Mutex<Vec<Arc<Plugin>>>,
}

impl Desk {
    pub(super) async fn open(folder: &Path, needs: Workplace) -> anyhow::Result<Self> {
        let folder =
            std::fs::canonicalize(folder).with_context(|| format!("--dir: `{}` is no folder", folder.display()))?;
        anyhow::ensure!(folder.is_dir(), "--dir: `{}` is no folder", folder.display());
        // Fails when a provider is installed already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let workspace = workspace()?;
        anyhow::ensure!(
            workspace.is_some() || needs == Workplace::Maybe,
            "no workspace is named: set DATABRICKS_HOST and DATABRICKS_TOKEN, or DATABRICKS_CONFIG_PROFILE; \
             `bricklayer workspace` starts a local one"
        );
        let cache = cache_dir();
        std::fs::create_dir_all(&cache).with_context(|| format!("{} cannot be made", cache.display()))?;
        let runtime = Runtime::new(RuntimeConfig::new(cache))?;
        let caller = Caller::new(UserId::parse(LOCAL_USER)?, ProjectId::new(), CallSite::Host);
        Ok(Self { runtime, folder, workspace, caller, state: Arc::default(), loaded: Mutex::default() })
    }

    /// Calls a tool of the shipped families. A stop of this process ends what it began at the workspace.
    pub(super) async fn call(&self, tool: &str, input: &Value) -> anyhow::Result<ToolOutcome> {
        let plugin = self.family_of(tool).await?;
        let last = Mutex::new(String::new());
        let cancel = CancellationToken::new();
        let context = CallContext {
            project_dir: Some(self.folder.clone()),
            workspace: self.workspace.clone(),
            grants: Arc::new(Grants::from_request(plugin.manifest())),
            state: Arc::clone(&self.state) as _,
            progress: Arc::new(move |progress: Progress| {
                let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
                if *last != progress.message {
                    let _ = super::say(&progress.message);
                    *last = progress.message;
                }
            }),
            cancel: cancel.clone(),
            ..CallContext::new(self.caller.clone())
        };
        let call = self.runtime.call(&plugin, tool, input, context);
        tokio::pin!(call);
        Ok(tokio::select! {
            outcome = &mut call => outcome,
            () = stop_signal() => {
                cancel.cancel();
                call.await
            }
        })
    }

    /// The family that has a tool, loaded once.
    async fn family_of(&self, tool: &str) -> anyhow::Result<Arc<Plugin>> {
        let loaded = |plugin: &&Arc<Plugin>| plugin.manifest().tools.contains_key(tool);
        if let Some(plugin) = self.loaded.lock().unwrap_or_else(PoisonError::into_inner).iter().find(loaded) {
            return Ok(Arc::clone(plugin));
        }
        for package in crate::plugins::shipped() {
            if bricklayer_package::read_manifest(&package)?.tools.contains_key(tool) {
                let plugin = self.runtime.load(package, ToolNamespace::databricks()).await?;
                self.loaded.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&plugin));
                return Ok(plugin);
            }
        }
        anyhow::bail!("this program has no tool {tool}: it was built without its plugins")
    }
}

/// The workspace that the environment and this folder's files name, as its user; none when they name none.
fn workspace() -> anyhow::Result<Option<WorkspaceTarget>> {
    let flags = vec![("identity", "development".to_owned()), ("listen", "127.0.0.1:0".to_owned())];
    let environment = crate::cli::environment();
    let config = Config::from_layers(&Layers::read(flags, &environment, Path::new("."))?)?;
    Ok(match config.workspace {
        WorkspaceConfig::Local { .. } => None,
        WorkspaceConfig::Remote { host, token: Some(token) } => Some(WorkspaceTarget::named(host, token.into())),
        WorkspaceConfig::Remote { token: None, .. } => {
            anyhow::bail!("a workspace is named, and no token for it: set DATABRICKS_TOKEN")
        }
    })
}

fn cache_dir() -> PathBuf {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let home = || set("HOME").map(|home| home.join(".cache"));
    set("XDG_CACHE_HOME").or_else(home).unwrap_or_else(std::env::temp_dir).join(CACHE)
}

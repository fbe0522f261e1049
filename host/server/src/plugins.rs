//! The plugins of this server: loaded once at start, called by tool name.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use bricklayer_agent::CallEffect;
use bricklayer_domain::{ToolCall, ToolErrorKind, ToolFailure, ToolName, ToolOutcome, ToolSpec};
use bricklayer_runtime::{CallContext, Compiler, Grants, Plugin, Runtime, RuntimeConfig, RuntimeError, ToolNamespace};
use url::Url;

use crate::embedded::Embedded;

/// The hidden subcommand that compiles components in a process of its own.
pub const COMPILE_WORKER: &str = "compile-worker";

/// One plugin, for people.
#[derive(Debug, Clone)]
pub struct PluginInfo {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// How many tools it has.
    pub tools: usize,
}

#[derive(Debug)]
struct Entry {
    plugin: Arc<Plugin>,
    grants: Arc<Grants>,
    /// The name inside the plugin.
    tool: String,
}

/// All plugins.
#[derive(Debug)]
pub struct Plugins {
    runtime: Arc<Runtime>,
    entries: HashMap<ToolName, Entry>,
    specs: Arc<[ToolSpec]>,
    infos: Vec<PluginInfo>,
    /// The workspace that plugins may reach.
    named: Mutex<Option<Url>>,
}

impl Plugins {
    /// Sets up the sandbox and loads the shipped plugins. One that cannot be loaded is left out and logged: the
    /// others, and the page, are worth more than a host that does not start.
    ///
    /// # Errors
    /// When the sandbox itself cannot be set up.
    pub async fn load(cache_dir: &Path, compiler: Compiler) -> Result<Self, RuntimeError> {
        let runtime = Arc::new(Runtime::new(RuntimeConfig { compiler, ..RuntimeConfig::new(cache_dir) })?);
        let files: Vec<_> = Embedded::Plugins.list().into_iter().filter(|name| name.ends_with(".wasm")).collect();
        if files.is_empty() {
            tracing::warn!("no plugins are built: run `cargo xtask build`; the agent has only its built-in tools");
        }
        let named = Mutex::default();
        let mut plugins = Self { runtime, entries: HashMap::new(), specs: Arc::new([]), infos: Vec::new(), named };
        let mut specs = Vec::new();
        for name in files {
            let Some(file) = Embedded::Plugins.get(&name) else { continue };
            match plugins.runtime.load(file.into_owned(), ToolNamespace::databricks()).await {
                Ok(plugin) => plugins.add(&plugin, &mut specs),
                Err(error) => tracing::error!(plugin.file = %name, %error, "a plugin cannot be loaded"),
            }
        }
        plugins.specs = specs.into();
        Ok(plugins)
    }

    fn add(&mut self, plugin: &Arc<Plugin>, specs: &mut Vec<ToolSpec>) {
        // The shipped families are part of the host, so the operator who runs it has given what they ask for.
        let grants = Arc::new(Grants::from_request(plugin.manifest()));
        for spec in plugin.tools() {
            let entry =
                Entry { plugin: Arc::clone(plugin), grants: Arc::clone(&grants), tool: spec.name.short().to_owned() };
            if self.entries.insert(spec.name.clone(), entry).is_some() {
                tracing::error!(tool = %spec.name, "two plugins have a tool of this name; the later one counts");
                specs.retain(|known: &ToolSpec| known.name != spec.name);
            }
            specs.push(spec.clone());
        }
        self.infos.push(PluginInfo {
            name: plugin.name().to_string(),
            version: plugin.version().to_owned(),
            tools: plugin.tools().len(),
        });
    }

    /// Lets plugins reach this workspace although it is no Databricks domain: the operator named it, or it is the
    /// local one, whose port changes when it is started again. Cheap when nothing changed.
    pub fn name_workspace(&self, url: &Url) {
        let mut named = self.named.lock().unwrap_or_else(PoisonError::into_inner);
        if named.as_ref() == Some(url) {
            return;
        }
        match self.runtime.set_operator_hosts(std::slice::from_ref(url)) {
            Ok(()) => *named = Some(url.clone()),
            Err(error) => tracing::error!(%error, "plugins cannot reach the workspace"),
        }
    }

    /// The tools, in an order that is the same for every turn.
    #[must_use]
    pub fn specs(&self) -> Arc<[ToolSpec]> {
        Arc::clone(&self.specs)
    }

    /// The plugins, for people.
    #[must_use]
    pub fn infos(&self) -> &[PluginInfo] {
        &self.infos
    }

    /// What this very call would do, when its plugin can tell.
    pub async fn effect(
        &self,
        call: &ToolCall,
        context: impl FnOnce(Arc<Grants>) -> CallContext,
    ) -> Option<CallEffect> {
        let entry = self.entries.get(&call.name)?;
        let context = context(Arc::clone(&entry.grants));
        let known = entry.plugin.manifest().annotations(&entry.tool);
        let reviewed = self.runtime.review(&entry.plugin, &entry.tool, &call.input, context).await;
        // The same as the manifest says means that there is nothing to add to it.
        (reviewed != known).then_some(if reviewed.read_only {
            CallEffect::Reads
        } else if reviewed.destructive {
            CallEffect::Destroys
        } else {
            CallEffect::Writes
        })
    }

    /// Runs a call with the context that `context` makes of its plugin's grants.
    pub async fn call(&self, call: &ToolCall, context: impl FnOnce(Arc<Grants>) -> CallContext) -> ToolOutcome {
        let Some(entry) = self.entries.get(&call.name) else {
            let message = format!("there is no tool {}", call.name);
            return ToolOutcome::failed(ToolFailure::new(ToolErrorKind::UnknownTool, message));
        };
        let context = context(Arc::clone(&entry.grants));
        self.runtime.call(&entry.plugin, &entry.tool, &call.input, context).await
    }
}

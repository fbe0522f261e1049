//! A loaded plugin: its manifest, its tools, and the pre-linked component that calls start from.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bricklayer_domain::{PluginName, ToolName, ToolSource, ToolSpec, cut};
use bricklayer_package::{Function, Manifest, PackageContents, PackageError};
use wasmtime::component::{Component, ComponentExportIndex, InstancePre, Linker};

use crate::CallContext;
use crate::audit::CallIdentity;
use crate::call::CallState;

/// Longest tool name that model providers accept, prefix included.
const MAX_TOOL_NAME_BYTES: usize = 128;

/// Longest name of a tool in a record; longer names are none of any tool.
const MAX_TOOL_BYTES: usize = 128;

/// Longest time that a plugin may think about what a call would do; the user waits for it before every call.
const REVIEW_TIME: Duration = Duration::from_millis(500);

/// Why a package cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The package itself is wrong.
    #[error(transparent)]
    Package(#[from] PackageError),
    /// The component does not compile, or asks for more memories, tables or instances than a call may have.
    #[error("the component cannot be compiled: {0}")]
    Compile(String),
    /// Compiling it took too long.
    #[error("the component takes too long to compile: more than {}", crate::fault::seconds(*.0))]
    CompileTime(Duration),
    /// Compiling it took too much memory.
    #[error("the component needs too much memory to be compiled: more than {} MiB", .max / (1024 * 1024))]
    CompileMemory {
        /// The most that there is, in bytes.
        max: u64,
    },
    /// It makes too much machine code.
    #[error("the component is too large when compiled: more than {} MiB of machine code", .max / (1024 * 1024))]
    CompileSize {
        /// The most that it may be, in bytes.
        max: u64,
    },
    /// The compiler crashed over it; the host did not.
    #[error("the component makes the compiler crash: {0}")]
    CompileCrash(String),
    /// The compiler's process cannot be used; the component may be right.
    #[error("the host cannot start its compiler: {0}")]
    CompileWorker(String),
    /// Too many packages are being loaded.
    #[error("the host is loading as many packages as it can; try again in a moment")]
    Busy,
    /// It imports something that the host does not offer.
    #[error("the component needs something that this host does not offer: {0}")]
    Import(String),
    /// It does not start: its code traps, or asks for more than it may have, before anything is called.
    #[error("the component does not start: {0}")]
    Start(String),
    /// A tool's full name is too long.
    #[error("the tool name `{0}` has more than 128 characters")]
    ToolName(String),
    /// The host is shutting down.
    #[error("the host is shutting down")]
    ShuttingDown,
}

/// The prefix that tells models and MCP clients which source a tool comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolNamespace(String);

impl ToolNamespace {
    /// `mcp__databricks__`, for the families that ship with the host.
    #[must_use]
    pub fn databricks() -> Self {
        Self("mcp__databricks__".to_owned())
    }

    /// `mcp__<plugin>__`, for everybody else's plugins.
    #[must_use]
    pub fn plugin(name: &PluginName) -> Self {
        Self(format!("mcp__{name}__"))
    }

    /// The prefix.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A plugin that is ready to be called.
pub struct Plugin {
    manifest: Manifest,
    digest: String,
    specs: Vec<Arc<ToolSpec>>,
    entries: Vec<Arc<Entry>>,
    review: Option<Arc<Entry>>,
    pre: InstancePre<CallState>,
}

/// A function of a plugin that can be called.
pub(crate) struct Entry {
    pub(crate) function: Function,
    pub(crate) export: ComponentExportIndex,
    pub(crate) time_limit: Option<Duration>,
}

impl fmt::Debug for Plugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plugin")
            .field("name", &self.manifest.name)
            .field("version", &self.manifest.version)
            .field("digest", &self.digest)
            .finish_non_exhaustive()
    }
}

impl Plugin {
    pub(crate) fn new(
        contents: PackageContents,
        component: &Component,
        linker: &Linker<CallState>,
        namespace: &ToolNamespace,
    ) -> Result<Self, LoadError> {
        let PackageContents { manifest, functions, review, digest, .. } = contents;
        let pre = linker.instantiate_pre(component).map_err(|error| LoadError::Import(format!("{error:#}")))?;
        let mut specs = Vec::with_capacity(functions.len());
        let mut entries = Vec::with_capacity(functions.len());
        for function in functions {
            let annotations = manifest.annotations(&function.tool);
            let name = format!("{}{}", namespace.as_str(), function.tool);
            if name.len() > MAX_TOOL_NAME_BYTES {
                return Err(LoadError::ToolName(name));
            }
            specs.push(Arc::new(ToolSpec {
                name: ToolName(name),
                source: ToolSource::Plugin { plugin: manifest.name.clone() },
                description: function.docs.clone(),
                input_schema: function.input_schema(),
                output_schema: function.output_schema(),
                annotations: annotations.clone(),
            }));
            let export = export_of(component, &function)
                .ok_or_else(|| LoadError::Compile(format!("the export `{}` is missing", function.name)))?;
            let time_limit = annotations.time_limit_seconds.map(|seconds| Duration::from_secs(seconds.into()));
            entries.push(Arc::new(Entry { function, export, time_limit }));
        }
        let review = review.and_then(|function| {
            let export = export_of(component, &function)?;
            Some(Arc::new(Entry { function, export, time_limit: Some(REVIEW_TIME) }))
        });
        Ok(Self { manifest, digest, specs, entries, review, pre })
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &PluginName {
        &self.manifest.name
    }

    /// Its version.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.manifest.version
    }

    /// SHA-256 of its package, lower-case hex.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// Its tools, ordered by name.
    #[must_use]
    pub fn tools(&self) -> &[Arc<ToolSpec>] {
        &self.specs
    }

    /// Its manifest.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Who calls what, when this caller calls that tool of it.
    pub(crate) fn identity(&self, tool: &str, ctx: &CallContext) -> CallIdentity {
        CallIdentity {
            caller: ctx.caller.clone(),
            plugin: self.name().clone(),
            version: self.version().to_owned(),
            digest: self.digest().to_owned(),
            tool: cut(tool, MAX_TOOL_BYTES).to_owned(),
        }
    }

    pub(crate) fn pre(&self) -> &InstancePre<CallState> {
        &self.pre
    }

    /// The function that says what one call would do.
    pub(crate) fn review(&self) -> Option<&Arc<Entry>> {
        self.review.as_ref()
    }

    /// The tool of that full or short name.
    #[must_use]
    pub fn tool(self: &Arc<Self>, name: &str) -> Option<Tool> {
        let index = self.index(name)?;
        Some(Tool {
            plugin: Arc::clone(self),
            spec: Arc::clone(self.specs.get(index)?),
            entry: Arc::clone(self.entries.get(index)?),
        })
    }

    /// The function of the tool of that full or short name.
    pub(crate) fn entry(&self, name: &str) -> Option<&Arc<Entry>> {
        self.entries.get(self.index(name)?)
    }

    fn index(&self, name: &str) -> Option<usize> {
        let full = self.specs.iter().position(|spec| spec.name.0 == name);
        full.or_else(|| self.entries.iter().position(|entry| entry.function.tool == name))
    }
}

/// One tool of a loaded plugin, found once. Whoever holds it holds the plugin's code: every call that is made of it runs
/// this very version, whatever is loaded, updated or removed meanwhile. Cheap to clone.
#[derive(Clone)]
pub struct Tool {
    plugin: Arc<Plugin>,
    spec: Arc<ToolSpec>,
    entry: Arc<Entry>,
}

impl fmt::Debug for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tool").field("name", &self.spec.name).field("plugin", &self.plugin).finish()
    }
}

impl Tool {
    /// The plugin that it is a tool of.
    #[must_use]
    pub const fn plugin(&self) -> &Arc<Plugin> {
        &self.plugin
    }

    /// As the catalogue lists it.
    #[must_use]
    pub const fn spec(&self) -> &Arc<ToolSpec> {
        &self.spec
    }

    /// Its name inside the plugin.
    #[must_use]
    pub fn short_name(&self) -> &str {
        &self.entry.function.tool
    }

    pub(crate) const fn entry(&self) -> &Arc<Entry> {
        &self.entry
    }
}

fn export_of(component: &Component, function: &Function) -> Option<ComponentExportIndex> {
    let parent = match &function.interface {
        Some(interface) => Some(component.get_export_index(None, interface)?),
        None => None,
    };
    component.get_export_index(parent.as_ref(), &function.name)
}

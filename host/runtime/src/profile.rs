//! What a loaded plugin is, apart from its code: its manifest, its tools, and where each of its functions stands.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bricklayer_domain::{Caller, PluginName, ToolName, ToolSource, ToolSpec, cut};
use bricklayer_package::{Function, Manifest, PackageContents};
use wasmtime::component::{Component, ComponentExportIndex};

use crate::LoadError;
use crate::audit::CallIdentity;

/// Longest tool name that model providers accept, prefix included.
const MAX_TOOL_NAME_BYTES: usize = 128;

/// Longest name of a tool in a record; longer names are none of any tool.
const MAX_TOOL_BYTES: usize = 128;

/// Longest time that a plugin may think about what a call would do; the user waits for it before every call.
const REVIEW_TIME: Duration = Duration::from_millis(500);

/// Longest time that a plugin may look for what a call would meet; the user waits for it before the question, and a query
/// at a warehouse that runs takes some seconds.
const PREVIEW_TIME: Duration = Duration::from_secs(15);

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

/// What a loaded plugin is.
pub(crate) struct Profile {
    pub(crate) manifest: Manifest,
    pub(crate) digest: String,
    /// Ordered by name.
    pub(crate) specs: Vec<Arc<ToolSpec>>,
    /// The function of each spec.
    entries: Vec<Arc<Entry>>,
    /// The function that says what one call would do.
    pub(crate) review: Option<Arc<Entry>>,
    /// The function that says what one call would meet.
    pub(crate) preview: Option<Arc<Entry>>,
}

/// A function of a plugin that can be called.
pub(crate) struct Entry {
    pub(crate) function: Function,
    pub(crate) export: ComponentExportIndex,
    pub(crate) time_limit: Option<Duration>,
}

impl fmt::Debug for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Profile")
            .field("name", &self.manifest.name)
            .field("version", &self.manifest.version)
            .field("digest", &self.digest)
            .finish_non_exhaustive()
    }
}

impl Profile {
    /// Finds every function in the compiled component.
    pub(crate) fn new(
        contents: PackageContents,
        component: &Component,
        namespace: &ToolNamespace,
    ) -> Result<Self, LoadError> {
        let PackageContents { manifest, functions, review, preview, digest, .. } = contents;
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
                display: manifest.display(&function.tool),
                resources: manifest.resources(&function.tool),
            }));
            let export = export_of(component, &function)
                .ok_or_else(|| LoadError::Compile(format!("the export `{}` is missing", function.name)))?;
            let time_limit = annotations.time_limit_seconds.map(|seconds| Duration::from_secs(seconds.into()));
            entries.push(Arc::new(Entry { function, export, time_limit }));
        }
        let asked = |function: Option<Function>, time_limit: Duration| {
            let function = function?;
            let export = export_of(component, &function)?;
            Some(Arc::new(Entry { function, export, time_limit: Some(time_limit) }))
        };
        let (review, preview) = (asked(review, REVIEW_TIME), asked(preview, PREVIEW_TIME));
        Ok(Self { manifest, digest, specs, entries, review, preview })
    }

    /// Its name.
    pub(crate) const fn name(&self) -> &PluginName {
        &self.manifest.name
    }

    /// The tool of that full or short name.
    pub(crate) fn find(&self, name: &str) -> Option<(&Arc<ToolSpec>, &Arc<Entry>)> {
        let full = self.specs.iter().position(|spec| spec.name.0 == name);
        let index = full.or_else(|| self.entries.iter().position(|entry| entry.function.tool == name))?;
        Some((self.specs.get(index)?, self.entries.get(index)?))
    }

    /// Who calls what, when this caller calls that tool of it.
    pub(crate) fn identity(&self, tool: &str, caller: &Caller) -> CallIdentity {
        CallIdentity {
            caller: caller.clone(),
            plugin: self.manifest.name.clone(),
            version: self.manifest.version.clone(),
            digest: self.digest.clone(),
            tool: cut(tool, MAX_TOOL_BYTES).to_owned(),
        }
    }
}

fn export_of(component: &Component, function: &Function) -> Option<ComponentExportIndex> {
    let parent = match &function.interface {
        Some(interface) => Some(component.get_export_index(None, interface)?),
        None => None,
    };
    component.get_export_index(parent.as_ref(), &function.name)
}

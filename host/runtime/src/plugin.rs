//! A loaded plugin: what it is, and the pre-linked component that calls start from.

use std::fmt;
use std::sync::Arc;

use bricklayer_domain::{PluginName, ToolSpec};
use bricklayer_package::{Manifest, PackageContents};
use wasmtime::component::{Component, InstancePre, Linker};

use crate::LoadError;
use crate::guest::GuestState;
use crate::profile::{Entry, Profile, ToolNamespace};

/// A plugin that is ready to be called.
pub struct Plugin {
    profile: Arc<Profile>,
    pre: InstancePre<GuestState>,
}

impl fmt::Debug for Plugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plugin")
            .field("name", self.name())
            .field("version", &self.version())
            .field("digest", &self.digest())
            .finish_non_exhaustive()
    }
}

impl Plugin {
    pub(crate) fn new(
        contents: PackageContents,
        component: &Component,
        linker: &Linker<GuestState>,
        namespace: &ToolNamespace,
    ) -> Result<Self, LoadError> {
        let pre = linker.instantiate_pre(component).map_err(|error| LoadError::Import(format!("{error:#}")))?;
        Ok(Self { profile: Arc::new(Profile::new(contents, component, namespace)?), pre })
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &PluginName {
        self.profile.name()
    }

    /// Its version.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.profile.manifest.version
    }

    /// SHA-256 of its package, lower-case hex.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.profile.digest
    }

    /// Its tools, ordered by name.
    #[must_use]
    pub fn tools(&self) -> &[Arc<ToolSpec>] {
        &self.profile.specs
    }

    /// Its manifest.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.profile.manifest
    }

    /// The tool of that full or short name.
    #[must_use]
    pub fn tool(self: &Arc<Self>, name: &str) -> Option<Tool> {
        let (spec, entry) = self.profile.find(name)?;
        Some(Tool { plugin: Arc::clone(self), spec: Arc::clone(spec), entry: Arc::clone(entry) })
    }

    pub(crate) const fn profile(&self) -> &Arc<Profile> {
        &self.profile
    }

    pub(crate) const fn pre(&self) -> &InstancePre<GuestState> {
        &self.pre
    }

    /// The function that says what one call would do.
    pub(crate) fn review(&self) -> Option<&Arc<Entry>> {
        self.profile.review.as_ref()
    }

    /// Whether it looks for what calls would meet.
    #[must_use]
    pub fn previews(&self) -> bool {
        self.profile.preview.is_some()
    }

    /// The function that says what one call would meet.
    pub(crate) fn preview(&self) -> Option<&Arc<Entry>> {
        self.profile.preview.as_ref()
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

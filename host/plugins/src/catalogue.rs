//! A package in words that a person can judge: its tools, what it asks for, what a new version changes.

use std::collections::BTreeMap;

use bricklayer_domain::{PluginName, ToolName, ToolSource, ToolSpec};
use bricklayer_package::{PackageContents, PowerDiff, Powers};
use bricklayer_runtime::ToolNamespace;

/// What a new version changes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VersionDiff {
    /// What it asks for, compared.
    pub powers: PowerDiff,
    /// Tools that are new.
    pub tools_added: Vec<String>,
    /// Tools that are gone.
    pub tools_removed: Vec<String>,
    /// Tools whose description, schemas or annotations differ: what the model is told about them changes.
    pub tools_changed: Vec<String>,
    /// Tools that would ask less often, or call themselves harmless, than before.
    pub tools_less_careful: Vec<String>,
}

impl VersionDiff {
    /// Compares two versions by what they ask for and by their tools.
    #[must_use]
    pub fn between(old: (&Powers, &[ToolSpec]), new: (&Powers, &[ToolSpec])) -> Self {
        let by_name = |tools: &[ToolSpec]| -> BTreeMap<String, ToolSpec> {
            tools.iter().map(|tool| (tool.name.short().to_owned(), tool.clone())).collect()
        };
        let (before, after) = (by_name(old.1), by_name(new.1));
        let both = || after.iter().filter_map(|(name, tool)| before.get(name).map(|old| (name, old, tool)));
        Self {
            powers: Powers::diff(old.0, new.0),
            tools_added: after.keys().filter(|name| !before.contains_key(*name)).cloned().collect(),
            tools_removed: before.keys().filter(|name| !after.contains_key(*name)).cloned().collect(),
            tools_changed: both().filter(|(_, old, new)| old != new).map(|(name, ..)| name.clone()).collect(),
            tools_less_careful: both()
                .filter(|(_, old, new)| is_less_careful(old, new))
                .map(|(name, ..)| name.clone())
                .collect(),
        }
    }

    /// Whether the new version may take the old one's place without anybody's consent: it asks for no more, and no
    /// known tool drops a question that a person was promised.
    #[must_use]
    pub fn needs_consent(&self) -> bool {
        !self.powers.asks_for_no_more() || !self.tools_less_careful.is_empty()
    }
}

fn is_less_careful(old: &ToolSpec, new: &ToolSpec) -> bool {
    let (old, new) = (&old.annotations, &new.annotations);
    (old.ask && !new.ask) || (old.destructive && !new.destructive) || (!old.read_only && new.read_only)
}

/// The tools of a package as the catalogue will list them, without loading it.
#[must_use]
pub fn tools_of(contents: &PackageContents) -> Vec<ToolSpec> {
    let name = &contents.manifest.name;
    let namespace = ToolNamespace::plugin(name);
    let spec = |function: &bricklayer_package::Function| ToolSpec {
        name: ToolName(format!("{}{}", namespace.as_str(), function.tool)),
        source: ToolSource::Plugin { plugin: name.clone() },
        description: function.docs.clone(),
        input_schema: function.input_schema(),
        output_schema: function.output_schema(),
        annotations: contents.manifest.annotations(&function.tool),
        display: contents.manifest.display(&function.tool),
        resources: contents.manifest.resources(&function.tool),
    };
    contents.functions.iter().map(spec).collect()
}

/// A name in a plugin's name, to be told apart: reserved for the host, whatever ships with this very build.
const RESERVED: [&str; 6] = ["databricks", "bricklayer", "built-in", "host", "mcp", "workspace"];

/// Whether a third party's plugin may be called so.
#[must_use]
pub fn is_reserved(name: &PluginName, shipped: &[PluginName]) -> bool {
    RESERVED.contains(&name.as_str()) || shipped.contains(name)
}

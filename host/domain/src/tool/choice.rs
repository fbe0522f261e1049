//! What a project chose of its tools: some are always told to a model, some are not there at all.

use std::collections::BTreeSet;

use crate::ToolSpec;

/// Tools and families that a project pinned or hid, each by its name: a tool's full name, or a family's
/// ([`ToolSource::family`](crate::ToolSource::family)). What is both is hidden.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ToolChoice {
    /// Told to a model at once, as far as there is room for definitions.
    pub pinned: BTreeSet<String>,
    /// Neither told, found nor called.
    pub hidden: BTreeSet<String>,
}

impl ToolChoice {
    /// Whether a tool is hidden, by its own name or its family's.
    #[must_use]
    pub fn hides(&self, spec: &ToolSpec) -> bool {
        names(&self.hidden, spec)
    }

    /// Whether a tool is pinned, by its own name or its family's.
    #[must_use]
    pub fn pins(&self, spec: &ToolSpec) -> bool {
        names(&self.pinned, spec)
    }
}

fn names(chosen: &BTreeSet<String>, spec: &ToolSpec) -> bool {
    chosen.contains(&spec.name.0) || chosen.contains(spec.source.family())
}

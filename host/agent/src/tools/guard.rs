//! Files that rules keep from the tools that look into many: what Read would be refused, or asked about, they leave out.

use std::path::Path;

use bricklayer_domain::{CallReview, Operation, PermissionRule, PermissionRules, RuledCall, ToolName, ToolSource};
use serde_json::json;

use super::BuiltIn;
use super::files::{ProjectFolder, ProjectPath};

/// What keeps files from one call of a tool that looks into many, and how many it has kept.
pub(super) struct Guard<'a> {
    folder: &'a ProjectFolder,
    rules: Vec<&'a PermissionRule>,
    /// How each file would be looked into by itself.
    looks: [(BuiltIn, ToolName); 2],
    kept: usize,
}

impl<'a> Guard<'a> {
    pub(super) fn new(tool: BuiltIn, folder: &'a ProjectFolder, rules: &'a PermissionRules) -> Self {
        let looks = [BuiltIn::Read, tool].map(|tool| (tool, ToolName(tool.name().to_owned())));
        let rules = rules.guards(&[&looks[0].1, &looks[1].1]);
        Self { folder, rules, looks, kept: 0 }
    }

    /// Whether a found file is left out; it is counted.
    pub(super) fn keeps(&mut self, found: &Path) -> bool {
        if self.rules.is_empty() {
            return false;
        }
        let text = found.to_string_lossy();
        let objects = ProjectPath::names(self.folder, "path", &text);
        let kept = self.looks.iter().any(|(tool, name)| {
            let Some((effect, verb, field)) = tool.on_files() else { return false };
            let operation =
                Operation { effect, verb: verb.to_owned(), objects: objects.clone(), text: None, detail: None };
            let (input, review) = (json!({field: text}), CallReview::one(operation));
            let call = RuledCall { name, source: &ToolSource::BuiltIn, input: &input, review: Some(&review) };
            self.rules.iter().any(|rule| rule.may_hold(&call))
        });
        self.kept = self.kept.saturating_add(usize::from(kept));
        kept
    }

    /// What is said of them.
    pub(super) fn note(&self) -> Option<String> {
        let kept = self.kept;
        (kept > 0).then(|| {
            format!("[{kept} left out: rules forbid to read them, or ask first. Read asks for one by its path.]")
        })
    }
}

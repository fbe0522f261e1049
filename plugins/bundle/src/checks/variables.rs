//! Variables that nothing refers to.

use std::collections::BTreeSet;

use crate::finding::{Findings, Rule};
use crate::reference::{Step, references};
use crate::value::{At, Value};

/// The names of variables that a bundle refers to, in all its targets.
pub(crate) fn used(root: &Value) -> BTreeSet<String> {
    let mut used = BTreeSet::new();
    super::texts(root, At::ROOT, &mut |text, _, _| {
        for reference in references(text) {
            if let [Step::Key(first), Step::Key(name), ..] = reference.steps()
                && ["var", "variables"].contains(&first.as_str())
            {
                used.insert(name.clone());
            }
        }
    });
    used
}

/// Looks for variables that are not among these.
pub(crate) fn check_unused(root: &Value, used: &BTreeSet<String>, findings: &mut Findings) {
    for variable in root.entries_at(&["variables"]).filter(|variable| !used.contains(&variable.key)) {
        let path = format!("variables.{}", variable.key);
        let message = format!("nothing refers to the variable `{}`", variable.key);
        let advice = format!("use it as `${{var.{}}}`, or take it away", variable.key);
        findings.add_at(Rule::UnusedVariable, path, variable.place.clone(), message, advice);
    }
}

//! The bundle's own settings, scripts, and what needs a machine of its own.

use super::version;
use crate::finding::{Findings, Rule};
use crate::reference::{Part, parts};
use crate::value::Value;

/// Prefixes that references in a script's environment can have.
const SCRIPT_PREFIXES: [&str; 3] = ["bundle", "workspace", "var"];

/// Looks at the settings of a target before references are put in.
pub(crate) fn check(root: &Value, findings: &mut Findings) {
    check_name(root, findings);
    check_engine(root, findings);
    version::check(root, findings);
    check_scripts(root, findings);
    check_unsupported(root, findings);
    check_empty(root, findings);
}

fn check_name(root: &Value, findings: &mut Findings) {
    let bundle = root.get(&["bundle"]).unwrap_or(root);
    let Some(name) = root.get(&["bundle", "name"]).filter(|value| value.as_text() != Some("") && !value.is_null())
    else {
        let message = "the bundle has no name";
        findings.add(Rule::BundleName, "bundle.name", bundle, message, "add `name` below `bundle`");
        return;
    };
    let text = name.display().unwrap_or_default();
    if text.contains("${") {
        let message = "the bundle's name holds a reference; two targets could become two bundles";
        findings.add(Rule::ReferenceInName, "bundle.name", name, message, "write the name out");
    } else if text.contains(['/', '\\']) || text.chars().any(char::is_control) || text.trim() != text || text == ".." {
        let message = "the bundle's name is a part of paths, and this cannot be";
        let advice = "use letters, digits, `-` and `_`";
        findings.add(Rule::BundleName, "bundle.name", name, message, advice);
    }
}

fn check_engine(root: &Value, findings: &mut Findings) {
    let Some(value) = root.get(&["bundle", "engine"]) else { return };
    match value.as_text() {
        Some("direct") => {}
        Some("terraform") => {
            let message = "the engine `terraform` is the old one, and its state is not written here";
            let advice = "write `engine: direct`, or take the line away";
            findings.add(Rule::TerraformEngine, "bundle.engine", value, message, advice);
        }
        _ => {
            let message = format!("there is no engine `{}`", value.display().unwrap_or_default());
            findings.add(Rule::Engine, "bundle.engine", value, message, "write `direct`, or take the line away");
        }
    }
}

fn check_scripts(root: &Value, findings: &mut Findings) {
    for script in root.entries_at(&["scripts"]) {
        let path = format!("scripts.{}", script.key);
        match script.value.get(&["content"]).filter(|content| content.as_text() != Some("") && !content.is_null()) {
            None => {
                let message = "the script has no content";
                findings.add(Rule::Script, &path, &script.value, message, "add `content` with its lines");
            }
            Some(content) => {
                if content.as_text().is_some_and(|text| text.contains("${")) {
                    let message = "`${…}` in a script's content is not put in";
                    let advice = "put the reference into `env`, and use the shell's `$NAME` in the content";
                    findings.add(Rule::Script, format!("{path}.content"), content, message, advice);
                }
            }
        }
        for entry in script.value.entries_at(&["env"]) {
            let text = entry.value.as_text().unwrap_or_default();
            let is_other = |part: &Part<'_>| match part {
                Part::Reference(reference) => {
                    !reference.keys().first().is_some_and(|first| SCRIPT_PREFIXES.contains(first))
                }
                Part::Literal(_) | Part::Malformed(_) => false,
            };
            if parts(text).iter().any(is_other) {
                let message = "a script's environment takes references to `bundle`, `workspace` and `var` only";
                let advice = "go by a variable";
                findings.add(Rule::Script, format!("{path}.env.{}", entry.key), &entry.value, message, advice);
            }
        }
    }
}

/// What the official command line runs Python or a shell for while it reads a bundle.
fn check_unsupported(root: &Value, findings: &mut Findings) {
    for keys in
        [&["python"][..], &["experimental", "python"], &["experimental", "pydabs"], &["experimental", "scripts"]]
    {
        if let Some(value) = root.get(keys).filter(|value| !value.is_null()) {
            let path = keys.join(".");
            let message = format!("`{path}` runs programs while the bundle is read, which is not done here");
            let advice = "describe the resources in YAML, or use the official command line for this bundle";
            findings.add(Rule::Unsupported, path, value, message, advice);
        }
    }
}

fn check_empty(root: &Value, findings: &mut Findings) {
    for kind in root.entries_at(&["resources"]) {
        for resource in kind.value.entries_at(&[]).filter(|resource| resource.value.is_null()) {
            let path = format!("resources.{}.{}", kind.key, resource.key);
            let message = "the resource has no content";
            let advice = "indent what belongs to it, or take it away";
            findings.add_at(Rule::EmptyResource, path, resource.place.clone(), message, advice);
        }
    }
}

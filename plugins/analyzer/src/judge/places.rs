//! Where calls and imports lead.

use crate::analysis::{CallKind, ImportKind};
use crate::facts::Facts;
use crate::notebook::Surroundings;
use crate::text::Text;

/// Resolves what is called, and takes modules for local that lie beside the notebook.
pub(super) fn settle(path: &str, facts: &mut Facts, surroundings: Surroundings<'_>) {
    for import in &mut facts.imports {
        let top = import.module.split('.').next().unwrap_or_default();
        let beside = surroundings
            .neighbours
            .is_some_and(|files| files.iter().any(|file| file == top || file.strip_suffix(".py") == Some(top)));
        if beside && import.kind == ImportKind::Package {
            import.kind = ImportKind::Local;
            import.package = None;
        }
        let package = import.package.as_deref().map(normal);
        let installed = facts
            .installs
            .iter()
            .find(|install| install.package.as_deref().map(normal) == package && package.is_some());
        import.version = installed.and_then(|install| install.version.clone());
    }
    let local: Vec<_> = facts
        .imports
        .iter()
        .filter(|import| import.kind == ImportKind::Local && !import.module.starts_with('.'))
        .cloned()
        .collect();
    for import in local {
        facts.at = import.at;
        facts.call(CallKind::Import, &Text::literal(&import.module), Vec::new());
    }
    for call in &mut facts.calls {
        call.resolved = match call.kind {
            CallKind::Run | CallKind::NotebookRun => resolved(path, &call.target),
            CallKind::Import => {
                let module = call.target.trim_start_matches('.');
                let up = "../".repeat((call.target.len() - module.len()).saturating_sub(1));
                resolved(path, &format!("{up}{}", module.replace('.', "/")))
            }
        };
    }
}

/// The name of a package as PyPI compares it.
fn normal(package: &str) -> String {
    package.to_lowercase().replace(['_', '.'], "-")
}

/// A path from the root, seen from a notebook; none where a part of it is not known.
fn resolved(notebook: &str, target: &str) -> Option<String> {
    if target.contains('{') || !(notebook.starts_with('/') || target.starts_with('/')) {
        return None;
    }
    let mut parts: Vec<&str> = Vec::new();
    if !target.starts_with('/') {
        parts.extend(notebook.split('/').filter(|part| !part.is_empty()));
        parts.pop();
    }
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    if parts.first() == Some(&"Workspace") {
        parts.remove(0);
    }
    Some(format!("/{}", parts.join("/")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_lead_from_the_notebook() {
        for (notebook, target, expect) in [
            ("/a/b/n", "./x", Some("/a/b/x")),
            ("/a/b/n", "../x", Some("/a/x")),
            ("/a/b/n", "x/y", Some("/a/b/x/y")),
            ("n.py", "/Workspace/Shared/x", Some("/Shared/x")),
            ("n.py", "./x", None),
            ("/a/n", "{path}", None),
            ("/a", "../../../x", Some("/x")),
        ] {
            assert_eq!(resolved(notebook, target).as_deref(), expect, "{target}");
        }
    }
}

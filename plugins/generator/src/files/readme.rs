//! `README.md`: what the bundle makes, what it was made of, how it is deployed.

use crate::plan::{Plan, TextFile};
use crate::source::Source;

/// Notes that the page repeats; the tool's answer has all.
const MAX_NOTES: usize = 50;

/// The file.
pub(crate) fn readme(source: &Source, plan: &Plan) -> TextFile {
    let mut text =
        format!("# {}\n\nA Databricks bundle, made by Bricklayer.\n\n## Resources\n\n", source.name.as_str());
    text.push_str("| Kind | Key | Name | File |\n|---|---|---|---|\n");
    for resource in &plan.resources {
        let (name, file) = (cell(&resource.name), &resource.file);
        text.push_str(&format!("| {} | `{}` | {name} | [{file}]({file}) |\n", resource.kind.word(), resource.key));
    }
    if !plan.variables.is_empty() {
        text.push_str("\n## Variables\n\nTheir values per target are in `databricks.yml`.\n\n");
        for variable in &plan.variables {
            let needed = if variable.needed {
                format!(" Give it when deploying: `--var {}=…`, or in `BUNDLE_VAR_{}`.", variable.name, variable.name)
            } else {
                String::new()
            };
            text.push_str(&format!("- `{}`: {}{needed}\n", variable.name, cell(&variable.description)));
        }
    }
    let target = source.default_target.name();
    text.push_str(&format!(
        "\n## Deploy\n\n```\ndatabricks bundle validate -t {target}\ndatabricks bundle deploy -t {target}\n"
    ));
    if let Some(resource) = plan.resources.first() {
        text.push_str(&format!("databricks bundle run -t {target} {}\n", resource.key));
    }
    text.push_str("```\n\nTargets are `dev` (yours alone, schedules paused), `staging` and `prod`.\n");
    let notes: Vec<String> = plan
        .notes
        .iter()
        .map(|note| format!("- {}: {}\n", cell(&note.about), cell(&note.text)))
        .chain(plan.left.iter().map(|left| {
            format!("- {}: {} stays where it is: {}\n", cell(&left.place), cell(&left.path), cell(&left.why))
        }))
        .collect();
    if !notes.is_empty() {
        text.push_str("\n## To look at\n\n");
        text.extend(notes.iter().take(MAX_NOTES).map(String::as_str));
        if notes.len() > MAX_NOTES {
            text.push_str(&format!("- and {} more\n", notes.len() - MAX_NOTES));
        }
    }
    TextFile { path: "README.md".to_owned(), text }
}

/// A text within a line: nothing in it is markup.
fn cell(text: &str) -> String {
    let mut safe = String::new();
    for c in text.chars() {
        match c {
            _ if c.is_control() => safe.push(' '),
            '|' | '`' | '<' | '>' | '[' | ']' | '*' | '\\' => safe.extend(['\\', c]),
            _ => safe.push(c),
        }
    }
    safe
}

//! Tools found by what they say of themselves: the kind of their result, what they read or change, and the arguments
//! that they need. A family that comes later is found the same way.

use std::sync::Arc;

use bricklayer_domain::{ResultKind, ToolSpec};
use serde_json::Value;

/// Runs one SQL statement.
pub(super) fn runs_statements(tools: &[Arc<ToolSpec>]) -> Option<&ToolSpec> {
    the(tools, |spec| gives(spec, ResultKind::Table) && needs(spec, &["statement"]))
}

/// Waits for a statement that was sent.
pub(super) fn waits_for_statements(tools: &[Arc<ToolSpec>]) -> Option<&ToolSpec> {
    the(tools, |spec| gives(spec, ResultKind::Table) && reads(spec) && needs(spec, &["statement_id"]))
}

/// Ends a statement that was sent.
pub(super) fn ends_statements(tools: &[Arc<ToolSpec>]) -> Option<&ToolSpec> {
    the(tools, |spec| !reads(spec) && needs(spec, &["statement_id"]))
}

/// Describes the tables of a schema.
pub(super) fn describes_tables(tools: &[Arc<ToolSpec>]) -> Option<&ToolSpec> {
    the(tools, |spec| gives(spec, ResultKind::Tables) && reads(spec) && needs(spec, &["catalog", "schema"]))
}

/// Draws a chart of a result.
pub(super) fn draws_charts(tools: &[Arc<ToolSpec>]) -> Option<&ToolSpec> {
    the(tools, |spec| gives(spec, ResultKind::Chart) && reads(spec) && needs(spec, &["result", "kind"]))
}

/// Reads a file of the project.
pub(super) fn reads_files(tools: &[Arc<ToolSpec>]) -> Option<&ToolSpec> {
    the(tools, |spec| reads(spec) && needs(spec, &["file_path"]))
}

/// Writes a file of the project.
pub(super) fn writes_files(tools: &[Arc<ToolSpec>]) -> Option<&ToolSpec> {
    the(tools, |spec| gives(spec, ResultKind::Change) && needs(spec, &["file_path", "content"]))
}

/// Finds files of the project by their names.
pub(super) fn finds_files(tools: &[Arc<ToolSpec>]) -> Option<&ToolSpec> {
    the(tools, |spec| reads(spec) && needs(spec, &["pattern"]) && !takes(spec, "output_mode"))
}

/// Finds text in files of the project.
pub(super) fn searches_files(tools: &[Arc<ToolSpec>]) -> Option<&ToolSpec> {
    the(tools, |spec| reads(spec) && needs(spec, &["pattern"]) && takes(spec, "output_mode"))
}

/// Puts a folder of the project into the workspace.
pub(super) fn uploads_folders(tools: &[Arc<ToolSpec>]) -> Option<&ToolSpec> {
    the(tools, |spec| !reads(spec) && needs(spec, &["local_folder"]) && takes(spec, "workspace_folder"))
}

/// Runs tasks once.
pub(super) fn runs_tasks(tools: &[Arc<ToolSpec>]) -> Option<&ToolSpec> {
    the(tools, |spec| !reads(spec) && needs(spec, &["tasks"]))
}

/// Reads what each task of a run left.
pub(super) fn reads_outputs(tools: &[Arc<ToolSpec>]) -> Option<&ToolSpec> {
    let left = |spec: &ToolSpec| spec.output_schema.as_ref()?.get("properties")?.get("outputs").map(|_| ());
    the(tools, |spec| reads(spec) && needs(spec, &["run_id"]) && left(spec).is_some())
}

/// Makes jobs.
pub(super) fn makes_jobs(tools: &[Arc<ToolSpec>]) -> Option<&ToolSpec> {
    the(tools, |spec| makes(spec, "job") && needs(spec, &["name", "settings"]))
}

/// Makes pipelines, or changes those of the name.
pub(super) fn makes_pipelines(tools: &[Arc<ToolSpec>]) -> Option<&ToolSpec> {
    let fits = |spec: &ToolSpec| makes(spec, "pipeline") && needs(spec, &["name", "settings"]);
    the(tools, |spec| fits(spec) && spec.annotations.idempotent).or_else(|| the(tools, fits))
}

/// Makes things of a type.
pub(super) fn makes_things<'a>(tools: &'a [Arc<ToolSpec>], what: &str) -> Option<&'a ToolSpec> {
    the(tools, |spec| makes(spec, what))
}

/// The arguments that a tool cannot do without.
pub(super) fn needed(spec: &ToolSpec) -> Vec<&str> {
    let required = spec.input_schema.get("required").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    required.iter().filter_map(Value::as_str).collect()
}

fn makes(spec: &ToolSpec, what: &str) -> bool {
    spec.resources.creates.as_ref().is_some_and(|creates| creates.kind.as_str() == what)
}

/// The tool that lists what a message asks to list, and what that is called: `show my warehouses`. Such a tool needs no
/// argument, and its result names the things.
pub(super) fn list_asked_for<'a>(tools: &'a [Arc<ToolSpec>], message: &str) -> Option<(&'a ToolSpec, String)> {
    const ASKS: [&str; 5] = ["list", "show", "what", "which", "see"];
    let lower = message.to_lowercase();
    let words: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    if !words.iter().any(|word| ASKS.contains(word)) {
        return None;
    }
    lists(tools).find(|(_, things)| {
        let asked: Vec<&str> = things.split(' ').collect();
        words.windows(asked.len()).any(|said| said == asked.as_slice())
    })
}

/// Which of its things a list is asked for: `failed` runs, where it has an argument `failed_only`. The words, and their
/// arguments.
pub(super) fn choices<'a>(spec: &'a ToolSpec, message: &str) -> Vec<(&'a str, &'a str)> {
    let lower = message.to_lowercase();
    let words: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric()).collect();
    let properties = spec.input_schema.get("properties").and_then(Value::as_object);
    let names = properties.into_iter().flat_map(|properties| properties.keys());
    names
        .filter_map(|name| Some((name.strip_suffix("_only")?, name.as_str())))
        .filter(|(word, _)| words.contains(word))
        .collect()
}

/// The tools that list things of one kind and need no argument, and what the things are called.
pub(super) fn lists(tools: &[Arc<ToolSpec>]) -> impl Iterator<Item = (&ToolSpec, String)> {
    let without_arguments = all(tools).filter(|spec| gives(spec, ResultKind::List) && reads(spec) && needs(spec, &[]));
    without_arguments.filter_map(|spec| Some((spec, things(spec)?.replace('_', " "))))
}

/// What a list is of: the name of the result's one list of objects.
fn things(spec: &ToolSpec) -> Option<String> {
    let properties = spec.output_schema.as_ref()?.get("properties")?.as_object()?;
    let is_list = |schema: &Value| schema.get("items").is_some_and(|items| items.get("properties").is_some());
    let mut lists = properties.iter().filter(|(_, schema)| is_list(schema));
    let (name, _) = lists.next()?;
    lists.next().is_none().then(|| name.clone())
}

fn all(tools: &[Arc<ToolSpec>]) -> impl Iterator<Item = &ToolSpec> {
    tools.iter().map(|spec| &**spec)
}

fn the(tools: &[Arc<ToolSpec>], fits: impl Fn(&ToolSpec) -> bool) -> Option<&ToolSpec> {
    all(tools).find(|spec| fits(spec))
}

fn gives(spec: &ToolSpec, kind: ResultKind) -> bool {
    spec.display.result == Some(kind)
}

fn reads(spec: &ToolSpec) -> bool {
    spec.annotations.read_only
}

/// Whether these are the arguments that it cannot do without.
fn needs(spec: &ToolSpec, names: &[&str]) -> bool {
    let required = spec.input_schema.get("required").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    required.len() == names.len() && names.iter().all(|name| required.iter().any(|needed| needed == name))
}

/// Whether it has an argument of this name.
pub(super) fn takes(spec: &ToolSpec, name: &str) -> bool {
    spec.input_schema.get("properties").is_some_and(|properties| properties.get(name).is_some())
}

//! Direct tool commands: `/TOOL {"argument": "value"}`, and short forms of the frequent ones.

use std::fmt::Write as _;
use std::sync::Arc;

use bricklayer_domain::ToolSpec;
use serde_json::{Value, json};

use super::{Action, Done, Scene, act, find, find_tool};

/// Lines of a tool's text that a direct command repeats at the most.
const SHORT_ANSWER_LINES: usize = 24;

/// Does what a command says; `command` is the message without its slash.
pub(super) fn act(scene: &Scene<'_>, command: &str) -> Action {
    let (name, rest) = command.split_once(char::is_whitespace).unwrap_or((command, ""));
    let rest = rest.trim();
    if let Some(done) = scene.done.last() {
        return if done.is_error { act::failed(done) } else { Action::Say(answer(done)) };
    }
    match name {
        "help" => return Action::Say(help(scene)),
        "tools" => return Action::Say(tools(scene)),
        _ => {}
    }
    if let Some((tool, input)) = short_form(scene.tools, name, rest) {
        return Action::Call { say: String::new(), name: tool.name.clone(), input };
    }
    let input = if rest.is_empty() { Ok(json!({})) } else { serde_json::from_str(rest) };
    let input = match input {
        Ok(input) => input,
        Err(error) => {
            let example = scene.tool(name).and_then(example).unwrap_or_else(|| r#"{"name": "value"}"#.to_owned());
            return Action::Say(format!(
                "The arguments of `/{name}` are not JSON: {error}. Write them as an object, for example \
                 `/{name} {example}`."
            ));
        }
    };
    match scene.tool(name) {
        Some(tool) => Action::Call { say: String::new(), name: tool.name.clone(), input },
        None => Action::Say(format!("There is no tool named `{name}`.\n\n{}", tools(scene))),
    }
}

/// What people read after a command: a short text as the tool wrote it, without what the host told a model of its
/// results, and links to these.
fn answer(done: &Done<'_>) -> String {
    let Some(first) = done.results.first() else {
        return done.content.to_owned();
    };
    let told = done.content.find(&format!("\n[result {first}"));
    let text = told.and_then(|place| done.content.get(..place)).unwrap_or(done.content).trim_end();
    // The page shows all rows beside it.
    let text = if text.lines().count() > SHORT_ANSWER_LINES { "" } else { text };
    let links: Vec<String> = match done.results {
        [only] => vec![format!("[the result](result:{only})")],
        many => many.iter().zip(1..).map(|(id, number)| format!("[result {number}](result:{id})")).collect(),
    };
    format!("{text}\n\nAll rows: {}", links.join(", ")).trim_start().to_owned()
}

/// Whether a command, without its slash, names one of these tools or is a short form for one.
pub(super) fn names_tool(command: &str, tools: &[Arc<ToolSpec>]) -> bool {
    let (name, rest) = command.split_once(char::is_whitespace).unwrap_or((command, ""));
    short_form(tools, name, rest.trim()).is_some() || (!name.is_empty() && find_tool(tools, name).is_some())
}

fn short_form<'a>(tools: &'a [Arc<ToolSpec>], name: &str, rest: &str) -> Option<(&'a ToolSpec, Value)> {
    if rest.is_empty() || rest.starts_with('{') {
        return None;
    }
    match name {
        "sql" => Some((find::runs_statements(tools)?, json!({"statement": rest}))),
        "read" => Some((find::reads_files(tools)?, json!({"file_path": rest}))),
        _ => None,
    }
}

/// Arguments as they are written, with the first that the tool needs.
fn example(tool: &ToolSpec) -> Option<String> {
    let needed = tool.input_schema.get("required")?.as_array()?.first()?.as_str()?;
    Some(format!("{{\"{needed}\": \"…\"}}"))
}

/// What this model is and understands.
pub(super) fn help(scene: &Scene<'_>) -> String {
    let lists: String = find::lists(scene.tools).map(|(_, things)| format!(", list {things}")).collect();
    let mut text = format!(
        "Offline mode: I am not a language model; I understand a small set of requests, by fixed rules.\n\n\
        You can ask, for example:\n\n\
        - What are the busiest pickup hours in samples.nyctaxi.trips, and what is the average fare in each?\n\
        - average trip distance by pickup zip in samples.nyctaxi.trips\n\
        - top 5 busiest days in samples.nyctaxi.trips\n\
        - draw a chart of the number of trips per day in samples.nyctaxi.trips; then: show that as a bar chart\n\
        - show tables in samples.nyctaxi, describe TABLE, preview TABLE, list catalogs{lists}\n\
        - save that as report.md, show report.md, list files, search for TEXT\n\
        - upload the project folder, run report.py; then: create a job that runs it every day; make a pipeline\n\
        - any SQL statement\n\n\
        Commands: `/sql SELECT …`, `/read FILE`, `/tools`, `/help`, and any tool as `/TOOL {{json}}`.",
    );
    // Writing to a String cannot fail.
    let _ = write!(text, " {} tools are available.", scene.tools.len());
    text
}

fn tools(scene: &Scene<'_>) -> String {
    let mut text = "These tools can be called as `/name {json}`:\n".to_owned();
    for tool in scene.tools {
        let first = tool.description.split_once(". ").map_or(tool.description.as_str(), |(first, _)| first);
        // Writing to a String cannot fail.
        let _ = write!(text, "\n- `/{}`: {}", tool.name.short(), first.trim_end_matches('.'));
    }
    text
}

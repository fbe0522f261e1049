//! execute_databricks_command, run_python_file_on_databricks and get_command.

use std::path::Path;
use std::time::Duration;

use bricklayer_databricks::handed_back::recall;
use bricklayer_databricks::project_file::read_text;
use bricklayer_databricks::work::{Continued, Finished, Job, Outcome, run_one, until};
use bricklayer_sdk::{CleanupHandle, Deadline, Failure, Kind, Method, Platform, Request};
use serde_json::{Map, json};

use crate::choose::{Choice, resolve};
use crate::command::{Command, Source, State};
use crate::context::{self, Context};
use crate::output::Output;
use crate::types;

/// Bytes of a file that is run.
pub(crate) const MAX_FILE_BYTES: u64 = 4 * 1024 * 1024;

/// Longest time a command may be given, in seconds: a day.
const MAX_TIMEOUT_SECONDS: u32 = 86_400;

/// How long get_command waits when the caller names no time, and at most.
const DEFAULT_WAIT_SECONDS: u32 = 50;
const MAX_WAIT_SECONDS: u32 = 100;

/// What to run, and how.
pub(crate) struct Run {
    pub(crate) code: String,
    pub(crate) language: &'static str,
    pub(crate) cluster_id: Option<String>,
    pub(crate) context_id: Option<String>,
    pub(crate) limit: Option<Duration>,
    pub(crate) destroy: bool,
}

/// Runs code.
///
/// # Errors
/// Bad arguments, no cluster, code that fails or takes longer than its limit.
pub(crate) fn command(
    platform: &impl Platform,
    request: types::ExecuteDatabricksCommandRequest,
) -> Result<types::CommandResult, Failure> {
    if request.code.trim().is_empty() {
        return Err(Failure::invalid("code", "is empty"));
    }
    let language = match request.language.unwrap_or(types::Language::Python) {
        types::Language::Python => "python",
        types::Language::Sql => "sql",
        types::Language::Scala => "scala",
        types::Language::R => "r",
    };
    let run = Run {
        code: request.code,
        language,
        cluster_id: request.cluster_id,
        context_id: request.context_id,
        limit: timeout(request.timeout_seconds)?,
        destroy: request.destroy_context_on_completion.unwrap_or(false),
    };
    execute(platform, run)
}

/// Runs a Python file of the project.
///
/// # Errors
/// As for [`command`], and a file that cannot be read.
pub(crate) fn file(
    platform: &impl Platform,
    request: types::RunPythonFileOnDatabricksRequest,
) -> Result<types::CommandResult, Failure> {
    let limit = timeout(request.timeout_seconds)?;
    let run = Run {
        code: read(&platform.project(), &request.file_path)?,
        language: "python",
        cluster_id: request.cluster_id,
        context_id: request.context_id,
        limit,
        destroy: request.destroy_context_on_completion.unwrap_or(false),
    };
    execute(platform, run)
}

/// Goes on with a command.
///
/// # Errors
/// Bad arguments, an unknown command, code that fails or has passed its limit.
pub(crate) fn wait(
    platform: &impl Platform,
    request: types::GetCommandRequest,
) -> Result<types::CommandResult, Failure> {
    let wait = request.wait_seconds.unwrap_or(DEFAULT_WAIT_SECONDS);
    if wait > MAX_WAIT_SECONDS {
        return Err(Failure::invalid("wait_seconds", format!("must be 0 to {MAX_WAIT_SECONDS}")));
    }
    let id = request.command_id.trim().to_owned();
    for (field, text) in [("command_id", &id), ("cluster_id", &request.cluster_id), ("context_id", &request.context_id)]
    {
        if text.trim().is_empty() {
            return Err(Failure::invalid(field, "is empty"));
        }
    }
    let remembered = recall::<String>(platform, &id);
    let limit = remembered.as_ref().and_then(|(_, kept)| kept.limit_left(platform));
    let context = Context { cluster: request.cluster_id, id: request.context_id, reused: true };
    let until = until(platform).min(Deadline::after(platform, Duration::from_secs(wait.into())));
    let continued = Some(continued(&context, None));
    let work = Command { context: context.clone(), source: Source::Continue { id } };
    let finished = run_one(platform, Job { work, limit, continued }, until);
    if let (Some((key, _)), false) = (&remembered, matches!(finished.outcome, Outcome::Unfinished(_))) {
        platform.state_delete(key);
    }
    answer(finished, &context, "")
}

/// Runs code on a cluster, in the context of this conversation.
///
/// # Errors
/// No cluster, code that fails or takes longer than its limit.
pub(crate) fn execute(platform: &impl Platform, run: Run) -> Result<types::CommandResult, Failure> {
    let until = until(platform);
    let choice = resolve(platform, run.cluster_id.as_deref())?;
    let asked = run.context_id.as_deref();
    let mut context = context::open(platform, &choice.id, run.language, asked, until)?;
    let mut finished = send(platform, &run, &context, until);
    let gone =
        matches!(&finished.outcome, Outcome::Failed(failure) if finished.id.is_none() && context::is_gone(failure));
    let mut note = String::new();
    if gone && context.reused && asked.is_none() {
        // Nothing was started, so that nothing runs twice.
        context::forget(platform, &choice.id, run.language);
        context = context::create(platform, &choice.id, run.language, until)?;
        finished = send(platform, &run, &context, until);
        note = "\nThe context of earlier commands was gone: this one ran in a new one, without their variables."
            .to_owned();
    }
    if choice.automatic {
        note.push_str(&chosen(&choice));
    }
    let ended = !matches!(finished.outcome, Outcome::Unfinished(_));
    if run.destroy && ended && context::destroy(platform, &context, run.language) {
        note.push_str("\nThe context was ended, and its variables with it.");
    }
    match answer(finished, &context, &note) {
        Err(failure) if gone && asked.is_some() => {
            Err(failure.advise("Leave out context_id: a new context is made then, without earlier variables."))
        }
        answer => answer,
    }
}

fn chosen(choice: &Choice) -> String {
    let name = choice.name.as_deref().unwrap_or_default();
    format!("\nCluster: {name} ({}), {}.", choice.id, choice.reason)
}

fn send(platform: &impl Platform, run: &Run, context: &Context, until: Deadline) -> Finished<State, Output> {
    let work =
        Command { context: context.clone(), source: Source::Send { language: run.language, code: run.code.clone() } };
    // A context that is only for this command goes with it, whatever ends the call.
    let cleanup = run.destroy.then(|| register_destroy(platform, context)).flatten();
    let continued = Some(continued(context, Some(r#""""#.to_owned())));
    let finished = run_one(platform, Job { work, limit: run.limit, continued }, until);
    if let Some(handle) = cleanup {
        platform.withdraw_cleanup(handle);
    }
    finished
}

fn register_destroy(platform: &impl Platform, context: &Context) -> Option<CleanupHandle> {
    let body = json!({"clusterId": context.cluster, "contextId": context.id}).to_string();
    let path = "/api/1.2/contexts/destroy".to_owned();
    platform.register_cleanup(&Request { method: Method::Post, path, body: Some(body) })
}

/// How get_command goes on with a command.
fn continued(context: &Context, remembered: Option<String>) -> Continued {
    let arguments = Map::from_iter([
        ("cluster_id".to_owned(), context.cluster.clone().into()),
        ("context_id".to_owned(), context.id.clone().into()),
        ("wait_seconds".to_owned(), MAX_WAIT_SECONDS.into()),
    ]);
    Continued { tool: "get_command", id_argument: "command_id", arguments, remembered, said: None, stands: false }
}

fn answer(finished: Finished<State, Output>, context: &Context, note: &str) -> Result<types::CommandResult, Failure> {
    let id = finished.id.unwrap_or_default();
    let mut result = types::CommandResult {
        text: String::new(),
        state: types::CommandState::Finished,
        output: types::OutputKind::None,
        cluster_id: context.cluster.clone(),
        context_id: context.id.clone(),
        command_id: id.clone(),
        result_id: None,
        truncated: false,
        duration_ms: u64::try_from(finished.took.as_millis()).unwrap_or(u64::MAX),
    };
    match finished.outcome {
        Outcome::Failed(failure) if note.is_empty() => return Err(failure),
        Outcome::Failed(failure) => return Err(failure.advise(note.trim_start())),
        Outcome::NotStarted => {
            return Err(
                Failure::new(Kind::Timeout, "no time was left to send the command; it was not started").retryable()
            );
        }
        Outcome::Unfinished(_) => {
            let seconds = finished.took.as_secs();
            result.state = types::CommandState::Running;
            result.text = format!(
                "The command is still running after {seconds} s and goes on at the cluster. Do not send it again: continue with get_command (cluster_id {}, context_id {}, command_id {id}).{note}",
                context.cluster, context.id
            );
        }
        Outcome::Done(output) => {
            result.text = format!("{}{note}", output.text);
            result.output = output.kind;
            result.result_id = output.result_id;
            result.truncated = output.truncated;
        }
    }
    Ok(result)
}

fn timeout(asked: Option<u32>) -> Result<Option<Duration>, Failure> {
    match asked {
        Some(n) if n == 0 || n > MAX_TIMEOUT_SECONDS => {
            Err(Failure::invalid("timeout_seconds", format!("must be 1 to {MAX_TIMEOUT_SECONDS}, is {n}")))
        }
        asked => Ok(asked.map(|n| Duration::from_secs(n.into()))),
    }
}

/// The text of a Python file of the project.
fn read(project: &Path, path: &str) -> Result<String, Failure> {
    if Path::new(path.trim()).extension().is_none_or(|extension| extension != "py") {
        return Err(Failure::invalid("file_path", format!("{path} is no Python file (.py)")));
    }
    read_text(project, "file_path", path, MAX_FILE_BYTES)
}

#[cfg(test)]
mod tests;

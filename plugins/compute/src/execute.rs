//! execute_code and get_code_run: code on serverless compute or on a cluster, whichever is there.

use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use bricklayer_databricks::project_file::read_text;
use bricklayer_databricks::work::{Continued, Finished, Job, Outcome, run_one, until};
use bricklayer_sdk::{CleanupHandle, Deadline, Failure, Kind, Platform};
use serde_json::Map;

use crate::output::Output;
use crate::run::{self, MAX_FILE_BYTES, Run};
use crate::serverless::notebook::{Notebook, look_after};
use crate::serverless::run::{CodeRun, Source};
use crate::types::{self, CodeLanguage, CommandState, ComputeKind, OutputKind};

/// Longest time that code may be given, in seconds, and when the caller names none.
const MAX_TIMEOUT_SECONDS: u32 = 86_400;
const DEFAULT_TIMEOUT_SECONDS: u32 = 3_600;

/// How long get_code_run waits when the caller names no time, and at most.
const DEFAULT_WAIT_SECONDS: u32 = 50;
const MAX_WAIT_SECONDS: u32 = 100;

/// A run of code and how it ended.
type Ran = Finished<&'static str, Output>;

/// Runs code.
///
/// # Errors
/// Bad arguments, nowhere to run, code that fails or takes longer than its limit.
pub(crate) fn code(platform: &impl Platform, request: types::ExecuteCodeRequest) -> Result<types::CodeResult, Failure> {
    let limit = request.timeout_seconds.unwrap_or(DEFAULT_TIMEOUT_SECONDS);
    if limit == 0 || limit > MAX_TIMEOUT_SECONDS {
        return Err(Failure::invalid("timeout_seconds", format!("must be 1 to {MAX_TIMEOUT_SECONDS}, is {limit}")));
    }
    let (code, language) = what(platform, &request)?;
    let cluster = request.cluster_id.as_deref().map(str::trim).filter(|id| !id.is_empty()).map(str::to_owned);
    let kind = request.compute.unwrap_or(ComputeKind::Auto);
    if kind == ComputeKind::Serverless && cluster.is_some() {
        return Err(Failure::invalid("cluster_id", "is for compute cluster; serverless code runs on none"));
    }
    let on_cluster = |cluster: Option<String>, note: &str| {
        let limit = Some(Duration::from_secs(limit.into()));
        let (language, code) = (language, code.clone());
        let run = Run { code, language, cluster_id: cluster, context_id: None, limit, destroy: false };
        run::execute(platform, run).map(|result| of_cluster(result, note))
    };
    if kind == ComputeKind::Cluster || (kind == ComputeKind::Auto && cluster.is_some()) {
        return on_cluster(cluster, "");
    }
    look_after(platform);
    let refused = match serverless(platform, &code, language, limit) {
        Err(Stopped::Refused(failure)) if kind == ComputeKind::Auto => failure,
        Err(Stopped::Refused(failure)) => {
            return Err(failure.advise("With compute cluster the code runs on a cluster instead."));
        }
        Err(Stopped::Failed(failure)) => return Err(failure),
        Ok(result) => return Ok(result),
    };
    // Nothing was started, so that nothing runs twice.
    let why = refused.message.lines().next().unwrap_or_default();
    on_cluster(None, &format!("\nServerless compute did not take it: {why}"))
        .map_err(|failure| failure.advise(format!("Serverless compute did not take the code either: {why}")))
}

/// The code to run and its language.
fn what(platform: &impl Platform, request: &types::ExecuteCodeRequest) -> Result<(String, &'static str), Failure> {
    let word = |language| match language {
        CodeLanguage::Python => "python",
        CodeLanguage::Sql => "sql",
    };
    let given = |text: &Option<String>| text.clone().filter(|text| !text.trim().is_empty());
    let language = request.language.map(word);
    match (given(&request.code), given(&request.file_path)) {
        (Some(_), Some(_)) => Err(Failure::invalid("file_path", "is given beside code; give one of them")),
        (None, None) => Err(Failure::invalid("code", "is empty, and no file_path is given")),
        (Some(code), None) if code.len() as u64 > MAX_FILE_BYTES => {
            Err(Failure::invalid("code", format!("has more than {MAX_FILE_BYTES} bytes")))
        }
        (Some(code), None) => Ok((code, language.unwrap_or("python"))),
        (None, Some(path)) => {
            let by_name = match Path::new(path.trim()).extension().and_then(|ending| ending.to_str()) {
                Some("py") => Some("python"),
                Some("sql") => Some("sql"),
                _ => None,
            };
            let language = language.or(by_name).ok_or_else(|| {
                Failure::invalid("file_path", format!("{path} is no .py and no .sql; name the language"))
            })?;
            Ok((read_text(&platform.project(), "file_path", &path, MAX_FILE_BYTES)?, language))
        }
    }
}

/// Why nothing came of a serverless run.
enum Stopped {
    /// The workspace does not take it; nothing was started.
    Refused(Failure),
    Failed(Failure),
}

fn serverless(
    platform: &impl Platform,
    code: &str,
    language: &'static str,
    limit: u32,
) -> Result<types::CodeResult, Stopped> {
    let until = until(platform);
    let (notebook, cleanup) = Notebook::make(platform, code, language).map_err(Stopped::Failed)?;
    let work = CodeRun::new(Source::Start { notebook: notebook.clone(), limit });
    let (finished, page) = bring(platform, work, until);
    let started = finished.id.is_some();
    let refused = |failure: &Failure| {
        matches!(failure.kind, Kind::InvalidInput | Kind::PermissionDenied | Kind::NotFound | Kind::Failed)
    };
    let result = settle(platform, finished, page, Some(notebook), cleanup);
    result.map_err(
        |failure| {
            if !started && refused(&failure) { Stopped::Refused(failure) } else { Stopped::Failed(failure) }
        },
    )
}

/// Brings a run to its end, or as far as the time goes; and where a person sees it.
fn bring(platform: &impl Platform, work: CodeRun, until: Deadline) -> (Ran, Option<String>) {
    let page = Rc::clone(&work.page);
    let arguments = Map::from_iter([("wait_seconds".to_owned(), MAX_WAIT_SECONDS.into())]);
    let continued = Continued {
        tool: "get_code_run",
        id_argument: "run_id",
        arguments,
        remembered: None,
        said: None,
        stands: false,
    };
    let finished = run_one(platform, Job { work, limit: None, continued: Some(continued) }, until);
    (finished, page.take())
}

/// Goes on with a run.
///
/// # Errors
/// Bad arguments, an unknown run, code that fails or has passed its limit.
pub(crate) fn wait(platform: &impl Platform, request: types::GetCodeRunRequest) -> Result<types::CodeResult, Failure> {
    let wait = request.wait_seconds.unwrap_or(DEFAULT_WAIT_SECONDS);
    if wait > MAX_WAIT_SECONDS {
        return Err(Failure::invalid("wait_seconds", format!("must be 0 to {MAX_WAIT_SECONDS}")));
    }
    let until = until(platform).min(Deadline::after(platform, Duration::from_secs(wait.into())));
    let notebook = Notebook::of_run(platform, &request.run_id.to_string());
    let (finished, page) = bring(platform, CodeRun::new(Source::Continue { id: request.run_id }), until);
    settle(platform, finished, page, notebook, None)
}

/// Removes the notebook of a run that has ended, and says what became of it.
fn settle(
    platform: &impl Platform,
    finished: Ran,
    page: Option<String>,
    notebook: Option<Notebook>,
    cleanup: Option<CleanupHandle>,
) -> Result<types::CodeResult, Failure> {
    match (&finished.outcome, notebook) {
        // It goes on: its notebook is looked after by the call that goes on with it.
        (Outcome::Unfinished(_), _) => {
            if let Some(handle) = cleanup {
                platform.withdraw_cleanup(handle);
            }
        }
        (_, Some(notebook)) => notebook.remove(platform, cleanup),
        (_, None) => {}
    }
    let id = finished.id.clone().unwrap_or_default();
    let mut result = types::CodeResult {
        text: String::new(),
        state: CommandState::Finished,
        compute: ComputeKind::Serverless,
        output: OutputKind::None,
        run_id: id.parse().ok(),
        run_page_url: page,
        cluster_id: None,
        context_id: None,
        command_id: None,
        result_id: None,
        truncated: false,
        duration_ms: u64::try_from(finished.took.as_millis()).unwrap_or(u64::MAX),
    };
    match finished.outcome {
        Outcome::Failed(failure) => return Err(failure),
        Outcome::NotStarted => {
            let said = "no time was left to run the code; it was not started";
            return Err(Failure::new(Kind::Timeout, said).retryable());
        }
        Outcome::Unfinished(state) => {
            result.state = CommandState::Running;
            result.text = format!(
                "The code is {state} after {} s and goes on at the workspace. Do not send it again: continue with get_code_run (run_id {id}).",
                finished.took.as_secs()
            );
        }
        Outcome::Done(output) => {
            result.text = output.text;
            result.output = output.kind;
            result.result_id = output.result_id;
            result.truncated = output.truncated;
        }
    }
    Ok(result)
}

fn of_cluster(result: types::CommandResult, note: &str) -> types::CodeResult {
    types::CodeResult {
        text: format!("{}{note}", result.text),
        state: result.state,
        compute: ComputeKind::Cluster,
        output: result.output,
        run_id: None,
        run_page_url: None,
        cluster_id: Some(result.cluster_id),
        context_id: Some(result.context_id),
        command_id: Some(result.command_id),
        result_id: result.result_id,
        truncated: result.truncated,
        duration_ms: result.duration_ms,
    }
}

#[cfg(test)]
mod tests;

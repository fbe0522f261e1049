//! `bricklayer plugin test`: each case as a call in the real sandbox.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bricklayer_domain::{
    ConversationId, PluginName, ProjectId, ToolFailure, ToolOutcome, TurnId, TurnSettings, UserId,
};
use bricklayer_package::Powers;
use bricklayer_runtime::{
    CallContext, Grants, MemoryState, NoAudit, Plugin, Runtime, RuntimeConfig, StateScope, StateStore, ToolNamespace,
    WorkspaceTarget,
};
use secrecy::SecretString;
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::cases::{Case, FileSource, Suite, read_named};
use crate::recorded::CaseRecordings;
use crate::{Problem, cache, compare};

/// A user for cases that name none.
const USER: &str = "author@example.com";

/// Stands for the caller's workspace; nothing is sent there.
const WORKSPACE: &str = "https://recorded.cloud.databricks.com";

/// Longest part of an outcome that a report repeats.
const SHOWN_CHARS: usize = 1_000;

/// Keys of a preset store; the host's own bound.
const MAX_STATE_KEYS: usize = 256;

/// How one case ended.
#[derive(Debug, Clone)]
pub struct CaseReport {
    /// Its name.
    pub name: String,
    /// The tool that was called.
    pub tool: String,
    /// What was not as expected; empty when all was.
    pub problems: Vec<String>,
    /// What the model would have read, shortened.
    pub outcome: String,
    /// How long the call took.
    pub took: Duration,
}

impl CaseReport {
    /// Whether all was as expected.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.problems.is_empty()
    }
}

/// Runs cases against a package. `folder` is the plugin's, for files that cases name. `done` hears of each case.
///
/// # Errors
/// A package that cannot be loaded, or a case that names a file that cannot be read.
pub async fn run(
    package: Vec<u8>,
    suite: &Suite,
    folder: &Path,
    done: &(dyn Fn(&CaseReport) + Sync),
) -> Result<Vec<CaseReport>, Problem> {
    let recordings = Arc::new(CaseRecordings::default());
    let mut config = RuntimeConfig::new(cache::folder(folder).join("code"));
    config.far_end = Some(Arc::clone(&recordings) as _);
    config.max_concurrent_calls = 1;
    let runtime = Runtime::new(config).map_err(|error| Problem::new(format!("the sandbox does not start: {error}")))?;
    let name = bricklayer_package::read(&package).map_err(|error| Problem::new(error.to_string()))?.manifest.name;
    let plugin = runtime
        .load(package, ToolNamespace::plugin(&name))
        .await
        .map_err(|error| Problem::new(format!("the package cannot be loaded: {error}")))?;
    let mut reports = Vec::with_capacity(suite.cases.len());
    for case in &suite.cases {
        let report = run_case(&runtime, &plugin, case, folder, &recordings).await?;
        done(&report);
        reports.push(report);
    }
    Ok(reports)
}

async fn run_case(
    runtime: &Runtime,
    plugin: &Arc<Plugin>,
    case: &Case,
    folder: &Path,
    recordings: &CaseRecordings,
) -> Result<CaseReport, Problem> {
    let project = tempfile::tempdir().map_err(|e| Problem::io("make a temporary folder", &e))?;
    for (path, source) in &case.files {
        let contents = match source {
            FileSource::Text(text) => text.clone().into_bytes(),
            FileSource::From { from } => read_named(folder, from)?,
        };
        write_inside(project.path(), path, &contents)?;
    }
    recordings.begin(folder, &case.http)?;
    let context = context(plugin, case, project.path()).await?;
    let arguments = Value::Object(case.arguments.clone().into_iter().collect());
    let began = Instant::now();
    let outcome = runtime.call(plugin, &case.tool, &arguments, context).await;
    let took = began.elapsed();
    let mut problems = judge(case, &outcome);
    problems.extend(recordings.end());
    for (path, expected) in &case.expect.files {
        let found = fs::read_to_string(project.path().join(path)).unwrap_or_else(|_| "(no such file)".to_owned());
        if found != *expected {
            problems.push(format!("file {path}: expected {expected:?}, found {found:?}"));
        }
    }
    let outcome = outcome.content.chars().take(SHOWN_CHARS).collect();
    Ok(CaseReport { name: case.name.clone(), tool: case.tool.clone(), problems, outcome, took })
}

fn write_inside(project: &Path, path: &str, contents: &[u8]) -> Result<(), Problem> {
    let inside = Path::new(path).components().all(|part| matches!(part, std::path::Component::Normal(_)));
    if !inside {
        return Err(Problem::new(format!("tests.toml: files: {path:?} is no path in the project's folder")));
    }
    let path = project.join(path);
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(|e| Problem::io("make a folder for a case", &e))?;
    }
    fs::write(&path, contents).map_err(|e| Problem::io("write a file for a case", &e))
}

async fn context(plugin: &Plugin, case: &Case, folder: &Path) -> Result<CallContext, Problem> {
    let requested = plugin.manifest().requests();
    let powers = case.powers()?.map_or_else(|| requested.clone(), |given| Powers::effective(&given, &requested));
    let project = ProjectId::new();
    let state = MemoryState::default();
    fill(&state, project, plugin.name(), case).await?;
    let user = case.context.user.as_deref().unwrap_or(USER);
    let user = UserId::parse(user).map_err(|error| Problem::new(format!("tests.toml: {:?}: {error}", case.name)))?;
    let base_url = Url::parse(WORKSPACE).map_err(|error| Problem::new(error.to_string()))?;
    Ok(CallContext {
        user,
        project,
        conversation: ConversationId::new(),
        turn: TurnId::new(),
        tool_call: None,
        project_dir: Some(folder.to_owned()),
        workspace: Some(WorkspaceTarget { base_url, credential: SecretString::from("recorded-credential") }),
        settings: TurnSettings {
            warehouse_id: case.context.warehouse.clone(),
            default_catalog: case.context.catalog.clone(),
            default_schema: case.context.schema.clone(),
            ..TurnSettings::default()
        },
        grants: Arc::new(Grants::from_powers(&powers)),
        state: Arc::new(state),
        progress: Arc::new(|_| {}),
        cancel: CancellationToken::new(),
        audit: Arc::new(NoAudit),
    })
}

async fn fill(state: &MemoryState, project: ProjectId, plugin: &PluginName, case: &Case) -> Result<(), Problem> {
    let scope = StateScope { project, plugin: plugin.clone() };
    for (key, value) in &case.state {
        let set = state.set(&scope, key, value, MAX_STATE_KEYS).await;
        set.map_err(|error| Problem::new(format!("tests.toml: {:?}: state: {error}", case.name)))?;
    }
    Ok(())
}

fn judge(case: &Case, outcome: &ToolOutcome) -> Vec<String> {
    let expect = &case.expect;
    let failure_expected = expect.error.is_some() || expect.message.is_some() || expect.denied.is_some();
    match (&outcome.failure, failure_expected) {
        (Some(failure), true) => judge_failure(case, failure),
        (Some(failure), false) => {
            let mut problems = vec![format!("it failed ({}): {}", failure.kind.as_str(), failure.message)];
            problems.extend(failure.remedy.iter().map(|remedy| format!("what to do: {remedy}")));
            problems
        }
        (None, true) => {
            let kind = expect.error.as_deref().unwrap_or("any");
            vec![format!("expected the error {kind}, but the call succeeded with: {}", shorten(&outcome.content))]
        }
        (None, false) => judge_success(case, outcome),
    }
}

fn judge_failure(case: &Case, failure: &ToolFailure) -> Vec<String> {
    let expect = &case.expect;
    let mut problems = Vec::new();
    if let Some(kind) = &expect.error
        && kind != failure.kind.as_str()
    {
        problems.push(format!("expected the error {kind}, found {}: {}", failure.kind.as_str(), failure.message));
    }
    if let Some(text) = &expect.message
        && !failure.message.contains(text.as_str())
    {
        problems.push(format!("the message does not contain {text:?}: {}", failure.message));
    }
    if let Some(power) = &expect.denied
        && failure.denied.as_ref() != Some(power)
    {
        let found = failure.denied.as_deref().unwrap_or("none");
        problems.push(format!("expected {power} to be the missing power, found {found}"));
    }
    problems
}

fn judge_success(case: &Case, outcome: &ToolOutcome) -> Vec<String> {
    let mut problems = Vec::new();
    if let Some(expected) = &case.expect.result {
        let found = outcome.structured.clone().unwrap_or_else(|| Value::String(outcome.content.clone()));
        problems.extend(compare::differences(expected, &found));
    }
    if let Some(text) = &case.expect.text
        && !outcome.content.contains(text.as_str())
    {
        problems.push(format!("the text does not contain {text:?}; it is:\n{}", shorten(&outcome.content)));
    }
    problems
}

fn shorten(text: &str) -> String {
    let mut shown: String = text.chars().take(SHOWN_CHARS).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

//! `bricklayer plugin test`: each case as a call in the real sandbox, answered by recordings, or recorded.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bricklayer_domain::{
    CallReview, CallSite, Caller, PluginName, ProjectId, ResultRef, ToolFailure, ToolOutcome, UserId,
};
use bricklayer_package::Powers;
use bricklayer_runtime::{
    CallContext, Grants, MemoryResults, MemoryState, Plugin, Runtime, RuntimeConfig, StateScope, StateStore,
    ToolNamespace, WorkspaceTarget,
};
use secrecy::SecretString;
use serde_json::Value;
use url::Url;

use crate::cases::{self, Case, FileSource, Suite, read_named};
use crate::recorded::CaseRecordings;
use crate::{Problem, cache, compare, record, rewrite};

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
    /// What the call made for people, as far as a test keeps it: its shape.
    pub results: Vec<ResultRef>,
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
    let bench = Bench::new(package, folder, None).await?;
    let mut reports = Vec::with_capacity(suite.cases.len());
    for case in &suite.cases {
        let report = bench.run(case, false).await?;
        done(&report);
        reports.push(report);
    }
    Ok(reports)
}

/// Who answers while cases are recorded.
#[derive(Debug)]
pub struct Live {
    /// The caller's workspace; without one, requests to it are refused.
    pub workspace: Option<WorkspaceTarget>,
    /// Whether cases that have recorded answers are recorded anew.
    pub overwrite: bool,
}

/// Runs those cases of a folder's tests.toml that `wanted` names and that have no recorded answers yet, lets the
/// plugin's real services answer, and writes what they answered into the file. A case that fails because a service
/// did not answer leaves no recording; one that fails otherwise does, for its expectations may be what is wrong.
///
/// # Errors
/// As for [`run`]; and a recording that is too large, or that cannot be written. Then nothing is.
pub async fn record(
    package: Vec<u8>,
    folder: &Path,
    live: Live,
    wanted: &(dyn Fn(&Case) -> bool + Sync),
    done: &(dyn Fn(&CaseReport) + Sync),
) -> Result<Vec<CaseReport>, Problem> {
    let text = cases::read(folder)?.ok_or_else(|| Problem::new("there is no tests.toml to record for"))?;
    let suite = Suite::parse(&text)?;
    let overwrite = live.overwrite;
    let bench = Bench::new(package, folder, Some(live)).await?;
    let (mut exchanges, mut files) = (BTreeMap::new(), BTreeMap::new());
    let mut reports = Vec::new();
    let chosen = suite.cases.iter().enumerate().filter(|(_, case)| wanted(case) && (overwrite || case.http.is_empty()));
    for (index, case) in chosen {
        let report = bench.run(case, true).await?;
        let heard = bench.recordings.heard();
        let silent = heard.iter().any(|(_, answer)| answer.is_err());
        if report.passed() || !silent {
            let recorded = record::exchanges(case, &heard)?;
            if !(recorded.exchanges.is_empty() && case.http.is_empty()) {
                exchanges.insert(index, recorded.exchanges);
                files.extend(recorded.files);
            }
        }
        done(&report);
        reports.push(report);
    }
    let changed = rewrite::with_exchanges(&text, &exchanges)?;
    if !overwrite && let Some(path) = files.keys().find(|path| folder.join(path).exists()) {
        return Err(Problem::new(format!("{path} is there already")).fix("remove it, or add --overwrite"));
    }
    for (path, body) in &files {
        write_inside(folder, path, body)?;
    }
    if !exchanges.is_empty() {
        cases::write(folder, &changed)?;
    }
    Ok(reports)
}

/// A sandbox with one plugin, and who answers its requests.
struct Bench<'a> {
    runtime: Runtime,
    plugin: Arc<Plugin>,
    folder: &'a Path,
    recordings: Arc<CaseRecordings>,
    /// While recording: the workspace that answers, if any.
    live: Option<Live>,
}

impl<'a> Bench<'a> {
    async fn new(package: Vec<u8>, folder: &'a Path, live: Option<Live>) -> Result<Self, Problem> {
        let recordings = Arc::new(CaseRecordings::default());
        let mut config = RuntimeConfig::new(cache::code(folder));
        config.cache_bytes = cache::CODE_BYTES;
        config.far_end = Some(Arc::clone(&recordings) as _);
        config.max_concurrent_calls = 1;
        let runtime =
            Runtime::new(config).map_err(|error| Problem::new(format!("the sandbox does not start: {error}")))?;
        let name = bricklayer_package::read(&package).map_err(|error| Problem::new(error.to_string()))?.manifest.name;
        let plugin = runtime
            .load(package, ToolNamespace::plugin(&name))
            .await
            .map_err(|error| Problem::new(format!("the package cannot be loaded: {error}")))?;
        Ok(Self { runtime, plugin, folder, recordings, live })
    }

    /// Asks what a case's call would do, as a host does before it.
    async fn review(&self, case: &Case, arguments: &Value, expected: &Value, context: CallContext) -> Vec<String> {
        let Some(tool) = self.plugin.tool(&case.tool) else { return Vec::new() };
        reviewed(expected, self.runtime.review(&tool.prepare(arguments), context).await.as_ref())
    }

    /// Runs one case; while it is recorded, what was heard is to be taken afterwards.
    async fn run(&self, case: &Case, recorded: bool) -> Result<CaseReport, Problem> {
        let project = tempfile::tempdir().map_err(|e| Problem::io("make a temporary folder", &e))?;
        for (path, source) in &case.files {
            let contents = match source {
                FileSource::Text(text) => text.clone().into_bytes(),
                FileSource::From { from } => read_named(self.folder, from)?,
            };
            write_inside(project.path(), path, &contents)?;
        }
        self.recordings.begin(self.folder, if recorded { &[] } else { &case.http })?;
        if recorded {
            self.recordings.listen();
        }
        let context = context(&self.plugin, case, project.path(), self.live.as_ref()).await?;
        let arguments = Value::Object(case.arguments.clone().into_iter().collect());
        let began = Instant::now();
        let outcome = self.runtime.call(&self.plugin, &case.tool, &arguments, context).await;
        let took = began.elapsed();
        let mut problems = judge(case, &outcome);
        if let Some(expected) = &case.expect.operations {
            let context = self::context(&self.plugin, case, project.path(), self.live.as_ref()).await?;
            problems.extend(self.review(case, &arguments, expected, context).await);
        }
        problems.extend(self.recordings.end());
        for (path, expected) in &case.expect.files {
            let found = fs::read_to_string(project.path().join(path)).unwrap_or_else(|_| "(no such file)".to_owned());
            if found != *expected {
                problems.push(format!("file {path}: expected {expected:?}, found {found:?}"));
            }
        }
        let results = outcome.results;
        let outcome = outcome.content.chars().take(SHOWN_CHARS).collect();
        Ok(CaseReport { name: case.name.clone(), tool: case.tool.clone(), problems, outcome, results, took })
    }
}

fn reviewed(expected: &Value, review: Option<&CallReview>) -> Vec<String> {
    let Some(review) = review else {
        return vec!["operations: the plugin exports neither `operations` nor `review`".to_owned()];
    };
    let found = serde_json::to_value(&review.operations).unwrap_or_default();
    compare::differences(expected, &found).into_iter().map(|problem| format!("operations: {problem}")).collect()
}

fn write_inside(project: &Path, path: &str, contents: &[u8]) -> Result<(), Problem> {
    let inside = Path::new(path).components().all(|part| matches!(part, std::path::Component::Normal(_)));
    if !inside {
        return Err(Problem::new(format!("tests.toml: files: {path:?} is no path in the folder")));
    }
    let path = project.join(path);
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(|e| Problem::io("make a folder for a case", &e))?;
    }
    fs::write(&path, contents).map_err(|e| Problem::io("write a file for a case", &e))
}

async fn context(plugin: &Plugin, case: &Case, folder: &Path, live: Option<&Live>) -> Result<CallContext, Problem> {
    let requested = plugin.manifest().requests();
    let powers = case.powers()?.map_or_else(|| requested.clone(), |given| Powers::effective(&given, &requested));
    let project = ProjectId::new();
    let state = MemoryState::default();
    fill(&state, project, plugin.name(), case).await?;
    let user = case.context.user.as_deref().unwrap_or(USER);
    let user = UserId::parse(user).map_err(|error| Problem::new(format!("tests.toml: {:?}: {error}", case.name)))?;
    let workspace = match live {
        Some(live) => live.workspace.clone(),
        None => {
            let base_url = Url::parse(WORKSPACE).map_err(|error| Problem::new(error.to_string()))?;
            Some(WorkspaceTarget::new(base_url, SecretString::from("recorded-credential").into()))
        }
    };
    let settings = case.context.settings();
    let settings = settings.map_err(|error| Problem::new(format!("tests.toml: {:?}: {error}", case.name)))?;
    Ok(CallContext {
        project_dir: Some(folder.to_owned()),
        workspace,
        settings,
        grants: Arc::new(Grants::from_powers(&powers)),
        state: Arc::new(state),
        results: Some(Arc::new(MemoryResults::default())),
        ..CallContext::new(Caller::new(user, project, CallSite::Host))
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
    if let Some(expected) = &case.expect.results {
        let found = serde_json::to_value(&outcome.results).unwrap_or_default();
        let different = compare::differences(expected, &found);
        problems.extend(different.into_iter().map(|problem| format!("results: {problem}")));
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

//! Notebook and Python tasks: programs of the workspace's files, run as the user.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::{
    context::Context,
    leaf::{Done, Given, OUTPUT_CHARS, head},
};
use crate::{
    files::Content,
    jobs::{
        model::{Code, NotebookOutput, Output},
        references::Facts,
        settings::{Document, NotebookTask, Source, SparkPythonTask, Texts},
    },
    python::{Ended, Outcome, Program, Refused, Services, Surroundings},
    sql::session::Session,
    utilities::{UserUtilities, arguments},
};

/// How long a program may run that its task gives no limit; it holds one of few places.
const LIMIT: Duration = Duration::from_secs(24 * 3_600);

/// Notebooks that run each other.
const MAX_DEPTH: usize = 8;

/// Values that one task may keep, and bytes of one as JSON; the service's bounds.
const MAX_VALUES: usize = 250;
const VALUE_BYTES: usize = 48 * 1024;

/// Runs a notebook with its widgets' values: the task's own, those of the request, the job's parameters.
pub(super) async fn notebook(
    context: &Context,
    task: &NotebookTask,
    given: &Given,
    facts: &Arc<Facts>,
    cancel: &CancellationToken,
) -> Done {
    if task.source == Source::Git {
        return no_git();
    }
    let path = &task.notebook_path;
    let notebook = match context.files.program(&given.user, path).await {
        Ok(Content::Notebook(notebook)) => notebook,
        Ok(Content::File(_)) => {
            return Done::refused(Code::InvalidRunConfiguration, format!("{path} is a file and no notebook."));
        }
        Err(error) => return unreadable(error.said()),
    };
    let mut parameters = task.base_parameters.0.clone();
    parameters.extend(texts(&given.overriding, "notebook_params"));
    parameters.extend(given.parameters.clone());
    let program = Program::Notebook { path: path.clone(), notebook, parameters };
    run(context, program, given, facts, cancel).await
}

/// Runs a Python file with its arguments.
pub(super) async fn python(
    context: &Context,
    task: &SparkPythonTask,
    given: &Given,
    facts: &Arc<Facts>,
    cancel: &CancellationToken,
) -> Done {
    if task.source == Source::Git {
        return no_git();
    }
    let path = &task.python_file;
    if path.contains(":/") || path.starts_with("/Volumes/") {
        let said = format!("The local workspace runs Python files of the workspace's folders, and not {path}.");
        return Done::refused(Code::FeatureDisabled, said);
    }
    let text = match context.files.program(&given.user, path).await {
        Ok(Content::File(text)) => text,
        // A notebook in source format is a program as well.
        Ok(Content::Notebook(notebook)) => notebook.to_source(),
        Err(error) => return unreadable(error.said()),
    };
    let arguments = match given.overriding.get("python_params").and_then(Value::as_array) {
        Some(given) => given.iter().filter_map(|value| value.as_str().map(str::to_owned)).collect(),
        None => task.parameters.clone(),
    };
    run(context, Program::File { path: path.clone(), text, arguments }, given, facts, cancel).await
}

fn no_git() -> Done {
    Done::refused(Code::FeatureDisabled, "The local workspace runs no files of Git repositories.")
}

/// What the files' area says of a path.
fn unreadable(said: &str) -> Done {
    Done::refused(Code::ResourceNotFound, said)
}

/// Values by name in one of the older kinds of parameters.
fn texts(overriding: &Document, field: &str) -> BTreeMap<String, String> {
    let map = overriding.get(field).and_then(Value::as_object).cloned().unwrap_or_default();
    Texts::try_from(map).map(|texts| texts.0).unwrap_or_default()
}

/// Runs a program to its end; what came of it is the task's output.
pub(super) async fn run(
    context: &Context,
    program: Program,
    given: &Given,
    facts: &Arc<Facts>,
    cancel: &CancellationToken,
) -> Done {
    let session = context.sql.session(&given.user);
    let kept = Arc::new(Kept {
        context: context.clone(),
        session: session.clone(),
        facts: Arc::clone(facts),
        utilities: Arc::new(context.utilities.of(&given.user)),
        values: Mutex::default(),
        depth: 0,
        cancel: cancel.clone(),
    });
    let services: Arc<dyn Services> = Arc::clone(&kept) as Arc<dyn Services>;
    let is_notebook = matches!(program, Program::Notebook { .. });
    let around = Surroundings { session, services, in_job: true };
    let outcome = context.python.run_once(program, &around, LIMIT, cancel).await;
    let values = std::mem::take(&mut *kept.values());
    Done { values, ..done(outcome, is_notebook) }
}

fn done(outcome: Outcome, is_notebook: bool) -> Done {
    let (logs, cut) = head(&outcome.printed.text);
    let truncated = cut || outcome.printed.truncated;
    let output =
        Output { logs: (!logs.is_empty()).then_some(logs), logs_truncated: Some(truncated), ..Output::default() };
    let failed = |error: String, trace: Option<String>| {
        let end = trace.map(|trace| {
            let skipped = trace.chars().count().saturating_sub(OUTPUT_CHARS);
            trace.chars().skip(skipped).collect()
        });
        Done::workload_failed(Output { error: Some(head(&error).0), error_trace: end, ..output.clone() })
    };
    match outcome.ended {
        Ended::Well(value) => {
            let given = value.as_deref().map(head);
            let cut = given.as_ref().is_some_and(|(_, cut)| *cut);
            let result = given.map(|(text, _)| text);
            let notebook_output = is_notebook.then_some(NotebookOutput { result, truncated: cut });
            Done::succeeded(Output { notebook_output, ..output })
        }
        Ended::Failed(failure) => failed(failure.summary, Some(failure.trace)),
        Ended::Canceled { .. } => Done { output, ..Done::canceled() },
        Ended::OutOfTime { limit, .. } => {
            failed(format!("The program ran longer than {} s and was ended.", limit.as_secs()), None)
        }
        Ended::Died(said) => failed(format!("The Python process ended: {said}"), None),
    }
}

/// What a task's program may ask for: values of tasks, other notebooks, and what all code may.
#[derive(Debug)]
struct Kept {
    context: Context,
    session: Session,
    facts: Arc<Facts>,
    /// Those of the program that was begun first: what one notebook has read, none of them prints.
    utilities: Arc<UserUtilities>,
    values: Mutex<BTreeMap<String, Value>>,
    /// Notebooks above this one.
    depth: usize,
    cancel: CancellationToken,
}

#[derive(Debug, Deserialize)]
struct Set {
    key: String,
    value: Value,
}

#[derive(Debug, Deserialize)]
struct Get {
    task_key: String,
    key: String,
}

#[derive(Debug, Deserialize)]
struct RunNotebook {
    path: String,
    #[serde(default)]
    timeout_seconds: u64,
    #[serde(default)]
    arguments: BTreeMap<String, String>,
}

fn refused(code: &str, message: impl Into<String>) -> Refused {
    Refused { code: code.to_owned(), message: message.into() }
}

#[async_trait]
impl Services for Kept {
    async fn call(&self, method: &str, given: Value) -> Result<Value, Refused> {
        match method {
            "jobs.taskValues.set" => self.set(arguments(given)?),
            "jobs.taskValues.get" => {
                let Get { task_key, key } = arguments(given)?;
                let found = self.facts.tasks.get(&task_key).and_then(|task| task.values.get(&key));
                Ok(found.map_or_else(|| json!({}), |value| json!({"value": value})))
            }
            "notebook.run" => self.notebook(arguments(given)?).await,
            other => self.utilities.call(other, given).await,
        }
    }

    fn revealed(&self) -> Vec<String> {
        self.utilities.revealed()
    }
}

impl Kept {
    fn values(&self) -> MutexGuard<'_, BTreeMap<String, Value>> {
        self.values.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, Set { key, value }: Set) -> Result<Value, Refused> {
        let bytes = value.to_string().len();
        if bytes > VALUE_BYTES {
            let message = format!("the value of {key} has {bytes} bytes; a task value has at most {VALUE_BYTES}");
            return Err(refused("INVALID_PARAMETER_VALUE", message));
        }
        let mut values = self.values();
        if values.len() >= MAX_VALUES && !values.contains_key(&key) {
            let message = format!("a task keeps at most {MAX_VALUES} values");
            return Err(refused("INVALID_PARAMETER_VALUE", message));
        }
        values.insert(key, value);
        Ok(json!({}))
    }

    /// Runs another notebook to its end, in a process of its own; what it gave to its exit.
    async fn notebook(&self, asked: RunNotebook) -> Result<Value, Refused> {
        if self.depth >= MAX_DEPTH {
            let message = format!("notebooks run each other more than {MAX_DEPTH} deep");
            return Err(refused("INVALID_PARAMETER_VALUE", message));
        }
        let user = self.session.user().to_owned();
        let content = self.context.files.program(&user, &asked.path).await;
        let content = content.map_err(|error| refused("RESOURCE_DOES_NOT_EXIST", error.said()))?;
        let Content::Notebook(notebook) = content else {
            return Err(refused("INVALID_PARAMETER_VALUE", format!("{} is a file and no notebook", asked.path)));
        };
        let session = self.session.fresh();
        let inner = Self {
            context: self.context.clone(),
            session: session.clone(),
            facts: Arc::clone(&self.facts),
            utilities: Arc::clone(&self.utilities),
            values: Mutex::default(),
            depth: self.depth + 1,
            cancel: self.cancel.clone(),
        };
        let around = Surroundings { session, services: Arc::new(inner), in_job: true };
        let limit = if asked.timeout_seconds == 0 { LIMIT } else { Duration::from_secs(asked.timeout_seconds) };
        let program = Program::Notebook { path: asked.path.clone(), notebook, parameters: asked.arguments };
        let outcome = self.context.python.run_once(program, &around, limit, &self.cancel).await;
        let failed = |said: String| Err(refused("RUN_EXECUTION_ERROR", format!("{} failed: {said}", asked.path)));
        match outcome.ended {
            Ended::Well(value) => Ok(json!({"result": value.unwrap_or_default()})),
            Ended::Failed(failure) => failed(failure.summary),
            Ended::Canceled { .. } => failed("it was canceled".to_owned()),
            Ended::OutOfTime { limit, .. } => failed(format!("it ran longer than {} s", limit.as_secs())),
            Ended::Died(said) => failed(said),
        }
    }
}

//! A job's settings as the engine reads them. The settings themselves are kept as the document that the caller gave, so
//! that a job read is the job written.
//!
//! Rules: Jobs API 2.2, "Create a new job" (fields, units, bounds).

use std::collections::{HashMap, HashSet};

use serde::{
    Deserialize,
    de::{DeserializeOwned, IgnoredAny},
};
use serde_json::{Map, Value, json};

use super::{schedule::Cron, wheel::WheelTask};

/// Settings, a task, or any other object as the API takes and gives it.
pub(crate) type Document = Map<String, Value>;

/// Tasks of one job.
pub(crate) const MAX_TASKS: usize = 1_000;

/// Parameters of one job.
const MAX_PARAMETERS: usize = 1_000;

/// Characters of a task's key.
const MAX_KEY_CHARS: usize = 100;

/// Runs of one job at the same time.
const MAX_CONCURRENT_RUNS: u64 = 1_000;

/// Iterations of a for-each task at the same time.
const MAX_CONCURRENCY: u64 = 100;

/// Bytes of one job's settings; each run keeps a copy of them.
const MAX_SETTINGS_BYTES: usize = 1024 * 1024;

/// Why settings are refused: which field, and what about it.
pub(crate) type Refusal = String;

/// What the engine needs of a job's settings.
#[derive(Debug, Clone, Default)]
pub(crate) struct Settings {
    pub(crate) tasks: Vec<Task>,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) schedule: Option<Schedule>,
    pub(crate) max_concurrent_runs: u64,
    pub(crate) timeout_seconds: u64,
    pub(crate) queued: bool,
    /// Who the runs act as, when it is not the job's creator.
    pub(crate) run_as: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Raw {
    name: Option<String>,
    tasks: Vec<Value>,
    parameters: Vec<Parameter>,
    schedule: Option<Schedule>,
    trigger: Option<Pausable>,
    continuous: Option<Pausable>,
    max_concurrent_runs: Option<u64>,
    timeout_seconds: u64,
    queue: Option<Queue>,
    run_as: Option<RunAs>,
    job_clusters: Vec<JobCluster>,
    environments: Vec<Environment>,
}

/// A parameter that the job declares.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Parameter {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) default: String,
}

/// When a job runs by itself.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Schedule {
    pub(crate) quartz_cron_expression: String,
    pub(crate) timezone_id: String,
    #[serde(default)]
    pub(crate) pause_status: PauseStatus,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum PauseStatus {
    #[default]
    Unpaused,
    Paused,
}

#[derive(Debug, Deserialize)]
struct Pausable {
    #[serde(default)]
    pause_status: PauseStatus,
}

#[derive(Debug, Deserialize)]
struct Queue {
    enabled: bool,
}

#[derive(Debug, Deserialize)]
struct RunAs {
    user_name: Option<String>,
    service_principal_name: Option<String>,
}

#[derive(Debug, Deserialize)]
struct JobCluster {
    job_cluster_key: String,
}

#[derive(Debug, Deserialize)]
struct Environment {
    environment_key: String,
}

/// One task, apart from what it does.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Task {
    pub(crate) task_key: String,
    #[serde(default)]
    pub(crate) depends_on: Vec<Dependency>,
    #[serde(default)]
    pub(crate) run_if: RunIf,
    #[serde(default)]
    pub(crate) timeout_seconds: u64,
    /// -1 for no end.
    #[serde(default)]
    pub(crate) max_retries: i64,
    #[serde(default)]
    pub(crate) min_retry_interval_millis: u64,
    #[serde(default)]
    pub(crate) retry_on_timeout: bool,
    #[serde(default)]
    pub(crate) disabled: bool,
    #[serde(default)]
    job_cluster_key: Option<String>,
    #[serde(default)]
    environment_key: Option<String>,
    /// The whole task as it was given.
    #[serde(skip)]
    pub(crate) document: Document,
}

/// A task that has to end first.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Dependency {
    pub(crate) task_key: String,
    /// Which outcome of a condition this waits for: `true` or `false`.
    pub(crate) outcome: Option<String>,
}

/// What has to have become of a task's dependencies.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum RunIf {
    #[default]
    AllSuccess,
    AtLeastOneSuccess,
    NoneFailed,
    AllDone,
    AtLeastOneFailed,
    AllFailed,
}

/// What a task does.
#[derive(Debug, Clone)]
pub(crate) enum Body {
    Notebook(NotebookTask),
    SparkPython(SparkPythonTask),
    PythonWheel(WheelTask),
    Sql(SqlTask),
    RunJob(RunJobTask),
    Pipeline(PipelineTask),
    Condition(ConditionTask),
    ForEach(Box<ForEachTask>),
    /// A kind that Databricks has and the local workspace cannot run, by its field's name.
    Unsupported(String),
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct NotebookTask {
    pub(crate) notebook_path: String,
    #[serde(default)]
    pub(crate) base_parameters: Texts,
    #[serde(default)]
    pub(crate) source: Source,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct SparkPythonTask {
    pub(crate) python_file: String,
    #[serde(default)]
    pub(crate) parameters: Vec<String>,
    #[serde(default)]
    pub(crate) source: Source,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct SqlTask {
    pub(crate) warehouse_id: String,
    #[serde(default)]
    pub(crate) parameters: Texts,
    pub(crate) query: Option<SqlQuery>,
    pub(crate) file: Option<SqlFile>,
    dashboard: Option<IgnoredAny>,
    alert: Option<IgnoredAny>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct SqlQuery {
    pub(crate) query_id: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct SqlFile {
    pub(crate) path: String,
    #[serde(default)]
    pub(crate) source: Source,
}

/// Where a file of a task comes from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Source {
    #[default]
    Workspace,
    Git,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct RunJobTask {
    pub(crate) job_id: i64,
    #[serde(default)]
    pub(crate) job_parameters: Texts,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct PipelineTask {
    pub(crate) pipeline_id: String,
    #[serde(default)]
    pub(crate) full_refresh: bool,
    #[serde(default)]
    pub(crate) refresh_selection: Vec<String>,
    #[serde(default)]
    pub(crate) full_refresh_selection: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ConditionTask {
    pub(crate) op: ConditionOp,
    pub(crate) left: String,
    pub(crate) right: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum ConditionOp {
    EqualTo,
    NotEqual,
    GreaterThan,
    GreaterThanOrEqual,
    LessThan,
    LessThanOrEqual,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ForEachTask {
    /// A JSON array as text, or a reference to one.
    pub(crate) inputs: String,
    pub(crate) concurrency: Option<u64>,
    pub(crate) task: Value,
}

/// Values by name; numbers and truths count as their text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Document")]
pub(crate) struct Texts(pub(crate) std::collections::BTreeMap<String, String>);

impl TryFrom<Document> for Texts {
    type Error = String;

    fn try_from(fields: Document) -> Result<Self, String> {
        let text = |(name, value)| match value {
            Value::String(text) => Ok((name, text)),
            Value::Number(_) | Value::Bool(_) => Ok((name, value.to_string())),
            _ => Err(format!("the value of '{name}' must be a string")),
        };
        fields.into_iter().map(text).collect::<Result<_, _>>().map(Self)
    }
}

/// Reads a value; the error names the field.
fn read<T: DeserializeOwned>(value: Value, at: &str) -> Result<T, Refusal> {
    serde_path_to_error::deserialize(value).map_err(|e| {
        let path = e.path().to_string();
        let path = match (at, path.as_str()) {
            (at, ".") => at.to_owned(),
            ("", path) => path.to_owned(),
            (at, path) => format!("{at}.{path}"),
        };
        let said = e.into_inner();
        if path.is_empty() { said.to_string() } else { format!("{path}: {said}") }
    })
}

impl Settings {
    /// Reads settings and refuses what no run could be made of.
    pub(crate) fn read(document: &Document) -> Result<Self, Refusal> {
        if serde_json::to_string(document).map_or(0, |text| text.len()) > MAX_SETTINGS_BYTES {
            return Err(format!("The settings are larger than {MAX_SETTINGS_BYTES} bytes."));
        }
        let raw: Raw = read(Value::Object(document.clone()), "")?;
        if raw.tasks.len() > MAX_TASKS {
            return Err(format!("tasks: a job has at most {MAX_TASKS} tasks."));
        }
        let tasks = raw.tasks.iter().enumerate();
        let tasks: Vec<Task> =
            tasks.map(|(i, task)| Task::read(task, &format!("tasks[{i}]"))).collect::<Result<_, _>>()?;
        check_graph(&tasks)?;
        check_keys(&tasks, &raw)?;
        check_parameters(&raw.parameters)?;
        if raw.max_concurrent_runs.is_some_and(|runs| runs > MAX_CONCURRENT_RUNS) {
            return Err(format!("max_concurrent_runs must be at most {MAX_CONCURRENT_RUNS}."));
        }
        for (field, unpaused) in [("continuous", &raw.continuous), ("trigger", &raw.trigger)] {
            if unpaused.as_ref().is_some_and(|it| it.pause_status == PauseStatus::Unpaused) {
                return Err(format!(
                    "{field}: the local workspace does not start runs this way; set its pause_status to PAUSED, or use a schedule."
                ));
            }
        }
        if let Some(schedule) = &raw.schedule {
            Cron::parse(&schedule.quartz_cron_expression, &schedule.timezone_id)
                .map_err(|said| format!("schedule: {said}"))?;
        }
        let run_as = raw.run_as.and_then(|run_as| run_as.user_name.or(run_as.service_principal_name));
        Ok(Self {
            tasks,
            parameters: raw.parameters,
            schedule: raw.schedule,
            max_concurrent_runs: raw.max_concurrent_runs.unwrap_or(1),
            timeout_seconds: raw.timeout_seconds,
            queued: raw.queue.is_some_and(|queue| queue.enabled),
            run_as,
        })
    }
}

impl Task {
    /// Reads a task, its kind and its body.
    pub(crate) fn read(value: &Value, at: &str) -> Result<Self, Refusal> {
        let Value::Object(document) = value else { return Err(format!("{at} must be an object.")) };
        let mut task: Self = read(value.clone(), at)?;
        let key = &task.task_key;
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        if key.is_empty() || key.chars().count() > MAX_KEY_CHARS || !key.chars().all(plain) {
            return Err(format!(
                "{at}.task_key must have 1 to {MAX_KEY_CHARS} characters, which are letters, digits, - or _."
            ));
        }
        task.document = document.clone();
        if let Body::ForEach(for_each) = Body::read(document, at)? {
            let inner = Self::read(&for_each.task, &format!("{at}.for_each_task.task"))?;
            if !inner.depends_on.is_empty() || matches!(Body::read(&inner.document, at)?, Body::ForEach(_)) {
                return Err(format!(
                    "{at}.for_each_task.task must be one task without dependencies that is no for_each_task."
                ));
            }
        }
        Ok(task)
    }

    /// The field that says what the task does, such as `notebook_task`.
    pub(crate) fn kind(document: &Document) -> Option<&str> {
        document.keys().map(String::as_str).find(|key| key.ends_with("_task"))
    }
}

impl Body {
    /// Reads what a task does.
    pub(crate) fn read(document: &Document, at: &str) -> Result<Self, Refusal> {
        let kinds: Vec<&String> = document.keys().filter(|key| key.ends_with("_task")).collect();
        let [kind] = kinds.as_slice() else {
            let what = if kinds.is_empty() { "none is given" } else { "several are given" };
            return Err(format!("{at} must have exactly one of notebook_task, sql_task and so on; {what}."));
        };
        let value = document.get(*kind).cloned().unwrap_or_default();
        let at = format!("{at}.{kind}");
        Ok(match kind.as_str() {
            "notebook_task" => Self::Notebook(read(value, &at)?),
            "spark_python_task" => Self::SparkPython(read(value, &at)?),
            "python_wheel_task" => {
                let task: WheelTask = read(value, &at)?;
                task.check().map_err(|said| format!("{at}: {said}"))?;
                Self::PythonWheel(task)
            }
            "sql_task" => Self::Sql(sql_task(value, &at)?),
            "run_job_task" => Self::RunJob(read(value, &at)?),
            "pipeline_task" => Self::Pipeline(pipeline_task(value, &at)?),
            "condition_task" => Self::Condition(read(value, &at)?),
            "for_each_task" => {
                let task: ForEachTask = read(value, &at)?;
                if task.concurrency.is_some_and(|n| n == 0 || n > MAX_CONCURRENCY) {
                    return Err(format!("{at}.concurrency must be 1 to {MAX_CONCURRENCY}."));
                }
                Self::ForEach(Box::new(task))
            }
            other => Self::Unsupported(other.to_owned()),
        })
    }
}

fn sql_task(value: Value, at: &str) -> Result<SqlTask, Refusal> {
    let task: SqlTask = read(value, at)?;
    let given = [task.query.is_some(), task.file.is_some(), task.dashboard.is_some(), task.alert.is_some()];
    match given.iter().filter(|given| **given).count() {
        1 => Ok(task),
        _ => Err(format!("{at} must have exactly one of query, file, dashboard and alert.")),
    }
}

fn pipeline_task(value: Value, at: &str) -> Result<PipelineTask, Refusal> {
    let task: PipelineTask = read(value, at)?;
    if task.full_refresh && !(task.refresh_selection.is_empty() && task.full_refresh_selection.is_empty()) {
        return Err(format!("{at}: full_refresh cannot be true together with a selection of datasets."));
    }
    Ok(task)
}

/// Keys are unique, dependencies exist, and there is no circle.
fn check_graph(tasks: &[Task]) -> Result<(), Refusal> {
    let mut known = HashSet::new();
    for task in tasks {
        if !known.insert(task.task_key.as_str()) {
            return Err(format!("Duplicate task key: {}.", task.task_key));
        }
    }
    for task in tasks {
        for dependency in &task.depends_on {
            let key = &dependency.task_key;
            if !known.contains(key.as_str()) {
                return Err(format!("Task {} depends on the task {key}, which does not exist.", task.task_key));
            }
            if !matches!(dependency.outcome.as_deref(), None | Some("true" | "false")) {
                return Err(format!("Task {}: the outcome of {key} must be \"true\" or \"false\".", task.task_key));
            }
        }
    }
    let mut left: HashMap<&str, HashSet<&str>> = tasks
        .iter()
        .map(|task| (task.task_key.as_str(), task.depends_on.iter().map(|d| d.task_key.as_str()).collect()))
        .collect();
    while !left.is_empty() {
        let free: Vec<&str> = left.iter().filter(|(_, on)| on.is_empty()).map(|(key, _)| *key).collect();
        if free.is_empty() {
            let mut circle: Vec<&str> = left.into_keys().collect();
            circle.sort_unstable();
            return Err(format!("The tasks depend on each other in a circle: {}.", circle.join(", ")));
        }
        left.retain(|key, _| !free.contains(key));
        left.values_mut().for_each(|on| on.retain(|key| !free.contains(key)));
    }
    Ok(())
}

/// Clusters and environments that tasks name are there.
fn check_keys(tasks: &[Task], raw: &Raw) -> Result<(), Refusal> {
    let clusters: HashSet<&str> = raw.job_clusters.iter().map(|it| it.job_cluster_key.as_str()).collect();
    let environments: HashSet<&str> = raw.environments.iter().map(|it| it.environment_key.as_str()).collect();
    for task in tasks {
        for (field, key, known) in [
            ("job_cluster_key", &task.job_cluster_key, &clusters),
            ("environment_key", &task.environment_key, &environments),
        ] {
            if let Some(key) = key.as_deref().filter(|key| !known.contains(key)) {
                return Err(format!("Task {}: the {field} {key} is not defined in the job.", task.task_key));
            }
        }
    }
    if raw.name.as_ref().is_some_and(String::is_empty) {
        return Err("name must not be empty.".to_owned());
    }
    Ok(())
}

fn check_parameters(parameters: &[Parameter]) -> Result<(), Refusal> {
    if parameters.len() > MAX_PARAMETERS {
        return Err(format!("parameters: a job has at most {MAX_PARAMETERS} parameters."));
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let mut known = HashSet::new();
    for (i, parameter) in parameters.iter().enumerate() {
        let name = &parameter.name;
        if name.is_empty() || !name.chars().all(plain) {
            return Err(format!("parameters[{i}].name may hold letters, digits, -, _ and . only."));
        }
        if !known.insert(name) {
            return Err(format!("Duplicate job parameter: {name}."));
        }
    }
    Ok(())
}

/// What the service adds to settings that it keeps.
pub(crate) fn with_defaults(mut document: Document) -> Document {
    let has_git = document.contains_key("git_source");
    for (field, value) in [
        ("email_notifications", json!({})),
        ("webhook_notifications", json!({})),
        ("timeout_seconds", json!(0)),
        ("max_concurrent_runs", json!(1)),
    ] {
        document.entry(field).or_insert(value);
    }
    document.insert("format".to_owned(), json!("MULTI_TASK"));
    if let Some(schedule) = document.get_mut("schedule").and_then(Value::as_object_mut) {
        schedule.entry("pause_status").or_insert(json!("UNPAUSED"));
    }
    if let Some(tasks) = document.get_mut("tasks").and_then(Value::as_array_mut) {
        tasks.iter_mut().filter_map(Value::as_object_mut).for_each(|task| task_defaults(task, has_git));
    }
    document
}

/// What the service adds to a task.
pub(crate) fn task_defaults(task: &mut Document, has_git: bool) {
    for (field, value) in
        [("run_if", json!("ALL_SUCCESS")), ("timeout_seconds", json!(0)), ("email_notifications", json!({}))]
    {
        task.entry(field).or_insert(value);
    }
    if let Some(notebook) = task.get_mut("notebook_task").and_then(Value::as_object_mut) {
        notebook.entry("source").or_insert(json!(if has_git { "GIT" } else { "WORKSPACE" }));
    }
    if let Some(on) = task.get_mut("depends_on").and_then(Value::as_array_mut) {
        on.sort_by_key(|dependency| dependency.get("task_key").and_then(Value::as_str).map(str::to_owned));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(settings: Value) -> Result<Settings, Refusal> {
        Settings::read(settings.as_object().unwrap())
    }

    #[test]
    fn what_cannot_run_is_refused_by_its_field() {
        let sql = json!({"warehouse_id": "w", "query": {"query_id": "q"}});
        let task = |key: &str, more: Value| {
            let mut task = json!({"task_key": key, "sql_task": sql});
            task.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            task
        };
        for (settings, says) in [
            (json!({"tasks": [{"task_key": "a"}]}), "tasks[0] must have exactly one of"),
            (json!({"tasks": [task("a", json!({"notebook_task": {}}))]}), "several are given"),
            (json!({"tasks": [task("a b", json!({}))]}), "tasks[0].task_key must have"),
            (json!({"tasks": [task("a", json!({})), task("a", json!({}))]}), "Duplicate task key: a."),
            (json!({"tasks": [task("a", json!({"depends_on": [{"task_key": "b"}]}))]}), "which does not exist"),
            (
                json!({"tasks": [task("a", json!({"depends_on": [{"task_key": "b"}]})), task("b", json!({"depends_on": [{"task_key": "a"}]}))]}),
                "in a circle: a, b.",
            ),
            (json!({"tasks": [task("a", json!({"timeout_seconds": "x"}))]}), "tasks[0].timeout_seconds: invalid type"),
            (
                json!({"tasks": [{"task_key": "a", "sql_task": {"query": {"query_id": "q"}}}]}),
                "missing field `warehouse_id`",
            ),
            (json!({"tasks": [{"task_key": "a", "sql_task": {"warehouse_id": "w"}}]}), "exactly one of query, file"),
            (json!({"tasks": [{"task_key": "a", "pipeline_task": {}}]}), "missing field `pipeline_id`"),
            (
                json!({"tasks": [{"task_key": "a", "pipeline_task": {"pipeline_id": "p", "full_refresh": true, "refresh_selection": ["t"]}}]}),
                "full_refresh cannot be true together",
            ),
            (json!({"tasks": [task("a", json!({"job_cluster_key": "c"}))]}), "the job_cluster_key c is not defined"),
            (json!({"tasks": [task("a", json!({"environment_key": "e"}))]}), "the environment_key e is not defined"),
            (json!({"tasks": [task("a", json!({"run_if": "SOMETIMES"}))]}), "tasks[0].run_if: unknown variant"),
            (json!({"parameters": [{"name": "a b"}]}), "parameters[0].name may hold"),
            (json!({"parameters": [{"name": "a"}, {"name": "a"}]}), "Duplicate job parameter: a."),
            (json!({"max_concurrent_runs": 1001}), "max_concurrent_runs must be at most"),
            (json!({"continuous": {}}), "continuous: the local workspace does not"),
            (json!({"schedule": {"quartz_cron_expression": "x", "timezone_id": "UTC"}}), "schedule: "),
            (
                json!({"tasks": [{"task_key": "a", "for_each_task": {"inputs": "[]", "task": {"task_key": "b", "for_each_task": {"inputs": "[]", "task": task("c", json!({}))}}}}]}),
                "that is no for_each_task",
            ),
        ] {
            let refusal = read(settings.clone()).unwrap_err();
            assert!(refusal.contains(says), "{settings}: {refusal}");
        }
        assert!(read(json!({"name": "empty"})).is_ok());
        assert!(read(json!({"continuous": {"pause_status": "PAUSED"}})).is_ok());
    }

    #[test]
    fn what_the_service_adds_changes_nothing_that_was_given() {
        let given = json!({"name": "n", "max_concurrent_runs": 3, "x_unknown": {"kept": [1]}, "tasks": [
            {"task_key": "b", "notebook_task": {"notebook_path": "/n"}, "depends_on": [{"task_key": "c"}, {"task_key": "a"}]}]});
        let kept = Value::Object(with_defaults(given.as_object().unwrap().clone()));
        assert_eq!((&kept["max_concurrent_runs"], &kept["x_unknown"]), (&json!(3), &json!({"kept": [1]})));
        assert_eq!(kept["tasks"][0]["depends_on"], json!([{"task_key": "a"}, {"task_key": "c"}]));
        assert_eq!(kept["tasks"][0]["notebook_task"]["source"], "WORKSPACE");
        assert_eq!((&kept["format"], &kept["tasks"][0]["run_if"]), (&json!("MULTI_TASK"), &json!("ALL_SUCCESS")));
    }
}

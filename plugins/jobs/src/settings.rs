//! Settings as a caller gives them, checked for what can be known before any request.

use std::collections::{BTreeMap, BTreeSet};

use bricklayer_databricks::near::nearest;
use bricklayer_sdk::Failure;
use serde_json::{Map, Value};

/// Tasks of one job; the service's bound.
const MAX_TASKS: usize = 1_000;

/// Characters of a task's key; the service's bound.
const MAX_KEY_CHARS: usize = 100;

/// Fields of a job's settings.
const FIELDS: [&str; 24] = [
    "name",
    "description",
    "tags",
    "tasks",
    "job_clusters",
    "environments",
    "parameters",
    "schedule",
    "trigger",
    "continuous",
    "max_concurrent_runs",
    "timeout_seconds",
    "queue",
    "git_source",
    "run_as",
    "email_notifications",
    "webhook_notifications",
    "notification_settings",
    "health",
    "budget_policy_id",
    "performance_target",
    "edit_mode",
    "format",
    "deployment",
];

/// What a kind of task cannot do without.
const REQUIRED: [(&str, &[&str]); 10] = [
    ("notebook_task", &["notebook_path"]),
    ("spark_python_task", &["python_file"]),
    ("python_wheel_task", &["package_name", "entry_point"]),
    ("spark_jar_task", &["main_class_name"]),
    ("sql_task", &["warehouse_id"]),
    ("run_job_task", &["job_id"]),
    ("condition_task", &["op", "left", "right"]),
    ("for_each_task", &["inputs", "task"]),
    ("pipeline_task", &["pipeline_id"]),
    ("dbt_task", &["commands"]),
];

const RUN_IF: [&str; 6] =
    ["ALL_SUCCESS", "AT_LEAST_ONE_SUCCESS", "NONE_FAILED", "ALL_DONE", "AT_LEAST_ONE_FAILED", "ALL_FAILED"];

const CONDITIONS: [&str; 6] =
    ["EQUAL_TO", "NOT_EQUAL", "GREATER_THAN", "GREATER_THAN_OR_EQUAL", "LESS_THAN", "LESS_THAN_OR_EQUAL"];

/// The name of settings that must have one.
pub(crate) fn name(settings: &Map<String, Value>) -> Result<&str, Failure> {
    match settings.get("name") {
        Some(Value::String(name)) if !name.trim().is_empty() => Ok(name),
        _ => Err(Failure::invalid("settings.name", "must be a text that is not empty")),
    }
}

/// Refuses settings that the workspace would refuse. `whole` says that they are all that a job has, so that what tasks
/// refer to has to be among them. Fields that the workspace would silently ignore are named.
pub(crate) fn check(settings: &Map<String, Value>, whole: bool) -> Result<Vec<String>, Failure> {
    for field in ["timeout_seconds", "max_concurrent_runs"] {
        if settings.get(field).is_some_and(|value| value.as_u64().is_none()) {
            return Err(Failure::invalid(&format!("settings.{field}"), "must be a whole number that is not negative"));
        }
    }
    if let Some(tasks) = settings.get("tasks") {
        check_tasks(tasks, "settings.tasks", whole.then_some(settings))?;
    }
    if let Some(parameters) = settings.get("parameters") {
        check_parameters(parameters)?;
    }
    if let Some(schedule) = settings.get("schedule") {
        check_schedule(schedule)?;
    }
    let unknown = settings.keys().filter(|key| !FIELDS.contains(&key.as_str()));
    Ok(unknown
        .filter_map(|key| {
            let near = nearest(key, FIELDS.iter().map(|field| (*field).to_owned()).collect());
            let near = near.first()?;
            Some(format!("The workspace may not know the setting `{key}`; did you mean `{near}`?"))
        })
        .collect())
}

/// Refuses tasks that the workspace would refuse.
pub(crate) fn check_tasks(tasks: &Value, at: &str, within: Option<&Map<String, Value>>) -> Result<(), Failure> {
    let Some(tasks) = tasks.as_array() else { return Err(Failure::invalid(at, "must be a list of tasks")) };
    if tasks.len() > MAX_TASKS {
        return Err(Failure::invalid(at, format!("has {} tasks; a job has at most {MAX_TASKS}", tasks.len())));
    }
    let mut graph: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (i, task) in tasks.iter().enumerate() {
        let at = format!("{at}[{i}]");
        let key = check_task(task, &at)?;
        let on = depends_on(task, &at)?;
        if graph.insert(key, on).is_some() {
            return Err(Failure::invalid(&format!("{at}.task_key"), format!("'{key}' is given twice")));
        }
    }
    let Some(settings) = within else { return Ok(()) };
    for (i, task) in tasks.iter().enumerate() {
        for (field, array) in [("job_cluster_key", "job_clusters"), ("environment_key", "environments")] {
            let Some(key) = task.get(field).and_then(Value::as_str) else { continue };
            let known = settings.get(array).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
            if !known.iter().any(|item| item.get(field).and_then(Value::as_str) == Some(key)) {
                return Err(Failure::invalid(&format!("{at}[{i}].{field}"), format!("'{key}' is not in {array}")));
            }
        }
        for dependency in depends_on(task, at)? {
            if !graph.contains_key(dependency) {
                let keys = graph.keys().map(|key| (*key).to_owned()).collect();
                let near = nearest(dependency, keys).first().map(|near| format!("; did you mean '{near}'?"));
                let said = format!("there is no task '{dependency}'{}", near.unwrap_or_default());
                return Err(Failure::invalid(&format!("{at}[{i}].depends_on"), said));
            }
        }
    }
    while !graph.is_empty() {
        let free: Vec<&str> = graph.iter().filter(|(_, on)| on.is_empty()).map(|(key, _)| *key).collect();
        if free.is_empty() {
            let circle: Vec<&str> = graph.into_keys().collect();
            return Err(Failure::invalid(at, format!("depend on each other in a circle: {}", circle.join(", "))));
        }
        graph.retain(|key, _| !free.contains(key));
        graph.values_mut().for_each(|on| on.retain(|key| !free.contains(key)));
    }
    Ok(())
}

/// One task; its key.
fn check_task<'a>(task: &'a Value, at: &str) -> Result<&'a str, Failure> {
    let Some(fields) = task.as_object() else { return Err(Failure::invalid(at, "must be an object")) };
    let key = fields.get("task_key").and_then(Value::as_str).unwrap_or_default();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if key.is_empty() || key.chars().count() > MAX_KEY_CHARS || !key.chars().all(plain) {
        return Err(Failure::invalid(
            &format!("{at}.task_key"),
            format!("must have 1 to {MAX_KEY_CHARS} characters, which are letters, digits, - or _"),
        ));
    }
    let kinds: Vec<&String> = fields.keys().filter(|key| key.ends_with("_task")).collect();
    let [kind] = kinds.as_slice() else {
        let said = if kinds.is_empty() { "has no" } else { "has more than one" };
        return Err(Failure::invalid(at, format!("{said} notebook_task, sql_task, spark_python_task or the like")));
    };
    let at_body = format!("{at}.{kind}");
    let body = fields.get(*kind).unwrap_or(&Value::Null);
    let required = REQUIRED.iter().find(|(name, _)| name == kind).map(|(_, fields)| *fields).unwrap_or_default();
    if let Some(missing) = required.iter().find(|field| body.get(**field).is_none_or(Value::is_null)) {
        return Err(Failure::invalid(&format!("{at_body}.{missing}"), "is missing"));
    }
    match kind.as_str() {
        "sql_task" => {
            let given = ["query", "file", "dashboard", "alert"].iter().filter(|field| body.get(**field).is_some());
            if given.count() != 1 {
                return Err(Failure::invalid(&at_body, "must have exactly one of query, file, dashboard and alert"));
            }
        }
        "condition_task" => one_of(body.get("op"), &CONDITIONS, &format!("{at_body}.op"))?,
        "for_each_task" => {
            let inner = body.get("task").unwrap_or(&Value::Null);
            check_task(inner, &format!("{at_body}.task"))?;
            if inner.get("for_each_task").is_some() {
                return Err(Failure::invalid(&format!("{at_body}.task"), "must be no for_each_task"));
            }
        }
        _ => {}
    }
    for field in ["timeout_seconds", "min_retry_interval_millis"] {
        if fields.get(field).is_some_and(|value| value.as_u64().is_none()) {
            return Err(Failure::invalid(&format!("{at}.{field}"), "must be a whole number that is not negative"));
        }
    }
    if fields.get("max_retries").is_some_and(|value| value.as_i64().is_none_or(|retries| retries < -1)) {
        return Err(Failure::invalid(&format!("{at}.max_retries"), "must be a whole number, -1 for no end"));
    }
    one_of(fields.get("run_if"), &RUN_IF, &format!("{at}.run_if"))?;
    Ok(key)
}

fn one_of(value: Option<&Value>, known: &[&str], at: &str) -> Result<(), Failure> {
    match value {
        Some(value) if !value.as_str().is_some_and(|word| known.contains(&word)) => {
            Err(Failure::invalid(at, format!("must be one of {}", known.join(", "))))
        }
        _ => Ok(()),
    }
}

fn depends_on<'a>(task: &'a Value, at: &str) -> Result<BTreeSet<&'a str>, Failure> {
    let Some(on) = task.get("depends_on") else { return Ok(BTreeSet::new()) };
    let keys = on.as_array().and_then(|on| on.iter().map(|it| it.get("task_key")?.as_str()).collect::<Option<_>>());
    keys.ok_or_else(|| Failure::invalid(&format!("{at}.depends_on"), r#"must be a list such as [{"task_key": "a"}]"#))
}

fn check_parameters(parameters: &Value) -> Result<(), Failure> {
    let Some(parameters) = parameters.as_array() else {
        let said = r#"must be a list such as [{"name": "day", "default": "2024-01-01"}]"#;
        return Err(Failure::invalid("settings.parameters", said));
    };
    let mut known = BTreeSet::new();
    for (i, parameter) in parameters.iter().enumerate() {
        let at = format!("settings.parameters[{i}]");
        let name = parameter.get("name").and_then(Value::as_str).unwrap_or_default();
        if name.is_empty() {
            return Err(Failure::invalid(&format!("{at}.name"), "is missing"));
        }
        if !parameter.get("default").is_some_and(Value::is_string) {
            return Err(Failure::invalid(&format!("{at}.default"), "must be a text"));
        }
        if !known.insert(name) {
            return Err(Failure::invalid(&format!("{at}.name"), format!("'{name}' is given twice")));
        }
    }
    Ok(())
}

fn check_schedule(schedule: &Value) -> Result<(), Failure> {
    let cron = schedule.get("quartz_cron_expression").and_then(Value::as_str).unwrap_or_default();
    if !matches!(cron.split_whitespace().count(), 6 | 7) {
        return Err(Failure::invalid(
            "settings.schedule.quartz_cron_expression",
            "must have six or seven fields: seconds minutes hours day-of-month month day-of-week [year], such as '0 0 6 * * ?'",
        ));
    }
    if schedule.get("timezone_id").and_then(Value::as_str).is_none_or(str::is_empty) {
        return Err(Failure::invalid("settings.schedule.timezone_id", "is missing; 'UTC' is one"));
    }
    one_of(schedule.get("pause_status"), &["UNPAUSED", "PAUSED"], "settings.schedule.pause_status")
}

/// When a job with these settings runs by itself, in words.
pub(crate) fn runs_by_itself(settings: &Map<String, Value>) -> Option<String> {
    let unpaused = |value: &&Value| value.get("pause_status").and_then(Value::as_str) != Some("PAUSED");
    if let Some(schedule) = settings.get("schedule").filter(unpaused) {
        let text = |field: &str| schedule.get(field).and_then(Value::as_str).unwrap_or_default();
        return Some(format!("{} ({})", text("quartz_cron_expression"), text("timezone_id")));
    }
    if settings.get("continuous").filter(unpaused).is_some() {
        return Some("continuously".to_owned());
    }
    settings.get("trigger").filter(unpaused).map(|_| "on a trigger".to_owned())
}

#[cfg(test)]
mod tests {
    use bricklayer_sdk::Kind;
    use serde_json::json;

    use super::*;

    #[test]
    fn each_field_that_is_wrong_is_named() {
        let task = |key: &str| json!({"task_key": key, "notebook_task": {"notebook_path": "/n"}});
        let with = |more: Value| {
            let mut task = task("a");
            task.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            json!({"tasks": [task]})
        };
        for (settings, begins) in [
            (json!({"tasks": {}}), "settings.tasks: must be a list"),
            (json!({"tasks": [{}]}), "settings.tasks[0].task_key: must have"),
            (json!({"tasks": [{"task_key": "a"}]}), "settings.tasks[0]: has no notebook_task"),
            (with(json!({"sql_task": {}})), "settings.tasks[0]: has more than one"),
            (
                json!({"tasks": [{"task_key": "a", "notebook_task": {}}]}),
                "settings.tasks[0].notebook_task.notebook_path: is missing",
            ),
            (
                json!({"tasks": [{"task_key": "a", "sql_task": {"warehouse_id": "w"}}]}),
                "settings.tasks[0].sql_task: must have exactly one",
            ),
            (
                json!({"tasks": [{"task_key": "a", "condition_task": {"op": "IS", "left": "1", "right": "2"}}]}),
                "settings.tasks[0].condition_task.op: must be one of EQUAL_TO",
            ),
            (
                json!({"tasks": [{"task_key": "a", "for_each_task": {"inputs": "[]", "task": {"task_key": "b"}}}]}),
                "settings.tasks[0].for_each_task.task: has no",
            ),
            (json!({"tasks": [task("a"), task("a")]}), "settings.tasks[1].task_key: 'a' is given twice"),
            (with(json!({"depends_on": "b"})), "settings.tasks[0].depends_on: must be a list"),
            (
                with(json!({"depends_on": [{"task_key": "aa"}]})),
                "settings.tasks[0].depends_on: there is no task 'aa'; did you mean 'a'?",
            ),
            (with(json!({"depends_on": [{"task_key": "a"}]})), "settings.tasks: depend on each other in a circle: a"),
            (with(json!({"run_if": "MAYBE"})), "settings.tasks[0].run_if: must be one of ALL_SUCCESS"),
            (with(json!({"max_retries": -2})), "settings.tasks[0].max_retries"),
            (with(json!({"timeout_seconds": "5"})), "settings.tasks[0].timeout_seconds"),
            (with(json!({"job_cluster_key": "c"})), "settings.tasks[0].job_cluster_key: 'c' is not in job_clusters"),
            (with(json!({"environment_key": "e"})), "settings.tasks[0].environment_key: 'e' is not in environments"),
            (json!({"parameters": {"a": "1"}}), "settings.parameters: must be a list"),
            (json!({"parameters": [{"name": "a", "default": 1}]}), "settings.parameters[0].default: must be a text"),
            (
                json!({"schedule": {"quartz_cron_expression": "0 6 * * *", "timezone_id": "UTC"}}),
                "settings.schedule.quartz_cron_expression",
            ),
            (
                json!({"schedule": {"quartz_cron_expression": "0 0 6 * * ?"}}),
                "settings.schedule.timezone_id: is missing",
            ),
            (json!({"timeout_seconds": -1}), "settings.timeout_seconds"),
        ] {
            let failure = check(settings.as_object().unwrap(), true).unwrap_err();
            assert_eq!(failure.kind, Kind::InvalidInput);
            assert!(failure.message.starts_with(begins), "{settings}: {}", failure.message);
        }
    }

    #[test]
    fn a_setting_like_a_known_one_is_pointed_out() {
        let notes = check(json!({"name": "n", "task": [], "zzz": 1}).as_object().unwrap(), true).unwrap();
        assert_eq!(notes, ["The workspace may not know the setting `task`; did you mean `tasks`?"]);
    }
}

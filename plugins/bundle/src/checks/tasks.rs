//! Tasks of a job: what each does, where it runs, what it waits for.

use super::jobs::{at_most_one, exactly_one, keys};
use crate::finding::{Findings, Rule};
use crate::limits::MAX_TASKS;
use crate::near::did_you_mean;
use crate::value::{At, Value};

/// Kinds of tasks that need a cluster or an environment.
const COMPUTE_TASKS: [&str; 5] =
    ["spark_python_task", "python_wheel_task", "spark_jar_task", "spark_submit_task", "dbt_task"];

/// Where a task can run.
const COMPUTE: [&str; 5] = ["new_cluster", "existing_cluster_id", "job_cluster_key", "environment_key", "compute"];

/// Clusters a task can have: one of them.
const CLUSTERS: [&str; 3] = ["new_cluster", "existing_cluster_id", "job_cluster_key"];

/// What a SQL task runs: one of them.
const SQL: [&str; 4] = ["query", "file", "alert", "dashboard"];

/// All tasks of a job, those within loops as well.
pub(super) fn all(job: &Value) -> impl Iterator<Item = &Value> {
    job.items_at(&["tasks"]).iter().flat_map(|task| [Some(task), task.get(&["for_each_task", "task"])]).flatten()
}

pub(super) fn check(job: &Value, at: At<'_>, findings: &mut Findings) {
    let list = at.key("tasks");
    if let Some(tasks) = job.get(&["tasks"]).filter(|_| job.items_at(&["tasks"]).len() > MAX_TASKS) {
        let message = format!("a job has at most {MAX_TASKS} tasks");
        findings.add(Rule::Limit, list, tasks, message, "divide it into jobs, and run them by `run_job_task`");
        return;
    }
    let shared = Shared {
        clusters: keys(job, "job_clusters", "job_cluster_key"),
        environments: keys(job, "environments", "environment_key"),
        names: keys(job, "tasks", "task_key"),
    };
    for (index, task) in job.items_at(&["tasks"]).iter().enumerate() {
        let at = list.index(index);
        check_task(task, &shared, at, findings);
        check_depends_on(task, &shared, at, findings);
        if let Some(for_each) = task.get(&["for_each_task"]) {
            check_loop(for_each, &shared, at.key("for_each_task"), findings);
        }
    }
    check_circles(job, list, findings);
}

/// What the tasks of a job have in common.
struct Shared<'a> {
    clusters: Vec<&'a str>,
    environments: Vec<&'a str>,
    names: Vec<&'a str>,
}

fn check_task(task: &Value, shared: &Shared<'_>, at: At<'_>, findings: &mut Findings) {
    let Some(map) = task.as_map() else { return };
    let kinds: Vec<&str> = map.iter().map(|entry| entry.key.as_str()).filter(|key| key.ends_with("_task")).collect();
    match kinds.as_slice() {
        [] => {
            let message = "the task does nothing";
            findings.add(Rule::TaskKind, at, task, message, "add what it runs, such as `notebook_task`");
        }
        [_] => {}
        [first, second, ..] => {
            let message = format!("the task has both `{first}` and `{second}`, and does one thing only");
            findings.add(Rule::TaskKind, at, task, message, "make two tasks of it");
        }
    }
    if let Some(sql) = task.get(&["sql_task"]).filter(|sql| sql.as_map().is_some()) {
        exactly_one(sql, &SQL, at.key("sql_task"), findings);
    }
    at_most_one(task, &CLUSTERS, at, findings);
    let has_compute = COMPUTE.iter().any(|field| map.get(field).is_some_and(|value| !value.is_null()));
    if let Some(kind) = kinds.iter().find(|kind| COMPUTE_TASKS.contains(kind)).filter(|_| !has_compute) {
        let message = format!("a task with `{kind}` says where it runs, and this one does not");
        let advice = "add `environment_key` (serverless), `job_cluster_key`, `new_cluster` or `existing_cluster_id`";
        findings.add(Rule::TaskCompute, at, task, message, advice);
    }
    if let Some((key, value)) = named(task, "job_cluster_key").filter(|(key, _)| !shared.clusters.contains(key)) {
        let message = format!("the job defines no cluster `{key}`");
        let advice = did_you_mean(key, &shared.clusters, "add it to `job_clusters`");
        findings.add(Rule::UnknownJobCluster, at.key("job_cluster_key"), value, message, advice);
    }
    if let Some((key, value)) = named(task, "environment_key").filter(|(key, _)| !shared.environments.contains(key)) {
        let message = format!("the job defines no environment `{key}`");
        let advice = did_you_mean(key, &shared.environments, "add it to `environments`");
        findings.add(Rule::UnknownEnvironment, at.key("environment_key"), value, message, advice);
    }
}

/// A key that is written out.
fn named<'a>(task: &'a Value, field: &str) -> Option<(&'a str, &'a Value)> {
    let value = task.get(&[field])?;
    Some((value.as_text().filter(|text| !text.contains("${"))?, value))
}

fn check_depends_on(task: &Value, shared: &Shared<'_>, at: At<'_>, findings: &mut Findings) {
    let list = at.key("depends_on");
    for (index, entry) in task.items_at(&["depends_on"]).iter().enumerate() {
        let Some((key, value)) = named(entry, "task_key").filter(|(key, _)| !shared.names.contains(key)) else {
            continue;
        };
        let message = format!("the job has no task `{key}` to wait for");
        let advice = did_you_mean(key, &shared.names, "mend the key, or take the entry away");
        findings.add(Rule::UnknownTask, list.index(index).key("task_key"), value, message, advice);
    }
}

fn check_loop(for_each: &Value, shared: &Shared<'_>, at: At<'_>, findings: &mut Findings) {
    if let Some(inputs) = for_each.get(&["inputs"])
        && let Some(text) = inputs.as_text().filter(|text| !text.contains("{{") && !text.contains("${"))
    {
        let is_list = serde_json::from_str::<serde_json::Value>(text).is_ok_and(|value| value.is_array());
        if !is_list {
            let message = "the inputs of a loop are a JSON list, as a text";
            let advice = "write `inputs: '[\"a\", \"b\"]'`, or a reference such as `{{tasks.list.values.items}}`";
            findings.add(Rule::ForEachInputs, at.key("inputs"), inputs, message, advice);
        }
    }
    if let Some(task) = for_each.get(&["task"]) {
        let at = at.key("task");
        check_task(task, shared, at, findings);
        if let Some(inner) = task.get(&["for_each_task"]) {
            let message = "a loop cannot run another loop";
            findings.add(
                Rule::TaskKind,
                at,
                inner,
                message,
                "let the inner one be a job, and run that by `run_job_task`",
            );
        }
    }
}

fn check_circles(job: &Value, list: At<'_>, findings: &mut Findings) {
    let tasks: Vec<(&str, &Value)> =
        job.items_at(&["tasks"]).iter().filter_map(|task| Some((task.text_at(&["task_key"])?, task))).collect();
    let edges = |name: &str| {
        let found = tasks.iter().find(|(key, _)| *key == name);
        let entries = found.map(|(_, task)| task.items_at(&["depends_on"])).unwrap_or_default();
        entries.iter().filter_map(|entry| entry.text_at(&["task_key"])).collect()
    };
    for circle in super::graph::circles(tasks.iter().map(|(key, _)| *key), edges) {
        let Some(first) = circle.first() else { continue };
        let position = tasks.iter().position(|(key, _)| key == first).unwrap_or_default();
        let Some((_, task)) = tasks.get(position) else { continue };
        let mut round = circle.clone();
        round.push(first);
        let message = format!("these tasks wait for each other: {}", round.join(" → "));
        let advice = "take one of the `depends_on` away";
        findings.add(Rule::TaskCycle, list.index(position), task, message, advice);
    }
}

//! Clusters: those of one machine, and runtimes that wheels need.

use crate::finding::{Findings, Rule};
use crate::value::{At, Value};

/// The first runtime that takes wheels from workspace files.
const WHEEL_RUNTIME: (u32, u32) = (13, 3);

pub(super) fn check(root: &Value, findings: &mut Findings) {
    let resources = At::ROOT.key("resources");
    let (clusters, jobs, pipelines) = (resources.key("clusters"), resources.key("jobs"), resources.key("pipelines"));
    for cluster in root.entries_at(&["resources", "clusters"]) {
        check_single_node(&cluster.value, clusters.key(&cluster.key), findings);
    }
    for pipeline in root.entries_at(&["resources", "pipelines"]) {
        let at = pipelines.key(&pipeline.key);
        let list = at.key("clusters");
        for (index, cluster) in pipeline.value.items_at(&["clusters"]).iter().enumerate() {
            check_single_node(cluster, list.index(index), findings);
        }
    }
    for job in root.entries_at(&["resources", "jobs"]) {
        check_job(&job.value, jobs.key(&job.key), findings);
    }
}

fn check_job(job: &Value, at: At<'_>, findings: &mut Findings) {
    let shared = at.key("job_clusters");
    for (index, cluster) in job.items_at(&["job_clusters"]).iter().enumerate() {
        if let Some(cluster) = cluster.get(&["new_cluster"]) {
            check_single_node(cluster, shared.index(index).key("new_cluster"), findings);
        }
    }
    let tasks = at.key("tasks");
    for (index, task) in job.items_at(&["tasks"]).iter().enumerate() {
        let at = tasks.index(index);
        check_task(job, task, at, findings);
        if let Some(inner) = task.get(&["for_each_task", "task"]) {
            check_task(job, inner, at.key("for_each_task").key("task"), findings);
        }
    }
}

fn check_task(job: &Value, task: &Value, at: At<'_>, findings: &mut Findings) {
    let own = task.get(&["new_cluster"]);
    if let Some(cluster) = own {
        check_single_node(cluster, at.key("new_cluster"), findings);
    }
    let key = task.text_at(&["job_cluster_key"]);
    let shared = job.items_at(&["job_clusters"]).iter().find(|cluster| cluster.text_at(&["job_cluster_key"]) == key);
    let cluster = own.or_else(|| shared.filter(|_| key.is_some())?.get(&["new_cluster"]));
    let has_wheel = task.items_at(&["libraries"]).iter().any(|library| {
        library.text_at(&["whl"]).is_some_and(|path| !path.contains(':') && !path.starts_with("/Volumes"))
    });
    if let Some(version) = cluster.and_then(|cluster| cluster.get(&["spark_version"]))
        && has_wheel
        && version.as_text().and_then(runtime).is_some_and(|runtime| runtime < WHEEL_RUNTIME)
    {
        let (major, minor) = WHEEL_RUNTIME;
        let message = format!("a wheel of the bundle needs runtime {major}.{minor} or later");
        let advice = "raise `spark_version`, or run the task serverless";
        findings.add(Rule::WheelRuntime, at, version, message, advice);
    }
}

/// `13.3.x-scala2.12` as its numbers.
fn runtime(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.split(['.', '-']);
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

fn check_single_node(cluster: &Value, at: At<'_>, findings: &mut Findings) {
    let has_text = |keys: &[&str]| cluster.get(keys).and_then(Value::display).is_some_and(|text| !text.is_empty());
    let is_single = cluster.get(&["is_single_node"]).and_then(Value::as_bool) == Some(true);
    let Some(workers) = cluster.get(&["num_workers"]).filter(|workers| workers.display().as_deref() == Some("0"))
    else {
        return;
    };
    if is_single || has_text(&["policy_id"]) {
        return;
    }
    let conf = |key: &str| cluster.get(&["spark_conf", key]).and_then(Value::display).unwrap_or_default();
    let is_set_up = conf("spark.databricks.cluster.profile") == "singleNode"
        && conf("spark.master").starts_with("local")
        && cluster.get(&["custom_tags", "ResourceClass"]).and_then(Value::display).as_deref() == Some("SingleNode");
    if !is_set_up {
        let message = "a cluster without workers is not set up as one of a single machine, so it runs nothing";
        let advice = "add `is_single_node: true` and `kind: CLASSIC_PREVIEW`, or the three settings: spark_conf \
                      spark.databricks.cluster.profile=singleNode and spark.master=local[*], custom_tags \
                      ResourceClass=SingleNode";
        findings.add(Rule::SingleNode, at.key("num_workers"), workers, message, advice);
    }
}

//! Jobs: what excludes each other, what starts them, clusters and environments that tasks share.

use super::tasks;
use crate::finding::{Findings, Rule};
use crate::value::{At, Entry, Value};

/// What starts a job: one of them.
const STARTS: [&str; 3] = ["schedule", "continuous", "trigger"];

/// What a trigger waits for: one of them.
const TRIGGERS: [&str; 6] = ["file_arrival", "table_update", "periodic", "model", "sql_condition", "job_completion"];

/// What of a repository is taken: one of them.
const GIT: [&str; 3] = ["git_branch", "git_tag", "git_commit"];

pub(super) fn check(root: &Value, findings: &mut Findings) {
    let jobs = At::ROOT.key("resources");
    let jobs = jobs.key("jobs");
    for job in root.entries_at(&["resources", "jobs"]).filter(|job| job.value.as_map().is_some()) {
        check_job(job, jobs.key(&job.key), findings);
    }
}

fn check_job(job: &Entry, at: At<'_>, findings: &mut Findings) {
    at_most_one(&job.value, &STARTS, at, findings);
    if let Some(trigger) = job.value.get(&["trigger"]).filter(|trigger| trigger.as_map().is_some()) {
        exactly_one(trigger, &TRIGGERS, at.key("trigger"), findings);
    }
    if let Some(git) = job.value.get(&["git_source"]).filter(|git| git.as_map().is_some()) {
        exactly_one(git, &GIT, at.key("git_source"), findings);
    }
    tasks::check(&job.value, at, findings);
    check_job_clusters(&job.value, at, findings);
}

/// The keys of a list of named things.
pub(super) fn keys<'a>(job: &'a Value, list: &str, key: &str) -> Vec<&'a str> {
    job.items_at(&[list]).iter().filter_map(|item| item.text_at(&[key])).collect()
}

fn check_job_clusters(job: &Value, at: At<'_>, findings: &mut Findings) {
    let used: Vec<&str> = tasks::all(job).filter_map(|task| task.text_at(&["job_cluster_key"])).collect();
    let has_references = used.iter().any(|key| key.contains("${"));
    let list = at.key("job_clusters");
    for (index, cluster) in job.items_at(&["job_clusters"]).iter().enumerate() {
        let Some(key) = cluster.text_at(&["job_cluster_key"]) else { continue };
        if !used.contains(&key) && !has_references {
            let message = format!("no task runs on the cluster `{key}`");
            let advice = "give a task `job_cluster_key`, or take the cluster away";
            findings.add(Rule::UnusedJobCluster, list.index(index), cluster, message, advice);
        }
    }
}

fn given<'a>(value: &Value, fields: &[&'a str]) -> Vec<&'a str> {
    fields.iter().copied().filter(|field| value.get(&[field]).is_some_and(|value| !value.is_null())).collect()
}

/// Of these fields one can be given.
pub(super) fn at_most_one(value: &Value, fields: &[&str], at: At<'_>, findings: &mut Findings) -> usize {
    let given = given(value, fields);
    if let [first, second, ..] = given.as_slice() {
        let message = format!("`{first}` and `{second}` exclude each other");
        findings.add(Rule::Exclusive, at, value, message, "keep one of them");
    }
    given.len()
}

/// Of these fields one has to be given.
pub(super) fn exactly_one(value: &Value, fields: &[&str], at: At<'_>, findings: &mut Findings) {
    if at_most_one(value, fields, at, findings) == 0 {
        let message = format!("one of {} is missing", fields.join(", "));
        findings.add(Rule::Incomplete, at, value, message, "add one of them");
    }
}

//! Settings of a job or pipeline as a bundle has them: without what a deployment sets, and without what is so anyway.

use serde_json::{Map, Value, json};

/// Fields of a job that are not written, and why a person may want to know; none where nothing is lost.
const OF_JOBS: [(&str, Option<&str>); 6] = [
    ("format", None),
    ("edit_mode", None),
    ("deployment", Some("it named the bundle that the job came from")),
    ("new_cluster", Some("jobs of this form have clusters in their tasks")),
    ("existing_cluster_id", Some("jobs of this form have clusters in their tasks")),
    ("libraries", Some("jobs of this form have libraries in their tasks")),
];

/// Fields of a pipeline that are not written: each deployment sets them, or makes them anew.
const OF_PIPELINES: [(&str, Option<&str>); 5] = [
    ("id", None),
    ("development", None),
    ("deployment", None),
    ("storage", Some("a new pipeline has a place of its own")),
    ("pipeline_type", None),
];

/// Fields that hold parameters or settings of somebody's own, which may be called as fields of the workspace are.
const OF_PEOPLE: [&str; 8] = [
    "base_parameters",
    "named_parameters",
    "job_parameters",
    "parameters",
    "tags",
    "spark_conf",
    "spark_env_vars",
    "custom_tags",
];

/// A job's settings for a bundle. Tells the places of what was left out.
///
/// An `UNPAUSED` schedule is left out so that development can pause it: what is written wins over a target's mode.
pub(crate) fn of_job(settings: &mut Map<String, Value>, left_out: &mut Vec<String>) {
    without_nulls(settings);
    drop_fields(settings, &OF_JOBS, left_out);
    let git = settings.contains_key("git_source");
    if let Some(git) = settings.get_mut("git_source").and_then(Value::as_object_mut)
        && git.remove("git_snapshot").is_some()
    {
        left_out.push("git_source.git_snapshot: it says what the last run used".to_owned());
    }
    simplify(settings, !git);
    // A job of a bundle queues its runs where nothing is said; one of the workspace does not.
    settings.entry("queue").or_insert_with(|| json!({"enabled": false}));
}

/// A pipeline's spec for a bundle.
pub(crate) fn of_pipeline(spec: &mut Map<String, Value>, left_out: &mut Vec<String>) {
    without_nulls(spec);
    drop_fields(spec, &OF_PIPELINES, left_out);
    // What a new pipeline has by itself.
    spec.retain(|field, value| field != "edition" || value != "ADVANCED");
}

fn drop_fields(settings: &mut Map<String, Value>, fields: &[(&str, Option<&str>)], left_out: &mut Vec<String>) {
    for (field, why) in fields {
        if let (Some(_), Some(why)) = (settings.remove(*field), why) {
            left_out.push(format!("{field}: {why}"));
        }
    }
}

fn without_nulls(map: &mut Map<String, Value>) {
    map.retain(|_, value| !value.is_null());
    for value in map.values_mut() {
        each_map(value, &mut without_nulls);
    }
}

fn simplify(map: &mut Map<String, Value>, in_workspace: bool) {
    map.retain(|field, value| {
        let in_place = in_workspace && field == "source" && value == "WORKSPACE";
        !in_place && !same_without(field, value)
    });
    for (_, value) in map.iter_mut().filter(|(field, _)| !OF_PEOPLE.contains(&field.as_str())) {
        each_map(value, &mut |map| simplify(map, in_workspace));
    }
}

/// Whether a field means the same when it is left out.
fn same_without(field: &str, value: &Value) -> bool {
    match field {
        "timeout_seconds" => value == 0,
        "email_notifications" | "webhook_notifications" | "notification_settings" => {
            value.as_object().is_some_and(Map::is_empty)
        }
        "run_if" => value == "ALL_SUCCESS",
        "pause_status" => value == "UNPAUSED",
        _ => false,
    }
}

/// Each map that a value is or that a list holds.
fn each_map(value: &mut Value, act: &mut dyn FnMut(&mut Map<String, Value>)) {
    match value {
        Value::Object(map) => act(map),
        Value::Array(items) => items.iter_mut().for_each(|item| each_map(item, act)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_deployment_sets_is_left_out() {
        let mut job = json!({"name": "n", "format": "MULTI_TASK", "deployment": {"kind": "BUNDLE"}, "timeout_seconds": 0,
            "email_notifications": {}, "schedule": {"pause_status": "UNPAUSED", "timezone_id": "UTC"}, "x": null,
            "tasks": [{"task_key": "a", "run_if": "ALL_SUCCESS", "timeout_seconds": 0, "max_retries": 0,
                "notebook_task": {"notebook_path": "/n", "source": "WORKSPACE", "base_parameters": {"timeout_seconds": "0",
                "run_if": "ALL_SUCCESS"}}, "for_each_task": {"task": {"run_if": "ALL_SUCCESS", "y": null}}}]});
        let mut left_out = Vec::new();
        of_job(job.as_object_mut().unwrap(), &mut left_out);
        assert_eq!(
            job,
            json!({"name": "n", "schedule": {"timezone_id": "UTC"}, "queue": {"enabled": false},
            "tasks": [{"task_key": "a", "max_retries": 0, "notebook_task": {"notebook_path": "/n",
                "base_parameters": {"timeout_seconds": "0", "run_if": "ALL_SUCCESS"}}, "for_each_task": {"task": {}}}]})
        );
        assert_eq!(left_out, ["deployment: it named the bundle that the job came from"]);
    }

    #[test]
    fn a_job_in_git_keeps_what_is_not_there() {
        let mut job = json!({"git_source": {"git_url": "u", "git_snapshot": {"used_commit": "c"}}, "queue": {"enabled": true},
            "tasks": [{"notebook_task": {"source": "WORKSPACE", "notebook_path": "/n"}}]});
        let expected = json!({"git_source": {"git_url": "u"}, "queue": {"enabled": true},
            "tasks": [{"notebook_task": {"source": "WORKSPACE", "notebook_path": "/n"}}]});
        of_job(job.as_object_mut().unwrap(), &mut Vec::new());
        assert_eq!(job, expected);
    }

    #[test]
    fn a_pipeline_is_made_anew() {
        let mut spec = json!({"id": "1", "name": "p", "edition": "ADVANCED", "development": true, "storage": "dbfs:/x", "catalog": "c"});
        of_pipeline(spec.as_object_mut().unwrap(), &mut Vec::new());
        assert_eq!(spec, json!({"name": "p", "catalog": "c"}));
    }
}

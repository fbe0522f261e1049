//! What one call of a tool would do.

use bricklayer_databricks::arguments::object;
use bricklayer_databricks::operations::{Effect, MAX_OBJECT_BYTES, Operation};
use bricklayer_databricks::remote_path::project_path;
use serde_json::Value;

use crate::settings::runs_by_itself;

/// Whether a tool's call is bounded by what it changes, or runs or removes something.
const TOOLS: [(&str, &str, Effect); 9] = [
    ("create_job", "CREATE JOB", Effect::Writes),
    ("create_or_update_job", "CREATE OR UPDATE JOB", Effect::Writes),
    ("update_job", "UPDATE JOB", Effect::Writes),
    ("reset_job", "RESET JOB", Effect::Destroys),
    ("delete_job", "DELETE JOB", Effect::Destroys),
    // What runs may do anything that the user may.
    ("run_job", "RUN JOB", Effect::Destroys),
    ("submit_run", "RUN TASKS", Effect::Destroys),
    ("repair_run", "REPAIR RUN", Effect::Destroys),
    ("cancel_run", "CANCEL RUN", Effect::Destroys),
];

/// The operation of a call with these JSON arguments.
pub(crate) fn operations(tool: &str, input: &str) -> Vec<Operation> {
    let input: Value = serde_json::from_str(input).unwrap_or_default();
    if tool == "export_run" {
        return vec![export(&input)];
    }
    let Some((_, verb, effect)) = TOOLS.iter().find(|(name, ..)| *name == tool) else {
        return vec![Operation::unknown()];
    };
    let number = |field: &str| input.get(field).and_then(Value::as_u64);
    let mut objects: Vec<String> = ["job_id", "run_id"]
        .iter()
        .filter_map(|field| Some(format!("{} {}", field.trim_end_matches("_id"), number(field)?)))
        .collect();
    let given = ["settings", "tasks"].iter().find_map(|field| input.get(field));
    // Arguments of the type json reach a tool as text, and this as they are.
    let given = given.map(|given| given.as_str().map_or_else(|| given.to_string(), str::to_owned));
    let settings = given.as_deref().and_then(|text| object(text, "settings").ok()).unwrap_or_default();
    if objects.is_empty()
        && let Some(name) = input.get("name").and_then(Value::as_str).filter(|name| name.len() <= MAX_OBJECT_BYTES)
    {
        objects.push(format!("job '{name}'"));
    }
    // Every other argument makes it another operation, so that what is allowed for later is just this.
    if matches!(tool, "run_job" | "repair_run") {
        for field in ["parameters", "notebook_params", "only", "task_keys"] {
            let argument = input.get(field).filter(|value| !value.is_null()).map(|value| format!("{field} {value}"));
            objects.extend(argument.filter(|argument| argument.len() <= MAX_OBJECT_BYTES));
        }
    }
    let by_itself = runs_by_itself(&settings);
    let mut operation = Operation::new(*effect, verb, objects);
    if let Some(when) = by_itself {
        operation.effect = Effect::Destroys;
        operation.detail = Some(bricklayer_sdk::cut_text(&format!("runs by itself: {when}"), 100));
    }
    if let Some(text) = given {
        operation = operation.showing("settings", text);
    }
    // What is run without a name is never the same twice.
    if tool == "submit_run" {
        operation.objects = Vec::new();
    }
    vec![operation]
}

/// Pages that are kept as results change nothing; written ones are files of the project.
fn export(input: &Value) -> Operation {
    let given = |field: &str| input.get(field).filter(|value| !value.is_null());
    let run = given("run_id").map(|run| format!("run {run}"));
    let Some(folder) = given("local_folder").and_then(Value::as_str) else {
        return Operation::new(Effect::Reads, "EXPORT RUN", run.into_iter().collect());
    };
    let folder = project_path("local_folder", folder).ok().map(|folder| format!("/project/{folder}"));
    let objects = folder.zip(run).map(|(folder, run)| vec![folder, run]).unwrap_or_default();
    if given("overwrite").and_then(Value::as_bool) == Some(true) {
        return Operation::new(Effect::Destroys, "EXPORT RUN AND REPLACE", objects);
    }
    Operation::new(Effect::Writes, "EXPORT RUN", objects)
}

#[cfg(test)]
mod tests {
    use bricklayer_databricks::operations::MAX_TEXT_BYTES;
    use serde_json::json;

    use super::*;

    #[test]
    fn calls_say_what_they_would_do_to_what() {
        let scheduled = json!({"name": "n", "settings": {"schedule": {"quartz_cron_expression": "0 0 6 * * ?", "timezone_id": "UTC"}}});
        let paused = json!({"name": "n", "settings": {"schedule": {"pause_status": "PAUSED"}}});
        for (tool, input, effect, verb, objects) in [
            ("create_job", json!({"name": "n", "settings": {}}), Effect::Writes, "CREATE JOB", vec!["job 'n'"]),
            (
                "create_job",
                json!({"name": "n", "settings": "{\"tags\":{}}"}),
                Effect::Writes,
                "CREATE JOB",
                vec!["job 'n'"],
            ),
            ("create_job", scheduled.clone(), Effect::Destroys, "CREATE JOB", vec!["job 'n'"]),
            ("create_or_update_job", paused, Effect::Writes, "CREATE OR UPDATE JOB", vec!["job 'n'"]),
            ("delete_job", json!({"job_id": 12}), Effect::Destroys, "DELETE JOB", vec!["job 12"]),
            (
                "run_job",
                json!({"job_id": 12, "only": ["a"]}),
                Effect::Destroys,
                "RUN JOB",
                vec!["job 12", "only [\"a\"]"],
            ),
            ("cancel_run", json!({"run_id": 7}), Effect::Destroys, "CANCEL RUN", vec!["run 7"]),
            ("submit_run", json!({"tasks": []}), Effect::Destroys, "RUN TASKS", vec![]),
            ("export_run", json!({"run_id": 7, "local_folder": null}), Effect::Reads, "EXPORT RUN", vec!["run 7"]),
            (
                "export_run",
                json!({"run_id": 7, "local_folder": "./out/"}),
                Effect::Writes,
                "EXPORT RUN",
                vec!["/project/out", "run 7"],
            ),
            (
                "export_run",
                json!({"run_id": 7, "local_folder": "out", "overwrite": true}),
                Effect::Destroys,
                "EXPORT RUN AND REPLACE",
                vec!["/project/out", "run 7"],
            ),
            ("export_run", json!({"run_id": 7, "local_folder": "../x"}), Effect::Writes, "EXPORT RUN", vec![]),
            ("another", json!({}), Effect::Destroys, "UNKNOWN", vec![]),
        ] {
            let found = operations(tool, &input.to_string()).remove(0);
            assert_eq!(
                (found.effect, found.verb.as_str(), found.objects),
                (effect, verb, objects.into_iter().map(str::to_owned).collect()),
                "{tool} {input}"
            );
        }
        let found = operations("create_job", &scheduled.to_string()).remove(0);
        assert_eq!(found.detail.as_deref(), Some("runs by itself: 0 0 6 * * ? (UTC)"));
        let long = json!({"name": "n", "settings": {"description": "x".repeat(MAX_TEXT_BYTES)}}).to_string();
        assert_eq!(operations("create_job", &long)[0].effect, Effect::Destroys);
    }
}

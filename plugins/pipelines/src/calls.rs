//! What one call of a tool would do.

use bricklayer_databricks::arguments::object;
use bricklayer_databricks::operations::{Effect, MAX_OBJECT_BYTES, Operation};
use serde_json::Value;

/// Whether a tool's call is bounded by what it changes, or runs or removes something.
const TOOLS: [(&str, &str, Effect); 6] = [
    ("create_pipeline", "CREATE PIPELINE", Effect::Writes),
    ("create_or_update_pipeline", "CREATE OR UPDATE PIPELINE", Effect::Writes),
    ("update_pipeline", "UPDATE PIPELINE", Effect::Writes),
    ("delete_pipeline", "DELETE PIPELINE", Effect::Destroys),
    // The code of a pipeline writes whatever tables it names.
    ("start_update", "RUN PIPELINE", Effect::Destroys),
    ("stop_pipeline", "STOP PIPELINE", Effect::Destroys),
];

/// The operation of a call with these JSON arguments.
pub(crate) fn operations(tool: &str, input: &str) -> Vec<Operation> {
    let input: Value = serde_json::from_str(input).unwrap_or_default();
    let Some((_, verb, effect)) = TOOLS.iter().find(|(name, ..)| *name == tool) else {
        return vec![Operation::unknown()];
    };
    let text = |field: &str| input.get(field).and_then(Value::as_str).filter(|text| text.len() <= MAX_OBJECT_BYTES);
    let mut objects: Vec<String> = text("pipeline_id").map(|id| format!("pipeline {id}")).into_iter().collect();
    if objects.is_empty() {
        objects.extend(text("name").map(|name| format!("pipeline '{name}'")));
    }
    let is_true = |field: &str| input.get(field).and_then(Value::as_bool) == Some(true);
    let mut operation = Operation::new(*effect, verb, objects);
    match tool {
        "start_update" if is_true("validate_only") => {
            (operation.effect, operation.verb) = (Effect::Writes, "VALIDATE PIPELINE".to_owned());
        }
        // Every other argument makes it another operation, so that what is allowed for later is just this.
        "start_update" => {
            for field in ["full_refresh", "refresh_selection", "full_refresh_selection"] {
                let argument = input.get(field).filter(|value| !value.is_null() && **value != Value::Bool(false));
                let argument = argument.map(|value| format!("{field} {value}"));
                operation.objects.extend(argument.filter(|argument| argument.len() <= MAX_OBJECT_BYTES));
            }
        }
        "delete_pipeline" => {
            let tables = if is_true("keep_tables") { "its tables stay" } else { "with the tables that it made" };
            operation.detail = Some(tables.to_owned());
        }
        _ => {}
    }
    // Arguments of the type json reach a tool as text, and this as they are.
    let settings = input.get("settings").filter(|settings| !settings.is_null());
    let settings = settings.map(|given| given.as_str().map_or_else(|| given.to_string(), str::to_owned));
    if let Some(settings) = settings {
        let read = object(&settings, "settings").unwrap_or_default();
        if read.get("continuous").and_then(Value::as_bool) == Some(true) {
            operation.effect = Effect::Destroys;
            operation.detail = Some("runs by itself: continuously".to_owned());
        }
        operation = operation.showing("settings", settings);
    }
    vec![operation]
}

#[cfg(test)]
mod tests {
    use bricklayer_databricks::operations::MAX_TEXT_BYTES;
    use serde_json::json;

    use super::*;

    #[test]
    fn calls_say_what_they_would_do_to_what() {
        for (tool, input, effect, verb, objects) in [
            (
                "create_pipeline",
                json!({"name": "n", "settings": {}}),
                Effect::Writes,
                "CREATE PIPELINE",
                vec!["pipeline 'n'"],
            ),
            (
                "create_or_update_pipeline",
                json!({"name": "n", "settings": "{\"continuous\":true}"}),
                Effect::Destroys,
                "CREATE OR UPDATE PIPELINE",
                vec!["pipeline 'n'"],
            ),
            (
                "update_pipeline",
                json!({"pipeline_id": "p", "settings": {}}),
                Effect::Writes,
                "UPDATE PIPELINE",
                vec!["pipeline p"],
            ),
            ("delete_pipeline", json!({"pipeline_id": "p"}), Effect::Destroys, "DELETE PIPELINE", vec!["pipeline p"]),
            (
                "start_update",
                json!({"pipeline_id": "p", "validate_only": true}),
                Effect::Writes,
                "VALIDATE PIPELINE",
                vec!["pipeline p"],
            ),
            (
                "start_update",
                json!({"pipeline_id": "p", "full_refresh": true, "refresh_selection": null}),
                Effect::Destroys,
                "RUN PIPELINE",
                vec!["pipeline p", "full_refresh true"],
            ),
            ("stop_pipeline", json!({"pipeline_id": "p"}), Effect::Destroys, "STOP PIPELINE", vec!["pipeline p"]),
            ("another", json!({}), Effect::Destroys, "UNKNOWN", vec![]),
        ] {
            let found = operations(tool, &input.to_string()).remove(0);
            assert_eq!(
                (found.effect, found.verb.as_str(), found.objects),
                (effect, verb, objects.into_iter().map(str::to_owned).collect()),
                "{tool} {input}"
            );
        }
        let long = json!({"name": "n", "settings": {"x": "x".repeat(MAX_TEXT_BYTES)}}).to_string();
        assert_eq!(operations("create_pipeline", &long)[0].effect, Effect::Destroys);
        let deleted = operations("delete_pipeline", r#"{"pipeline_id":"p"}"#).remove(0);
        assert_eq!(deleted.detail.as_deref(), Some("with the tables that it made"));
    }
}

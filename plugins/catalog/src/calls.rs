//! What one call of a tool would do.

use bricklayer_databricks::operations::{Effect, MAX_OBJECT_BYTES, Operation};
use serde_json::{Map, Value};

use crate::secrets::{hide, is_reference, is_secret};

/// The arguments that name what a call works on.
const NAMES: [&str; 5] = ["kind", "name", "table", "column", "credential_name"];

/// Tools that change something, with what they do and how grave that is.
const TOOLS: [(&str, &str, Effect); 28] = [
    ("create_catalog", "CREATE CATALOG", Effect::Writes),
    ("create_foreign_catalog", "CREATE FOREIGN CATALOG", Effect::Shares),
    ("create_schema", "CREATE SCHEMA", Effect::Writes),
    ("create_volume", "CREATE VOLUME", Effect::Writes),
    ("create_function", "CREATE FUNCTION", Effect::Writes),
    ("update_catalog_object", "CHANGE", Effect::Writes),
    ("set_owner", "SET OWNER", Effect::Shares),
    ("delete_catalog_object", "DELETE", Effect::Destroys),
    ("change_grants", "CHANGE GRANTS", Effect::Shares),
    ("change_tags", "CHANGE TAGS", Effect::Writes),
    ("set_comment", "SET COMMENT", Effect::Writes),
    // What lies outside of the workspace is reached by these.
    ("create_storage_credential", "CREATE STORAGE CREDENTIAL", Effect::Shares),
    ("create_external_location", "CREATE EXTERNAL LOCATION", Effect::Shares),
    ("validate_storage_credential", "TRY STORAGE CREDENTIAL", Effect::Shares),
    ("create_connection", "CREATE CONNECTION", Effect::Shares),
    ("update_external_object", "CHANGE", Effect::Shares),
    ("create_share", "CREATE SHARE", Effect::Shares),
    ("change_share", "CHANGE SHARE", Effect::Shares),
    ("create_recipient", "CREATE RECIPIENT", Effect::Shares),
    ("rotate_recipient_token", "REPLACE TOKEN", Effect::Shares),
    // Who sees what of a table.
    ("set_row_filter", "SET ROW FILTER", Effect::Shares),
    ("drop_row_filter", "DROP ROW FILTER", Effect::Shares),
    ("set_column_mask", "SET COLUMN MASK", Effect::Shares),
    ("drop_column_mask", "DROP COLUMN MASK", Effect::Shares),
    ("create_metric_view", "CREATE METRIC VIEW", Effect::Writes),
    ("create_monitor", "CREATE MONITOR", Effect::Writes),
    ("refresh_monitor", "RUN MONITOR", Effect::Writes),
    ("delete_monitor", "DELETE MONITOR", Effect::Destroys),
];

/// The operation of a call with these JSON arguments.
pub(crate) fn operations(tool: &str, input: &str) -> Vec<Operation> {
    let input: Value = serde_json::from_str(input).unwrap_or_default();
    let Some((_, verb, effect)) = TOOLS.iter().find(|(name, ..)| *name == tool) else {
        return vec![Operation::unknown()];
    };
    let is_set = |field: &str| input.get(field).and_then(Value::as_bool) == Some(true);
    let detail = if is_set("force") {
        Some("with all that is in it or uses it".to_owned())
    } else if is_set("replace") {
        Some("replaces what has this name".to_owned())
    } else {
        None
    };
    let effect = if is_set("replace") { Effect::Destroys } else { *effect };
    let mut operation = Operation { detail, ..Operation::new(effect, verb, vec![subject(&input)]) };
    // Every other argument makes it another operation, so that what is allowed for later is just this.
    let rest = rest(&input);
    if !rest.is_empty() {
        let text = Value::Object(rest).to_string();
        operation.objects.push(text.clone());
        operation = operation.showing("arguments", text);
    }
    // What does not fit, or has no name, cannot be allowed for later.
    if operation.objects.iter().any(|object| object.is_empty() || object.len() > MAX_OBJECT_BYTES) {
        operation.objects = Vec::new();
    }
    vec![operation]
}

/// What a call works on: its kind and name.
fn subject(input: &Value) -> String {
    let parts: Vec<String> =
        NAMES.iter().filter_map(|field| input.get(field)?.as_str().map(|name| name.trim().to_lowercase())).collect();
    parts.join(" ").replace('`', "")
}

/// The other arguments, without the place where a statement runs, and without what is secret.
fn rest(input: &Value) -> Map<String, Value> {
    let mut rest = input.as_object().cloned().unwrap_or_default();
    rest.retain(|field, value| !value.is_null() && field != "warehouse_id" && !NAMES.contains(&field.as_str()));
    for option in rest.get_mut("options").and_then(Value::as_array_mut).into_iter().flatten() {
        let named = |field: &str| option.get(field).and_then(Value::as_str).unwrap_or_default();
        if is_secret(named("name"))
            && !is_reference(named("value"))
            && let Some(fields) = option.as_object_mut()
        {
            fields.insert("value".to_owned(), "[hidden]".into());
        }
    }
    rest.values_mut().for_each(hide);
    rest
}

#[cfg(test)]
mod tests {
    use bricklayer_databricks::operations::MAX_TEXT_BYTES;
    use serde_json::json;

    use super::*;

    #[test]
    fn calls_say_what_they_would_do_to_what() {
        for (tool, input, effect, verb, objects) in [
            ("create_schema", json!({"name": "Main.S"}), Effect::Writes, "CREATE SCHEMA", vec!["main.s"]),
            (
                "delete_catalog_object",
                json!({"kind": "table", "name": "c.s.t"}),
                Effect::Destroys,
                "DELETE",
                vec!["table c.s.t"],
            ),
            (
                "delete_catalog_object",
                json!({"kind": "schema", "name": "c.s", "force": true}),
                Effect::Destroys,
                "DELETE",
                vec!["schema c.s", r#"{"force":true}"#],
            ),
            (
                "change_grants",
                json!({"kind": "table", "name": "c.s.t", "changes": [{"principal": "bob", "add": ["SELECT"]}]}),
                Effect::Shares,
                "CHANGE GRANTS",
                vec!["table c.s.t", r#"{"changes":[{"add":["SELECT"],"principal":"bob"}]}"#],
            ),
            (
                "set_row_filter",
                json!({"table": "c.s.t", "function": "c.s.f", "columns": [], "warehouse_id": "w"}),
                Effect::Shares,
                "SET ROW FILTER",
                vec!["c.s.t", r#"{"columns":[],"function":"c.s.f"}"#],
            ),
            (
                "create_function",
                json!({"name": "c.s.f", "replace": true}),
                Effect::Destroys,
                "CREATE FUNCTION",
                vec!["c.s.f", r#"{"replace":true}"#],
            ),
            ("another", json!({}), Effect::Destroys, "UNKNOWN", vec![]),
            ("create_schema", json!({}), Effect::Writes, "CREATE SCHEMA", vec![]),
        ] {
            let found = operations(tool, &input.to_string()).remove(0);
            let objects: Vec<String> = objects.into_iter().map(str::to_owned).collect();
            assert_eq!((found.effect, found.verb.as_str(), found.objects), (effect, verb, objects), "{tool} {input}");
        }
    }

    #[test]
    fn secrets_are_not_repeated() {
        let options = json!([{"name": "host", "value": "h"}, {"name": "password", "value": "hunter2"}]);
        let input = json!({"name": "pg", "connection_type": "MYSQL", "options": options});
        let found = format!("{:?}", operations("create_connection", &input.to_string()));
        assert!(found.contains("[hidden]") && !found.contains("hunter2"), "{found}");
    }

    #[test]
    fn what_is_too_long_is_grave_and_nameless() {
        let input = json!({"name": "c.s.v", "definition": {"x": "x".repeat(MAX_TEXT_BYTES)}}).to_string();
        let found = operations("create_metric_view", &input).remove(0);
        assert_eq!((found.effect, found.objects.len()), (Effect::Destroys, 0));
    }
}

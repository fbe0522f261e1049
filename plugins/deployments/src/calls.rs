//! What one call of a tool would do, as far as its arguments say.

use bricklayer_databricks::operations::{Effect, MAX_OBJECT_BYTES, Operation};
use bricklayer_databricks::remote_path::{project_path, workspace_path};
use serde_json::Value;

/// The tools that change something. Others are what their annotations say (`review = false` in plugin.toml).
const TOOLS: [(&str, &str, Effect); 6] = [
    ("upload_bundle", "UPLOAD BUNDLE", Effect::Writes),
    ("init_bundle", "MAKE BUNDLE", Effect::Writes),
    ("repair_bundle", "REPAIR BUNDLE", Effect::Writes),
    ("deploy_bundle", "DEPLOY BUNDLE", Effect::Destroys),
    ("destroy_bundle", "DESTROY BUNDLE", Effect::Destroys),
    // What runs may do anything that the user may.
    ("run_bundle", "RUN BUNDLE", Effect::Destroys),
];

/// The tool that a command is.
const COMMANDS: [(&str, &str); 4] =
    [("deploy", "deploy_bundle"), ("destroy", "destroy_bundle"), ("run", "run_bundle"), ("init", "init_bundle")];

/// Commands that only look.
const LOOKING: [&str; 3] = ["validate", "plan", "summary"];

/// Characters of a line for the one who decides.
const MAX_DETAIL_CHARS: usize = 400;

/// The operation of a call. A deploy and a destroy have no objects, so that each is asked about, and name what they delete.
pub(crate) fn operations(tool: &str, input: &str) -> Vec<Operation> {
    let input: Value = serde_json::from_str(input).unwrap_or_default();
    let tool = if tool == "run_bundle_command" {
        let command = input.get("command").filter(|command| !command.is_null());
        let command = command.map_or("validate", |command| command.as_str().unwrap_or_default());
        if LOOKING.contains(&command) {
            return vec![Operation::new(Effect::Reads, "LOOK AT BUNDLE", Vec::new())];
        }
        COMMANDS.iter().find(|(name, _)| *name == command).map_or("", |(_, tool)| *tool)
    } else {
        tool
    };
    let Some((_, verb, effect)) = TOOLS.iter().find(|(name, ..)| *name == tool) else {
        return vec![Operation::unknown()];
    };
    let text = |field: &str| input.get(field).and_then(Value::as_str).filter(|text| !text.is_empty());
    let names: Vec<&str> =
        input.get("deletes").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let objects = match (tool, text("key")) {
        // Every other argument makes it another operation, so that what is allowed for later is just this.
        ("run_bundle", Some(_)) => {
            let arguments = input.as_object().into_iter().flatten().filter(|(name, _)| *name != "wait_seconds");
            let all: Vec<String> = arguments.map(|(name, value)| format!("{name} {value}")).collect();
            if all.iter().all(|one| one.len() <= MAX_OBJECT_BYTES) { all } else { Vec::new() }
        }
        ("upload_bundle", _) => text("workspace_folder")
            .and_then(|folder| workspace_path("workspace_folder", folder).ok())
            .into_iter()
            .collect(),
        ("repair_bundle", _) => project_path("bundle_path", text("bundle_path").unwrap_or_default())
            .map(|folder| format!("/project/{folder}"))
            .into_iter()
            .collect(),
        ("init_bundle", name) => ["folder", "bundle_path", "project_name"]
            .into_iter()
            .find_map(text)
            .or(name)
            .and_then(|folder| project_path("folder", folder).ok())
            .map(|folder| format!("/project/{folder}"))
            .into_iter()
            .collect(),
        _ => Vec::new(),
    };
    let replaces = input.get("overwrite").and_then(Value::as_bool) == Some(true);
    let mut operation = if replaces && *effect == Effect::Writes {
        Operation::new(Effect::Destroys, &format!("{verb} AND REPLACE"), objects)
    } else {
        Operation::new(*effect, verb, objects)
    };
    let target = text("target").map_or_else(String::new, |target| format!("target {target}"));
    let deletes = match names.as_slice() {
        [] => String::new(),
        names => format!("deletes or makes anew {}", names.join(", ")),
    };
    let detail = [target, deletes].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; ");
    operation.detail = (!detail.is_empty()).then(|| bricklayer_sdk::cut_text(&detail, MAX_DETAIL_CHARS));
    vec![operation]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_deleted_is_named() {
        for (tool, input, effect, verb, objects, detail) in [
            (
                "deploy_bundle",
                r#"{"plan_id":"x","target":"prod","deletes":["schemas.raw","jobs.a"]}"#,
                Effect::Destroys,
                "DEPLOY BUNDLE",
                0,
                Some("target prod; deletes or makes anew schemas.raw, jobs.a"),
            ),
            ("destroy_bundle", r#"{"plan_id":"x"}"#, Effect::Destroys, "DESTROY BUNDLE", 0, None),
            ("run_bundle", r#"{"key":"k","only":["t"],"wait_seconds":1}"#, Effect::Destroys, "RUN BUNDLE", 2, None),
            ("run_bundle_command", r#"{"command":"plan"}"#, Effect::Reads, "LOOK AT BUNDLE", 0, None),
            ("run_bundle_command", "{}", Effect::Reads, "LOOK AT BUNDLE", 0, None),
            (
                "run_bundle_command",
                r#"{"command":"destroy","deletes":["jobs.a"]}"#,
                Effect::Destroys,
                "DESTROY BUNDLE",
                0,
                Some("deletes or makes anew jobs.a"),
            ),
            ("run_bundle_command", r#"{"command":"other"}"#, Effect::Destroys, "UNKNOWN", 0, None),
            ("run_bundle_command", r#"{"command":7}"#, Effect::Destroys, "UNKNOWN", 0, None),
            ("upload_bundle", r#"{"workspace_folder":"/Workspace/a"}"#, Effect::Writes, "UPLOAD BUNDLE", 1, None),
            ("upload_bundle", r#"{"overwrite":true}"#, Effect::Destroys, "UPLOAD BUNDLE AND REPLACE", 0, None),
            ("init_bundle", r#"{"project_name":"p"}"#, Effect::Writes, "MAKE BUNDLE", 1, None),
            ("another", "nonsense", Effect::Destroys, "UNKNOWN", 0, None),
        ] {
            let found = operations(tool, input);
            let [one] = found.as_slice() else { panic!("{found:?}") };
            assert_eq!((one.effect, one.verb.as_str(), one.objects.len()), (effect, verb, objects), "{tool}");
            assert_eq!(one.detail.as_deref(), detail);
        }
    }
}

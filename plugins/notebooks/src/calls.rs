//! What one call of a tool would do, as far as its arguments say.

use bricklayer_databricks::operations::{Effect, Operation};
use bricklayer_databricks::remote_path::{project_path, workspace_path};
use serde_json::Value;

/// The operations of a call: what is written, and whether it takes the place of something. Other tools are what their
/// annotations say (`review = false` in plugin.toml).
pub(crate) fn operations(tool: &str, input: &str) -> Vec<Operation> {
    let input: Value = serde_json::from_str(input).unwrap_or_default();
    let text = |name: &str| input.get(name).and_then(Value::as_str);
    let remote = |name: &str| text(name).and_then(|path| workspace_path(name, path).ok());
    let local =
        |name: &str| text(name).and_then(|path| project_path(name, path).ok()).map(|path| format!("/project/{path}"));
    let replaces = input.get("overwrite").and_then(Value::as_bool) == Some(true);
    let (effect, verb, object) = match (tool, replaces) {
        ("import_notebook", false) => (Effect::Writes, "IMPORT", remote("path")),
        ("import_notebook", true) => (Effect::Destroys, "IMPORT AND REPLACE", remote("path")),
        // Without a file it shows the content.
        ("export_notebook", _) if text("local_path").is_none() => (Effect::Reads, "EXPORT", remote("path")),
        ("export_notebook", false) => (Effect::Writes, "EXPORT", local("local_path")),
        ("export_notebook", true) => (Effect::Destroys, "EXPORT AND REPLACE", local("local_path")),
        _ => return vec![Operation::unknown()],
    };
    let operation = Operation::new(effect, verb, object.into_iter().collect());
    vec![match text("content") {
        Some(content) => operation.showing("content", content.to_owned()),
        None => operation,
    }]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn showing_writing_and_replacing_are_told_apart() {
        for (tool, input, effect, verb, object) in [
            ("export_notebook", r#"{"path":"/Workspace/a"}"#, Effect::Reads, "EXPORT", Some("/a")),
            ("export_notebook", r#"{"path":"/a","local_path":"b"}"#, Effect::Writes, "EXPORT", Some("/project/b")),
            (
                "export_notebook",
                r#"{"path":"/a","local_path":"b","overwrite":true}"#,
                Effect::Destroys,
                "EXPORT AND REPLACE",
                Some("/project/b"),
            ),
            ("import_notebook", r#"{"path":"/a","content":"x"}"#, Effect::Writes, "IMPORT", Some("/a")),
            (
                "import_notebook",
                r#"{"path":"/a/../b","overwrite":true}"#,
                Effect::Destroys,
                "IMPORT AND REPLACE",
                Some("/b"),
            ),
            ("another", "nonsense", Effect::Destroys, "UNKNOWN", None),
        ] {
            let found = operations(tool, input);
            let [one] = found.as_slice() else { panic!("{found:?}") };
            assert_eq!(
                (one.effect, one.verb.as_str(), one.objects.first().map(String::as_str)),
                (effect, verb, object),
                "{tool}"
            );
        }
    }
}

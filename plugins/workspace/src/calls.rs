//! What one call of a tool would do, as far as its arguments say. There is never a value among them.

use bricklayer_databricks::operations::{Effect, Operation};
use bricklayer_databricks::remote_path::project_path;
use serde_json::Value;

/// The operation of a call with these JSON arguments.
pub(crate) fn operations(tool: &str, input: &str) -> Vec<Operation> {
    let input: Value = serde_json::from_str(input).unwrap_or_default();
    let text = |name: &str| input.get(name).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
    let is = |name: &str| input.get(name).and_then(Value::as_bool) == Some(true);
    let scope = text("scope").map(|scope| format!("secret scope {scope}"));
    let secret = text("scope").zip(text("key")).map(|(scope, key)| format!("secret {scope}/{key}"));
    let for_whom = text("principal").map(|principal| format!("principal {principal}"));
    let (effect, verb, objects, detail) = match tool {
        "create_secret_scope" if is("for_all_users") => {
            (Effect::Shares, "CREATE SECRET SCOPE", vec![scope, Some("all users".to_owned())], None)
        }
        "create_secret_scope" => (Effect::Writes, "CREATE SECRET SCOPE", vec![scope], None),
        "delete_secret_scope" => {
            (Effect::Destroys, "DELETE SECRET SCOPE", vec![scope], Some("deletes all its secrets".to_owned()))
        }
        "put_secret" => {
            let file = text("file_path").and_then(|path| project_path("file_path", path).ok());
            let then = if is("keep_file") { "which stays" } else { "which is removed then" };
            let detail = file.as_ref().map(|file| {
                let file = bricklayer_sdk::cut_text(file, 200);
                format!("the value is the text of {file}, {then}; an earlier value is replaced")
            });
            (Effect::Destroys, "PUT SECRET", vec![secret, file.map(|file| format!("/project/{file}"))], detail)
        }
        "delete_secret" => (Effect::Destroys, "DELETE SECRET", vec![secret], None),
        "put_secret_acl" => {
            let verb = text("permission").map(|word| format!("permission {}", word.to_ascii_uppercase()));
            (Effect::Shares, "GRANT ON SECRET SCOPE", vec![scope, for_whom, verb], None)
        }
        "delete_secret_acl" => (Effect::Destroys, "REVOKE ON SECRET SCOPE", vec![scope, for_whom], None),
        _ => return vec![Operation::unknown()],
    };
    // One that cannot be told makes all of it untold.
    let objects = objects.into_iter().collect::<Option<Vec<_>>>().unwrap_or_default();
    vec![Operation { detail, ..Operation::new(effect, verb, objects) }]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_say_what_they_would_do_to_what() {
        for (tool, input, effect, verb, objects) in [
            ("create_secret_scope", r#"{"scope":"s"}"#, Effect::Writes, "CREATE SECRET SCOPE", vec!["secret scope s"]),
            (
                "create_secret_scope",
                r#"{"scope":"s","for_all_users":true}"#,
                Effect::Shares,
                "CREATE SECRET SCOPE",
                vec!["secret scope s", "all users"],
            ),
            (
                "delete_secret_scope",
                r#"{"scope":" s "}"#,
                Effect::Destroys,
                "DELETE SECRET SCOPE",
                vec!["secret scope s"],
            ),
            (
                "put_secret",
                r#"{"scope":"s","key":"k","file_path":"./a.txt"}"#,
                Effect::Destroys,
                "PUT SECRET",
                vec!["secret s/k", "/project/a.txt"],
            ),
            ("put_secret", r#"{"scope":"s","key":"k","file_path":"../a"}"#, Effect::Destroys, "PUT SECRET", vec![]),
            ("delete_secret", r#"{"scope":"s","key":"k"}"#, Effect::Destroys, "DELETE SECRET", vec!["secret s/k"]),
            (
                "put_secret_acl",
                r#"{"scope":"s","principal":"bob","permission":"read"}"#,
                Effect::Shares,
                "GRANT ON SECRET SCOPE",
                vec!["secret scope s", "principal bob", "permission READ"],
            ),
            (
                "delete_secret_acl",
                r#"{"scope":"s","principal":"bob"}"#,
                Effect::Destroys,
                "REVOKE ON SECRET SCOPE",
                vec!["secret scope s", "principal bob"],
            ),
            ("another", "{}", Effect::Destroys, "UNKNOWN", vec![]),
        ] {
            let found = operations(tool, input).remove(0);
            assert_eq!(
                (found.effect, found.verb.as_str(), found.objects),
                (effect, verb, objects.into_iter().map(str::to_owned).collect()),
                "{tool} {input}"
            );
        }
        let found = operations("put_secret", r#"{"scope":"s","key":"k","file_path":"a"}"#).remove(0);
        assert!(found.detail.is_some_and(|detail| detail.contains("removed")));
    }
}

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
    let (verb, object) = match tool {
        "upload_file" => ("UPLOAD", remote("workspace_path")),
        "upload_folder" => ("UPLOAD", remote("workspace_folder")),
        "upload_to_volume" => ("UPLOAD", remote("volume_path")),
        "upload_to_dbfs" => ("UPLOAD", remote("dbfs_path").map(|path| format!("dbfs:{path}"))),
        "download_file" | "download_from_volume" | "download_from_dbfs" => ("DOWNLOAD", local("local_path")),
        "download_folder" => ("DOWNLOAD", local("local_folder")),
        _ => return vec![Operation::unknown()],
    };
    if input.get("overwrite").and_then(Value::as_bool) == Some(true) {
        let verb = format!("{verb} AND REPLACE");
        return vec![Operation::new(Effect::Destroys, &verb, object.into_iter().collect())];
    }
    vec![Operation::new(Effect::Writes, verb, object.into_iter().collect())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replacing_is_told_from_adding_and_objects_have_one_name() {
        for (tool, input, effect, verb, object) in [
            (
                "upload_file",
                r#"{"local_path":"a","workspace_path":"/Workspace/Users/x/../me/a"}"#,
                Effect::Writes,
                "UPLOAD",
                Some("/Users/me/a"),
            ),
            (
                "upload_folder",
                r#"{"local_folder":".","workspace_folder":"/Shared/x/","overwrite":true}"#,
                Effect::Destroys,
                "UPLOAD AND REPLACE",
                Some("/Shared/x"),
            ),
            ("upload_folder", r#"{"local_folder":"."}"#, Effect::Writes, "UPLOAD", None),
            (
                "download_file",
                r#"{"workspace_path":"/a","local_path":"./b","overwrite":true}"#,
                Effect::Destroys,
                "DOWNLOAD AND REPLACE",
                Some("/project/b"),
            ),
            ("delete_everything", "nonsense", Effect::Destroys, "UNKNOWN", None),
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

//! What one call of a tool would do, as far as its arguments say.

use bricklayer_databricks::operations::{Effect, Operation};
use bricklayer_databricks::remote_path::project_path;
use serde_json::Value;

/// The tools that write into the project, what they are called for people, and the argument that names the folder.
const WRITING: [(&str, &str, &str); 3] = [
    ("create_tests", "WRITE TESTS", "resource_path"),
    ("generate_bundle", "MAKE BUNDLE", "output_path"),
    ("generate_bundle_from_job", "MAKE BUNDLE", "output_dir"),
];

/// The operation of a call: what is written, and whether it takes the place of something. Other tools are what their
/// annotations say (`review = false` in plugin.toml).
pub(crate) fn operations(tool: &str, input: &str) -> Vec<Operation> {
    let input: Value = serde_json::from_str(input).unwrap_or_default();
    let Some((_, verb, folder)) = WRITING.iter().find(|(name, ..)| *name == tool) else {
        return vec![Operation::unknown()];
    };
    let folder = input.get(folder).and_then(Value::as_str).and_then(|path| project_path(folder, path).ok());
    let objects = folder.map(|path| format!("/project/{path}")).into_iter().collect();
    let replaces = input.get("force").and_then(Value::as_bool) == Some(true);
    vec![if replaces {
        Operation::new(Effect::Destroys, &format!("{verb} AND REPLACE"), objects)
    } else {
        Operation::new(Effect::Writes, verb, objects)
    }]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writing_and_replacing_are_told_apart() {
        for (tool, input, effect, verb, object) in [
            (
                "generate_bundle_from_job",
                r#"{"job_id":1,"output_dir":"a/../b"}"#,
                Effect::Writes,
                "MAKE BUNDLE",
                Some("/project/b"),
            ),
            (
                "generate_bundle_from_job",
                r#"{"job_id":1,"force":true}"#,
                Effect::Destroys,
                "MAKE BUNDLE AND REPLACE",
                None,
            ),
            ("another", "nonsense", Effect::Destroys, "UNKNOWN", None),
        ] {
            let found = operations(tool, input);
            let [one] = found.as_slice() else { panic!("{found:?}") };
            assert_eq!((one.effect, one.verb.as_str()), (effect, verb), "{tool}");
            assert_eq!(one.objects.first().map(String::as_str), object);
        }
    }
}

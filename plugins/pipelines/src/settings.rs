//! Settings of a pipeline, checked for what can be known before any request.

use bricklayer_databricks::near::nearest;
use bricklayer_sdk::Failure;
use serde_json::{Map, Value, json};

/// Fields of a pipeline's settings.
const FIELDS: [&str; 32] = [
    "name",
    "allow_duplicate_names",
    "budget_policy_id",
    "catalog",
    "channel",
    "clusters",
    "configuration",
    "continuous",
    "deployment",
    "development",
    "edition",
    "environment",
    "event_log",
    "filters",
    "gateway_definition",
    "id",
    "ingestion_definition",
    "libraries",
    "notifications",
    "parameters",
    "photon",
    "restart_window",
    "root_path",
    "run_as",
    "schema",
    "serverless",
    "storage",
    "tags",
    "target",
    "trigger",
    "usage_policy_id",
    "expected_last_modified",
];

/// What a library names.
const LIBRARIES: [&str; 6] = ["file", "notebook", "glob", "whl", "jar", "maven"];

/// Refuses settings that the workspace would refuse. Fields that it would silently ignore are named.
pub(crate) fn check(settings: &Map<String, Value>) -> Result<Vec<String>, Failure> {
    for field in ["continuous", "development", "photon", "serverless"] {
        if settings.get(field).is_some_and(|value| !value.is_boolean()) {
            return Err(Failure::invalid(&format!("settings.{field}"), "must be true or false"));
        }
    }
    for field in ["catalog", "schema", "target", "root_path"] {
        if settings.get(field).is_some_and(|value| value.as_str().is_none_or(str::is_empty)) {
            return Err(Failure::invalid(&format!("settings.{field}"), "must be a text that is not empty"));
        }
    }
    if settings.contains_key("schema") && settings.contains_key("target") {
        return Err(Failure::invalid("settings.target", "is the older name of schema; give one of them"));
    }
    if let Some(libraries) = settings.get("libraries") {
        check_libraries(libraries)?;
    }
    let unknown = settings.keys().filter(|key| !FIELDS.contains(&key.as_str()));
    Ok(unknown
        .filter_map(|key| {
            let near = nearest(key, FIELDS.iter().map(|field| (*field).to_owned()).collect());
            let near = near.first()?;
            Some(format!("The workspace may not know the setting `{key}`; did you mean `{near}`?"))
        })
        .collect())
}

fn check_libraries(libraries: &Value) -> Result<(), Failure> {
    let Some(libraries) = libraries.as_array() else {
        return Err(Failure::invalid("settings.libraries", "must be a list"));
    };
    for (index, library) in libraries.iter().enumerate() {
        let at = format!("settings.libraries[{index}]");
        let kinds: Vec<&str> = LIBRARIES.into_iter().filter(|kind| library.get(kind).is_some()).collect();
        let [kind] = kinds.as_slice() else {
            return Err(Failure::invalid(
                &at,
                r#"must be exactly one of {"file": {"path"}}, {"notebook": {"path"}} and {"glob": {"include"}}"#,
            ));
        };
        let field = match *kind {
            "file" | "notebook" => "path",
            "glob" => "include",
            _ => continue,
        };
        let path = library.get(kind).and_then(|body| body.get(field)).and_then(Value::as_str);
        if !path.is_some_and(|path| path.starts_with('/')) {
            return Err(Failure::invalid(
                &format!("{at}.{kind}.{field}"),
                "must be a path in the workspace, from its root",
            ));
        }
    }
    Ok(())
}

/// Without a word about where it runs, a pipeline runs serverless.
pub(crate) fn with_defaults(mut settings: Map<String, Value>) -> Map<String, Value> {
    if !settings.contains_key("serverless") && !settings.contains_key("clusters") {
        settings.insert("serverless".to_owned(), json!(true));
    }
    settings
}

/// Paths of a pipeline's code.
pub(crate) fn libraries(settings: &Map<String, Value>) -> Vec<String> {
    let path = |library: &Value| {
        let found = ["/file/path", "/notebook/path", "/glob/include", "/whl", "/jar"];
        found.iter().find_map(|pointer| library.pointer(pointer)?.as_str().map(str::to_owned))
    };
    settings.get("libraries").and_then(Value::as_array).into_iter().flatten().filter_map(path).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_workspace_would_refuse_is_refused_by_its_field() {
        for (settings, begins) in [
            (json!({"continuous": "no"}), "settings.continuous: must be true or false"),
            (json!({"catalog": ""}), "settings.catalog: must be a text"),
            (json!({"schema": "a", "target": "b"}), "settings.target: is the older name"),
            (json!({"libraries": {}}), "settings.libraries: must be a list"),
            (json!({"libraries": [{"path": "/a"}]}), "settings.libraries[0]: must be exactly one of"),
            (json!({"libraries": [{"file": {"path": "a.sql"}}]}), "settings.libraries[0].file.path: must be a path"),
            (json!({"libraries": [{"glob": {"path": "/a/**"}}]}), "settings.libraries[0].glob.include"),
        ] {
            let failure = check(settings.as_object().unwrap()).unwrap_err();
            assert!(failure.message.starts_with(begins), "{settings}: {}", failure.message);
        }
    }

    #[test]
    fn unknown_settings_are_named_and_where_it_runs_is_filled_in() {
        let settings = json!({"catalogue": "main", "libraries": [{"glob": {"include": "/a/**"}}]});
        let settings = settings.as_object().unwrap();
        assert_eq!(
            check(settings).unwrap(),
            ["The workspace may not know the setting `catalogue`; did you mean `catalog`?"]
        );
        assert_eq!(libraries(settings), ["/a/**"]);
        assert_eq!(with_defaults(settings.clone())["serverless"], json!(true));
        let own = json!({"clusters": []});
        assert!(!with_defaults(own.as_object().unwrap().clone()).contains_key("serverless"));
    }
}

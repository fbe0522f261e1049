use std::fs;

use bricklayer_sdk::Kind;
use bricklayer_sdk::testing::Script;

use super::*;

const STATUS: &str = "GET /api/2.0/workspace/get-status?path=%2Fetl%2Fload";
const EXPORT: &str = "GET /api/2.0/workspace/export?path=%2Fetl%2Fload&format=SOURCE&direct_download=true";
const LIST: &str = "GET /api/2.0/workspace/list?path=%2Fetl";
const NOTEBOOK: &str = r#"{"path":"/etl/load","object_type":"NOTEBOOK","language":"PYTHON"}"#;
const SOURCE: &str = "# Databricks notebook source\n# MAGIC %run ./setup\n\n# COMMAND ----------\nimport helpers\ndbutils.widgets.text('catalog', 'main')\nc = dbutils.widgets.get('catalog')\nspark.table(f'{c}.raw.orders').write.mode('append').saveAsTable('main.gold.orders')\ndbutils.secrets.get('scope', 'key')\n\n# COMMAND ----------\nx = (";

fn request(path: &str) -> types::AnalyzeNotebookRequest {
    types::AnalyzeNotebookRequest {
        notebook_path: path.to_owned(),
        include_dependencies: None,
        include_data_sources: None,
        detect_patterns: None,
    }
}

#[test]
fn a_notebook_of_the_workspace_is_analysed_with_what_lies_beside_it() {
    let beside = r#"{"objects":[{"path":"/etl/load","object_type":"NOTEBOOK"},{"path":"/etl/helpers.py","object_type":"FILE"}]}"#;
    let script = Script::new().on(STATUS, 200, NOTEBOOK).on(EXPORT, 200, SOURCE).on(LIST, 200, beside);
    let found = analyze(&script, request("/Workspace/etl/load")).unwrap();
    script.done();
    assert_eq!(
        (found.path.as_str(), found.format.as_str(), found.language.as_deref()),
        ("/etl/load", "source", Some("python"))
    );
    assert_eq!(
        (found.reads[0].name.as_str(), found.reads[0].with_defaults.as_deref()),
        ("{catalog}.raw.orders", Some("main.raw.orders"))
    );
    assert_eq!(
        (found.writes[0].name.as_str(), found.writes[0].mode.as_str(), found.writes[0].cell),
        ("main.gold.orders", "append", 2)
    );
    assert_eq!((found.libraries[0].name.as_str(), found.libraries[0].kind.as_str()), ("helpers", "local"));
    assert_eq!((found.calls[0].target.as_str(), found.calls[0].resolved.as_deref()), ("./setup", Some("/etl/setup")));
    assert_eq!((found.partial, found.broken.len(), found.broken[0].cell), (true, 1, 3));
    assert_eq!((found.workflow.as_deref(), found.secrets.join(" ").as_str()), (Some("etl"), "scope/key"));
    let rules: Vec<_> = found.findings.iter().map(|finding| finding.rule.as_str()).collect();
    assert!(rules.contains(&"syntax-error") && rules.contains(&"missing-notebook"), "{rules:?}");
    for part in [
        "**/etl/load**: source, python, 3 cells",
        "Workflow: etl",
        "`main.gold.orders` (append, literal, cell 2 line 8)",
        "`catalog` = \"main\" (text)",
    ] {
        assert!(found.text.contains(part), "{part} in {}", found.text);
    }
}

#[test]
fn what_is_not_wanted_is_left_out_and_not_asked_for() {
    let script = Script::new().on(STATUS, 200, NOTEBOOK).on(EXPORT, 200, SOURCE);
    let wanted = types::AnalyzeNotebookRequest {
        include_dependencies: Some(false),
        include_data_sources: Some(false),
        detect_patterns: Some(false),
        ..request("/etl/load")
    };
    let found = analyze(&script, wanted).unwrap();
    script.done();
    assert!(found.reads.is_empty() && found.writes.is_empty() && found.calls.is_empty() && found.libraries.is_empty());
    assert!(
        found.findings.is_empty()
            && found.requirements.is_none()
            && found.suggestions.is_none()
            && found.workflow.is_none()
    );
    assert_eq!((found.parameters.len(), found.broken.len()), (1, 1));
    assert!(!found.text.contains("Workflow") && !found.text.contains("Reads"), "{}", found.text);
}

#[test]
fn a_folder_that_nobody_may_list_costs_nothing_else() {
    let script = Script::new().on(STATUS, 200, NOTEBOOK).on(EXPORT, 200, SOURCE).on(LIST, 403, "");
    let found = analyze(&script, request("/etl/load")).unwrap();
    assert_eq!(found.libraries[0].kind, "package");
    assert!(found.findings.iter().all(|finding| finding.rule != "missing-notebook"));
}

#[test]
fn files_of_the_project_are_analysed() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("src")).unwrap();
    fs::write(folder.path().join("src/report.sql"), "SELECT * FROM main.gold.orders").unwrap();
    fs::write(
        folder.path().join("n.ipynb"),
        r#"{"cells":[{"cell_type":"code","source":"spark.table('a.b.c')"}],"nbformat":4}"#,
    )
    .unwrap();
    for (path, name, format) in [
        ("src/report.sql", "main.gold.orders", "file"),
        ("/project/src/report.sql", "main.gold.orders", "file"),
        ("n.ipynb", "a.b.c", "jupyter"),
    ] {
        let script = Script::new().project(folder.path());
        let found = analyze(&script, request(path)).unwrap();
        script.done();
        assert_eq!((found.reads[0].name.as_str(), found.format.as_str()), (name, format), "{path}");
    }
}

#[test]
fn what_cannot_be_analysed_is_said() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("bad.ipynb"), "{").unwrap();
    fs::write(folder.path().join("bad.dbc"), "PK\x03\x04").unwrap();
    fs::File::create(folder.path().join("large.py")).unwrap().set_len(11 * 1024 * 1024).unwrap();
    let script = || Script::new().project(folder.path());
    let missing = r#"{"error_code":"RESOURCE_DOES_NOT_EXIST","message":"Path (/etl/load) doesn't exist."}"#;
    let directory = r#"{"path":"/etl/load","object_type":"DIRECTORY"}"#;
    let large = r#"{"path":"/etl/load","object_type":"FILE","size":20000000}"#;
    for (script, path, kind, says) in [
        (script(), "nosuch.py", Kind::NotFound, "nosuch.py"),
        (script(), "../x.py", Kind::InvalidInput, "project"),
        (script(), "", Kind::NotFound, "no file"),
        (script(), "bad.ipynb", Kind::InvalidInput, "Jupyter document"),
        (script(), "bad.dbc", Kind::InvalidInput, "archive"),
        (script(), "large.py", Kind::LimitExceeded, "10 MiB"),
        (script().on(STATUS, 404, missing), "/etl/load", Kind::NotFound, "/etl/load"),
        (script().on(STATUS, 403, ""), "/etl/load", Kind::PermissionDenied, "/etl/load"),
        (script().on(STATUS, 200, directory), "/etl/load", Kind::InvalidInput, "DIRECTORY"),
        (script().on(STATUS, 200, large), "/etl/load", Kind::LimitExceeded, "10 MiB"),
        (script().on(STATUS, 200, NOTEBOOK).on(EXPORT, 403, ""), "/etl/load", Kind::PermissionDenied, "exporting"),
    ] {
        let failure = analyze(&script, request(path)).unwrap_err();
        script.done();
        assert!(failure.kind == kind && failure.message.contains(says), "{path}: {failure:?}");
    }
}

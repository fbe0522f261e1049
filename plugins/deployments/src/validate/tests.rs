use std::fs;

use bricklayer_sdk::testing::Script;
use bricklayer_sdk::{CallContext, Kind};
use tempfile::TempDir;

use super::*;

const ME: &str = "GET /api/2.0/preview/scim/v2/Me";
const ANN: &str = r#"{"id":"7","userName":"ann@x.y","displayName":"Ann","active":true,"groups":[{"display":"team"}]}"#;

/// A project of these files; a name and its content on a line each.
fn project(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, content) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    folder
}

fn anything() -> types::ValidateBundleRequest {
    types::ValidateBundleRequest { bundle_path: None, target: None, variables: None, strict: None }
}

fn value(name: &str, value: &str) -> types::NamedValue {
    types::NamedValue { name: name.to_owned(), value: value.to_owned() }
}

#[test]
fn a_good_bundle_is_told_of_in_a_few_words() {
    let folder = project(&[
        (
            "b/databricks.yml",
            "bundle: {name: etl}\nvariables: {w: {lookup: {warehouse: main}}, c: {}}\nresources:\n  jobs:\n    j:\n      name: ${var.c}\n      tasks: [{task_key: t, sql_task: {warehouse_id: '${var.w}', file: {path: q.sql}}}]\ntargets: {dev: {mode: development}}\n",
        ),
        ("b/q.sql", "SELECT 1"),
    ]);
    let script = Script::new().project(folder.path()).on(ME, 200, ANN).on(
        "GET /api/2.0/sql/warehouses",
        200,
        r#"{"warehouses":[{"id":"17","name":"main"}]}"#,
    );
    let request = types::ValidateBundleRequest {
        bundle_path: Some("b".to_owned()),
        variables: Some(vec![value("c", "main")]),
        strict: Some(true),
        ..anything()
    };
    let found = validate(&script, request).unwrap();
    script.done();
    assert!(found.ok && found.findings.is_empty(), "{}", found.text);
    assert_eq!(
        found.text,
        "The bundle **etl**, target `dev` can be deployed: 0 errors, 0 warnings, 0 recommendations.\n\
         Resources: 1 of jobs, 2 files; it would lie at /Workspace/Users/ann@x.y/.bundle/etl/dev."
    );
    assert_eq!((found.mode.as_deref(), found.files, found.folder.as_str()), (Some("development"), Some(2), "b"));
}

#[test]
fn findings_have_their_places() {
    let folder = project(&[("databricks.yml", "bundle: {name: b}\nresurces: {}\nvariables: {x: {}}\n")]);
    let script = || Script::new().project(folder.path()).on(ME, 200, ANN);
    let found = validate(&script(), anything()).unwrap();
    assert_eq!((found.ok, found.errors, found.warnings, found.recommendations), (false, 1, 1, 1));
    let [error, warning, _] = found.findings.as_slice() else { panic!("{}", found.text) };
    assert_eq!(
        (error.rule.as_str(), error.file.as_deref(), error.line),
        ("variable-missing", Some("databricks.yml"), Some(3))
    );
    assert_eq!((warning.severity, warning.line, warning.column), (types::Severity::Warning, Some(2), Some(1)));
    let line = "- **warning** databricks.yml:2:1 `resurces`: the field `resurces` is not known here, so nothing reads it. \
                Did you mean `resources`?";
    assert!(found.text.contains(line), "{}", found.text);
    let given = types::ValidateBundleRequest { variables: Some(vec![value("x", "1")]), ..anything() };
    assert!(validate(&script(), given).unwrap().ok);
    let given = Some(vec![value("x", "1")]);
    let strict = types::ValidateBundleRequest { variables: given, strict: Some(true), ..anything() };
    assert!(!validate(&script(), strict).unwrap().ok);
}

#[test]
fn the_workspace_is_asked_for_what_only_it_knows() {
    let text = "bundle: {name: b}\nworkspace: {artifact_path: /Volumes/c/s/v, host: https://other.example}\npermissions: [{level: CAN_MANAGE, group_name: team}]\n";
    let folder = project(&[("databricks.yml", text)]);
    let script = Script::new()
        .project(folder.path())
        .context(CallContext { workspace_host: Some("this.example".to_owned()), ..CallContext::default() })
        .on(ME, 200, ANN)
        .on(
            "GET /api/2.1/unity-catalog/volumes/c.s.v",
            404,
            r#"{"error_code":"RESOURCE_DOES_NOT_EXIST","message":"no"}"#,
        )
        .on(
            "GET /api/2.0/workspace/get-status?path=%2FWorkspace%2FUsers%2Fann%40x.y%2F.bundle%2Fb%2Fdefault",
            200,
            r#"{"object_id":5}"#,
        )
        .on(
            "GET /api/2.0/permissions/directories/5",
            200,
            r#"{"access_control_list":[{"group_name":"all","all_permissions":[{"permission_level":"CAN_EDIT"}]},
                {"user_name":"ann@x.y","all_permissions":[{"permission_level":"CAN_MANAGE"}]}]}"#,
        );
    let found = validate(&script, anything()).unwrap();
    script.done();
    let rules: Vec<&str> = found.findings.iter().map(|one| one.rule.as_str()).collect();
    assert_eq!(rules, ["artifact-volume", "workspace-host", "folder-permissions"], "{}", found.text);
}

#[test]
fn what_cannot_be_looked_at_is_an_error_with_a_way_out() {
    let folder = project(&[("x/a.txt", ""), ("b/databricks.yml", "bundle: {name: b}")]);
    let path = |path: &str| types::ValidateBundleRequest { bundle_path: Some(path.to_owned()), ..anything() };
    let twice = types::ValidateBundleRequest { variables: Some(vec![value("a", "1"), value("a", "2")]), ..path("b") };
    for (request, kind, part) in [
        (path("nosuch"), Kind::NotFound, "nosuch"),
        (path("x"), Kind::NotFound, "make a bundle first"),
        (anything(), Kind::NotFound, "the project's folder"),
        (path("../b"), Kind::InvalidInput, "bundle_path"),
        (path("/etc"), Kind::InvalidInput, "bundle_path"),
        (twice, Kind::InvalidInput, "given twice"),
    ] {
        let failure = validate(&Script::new().project(folder.path()), request).unwrap_err();
        assert!(failure.kind == kind && failure.message.contains(part), "{failure:?}");
    }
    let denied = Script::new().project(folder.path()).on(ME, 403, r#"{"detail":"no","status":"403"}"#);
    assert_eq!(validate(&denied, path("b")).unwrap_err().kind, Kind::PermissionDenied);
    // A folder below the bundle's, and its file.
    for inside in ["b", "b/databricks.yml", "/project/b"] {
        let script = Script::new().project(folder.path()).on(ME, 200, ANN);
        assert_eq!(validate(&script, path(inside)).unwrap().folder, "b", "{inside}");
    }
}

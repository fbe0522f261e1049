//! Cases of the family `notebooks`.

use bricklayer_domain::ToolErrorKind::{InvalidInput, NotFound, PermissionDenied};
use serde_json::json;

use super::{Case, Stage, fails, works};

pub(super) async fn cases(stage: &Stage) -> Vec<Case> {
    let owner = &stage.owner;
    let home = format!("/Users/{}", owner.user);
    owner.import("one.sql", "-- Databricks notebook source\nSELECT 1").await;
    owner.write("two.sql", "SELECT 2");
    let path = |name: &str| json!({"path": format!("{home}/{name}")});
    let with = |name: &str, more: serde_json::Value| {
        let mut input = path(name);
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        input
    };
    let sync = |local: &str| json!({"workspace_path": home, "local_path": local});
    vec![
        works("list_notebooks", json!({"path": home}), "one"),
        fails("list_notebooks", json!({"path": home}), PermissionDenied, "").by_stranger(),
        fails("list_notebooks", path("nosuch"), NotFound, "nosuch"),
        works("export_notebook", path("one"), "SELECT 1"),
        fails("export_notebook", path("one"), PermissionDenied, "").by_stranger(),
        fails("export_notebook", path("nosuch"), NotFound, "nosuch"),
        works("import_notebook", with("two", json!({"local_path": "two.sql", "overwrite": true})), "two"),
        fails(
            "import_notebook",
            with("two", json!({"content": "SELECT 3", "language": "SQL"})),
            InvalidInput,
            "overwrite",
        ),
        fails("import_notebook", with("x", json!({"content": "x", "language": "SQL"})), PermissionDenied, "")
            .by_stranger(),
        fails("import_notebook", with("x", json!({})), InvalidInput, "content"),
        works("sync_workspace_to_local", sync("back"), "2").alone(),
        fails("sync_workspace_to_local", sync("back"), PermissionDenied, "").by_stranger(),
        fails("sync_workspace_to_local", json!({"workspace_path": format!("{home}/nosuch")}), NotFound, "nosuch"),
    ]
}

//! Cases of the family `tables`.

use bricklayer_domain::ToolErrorKind::{InvalidInput, NotFound, PermissionDenied};
use serde_json::{Value, json};

use super::{Case, ENDLESS, Stage, answered, fails, stopped, works};

pub(super) async fn cases(stage: &Stage) -> Vec<Case> {
    let owner = &stage.owner;
    // In a schema that is the owner's alone.
    let schema = json!({"catalog_name": "main", "name": "tables_of_cases"});
    stage.admin.post("/api/2.1/unity-catalog/schemas", schema).await.ok();
    let path = "/api/2.1/unity-catalog/schemas/main.tables_of_cases";
    stage.admin.patch(path, json!({"owner": owner.user})).await.ok();
    for statement in [
        "CREATE TABLE main.tables_of_cases.cities AS SELECT 'Zug' AS city, 3 AS n",
        &format!("CREATE VIEW main.tables_of_cases.endless AS {ENDLESS}"),
        "CREATE VOLUME main.tables_of_cases.v",
        "CREATE TABLE main.default.shown_of_cases AS SELECT city FROM main.tables_of_cases.cities",
        &format!("GRANT SELECT ON TABLE main.default.shown_of_cases TO `{}`", stage.stranger.user),
    ] {
        owner.sql(statement).await;
    }
    let of = |table: &str, level: &str| json!({"catalog": "main", "schema": "tables_of_cases", "table_names": [table], "table_stat_level": level});
    let folder = |path: &str| json!({"path": format!("/Volumes/main/tables_of_cases/v{path}")});
    let lineage = |table: &str| json!({"table_name": table});
    // The real one has pages of a thousand files.
    let file = |name: &str, more: Value| {
        let path = format!("/Volumes/main/tables_of_cases/v/{name}");
        let mut body = json!({"contents": [{"path": path, "name": name, "is_directory": false, "file_size": 7}]});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        answered("GET", "/api/2.0/fs/directories/**", &body)
    };
    let table = |name: &str, more: Value| {
        let full = format!("main.tables_of_cases.{name}");
        let mut body = json!({"tables": [{"name": name, "full_name": full, "table_type": "MANAGED"}]});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        answered("GET", "/api/2.1/unity-catalog/tables", &body)
    };
    let near = json!({"upstreams": [{"tableInfo": {"catalog_name": "c", "schema_name": "s", "name": "source"}}]});
    vec![
        works("get_table_stats_and_schema", of("cities", "none"), "city"),
        works("get_table_stats_and_schema", of("cities", "simple"), "Zug").alone(),
        works(
            "get_table_stats_and_schema",
            json!({"catalog": "main", "schema": "tables_of_cases", "table_stat_level": "none"}),
            "cities",
        )
        .under(table("one", json!({"next_page_token": "t"})))
        .under(table("cities", json!({})))
        .in_pages("/unity-catalog/tables", 2),
        fails("get_table_stats_and_schema", json!({"catalog": "main", "schema": "nosuch"}), NotFound, "nosuch"),
        fails("get_table_stats_and_schema", of("cities", "none"), PermissionDenied, "USE SCHEMA").by_stranger(),
        stopped("get_table_stats_and_schema", of("endless", "simple"), "/sql/statements", "/cancel"),
        works("get_volume_folder_details", folder(""), "0 files"),
        works("get_volume_folder_details", folder("/"), "2 files, 14 bytes")
            .under(file("one.csv", json!({"next_page_token": "t"})))
            .under(file("two.csv", json!({})))
            .in_pages("/fs/directories", 2),
        fails("get_volume_folder_details", folder("/nosuch"), NotFound, "nosuch"),
        fails("get_volume_folder_details", folder(""), PermissionDenied, "").by_stranger(),
        fails("get_volume_folder_details", json!({"path": "/Users/me"}), InvalidInput, "path"),
        works("describe_table_lineage", lineage("main.tables_of_cases.cities"), "made of: c.s.source").under(answered(
            "GET",
            "/api/2.0/lineage-tracking/table-lineage",
            &near,
        )),
        works("describe_table_lineage", lineage("main.default.shown_of_cases"), "made of: main.tables_of_cases.cities")
            .alone(),
        works("describe_table_lineage", lineage("main.tables_of_cases.cities"), "read by: main.default.shown_of_cases")
            .alone(),
        works("describe_table_lineage", lineage("main.default.shown_of_cases"), "made of: 1 that you may not see")
            .by_stranger(),
        fails("describe_table_lineage", lineage("main.tables_of_cases.cities"), PermissionDenied, "USE SCHEMA")
            .by_stranger(),
        fails("describe_table_lineage", lineage("main.default.nosuch_of_cases"), NotFound, "nosuch_of_cases"),
        fails("describe_table_lineage", lineage("x"), InvalidInput, "table_name"),
    ]
}

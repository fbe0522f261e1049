//! Everything beside statements: authentication, errors, warehouses, Unity Catalog, restart.

use bricklayer_local_workspace::{StartError, Workspace};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::harness::{ANN, BOB, Lab, config};

#[tokio::test(flavor = "multi_thread")]
async fn every_route_asks_for_a_token_first() {
    let lab = Lab::start().await;
    for (method, path) in [
        (Method::GET, "/api/2.0/preview/scim/v2/Me"),
        (Method::GET, "/api/2.0/sql/warehouses"),
        (Method::GET, "/api/2.0/sql/warehouses/nosuch"),
        (Method::POST, "/api/2.0/sql/warehouses/nosuch/start"),
        (Method::POST, "/api/2.0/sql/statements"),
        (Method::GET, "/api/2.0/sql/statements/nosuch"),
        (Method::GET, "/api/2.0/sql/history/queries"),
        (Method::GET, "/api/2.1/unity-catalog/catalogs"),
        (Method::GET, "/api/2.1/unity-catalog/tables/a.b.c"),
        (Method::GET, "/api/2.2/jobs/list"),
        (Method::GET, "/nosuch"),
    ] {
        let (status, answer) = lab.call(None, method.clone(), path, None).await;
        assert_eq!((status.as_u16(), answer["error_code"].as_str()), (401, Some("401")), "{path}: {answer}");
        let (status, answer) = lab.call(Some("wrong"), method, path, None).await;
        assert_eq!((status.as_u16(), answer["message"].as_str()), (403, Some("Invalid access token.")), "{path}");
    }
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_answers_in_databricks_words() {
    let lab = Lab::start().await;
    for (method, path, status, code) in [
        (Method::GET, "/api/2.2/jobs/nosuch", 404, "ENDPOINT_NOT_FOUND"),
        (Method::GET, "/api/2.2/jobs/get?job_id=12", 404, "RESOURCE_DOES_NOT_EXIST"),
        (Method::GET, "/api/2.1/jobs/runs/get?run_id=12", 404, "RESOURCE_DOES_NOT_EXIST"),
        (Method::GET, "/api/2.2/jobs/get", 400, "INVALID_PARAMETER_VALUE"),
        (Method::GET, "/api/2.0/sql/queries/nosuch", 404, "RESOURCE_DOES_NOT_EXIST"),
        (Method::DELETE, "/api/2.0/sql/history/queries", 404, "ENDPOINT_NOT_FOUND"),
        (Method::GET, "/api/2.0/sql/warehouses/nosuch", 404, "RESOURCE_DOES_NOT_EXIST"),
        (Method::POST, "/api/2.0/sql/warehouses/nosuch/stop", 404, "RESOURCE_DOES_NOT_EXIST"),
        (Method::GET, "/api/2.0/sql/statements/nosuch", 404, "RESOURCE_DOES_NOT_EXIST"),
        (Method::GET, "/api/2.0/sql/statements/00000000-0000-0000-0000-000000000000", 404, "RESOURCE_DOES_NOT_EXIST"),
        (Method::GET, "/api/2.1/unity-catalog/catalogs/nosuch", 404, "CATALOG_DOES_NOT_EXIST"),
        (Method::GET, "/api/2.1/unity-catalog/schemas/main.nosuch", 404, "SCHEMA_DOES_NOT_EXIST"),
        (Method::GET, "/api/2.1/unity-catalog/schemas/main", 400, "INVALID_PARAMETER_VALUE"),
        (Method::GET, "/api/2.1/unity-catalog/tables/main.default.nosuch", 404, "TABLE_DOES_NOT_EXIST"),
        (Method::GET, "/api/2.1/unity-catalog/tables?catalog_name=main", 400, "INVALID_PARAMETER_VALUE"),
        (
            Method::GET,
            "/api/2.1/unity-catalog/tables?catalog_name=main&schema_name=nosuch",
            404,
            "SCHEMA_DOES_NOT_EXIST",
        ),
        (Method::GET, "/api/2.1/unity-catalog/schemas?catalog_name=nosuch", 404, "CATALOG_DOES_NOT_EXIST"),
        (Method::GET, "/api/2.1/unity-catalog/permissions/spaceship/x", 400, "INVALID_PARAMETER_VALUE"),
    ] {
        let (got, answer) = lab.call(Some(ANN), method, path, None).await;
        assert_eq!((got.as_u16(), answer["error_code"].as_str()), (status, Some(code)), "{path}: {answer}");
    }
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_users() {
    let lab = Lab::start().await;
    for (token, user) in [(ANN, "ann@example.com"), (BOB, "bob@example.com")] {
        let (_, me) = lab.call(Some(token), Method::GET, "/api/2.0/preview/scim/v2/Me", None).await;
        assert_eq!(me["userName"], user);
    }
    let response = reqwest::Client::new().get(lab.url("/.well-known/databricks-config")).send().await.unwrap();
    assert!(response.headers().contains_key("x-databricks-org-id"));
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn warehouses_live_their_states() {
    let lab = Lab::start().await;
    let path = format!("/api/2.0/sql/warehouses/{}", lab.warehouse);
    assert_eq!(lab.get(&path).await["state"], "RUNNING");
    lab.post(&format!("{path}/stop"), json!({})).await;
    assert_eq!(lab.get(&path).await["state"], "STOPPED");
    lab.post(&format!("{path}/start"), json!({})).await;
    assert_eq!(lab.get(&path).await["state"], "RUNNING");
    lab.post(&format!("{path}/stop"), json!({})).await;
    // A statement wakes its warehouse.
    assert_eq!(lab.sql("SELECT 1").await, json!([["1"]]));
    assert_eq!(lab.get(&path).await["state"], "RUNNING");

    let (status, made) = lab.post("/api/2.0/sql/warehouses", json!({"name": "second", "cluster_size": "Small"})).await;
    assert_eq!(status, StatusCode::OK, "{made}");
    let second = format!("/api/2.0/sql/warehouses/{}", made["id"].as_str().unwrap());
    assert_eq!(lab.get(&second).await["cluster_size"], "Small");
    for bad in [
        json!({"name": "second"}),
        json!({"name": ""}),
        json!({"name": "x", "cluster_size": "Huge"}),
        json!({"name": "x", "auto_stop_mins": 5}),
        json!({"name": "x", "min_num_clusters": 3, "max_num_clusters": 2}),
    ] {
        let (status, answer) = lab.post("/api/2.0/sql/warehouses", bad.clone()).await;
        assert_eq!((status.as_u16(), answer["error_code"].as_str()), (400, Some("INVALID_PARAMETER_VALUE")), "{bad}");
    }
    lab.call(Some(ANN), Method::DELETE, &second, None).await;
    let (status, _) = lab.call(Some(ANN), Method::GET, &second, None).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unity_catalog_shows_what_sql_made() {
    let lab = Lab::start().await;
    let (status, made) = lab
        .post("/api/2.1/unity-catalog/catalogs", json!({"name": "Lab", "comment": "c", "properties": {"k": "v"}}))
        .await;
    assert_eq!((status, made["name"].as_str()), (StatusCode::OK, Some("lab")), "{made}");
    let (status, made) =
        lab.post("/api/2.1/unity-catalog/schemas", json!({"catalog_name": "lab", "name": "raw"})).await;
    assert_eq!((status, made["full_name"].as_str()), (StatusCode::OK, Some("lab.raw")));
    lab.sql("CREATE TABLE lab.raw.t (id BIGINT NOT NULL COMMENT 'key', price DECIMAL(10,2), tags ARRAY<STRING>) COMMENT 'things'").await;
    lab.sql("CREATE VIEW lab.raw.v AS SELECT id FROM lab.raw.t").await;
    let table = lab.get("/api/2.1/unity-catalog/tables/lab.raw.t").await;
    assert_eq!(table["table_type"], "MANAGED");
    assert_eq!(table["data_source_format"], "DELTA");
    assert_eq!(table["comment"], "things");
    let columns: Vec<_> = table["columns"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| {
            (
                c["name"].as_str().unwrap(),
                c["type_text"].as_str().unwrap(),
                c["type_name"].as_str().unwrap(),
                c["nullable"].as_bool().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        columns,
        [
            ("id", "bigint", "LONG", false),
            ("price", "decimal(10,2)", "DECIMAL", true),
            ("tags", "array<string>", "ARRAY", true)
        ]
    );
    assert_eq!(table["columns"][0]["comment"], "key");
    let view = lab.get("/api/2.1/unity-catalog/tables/lab.raw.v").await;
    assert_eq!(
        (view["table_type"].as_str(), view["view_definition"].as_str()),
        (Some("VIEW"), Some("SELECT id FROM lab.raw.t"))
    );
    let list = lab.get("/api/2.1/unity-catalog/tables?catalog_name=lab&schema_name=raw&max_results=1").await;
    assert_eq!(list["tables"].as_array().unwrap().len(), 1);
    let next =
        lab.get("/api/2.1/unity-catalog/tables?catalog_name=lab&schema_name=raw&max_results=1&page_token=1").await;
    assert_eq!((next["tables"][0]["name"].as_str(), &next["next_page_token"]), (Some("v"), &Value::Null));
    let found = lab.get("/api/2.1/unity-catalog/table-summaries?catalog_name=samples&schema_name_pattern=nyc%25").await;
    assert_eq!(found["tables"], json!([{"full_name": "samples.nyctaxi.trips", "table_type": "MANAGED"}]));
    assert_eq!(lab.get("/api/2.1/unity-catalog/tables/lab.raw.x/exists").await["table_exists"], false);

    let change = json!({"changes": [{"principal": "bob@example.com", "add": ["SELECT", "MODIFY"]}]});
    let path = "/api/2.1/unity-catalog/permissions/TABLE/lab.raw.t";
    let (status, _) = lab.call(Some(ANN), Method::PATCH, path, Some(change)).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(
        lab.sql("SHOW GRANTS ON TABLE lab.raw.t").await,
        json!([
            ["bob@example.com", "MODIFY", "TABLE", "lab.raw.t"],
            ["bob@example.com", "SELECT", "TABLE", "lab.raw.t"]
        ])
    );
    let (status, answer) = lab.call(Some(ANN), Method::DELETE, "/api/2.1/unity-catalog/schemas/lab.raw", None).await;
    assert_eq!((status.as_u16(), answer["error_code"].as_str()), (400, Some("SCHEMA_NOT_EMPTY")));
    let (status, _) = lab.call(Some(ANN), Method::DELETE, "/api/2.1/unity-catalog/catalogs/lab?force=true", None).await;
    assert_eq!(status, StatusCode::OK);
    let (status, _) = lab.call(Some(ANN), Method::GET, "/api/2.1/unity-catalog/catalogs/lab", None).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn data_survives_a_restart() {
    let lab = Lab::start().await;
    lab.sql("CREATE CATALOG lab").await;
    lab.sql("CREATE SCHEMA lab.raw").await;
    lab.sql("CREATE TABLE lab.raw.t (id BIGINT GENERATED ALWAYS AS IDENTITY, v STRING COMMENT 'text') COMMENT 'kept'")
        .await;
    lab.sql("INSERT INTO lab.raw.t (v) VALUES ('one')").await;
    lab.sql("CREATE VIEW lab.raw.v AS SELECT upper(v) AS u, date_add('2024-01-01', 1) AS d FROM lab.raw.t").await;
    lab.sql("CREATE FUNCTION lab.raw.twice(x INT) RETURNS INT RETURN x * 2").await;
    lab.sql("GRANT SELECT ON TABLE lab.raw.t TO `bob@example.com`").await;
    let trips = lab.sql("SELECT sum(fare_amount), min(tpep_pickup_datetime) FROM samples.nyctaxi.trips").await;
    let warehouse = lab.warehouse.clone();
    let folder = lab.stop().await;

    let lab = Lab::start_in(folder).await;
    assert_eq!(lab.warehouse, warehouse);
    lab.sql("INSERT INTO lab.raw.t (v) VALUES ('two')").await;
    assert_eq!(lab.sql("SELECT * FROM lab.raw.t ORDER BY id").await, json!([["1", "one"], ["2", "two"]]));
    assert_eq!(
        lab.sql("SELECT u, d FROM lab.raw.v ORDER BY u").await,
        json!([["ONE", "2024-01-02"], ["TWO", "2024-01-02"]])
    );
    assert_eq!(lab.sql("SELECT lab.raw.twice(4)").await, json!([["8"]]));
    assert_eq!(lab.sql("DESCRIBE lab.raw.t v").await[2], json!(["comment", "text"]));
    assert_eq!(lab.sql("SHOW GRANTS ON TABLE lab.raw.t").await.as_array().unwrap().len(), 1);
    assert_eq!(lab.sql("SELECT sum(fare_amount), min(tpep_pickup_datetime) FROM samples.nyctaxi.trips").await, trips);
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sample_data_is_the_same_everywhere() {
    let lab = Lab::start().await;
    for (table, expect) in [
        (
            "samples.nyctaxi.trips",
            "SELECT count(*), count(DISTINCT pickup_zip), min(tpep_pickup_datetime) >= '2016-01-01', max(trip_distance) < 50, min(fare_amount) > 0 FROM",
        ),
        (
            "samples.tpch.orders",
            "SELECT count(*), count(DISTINCT o_orderstatus), min(o_orderdate) >= '1992-01-01', max(o_totalprice) < 460000, count(o_comment) < count(*) FROM",
        ),
        (
            "samples.iot.devices",
            "SELECT count(*), count(DISTINCT location.city), min(installed_on) >= '2022-01-01', max(battery) <= 100, count(location) < count(*) FROM",
        ),
    ] {
        let rows = lab.sql(&format!("{expect} {table}")).await;
        assert_eq!(
            rows[0].as_array().unwrap()[2..],
            json!(["true", "true", "true"]).as_array().unwrap()[..],
            "{table}: {rows}"
        );
    }
    let other = Lab::start().await;
    let digest = "SELECT md5(string_agg(CAST(fare_amount AS STRING) || CAST(tpep_pickup_datetime AS STRING), ',')) FROM samples.nyctaxi.trips";
    assert_eq!(lab.sql(digest).await, other.sql(digest).await);
    lab.stop().await;
    other.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_or_port_in_use_is_named() {
    let lab = Lab::start().await;
    let address = lab.workspace.address();
    let folder = lab.folder();
    let refused = Workspace::start(config(folder)).await.unwrap_err();
    assert!(matches!(refused, StartError::Locked(_)), "{refused}");
    assert!(refused.to_string().contains("in use by another local workspace"));
    let other = tempfile::tempdir().unwrap();
    let mut taken = config(other.path());
    taken.listen = address;
    let refused = Workspace::start(taken).await.unwrap_err();
    assert!(matches!(refused, StartError::Taken(_)), "{refused}");
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_that_is_null_is_absent() {
    let lab = Lab::start().await;
    for field in
        ["disposition", "format", "row_limit", "byte_limit", "parameters", "wait_timeout", "on_wait_timeout", "catalog"]
    {
        let answer = lab.submit("SELECT 1", json!({ field: null })).await;
        assert_eq!(answer["status"]["state"], "SUCCEEDED", "{field}: {answer}");
    }
    let body = json!({ "name": "null_is_absent", "comment": null, "properties": null });
    let (status, answer) = lab.call(Some(ANN), Method::POST, "/api/2.1/unity-catalog/catalogs", Some(body)).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_too_large_is_refused_in_json() {
    let lab = Lab::start().await;
    let body = json!({ "statement": "x".repeat(40 << 20) });
    let (status, answer) = lab.call(Some(ANN), Method::POST, "/api/2.0/sql/statements", Some(body)).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(answer["message"].as_str().unwrap().contains("34 MiB"), "{answer}");
    lab.stop().await;
}

/// The folder is one of version 0.1 whose process was killed: objects in one JSON file, tables in DuckDB's log.
#[tokio::test(flavor = "multi_thread")]
async fn a_folder_of_an_earlier_version_is_taken_over_once() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("catalogs")).unwrap();
    for file in ["metastore.json", "catalogs/main.duckdb", "catalogs/main.duckdb.wal"] {
        let earlier = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/earlier-folder").join(file);
        std::fs::copy(earlier, folder.path().join(file)).unwrap();
    }
    let mut lab = Lab::start_in(folder).await;
    for _ in 0..2 {
        let assignment = lab.get("/api/2.1/unity-catalog/current-metastore-assignment").await;
        assert_eq!(
            (assignment["metastore_id"].as_str(), assignment["workspace_id"].as_u64()),
            (Some("6ac32856-5c1f-44ef-b250-dae1d2491ff5"), Some(1_001_791_174_742))
        );
        let warehouses = lab.get("/api/2.0/sql/warehouses").await;
        let names: Vec<_> = warehouses["warehouses"].as_array().unwrap().iter().map(|w| &w["name"]).collect();
        assert_eq!(names, ["Local Warehouse", "second"]);
        assert_eq!(warehouses["warehouses"][1]["cluster_size"], "Small");
        assert_eq!(lab.get("/api/2.1/unity-catalog/catalogs/main").await["comment"], "ours");
        let table = lab.get("/api/2.1/unity-catalog/tables/main.raw.t").await;
        assert_eq!(table["table_id"], "d463ffca-717c-458d-91aa-afa8786b599a");
        assert_eq!(
            (table["owner"].as_str(), table["comment"].as_str(), &table["properties"]),
            (Some("ann@example.com"), Some("things"), &json!({ "a": "b" }))
        );
        assert_eq!(lab.sql("DESCRIBE main.raw.t v").await[2], json!(["comment", "text"]));
        assert_eq!(lab.sql("SELECT u FROM main.raw.v ORDER BY u").await, json!([["ONE"], ["TWO"]]));
        assert_eq!(lab.sql("SELECT main.raw.twice(4)").await, json!([["8"]]));
        assert_eq!(lab.sql("SHOW GRANTS ON TABLE main.raw.t").await.as_array().unwrap().len(), 1);
        let history = lab.sql("DESCRIBE HISTORY main.raw.t").await;
        let history: Vec<_> = history
            .as_array()
            .unwrap()
            .iter()
            .map(|row| (row[0].as_str().unwrap(), row[4].as_str().unwrap()))
            .collect();
        assert_eq!(history, [("2", "WRITE"), ("1", "WRITE"), ("0", "CREATE TABLE")]);
        assert_eq!(lab.sql("SELECT count(*) > 0 FROM samples.nyctaxi.trips").await, json!([["true"]]));
        let folder = lab.stop().await;
        assert!(!folder.path().join("metastore.json").exists());
        lab = Lab::start_in(folder).await;
    }
    lab.sql("INSERT INTO main.raw.t (v) VALUES ('three')").await;
    assert_eq!(lab.sql("DESCRIBE HISTORY main.raw.t").await[0][0], "3");
    assert!(lab.sql_error("INSERT INTO main.raw.t (v) VALUES ('longer')").await.contains("char/varchar"));
    lab.stop().await;
}

/// The place where the engine keeps its own notes is none that a statement can name.
#[tokio::test(flavor = "multi_thread")]
async fn the_engines_notes_are_out_of_reach() {
    let lab = Lab::start().await;
    for statement in [
        "SELECT * FROM main.`bricklayer.internal`.marks",
        "INSERT INTO main.`bricklayer.internal`.marks VALUES (1)",
        "DROP SCHEMA main.`bricklayer.internal` CASCADE",
        "CREATE TABLE main.`Bricklayer.Internal`.t (i INT)",
    ] {
        let message = lab.sql_error(statement).await;
        assert!(message.starts_with("[SCHEMA_NOT_FOUND]"), "{statement}: {message}");
    }
    let answer = lab.submit("SELECT * FROM marks", json!({ "schema": "bricklayer.internal" })).await;
    assert_eq!(answer["status"]["state"], "FAILED", "{answer}");
    let count = "SELECT count(*) FROM system.information_schema";
    for (view, column) in [("schemata", "schema_name"), ("tables", "table_schema"), ("columns", "table_schema")] {
        let rows = lab.sql(&format!("{count}.{view} WHERE {column} LIKE 'bricklayer%'")).await;
        assert_eq!(rows, json!([["0"]]), "{view}");
    }
    let summaries = lab.get("/api/2.1/unity-catalog/table-summaries?catalog_name=main").await;
    assert_eq!(summaries["tables"], json!([]));
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_of_the_wrong_shape_are_malformed_requests() {
    let lab = Lab::start().await;
    for (path, body) in [
        ("/api/2.0/sql/warehouses", json!({ "name": 5 })),
        ("/api/2.0/sql/warehouses", json!([])),
        ("/api/2.1/unity-catalog/catalogs", json!({ "name": ["lab"] })),
        ("/api/2.1/unity-catalog/schemas", json!({ "catalog_name": "main", "name": "x", "properties": "none" })),
        ("/api/2.0/sql/statements", json!({ "statement": 1 })),
    ] {
        let (status, answer) = lab.post(path, body.clone()).await;
        assert_eq!(
            (status.as_u16(), answer["error_code"].as_str()),
            (400, Some("MALFORMED_REQUEST")),
            "{body}: {answer}"
        );
    }
    let (status, answer) =
        lab.call(Some(ANN), Method::GET, "/api/2.1/unity-catalog/catalogs?max_results=many", None).await;
    assert_eq!((status.as_u16(), answer["error_code"].as_str()), (400, Some("INVALID_PARAMETER_VALUE")), "{answer}");
    lab.stop().await;
}

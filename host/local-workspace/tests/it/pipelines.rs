//! Pipelines and their updates.

mod flows;
mod python;

use std::{collections::BTreeMap, time::Duration};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    harness::{ANN, BOB, Lab},
    runs::{ENDLESS, tasks_of},
};

/// Longest that an update of a test may take; far above what any takes.
const LOOKS: usize = 6_000;

const PIPELINES: &str = "/api/2.0/pipelines";
const HOME: &str = "/Users/ann@example.com";

impl Lab {
    async fn create_pipeline(&self, spec: Value) -> String {
        let (status, created) = self.post(PIPELINES, spec).await;
        assert_eq!(status, StatusCode::OK, "{created}");
        created["pipeline_id"].as_str().unwrap().to_owned()
    }

    /// A pipeline in `main.lab` of one file with this SQL.
    pub(crate) async fn sql_pipeline(&self, name: &str, sql: &str) -> String {
        self.import(&format!("{name}.sql"), sql).await;
        let libraries = json!([{"file": {"path": format!("{HOME}/{name}.sql")}}]);
        self.create_pipeline(json!({"name": name, "catalog": "main", "schema": "lab", "libraries": libraries})).await
    }

    async fn start_update(&self, pipeline: &str, body: Value) -> String {
        let (status, started) = self.post(&format!("{PIPELINES}/{pipeline}/updates"), body).await;
        assert_eq!(status, StatusCode::OK, "{started}");
        started["update_id"].as_str().unwrap().to_owned()
    }

    async fn update_until(&self, pipeline: &str, update: &str, wanted: impl Fn(&str) -> bool) -> Value {
        let mut seen = Value::Null;
        for _ in 0..LOOKS {
            seen = self.get(&format!("{PIPELINES}/{pipeline}/updates/{update}")).await["update"].clone();
            if wanted(seen["state"].as_str().unwrap()) {
                return seen;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("the update did not come so far: {seen:#}");
    }

    /// Runs an update to its end; its state.
    async fn updated(&self, pipeline: &str, body: Value) -> (String, String) {
        let update = self.start_update(pipeline, body).await;
        let ended =
            self.update_until(pipeline, &update, |state| ["COMPLETED", "FAILED", "CANCELED"].contains(&state)).await;
        (update, ended["state"].as_str().unwrap().to_owned())
    }

    /// Runs an update that must succeed.
    pub(crate) async fn completed(&self, pipeline: &str, body: Value) -> String {
        let (update, state) = self.updated(pipeline, body).await;
        assert_eq!(state, "COMPLETED", "{:#}", self.events(pipeline, &update, "level='ERROR'").await);
        update
    }

    /// An update's events in the order of the log.
    async fn events(&self, pipeline: &str, update: &str, filter: &str) -> Value {
        let filter = format!("update_id='{update}' AND {filter}").replace('=', "%3D").replace(' ', "%20");
        let path = format!("{PIPELINES}/{pipeline}/events?max_results=250&order_by=timestamp%20asc&filter={filter}");
        self.get(&path).await.get("events").cloned().unwrap_or_else(|| json!([]))
    }

    async fn all_events(&self, pipeline: &str, update: &str) -> Value {
        self.events(pipeline, update, "level in ('INFO', 'WARN', 'ERROR')").await
    }
}

/// How each flow stood last.
fn flows(events: &Value) -> BTreeMap<String, String> {
    let flows = events.as_array().unwrap().iter().filter(|event| event["event_type"] == "flow_progress");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    flows
        .map(|event| (text(&event["origin"]["flow_name"]), text(&event["details"]["flow_progress"]["status"])))
        .collect()
}

fn is(expected: &[(&str, &str)]) -> BTreeMap<String, String> {
    expected.iter().map(|(name, status)| (format!("main.lab.{name}"), (*status).to_owned())).collect()
}

/// The last event of a flow.
fn last_of<'a>(events: &'a Value, flow: &str) -> &'a Value {
    let name = format!("main.lab.{flow}");
    events.as_array().unwrap().iter().rev().find(|event| event["origin"]["flow_name"] == name.as_str()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pipeline_read_is_the_pipeline_written() {
    let lab = Lab::start().await;
    let spec = json!({
        "name": "Sales", "catalog": "main", "schema": "lab", "serverless": true, "root_path": "/Workspace/x",
        "libraries": [{"glob": {"include": format!("{HOME}/x/**")}}], "configuration": {"a": "b"}, "future": {"deep": [1]},
        "run_as": {"user_name": "ann@example.com"},
    });
    let id = lab.create_pipeline(spec.clone()).await;
    let read = lab.get(&format!("{PIPELINES}/{id}")).await;
    let mut expect = spec.clone();
    expect["id"] = json!(id);
    let run_as = expect.as_object_mut().unwrap().remove("run_as").unwrap();
    assert_eq!((&read["spec"], &read["run_as"], &read["state"]), (&expect, &run_as, &json!("IDLE")));
    assert_eq!((&read["creator_user_name"], &read["name"]), (&json!("ann@example.com"), &json!("Sales")));

    // A name is one pipeline's, unless it is said otherwise; a dry run makes none.
    lab.refused(PIPELINES, spec.clone(), 409, "The pipeline name 'Sales' is already used").await;
    let (_, dry) = lab.post(PIPELINES, json!({"name": "dry", "dry_run": true, "continuous": false})).await;
    assert_eq!((&dry["pipeline_id"], &dry["effective_settings"]["continuous"]), (&Value::Null, &json!(false)));
    let mut twin = spec.clone();
    twin["allow_duplicate_names"] = json!(true);
    let twin = lab.create_pipeline(twin).await;

    // An edit takes the place of all, and knows whether it was overtaken.
    let path = format!("{PIPELINES}/{id}");
    let edit = |more: Value| {
        let mut body = json!({"name": "Sales 2", "catalog": "main"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let at = &read["last_modified"];
    let put = lab.call(Some(ANN), Method::PUT, &path, Some(edit(json!({"expected_last_modified": at})))).await;
    assert_eq!(put.0, StatusCode::OK, "{}", put.1);
    let (status, late) =
        lab.call(Some(ANN), Method::PUT, &path, Some(edit(json!({"expected_last_modified": at})))).await;
    assert_eq!((status.as_u16(), &late["error_code"]), (409, &json!("RESOURCE_CONFLICT")));
    let (status, _) = lab.call(Some(ANN), Method::PUT, &path, Some(edit(json!({"id": "other"})))).await;
    assert_eq!(status.as_u16(), 400);
    let read = lab.get(&path).await;
    assert_eq!(read["spec"], json!({"id": id, "name": "Sales 2", "catalog": "main"}));

    // Lists have filters, orders and pages.
    for name in ["a", "b", "c_d"] {
        lab.create_pipeline(json!({"name": name, "libraries": [{"notebook": {"path": format!("/n/{name}")}}]})).await;
    }
    for (query, expect) in [
        ("order_by=name", vec!["Sales", "Sales 2", "a", "b", "c_d"]),
        ("order_by=name%20desc&max_results=2", vec!["c_d", "b"]),
        ("filter=name%20LIKE%20'Sales%25'&order_by=name", vec!["Sales", "Sales 2"]),
        ("filter=name%20LIKE%20'sales%25'", vec![]),
        ("filter=name%20LIKE%20'c_d'", vec!["c_d"]),
        ("filter=notebook%3D'/n/b'", vec!["b"]),
    ] {
        let list = lab.get(&format!("{PIPELINES}?{query}")).await;
        let names: Vec<_> =
            list["statuses"].as_array().into_iter().flatten().map(|it| it["name"].as_str().unwrap()).collect();
        assert_eq!(names, expect, "{query}");
    }
    let first = lab.get(&format!("{PIPELINES}?max_results=3")).await;
    let token = first["next_page_token"].as_str().unwrap();
    let second = lab.get(&format!("{PIPELINES}?max_results=3&page_token={token}")).await;
    assert_eq!((second["statuses"].as_array().unwrap().len(), &second["next_page_token"]), (2, &Value::Null));

    let (status, _) = lab.call(Some(ANN), Method::DELETE, &format!("{PIPELINES}/{twin}"), None).await;
    assert_eq!(status, StatusCode::OK);
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_and_what_is_anothers_is_refused() {
    let lab = Lab::start().await;
    for (body, says) in [
        (json!({}), "name is missing"),
        (json!({"name": "n", "continuous": true}), "continuous:"),
        (json!({"name": "n", "target": "a.b"}), "target_schema_name \"a.b\" is not a valid name"),
        (json!({"name": "n", "libraries": [{"whl": "/x"}]}), "libraries[0] must be exactly one of"),
    ] {
        lab.refused(PIPELINES, body, 400, says).await;
    }
    let other = json!({"name": "n", "run_as": {"user_name": "bob@example.com"}});
    lab.refused(PIPELINES, other, 403, "may not set run_as").await;
    let id = lab.create_pipeline(json!({"name": "mine"})).await;
    let start = format!("{PIPELINES}/{id}/updates");
    lab.refused(&start, json!({"full_refresh": true, "refresh_selection": ["a"]}), 400, "full_refresh cannot be").await;
    for query in ["?filter=level%3D'LOUD'", "?order_by=level", "?max_results=251", "?page_token=x"] {
        let path = format!("{PIPELINES}/{id}/events{query}");
        let (status, answer) = lab.call(Some(ANN), Method::GET, &path, None).await;
        assert_eq!((status.as_u16(), &answer["error_code"]), (400, &json!("INVALID_PARAMETER_VALUE")), "{query}");
    }
    let (status, _) = lab.call(Some(ANN), Method::GET, &format!("{PIPELINES}?max_results=101"), None).await;
    assert_eq!(status.as_u16(), 400);

    let spec = Some(json!({"name": "x"}));
    for (method, path, body) in [
        (Method::GET, format!("{PIPELINES}/{id}"), None),
        (Method::PUT, format!("{PIPELINES}/{id}"), spec),
        (Method::DELETE, format!("{PIPELINES}/{id}"), None),
        (Method::POST, start.clone(), Some(json!({}))),
        (Method::GET, start, None),
        (Method::GET, format!("{PIPELINES}/{id}/updates/x"), None),
        (Method::GET, format!("{PIPELINES}/{id}/events"), None),
        (Method::POST, format!("{PIPELINES}/{id}/stop"), Some(json!({}))),
    ] {
        let (status, answer) = lab.call(Some(BOB), method.clone(), &path, body.clone()).await;
        assert_eq!((status.as_u16(), &answer["error_code"]), (403, &json!("PERMISSION_DENIED")), "{method} {path}");
        let (status, answer) = lab.call(Some(ANN), method, &path.replace(&id, "nosuch"), body).await;
        assert_eq!((status.as_u16(), &answer["error_code"]), (404, &json!("RESOURCE_DOES_NOT_EXIST")), "{path}");
    }
    let (_, list) = lab.call(Some(BOB), Method::GET, PIPELINES, None).await;
    assert_eq!(list["statuses"], Value::Null);
    lab.stop().await;
}

const SALES: &str = "
    CREATE OR REFRESH STREAMING TABLE raw COMMENT 'as it came' AS SELECT * FROM STREAM(main.default.orders);
    CREATE TEMPORARY VIEW named AS SELECT r.*, upper(customer) AS name FROM LIVE.raw r;
    CREATE OR REFRESH MATERIALIZED VIEW clean (
      id BIGINT COMMENT 'the id', name STRING, amount DECIMAL(10, 2),
      CONSTRAINT positive EXPECT (amount > 0) ON VIOLATION DROP ROW,
      CONSTRAINT has_name EXPECT (name IS NOT NULL)
    ) TBLPROPERTIES ('quality' = 'silver') AS SELECT id, name, amount FROM named;
    CREATE OR REFRESH LIVE TABLE totals AS SELECT name, sum(amount) AS total FROM main.lab.clean GROUP BY name;
    CREATE VIEW best AS SELECT * FROM totals WHERE total > ${least};
";

#[tokio::test(flavor = "multi_thread")]
async fn an_update_makes_tables_in_the_order_of_what_they_read() {
    let lab = Lab::start().await;
    lab.sql("CREATE TABLE main.default.orders (id INT, customer STRING, amount DOUBLE)").await;
    lab.sql("INSERT INTO main.default.orders VALUES (1, 'ann', 10), (2, 'bob', -1), (3, NULL, 5), (4, 'ann', 20)")
        .await;
    // Files within folders, in no helpful order, and a notebook.
    let parts: Vec<&str> = SALES.split_inclusive(';').collect();
    lab.import("z.sql", &format!("{}{}", parts[0], parts[1])).await;
    lab.import(
        "note.sql",
        &format!("-- Databricks notebook source\n-- MAGIC %md Totals\n-- COMMAND ----------\n{}", parts[3]),
    )
    .await;
    let (_, made) = lab.post("/api/2.0/workspace/mkdirs", json!({"path": format!("{HOME}/p/deep")})).await;
    assert_eq!(made, json!({}));
    lab.import("p/a.sql", parts[4]).await;
    lab.import("p/deep/b.sql", parts[2]).await;
    lab.import("p/readme.md", "no SQL").await;
    let libraries = json!([
        {"glob": {"include": format!("/Workspace{HOME}/p/**")}}, {"notebook": {"path": format!("{HOME}/note")}},
        {"file": {"path": format!("{HOME}/z.sql")}}, {"file": {"path": format!("{HOME}/z.sql")}},
    ]);
    let spec = json!({
        "name": "sales", "catalog": "main", "schema": "lab", "libraries": libraries, "configuration": {"least": "6"},
    });
    let id = lab.create_pipeline(spec).await;

    // To validate makes nothing.
    lab.completed(&id, json!({"validate_only": true})).await;
    assert!(lab.sql_error("SELECT * FROM main.lab.raw").await.contains("NOT_FOUND"));

    let update = lab.completed(&id, json!({})).await;
    assert_eq!(lab.sql("SELECT count(*) FROM main.lab.raw").await, json!([["4"]]));
    assert_eq!(
        lab.sql("SELECT id, name, amount FROM main.lab.clean ORDER BY id").await,
        json!([["1", "ANN", "10.00"], ["3", null, "5.00"], ["4", "ANN", "20.00"]])
    );
    assert_eq!(lab.sql("SELECT * FROM main.lab.best").await, json!([["ANN", "30.00"]]));
    let tables = lab.sql("SHOW TABLES IN main.lab").await;
    let tables: Vec<_> = tables.as_array().unwrap().iter().map(|row| row[1].as_str().unwrap()).collect();
    assert_eq!(tables, ["best", "clean", "raw", "totals"]);

    let events = lab.all_events(&id, &update).await;
    let all = [
        ("raw", "COMPLETED"),
        ("named", "COMPLETED"),
        ("clean", "COMPLETED"),
        ("totals", "COMPLETED"),
        ("best", "COMPLETED"),
    ];
    assert_eq!(flows(&events), is(&all));
    let progress = &last_of(&events, "clean")["details"]["flow_progress"];
    assert_eq!(progress["metrics"]["num_output_rows"], 3);
    assert_eq!(
        progress["data_quality"],
        json!({"dropped_records": 1, "expectations": [
            {"name": "positive", "dataset": "main.lab.clean", "passed_records": 3, "failed_records": 1},
            {"name": "has_name", "dataset": "main.lab.clean", "passed_records": 3, "failed_records": 1},
        ]})
    );
    let states = events.as_array().unwrap().iter().filter(|event| event["event_type"] == "update_progress");
    let states: Vec<_> = states.map(|event| event["details"]["update_progress"]["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["WAITING_FOR_RESOURCES", "INITIALIZING", "SETTING_UP_TABLES", "RUNNING", "COMPLETED"]);
    let short = update.get(..6).unwrap();
    assert_eq!(events.as_array().unwrap().last().unwrap()["message"], format!("Update {short} is COMPLETED."));
    assert!(events.as_array().unwrap().iter().all(|event| event["origin"]["update_id"] == update.as_str()));

    // A selection leaves the others out, and one with new rows sees them.
    lab.sql("INSERT INTO main.default.orders VALUES (5, 'eve', 100)").await;
    let partial =
        lab.completed(&id, json!({"refresh_selection": ["raw"], "full_refresh_selection": ["main.lab.clean"]})).await;
    let events = lab.all_events(&id, &partial).await;
    assert_eq!(
        (flows(&events)["main.lab.clean"].as_str(), flows(&events)["main.lab.totals"].as_str()),
        ("COMPLETED", "EXCLUDED")
    );
    assert_eq!(lab.sql("SELECT count(*) FROM main.lab.clean").await, json!([["4"]]));
    assert_eq!(lab.sql("SELECT count(*) FROM main.lab.totals").await, json!([["2"]]));
    let (unknown, state) = lab.updated(&id, json!({"refresh_selection": ["nosuch"]})).await;
    let errors = lab.events(&id, &unknown, "level='ERROR'").await;
    assert_eq!(state, "FAILED");
    assert!(errors[0]["message"].as_str().unwrap().contains("'nosuch' of the selection"), "{errors:#}");
    lab.completed(&id, json!({"full_refresh": true})).await;
    assert_eq!(lab.sql("SELECT count(*) FROM main.lab.totals").await, json!([["3"]]));

    // Updates and events come in pages, newest first.
    let first = lab.get(&format!("{PIPELINES}/{id}/updates?max_results=3")).await;
    let token = first["next_page_token"].as_str().unwrap();
    let rest = lab.get(&format!("{PIPELINES}/{id}/updates?max_results=3&page_token={token}")).await;
    assert_eq!((rest["updates"].as_array().unwrap().len(), &rest["next_page_token"]), (2, &Value::Null));
    let (mut token, mut seen) = (String::new(), Vec::new());
    loop {
        let page = lab.get(&format!("{PIPELINES}/{id}/events?max_results=20&page_token={token}")).await;
        seen.extend(
            page["events"]
                .as_array()
                .unwrap()
                .iter()
                .map(|it| it["sequence"]["control_plane_seq_no"].as_i64().unwrap()),
        );
        match page["next_page_token"].as_str() {
            Some(next) => token = next.to_owned(),
            None => break,
        }
    }
    assert!(seen.len() > 60 && seen.windows(2).all(|pair| pair[0] > pair[1]), "{seen:?}");

    // What a pipeline made goes with it.
    let (status, _) = lab.call(Some(ANN), Method::DELETE, &format!("{PIPELINES}/{id}"), None).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(lab.sql("SHOW TABLES IN main.lab").await, json!([]));
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dataset_that_fails_fails_the_update_and_what_reads_it_is_skipped() {
    let lab = Lab::start().await;
    lab.sql("CREATE TABLE main.default.numbers AS SELECT id FROM range(3)").await;
    let id = lab
        .sql_pipeline(
            "broken",
            "CREATE MATERIALIZED VIEW bad AS SELECT 10 / id AS n FROM main.default.numbers;
             CREATE MATERIALIZED VIEW after AS SELECT * FROM bad;
             CREATE MATERIALIZED VIEW other AS SELECT id FROM main.default.numbers;
             CREATE MATERIALIZED VIEW strict (CONSTRAINT big EXPECT (id > 1) ON VIOLATION FAIL UPDATE) AS SELECT id FROM other;",
        )
        .await;
    let (update, state) = lab.updated(&id, json!({})).await;
    assert_eq!(state, "FAILED");
    let events = lab.all_events(&id, &update).await;
    assert_eq!(
        flows(&events),
        is(&[("bad", "FAILED"), ("after", "SKIPPED"), ("other", "COMPLETED"), ("strict", "FAILED")])
    );
    let bad = last_of(&events, "bad");
    let said = bad["error"]["exceptions"][0]["message"].as_str().unwrap();
    assert!(bad["level"] == "ERROR" && said.contains("[DIVIDE_BY_ZERO]"), "{bad:#}");
    let strict = last_of(&events, "strict");
    let said = strict["error"]["exceptions"][0]["message"].as_str().unwrap();
    assert!(said.contains("[EXPECTATION_VIOLATION]") && said.contains("'big' (2 of 3 rows"), "{strict:#}");
    assert_eq!(strict["details"]["flow_progress"]["data_quality"]["expectations"][0]["failed_records"], 2);
    assert!(lab.sql_error("SELECT * FROM main.lab.strict").await.contains("NOT_FOUND"));
    let last = events.as_array().unwrap().last().unwrap();
    assert!(last["message"].as_str().unwrap().contains("'main.lab.bad', 'main.lab.strict'"), "{last:#}");
    let pipeline = lab.get(&format!("{PIPELINES}/{id}")).await;
    assert_eq!((&pipeline["state"], &pipeline["health"]), (&json!("IDLE"), &json!("UNHEALTHY")));
    assert_eq!(pipeline["latest_updates"][0]["state"], "FAILED");
    lab.stop().await;
}

/// Each piece of code that cannot be updated, with what the update says.
#[tokio::test(flavor = "multi_thread")]
async fn code_that_does_not_fit_together_is_told_before_anything_is_written() {
    let lab = Lab::start().await;
    lab.sql("CREATE SCHEMA main.lab").await;
    lab.sql("CREATE TABLE main.lab.taken (id INT)").await;
    let cases = [
        (
            "a",
            "CREATE VIEW x AS SELECT * FROM y; CREATE VIEW y AS SELECT * FROM x",
            "main.lab.x -> main.lab.y -> main.lab.x",
        ),
        ("b", "CREATE VIEW x AS SELECT * FROM nosuch", "`main`.`lab`.`nosuch` cannot be found"),
        ("c", "CREATE VIEW x AS SELECT * FROM LIVE.nosuch", "dataset 'nosuch'"),
        ("d", "CREATE VIEW x AS SELECT a FROM y; CREATE VIEW y AS SELECT 1 AS b", "'main.lab.x': [UNRESOLVED_COLUMN"),
        ("e", "SELECT 1", "SELECT is no such statement"),
        ("f", "CREATE TABLE x AS SELECT 1 AS i", "no plain tables"),
        ("g", "CREATE MATERIALIZED VIEW taken AS SELECT 1 AS i", "that no pipeline made"),
        ("h", "CREATE MATERIALIZED VIEW x (CONSTRAINT c EXPECT (nosuch > 1)) AS SELECT 1 AS i", "nosuch"),
        ("i", "CREATE MATERIALIZED VIEW x (i INT, j INT) AS SELECT 1 AS i", "UNRESOLVED_COLUMN"),
        ("j", "CREATE STREAMING TABLE x AS SELECT * FROM STREAM read_files('/Volumes/a/b/c')", "PATH_NOT_FOUND"),
        ("k", "-- nothing", "defines no dataset"),
        ("l", "CREATE VIEW x AS SELECT FROM WHERE", "PARSE_SYNTAX_ERROR"),
    ];
    for (name, sql, says) in cases {
        let id = lab.sql_pipeline(name, sql).await;
        let (update, state) = lab.updated(&id, json!({})).await;
        let errors = lab.events(&id, &update, "level='ERROR'").await;
        assert_eq!(state, "FAILED", "{sql}");
        let told = errors.as_array().unwrap().iter().any(|event| event["message"].as_str().unwrap().contains(says));
        assert!(told, "{sql}: {errors:#}");
    }
    let only_taken = lab.sql("SHOW TABLES IN main.lab").await;
    assert_eq!(only_taken.as_array().unwrap().len(), 1, "{only_taken}");
    // A pipeline writes no other one's tables.
    let sql = "CREATE MATERIALIZED VIEW mine AS SELECT 1 AS i";
    let first = lab.sql_pipeline("first", sql).await;
    lab.completed(&first, json!({})).await;
    let second = lab.sql_pipeline("second", sql).await;
    let (update, state) = lab.updated(&second, json!({})).await;
    assert_eq!(state, "FAILED");
    let errors = lab.events(&second, &update, "level='ERROR'").await;
    assert!(errors[0]["message"].as_str().unwrap().contains(&first), "{errors:#}");
    // Python, files that are not there, and pipelines without code or catalog.
    lab.import("code.py", "import dlt\n").await;
    let spec = |name: &str, more: Value| {
        let mut spec = json!({"name": name, "catalog": "main", "schema": "lab"});
        spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        spec
    };
    for (spec, says) in [
        (spec("p1", json!({"libraries": [{"file": {"path": format!("{HOME}/code.py")}}]})), "defines no dataset"),
        (spec("p2", json!({"libraries": [{"file": {"path": format!("{HOME}/gone.sql")}}]})), "gone.sql cannot be read"),
        (spec("p3", json!({})), "has no code"),
        (spec("p4", json!({"catalog": "nosuch"})), "nosuch"),
        (json!({"name": "p5"}), "has no catalog"),
        (
            spec("p6", json!({"libraries": [{"file": {"path": "/Users/bob@example.com/x.sql"}}]})),
            "does not have View permissions",
        ),
    ] {
        let id = lab.create_pipeline(spec).await;
        let (update, state) = lab.updated(&id, json!({})).await;
        let errors = lab.events(&id, &update, "level='ERROR'").await;
        assert!(state == "FAILED" && errors[0]["message"].as_str().unwrap().contains(says), "{says}: {errors:#}");
    }
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_update_goes_on_at_a_time_and_can_be_stopped() {
    let lab = Lab::start().await;
    let sql = format!(
        "CREATE MATERIALIZED VIEW slow AS {}; CREATE MATERIALIZED VIEW after AS SELECT * FROM slow",
        ENDLESS.replace("count(*)", "count(*) AS n")
    );
    let id = lab.sql_pipeline("slow", &sql).await;
    let update = lab.start_update(&id, json!({})).await;
    lab.update_until(&id, &update, |state| state == "RUNNING").await;
    assert_eq!(lab.get(&format!("{PIPELINES}/{id}")).await["state"], "RUNNING");
    lab.refused(&format!("{PIPELINES}/{id}/updates"), json!({}), 409, &update).await;
    let (status, _) = lab.post(&format!("{PIPELINES}/{id}/stop"), json!({})).await;
    assert_eq!(status, StatusCode::OK);
    lab.update_until(&id, &update, |state| state == "CANCELED").await;
    let events = lab.all_events(&id, &update).await;
    assert_eq!(flows(&events), is(&[("slow", "STOPPED"), ("after", "STOPPED")]));
    let pipeline = lab.get(&format!("{PIPELINES}/{id}")).await;
    assert_eq!(pipeline["state"], "IDLE");
    // An idle one is stopped without a word, and starts again.
    assert_eq!(lab.post(&format!("{PIPELINES}/{id}/stop"), json!({})).await.0, StatusCode::OK);
    let again = lab.start_update(&id, json!({})).await;
    lab.update_until(&id, &again, |state| state == "RUNNING").await;
    // Who deletes a pipeline ends its update, and the end of the process ends all.
    let other = lab.sql_pipeline("slow2", &sql.replace("slow", "slower").replace("after", "later")).await;
    let left = lab.start_update(&other, json!({})).await;
    lab.update_until(&other, &left, |state| state == "RUNNING").await;
    let (status, answer) = lab.call(Some(ANN), Method::DELETE, &format!("{PIPELINES}/{id}"), None).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let folder = lab.stop().await;

    let lab = Lab::start_in(folder).await;
    let update = lab.get(&format!("{PIPELINES}/{other}/updates/{left}")).await;
    assert_eq!(update["update"]["state"], "FAILED");
    let errors = lab.events(&other, &left, "level='ERROR'").await;
    assert!(
        errors[0]["message"].as_str().unwrap().contains("was stopped while this update was under way"),
        "{errors:#}"
    );
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_runs_a_pipeline_and_waits_for_it() {
    let lab = Lab::start().await;
    let good = lab.sql_pipeline("good", "CREATE MATERIALIZED VIEW fine AS SELECT 1 AS i").await;
    let bad = lab.sql_pipeline("bad", "CREATE MATERIALIZED VIEW wrong AS SELECT nosuch FROM range(1)").await;
    let task =
        |key: &str, id: &str| json!({"task_key": key, "pipeline_task": {"pipeline_id": id, "full_refresh": true}});
    let run = lab.run_of(json!([task("good", &good), task("bad", &bad), task("none", "nosuch")])).await;
    let tasks = tasks_of(&run);
    let result = |key: &str| tasks[key]["state"]["result_state"].as_str().unwrap().to_owned();
    assert_eq!([result("good"), result("bad"), result("none")], ["SUCCESS", "FAILED", "FAILED"]);
    assert_eq!(lab.sql("SELECT * FROM main.lab.fine").await, json!([["1"]]));
    let update = lab.get(&format!("{PIPELINES}/{good}/updates")).await["updates"][0].clone();
    assert_eq!((&update["cause"], &update["full_refresh"]), (&json!("JOB_TASK"), &json!(true)));
    let said = lab.output(&tasks["bad"]).await["error"].as_str().unwrap().to_owned();
    assert!(said.contains("main.lab.wrong") && said.contains("UNRESOLVED_COLUMN"), "{said}");
    let said = lab.output(&tasks["none"]).await["error"].as_str().unwrap().to_owned();
    assert!(said.contains("The specified pipeline nosuch was not found."), "{said}");
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn updates_that_make_one_schema_at_once_all_come_to_their_end() {
    let lab = Lab::start().await;
    for round in 0..4 {
        let mut begun = Vec::new();
        for place in 0..6 {
            let name = format!("at_once_{round}_{place}");
            lab.import(&format!("{name}.sql"), &format!("CREATE MATERIALIZED VIEW {name} AS SELECT 1 AS i")).await;
            let libraries = json!([{"file": {"path": format!("{HOME}/{name}.sql")}}]);
            let schema = format!("round_{round}");
            let spec = json!({"name": name, "catalog": "main", "schema": schema, "libraries": libraries});
            begun.push(lab.create_pipeline(spec).await);
        }
        let mut updates = Vec::new();
        for pipeline in begun {
            let update = lab.start_update(&pipeline, json!({})).await;
            updates.push((pipeline, update));
        }
        for (pipeline, update) in updates {
            let ended = lab.update_until(&pipeline, &update, |state| ["COMPLETED", "FAILED"].contains(&state)).await;
            assert_eq!(ended["state"], "COMPLETED", "{:#}", lab.events(&pipeline, &update, "level='ERROR'").await);
        }
    }
    lab.stop().await;
}

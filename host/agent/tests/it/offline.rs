//! The offline model through the real loop; the workspace's tools answer from a table.

use std::sync::Arc;

use bricklayer_agent::TurnExit;
use bricklayer_domain::{
    Event, ResultKind, ResultRef, ToolAnnotations, ToolCall, ToolDisplay, ToolErrorKind, ToolFailure, ToolOutcome,
    ToolSpec, TurnEnd, TurnSetting, TurnSettings,
};
use bricklayer_offline_model::OfflineModel;
use serde_json::{Value, json};

use crate::support::*;

const BUSIEST: &str =
    "What are the busiest pickup hours in samples.nyctaxi.trips, and what is the average fare in each?";

/// The id of a result.
const KEPT: &str = "01890000-0000-7000-8000-000000000001";

fn result(columns: &[(&str, &str)], rows: Value) -> ToolOutcome {
    let columns: Vec<Value> =
        columns.iter().map(|(name, kind)| json!({"name": name, "type_name": kind, "type_text": kind})).collect();
    let structured = json!({
        "statement_id": "s1", "state": "succeeded", "columns": columns, "total_row_count": rows.as_array().unwrap().len(),
        "rows": rows, "truncated": false,
    });
    ToolOutcome { content: "| table |".into(), structured: Some(structured), ..ToolOutcome::default() }
}

/// What the call left in the store of results: nothing for the question that is answered from its rows alone.
fn kept(nothing: bool) -> Vec<ResultRef> {
    let reference = json!({
        "id": KEPT, "ordinal": 0, "content": "table", "state": "complete", "rows": 3, "bytes": 60,
    });
    if nothing { Vec::new() } else { vec![serde_json::from_value(reference).unwrap()] }
}

fn answer(call: &ToolCall) -> ToolOutcome {
    let statement = call.input.get("statement").and_then(Value::as_str).unwrap_or_default();
    match (call.name.short(), statement) {
        ("list_runs", _) => ToolOutcome::text("| run | 7 |"),
        ("get_table_stats_and_schema", _) => {
            let columns = json!([
                {"name": "tpep_pickup_datetime", "type_text": "TIMESTAMP"},
                {"name": "fare_amount", "type_text": "DOUBLE"},
                {"name": "pickup_zip", "type_text": "INT"},
            ]);
            ToolOutcome {
                content: "…".into(),
                structured: Some(json!({"tables": [{"name": "samples.nyctaxi.trips", "columns": columns}]})),
                ..ToolOutcome::default()
            }
        }
        ("execute_sql", sql) if sql.starts_with("SELECT hour(tpep_pickup_datetime)") => ToolOutcome {
            results: kept(sql.contains("average_fare")),
            ..result(
                &[("pickup_hour", "INT"), ("trips", "BIGINT"), ("average_fare", "DOUBLE")],
                json!([["18", "1350", "12.41"], ["19", "1302", null], ["17", "1277", "12.08"]]),
            )
        },
        ("execute_sql", sql) if sql.starts_with("DESCRIBE TABLE two.levels") => result(
            &[("col_name", "STRING"), ("data_type", "STRING"), ("comment", "STRING")],
            json!([
                ["amount", "decimal(10,2)", null],
                ["kind", "string", null],
                ["", "", ""],
                ["# Partitioning", "", ""]
            ]),
        ),
        ("execute_sql", sql) if sql.starts_with("SELECT kind") => {
            result(&[("kind", "STRING"), ("total_amount", "DECIMAL")], json!([["a|b", "1.50"]]))
        }
        ("execute_sql", sql) if sql.starts_with("slow") => ToolOutcome {
            content: "still running".into(),
            structured: Some(json!({"statement_id": "s9", "state": "running", "columns": [], "rows": []})),
            ..ToolOutcome::default()
        },
        ("get_statement", _) => result(&[("n", "INT")], json!([["7"]])),
        ("execute_sql", "select 1") => ToolOutcome::text("| 1 |\n| --- |\n| 1 |\n\n(1 row)"),
        ("execute_sql", sql) if sql.starts_with("SHOW TABLES IN samples.nyctaxi") => {
            result(&[("tableName", "STRING")], json!([["trips"]]))
        }
        (_, sql) => ToolOutcome::failed(ToolFailure::new(ToolErrorKind::Failed, format!("syntax error near {sql}"))),
    }
}

fn world() -> World {
    World::new(Arc::new(OfflineModel), TableTools::new(specs(), answer))
}

/// A tool that says what it is, as the model finds it: what comes back, and the arguments it needs and takes.
fn tool(name: &str, annotations: ToolAnnotations, result: ResultKind, needs: &[&str], takes: &[&str]) -> ToolSpec {
    let properties: serde_json::Map<_, _> =
        needs.iter().chain(takes).map(|name| ((*name).to_owned(), json!({"type": "string"}))).collect();
    ToolSpec {
        input_schema: json!({"type": "object", "properties": properties, "required": needs}),
        display: ToolDisplay { result: Some(result), ..ToolDisplay::default() },
        ..spec(name, annotations)
    }
}

fn specs() -> Vec<ToolSpec> {
    let (asks, reads) = (ToolAnnotations::default, ToolAnnotations::reads);
    let things = json!({"type": "array", "items": {"type": "object", "properties": {"id": {"type": "string"}}}});
    vec![
        tool("execute_sql", asks(), ResultKind::Table, &["statement"], &["warehouse_id"]),
        tool("get_statement", reads(), ResultKind::Table, &["statement_id"], &[]),
        tool(
            "get_table_stats_and_schema",
            reads(),
            ResultKind::Tables,
            &["catalog", "schema"],
            &["table_names", "table_stat_level"],
        ),
        ToolSpec {
            output_schema: Some(json!({"properties": {"text": {"type": "string"}, "failed_runs": things}})),
            ..tool("list_runs", reads(), ResultKind::List, &[], &["limit"])
        },
    ]
}

#[tokio::test]
async fn the_main_question_is_answered_from_the_result_and_saved() {
    let world = world();
    let exit = world.ask(BUSIEST).await;
    assert!(matches!(exit, TurnExit::Finished(TurnEnd::Completed)), "{exit:?}");
    assert_eq!(world.tools.called(), ["get_table_stats_and_schema", "execute_sql"]);
    let calls = world.tools.calls.lock().unwrap().clone();
    assert_eq!(calls[0].input["table_stat_level"], "none");
    // The tool chooses a warehouse itself.
    assert_eq!(calls[1].input.get("warehouse_id"), None);
    let expected = "The busiest pickup hour in `samples.nyctaxi.trips` is **18**, with 1350 trips.\n\n\
        | pickup_hour | trips | average_fare |\n| --- | --- | --- |\n| 18 | 1350 | 12.41 |\n| 19 | 1302 |  |\n\
        | 17 | 1277 | 12.08 |\n";
    assert_eq!(world.answer(), expected);

    world.ask("save that as report.md").await;
    let report = std::fs::read_to_string(world.dir.path().join("report.md")).unwrap();
    assert_eq!(report, expected);
    // The answer about the save is not what a second save keeps, and the file is read before it is replaced.
    std::fs::write(world.dir.path().join("report.md"), "by hand").unwrap();
    world.ask("save it as report.md").await;
    assert_eq!(std::fs::read_to_string(world.dir.path().join("report.md")).unwrap(), expected);
    world.ask("show report.md").await;
    assert!(world.answer().contains("| 18 | 1350 | 12.41 |"), "{}", world.answer());
    world.ask("list files").await;
    assert!(world.answer().contains("- report.md"), "{}", world.answer());
    world.ask("search for 12.41 in files").await;
    assert!(world.answer().contains("report.md:5:| 18 | 1350 | 12.41 |"), "{}", world.answer());
}

#[tokio::test]
async fn an_answer_points_to_its_result_and_a_chart_is_drawn_of_it() {
    let world = world();
    world.ask("busiest pickup hours in samples.nyctaxi.trips").await;
    let cited = format!("with [1350 trips](result:{KEPT}/0/1).");
    assert!(world.answer().contains(&cited), "{}", world.answer());
    let drawn = async |message: &str| {
        let before = world.log.events().len();
        world.ask(message).await;
        let events = world.log.events();
        events.into_iter().skip(before).find_map(|event| match event {
            Event::ToolStarted { name, input, .. } if name.0 == "make_chart" => Some(input),
            _ => None,
        })
    };
    let chart = drawn("plot the busiest pickup hours in samples.nyctaxi.trips").await.unwrap();
    let y = json!([{"column": 1, "aggregate": "none"}]);
    let (title, x) = ("Trips by pickup hour", json!({"column": 0}));
    assert_eq!(chart, json!({"result": KEPT, "kind": "bar", "x": x, "y": y, "title": title}));
    // Of what was shown last.
    let chart = drawn("show that as a line chart").await.unwrap();
    assert_eq!(chart, json!({"result": KEPT, "kind": "line", "x": x, "y": y}));
    // The store of this world is empty, which the tool says.
    assert!(world.answer().contains("there is no such result"), "{}", world.answer());
}

#[tokio::test]
async fn a_chosen_warehouse_is_passed_on() {
    let world = world();
    let settings = TurnSettings { warehouse_id: TurnSetting::parse("mine").unwrap(), ..TurnSettings::default() };
    world.log.begin_with(BUSIEST, settings);
    world.run().await;
    assert_eq!(world.tools.called(), ["get_table_stats_and_schema", "execute_sql"]);
    assert_eq!(world.tools.calls.lock().unwrap()[1].input["warehouse_id"], "mine");
}

#[tokio::test]
async fn requests_are_answered_or_honestly_not() {
    let cases: &[(&str, &[&str], &str)] = &[
        ("/sql select 1", &["execute_sql"], "(1 row)"),
        (r#"/execute_sql {"statement": "select 1"}"#, &["execute_sql"], "(1 row)"),
        (r#"/mcp__databricks__execute_sql {"statement": "select 1"}"#, &["execute_sql"], "(1 row)"),
        ("/execute_sql {broken", &[], "are not JSON"),
        ("/no_such_tool {}", &[], "There is no tool named `no_such_tool`"),
        ("/help", &[], "I am not a language model"),
        ("/tools", &[], "`/execute_sql`: The execute_sql tool"),
        // Any family's list is found by what it is of.
        ("show the failed runs", &["list_runs"], "Here are the failed runs:\n\n| run | 7 |"),
        ("hello", &[], "list catalogs, list failed runs"),
        ("what is love?", &[], "I did not understand that"),
        ("hello", &[], "Hello! Offline mode: I am not a language model"),
        ("Hi there!", &[], "Hello!"),
        ("good morning, Bricklayer", &[], "Hello!"),
        ("help", &[], "Hello!"),
        ("What can you do?", &[], "Hello!"),
        ("who are you?", &[], "Hello!"),
        ("update main.default.t1", &[], "UPDATE needs SET"),
        (
            "what tables are there in samples.nyctaxi, and what is in them?",
            &["get_table_stats_and_schema"],
            "`fare_amount` double",
        ),
        ("show tables in samples.nyctaxi", &["execute_sql"], "| trips |"),
        ("total amount by kind in two.levels", &["execute_sql", "execute_sql"], "| a\\|b | 1.50 |"),
        ("describe two.levels", &["execute_sql"], "| amount | decimal(10,2) |"),
        (
            "average happiness by pickup zip in samples.nyctaxi.trips",
            &["get_table_stats_and_schema"],
            "I found no column with numbers that matches \u{201c}happiness\u{201d}",
        ),
        ("SELECT nonsense", &["execute_sql"], "That did not work: `execute_sql` says:\n\n```\nsyntax error"),
        ("save that as a.md", &[], "There is no answer in this conversation yet"),
        ("show that as a chart", &[], "There is no result in this conversation yet that I could draw"),
    ];
    for (message, tools, expected) in cases {
        let world = world();
        world.ask(message).await;
        assert_eq!(world.tools.called(), *tools, "{message}");
        assert!(world.answer().contains(expected), "{message}: {}", world.answer());
        assert!(matches!(world.log.events().last(), Some(Event::TurnFinished { end: TurnEnd::Completed, .. })));
    }
}

#[tokio::test]
async fn text_comes_in_small_pieces_that_make_the_answer() {
    let world = world();
    world.ask("hello").await;
    let previews = world.log.previews.lock().unwrap().clone();
    assert!(previews.len() > 20, "{}", previews.len());
    let mut text = String::new();
    for preview in previews {
        let Event::TextDelta { offset, text: piece, .. } = preview else { panic!("{preview:?}") };
        assert_eq!(offset, text.chars().count() as u64);
        text.push_str(&piece);
    }
    assert_eq!(text, world.answer());
}

#[tokio::test]
async fn a_direct_command_runs_whatever_the_model_is() {
    let specs = || specs().into_iter().take(1).collect();
    let model = ScriptedModel::new(vec![say("from the model")]);
    let world = World::new(model.clone(), TableTools::new(specs(), answer));
    let exit = world.ask(r#"/execute_sql {"statement": "select 1"}"#).await;
    assert!(matches!(exit, TurnExit::Finished(TurnEnd::Completed)), "{exit:?}");
    assert_eq!(world.tools.called(), ["execute_sql"]);
    assert!(world.answer().contains("(1 row)"), "{}", world.answer());
    assert!(model.requests.lock().unwrap().is_empty(), "no model was asked");
    // What names no tool is for the model.
    world.ask("/no_such_tool {}").await;
    assert_eq!(world.answer(), "from the model");
    // The same questions as for the model's own calls.
    let world = World::new(ScriptedModel::new(vec![]), TableTools::new(specs(), answer));
    assert!(matches!(world.ask(r#"/execute_sql {"statement": "DROP TABLE t"}"#).await, TurnExit::Parked));
    assert_eq!(world.tools.called(), Vec::<String>::new());
    let call = bricklayer_domain::ToolCallId("offline_0".into());
    world.log.push(vec![Event::ApprovalAnswered {
        call,
        decision: bricklayer_domain::ApprovalDecision::No,
        because_of: None,
        reply: None,
    }]);
    world.run().await;
    assert_eq!(world.tools.called(), Vec::<String>::new());
    assert_eq!(world.answer(), "You declined this call, so it did not run. Tell me what you want instead.");
}

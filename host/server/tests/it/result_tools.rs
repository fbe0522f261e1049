//! The agent's own tools about results: reading them, drawing them, and whose they are.

use serde_json::{Value, json};

use crate::results::{conversation, write_bytes, write_rows};
use crate::support::{Api, Engine, Reply, Server, World, both_engines};

const ROWS: [(&str, &str); 4] = [("b|c", "9007199254740993"), ("", "2"), ("a", "-3"), ("a", "9223372036854775807")];

/// Calls a tool as the model would, in a new conversation of a project; what came back.
async fn call(world: &World, ann: &Api, project: &str, tool: &str, input: Value) -> Value {
    let message = format!("call {tool} {input}");
    world.model.script(&message, vec![Reply::tool("call_1", tool, input), Reply::text("done")]);
    let (execution, _) = ann.ask(project, &message).await;
    let frames = ann.frames(&execution).await;
    frames.into_iter().find(|frame| frame.kind() == "tool_result").unwrap().data
}

struct Scene<'a> {
    world: &'a World,
    server: &'a Server,
    ann: Api,
    project: String,
    conversation: String,
    result: String,
}

impl<'a> Scene<'a> {
    async fn new(world: &'a World, server: &'a Server) -> Self {
        let ann = server.as_user("ann");
        let (project, conversation) = conversation(&ann).await;
        let result = write_rows(server, &project, &conversation, &ROWS).await;
        Self { world, server, ann, project, conversation, result }
    }

    async fn call(&self, tool: &str, mut input: Value) -> Value {
        if input.get("result").is_none() {
            input["result"] = json!(self.result);
        }
        call(self.world, &self.ann, &self.project, tool, input).await
    }

    async fn read(&self, input: Value) -> String {
        let answer = self.call("read_result", input).await;
        assert_eq!(answer["is_error"], false, "{answer}");
        answer["content"].as_str().unwrap().to_owned()
    }

    #[track_caller]
    fn refused(answer: &Value, expected: &str) {
        let content = answer["content"].as_str().unwrap();
        assert!(answer["is_error"] == true && content.contains(expected), "{answer}");
    }
}

#[test]
fn a_result_is_paged_filtered_counted_and_its_values_listed() {
    both_engines(async |engine: Engine| {
        let world = World::new(engine).await;
        let server = world.serve().await;
        let scene = Scene::new(&world, &server).await;
        let id = &scene.result;
        let all = scene.read(json!({"limit": 2, "sort": [{"column": "n", "descending": true}]})).await;
        assert_eq!(
            all,
            format!(
                "| row | t | n |\n| --- | --- | --- |\n| 3 | a | 9223372036854775807 |\n| 0 | b\\|c | 9007199254740993 |\n\n\
                 [Rows 0 to 1 of 4; go on with `offset` 2.]\n\
                 [To point to a row: `[…](result:{id}/ROW)` with the number in the column `row`.]"
            )
        );
        let few = json!({"columns": [1], "filter": {"or": [
            {"column": "t", "op": "eq", "value": ""}, {"not": {"column": 1, "op": "ge", "value": "0"}}]}});
        let few = scene.read(few).await;
        assert!(few.starts_with("| row | n |\n| --- | --- |\n| 1 | 2 |\n| 2 | -3 |\n\n[Rows 0 to 1 of 2.]"), "{few}");
        let groups = json!({"group": [{"column": "t"}], "measures": [{"function": "count"}, {"function": "sum", "column": "N"}],
            "sort": [{"column": "sum(n)", "descending": true}]});
        let groups = scene.read(groups).await;
        assert!(
            groups.starts_with(
                "| t | count | sum(n) |\n| --- | --- | --- |\n| a | 2 | 9223372036854775804 |\n\
                 | b\\|c | 1 | 9007199254740993 |\n|  | 1 | 2 |\n"
            ),
            "{groups}"
        );
        let values = scene.read(json!({"distinct": "t", "limit": 1})).await;
        assert_eq!(values, "| t | count |\n| --- | --- |\n| a | 2 |\n\n[1 of 3 shown.]");
        // The link is taken for the id.
        scene.read(json!({"result": format!("result:{id}")})).await;
        server.stop().await;
    });
}

#[tokio::test]
async fn what_is_wrong_about_reading_is_named_with_a_way_out() {
    let world = World::sqlite().await;
    let server = world.serve().await;
    let scene = Scene::new(&world, &server).await;
    for (input, expected) in [
        (json!({"result": "first"}), "`result` must be the id"),
        (json!({"columns": ["nope"]}), "`columns.0`: there is no column `nope`; there are `t`, `n`"),
        (json!({"sort": [{"column": 7}]}), "`sort.0.column`: there is no column `7`"),
        (json!({"filter": {"column": "n", "op": "eq", "value": "x"}}), "`filter.value` must be a whole number"),
        (json!({"filter": {"and": [{"column": "m"}]}}), "`filter.and.0.column`: there is no column `m`"),
        (json!({"group": [{"column": "t", "unit": "month"}]}), "unit of time"),
        (json!({"group": [{"column": "t", "unit": "eon"}]}), "`group.0.unit` must be one of year"),
        (json!({"measures": [{"function": "sum", "column": "t"}]}), "not of numbers"),
        (json!({"distinct": "t", "group": [{"column": "t"}]}), "ask twice"),
        (json!({"limit": 501}), "`limit` must be 1 to 500"),
        (json!({"offset": 1, "distinct": "t"}), "`offset` is for rows"),
        (json!({"colums": []}), "unknown field `colums`"),
    ] {
        Scene::refused(&scene.call("read_result", input).await, expected);
    }
    server.stop().await;
}

#[tokio::test]
async fn texts_are_read_on_and_other_peoples_results_are_none() {
    let world = World::sqlite().await;
    let server = world.serve().await;
    let scene = Scene::new(&world, &server).await;
    let text = format!("{}é the end", "x".repeat(24 * 1024 - 1));
    let file = write_bytes(&server, &scene.project, &scene.conversation, text.as_bytes()).await;
    let first = scene.read(json!({"result": file})).await;
    let next = 24 * 1024 - 1;
    assert!(first.ends_with(&format!("[Bytes 0 to {next} of {}; go on with `offset` {next}.]", text.len())));
    let rest = scene.read(json!({"result": file, "offset": next})).await;
    assert!(rest.starts_with("é the end\n[Bytes"), "{rest}");
    Scene::refused(&scene.call("read_result", json!({"result": file, "sort": []})).await, "is for tables");
    let gone = "there is no such result in this project";
    // Another project's, a stranger's, and none at all answer alike.
    let other = scene.ann.project("Other").await;
    let input = json!({"result": scene.result});
    Scene::refused(&call(&world, &scene.ann, &other, "read_result", input.clone()).await, gone);
    let bob = scene.server.as_user("bob");
    let bobs = bob.project("Bob's").await;
    Scene::refused(&call(&world, &bob, &bobs, "read_result", input.clone()).await, gone);
    Scene::refused(&call(&world, &bob, &bobs, "make_chart", input_for_chart(&scene.result)).await, gone);
    let nobody = json!({"result": "01890000-0000-7000-8000-000000000000"});
    Scene::refused(&scene.call("read_result", nobody).await, gone);
    server.stop().await;
}

fn input_for_chart(result: &str) -> Value {
    json!({"result": result, "kind": "bar", "x": {"column": "t"}, "y": [{"column": "n", "aggregate": "sum"}]})
}

#[test]
fn a_chart_is_checked_and_comes_back_with_places() {
    both_engines(async |engine: Engine| {
        let world = World::new(engine).await;
        let server = world.serve().await;
        let scene = Scene::new(&world, &server).await;
        let id = &scene.result;
        let chart = async |input: Value| {
            let answer = scene.call("make_chart", input).await;
            assert_eq!(answer["is_error"], false, "{answer}");
            answer["structured"]["chart"].clone()
        };
        let bars = json!({"kind": "bar", "title": " Sums ", "x": {"column": "t"}, "y": [{"column": "N", "aggregate": "sum"}],
            "sort": "-y", "limit": 5, "filter": {"column": "t", "op": "ne", "value": ""}});
        assert_eq!(
            chart(bars).await,
            json!({"result": id, "kind": "bar", "title": "Sums", "x": {"column": 0}, "y": [{"column": 1, "aggregate": "sum"}],
                "sort": "-y", "limit": 5, "filter": {"column": 0, "op": "ne", "value": ""}})
        );
        // Columns may stand alone; without y rows are counted, without an aggregate values are drawn as they are.
        let counted = json!({"result": id, "kind": "line", "x": {"column": 0}, "y": [{"aggregate": "count"}]});
        assert_eq!(chart(json!({"kind": "line", "x": "t"})).await, counted);
        let plain = json!({"result": id, "kind": "area", "x": {"column": 0}, "y": [{"column": 1, "aggregate": "none"}], "stack": true});
        assert_eq!(chart(json!({"kind": "area", "x": 0, "y": "n", "stack": true})).await, plain);
        let bins = json!({"result": id, "kind": "histogram", "x": {"column": 1, "bins": 20}});
        assert_eq!(chart(json!({"kind": "histogram", "x": "n"})).await, bins);
        let heat = json!({"result": id, "kind": "heatmap", "x": {"column": 0}, "y": [{"column": 1}], "color": {"aggregate": "count"}});
        assert_eq!(chart(json!({"kind": "heatmap", "x": "t", "y": ["n"]})).await, heat);
        let points = json!({"result": id, "kind": "points", "latitude": {"column": 1}, "longitude": {"column": 1}, "size": {"column": 1}});
        assert_eq!(chart(json!({"kind": "points", "latitude": "n", "longitude": "n", "size": "n"})).await, points);
        let tools = scene.ann.get("/api/tools").await.ok();
        let tool = tools.as_array().unwrap().iter().find(|tool| tool["name"] == "make_chart").unwrap();
        assert_eq!((&tool["title"], &tool["result_kind"]), (&json!("Make chart"), &json!("chart")), "{tool}");
        server.stop().await;
    });
}

#[tokio::test]
async fn what_is_wrong_about_a_chart_is_named_with_a_way_out() {
    let world = World::sqlite().await;
    let server = world.serve().await;
    let scene = Scene::new(&world, &server).await;
    for (input, expected) in [
        (json!({"kind": "pie"}), "`kind` must be one of bar"),
        (json!({"kind": "bar"}), "`x` is missing: a bar chart needs x"),
        (json!({"kind": "bar", "x": "z"}), "`x.column`: there is no column `z`"),
        (json!({"kind": "bar", "x": "n", "y": "t"}), "`y.0.column` must be a column of numbers, and `t` is of string"),
        (json!({"kind": "bar", "x": "t", "y": [{"aggregate": "sum"}]}), "only `count` does without a column"),
        (json!({"kind": "bar", "x": "t", "latitude": "n"}), "`latitude` is not drawn in a bar chart"),
        (
            json!({"kind": "line", "x": "t", "stack": true}),
            "`stack` is not drawn in a line chart; leave it out, or take one of bar, area",
        ),
        (json!({"kind": "bar", "x": {"column": "n", "bins": 5}, "y": "n"}), "`y.0.aggregate` is missing"),
        (json!({"kind": "bar", "x": {"column": "n", "unit": "month"}}), "`x.unit` must be a column of times"),
        (json!({"kind": "bar", "x": "t", "y": [{"column": "n"}, {}]}), "give all of them an aggregate"),
        (json!({"kind": "scatter", "x": "n"}), "`y` is missing"),
        (json!({"kind": "scatter", "x": "t", "y": "n"}), "`x` must be a column of numbers or times"),
        (json!({"kind": "histogram", "x": "t"}), "`x` must be a column of numbers or times"),
        (json!({"kind": "heatmap", "x": "t", "y": "n", "color": "n"}), "`color.aggregate` is missing"),
        (json!({"kind": "points", "latitude": "n"}), "`longitude` is missing"),
        (json!({"kind": "bar", "x": "t", "sort": "up"}), "`sort` must be one of x, -x, y, -y"),
        (json!({"kind": "bar", "x": "t", "filter": {"column": "n", "op": "lt", "value": "-9"}}), "lets no row through"),
        (json!({"kind": "bar", "x": "t", "filter": {"column": "n", "op": "like"}}), "`filter.op` must be one of"),
        (json!({"kind": "bar", "x": "t", "colour": "n"}), "unknown field `colour`"),
    ] {
        Scene::refused(&scene.call("make_chart", input).await, expected);
    }
    let empty = write_rows(&server, &scene.project, &scene.conversation, &[]).await;
    let chart = json!({"result": empty, "kind": "bar", "x": "t"});
    Scene::refused(&scene.call("make_chart", chart).await, "the result has no rows");
    server.stop().await;
}

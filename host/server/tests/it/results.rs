//! What tools produced, whole, over HTTP.

use bricklayer_domain::{
    ColumnType, ConversationId, LaneId, NewResult, ProjectId, ResultColumn, ResultContent, ResultHead, ResultOrigin,
    UserId,
};
use bricklayer_results::ResultEnd;
use serde_json::{Value, json};

use crate::support::{Api, Engine, Server, World, both_engines};

fn new(project: &str, conversation: &str, content: ResultContent) -> NewResult {
    let column =
        |name: &str, kind, source: &str| ResultColumn { name: name.into(), kind, source_type: Some(source.into()) };
    let columns = vec![column("t", ColumnType::String, "STRING"), column("n", ColumnType::Integer, "BIGINT")];
    NewResult {
        user: UserId::parse("ann@example.com").unwrap(),
        project: project.parse::<ProjectId>().unwrap(),
        conversation: conversation.parse::<ConversationId>().unwrap(),
        turn: None,
        lane: LaneId::MAIN,
        call: None,
        ordinal: 0,
        head: ResultHead {
            title: Some("Hours".into()),
            columns: if content == ResultContent::Table { columns } else { Vec::new() },
            ..ResultHead::new(content)
        },
        origin: ResultOrigin { statement: Some("select 1".into()), ..ResultOrigin::default() },
    }
}

/// A table of ann's with a text and a number.
pub(crate) async fn write_rows(server: &Server, project: &str, conversation: &str, rows: &[(&str, &str)]) -> String {
    let mut writer = server.app.results().open(new(project, conversation, ResultContent::Table)).unwrap();
    writer.append_json(json!(rows).to_string().as_bytes()).await.unwrap();
    writer.finish(ResultEnd::default()).await.unwrap().id.to_string()
}

/// A file of ann's.
pub(crate) async fn write_bytes(server: &Server, project: &str, conversation: &str, bytes: &[u8]) -> String {
    let mut writer = server.app.results().open(new(project, conversation, ResultContent::File)).unwrap();
    writer.append_bytes(bytes).await.unwrap();
    writer.finish(ResultEnd::default()).await.unwrap().id.to_string()
}

pub(crate) async fn conversation(api: &Api) -> (String, String) {
    let project = api.project("Results").await;
    let made = api.post(&format!("/api/projects/{project}/conversations"), json!({})).await.ok();
    (project, made["id"].as_str().unwrap().to_owned())
}

#[test]
fn a_table_is_described_paged_sorted_filtered_and_downloaded() {
    both_engines(async |engine: Engine| {
        let world = World::new(engine).await;
        let server = world.serve().await;
        let ann = server.as_user("ann");
        let (project, conversation) = conversation(&ann).await;
        let rows = [("b", "9007199254740993"), ("", "2"), ("a", "-3")];
        let id = write_rows(&server, &project, &conversation, &rows).await;
        let listed = ann.get(&format!("/api/conversations/{conversation}/results")).await.ok();
        assert_eq!((listed["results"][0]["id"].as_str(), &listed["next"]), (Some(&*id), &Value::Null));
        let result = format!("/api/results/{id}");
        let shown = ann.get(&result).await.ok();
        assert_eq!(shown["columns"][1], json!({"name": "n", "type": "integer", "source_type": "BIGINT"}));
        assert_eq!(shown["origin"], json!({"statement": "select 1"}));
        assert_eq!((&shown["state"], &shown["cut"], &shown["rows"]), (&json!("complete"), &Value::Null, &json!(3)));
        let page = ann.get(&format!("{result}/rows?sort=1:desc&limit=2")).await.ok();
        assert_eq!(page["rows"], json!([["b", "9007199254740993"], ["", "2"]]));
        assert_eq!((&page["total"], &page["next"], &page["row_numbers"]), (&json!(3), &json!(2), &json!([0, 1])));
        let request = ann.request(reqwest::Method::GET, &format!("{result}/rows")).query(&[
            ("filter", r#"{"column": 1, "op": "lt", "value": "5"}"#),
            ("sort", "0"),
            ("columns", "1"),
        ]);
        assert_eq!(ann.send(request).await.ok()["rows"], json!([["2"], ["-3"]]));
        assert_eq!(ann.get(&format!("{result}/columns/1/summary")).await.ok()["min"], json!("-3"));
        let distinct = ann.get(&format!("{result}/columns/0/distinct?search=A")).await.ok();
        assert_eq!(distinct["values"], json!([{"value": "a", "count": 1}]));
        let groups =
            ann.get(&format!("{result}/aggregate?group=0&measures=count,sum:1&sort=2:desc&limit=2")).await.ok();
        assert_eq!(groups["columns"][2], json!({"name": "sum(n)", "type": "decimal", "precision": 38, "scale": 0}));
        assert_eq!(groups["rows"], json!([["b", "1", "9007199254740993"], ["", "1", "2"]]));
        assert_eq!((&groups["groups"], &groups["complete"]), (&json!(3), &json!(true)));
        let sample = ann.get(&format!("{result}/sample?columns=0&limit=2")).await.ok();
        assert_eq!((&sample["rows"], &sample["row_numbers"]), (&json!([["b"], [""]]), &json!([0, 1])));
        let cell = ann.get(&format!("{result}/cells/0/1")).await;
        assert_eq!(cell.text, "9007199254740993");
        let csv = ann.get(&format!("{result}/download?format=csv")).await;
        assert_eq!(csv.text, "t,n\r\nb,9007199254740993\r\n\"\",2\r\na,-3\r\n");
        assert_eq!(csv.headers["content-disposition"], "attachment; filename*=UTF-8''hours.csv");
        assert_eq!(csv.headers["content-type"], "text/csv; charset=utf-8");
        for (format, beginning) in [("xlsx", "PK"), ("parquet", "PAR1"), ("jsonl", "{\"t\":\"b\""), ("tsv", "t\tn\n")] {
            let answer = ann.get(&format!("{result}/download?format={format}")).await;
            assert!(answer.status.is_success() && answer.text.starts_with(beginning), "{answer:?}");
        }
        let wrong = ann.get(&format!("{result}/rows?filter=%7B%22column%22%3A9%7D")).await;
        assert_eq!(wrong.problem(422, "invalid-request")["errors"][0]["field"], "filter.column");
        for wrong in [
            "rows?limit=0",
            "rows?sort=7",
            "rows?columns=a",
            "download?format=doc",
            "download?format=csv&formulas=x",
            "columns/7/summary",
            "columns/0/histogram",
            "aggregate?group=0:month",
            "aggregate?measures=sum:0",
            "aggregate?limit=10001",
            "sample?limit=0",
            "content",
            "cells/9/0",
        ] {
            ann.get(&format!("{result}/{wrong}")).await.problem(422, "invalid-request");
        }
        server.stop().await;
    });
}

#[tokio::test]
async fn bytes_are_sent_by_range_and_never_run() {
    let world = World::sqlite().await;
    let server = world.serve().await;
    let ann = server.as_user("ann");
    let (project, conversation) = conversation(&ann).await;
    let id = write_bytes(&server, &project, &conversation, b"<script>0123456789</script>").await;
    let content = format!("/api/results/{id}/content");
    let whole = ann.get(&content).await;
    assert_eq!(whole.headers["content-type"], "application/octet-stream");
    assert!(whole.headers["content-disposition"].to_str().unwrap().starts_with("attachment"));
    assert_eq!(whole.headers["content-length"], "27");
    let part = ann.send(ann.request(reqwest::Method::GET, &content).header("range", "bytes=8-17")).await;
    assert_eq!((part.status.as_u16(), part.text.as_str()), (206, "0123456789"));
    assert_eq!(part.headers["content-range"], "bytes 8-17/27");
    let past = ann.send(ann.request(reqwest::Method::GET, &content).header("range", "bytes=99-")).await;
    past.problem(416, "range-not-satisfiable");
    ann.get(&format!("/api/results/{id}/rows")).await.problem(422, "invalid-request");
    server.stop().await;
}

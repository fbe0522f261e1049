//! The list of statements in `conformance.sqltest`, run in order in one workspace.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::harness::Lab;

/// Statements that the list has at least, and of them must run as in Databricks.
const LEAST_CASES: usize = 120;
const LEAST_RUNNING: usize = 110;

#[derive(Debug)]
struct Case {
    line: usize,
    statement: String,
    expect: String,
    known: Option<String>,
}

/// Reads the list; its head says how it is written.
fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    let mut statement = String::new();
    for (index, line) in include_str!("conformance.sqltest").lines().enumerate() {
        if let Some(expect) = line.strip_prefix("=> ") {
            let statement = std::mem::take(&mut statement);
            assert!(!statement.is_empty(), "line {}: an expectation without a statement", index + 1);
            cases.push(Case { line: index + 1, statement, expect: expect.to_owned(), known: None });
        } else if let Some(reason) = line.strip_prefix("known: ") {
            cases.last_mut().expect("a case before its mark").known = Some(reason.to_owned());
        } else if !line.starts_with("# ") && line != "#" && !line.trim().is_empty() {
            if !statement.is_empty() {
                statement.push('\n');
            }
            statement.push_str(line);
        }
    }
    cases
}

/// What a statement gave, in the words of the list.
async fn run(lab: &Lab, statement: &str) -> (String, Value) {
    let answer = lab.submit(statement, json!({})).await;
    match answer["status"]["state"].as_str().unwrap() {
        "SUCCEEDED" => {
            let rows = answer["result"].get("data_array").cloned().unwrap_or_else(|| json!([]));
            (rows.to_string(), answer)
        }
        "FAILED" => {
            let message = answer["status"]["error"]["message"].as_str().unwrap();
            let class = message.split(['[', ']']).nth(1).unwrap_or_default();
            (format!("error {class}"), answer)
        }
        other => (other.to_owned(), answer),
    }
}

fn agrees(expect: &str, got: &str) -> bool {
    match expect {
        "ok" => got.starts_with('['),
        _ if expect.starts_with('[') => {
            let expect: Value = serde_json::from_str(expect).unwrap_or_else(|e| panic!("{expect}: {e}"));
            serde_json::from_str(got).is_ok_and(|got: Value| got == expect)
        }
        _ => expect == got,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn statements_mean_what_they_mean_in_databricks() {
    let lab = Lab::start().await;
    let cases = cases();
    let (mut running, mut wrong) = (0, String::new());
    for case in &cases {
        let (got, answer) = run(&lab, &case.statement).await;
        match (agrees(&case.expect, &got), &case.known) {
            (true, None) => running += 1,
            (false, Some(_)) => {}
            (true, Some(reason)) => {
                let _ =
                    writeln!(wrong, "line {}: works now, remove its mark ({reason}): {}", case.line, case.statement);
            }
            (false, None) => {
                let message = answer["status"]["error"]["message"].as_str().unwrap_or_default();
                let _ = writeln!(
                    wrong,
                    "line {}: {}\n  expected {}\n  got      {got} {message}",
                    case.line, case.statement, case.expect
                );
            }
        }
    }
    println!("conformance: {running} of {} statements run as in Databricks", cases.len());
    assert!(wrong.is_empty(), "\n{wrong}");
    assert!(cases.len() >= LEAST_CASES && running >= LEAST_RUNNING, "{running} of {}", cases.len());
    lab.stop().await;
}

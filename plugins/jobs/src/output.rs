//! get_run_output: what every task of a run left.

use bricklayer_databricks::show::{end_of, link};
use bricklayer_sdk::{Errand, Failure, Kind, Method, Platform, Request, api_failure};
use serde::Deserialize;
use serde_json::Value;

use crate::show::headline;
use crate::types;
use crate::wire::{self, JOBS, Task};

/// Tasks whose outputs one call fetches.
const MAX_TASKS: usize = 50;

/// Outputs that are fetched at once.
const AHEAD: usize = 4;

/// Characters of one text of an output: results and errors their head, logs and traces their end. The workspace gives up
/// to five megabytes.
const KEPT_CHARS: usize = 20_000;

/// Characters of these in the text for the model.
const SHOWN_CHARS: usize = 3_000;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Output {
    notebook_output: Option<NotebookOutput>,
    sql_output: Option<Value>,
    run_job_output: Option<Value>,
    logs: Option<String>,
    logs_truncated: bool,
    error: Option<String>,
    error_trace: Option<String>,
    info: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct NotebookOutput {
    result: Option<String>,
    truncated: bool,
}

/// Fetches the outputs of a run's tasks.
///
/// # Errors
/// No such run or task, or a workspace that cannot be asked.
pub(crate) fn get(platform: &impl Platform, request: types::GetRunOutputRequest) -> Result<types::RunOutput, Failure> {
    let run = wire::run(platform, request.run_id)?;
    let keys = request.task_keys.unwrap_or_default();
    let all = run.newest();
    if let Some(unknown) = keys.iter().find(|key| !all.iter().any(|task| task.task_key == **key)) {
        let known: Vec<&str> = all.iter().map(|task| task.task_key.as_str()).collect();
        let said = format!("the run has no task '{unknown}'; it has {}", known.join(", "));
        return Err(Failure::invalid("task_keys", said));
    }
    let mut wanted: Vec<&Task> =
        all.into_iter().filter(|task| keys.is_empty() || keys.contains(&task.task_key)).collect();
    // What failed is what is asked about.
    wanted.sort_by_key(|task| !task.state.failed());
    let not_fetched: Vec<String> = wanted.iter().skip(MAX_TASKS).map(|task| task.task_key.clone()).collect();
    wanted.truncate(MAX_TASKS);
    let outputs = fetch(platform, &wanted)?;
    let mut text = format!("{}.", headline(&run));
    for (task, output) in wanted.iter().zip(&outputs) {
        text.push_str(&section(task, output));
    }
    if !not_fetched.is_empty() {
        text.push_str(&format!("\n\nNot fetched: {}. Name them in task_keys.", not_fetched.join(", ")));
    }
    Ok(types::RunOutput { text, outputs, not_fetched })
}

fn fetch(platform: &impl Platform, tasks: &[&Task]) -> Result<Vec<types::TaskOutput>, Failure> {
    let mut errands = tasks.iter().map(|task| {
        let path = format!("{JOBS}/runs/get-output?run_id={}", task.run_id);
        Errand::Send(Request { method: Method::Get, path, body: None })
    });
    let mut outputs = Vec::with_capacity(tasks.len());
    let mut failed = None;
    platform.run_each(&mut errands, AHEAD, &mut |answer| {
        let Some(task) = tasks.get(outputs.len()) else { return false };
        let read = answer.map_err(Failure::from).and_then(|response| {
            if response.is_success() {
                serde_json::from_slice::<Output>(&response.body).map_err(|e| {
                    Failure::new(Kind::Upstream, format!("the output of a task has an unknown shape: {e}"))
                })
            } else {
                Err(api_failure(&response))
            }
        });
        match read {
            Ok(output) => outputs.push(typed(task, output)),
            // One task's output that cannot be had keeps nobody from the others'.
            Err(failure) if failure.kind != Kind::Unauthenticated => {
                let error = Some(format!("the output cannot be read: {}", failure.message));
                outputs.push(typed(task, Output { error, ..Output::default() }));
            }
            Err(failure) => failed = Some(failure),
        }
        failed.is_none()
    });
    failed.map_or(Ok(outputs), Err)
}

fn typed(task: &Task, output: Output) -> types::TaskOutput {
    let mut truncated = output.logs_truncated;
    let mut head = |text: String| {
        let cut = bricklayer_sdk::cut_text(&text, KEPT_CHARS);
        truncated |= cut.len() != text.len();
        cut
    };
    let notebook = output.notebook_output.unwrap_or_default();
    let ran = output.run_job_output.as_ref().and_then(|it| it.get("run_id")).map(|id| format!("run_id {id}"));
    let notebook_result = notebook.result.or(ran).map(&mut head);
    let error = output.error.or(output.info).filter(|text| !text.is_empty()).map(&mut head);
    let end = |text: String| end_of(&text, KEPT_CHARS);
    let statements = output.sql_output.as_ref().and_then(|it| it.pointer("/query_output/sql_statements"));
    let statements = statements.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    types::TaskOutput {
        task_key: task.task_key.clone(),
        run_id: task.run_id,
        result: task.state.result_state.clone(),
        notebook_result,
        logs: output.logs.filter(|text| !text.is_empty()).map(end),
        statement_ids: statements
            .iter()
            .filter_map(|statement| statement.get("lookup_key")?.as_str().map(str::to_owned))
            .collect(),
        error,
        error_trace: output.error_trace.filter(|text| !text.is_empty()).map(end),
        truncated: truncated || notebook.truncated,
    }
}

fn section(task: &Task, output: &types::TaskOutput) -> String {
    let words = format!("{}: {}", task.task_key, task.state.word());
    let mut text = format!("\n\n### {}", link(&words, task.run_page_url.as_deref()));
    if let Some(result) = &output.notebook_result {
        text.push_str(&format!("\nResult: {}", bricklayer_sdk::cut_text(result, SHOWN_CHARS)));
    }
    if !output.statement_ids.is_empty() {
        text.push_str(&format!("\nStatements, for get_statement: {}", output.statement_ids.join(", ")));
    }
    if let Some(error) = &output.error {
        text.push_str(&format!("\nError: {}", bricklayer_sdk::cut_text(error, SHOWN_CHARS)));
    }
    for (what, kept) in [("Trace", &output.error_trace), ("Printed", &output.logs)] {
        if let Some(kept) = kept {
            text.push_str(&format!("\n{what}:\n```\n{}\n```", end_of(kept, SHOWN_CHARS)));
        }
    }
    if output.truncated {
        text.push_str("\n(cut; the whole is at the link)");
    }
    text
}

#[cfg(test)]
mod tests {
    use bricklayer_sdk::testing::Script;

    use super::*;

    const RUN: &str = r#"{"run_id":7,"state":{"life_cycle_state":"INTERNAL_ERROR","result_state":"FAILED"},"tasks":[
        {"run_id":70,"task_key":"a","state":{"life_cycle_state":"TERMINATED","result_state":"SUCCESS"}},
        {"run_id":71,"task_key":"b","attempt_number":0,"state":{"life_cycle_state":"TERMINATED","result_state":"FAILED"}},
        {"run_id":72,"task_key":"b","attempt_number":1,"state":{"life_cycle_state":"TERMINATED","result_state":"FAILED"}}]}"#;
    const GET: &str = "GET /api/2.2/jobs/runs/get?run_id=7";

    fn request(keys: &[&str]) -> types::GetRunOutputRequest {
        let task_keys = (!keys.is_empty()).then(|| keys.iter().map(|key| (*key).to_owned()).collect());
        types::GetRunOutputRequest { run_id: 7, task_keys }
    }

    #[test]
    fn every_tasks_newest_attempt_is_told_failed_ones_first() {
        let failed = format!(
            r#"{{"error":"ValueError: boom","error_trace":"{}boom","logs":"printed"}}"#,
            "x".repeat(KEPT_CHARS)
        );
        let sql = r#"{"sql_output":{"query_output":{"sql_statements":[{"lookup_key":"s1"}]}},"notebook_output":{"result":"42"}}"#;
        let script = Script::new()
            .on(GET, 200, RUN)
            .on("GET /api/2.2/jobs/runs/get-output?run_id=72", 200, &failed)
            .on("GET /api/2.2/jobs/runs/get-output?run_id=70", 200, sql);
        let found = get(&script, request(&[])).unwrap();
        script.done();
        let keys: Vec<_> = found.outputs.iter().map(|output| output.task_key.as_str()).collect();
        assert_eq!(keys, ["b", "a"]);
        assert!(found.outputs[0].error_trace.as_ref().unwrap().ends_with("xboom"));
        assert_eq!(
            (found.outputs[1].statement_ids.as_slice(), found.outputs[1].notebook_result.as_deref()),
            (["s1".to_owned()].as_slice(), Some("42"))
        );
        assert!(
            found.text.contains("Error: ValueError: boom") && found.text.contains("Printed:\n```\nprinted"),
            "{}",
            found.text
        );
    }

    #[test]
    fn one_output_that_cannot_be_had_is_said_with_the_others() {
        let script = Script::new().on(GET, 200, RUN).on("GET /api/2.2/jobs/runs/get-output?run_id=72", 500, "{}").on(
            "GET /api/2.2/jobs/runs/get-output?run_id=70",
            200,
            "{}",
        );
        let found = get(&script, request(&[])).unwrap();
        assert!(found.outputs[0].error.as_ref().unwrap().contains("cannot be read"), "{found:?}");
        let failure = get(&Script::new().on(GET, 200, RUN), request(&["c"])).unwrap_err();
        assert!(failure.message.starts_with("task_keys: the run has no task 'c'; it has a, b"), "{}", failure.message);
    }
}

//! run_job, submit_run, get_run, wait_for_run, cancel_run, repair_run and list_runs.

use std::collections::BTreeSet;

use bricklayer_databricks::arguments::{self, json, limit, wait_seconds};
use bricklayer_databricks::near::nearest;
use bricklayer_databricks::work::{self, Look};
use bricklayer_sdk::{Failure, Platform, StepState, Workspace};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::run::{RunWork, bring};
use crate::settings::check_tasks;
use crate::show;
use crate::types;
use crate::wire::{self, JOBS, Job, RUNS_PAGE, Run, of_run};

/// How long wait_for_run waits when the caller names no time, in seconds.
const DEFAULT_WAIT_SECONDS: u32 = 300;

/// Runs listed when the caller names no number, and at most.
const DEFAULT_LISTED: u32 = 25;
const MAX_LISTED: u32 = 500;

/// Characters of a token; the service's bound.
const MAX_TOKEN_CHARS: usize = 64;

/// Runs a job.
///
/// # Errors
/// Arguments that do not fit the job, no such job, a run that failed.
pub(crate) fn run_job(platform: &impl Platform, request: types::RunJobRequest) -> Result<types::Run, Failure> {
    let wait = wait_seconds(request.wait_seconds, 0)?;
    let token = token(request.idempotency_token)?;
    let parameters = values(request.parameters, "parameters")?;
    let notebook = values(request.notebook_params, "notebook_params")?;
    if !parameters.is_empty() && !notebook.is_empty() {
        return Err(Failure::invalid("notebook_params", "cannot be given together with parameters"));
    }
    let only = request.only.unwrap_or_default();
    if !parameters.is_empty() || !notebook.is_empty() || !only.is_empty() {
        check_against(&wire::job(platform, request.job_id)?, &parameters, &notebook, &only)?;
    }
    let mut body = object([("job_id", json!(request.job_id))]);
    for (field, map) in [("job_parameters", parameters), ("notebook_params", notebook)] {
        if !map.is_empty() {
            body.insert(field.to_owned(), Value::Object(map));
        }
    }
    if !only.is_empty() {
        body.insert("only".to_owned(), json!(only));
    }
    bring(platform, RunWork::start(platform, "run-now", body, token), wait)
}

/// Runs tasks once.
///
/// # Errors
/// Tasks that the workspace would refuse, a run that failed.
pub(crate) fn submit(platform: &impl Platform, request: types::SubmitRunRequest) -> Result<types::Run, Failure> {
    let wait = wait_seconds(request.wait_seconds, 0)?;
    let token = token(request.idempotency_token)?;
    let mut body = match &request.settings {
        Some(settings) => arguments::object(settings, "settings")?,
        None => Map::new(),
    };
    let tasks = json(&request.tasks, "tasks")?;
    check_tasks(&tasks, "tasks", Some(&body))?;
    if tasks.as_array().is_none_or(Vec::is_empty) {
        return Err(Failure::invalid("tasks", "must hold at least one task"));
    }
    body.insert("tasks".to_owned(), tasks);
    if let Some(name) = request.run_name.filter(|name| !name.trim().is_empty()) {
        body.insert("run_name".to_owned(), json!(name));
    }
    bring(platform, RunWork::start(platform, "runs/submit", body, token), wait)
}

/// Reads a run.
///
/// # Errors
/// No such run, or a workspace that cannot be asked.
pub(crate) fn get(platform: &impl Platform, request: types::GetRunRequest) -> Result<types::Run, Failure> {
    let run = wire::run(platform, request.run_id)?;
    Ok(shown(&run))
}

fn shown(run: &Run) -> types::Run {
    let message = run.state.state_message.as_deref().filter(|message| !message.is_empty());
    let message = message.map(|message| format!(" {message}")).unwrap_or_default();
    let next = if run.state.failed() {
        "\n\nget_run_output fetches what its tasks said."
    } else if run.state.has_ended() {
        ""
    } else {
        "\n\nIt goes on: wait_for_run waits for its end."
    };
    show::run(run, format!("{}.{message}\n\n{}{next}", show::headline(run), show::tasks(run)))
}

/// Waits for a run.
///
/// # Errors
/// No such run, or one that failed.
pub(crate) fn wait(platform: &impl Platform, request: types::WaitForRunRequest) -> Result<types::Run, Failure> {
    let wait = wait_seconds(request.wait_seconds, DEFAULT_WAIT_SECONDS)?;
    bring(platform, RunWork::watch(request.run_id), wait)
}

/// Ends a run.
///
/// # Errors
/// No such run, or a workspace that does not answer.
pub(crate) fn cancel(platform: &impl Platform, request: types::CancelRunRequest) -> Result<types::Run, Failure> {
    let before = wire::run(platform, request.run_id)?;
    if before.state.has_ended() {
        let text = format!("{}. It had ended already; nothing was changed.", show::headline(&before));
        return Ok(show::run(&before, text));
    }
    let id = request.run_id.to_string();
    let run = match work::cancel(&RunWork::watch(request.run_id), platform, &id).map_err(of_run)? {
        Look::Ended(run) => run,
        Look::Going(()) => wire::run(platform, request.run_id)?,
    };
    let said = if run.state.has_ended() { "" } else { " The workspace is ending it; get_run tells when it has." };
    Ok(show::run(&run, format!("{}.{said}\n\n{}", show::headline(&run), show::tasks(&run))))
}

/// Runs tasks of a run again.
///
/// # Errors
/// No such run or task, a run that goes on, a repair that failed.
pub(crate) fn repair(platform: &impl Platform, request: types::RepairRunRequest) -> Result<types::Run, Failure> {
    let wait = wait_seconds(request.wait_seconds, 0)?;
    let parameters = values(request.parameters, "parameters")?;
    let run = wire::run(platform, request.run_id)?;
    if !run.state.has_ended() {
        return Err(Failure::invalid("run_id", "this run goes on; only one that has ended can be repaired")
            .advise("Wait for it with wait_for_run, or end it with cancel_run."));
    }
    let keys = request.task_keys.unwrap_or_default();
    for key in &keys {
        if !run.tasks.iter().any(|task| task.task_key == *key) {
            let known: BTreeSet<&str> = run.tasks.iter().map(|task| task.task_key.as_str()).collect();
            let known: Vec<&str> = known.into_iter().collect();
            return Err(Failure::invalid(
                "task_keys",
                format!("the run has no task '{key}'; it has {}", known.join(", ")),
            ));
        }
    }
    if keys.is_empty() && run.state.result_state.as_deref() == Some("SUCCESS") {
        return Err(Failure::invalid("run_id", "every task of this run succeeded: there is nothing to repair")
            .advise("Name task_keys to run tasks again all the same."));
    }
    let dependents = request.with_dependents.unwrap_or(true);
    let mut body = object([("run_id", json!(request.run_id)), ("rerun_dependent_tasks", json!(dependents))]);
    if keys.is_empty() {
        body.insert("rerun_all_failed_tasks".to_owned(), json!(true));
    } else {
        body.insert("rerun_tasks".to_owned(), json!(keys));
    }
    if let Some(latest) = run.repair_history.iter().rev().find_map(|repair| repair.id) {
        body.insert("latest_repair_id".to_owned(), json!(latest));
    }
    if !parameters.is_empty() {
        body.insert("job_parameters".to_owned(), Value::Object(parameters));
    }
    bring(platform, RunWork::repair(request.run_id, body), wait)
}

#[derive(Debug, Deserialize)]
struct RunsPage {
    #[serde(default)]
    runs: Vec<Run>,
    #[serde(default)]
    next_page_token: Option<String>,
}

/// Lists runs.
///
/// # Errors
/// A bad limit, or a workspace that cannot be asked.
pub(crate) fn list(platform: &impl Platform, request: types::ListRunsRequest) -> Result<types::RunList, Failure> {
    let limit = limit(request.limit, DEFAULT_LISTED, MAX_LISTED)?;
    if request.active_only == Some(true) {
        for (name, value) in [("completed_only", request.completed_only), ("failed_only", request.failed_only)] {
            if value == Some(true) {
                return Err(Failure::invalid(name, "cannot be set together with active_only"));
            }
        }
    }
    let (runs, complete) = runs(platform, &request, limit)?;
    let text = if runs.is_empty() {
        "No run fits.".to_owned()
    } else {
        let said = if complete { "all that fit" } else { "there are more: raise limit or narrow it down" };
        format!("{}\n\n({} runs; {said})", show::run_table(&runs), runs.len())
    };
    Ok(types::RunList { text, runs: runs.iter().map(show::summary).collect(), complete })
}

/// Runs that fit, newest first, and whether there are no others.
pub(crate) fn runs(
    platform: &impl Platform,
    request: &types::ListRunsRequest,
    limit: usize,
) -> Result<(Vec<Run>, bool), Failure> {
    let mut query = vec![("limit", RUNS_PAGE.to_owned())];
    for (name, value) in [
        ("job_id", request.job_id),
        ("start_time_from", request.started_from_ms),
        ("start_time_to", request.started_to_ms),
    ] {
        query.extend(value.map(|value| (name, value.to_string())));
    }
    let failed_only = request.failed_only == Some(true);
    let completed_only = if failed_only { Some(true) } else { request.completed_only };
    for (name, value) in [("active_only", request.active_only), ("completed_only", completed_only)] {
        query.extend(value.filter(|value| *value).map(|value| (name, value.to_string())));
    }
    let mut found: Vec<Run> = Vec::new();
    let mut token = String::new();
    // Each page has at least one run or is the last; the bound holds against a workspace whose token never ends.
    for _ in 0..=limit {
        let mut query: Vec<(&str, &str)> = query.iter().map(|(name, value)| (*name, value.as_str())).collect();
        if !token.is_empty() {
            query.push(("page_token", &token));
        }
        let page: RunsPage = Workspace::new(platform).get(&format!("{JOBS}/runs/list"), &query)?;
        found.extend(page.runs.into_iter().filter(|run| !failed_only || run.state.step() == StepState::Failed));
        token = page.next_page_token.unwrap_or_default();
        if found.len() > limit || token.is_empty() {
            break;
        }
    }
    let complete = token.is_empty() && found.len() <= limit;
    found.truncate(limit);
    Ok((found, complete))
}

fn token(given: Option<String>) -> Result<Option<String>, Failure> {
    match given.filter(|token| !token.is_empty()) {
        Some(token) if token.chars().count() > MAX_TOKEN_CHARS => {
            Err(Failure::invalid("idempotency_token", format!("has more than {MAX_TOKEN_CHARS} characters")))
        }
        token => Ok(token),
    }
}

/// An object of these fields.
fn object<const N: usize>(fields: [(&str, Value); N]) -> Map<String, Value> {
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Values by name, each name once.
fn values(given: Option<Vec<types::NamedValue>>, field: &str) -> Result<Map<String, Value>, Failure> {
    let mut values = Map::new();
    for (i, value) in given.unwrap_or_default().into_iter().enumerate() {
        let at = format!("{field}[{i}].name");
        if value.name.is_empty() {
            return Err(Failure::invalid(&at, "is empty"));
        }
        if values.contains_key(&value.name) {
            return Err(Failure::invalid(&at, format!("'{}' is given twice", value.name)));
        }
        values.insert(value.name, Value::String(value.value));
    }
    Ok(values)
}

/// Refuses names that the job does not have.
fn check_against(
    job: &Job,
    parameters: &Map<String, Value>,
    notebook: &Map<String, Value>,
    only: &[String],
) -> Result<(), Failure> {
    let names = |array: &str, field: &str| -> Vec<String> {
        let name = |item: &Value| item.get(field).and_then(Value::as_str).map(str::to_owned);
        job.items(array).iter().filter_map(name).collect()
    };
    let known = names("parameters", "name");
    if !notebook.is_empty() && !known.is_empty() {
        let said = format!("this job has parameters of its own, {}: give their values as parameters", known.join(", "));
        return Err(Failure::invalid("notebook_params", said));
    }
    if !parameters.is_empty() && known.is_empty() {
        let said = "this job has no parameters of its own; notebook_params reach its notebooks' widgets";
        return Err(Failure::invalid("parameters", said));
    }
    let tasks = names("tasks", "task_key");
    let keys: Vec<&str> = only.iter().map(|key| key.trim_matches('+')).collect();
    for (field, wanted, known) in
        [("parameters", parameters.keys().map(String::as_str).collect::<Vec<_>>(), &known), ("only", keys, &tasks)]
    {
        for name in wanted {
            if !known.iter().any(|known| known == name) {
                let near = nearest(name, known.clone());
                let near = near.first().map_or_else(|| ".".to_owned(), |near| format!("; did you mean '{near}'?"));
                let said = format!("the job has no '{name}'{near} It has: {}", known.join(", "));
                return Err(Failure::invalid(field, said));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use bricklayer_sdk::Kind;
    use bricklayer_sdk::testing::Script;

    use super::*;

    const GET_JOB: &str = "GET /api/2.2/jobs/get?job_id=1";

    fn request() -> types::RunJobRequest {
        types::RunJobRequest {
            job_id: 1,
            parameters: None,
            notebook_params: None,
            only: None,
            wait_seconds: None,
            idempotency_token: None,
        }
    }

    fn value(name: &str) -> Option<Vec<types::NamedValue>> {
        Some(vec![types::NamedValue { name: name.to_owned(), value: "1".to_owned() }])
    }

    #[test]
    fn parameters_are_checked_before_anything_starts() {
        let with =
            r#"{"job_id":1,"settings":{"parameters":[{"name":"day","default":"x"}],"tasks":[{"task_key":"load"}]}}"#;
        let without = r#"{"job_id":1,"settings":{}}"#;
        for (request, job, says) in [
            (
                types::RunJobRequest { parameters: value("days"), ..request() },
                with,
                "parameters: the job has no 'days'; did you mean 'day'?",
            ),
            (
                types::RunJobRequest { notebook_params: value("day"), ..request() },
                with,
                "notebook_params: this job has parameters of its own, day",
            ),
            (
                types::RunJobRequest { parameters: value("day"), ..request() },
                without,
                "parameters: this job has no parameters of its own",
            ),
            (
                types::RunJobRequest { only: Some(vec!["+lod".to_owned()]), ..request() },
                with,
                "only: the job has no 'lod'; did you mean 'load'?",
            ),
        ] {
            let script = Script::new().on(GET_JOB, 200, job);
            let failure = run_job(&script, request).unwrap_err();
            assert_eq!(failure.kind, Kind::InvalidInput);
            assert!(failure.message.starts_with(says), "{}", failure.message);
            script.done();
        }
        for (request, says) in [
            (types::RunJobRequest { wait_seconds: Some(601), ..request() }, "wait_seconds"),
            (types::RunJobRequest { idempotency_token: Some("x".repeat(65)), ..request() }, "idempotency_token"),
            (types::RunJobRequest { parameters: value(""), ..request() }, "parameters[0].name"),
            (
                types::RunJobRequest { parameters: value("a"), notebook_params: value("a"), ..request() },
                "notebook_params",
            ),
        ] {
            assert!(run_job(&Script::new(), request).unwrap_err().message.starts_with(says));
        }
    }

    #[test]
    fn runs_are_listed_over_pages() {
        let page = |from: u32, to: u32, next: &str| {
            let runs: Vec<String> = (from..to).map(|id| format!(r#"{{"run_id":{id},"run_name":"n","state":{{"life_cycle_state":"TERMINATED","result_state":"SUCCESS"}}}}"#)).collect();
            format!(r#"{{"runs":[{}]{next}}}"#, runs.join(","))
        };
        let first = "GET /api/2.2/jobs/runs/list?limit=25&job_id=7&active_only=true";
        let request = |limit| types::ListRunsRequest {
            job_id: Some(7),
            active_only: Some(true),
            completed_only: None,
            failed_only: None,
            started_from_ms: None,
            started_to_ms: None,
            limit: Some(limit),
        };
        let script = Script::new().on(first, 200, &page(0, 25, r#","next_page_token":"t""#)).on(
            &format!("{first}&page_token=t"),
            200,
            &page(25, 30, ""),
        );
        let listed = list(&script, request(100)).unwrap();
        assert_eq!((listed.runs.len(), listed.complete), (30, true));
        let script = Script::new().on(first, 200, &page(0, 25, r#","next_page_token":"t""#));
        let listed = list(&script, request(10)).unwrap();
        assert_eq!((listed.runs.len(), listed.complete), (10, false));
        assert!(listed.text.contains("there are more"), "{}", listed.text);
        let failed = types::ListRunsRequest { active_only: None, failed_only: Some(true), ..request(5) };
        let mixed = r#"{"runs":[{"run_id":1,"state":{"life_cycle_state":"TERMINATED","result_state":"SUCCESS"}},{"run_id":2,"state":{"life_cycle_state":"TERMINATED","result_state":"FAILED"}}]}"#;
        let script = Script::new().on("GET /api/2.2/jobs/runs/list?limit=25&job_id=7&completed_only=true", 200, mixed);
        let listed = list(&script, failed).unwrap();
        assert_eq!((listed.runs.iter().map(|run| run.run_id).collect::<Vec<_>>(), listed.complete), (vec![2], true));
        let both = types::ListRunsRequest { failed_only: Some(true), ..request(5) };
        assert!(list(&Script::new(), both).unwrap_err().message.starts_with("failed_only: "));
        assert!(list(&Script::new(), request(501)).unwrap_err().message.starts_with("limit: must be 1 to 500"));
    }
}

//! Jobs and runs in words.

use bricklayer_databricks::show::{link, moment, workspace_link};
use bricklayer_sdk::{Platform, cut_text};

use crate::types;
use crate::wire::{Run, Task};

/// Characters of a message in a table.
const MESSAGE_CHARS: usize = 300;

/// Where a person sees a job.
pub(crate) fn job_link(platform: &impl Platform, id: u64) -> Option<String> {
    workspace_link(platform, &format!("/jobs/{id}"))
}

/// One line about where a run stands, with its link.
pub(crate) fn headline(run: &Run) -> String {
    let named = if run.run_name.is_empty() { String::new() } else { format!(" ({})", run.run_name) };
    let took = run.seconds().map(|seconds| format!(" after {seconds} s")).unwrap_or_default();
    let took = if run.state.has_ended() { took } else { String::new() };
    let words = format!("Run {}{named}", run.run_id);
    format!("{}: {}{took}", link(&words, run.run_page_url.as_deref()), run.state.word())
}

/// A table of the newest attempt at each task.
pub(crate) fn tasks(run: &Run) -> String {
    let rows: Vec<Vec<Option<String>>> = run
        .newest()
        .into_iter()
        .map(|task| {
            let message = task.state.state_message.as_deref().filter(|text| !text.is_empty());
            vec![
                Some(task.task_key.clone()),
                Some(task.state.word().to_owned()),
                Some(task.run_id.to_string()),
                message.map(|text| cut_text(text, MESSAGE_CHARS)),
            ]
        })
        .collect();
    if rows.is_empty() {
        return "It has no tasks.".to_owned();
    }
    bricklayer_sdk::Table::render(&["task", "state", "run_id", "message"], &rows, bricklayer_sdk::Cut::default()).text
}

/// How far a run is, task by task, in one line.
pub(crate) fn progress(run: &Run) -> String {
    let tasks = run.newest();
    let ended = tasks.iter().filter(|task| task.state.has_ended()).count();
    let going: Vec<&str> = tasks
        .iter()
        .filter(|task| matches!(task.state.life_cycle_state.as_str(), "RUNNING" | "PENDING" | "TERMINATING"))
        .map(|task| task.task_key.as_str())
        .collect();
    let failed: Vec<&str> =
        tasks.iter().filter(|task| task.state.failed()).map(|task| task.task_key.as_str()).collect();
    let mut line = format!("Run {}: {ended} of {} tasks ended", run.state.life_cycle_state.to_lowercase(), tasks.len());
    for (word, keys) in [("running", going), ("failed", failed)] {
        if !keys.is_empty() {
            line.push_str(&format!("; {word}: {}", keys.join(", ")));
        }
    }
    line
}

/// A run as its type has it.
pub(crate) fn run(run: &Run, text: String) -> types::Run {
    types::Run {
        text,
        run_id: run.run_id,
        job_id: run.job(),
        name: run.run_name.clone(),
        state: run.state.life_cycle_state.clone(),
        result: run.state.result_state.clone(),
        ended: run.state.has_ended(),
        tasks: run.newest().into_iter().map(task).collect(),
        link: run.run_page_url.clone(),
    }
}

fn task(task: &Task) -> types::TaskState {
    types::TaskState {
        task_key: task.task_key.clone(),
        run_id: task.run_id,
        attempt: task.attempt_number,
        state: task.state.life_cycle_state.clone(),
        result: task.state.result_state.clone(),
        message: task.state.state_message.clone().filter(|text| !text.is_empty()),
        depends_on: task.depends_on.iter().map(|on| on.task_key.clone()).collect(),
        link: task.run_page_url.clone(),
    }
}

/// A run in a list.
pub(crate) fn summary(run: &Run) -> types::RunSummary {
    types::RunSummary {
        run_id: run.run_id,
        job_id: run.job(),
        name: run.run_name.clone(),
        state: run.state.life_cycle_state.clone(),
        result: run.state.result_state.clone(),
        started_ms: run.start_time,
        seconds: run.seconds(),
        link: run.run_page_url.clone(),
    }
}

/// Runs as a table.
pub(crate) fn run_table(runs: &[Run]) -> String {
    let rows: Vec<Vec<Option<String>>> = runs
        .iter()
        .map(|run| {
            vec![
                Some(link(&run.run_id.to_string(), run.run_page_url.as_deref())),
                run.job().map(|id| id.to_string()),
                Some(run.run_name.clone()),
                Some(run.state.word().to_owned()),
                run.start_time.map(moment),
                run.seconds().map(|seconds| seconds.to_string()),
            ]
        })
        .collect();
    let columns = ["run", "job", "name", "state", "began (UTC)", "seconds"];
    bricklayer_sdk::Table::render(&columns, &rows, bricklayer_sdk::Cut::default()).text
}

//! Runs and tasks as the API gives them.

use serde::Serialize;
use serde_json::{Value, json};

use crate::jobs::{
    model::{Code, CodeType, LifeCycle, Output, ResultState, Run, State, TaskRun},
    settings::Document,
};

/// The older form of a state.
#[derive(Debug, Serialize)]
pub(crate) struct StateView {
    life_cycle_state: LifeCycle,
    #[serde(skip_serializing_if = "Option::is_none")]
    result_state: Option<ResultState>,
    state_message: String,
    user_cancelled_or_timedout: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    queue_reason: Option<&'static str>,
}

/// The newer form.
#[derive(Debug, Serialize)]
pub(crate) struct StatusView {
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    termination_details: Option<Termination>,
    #[serde(skip_serializing_if = "Option::is_none")]
    queue_details: Option<Queue>,
}

#[derive(Debug, Serialize)]
struct Termination {
    code: Code,
    #[serde(rename = "type")]
    kind: CodeType,
    message: String,
}

#[derive(Debug, Serialize)]
struct Queue {
    code: &'static str,
    message: &'static str,
}

const QUEUE_REASON: &str = "Queued due to reaching the maximum of concurrent runs of the job.";

fn state(state: &State) -> StateView {
    StateView {
        life_cycle_state: state.life,
        result_state: state.result,
        state_message: state.message.clone(),
        user_cancelled_or_timedout: matches!(state.result, Some(ResultState::Canceled | ResultState::Timedout)),
        queue_reason: (state.life == LifeCycle::Queued).then_some(QUEUE_REASON),
    }
}

fn status(state: &State) -> StatusView {
    let word = match state.life {
        LifeCycle::Queued => "QUEUED",
        LifeCycle::Pending => "PENDING",
        LifeCycle::Blocked => "BLOCKED",
        LifeCycle::Running => "RUNNING",
        LifeCycle::WaitingForRetry => "WAITING",
        LifeCycle::Terminating => "TERMINATING",
        LifeCycle::Terminated | LifeCycle::Skipped | LifeCycle::InternalError => "TERMINATED",
    };
    let code = state.result.and(state.code);
    StatusView {
        state: word,
        termination_details: code.map(|code| Termination { code, kind: code.kind(), message: state.message.clone() }),
        queue_details: (state.life == LifeCycle::Queued)
            .then_some(Queue { code: "MAX_CONCURRENT_RUNS_REACHED", message: QUEUE_REASON }),
    }
}

/// Where a person looks at a run.
pub(crate) struct Links<'a> {
    pub(crate) origin: &'a str,
    pub(crate) workspace_id: u64,
}

impl Links<'_> {
    fn run(&self, job: i64, run: i64) -> String {
        format!("{}/?o={}#job/{job}/run/{run}", self.origin, self.workspace_id)
    }
}

/// A run as the API gives it.
#[derive(Debug, Serialize)]
pub(crate) struct RunView {
    run_id: i64,
    job_id: i64,
    number_in_job: i64,
    original_attempt_run_id: i64,
    /// Of a task's run.
    #[serde(skip_serializing_if = "Option::is_none")]
    job_run_id: Option<i64>,
    attempt_number: i64,
    run_name: String,
    run_type: &'static str,
    trigger: crate::jobs::model::Trigger,
    creator_user_name: String,
    run_as_user_name: String,
    start_time: i64,
    #[serde(flatten)]
    times: Times,
    state: StateView,
    status: StatusView,
    run_page_url: String,
    format: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    schedule: Option<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    job_parameters: Vec<ParameterView>,
    #[serde(skip_serializing_if = "Document::is_empty")]
    overriding_parameters: Document,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) tasks: Vec<Document>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) iterations: Vec<Document>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    repair_history: Vec<RepairView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) has_more: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next_page_token: Option<String>,
}

#[derive(Debug, Serialize)]
struct Times {
    #[serde(skip_serializing_if = "Option::is_none")]
    end_time: Option<i64>,
    setup_duration: i64,
    execution_duration: i64,
    cleanup_duration: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    run_duration: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    queue_duration: Option<i64>,
}

#[derive(Debug, Serialize)]
struct ParameterView {
    name: String,
    default: String,
    value: String,
}

#[derive(Debug, Serialize)]
struct RepairView {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<i64>,
    start_time: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_time: Option<i64>,
    state: StateView,
    status: StatusView,
    task_run_ids: Vec<i64>,
}

/// A run with the attempts at its tasks, oldest first.
pub(crate) fn run(run: &Run, tasks: &[TaskRun], links: &Links<'_>) -> RunView {
    let settings = run.settings.get("parameters").and_then(Value::as_array);
    let default = |name: &str| {
        let declared = settings?.iter().find(|it| it.get("name").and_then(Value::as_str) == Some(name))?;
        declared.get("default").and_then(Value::as_str).map(str::to_owned)
    };
    let parameters = run.parameters.iter().map(|(name, value)| ParameterView {
        name: name.clone(),
        default: default(name).unwrap_or_default(),
        value: value.clone(),
    });
    let queued = run.began_at.map(|began| began - run.started_at);
    RunView {
        run_id: run.id,
        job_id: run.job_id,
        number_in_job: run.number_in_job,
        original_attempt_run_id: run.id,
        job_run_id: None,
        attempt_number: 0,
        run_name: run.name.clone(),
        run_type: run.kind.name(),
        trigger: run.trigger,
        creator_user_name: run.creator.clone(),
        run_as_user_name: run.run_as.clone(),
        start_time: run.started_at,
        times: Times { queue_duration: queued, ..times(Some(run.started_at), run.ended_at) },
        state: state(&run.state),
        status: status(&run.state),
        run_page_url: links.run(run.job_id, run.id),
        format: "MULTI_TASK",
        schedule: run.settings.get("schedule").cloned(),
        job_parameters: parameters.collect(),
        overriding_parameters: run.overriding.clone(),
        tasks: tasks.iter().map(|attempt| task(run, attempt, links)).collect(),
        iterations: Vec::new(),
        repair_history: repairs(run, tasks),
        has_more: None,
        next_page_token: None,
    }
}

fn times(started: Option<i64>, ended: Option<i64>) -> Times {
    let took = started.zip(ended).map(|(from, to)| to - from);
    Times {
        end_time: ended,
        setup_duration: 0,
        execution_duration: took.unwrap_or(0),
        cleanup_duration: 0,
        run_duration: took,
        queue_duration: None,
    }
}

/// The run as it was first, and each repair; nothing for one that was never repaired.
fn repairs(run: &Run, tasks: &[TaskRun]) -> Vec<RepairView> {
    let Some(first) = run.repairs.first() else { return Vec::new() };
    let repaired = |id: &i64| run.repairs.iter().any(|repair| repair.task_run_ids.contains(id));
    let original = RepairView {
        kind: "ORIGINAL",
        id: None,
        start_time: run.started_at,
        end_time: Some(first.before_ended_at),
        state: state(&first.before),
        status: status(&first.before),
        task_run_ids: tasks.iter().map(|attempt| attempt.id).filter(|id| !repaired(id)).collect(),
    };
    let repairs = run.repairs.iter().map(|repair| RepairView {
        kind: "REPAIR",
        id: Some(repair.id),
        start_time: repair.started_at,
        end_time: repair.ended_at,
        state: state(&repair.state),
        status: status(&repair.state),
        task_run_ids: repair.task_run_ids.clone(),
    });
    std::iter::once(original).chain(repairs).collect()
}

/// What a run adds to a task's settings.
#[derive(Debug, Serialize)]
struct TaskView {
    run_id: i64,
    attempt_number: i64,
    start_time: i64,
    #[serde(flatten)]
    times: Times,
    state: StateView,
    status: StatusView,
    run_page_url: String,
}

/// An attempt at a task: its settings, and where it stands.
pub(crate) fn task(run: &Run, attempt: &TaskRun, links: &Links<'_>) -> Document {
    let mut view = attempt.resolved.clone().unwrap_or_else(|| attempt.task.clone());
    let added = TaskView {
        run_id: attempt.id,
        attempt_number: attempt.attempt,
        start_time: attempt.started_at.unwrap_or(attempt.created_at),
        times: times(attempt.started_at, attempt.ended_at),
        state: state(&attempt.state),
        status: status(&attempt.state),
        run_page_url: links.run(run.job_id, attempt.id),
    };
    if let Ok(Value::Object(added)) = serde_json::to_value(added) {
        view.extend(added);
    }
    let mut tell = |kind: &str, field: &str, value: Option<Value>| {
        if let (Some(value), Some(body)) = (value, view.get_mut(kind).and_then(Value::as_object_mut)) {
            body.insert(field.to_owned(), value);
        }
    };
    tell("condition_task", "outcome", attempt.outcome.map(|outcome| json!(outcome.to_string())));
    tell("for_each_task", "stats", attempt.iterations.map(|counted| json!({"task_run_stats": counted})));
    view
}

/// A task's own run, as it is found by the task's run id.
pub(crate) fn task_as_run(of: &Run, attempt: &TaskRun, iterations: &[TaskRun], links: &Links<'_>) -> RunView {
    let mut view = run(of, std::slice::from_ref(attempt), links);
    view.run_id = attempt.id;
    view.job_run_id = Some(of.id);
    view.attempt_number = attempt.attempt;
    view.run_name.clone_from(&attempt.task_key);
    view.start_time = attempt.started_at.unwrap_or(attempt.created_at);
    view.times = times(attempt.started_at, attempt.ended_at);
    view.state = state(&attempt.state);
    view.status = status(&attempt.state);
    view.run_page_url = links.run(of.job_id, attempt.id);
    view.repair_history = Vec::new();
    view.iterations = iterations.iter().map(|iteration| task(of, iteration, links)).collect();
    view
}

/// A task's output.
#[derive(Debug, Serialize)]
pub(crate) struct OutputView {
    pub(crate) metadata: RunView,
    #[serde(flatten)]
    pub(crate) output: Output,
}

//! One run: its tasks in the order of their dependencies, up to its end.

use std::{collections::HashMap, sync::Arc, time::Duration};

use serde_json::Value;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{
    context::Context,
    leaf::Given,
    task::{self, Begin, Scene, facts_of},
};
use crate::{
    clock, database,
    jobs::{
        graph::{self, Standing, Step, roll_up, settled},
        model::{Code, LifeCycle, ResultState, Run, State, TaskRun},
        references::Facts,
        settings::{Settings, Task},
    },
};

/// Brings a run to its end and keeps how it ended.
pub(super) async fn drive(context: Context, mut run: Run, cancel: CancellationToken) {
    let state = match tasks(&context, &mut run, &cancel).await {
        Ok(state) => state,
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, run.id = run.id, "a run cannot be driven");
            let said = "The local workspace could not keep the run's state; its log says why.";
            State::failed_run(Code::InternalError, said)
        }
    };
    if let Err(error) = end(&context, &mut run, state).await {
        tracing::error!(error = &error as &dyn std::error::Error, run.id = run.id, "a run's end cannot be kept");
    }
}

/// Keeps how a run ended.
pub(super) async fn end(context: &Context, run: &mut Run, state: State) -> database::Result<()> {
    let now = clock::now().timestamp_millis();
    run.ended_at = Some(now);
    if let Some(repair) = run.repairs.last_mut() {
        repair.ended_at = Some(now);
        repair.state = state.clone();
    }
    run.state = state;
    context.store.save_run(run).await
}

/// Why no further task begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stop {
    Canceled,
    TimedOut,
}

async fn tasks(context: &Context, run: &mut Run, cancel: &CancellationToken) -> database::Result<State> {
    let settings = match Settings::read(&run.settings) {
        Ok(settings) => settings,
        Err(said) => return Ok(State::failed_run(Code::InvalidRunConfiguration, said)),
    };
    let mut latest: HashMap<String, TaskRun> = HashMap::new();
    for attempt in context.store.tasks(run.id).await? {
        latest.insert(attempt.task_key.clone(), attempt);
    }
    let now = clock::now().timestamp_millis();
    run.began_at.get_or_insert(now);
    run.state = State::going(LifeCycle::Running);
    context.store.save_run(run).await?;

    // Only tasks of this run: others were left out by its caller.
    let planned: Vec<Task> = settings
        .tasks
        .iter()
        .filter(|task| latest.contains_key(&task.task_key))
        .cloned()
        .map(|t| within(t, &latest))
        .collect();
    let given =
        Given { user: run.run_as.clone(), parameters: run.parameters.clone(), overriding: run.overriding.clone() };
    let scene = Arc::new(Scene { context: context.clone(), run: run.clone(), given });
    let stop_tasks = cancel.child_token();
    let limit = (settings.timeout_seconds > 0).then(|| Duration::from_secs(settings.timeout_seconds));
    let deadline = async {
        match limit {
            Some(limit) => tokio::time::sleep(limit).await,
            None => std::future::pending().await,
        }
    };
    tokio::pin!(deadline);
    let mut stop = None;
    let mut going: JoinSet<database::Result<TaskRun>> = JoinSet::new();
    loop {
        begin_what_can(&scene, &planned, &mut latest, &mut going, stop, &stop_tasks).await?;
        if going.is_empty() {
            break;
        }
        tokio::select! {
            Some(ended) = going.join_next() => match ended {
                Ok(ended) => {
                    let ended = ended?;
                    latest.insert(ended.task_key.clone(), ended);
                }
                Err(error) => {
                    tracing::error!(error = &error as &dyn std::error::Error, run.id = run.id, "a task of a run ended");
                    stop_tasks.cancel();
                    return Ok(State::failed_run(Code::InternalError, "The local workspace failed on a task of this run."));
                }
            },
            () = cancel.cancelled(), if stop.is_none() => {
                stop = Some(Stop::Canceled);
                run.state = State::going(LifeCycle::Terminating);
                context.store.save_run(run).await?;
            }
            () = &mut deadline, if stop.is_none() => {
                stop = Some(Stop::TimedOut);
                stop_tasks.cancel();
            }
        }
    }
    Ok(match stop {
        Some(Stop::Canceled) => State::ended(ResultState::Canceled, Code::UserCanceled, "Run cancelled."),
        Some(Stop::TimedOut) => {
            State::ended(ResultState::Timedout, Code::RunExecutionError, "The run's time limit was reached.")
        }
        None if cancel.is_cancelled() => State::ended(ResultState::Canceled, Code::UserCanceled, "Run cancelled."),
        None => roll_up(&planned, |key| latest.get(key).map(|attempt| &attempt.state)),
    })
}

/// A task without dependencies on tasks that this run has not.
fn within(mut task: Task, latest: &HashMap<String, TaskRun>) -> Task {
    task.depends_on.retain(|dependency| latest.contains_key(&dependency.task_key));
    task
}

/// Starts every task that can begin, and settles those that will not.
async fn begin_what_can(
    scene: &Arc<Scene>,
    planned: &[Task],
    latest: &mut HashMap<String, TaskRun>,
    going: &mut JoinSet<database::Result<TaskRun>>,
    stop: Option<Stop>,
    cancel: &CancellationToken,
) -> database::Result<()> {
    loop {
        let mut moved = false;
        for task in planned {
            let key = task.task_key.as_str();
            if standing(latest, key) != Standing::Waiting {
                continue;
            }
            let step = match stop {
                None if cancel.is_cancelled() => Some(Step::Settle(ResultState::Canceled)),
                None => graph::step(task, |key| standing(latest, key)),
                Some(Stop::Canceled) => Some(Step::Settle(ResultState::Canceled)),
                Some(Stop::TimedOut) => Some(Step::Settle(ResultState::Timedout)),
            };
            let (Some(step), Some(mut attempt)) = (step, latest.get(key).cloned()) else { continue };
            moved = true;
            match step {
                Step::Start => {
                    attempt.state = State::going(LifeCycle::Pending);
                    latest.insert(key.to_owned(), attempt.clone());
                    let facts = Arc::new(facts(scene, latest));
                    let begin = Begin { task: task.clone(), attempt, facts, input: None };
                    going.spawn(task::run(Arc::clone(scene), begin, cancel.child_token()));
                }
                Step::Settle(result) => {
                    let now = clock::now().timestamp_millis();
                    attempt.state = settled(result);
                    (attempt.started_at, attempt.ended_at) = (Some(now), Some(now));
                    scene.context.store.save_task(&attempt, None).await?;
                    latest.insert(key.to_owned(), attempt);
                }
            }
        }
        if !moved {
            return Ok(());
        }
    }
}

fn standing(latest: &HashMap<String, TaskRun>, key: &str) -> Standing {
    let Some(attempt) = latest.get(key) else { return Standing::Waiting };
    match (attempt.state.result, attempt.state.life) {
        (Some(result), _) => Standing::Ended(result, attempt.outcome),
        (None, LifeCycle::Blocked | LifeCycle::Queued) => Standing::Waiting,
        (None, _) => Standing::Going,
    }
}

/// What references can name at this moment.
fn facts(scene: &Scene, latest: &HashMap<String, TaskRun>) -> Facts {
    let run = &scene.run;
    Facts {
        job_id: run.job_id,
        job_name: run.settings.get("name").and_then(Value::as_str).unwrap_or(&run.name).to_owned(),
        run_id: run.id,
        repair_count: run.repairs.len(),
        started_at: run.started_at,
        trigger: run.trigger.word(),
        parameters: run.parameters.clone(),
        workspace_id: scene.context.workspace_id,
        tasks: latest.iter().map(|(key, attempt)| (key.clone(), facts_of(attempt))).collect(),
    }
}

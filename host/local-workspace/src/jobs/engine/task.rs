//! One task of a run, with its attempts: its references are looked up, it is done or its own tasks are, and its end is
//! kept.

use std::{sync::Arc, time::Duration};

use serde_json::Value;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{
    code,
    context::{Context, MAX_DEPTH},
    leaf::{Done, Given, Verdict},
    orders::{Order, RunRequest},
    pipeline, sql, wheel,
};
use crate::{
    clock, database,
    jobs::{
        graph,
        model::{
            Code, Iterations, LifeCycle, Output, ResultState, Run, RunJobOutput, RunType, State, TaskRun, Trigger,
        },
        references::{Facts, Own, TaskFacts, resolve},
        settings::{Body, ConditionOp, ConditionTask, Document, ForEachTask, RunJobTask, Task},
        store::new_id,
    },
};

/// Iterations of one for-each task; the service's bound.
const MAX_ITERATIONS: usize = 5_000;

/// Bytes of the settings of all iterations together, each of which is kept.
const ITERATION_BYTES: usize = 64 * 1024 * 1024;

/// Attempts at one task, whatever its settings say; bounds what a run keeps.
const MAX_ATTEMPTS: i64 = 30;

/// The run that a task belongs to.
#[derive(Debug)]
pub(super) struct Scene {
    pub(super) context: Context,
    pub(super) run: Run,
    pub(super) given: Given,
}

/// A task to bring to its end.
#[derive(Debug)]
pub(super) struct Begin {
    pub(super) task: Task,
    /// The attempt that is kept already.
    pub(super) attempt: TaskRun,
    pub(super) facts: Arc<Facts>,
    /// Of an iteration.
    pub(super) input: Option<Value>,
}

/// What a reference can name of an attempt.
pub(super) fn facts_of(attempt: &TaskRun) -> TaskFacts {
    let field = |document: &Document| Some(document.get("notebook_task")?.get("notebook_path")?.as_str()?.to_owned());
    TaskFacts {
        run_id: attempt.id,
        attempt: attempt.attempt,
        notebook_path: field(&attempt.task),
        result: attempt.state.result.and_then(|result| word(&result)).map(|word| word.to_lowercase()),
        error_code: attempt.state.code.filter(|code| *code != Code::Success).and_then(|code| word(&code)),
        values: attempt.values.clone(),
        rows: attempt.rows.clone(),
    }
}

/// A word of the API, as it spells it.
fn word(value: &impl serde::Serialize) -> Option<String> {
    serde_json::to_value(value).ok()?.as_str().map(str::to_owned)
}

/// Brings a task to its end, with all its attempts; the last one.
pub(super) fn run(
    scene: Arc<Scene>,
    begin: Begin,
    cancel: CancellationToken,
) -> std::pin::Pin<Box<dyn Future<Output = database::Result<TaskRun>> + Send>> {
    // In a box because iterations are tasks as well.
    Box::pin(attempts(scene, begin, cancel))
}

async fn attempts(scene: Arc<Scene>, begin: Begin, cancel: CancellationToken) -> database::Result<TaskRun> {
    let Begin { task, mut attempt, facts, input } = begin;
    let store = &scene.context.store;
    loop {
        let (done, timed_out) = one_attempt(&scene, &task, &mut attempt, &facts, input.clone(), &cancel).await?;
        attempt.ended_at = Some(clock::now().timestamp_millis());
        attempt.state = match done.verdict {
            _ if timed_out => {
                State::ended(ResultState::Timedout, Code::RunExecutionError, "The task's time limit was reached.")
            }
            Verdict::Succeeded => State::ended(ResultState::Success, Code::Success, done.message),
            Verdict::Failed(code) => State::ended(ResultState::Failed, code, done.message),
            Verdict::Canceled => graph::settled(ResultState::Canceled),
        };
        attempt.values = done.values;
        attempt.rows = done.rows;
        attempt.outcome = done.outcome;
        store.save_task(&attempt, Some(&done.output)).await?;
        let may_retry = matches!(attempt.state.result, Some(ResultState::Failed))
            || (matches!(attempt.state.result, Some(ResultState::Timedout)) && task.retry_on_timeout);
        let left = task.max_retries < 0 || attempt.attempt < task.max_retries;
        if !may_retry || !left || attempt.attempt + 1 >= MAX_ATTEMPTS || cancel.is_cancelled() {
            return Ok(attempt);
        }
        let now = clock::now().timestamp_millis();
        let mut next =
            TaskRun::new(new_id(), attempt.run_id, &attempt.task_key, attempt.attempt + 1, attempt.task.clone(), now);
        (next.parent, next.iteration) = (attempt.parent, attempt.iteration);
        next.state = State::going(LifeCycle::WaitingForRetry);
        store.add_task(&next).await?;
        attempt = next;
        let pause = Duration::from_millis(task.min_retry_interval_millis);
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = cancel.cancelled() => {}
        }
    }
}

/// What became of one attempt, and whether its time was over.
async fn one_attempt(
    scene: &Arc<Scene>,
    task: &Task,
    attempt: &mut TaskRun,
    facts: &Arc<Facts>,
    input: Option<Value>,
    cancel: &CancellationToken,
) -> database::Result<(Done, bool)> {
    if cancel.is_cancelled() {
        return Ok((Done::canceled(), false));
    }
    let own = Own { name: attempt.task_key.clone(), facts: facts_of(attempt), input };
    let resolved = match resolved(&task.document, facts, &own) {
        Ok(resolved) => resolved,
        Err(said) => return Ok((Done::refused(Code::InvalidRunConfiguration, said), false)),
    };
    let body = match Body::read(&resolved, "task") {
        Ok(body) => body,
        Err(said) => return Ok((Done::refused(Code::InvalidRunConfiguration, said), false)),
    };
    attempt.resolved = Some(resolved);
    // What only waits for other tasks needs no place, and must not hold one that those need.
    let only_waits = matches!(body, Body::RunJob(_) | Body::Pipeline(_) | Body::ForEach(_) | Body::Condition(_));
    let place = if only_waits {
        None
    } else {
        attempt.state = State::going(LifeCycle::Pending);
        scene.context.store.save_task(attempt, None).await?;
        tokio::select! {
            place = Arc::clone(&scene.context.places).acquire_owned() => place.ok(),
            () = cancel.cancelled() => return Ok((Done::canceled(), false)),
        }
    };
    attempt.started_at = Some(clock::now().timestamp_millis());
    attempt.state = State::going(LifeCycle::Running);
    scene.context.store.save_task(attempt, None).await?;
    // The task's own end by its limit is no end of the run.
    let stop = cancel.child_token();
    let limit = (task.timeout_seconds > 0).then(|| Duration::from_secs(task.timeout_seconds));
    let watch = async {
        match limit {
            Some(limit) => tokio::time::sleep(limit).await,
            None => std::future::pending().await,
        }
    };
    let work = perform(scene, &body, attempt, facts, &stop);
    tokio::pin!(work);
    let (done, timed_out) = tokio::select! {
        done = &mut work => (done?, false),
        () = watch => {
            stop.cancel();
            (work.await?, true)
        }
    };
    drop(place);
    Ok((done, timed_out))
}

/// The task with all references of its own body looked up. Those within a for-each task's inner task are of its
/// iterations.
fn resolved(document: &Document, facts: &Facts, own: &Own) -> Result<Document, String> {
    let mut resolved = document.clone();
    let Some(kind) = Task::kind(document).map(str::to_owned) else { return Ok(resolved) };
    let Some(body) = resolved.get_mut(&kind) else { return Ok(resolved) };
    let inner = body.as_object_mut().and_then(|body| body.remove("task"));
    *body = resolve(body, facts, own)?;
    if let (Some(inner), Some(body)) = (inner, body.as_object_mut()) {
        body.insert("task".to_owned(), inner);
    }
    Ok(resolved)
}

async fn perform(
    scene: &Arc<Scene>,
    body: &Body,
    attempt: &mut TaskRun,
    facts: &Arc<Facts>,
    cancel: &CancellationToken,
) -> database::Result<Done> {
    Ok(match body {
        Body::Notebook(task) => code::notebook(&scene.context, task, &scene.given, facts, cancel).await,
        Body::SparkPython(task) => code::python(&scene.context, task, &scene.given, facts, cancel).await,
        Body::PythonWheel(task) => {
            let document = attempt.resolved.as_ref().unwrap_or(&attempt.task);
            let documents = (document, &scene.run.settings);
            wheel::run(&scene.context, task, documents, &scene.given, facts, cancel).await
        }
        Body::Sql(task) => sql::run(&scene.context, task, &scene.given, cancel).await,
        Body::Condition(task) => condition(task),
        Body::RunJob(task) => run_job(scene, task, attempt, cancel).await?,
        Body::Pipeline(task) => pipeline::run(&scene.context, task, &scene.given, cancel).await?,
        Body::ForEach(task) => for_each(scene, task, attempt, facts, cancel).await?,
        Body::Unsupported(kind) => unsupported(kind),
    })
}

fn unsupported(kind: &str) -> Done {
    Done::refused(Code::FeatureDisabled, format!("The local workspace cannot run a {kind}."))
}

/// Equality compares texts, order compares numbers.
fn condition(task: &ConditionTask) -> Done {
    let ConditionTask { op, left, right } = task;
    let outcome = match op {
        ConditionOp::EqualTo => left == right,
        ConditionOp::NotEqual => left != right,
        _ => {
            let (Ok(l), Ok(r)) = (left.trim().parse::<f64>(), right.trim().parse::<f64>()) else {
                let said = format!("'{left}' and '{right}' cannot be compared as numbers.");
                return Done::refused(Code::InvalidRunConfiguration, said);
            };
            match op {
                ConditionOp::GreaterThan => l > r,
                ConditionOp::GreaterThanOrEqual => l >= r,
                ConditionOp::LessThan => l < r,
                _ => l <= r,
            }
        }
    };
    Done { outcome: Some(outcome), ..Done::succeeded(Output::default()) }
}

/// Starts a run of another job and waits for its end.
async fn run_job(
    scene: &Arc<Scene>,
    task: &RunJobTask,
    attempt: &mut TaskRun,
    cancel: &CancellationToken,
) -> database::Result<Done> {
    let context = &scene.context;
    let refused = |code, said: String| Ok(Done::refused(code, said));
    if scene.run.depth >= MAX_DEPTH {
        return refused(Code::InvalidRunConfiguration, format!("Jobs run each other more than {MAX_DEPTH} deep."));
    }
    let job = context.store.job(task.job_id).await?.filter(|job| job.owner == scene.given.user);
    let Some(job) = job else {
        return refused(Code::ResourceNotFound, format!("Job {} does not exist.", task.job_id));
    };
    let settings = match Context::read(&job.settings) {
        Ok(settings) => settings,
        Err(error) => return refused(Code::InvalidRunConfiguration, error.to_string()),
    };
    let request = RunRequest {
        job_id: job.id,
        name: job.name().to_owned(),
        user: scene.given.user.clone(),
        kind: RunType::JobRun,
        trigger: Trigger::RunJobTask,
        document: job.settings,
        settings,
        parameters: task.job_parameters.0.clone(),
        overriding: Document::new(),
        only: None,
        queued: None,
        token: None,
        depth: scene.run.depth + 1,
    };
    let mut started = match context.start(request).await {
        Ok(started) => started,
        Err(error) => return refused(Code::InvalidRunConfiguration, error.to_string()),
    };
    let id = started.run.id;
    attempt.child_run = Some(id);
    context.store.save_task(attempt, None).await?;
    let canceled = tokio::select! {
        _ = started.ended.wait_for(|ended| *ended) => false,
        () = cancel.cancelled() => true,
    };
    if canceled {
        if let Err(error) = context.order(|reply| Order::Cancel(id, reply)).await {
            tracing::warn!(run.id = id, "a run that a task started was not canceled: {error}");
        }
        let _ = started.ended.wait_for(|ended| *ended).await;
    }
    let end = context.store.run(id).await?.map(|run| run.state);
    let output = Output { run_job_output: Some(RunJobOutput { run_id: id }), ..Output::default() };
    let result = end.as_ref().and_then(|state| state.result);
    Ok(match result {
        Some(ResultState::Success | ResultState::SuccessWithFailures) => Done::succeeded(output),
        _ if canceled => Done { output, ..Done::canceled() },
        _ => {
            let said = end.map(|state| state.message).unwrap_or_default();
            let output = Output { error: Some(format!("The run {id} did not succeed: {said}")), ..output };
            Done::workload_failed(output)
        }
    })
}

/// Runs the inner task once for each input.
async fn for_each(
    scene: &Arc<Scene>,
    task: &ForEachTask,
    attempt: &mut TaskRun,
    facts: &Arc<Facts>,
    cancel: &CancellationToken,
) -> database::Result<Done> {
    let invalid = |said: String| Ok(Done::refused(Code::InvalidRunConfiguration, said));
    let inputs: Vec<Value> = match serde_json::from_str(&task.inputs) {
        Ok(inputs) => inputs,
        Err(_) => return invalid("The inputs of the for_each_task are no JSON array.".to_owned()),
    };
    if inputs.len() > MAX_ITERATIONS {
        return invalid(format!("A for_each_task has at most {MAX_ITERATIONS} inputs."));
    }
    if task.task.to_string().len().saturating_mul(inputs.len()) > ITERATION_BYTES {
        return invalid(format!("The iterations of a for_each_task have at most {ITERATION_BYTES} bytes of settings."));
    }
    let inner = match Task::read(&task.task, "task") {
        Ok(inner) => inner,
        Err(said) => return invalid(said),
    };
    let store = &scene.context.store;
    let mut counted = Iterations { total: inputs.len(), ..Iterations::default() };
    let mut waiting = inputs.into_iter().enumerate();
    let mut going: JoinSet<database::Result<TaskRun>> = JoinSet::new();
    let concurrency = usize::try_from(task.concurrency.unwrap_or(1)).unwrap_or(1);
    let mut failed: Option<String> = None;
    loop {
        while going.len() < concurrency && !cancel.is_cancelled() {
            let Some((index, input)) = waiting.next() else { break };
            let now = clock::now().timestamp_millis();
            let mut iteration = TaskRun::new(new_id(), attempt.run_id, &inner.task_key, 0, inner.document.clone(), now);
            iteration.parent = Some(attempt.id);
            iteration.iteration = i64::try_from(index).ok();
            iteration.state = State::going(LifeCycle::Pending);
            store.add_task(&iteration).await?;
            counted.scheduled += 1;
            let begin = Begin { task: inner.clone(), attempt: iteration, facts: Arc::clone(facts), input: Some(input) };
            going.spawn(run(Arc::clone(scene), begin, cancel.child_token()));
        }
        counted.active = going.len();
        attempt.iterations = Some(counted);
        store.save_task(attempt, None).await?;
        let Some(ended) = going.join_next().await else { break };
        let ended = match ended {
            Ok(ended) => ended?,
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "an iteration of a task ended");
                return Ok(Done::refused(Code::InternalError, "The local workspace failed on this task."));
            }
        };
        counted.completed += 1;
        if ended.state.result == Some(ResultState::Success) {
            counted.succeeded += 1;
        } else {
            counted.failed += 1;
            failed.get_or_insert_with(|| ended.state.message.clone());
        }
    }
    Ok(match failed {
        _ if cancel.is_cancelled() => Done::canceled(),
        Some(said) => {
            let said = format!("{} of {} iterations failed; the first: {said}", counted.failed, counted.total);
            Done::workload_failed(Output { error: Some(said), ..Output::default() })
        }
        None => Done::succeeded(Output::default()),
    })
}

//! /api/2.2/jobs/run-now and /api/2.2/jobs/runs: runs and their tasks.

use std::collections::BTreeMap;

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    jobs::check,
    page::{ARRAY_ITEMS, ListQuery, Next, array_offset, cut},
    view::{self, Links, OutputView, RunView},
};
use crate::{
    acls::Level,
    http::{
        Empty,
        body::{Body, OptionalBody},
        error::ApiError,
        number::int64,
        origin,
        query::Params,
    },
    identity::Caller,
    jobs::{
        Jobs,
        engine::{RepairRequest, RunRequest},
        model::{Run, RunType, TaskRun, Trigger},
        settings::{Document, Texts, task_defaults},
        store::{RunFilter, new_id},
    },
};

/// Characters of an idempotency token; the service's bound.
const MAX_TOKEN_CHARS: usize = 64;

/// Bytes of all parameters of one run; the service's bound is smaller for each kind.
const MAX_PARAMETER_BYTES: usize = 1024 * 1024;

/// The older kinds of parameters of a request.
const OVERRIDING: [&str; 8] = [
    "notebook_params",
    "python_params",
    "python_named_params",
    "jar_params",
    "sql_params",
    "spark_submit_params",
    "dbt_commands",
    "pipeline_params",
];

#[derive(Debug, Deserialize)]
pub(crate) struct RunNow {
    #[serde(deserialize_with = "int64")]
    job_id: i64,
    #[serde(default)]
    job_parameters: Texts,
    idempotency_token: Option<String>,
    queue: Option<Queue>,
    #[serde(default)]
    only: Vec<String>,
    #[serde(flatten)]
    rest: Document,
}

#[derive(Debug, Deserialize)]
struct Queue {
    enabled: bool,
}

#[derive(Debug, Serialize)]
pub(crate) struct Begun {
    run_id: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    number_in_job: Option<i64>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct RunQuery {
    run_id: Option<i64>,
    page_token: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct RunsQuery {
    job_id: Option<i64>,
    #[serde(default)]
    active_only: Option<bool>,
    #[serde(default)]
    completed_only: Option<bool>,
    #[serde(default)]
    expand_tasks: Option<bool>,
    run_type: Option<String>,
    start_time_from: Option<i64>,
    start_time_to: Option<i64>,
    #[serde(flatten)]
    page: ListQuery,
}

#[derive(Debug, Deserialize)]
pub(crate) struct RunId {
    #[serde(deserialize_with = "int64")]
    run_id: i64,
}

#[derive(Debug, Deserialize)]
pub(crate) struct CancelAll {
    job_id: Option<i64>,
    #[serde(default)]
    all_queued_runs: bool,
}

#[derive(Debug, Deserialize)]
pub(crate) struct RepairBody {
    #[serde(deserialize_with = "int64")]
    run_id: i64,
    #[serde(default)]
    rerun_tasks: Vec<String>,
    #[serde(default)]
    rerun_all_failed_tasks: bool,
    #[serde(default)]
    rerun_dependent_tasks: bool,
    latest_repair_id: Option<i64>,
    #[serde(default)]
    job_parameters: Texts,
    #[serde(flatten)]
    rest: Document,
}

#[derive(Debug, Serialize)]
pub(crate) struct Repaired {
    repair_id: i64,
}

#[derive(Debug, Serialize)]
pub(crate) struct List {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    runs: Vec<RunView>,
    #[serde(flatten)]
    next: Next,
}

#[derive(Debug, Serialize)]
pub(crate) struct Export {
    views: Vec<View>,
}

#[derive(Debug, Serialize)]
struct View {
    name: String,
    #[serde(rename = "type")]
    kind: &'static str,
    content: String,
}

pub(crate) async fn run_now(
    State(jobs): State<Jobs>,
    Caller(user): Caller,
    Body(body): Body<RunNow>,
) -> Result<Json<Begun>, ApiError> {
    let job = jobs.allowed(body.job_id, &user, Level::CanManageRun).await?;
    // Whoever starts it: it runs as its creator.
    let user = job.owner.clone();
    let settings = check(&job.settings, &user)?;
    let overriding = overriding(body.rest, &body.job_parameters)?;
    let run = jobs
        .engine
        .start(RunRequest {
            job_id: job.id,
            name: job.name().to_owned(),
            user,
            kind: RunType::JobRun,
            trigger: Trigger::OneTime,
            document: job.settings,
            settings,
            parameters: body.job_parameters.0,
            overriding,
            only: (!body.only.is_empty()).then_some(body.only),
            queued: body.queue.map(|queue| queue.enabled),
            token: token(body.idempotency_token)?,
            depth: 0,
        })
        .await?;
    Ok(Json(Begun { run_id: run.id, number_in_job: Some(run.number_in_job) }))
}

/// POST runs/submit: tasks without a job.
pub(crate) async fn submit(
    State(jobs): State<Jobs>,
    Caller(user): Caller,
    OptionalBody(mut body): OptionalBody<Document>,
) -> Result<Json<Begun>, ApiError> {
    let name = text(&mut body, "run_name")?.filter(|name| !name.is_empty());
    let given = text(&mut body, "idempotency_token")?;
    if body.get("tasks").and_then(Value::as_array).is_none_or(Vec::is_empty) {
        return Err(ApiError::invalid("tasks must hold at least one task."));
    }
    let has_git = body.contains_key("git_source");
    if let Some(tasks) = body.get_mut("tasks").and_then(Value::as_array_mut) {
        tasks.iter_mut().filter_map(Value::as_object_mut).for_each(|task| task_defaults(task, has_git));
    }
    let settings = check(&body, &user)?;
    let run = jobs
        .engine
        .start(RunRequest {
            job_id: new_id(),
            name: name.unwrap_or_else(|| "Untitled".to_owned()),
            user,
            kind: RunType::SubmitRun,
            trigger: Trigger::OneTime,
            document: body,
            settings,
            parameters: BTreeMap::new(),
            overriding: Document::new(),
            only: None,
            queued: None,
            token: token(given)?,
            depth: 0,
        })
        .await?;
    Ok(Json(Begun { run_id: run.id, number_in_job: None }))
}

pub(crate) async fn get(
    State(jobs): State<Jobs>,
    Caller(user): Caller,
    headers: HeaderMap,
    Params(query): Params<RunQuery>,
) -> Result<Json<RunView>, ApiError> {
    let (origin, offset) = (origin(&headers), array_offset(query.page_token.as_deref())?);
    let links = Links { origin: &origin, workspace_id: jobs.workspace_id };
    let (run, task) = find(&jobs, query.run_id, &user, Level::CanView).await?;
    let mut view = match task {
        Some(task) => {
            let iterations = jobs.store.iterations(&task).await?;
            view::task_as_run(&run, &task, &iterations, &links)
        }
        None => view::run(&run, &jobs.store.tasks(run.id).await?, &links),
    };
    let mut more = false;
    for array in [&mut view.tasks, &mut view.iterations] {
        more |= array.len() > offset + ARRAY_ITEMS;
        *array = array.drain(..).skip(offset).take(ARRAY_ITEMS).collect();
    }
    view.next_page_token = more.then(|| (offset + ARRAY_ITEMS).to_string());
    Ok(Json(view))
}

pub(crate) async fn output(
    State(jobs): State<Jobs>,
    Caller(user): Caller,
    headers: HeaderMap,
    Params(query): Params<RunQuery>,
) -> Result<Json<OutputView>, ApiError> {
    let origin = origin(&headers);
    let links = Links { origin: &origin, workspace_id: jobs.workspace_id };
    let (run, task) = find(&jobs, query.run_id, &user, Level::CanView).await?;
    let task = match task {
        Some(task) => task,
        // Of a run with one task, that task's.
        None => {
            let tasks = jobs.store.tasks(run.id).await?;
            let mut keys: Vec<&str> = tasks.iter().map(|task| task.task_key.as_str()).collect();
            keys.dedup();
            match (keys.len(), tasks.last()) {
                (1, Some(task)) => task.clone(),
                _ => {
                    return Err(ApiError::invalid(
                        "Retrieving the output of runs with multiple tasks is not supported. Please retrieve the output of \
                         each individual task run instead.",
                    ));
                }
            }
        }
    };
    let output = jobs.store.output(task.id).await?;
    Ok(Json(OutputView { metadata: view::task_as_run(&run, &task, &[], &links), output }))
}

pub(crate) async fn list(
    State(jobs): State<Jobs>,
    Caller(user): Caller,
    headers: HeaderMap,
    Params(query): Params<RunsQuery>,
) -> Result<Json<List>, ApiError> {
    let origin = origin(&headers);
    let links = Links { origin: &origin, workspace_id: jobs.workspace_id };
    let active = match (query.active_only.unwrap_or(false), query.completed_only.unwrap_or(false)) {
        (true, true) => {
            return Err(ApiError::invalid("active_only and completed_only cannot both be true."));
        }
        (true, false) => Some(true),
        (false, true) => Some(false),
        (false, false) => None,
    };
    let kind = match query.run_type.as_deref() {
        None => None,
        Some("JOB_RUN") => Some(RunType::JobRun),
        Some("SUBMIT_RUN") => Some(RunType::SubmitRun),
        // Runs of notebooks within notebooks have no rows of their own.
        Some("WORKFLOW_RUN") => {
            return Ok(Json(List { runs: Vec::new(), next: cut::<Run>(&mut Vec::new(), query.page.window(20, 25)?) }));
        }
        Some(other) => return Err(ApiError::invalid(format!("run_type is not valid: '{other}'."))),
    };
    let window = query.page.window(20, 25)?;
    let filter = RunFilter {
        job_id: query.job_id,
        active,
        kind,
        started_from: query.start_time_from,
        started_to: query.start_time_to,
    };
    let owner = match query.job_id {
        Some(id) if jobs.is_given(id, &user, Level::CanView).await? => {
            jobs.owner_for(id, &user, Level::CanView).await?
        }
        _ => user,
    };
    let mut found = jobs.store.runs(&owner, &filter, window).await?;
    let next = cut(&mut found, window);
    let mut runs = Vec::with_capacity(found.len());
    for run in found {
        let tasks = if query.expand_tasks == Some(true) { jobs.store.tasks(run.id).await? } else { Vec::new() };
        let mut view = view::run(&run, &tasks, &links);
        let more = view.tasks.len() > ARRAY_ITEMS;
        view.tasks.truncate(ARRAY_ITEMS);
        view.has_more = more.then_some(true);
        runs.push(view);
    }
    Ok(Json(List { runs, next }))
}

/// POST runs/cancel: answers at once; polling tells how it ended.
pub(crate) async fn cancel(
    State(jobs): State<Jobs>,
    Caller(user): Caller,
    Body(RunId { run_id }): Body<RunId>,
) -> Result<Json<Empty>, ApiError> {
    let (run, _) = find(&jobs, Some(run_id), &user, Level::CanManageRun).await?;
    jobs.engine.cancel(run.id).await?;
    Ok(Json(Empty {}))
}

pub(crate) async fn cancel_all(
    State(jobs): State<Jobs>,
    Caller(user): Caller,
    OptionalBody(body): OptionalBody<CancelAll>,
) -> Result<Json<Empty>, ApiError> {
    let runs = match body.job_id {
        Some(id) => {
            jobs.allowed(id, &user, Level::CanManageRun).await?;
            jobs.store.under_way_of(id).await?
        }
        None if body.all_queued_runs => jobs.store.under_way().await?,
        None => return Err(ApiError::invalid("job_id is missing; only all_queued_runs needs none.")),
    };
    let only_queued = body.all_queued_runs;
    for run in runs {
        if (run.creator == user || body.job_id.is_some()) && (!only_queued || run.began_at.is_none()) {
            jobs.engine.cancel(run.id).await?;
        }
    }
    Ok(Json(Empty {}))
}

pub(crate) async fn repair(
    State(jobs): State<Jobs>,
    Caller(user): Caller,
    Body(body): Body<RepairBody>,
) -> Result<Json<Repaired>, ApiError> {
    let (run, _) = find(&jobs, Some(body.run_id), &user, Level::CanManageRun).await?;
    let overriding = overriding(body.rest, &body.job_parameters)?;
    let repair_id = jobs
        .engine
        .repair(RepairRequest {
            run_id: run.id,
            tasks: body.rerun_tasks,
            all_failed: body.rerun_all_failed_tasks,
            dependents: body.rerun_dependent_tasks,
            latest_repair_id: body.latest_repair_id,
            parameters: body.job_parameters.0,
            overriding,
        })
        .await?;
    Ok(Json(Repaired { repair_id }))
}

pub(crate) async fn delete(
    State(jobs): State<Jobs>,
    Caller(user): Caller,
    Body(RunId { run_id }): Body<RunId>,
) -> Result<Json<Empty>, ApiError> {
    let (run, _) = find(&jobs, Some(run_id), &user, Level::CanManage).await?;
    if run.ended_at.is_none() {
        return Err(ApiError::invalid(format!("Run {run_id} is under way; cancel it before it is deleted.")));
    }
    jobs.store.delete_run(run.id).await?;
    Ok(Json(Empty {}))
}

/// GET runs/export: what a task ran and gave, as a page of HTML.
pub(crate) async fn export(
    State(jobs): State<Jobs>,
    Caller(user): Caller,
    Params(query): Params<RunQuery>,
) -> Result<Json<Export>, ApiError> {
    let (run, task) = find(&jobs, query.run_id, &user, Level::CanView).await?;
    let tasks = match task {
        Some(task) => vec![task],
        None => jobs.store.tasks(run.id).await?,
    };
    let notebooks: Vec<TaskRun> = tasks.into_iter().filter(|task| task.task.contains_key("notebook_task")).collect();
    if notebooks.is_empty() {
        return Err(ApiError::invalid("Only runs of notebook tasks can be exported."));
    }
    let mut views = Vec::with_capacity(notebooks.len());
    for task in notebooks {
        let output = jobs.store.output(task.id).await?;
        let path = task.task.get("notebook_task").and_then(|it| it.get("notebook_path")).and_then(Value::as_str);
        let name = path.and_then(|path| path.rsplit('/').next()).unwrap_or(&task.task_key).to_owned();
        let content = page(&name, &json!(output));
        views.push(View { name, kind: "NOTEBOOK", content });
    }
    Ok(Json(Export { views }))
}

fn page(name: &str, output: &Value) -> String {
    let escape = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let shown = serde_json::to_string_pretty(output).unwrap_or_default();
    format!(
        "<!DOCTYPE html><html><head><meta charset=\"utf-8\"><title>{0}</title></head><body><h1>{0}</h1><pre>{1}</pre></body></html>",
        escape(name),
        escape(&shown)
    )
}

/// The run with this id, or the run of the task with this id, for who may do so much with it.
async fn find(jobs: &Jobs, id: Option<i64>, user: &str, least: Level) -> Result<(Run, Option<TaskRun>), ApiError> {
    let id = id.ok_or_else(|| ApiError::invalid("Required parameter run_id is missing."))?;
    let missing = || ApiError::not_found(format!("Run {id} does not exist."));
    let (run, task) = match jobs.store.run(id).await? {
        Some(run) => (run, None),
        None => {
            let task = jobs.store.task(id).await?.ok_or_else(missing)?;
            (jobs.store.run(task.run_id).await?.ok_or_else(missing)?, Some(task))
        }
    };
    if run.creator == user || jobs.is_given(run.job_id, user, least).await? {
        return Ok((run, task));
    }
    let message = format!("User {user} does not have View or Admin or Manage Run or Owner permissions on run {id}.");
    Err(ApiError::new(StatusCode::FORBIDDEN, "PERMISSION_DENIED", message))
}

fn text(body: &mut Document, field: &str) -> Result<Option<String>, ApiError> {
    match body.remove(field) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(ApiError::malformed(format!("{field} must be a string."))),
    }
}

fn token(given: Option<String>) -> Result<Option<String>, ApiError> {
    match given.filter(|token| !token.is_empty()) {
        Some(token) if token.chars().count() > MAX_TOKEN_CHARS => {
            Err(ApiError::invalid(format!("idempotency_token has more than {MAX_TOKEN_CHARS} characters.")))
        }
        token => Ok(token),
    }
}

/// The older kinds of parameters of a request; they and the job's own exclude each other.
fn overriding(mut rest: Document, parameters: &Texts) -> Result<Document, ApiError> {
    rest.retain(|field, _| OVERRIDING.contains(&field.as_str()));
    let bytes: usize = parameters.0.iter().map(|(name, value)| name.len() + value.len()).sum();
    if bytes + serde_json::to_string(&rest).map_or(0, |text| text.len()) > MAX_PARAMETER_BYTES {
        return Err(ApiError::invalid(format!("The parameters have more than {MAX_PARAMETER_BYTES} bytes.")));
    }
    match rest.keys().next() {
        Some(field) if !parameters.0.is_empty() => {
            Err(ApiError::invalid(format!("job_parameters and {field} cannot be given together.")))
        }
        _ => Ok(rest),
    }
}

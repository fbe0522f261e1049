//! /api/2.2/jobs: jobs and their settings.

use axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::page::{ListQuery, Next, array_offset, cut, cut_arrays};
use crate::{
    acls::Level,
    clock,
    http::{
        Empty,
        body::{Body, OptionalBody},
        error::ApiError,
        number::int64,
        query::Params,
    },
    identity::Caller,
    jobs::{
        Jobs,
        rights::there,
        settings::{Document, Settings, with_defaults},
        store::{Job, new_id},
    },
};

/// Jobs of one workspace; the service's bound.
const MAX_JOBS: i64 = 12_000;

/// Arrays whose items are known by a key: an update replaces items one by one.
const KEYED: [(&str, &str); 3] =
    [("tasks", "task_key"), ("job_clusters", "job_cluster_key"), ("environments", "environment_key")];

#[derive(Debug, Serialize)]
pub(crate) struct Created {
    job_id: i64,
}

#[derive(Debug, Deserialize)]
pub(crate) struct JobQuery {
    #[serde(default)]
    job_id: Option<i64>,
    page_token: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct JobsQuery {
    name: Option<String>,
    #[serde(default)]
    expand_tasks: Option<bool>,
    #[serde(flatten)]
    page: ListQuery,
}

#[derive(Debug, Deserialize)]
pub(crate) struct JobId {
    #[serde(deserialize_with = "int64")]
    job_id: i64,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Change {
    #[serde(deserialize_with = "int64")]
    job_id: i64,
    #[serde(default)]
    new_settings: Document,
    #[serde(default)]
    fields_to_remove: Vec<String>,
}

/// A job as the API gives it.
#[derive(Debug, Serialize)]
pub(crate) struct Answer {
    job_id: i64,
    creator_user_name: String,
    run_as_user_name: String,
    created_time: i64,
    settings: Document,
    /// Whether arrays have more than this answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    has_more: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct List {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    jobs: Vec<Answer>,
    #[serde(flatten)]
    next: Next,
}

fn answer(job: Job, offset: usize) -> Answer {
    let mut settings = job.settings;
    let run_as = settings.get("run_as").and_then(|run_as| {
        let name = run_as.get("user_name").or_else(|| run_as.get("service_principal_name"))?;
        name.as_str().map(str::to_owned)
    });
    let next_page_token = cut_arrays(&mut settings, offset);
    Answer {
        job_id: job.id,
        run_as_user_name: run_as.unwrap_or_else(|| job.owner.clone()),
        creator_user_name: job.owner,
        created_time: job.created_at,
        settings,
        has_more: next_page_token.is_some().then_some(true),
        next_page_token,
    }
}

pub(crate) async fn create(
    State(jobs): State<Jobs>,
    Caller(user): Caller,
    OptionalBody(settings): OptionalBody<Document>,
) -> Result<Json<Created>, ApiError> {
    check(&settings, &user)?;
    let job = Job {
        id: new_id(),
        owner: user,
        created_at: clock::now().timestamp_millis(),
        settings: with_defaults(settings),
    };
    if !jobs.store.add_job(&job, MAX_JOBS).await? {
        let message = format!("The workspace holds {MAX_JOBS} jobs, which is as many as it may.");
        return Err(ApiError::new(StatusCode::BAD_REQUEST, "QUOTA_EXCEEDED", message));
    }
    jobs.engine.look().await;
    Ok(Json(Created { job_id: job.id }))
}

pub(crate) async fn get(
    State(jobs): State<Jobs>,
    Caller(user): Caller,
    Params(query): Params<JobQuery>,
) -> Result<Json<Answer>, ApiError> {
    let id = query.job_id.ok_or_else(|| ApiError::invalid("Required parameter job_id is missing."))?;
    let offset = array_offset(query.page_token.as_deref())?;
    let job = jobs.allowed(id, &user, Level::CanView).await?;
    Ok(Json(answer(job, offset)))
}

pub(crate) async fn list(
    State(jobs): State<Jobs>,
    Caller(user): Caller,
    Params(query): Params<JobsQuery>,
) -> Result<Json<List>, ApiError> {
    let window = query.page.window(20, 100)?;
    let given = jobs.given(&user).await?;
    let mut found = jobs.store.jobs(&user, &given, query.name.as_deref(), window).await?;
    let next = cut(&mut found, window);
    let expanded = query.expand_tasks == Some(true);
    let brief = |mut job: Job| {
        if !expanded {
            for array in ["tasks", "job_clusters", "environments", "parameters"] {
                job.settings.remove(array);
            }
        }
        let mut answer = answer(job, 0);
        answer.next_page_token = None;
        answer
    };
    Ok(Json(List { jobs: found.into_iter().map(brief).collect(), next }))
}

/// POST update: fields take the place of those that were there, items of keyed arrays one by one.
pub(crate) async fn update(
    State(jobs): State<Jobs>,
    Caller(user): Caller,
    Body(change): Body<Change>,
) -> Result<Json<Empty>, ApiError> {
    let id = change.job_id;
    let owner = jobs.allowed(id, &user, Level::CanManage).await?.owner;
    jobs.store
        .change_job(id, |known| {
            let mut settings = there(known, id)?.settings;
            for field in &change.fields_to_remove {
                remove(&mut settings, field);
            }
            for (field, value) in change.new_settings {
                merge(&mut settings, field, value);
            }
            check(&settings, &owner)?;
            Ok::<_, ApiError>(with_defaults(settings))
        })
        .await?;
    jobs.engine.look().await;
    Ok(Json(Empty {}))
}

/// POST reset: other settings take the place of all; only who runs it stays when nothing is said.
pub(crate) async fn reset(
    State(jobs): State<Jobs>,
    Caller(user): Caller,
    Body(change): Body<Change>,
) -> Result<Json<Empty>, ApiError> {
    let id = change.job_id;
    let owner = jobs.allowed(id, &user, Level::CanManage).await?.owner;
    jobs.store
        .change_job(id, |known| {
            let mut old = there(known, id)?.settings;
            let mut settings = change.new_settings;
            if let (None, Some(run_as)) = (settings.get("run_as"), old.remove("run_as")) {
                settings.insert("run_as".to_owned(), run_as);
            }
            check(&settings, &owner)?;
            Ok::<_, ApiError>(with_defaults(settings))
        })
        .await?;
    jobs.engine.look().await;
    Ok(Json(Empty {}))
}

pub(crate) async fn delete(
    State(jobs): State<Jobs>,
    Caller(user): Caller,
    Body(JobId { job_id }): Body<JobId>,
) -> Result<Json<Empty>, ApiError> {
    jobs.allowed(job_id, &user, Level::CanManage).await?;
    jobs.store.delete_job(job_id).await?;
    jobs.forget_given(job_id).await?;
    jobs.engine.look().await;
    Ok(Json(Empty {}))
}

/// Refuses what cannot run, acting as somebody else, and letting others in.
pub(super) fn check(settings: &Document, user: &str) -> Result<Settings, ApiError> {
    if settings.contains_key("access_control_list") {
        let message =
            "The local workspace does not support access_control_list: jobs and runs are their creator's alone.";
        return Err(ApiError::invalid(message));
    }
    let read = Settings::read(settings).map_err(ApiError::invalid)?;
    match read.run_as.as_deref() {
        Some(other) if other != user => {
            let message =
                format!("User {user} may not set run_as to {other}: the local workspace runs jobs as their creator.");
            Err(ApiError::new(StatusCode::FORBIDDEN, "PERMISSION_DENIED", message))
        }
        _ => Ok(read),
    }
}

/// Removes a field, or an item of a keyed array: `tasks/extract`.
fn remove(settings: &mut Document, field: &str) {
    let Some((array, wanted)) = field.split_once('/') else {
        settings.remove(field);
        return;
    };
    let key = KEYED.iter().find(|(name, _)| *name == array).map(|(_, key)| *key);
    if let (Some(key), Some(items)) = (key, settings.get_mut(array).and_then(Value::as_array_mut)) {
        items.retain(|item| item.get(key).and_then(Value::as_str) != Some(wanted));
    }
}

fn merge(settings: &mut Document, field: String, value: Value) {
    let key = KEYED.iter().find(|(name, _)| *name == field).map(|(_, key)| *key);
    match (key, settings.get_mut(&field), value) {
        (Some(key), Some(Value::Array(items)), Value::Array(given)) => {
            for item in given {
                match items.iter_mut().find(|known| known.get(key).is_some() && known.get(key) == item.get(key)) {
                    Some(known) => *known = item,
                    None => items.push(item),
                }
            }
        }
        (_, _, value) => {
            settings.insert(field, value);
        }
    }
}

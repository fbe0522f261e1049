//! create_job, create_or_update_job, get_job, list_jobs, find_job_by_name, update_job, reset_job and delete_job.

use bricklayer_databricks::arguments::{limit, named_object, object};
use bricklayer_databricks::near::nearest;
use bricklayer_databricks::show::link as link_to;
use bricklayer_sdk::{Cut, Failure, Kind, Platform, Table, Workspace};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::run_tools::runs;
use crate::settings::{check, name, runs_by_itself};
use crate::show;
use crate::types;
use crate::wire::{self, JOBS, Job, of_job};

/// Jobs listed when the caller names no number, and at most.
const DEFAULT_LISTED: u32 = 50;
const MAX_LISTED: u32 = 500;

/// Jobs of one name that are told apart; more make no difference.
const SAME_NAME: usize = 20;

/// Jobs whose names are looked at for one like a name that was not found.
const NEAR_JOBS: usize = 500;

/// Runs that get_job adds at most.
const MAX_RUNS: u32 = 25;

/// Characters of what a task works on.
const SUBJECT_CHARS: usize = 200;

#[derive(Debug, Deserialize)]
struct Created {
    #[serde(default)]
    job_id: u64,
}

/// Makes a job.
///
/// # Errors
/// Settings that the workspace would refuse, a job of that name.
pub(crate) fn create(platform: &impl Platform, request: types::CreateJobRequest) -> Result<types::JobChange, Failure> {
    let (job_name, settings) = (&request.name, named_object(&request.name, &request.settings)?);
    let notes = check(&settings, true)?;
    if request.allow_duplicate_name != Some(true)
        && let Some(known) = of_name(platform, job_name)?.first()
    {
        return Err(Failure::new(
            Kind::InvalidInput,
            format!("name: there is a job '{job_name}' already, job_id {}; nothing was made", known.job_id),
        )
        .advise("Use create_or_update_job to put these settings in its place, or set allow_duplicate_name."));
    }
    made(platform, &settings, &notes)
}

fn made(
    platform: &impl Platform,
    settings: &Map<String, Value>,
    notes: &[String],
) -> Result<types::JobChange, Failure> {
    let created: Created = Workspace::new(platform).post(&format!("{JOBS}/create"), settings).map_err(|failure| {
        if failure.retryable && matches!(failure.kind, Kind::Timeout | Kind::Upstream) {
            let mut failure = failure
                .advise("Whether the job was made is not known: look with find_job_by_name before making it again.");
            failure.retryable = false;
            failure
        } else {
            failure
        }
    })?;
    if created.job_id == 0 {
        return Err(Failure::new(Kind::Upstream, "the workspace took the job but gave no job_id"));
    }
    Ok(change(platform, created.job_id, name(settings)?, true, "was made", settings, notes))
}

fn change(
    platform: &impl Platform,
    id: u64,
    name: &str,
    created: bool,
    what: &str,
    settings: &Map<String, Value>,
    notes: &[String],
) -> types::JobChange {
    let link = show::job_link(platform, id);
    let words = if name.is_empty() { format!("Job {id}") } else { format!("Job {name}") };
    let mut text = format!("{} {what}: job_id {id}.", link_to(&words, link.as_deref()));
    if let Some(schedule) = runs_by_itself(settings) {
        text.push_str(&format!(" It runs by itself: {schedule}."));
    }
    for note in notes {
        text.push_str(&format!("\n{note}"));
    }
    types::JobChange { text, job_id: id, created, link }
}

/// Makes a job, or puts its settings in the place of those it has.
///
/// # Errors
/// Settings that the workspace would refuse, several jobs of that name.
pub(crate) fn create_or_update(
    platform: &impl Platform,
    request: types::CreateOrUpdateJobRequest,
) -> Result<types::JobChange, Failure> {
    let (job_name, settings) = (request.name.as_str(), named_object(&request.name, &request.settings)?);
    let notes = check(&settings, true)?;
    match of_name(platform, job_name)?.as_slice() {
        [] => made(platform, &settings, &notes),
        [job] => {
            put(platform, job.job_id, &settings)?;
            Ok(change(platform, job.job_id, job_name, false, "was updated", &settings, &notes))
        }
        several => {
            let ids: Vec<String> = several.iter().map(|job| job.job_id.to_string()).collect();
            let said = format!("name: several jobs are called '{job_name}': {}", ids.join(", "));
            Err(Failure::new(Kind::InvalidInput, said).advise("Choose one and use reset_job with its job_id."))
        }
    }
}

/// The jobs of exactly this name; the workspace's own filter passes over letter case.
fn of_name(platform: &impl Platform, name: &str) -> Result<Vec<Job>, Failure> {
    Ok(wire::jobs(platform, Some(name), |job| job.name() == name, SAME_NAME)?.0)
}

fn put(platform: &impl Platform, id: u64, settings: &Map<String, Value>) -> Result<(), Failure> {
    let body = json!({"job_id": id, "new_settings": settings});
    Workspace::new(platform).post::<Value>(&format!("{JOBS}/reset"), &body).map_err(of_job)?;
    Ok(())
}

/// Reads a job.
///
/// # Errors
/// No such job, or a workspace that cannot be asked.
pub(crate) fn get(platform: &impl Platform, request: types::GetJobRequest) -> Result<types::Job, Failure> {
    let wanted = request.runs.unwrap_or(0);
    if wanted > MAX_RUNS {
        return Err(Failure::invalid("runs", format!("must be 0 to {MAX_RUNS}, is {wanted}")));
    }
    let job = wire::job(platform, request.job_id)?;
    let recent = if wanted == 0 {
        Vec::new()
    } else {
        let of_job = types::ListRunsRequest {
            job_id: Some(job.job_id),
            active_only: None,
            completed_only: None,
            failed_only: None,
            started_from_ms: None,
            started_to_ms: None,
            limit: None,
        };
        runs(platform, &of_job, wanted as usize)?.0
    };
    let tasks: Vec<types::JobTask> = job.items("tasks").iter().map(task).collect();
    let link = show::job_link(platform, job.job_id);
    let mut text = format!("{}, job_id {}", link_to(&format!("Job {}", job.name()), link.as_deref()), job.job_id);
    if let Some(creator) = &job.creator_user_name {
        text.push_str(&format!(", made by {creator}"));
    }
    match runs_by_itself(&job.settings) {
        Some(schedule) => text.push_str(&format!(". Runs by itself: {schedule}.")),
        None => text.push_str(". Runs when it is told to."),
    }
    let parameters: Vec<String> = job.items("parameters").iter().filter_map(parameter).collect();
    if !parameters.is_empty() {
        text.push_str(&format!("\nParameters: {}.", parameters.join(", ")));
    }
    if !tasks.is_empty() {
        let rows: Vec<Vec<Option<String>>> = tasks
            .iter()
            .map(|task| {
                let on = (!task.depends_on.is_empty()).then(|| task.depends_on.join(", "));
                vec![Some(task.task_key.clone()), Some(task.kind.clone()), task.subject.clone(), on]
            })
            .collect();
        let table = Table::render(&["task", "kind", "works on", "after"], &rows, Cut::default());
        text.push_str(&format!("\n\n{}", table.text));
        if table.shown < rows.len() {
            text.push_str(&format!("\n\n(showing {} of {} tasks)", table.shown, rows.len()));
        }
    }
    if !recent.is_empty() {
        text.push_str(&format!("\n\nLatest runs:\n\n{}", show::run_table(&recent)));
    }
    Ok(types::Job {
        text,
        job_id: job.job_id,
        name: job.name().to_owned(),
        creator: job.creator_user_name.clone(),
        run_as: job.run_as_user_name.clone(),
        tasks,
        settings: Value::Object(job.settings.clone()).to_string(),
        runs: recent.iter().map(show::summary).collect(),
        link,
    })
}

fn parameter(item: &Value) -> Option<String> {
    let default = item.get("default").and_then(Value::as_str).unwrap_or_default();
    Some(format!("{} = '{default}'", item.get("name")?.as_str()?))
}

fn task(task: &Value) -> types::JobTask {
    let fields = task.as_object();
    let kind = fields.and_then(|fields| fields.keys().find(|key| key.ends_with("_task"))).cloned().unwrap_or_default();
    let on = task.get("depends_on").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let key = |item: &Value| item.get("task_key").and_then(Value::as_str).map(str::to_owned);
    types::JobTask {
        task_key: key(task).unwrap_or_default(),
        subject: task.get(&kind).and_then(subject),
        kind,
        depends_on: on.iter().filter_map(key).collect(),
    }
}

/// What a task works on: the first of its body's fields that says so.
fn subject(body: &Value) -> Option<String> {
    const TELLING: [&str; 10] = [
        "/notebook_path",
        "/python_file",
        "/entry_point",
        "/main_class_name",
        "/file/path",
        "/query/query_id",
        "/job_id",
        "/pipeline_id",
        "/inputs",
        "/left",
    ];
    let found = TELLING.iter().find_map(|field| body.pointer(field))?;
    let text = found.as_str().map_or_else(|| found.to_string(), str::to_owned);
    Some(bricklayer_sdk::cut_text(&text, SUBJECT_CHARS))
}

fn listed(job: &Job) -> types::JobSummary {
    types::JobSummary {
        job_id: job.job_id,
        name: job.name().to_owned(),
        creator: job.creator_user_name.clone(),
        created_ms: job.created_time,
        schedule: runs_by_itself(&job.settings),
    }
}

/// Lists jobs.
///
/// # Errors
/// Bad arguments, or a workspace that cannot be asked.
pub(crate) fn list(platform: &impl Platform, request: types::ListJobsRequest) -> Result<types::JobList, Failure> {
    let most = limit(request.limit, DEFAULT_LISTED, MAX_LISTED)?;
    let part = request.name_contains.unwrap_or_default().to_lowercase();
    let exact = request.name.as_deref().filter(|name| !name.is_empty());
    let fits = |job: &Job| job.name().to_lowercase().contains(&part);
    let (found, complete) = wire::jobs(platform, exact, fits, most)?;
    let rows: Vec<Vec<Option<String>>> = found
        .iter()
        .map(|job| {
            let link = show::job_link(platform, job.job_id);
            vec![
                Some(link_to(job.name(), link.as_deref())),
                Some(job.job_id.to_string()),
                job.creator_user_name.clone(),
                runs_by_itself(&job.settings),
            ]
        })
        .collect();
    let text = if rows.is_empty() {
        "No job fits.".to_owned()
    } else {
        let table = Table::render(&["name", "job_id", "creator", "runs by itself"], &rows, Cut::default());
        let said = if complete { "all that fit" } else { "there are more: raise limit or narrow it down" };
        format!("{}\n\n({} jobs; {said})", table.text, found.len())
    };
    Ok(types::JobList { text, jobs: found.iter().map(listed).collect(), complete })
}

/// Finds a job by its name.
///
/// # Errors
/// A workspace that cannot be asked.
pub(crate) fn find(platform: &impl Platform, request: types::FindJobByNameRequest) -> Result<types::FoundJob, Failure> {
    let wanted = request.name;
    if wanted.trim().is_empty() {
        return Err(Failure::invalid("name", "is empty"));
    }
    let ids: Vec<u64> = of_name(platform, &wanted)?.iter().map(|job| job.job_id).collect();
    let text = match ids.as_slice() {
        [] => {
            let (others, _) = wire::jobs(platform, None, |_| true, NEAR_JOBS)?;
            let near = nearest(&wanted, others.iter().map(|job| job.name().to_owned()).collect());
            let near = if near.is_empty() { String::new() } else { format!(" Names like it: {}.", near.join(", ")) };
            format!("There is no job '{wanted}'.{near}")
        }
        [id] => {
            let link = show::job_link(platform, *id);
            format!("{}: job_id {id}.", link_to(&format!("Job {wanted}"), link.as_deref()))
        }
        several => {
            let all: Vec<String> = several.iter().map(u64::to_string).collect();
            format!("{} jobs are called '{wanted}': {}.", several.len(), all.join(", "))
        }
    };
    Ok(types::FoundJob { text, job_id: ids.first().copied(), job_ids: ids })
}

/// Changes a job.
///
/// # Errors
/// Settings that the workspace would refuse, no such job.
pub(crate) fn update(platform: &impl Platform, request: types::UpdateJobRequest) -> Result<types::JobChange, Failure> {
    let settings = match &request.settings {
        Some(settings) => object(settings, "settings")?,
        None => Map::new(),
    };
    let remove = request.fields_to_remove.unwrap_or_default();
    if settings.is_empty() && remove.is_empty() {
        return Err(Failure::invalid("settings", "changes nothing: name settings to change, or fields_to_remove"));
    }
    // What tasks refer to may be among what the job has.
    let notes = check(&settings, false)?;
    // None to remove is as good as not saying it.
    let body = json!({"job_id": request.job_id, "new_settings": settings, "fields_to_remove": remove});
    Workspace::new(platform).post::<Value>(&format!("{JOBS}/update"), &body).map_err(of_job)?;
    let name = settings.get("name").and_then(Value::as_str).unwrap_or_default();
    Ok(change(platform, request.job_id, name, false, "was changed", &settings, &notes))
}

/// Puts other settings in the place of a job's.
///
/// # Errors
/// Settings that the workspace would refuse, no such job.
pub(crate) fn reset(platform: &impl Platform, request: types::ResetJobRequest) -> Result<types::JobChange, Failure> {
    let settings = object(&request.settings, "settings")?;
    let job_name = name(&settings)?;
    let notes = check(&settings, true)?;
    put(platform, request.job_id, &settings)?;
    Ok(change(platform, request.job_id, job_name, false, "has these settings alone now", &settings, &notes))
}

/// Deletes a job.
///
/// # Errors
/// No such job, or a workspace that does not answer.
pub(crate) fn delete(platform: &impl Platform, request: types::DeleteJobRequest) -> Result<types::JobChange, Failure> {
    let id = request.job_id;
    Workspace::new(platform).post::<Value>(&format!("{JOBS}/delete"), &json!({"job_id": id})).map_err(of_job)?;
    let text = format!("Job {id} was deleted.");
    Ok(types::JobChange { text, job_id: id, created: false, link: None })
}

#[cfg(test)]
mod tests;

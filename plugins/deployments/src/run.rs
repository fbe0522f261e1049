//! run_bundle and wait_for_bundle_run.

use bricklayer_bundle::Bundle;
use bricklayer_databricks::arguments::{object, wait_seconds};
use bricklayer_databricks::job::{self, Job};
use bricklayer_databricks::near::nearest_or_first;
use bricklayer_databricks::once::Token;
use bricklayer_databricks::run::Task;
use bricklayer_databricks::work::{self, Continued, Job as Piece, Outcome, Work, run_one};
use bricklayer_deployer::{Standing, summary};
use bricklayer_sdk::{Deadline, Failure, Kind, Platform};
use serde_json::{Map, Value, json};

use self::under_way::{RunWork, Seen};
use crate::opened::{self, Asked};
use crate::remote::Remote;
use crate::types;

mod under_way;

/// How long a call waits when nothing is said, in seconds.
const DEFAULT_WAIT_SECONDS: u32 = 300;

/// How long a call waits that goes on with one that was lost with its host.
const CONTINUED_WAIT_SECONDS: u32 = 600;

/// Kinds that run, and what is told of them.
const RUNNABLE: [&str; 2] = ["jobs", "pipelines"];

/// What parameters of tasks are called.
const TASK_PARAMETERS: [&str; 8] = [
    "notebook_params",
    "python_params",
    "python_named_params",
    "jar_params",
    "sql_params",
    "dbt_commands",
    "spark_submit_params",
    "pipeline_params",
];

/// Runs a job or pipeline of a bundle.
///
/// # Errors
/// A key that nothing has, parameters that it does not take, a resource that is not deployed, a run that failed.
pub(crate) fn run(platform: &impl Platform, request: types::RunBundleRequest) -> Result<types::BundleRun, Failure> {
    let wait = wait_seconds(request.wait_seconds, DEFAULT_WAIT_SECONDS)?;
    let asked = Asked {
        path: request.bundle_path.clone(),
        target: request.target.clone(),
        variables: request.variables.clone(),
    };
    let opened = opened::good(platform, asked)?;
    let (kind, key) = find(&opened.bundle, &request.key)?;
    let id = deployed(platform, &opened.bundle, kind, &key)?;
    let work = if kind == "jobs" { job_run(platform, &id, &request)? } else { pipeline_update(&id, &request)? };
    bring(platform, work, wait)
}

/// Waits for a run.
///
/// # Errors
/// No such run, or one that failed.
pub(crate) fn wait(
    platform: &impl Platform,
    request: types::WaitForBundleRunRequest,
) -> Result<types::BundleRun, Failure> {
    let wait = wait_seconds(request.wait_seconds, DEFAULT_WAIT_SECONDS)?;
    let work = RunWork::watch(request.run.trim())
        .ok_or_else(|| Failure::invalid("run", "is no run; give what run_bundle gave"))?;
    bring(platform, work, wait)
}

/// The kind and key that a caller names.
fn find(bundle: &Bundle, asked: &str) -> Result<(&'static str, String), Failure> {
    let asked = asked.trim();
    let (kind, key) = match asked.split_once('.') {
        Some((kind, key)) => (Some(kind), key),
        None => (None, asked),
    };
    let fits: Vec<&str> = bundle
        .resources()
        .filter(|resource| resource.key == key && kind.is_none_or(|kind| kind == resource.kind))
        .map(|resource| resource.kind)
        .collect();
    let runnable: Vec<&'static str> = RUNNABLE.into_iter().filter(|kind| fits.contains(kind)).collect();
    match (runnable.as_slice(), fits.first()) {
        ([kind], _) => Ok((kind, key.to_owned())),
        ([], Some(other)) => {
            Err(Failure::invalid("key", format!("`{key}` is one of {other}, and jobs and pipelines are run here")))
        }
        ([], None) => {
            let all = bundle.resources().filter(|resource| RUNNABLE.contains(&resource.kind));
            let near = nearest_or_first(key, all.map(|resource| resource.key.to_owned()).collect());
            let advice = if near.is_empty() { "it has none".to_owned() } else { format!("it has {}", near.join(", ")) };
            Err(Failure::invalid("key", format!("the bundle has no job or pipeline `{asked}`; {advice}")))
        }
        _ => Err(Failure::invalid(
            "key",
            format!("`{key}` is a job and a pipeline; write jobs.{key} or pipelines.{key}"),
        )),
    }
}

/// The id that a resource was deployed as.
fn deployed(platform: &impl Platform, bundle: &Bundle, kind: &str, key: &str) -> Result<String, Failure> {
    let remote = Remote::new(platform, bundle, false);
    let summed = summary(&remote, bundle).map_err(|fault| remote.failure(fault))?;
    let one = summed.into_iter().find(|one| one.kind == kind && one.key == key && one.standing == Standing::Deployed);
    one.and_then(|one| one.id).ok_or_else(|| {
        let message = format!("{kind}.{key} is not deployed to `{}` yet", bundle.target);
        Failure::new(Kind::NotFound, message).advise("plan_bundle and deploy_bundle deploy it.")
    })
}

fn job_run(platform: &impl Platform, id: &str, request: &types::RunBundleRequest) -> Result<RunWork, Failure> {
    let of_pipelines = [
        ("full_refresh", request.full_refresh.is_some()),
        ("refresh_selection", request.refresh_selection.is_some()),
        ("full_refresh_selection", request.full_refresh_selection.is_some()),
        ("validate_only", request.validate_only.is_some()),
    ];
    if let Some((field, _)) = of_pipelines.iter().find(|(_, is_given)| *is_given) {
        return Err(Failure::invalid(field, "is for pipelines, and this is a job"));
    }
    let number: u64 = id.parse().map_err(|_| Failure::new(Kind::Upstream, format!("{id} is no id of a job")))?;
    let job = job::job(platform, number)?;
    let mut body = Map::from_iter([("job_id".to_owned(), json!(number))]);
    let parameters = parameters(&job, request.parameters.as_deref().unwrap_or_default())?;
    if !parameters.is_empty() {
        body.insert("job_parameters".to_owned(), Value::Object(parameters));
    }
    if let Some(text) = &request.task_parameters {
        body.extend(task_parameters(&job, text)?);
    }
    let only = request.only.clone().unwrap_or_default();
    if !only.is_empty() {
        check_tasks(&job, &only)?;
        body.insert("only".to_owned(), json!(only));
    }
    let token = Token::of(platform, "bundle-run", &body);
    Ok(RunWork::job(body, token))
}

/// Values of parameters, all of which the job declares.
fn parameters(job: &Job, given: &[types::NamedValue]) -> Result<Map<String, Value>, Failure> {
    let declared: Vec<&str> = job.items("parameters").iter().filter_map(|one| one.get("name")?.as_str()).collect();
    let mut values = Map::new();
    for one in given {
        if declared.is_empty() {
            let message = "the job declares no parameters; its tasks take task_parameters";
            return Err(Failure::invalid("parameters", message));
        }
        if !declared.contains(&one.name.as_str()) {
            let message = format!("the job has no parameter `{}`; it has {}", one.name, declared.join(", "));
            return Err(Failure::invalid("parameters", message));
        }
        if values.insert(one.name.clone(), json!(one.value)).is_some() {
            return Err(Failure::invalid("parameters", format!("`{}` is given twice", one.name)));
        }
    }
    Ok(values)
}

fn task_parameters(job: &Job, text: &str) -> Result<Map<String, Value>, Failure> {
    let given = object(text, "task_parameters")?;
    if !given.is_empty() && !job.items("parameters").is_empty() {
        let message = "the job declares parameters, so its tasks take none of their own; use parameters";
        return Err(Failure::invalid("task_parameters", message));
    }
    if let Some(other) = given.keys().find(|field| !TASK_PARAMETERS.contains(&field.as_str())) {
        let message = format!("has no `{other}`; it takes {}", TASK_PARAMETERS.join(", "));
        return Err(Failure::invalid("task_parameters", message));
    }
    let refresh = given.get("pipeline_params").and_then(Value::as_object);
    if let Some(other) = refresh.and_then(|refresh| refresh.keys().find(|field| *field != "full_refresh")) {
        return Err(Failure::invalid(
            "task_parameters.pipeline_params",
            format!("knows full_refresh, and no `{other}`"),
        ));
    }
    Ok(given)
}

fn check_tasks(job: &Job, only: &[String]) -> Result<(), Failure> {
    let keys: Vec<&str> = job.items("tasks").iter().filter_map(|task| task.get("task_key")?.as_str()).collect();
    for asked in only {
        let key = asked.trim_start_matches('+').trim_end_matches('+');
        if !keys.contains(&key) {
            let message = format!("the job has no task `{key}`; it has {}", keys.join(", "));
            return Err(Failure::invalid("only", message));
        }
    }
    Ok(())
}

fn pipeline_update(id: &str, request: &types::RunBundleRequest) -> Result<RunWork, Failure> {
    let of_jobs = [
        ("parameters", request.parameters.is_some()),
        ("task_parameters", request.task_parameters.is_some()),
        ("only", request.only.is_some()),
    ];
    if let Some((field, _)) = of_jobs.iter().find(|(_, is_given)| *is_given) {
        return Err(Failure::invalid(field, "is for jobs, and this is a pipeline"));
    }
    let mut body = Map::new();
    for (field, value) in [("full_refresh", request.full_refresh), ("validate_only", request.validate_only)] {
        body.extend(value.map(|value| (field.to_owned(), json!(value))));
    }
    for (field, tables) in
        [("refresh_selection", &request.refresh_selection), ("full_refresh_selection", &request.full_refresh_selection)]
    {
        body.extend(tables.as_ref().map(|tables| (field.to_owned(), json!(tables))));
    }
    Ok(RunWork::update(id, body))
}

/// Starts or watches a run for some time, and says where it stands.
fn bring(platform: &impl Platform, mut work: RunWork, wait: std::time::Duration) -> Result<types::BundleRun, Failure> {
    let arguments = Map::from_iter([("wait_seconds".to_owned(), json!(CONTINUED_WAIT_SECONDS))]);
    let continued = Continued {
        tool: "wait_for_bundle_run",
        id_argument: "run",
        arguments,
        remembered: None,
        said: None,
        stands: false,
    };
    if wait.is_zero() && !work.is_there() {
        let started = work.start(platform)?;
        // Whoever ends it later sends what would have ended it with this call.
        let ends = platform.register_cleanup(&work.end_request(&started.id));
        let seen = under_way::see(platform, &started.id);
        continued.hand_back(platform, RunWork::id_argument(&started.id));
        if let Some(ends) = ends {
            platform.withdraw_cleanup(ends);
        }
        let seen = seen.map_err(|failure| failure.doing(format!("the run {} was started", started.id)))?;
        return Ok(told(platform, &seen, "It is not waited for: use wait_for_bundle_run."));
    }
    let until = work::until(platform).min(Deadline::after(platform, wait));
    let finished = run_one(platform, Piece { work, limit: None, continued: Some(continued) }, until);
    match finished.outcome {
        Outcome::Done(seen) => Ok(told(platform, &seen, "")),
        Outcome::Failed(failure) => Err(failure),
        Outcome::NotStarted => {
            Err(Failure::new(Kind::Timeout, "no time was left to start the run; it was not started").retryable())
        }
        Outcome::Unfinished(()) => {
            let seen = under_way::see(platform, &finished.id.unwrap_or_default())?;
            let next = "It goes on at the workspace: do not start it again, continue with wait_for_bundle_run.";
            Ok(told(platform, &seen, next))
        }
    }
}

fn told(platform: &impl Platform, seen: &Seen, next: &str) -> types::BundleRun {
    let mut text = format!("{}.", seen.headline(platform));
    let tasks = seen.tasks();
    for task in &tasks {
        text.push_str(&format!("\n- {}: {}", task.task_key, task.state.word()));
    }
    if !seen.has_ended() && !next.is_empty() {
        text.push_str(&format!("\n\n{next} (run: {})", seen.id()));
    }
    let task = |task: &Task| types::RunTask {
        key: task.task_key.clone(),
        state: task.state.word().to_owned(),
        link: task.run_page_url.clone(),
    };
    types::BundleRun {
        text,
        run: seen.id(),
        state: seen.word().to_owned(),
        ended: seen.has_ended(),
        link: seen.link(platform),
        tasks: tasks.into_iter().map(task).collect(),
    }
}

#[cfg(test)]
mod tests;

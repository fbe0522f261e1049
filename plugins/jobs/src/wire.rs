//! The Jobs API as it is on the wire, and reading what it gives in pages.

use bricklayer_databricks::run_state::State;
use bricklayer_sdk::{Failure, Kind, Platform, Workspace};
use serde::Deserialize;
use serde_json::{Map, Value};

/// Where the API is.
pub(crate) const JOBS: &str = "/api/2.2/jobs";

/// Jobs that the API gives in one page at most, and runs.
pub(crate) const JOBS_PAGE: &str = "100";
pub(crate) const RUNS_PAGE: &str = "25";

/// Pages that one call reads; protects against a workspace whose token never ends.
const MAX_PAGES: usize = 200;

/// Arrays of settings that come by pages.
const ARRAYS: [&str; 4] = ["tasks", "job_clusters", "environments", "parameters"];

/// A job in a list.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Job {
    pub(crate) job_id: u64,
    #[serde(default)]
    pub(crate) creator_user_name: Option<String>,
    #[serde(default)]
    pub(crate) created_time: Option<u64>,
    #[serde(default)]
    pub(crate) run_as_user_name: Option<String>,
    #[serde(default)]
    pub(crate) settings: Map<String, Value>,
    #[serde(default)]
    next_page_token: Option<String>,
}

impl Job {
    pub(crate) fn name(&self) -> &str {
        self.settings.get("name").and_then(Value::as_str).unwrap_or_default()
    }

    /// The items of an array of its settings.
    pub(crate) fn items(&self, array: &str) -> &[Value] {
        self.settings.get(array).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
    }
}

/// A run, or one in a list.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Run {
    pub(crate) run_id: u64,
    pub(crate) job_id: Option<u64>,
    pub(crate) run_name: String,
    pub(crate) run_type: Option<String>,
    pub(crate) state: State,
    pub(crate) start_time: Option<u64>,
    pub(crate) end_time: Option<u64>,
    pub(crate) run_duration: Option<u64>,
    pub(crate) run_page_url: Option<String>,
    pub(crate) tasks: Vec<Task>,
    pub(crate) repair_history: Vec<Repair>,
    next_page_token: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Task {
    pub(crate) run_id: u64,
    pub(crate) task_key: String,
    pub(crate) attempt_number: u32,
    pub(crate) state: State,
    pub(crate) depends_on: Vec<Dependency>,
    pub(crate) run_page_url: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Dependency {
    pub(crate) task_key: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Repair {
    pub(crate) id: Option<u64>,
}

impl Run {
    /// The job; none for a run that was submitted without one, whose id there is no job's.
    pub(crate) fn job(&self) -> Option<u64> {
        self.job_id.filter(|_| self.run_type.as_deref() != Some("SUBMIT_RUN"))
    }

    /// The newest attempt at each task, in the order of their first attempts.
    pub(crate) fn newest(&self) -> Vec<&Task> {
        let mut newest: Vec<&Task> = Vec::new();
        for task in &self.tasks {
            match newest.iter_mut().find(|known| known.task_key == task.task_key) {
                Some(known) if known.attempt_number <= task.attempt_number => *known = task,
                Some(_) => {}
                None => newest.push(task),
            }
        }
        newest
    }

    /// How long it took, or has taken so far.
    pub(crate) fn seconds(&self) -> Option<u64> {
        let took = self.run_duration.or_else(|| self.end_time?.checked_sub(self.start_time?));
        took.map(|millis| millis / 1_000)
    }
}

/// Advice for an id that nobody knows.
pub(crate) fn advised(failure: Failure, advice: &str) -> Failure {
    if failure.kind == Kind::NotFound { failure.advise(advice) } else { failure }
}

const NO_JOB: &str = "list_jobs and find_job_by_name show the jobs that the user may see, with their ids.";
const NO_RUN: &str =
    "list_runs shows the runs that the user may see, with their ids; the workspace forgets runs after 60 days.";

/// The failure of a request about a job.
pub(crate) fn of_job(failure: Failure) -> Failure {
    advised(failure, NO_JOB)
}

/// The failure of a request about a run.
pub(crate) fn of_run(failure: Failure) -> Failure {
    advised(failure, NO_RUN)
}

/// A job with all pages of its arrays joined.
pub(crate) fn job(platform: &impl Platform, id: u64) -> Result<Job, Failure> {
    let workspace = Workspace::new(platform);
    let path = format!("{JOBS}/get");
    let id = id.to_string();
    let mut job: Job = workspace.get(&path, &[("job_id", &id)]).map_err(of_job)?;
    for _ in 0..MAX_PAGES {
        let Some(token) = job.next_page_token.take().filter(|token| !token.is_empty()) else { return Ok(job) };
        let page: Job = workspace.get(&path, &[("job_id", &id), ("page_token", &token)])?;
        job.next_page_token = page.next_page_token;
        for array in ARRAYS {
            let more = page.settings.get(array).and_then(Value::as_array).cloned().unwrap_or_default();
            if !more.is_empty()
                && let Some(items) = job.settings.entry(array).or_insert(Value::Array(Vec::new())).as_array_mut()
            {
                items.extend(more);
            }
        }
    }
    Err(Failure::new(Kind::Upstream, "the workspace gives a job's settings in pages without end"))
}

/// A run with its first tasks.
pub(crate) fn first_of_run(platform: &impl Platform, id: &str) -> Result<Run, Failure> {
    Workspace::new(platform).get(&format!("{JOBS}/runs/get"), &[("run_id", id)])
}

/// Adds the tasks that did not fit into a run's first page.
pub(crate) fn join(platform: &impl Platform, run: &mut Run) -> Result<(), Failure> {
    let id = run.run_id.to_string();
    for _ in 0..MAX_PAGES {
        let Some(token) = run.next_page_token.take().filter(|token| !token.is_empty()) else { return Ok(()) };
        let query = [("run_id", id.as_str()), ("page_token", &token)];
        let page: Run = Workspace::new(platform).get(&format!("{JOBS}/runs/get"), &query)?;
        run.next_page_token = page.next_page_token;
        run.tasks.extend(page.tasks);
    }
    Err(Failure::new(Kind::Upstream, "the workspace gives a run's tasks in pages without end"))
}

/// A run with all its tasks.
pub(crate) fn run(platform: &impl Platform, id: u64) -> Result<Run, Failure> {
    let mut run = first_of_run(platform, &id.to_string()).map_err(of_run)?;
    join(platform, &mut run)?;
    Ok(run)
}

#[derive(Debug, Deserialize)]
struct JobsPage {
    #[serde(default)]
    jobs: Vec<Job>,
    #[serde(default)]
    next_page_token: Option<String>,
}

/// Jobs that fit, newest first, at most `most`, and whether there are no others.
pub(crate) fn jobs(
    platform: &impl Platform,
    name: Option<&str>,
    fits: impl Fn(&Job) -> bool,
    most: usize,
) -> Result<(Vec<Job>, bool), Failure> {
    let mut found = Vec::new();
    let mut token = String::new();
    for _ in 0..MAX_PAGES {
        let mut query = vec![("limit", JOBS_PAGE)];
        query.extend(name.map(|name| ("name", name)));
        if !token.is_empty() {
            query.push(("page_token", &token));
        }
        let page: JobsPage = Workspace::new(platform).get(&format!("{JOBS}/list"), &query)?;
        found.extend(page.jobs.into_iter().filter(|job| fits(job)));
        token = page.next_page_token.unwrap_or_default();
        if found.len() > most || token.is_empty() {
            break;
        }
    }
    let complete = token.is_empty() && found.len() <= most;
    found.truncate(most);
    Ok((found, complete))
}

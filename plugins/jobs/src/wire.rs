//! The Jobs API as it is on the wire, and reading what it gives in pages.

use bricklayer_databricks::job::advised;
pub(crate) use bricklayer_databricks::job::{JOBS, Job, job, of_job};
use bricklayer_databricks::run_state::State;
use bricklayer_sdk::{Failure, Kind, Platform, Workspace};
use serde::Deserialize;

/// Jobs that the API gives in one page at most, and runs.
pub(crate) const JOBS_PAGE: &str = "100";
pub(crate) const RUNS_PAGE: &str = "25";

/// Pages that one call reads; protects against a workspace whose token never ends.
const MAX_PAGES: usize = 200;

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

/// The failure of a request about a run.
pub(crate) fn of_run(failure: Failure) -> Failure {
    advised(failure, NO_RUN)
}

const NO_RUN: &str =
    "list_runs shows the runs that the user may see, with their ids; the workspace forgets runs after 60 days.";

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

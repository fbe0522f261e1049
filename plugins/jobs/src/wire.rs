//! The Jobs API as it is on the wire, and reading what it gives in pages.

use bricklayer_databricks::job::advised;
pub(crate) use bricklayer_databricks::job::{JOBS, Job, job, of_job};
pub(crate) use bricklayer_databricks::run::{Run, Task, first_of_run, join};
use bricklayer_sdk::{Failure, Platform, Workspace};
use serde::Deserialize;

/// Jobs that the API gives in one page at most, and runs.
pub(crate) const JOBS_PAGE: &str = "100";
pub(crate) const RUNS_PAGE: &str = "25";

/// Pages that one call reads; protects against a workspace whose token never ends.
const MAX_PAGES: usize = 200;

/// The failure of a request about a run.
pub(crate) fn of_run(failure: Failure) -> Failure {
    advised(failure, NO_RUN)
}

const NO_RUN: &str =
    "list_runs shows the runs that the user may see, with their ids; the workspace forgets runs after 60 days.";

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

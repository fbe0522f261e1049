//! A job with its settings, as the Jobs API gives it.

use bricklayer_sdk::{Failure, Kind, Platform, Workspace};
use serde::Deserialize;
use serde_json::{Map, Value};

/// Where the API is.
pub const JOBS: &str = "/api/2.2/jobs";

/// Pages that one call reads; protects against a workspace whose token never ends.
const MAX_PAGES: usize = 200;

/// Arrays of settings that come by pages.
const ARRAYS: [&str; 4] = ["tasks", "job_clusters", "environments", "parameters"];

/// A job, alone or in a list.
#[derive(Debug, Clone, Deserialize)]
pub struct Job {
    /// Its number.
    pub job_id: u64,
    /// Who made it.
    #[serde(default)]
    pub creator_user_name: Option<String>,
    /// Milliseconds since 1970.
    #[serde(default)]
    pub created_time: Option<u64>,
    /// As whom it runs.
    #[serde(default)]
    pub run_as_user_name: Option<String>,
    /// Its settings.
    #[serde(default)]
    pub settings: Map<String, Value>,
    #[serde(default)]
    next_page_token: Option<String>,
}

impl Job {
    /// Its name; empty where it has none.
    #[must_use]
    pub fn name(&self) -> &str {
        self.settings.get("name").and_then(Value::as_str).unwrap_or_default()
    }

    /// The items of an array of its settings.
    #[must_use]
    pub fn items(&self, array: &str) -> &[Value] {
        self.settings.get(array).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
    }
}

/// Advice for an id that nobody knows.
#[must_use]
pub fn advised(failure: Failure, advice: &str) -> Failure {
    if failure.kind == Kind::NotFound { failure.advise(advice) } else { failure }
}

const NO_JOB: &str = "list_jobs and find_job_by_name show the jobs that the user may see, with their ids.";

/// The failure of a request about a job.
#[must_use]
pub fn of_job(failure: Failure) -> Failure {
    advised(failure, NO_JOB)
}

/// A job with all pages of its arrays joined.
///
/// # Errors
/// No such job, a workspace that cannot be asked.
pub fn job(platform: &impl Platform, id: u64) -> Result<Job, Failure> {
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

//! Execution contexts: one for each conversation, cluster and language, used again by each command.

use bricklayer_sdk::{Backoff, Deadline, Failure, Kind, Platform, State, Workspace};
use serde::Deserialize;
use serde_json::{Value, json};

/// What begins the keys of remembered contexts: `context/<conversation>/<cluster>/<language>`.
const KEYS: &str = "context/";

/// Contexts remembered for a project; the store holds few keys, and the workspace forgets contexts as well.
const MAX_REMEMBERED: usize = 64;

#[derive(Deserialize)]
struct Id {
    id: String,
}

#[derive(Deserialize)]
struct Status {
    #[serde(default)]
    status: String,
}

/// Where commands run.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Context {
    pub(crate) cluster: String,
    pub(crate) id: String,
    /// Whether an earlier command made it, so that it may be gone by now.
    pub(crate) reused: bool,
}

fn key(platform: &impl Platform, cluster: &str, language: &str) -> String {
    format!("{KEYS}{}/{cluster}/{language}", platform.context().conversation)
}

/// The context asked for, the one of this conversation, or a new one.
///
/// # Errors
/// When none can be made before `until`.
pub(crate) fn open(
    platform: &impl Platform,
    cluster: &str,
    language: &str,
    asked: Option<&str>,
    until: Deadline,
) -> Result<Context, Failure> {
    let reused = |id: String| Context { cluster: cluster.to_owned(), id, reused: true };
    if let Some(id) = asked.map(str::trim).filter(|id| !id.is_empty()) {
        return Ok(reused(id.to_owned()));
    }
    match State::new(platform).get::<String>(&key(platform, cluster, language)) {
        Some(id) => Ok(reused(id)),
        None => create(platform, cluster, language, until),
    }
}

/// Makes a context and waits until it is ready.
///
/// # Errors
/// A cluster that does not take it, or one that is not ready in time.
pub(crate) fn create(
    platform: &impl Platform,
    cluster: &str,
    language: &str,
    until: Deadline,
) -> Result<Context, Failure> {
    let workspace = Workspace::new(platform);
    let body = json!({"clusterId": cluster, "language": language});
    let Id { id } = workspace.post("/api/1.2/contexts/create", &body).map_err(not_usable)?;
    let mut backoff = Backoff::default();
    loop {
        let Status { status } =
            workspace.get("/api/1.2/contexts/status", &[("clusterId", cluster), ("contextId", &id)])?;
        match status.as_str() {
            "Running" => break,
            "Error" => {
                let said = format!("the execution context on the cluster {cluster} did not start");
                return Err(Failure::new(Kind::Upstream, said)
                    .advise("Look at the cluster with get_cluster; a restart may help."));
            }
            _ if until.passed(platform) => {
                let said = format!("the execution context on the cluster {cluster} is not ready yet; nothing was run");
                return Err(Failure::new(Kind::Timeout, said).retryable());
            }
            _ => backoff.pause(platform, until),
        }
    }
    let kept: Vec<String> = platform.state_keys().into_iter().filter(|key| key.starts_with(KEYS)).collect();
    if let Some(oldest) = kept.first().filter(|_| kept.len() >= MAX_REMEMBERED) {
        platform.state_delete(oldest);
    }
    State::new(platform).set(&key(platform, cluster, language), &id);
    Ok(Context { cluster: cluster.to_owned(), id, reused: false })
}

/// Says what helps where a cluster takes no code.
fn not_usable(failure: Failure) -> Failure {
    match failure.code.as_deref() {
        Some("INVALID_STATE") => failure.advise("The cluster does not run: ask the user whether to start it with start_cluster, or take another one (list_clusters)."),
        _ => crate::list::advise_unknown(failure),
    }
}

/// Whether a failure says that the context is gone.
pub(crate) fn is_gone(failure: &Failure) -> bool {
    let said = failure.message.to_lowercase();
    said.contains("contextnotfound") || said.contains("context") && said.contains("not found")
}

/// Forgets a context.
pub(crate) fn forget(platform: &impl Platform, cluster: &str, language: &str) {
    platform.state_delete(&key(platform, cluster, language));
}

/// Ends a context with its variables. What goes wrong is no failure of the command before: the cluster ends it in time.
pub(crate) fn destroy(platform: &impl Platform, context: &Context, language: &str) -> bool {
    forget(platform, &context.cluster, language);
    let body = json!({"clusterId": context.cluster, "contextId": context.id});
    Workspace::new(platform).post::<Value>("/api/1.2/contexts/destroy", &body).is_ok()
}

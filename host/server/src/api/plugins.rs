//! Plugins: what is installed, what it may do, and changing both. People decide here; no tool reaches any of this.
//!
//! - `asked`: what comes in. `shown`: what goes out.
//! - `read`: the list, one plugin, its picture and its description.
//! - `upload`: looking at a package, named or sent.
//! - `change`: installing, updating, giving powers, removing.

pub(super) mod asked;
pub(super) mod change;
pub(super) mod read;
pub(super) mod shown;
pub(super) mod upload;

use std::future::Future;

use bricklayer_plugins::{Actor, PluginError, PluginService};
use bricklayer_sources::SourceError;
use http::StatusCode;

use super::problem::Problem;
use crate::app::AppState;
use crate::identity::Caller;

/// Wait that a client is told when the host cannot look at a package now.
const RETRY_SECONDS: u64 = 5;

fn service(app: &AppState) -> &PluginService {
    app.plugins()
}

fn actor(caller: &Caller) -> Actor {
    Actor::User(caller.user.clone())
}

/// Runs a change to its end although its client may leave: what was begun for them is worth finishing, and the catalogue
/// shows it at once.
async fn owned<T: Send + 'static>(
    app: &AppState,
    change: impl Future<Output = Result<T, Problem>> + Send + 'static,
) -> Result<T, Problem> {
    let (done, result) = tokio::sync::oneshot::channel();
    app.lifecycle().spawn("change plugins", async move {
        let _ = done.send(change.await);
    });
    result.await.unwrap_or_else(|_| Err(Problem::internal()))
}

impl From<PluginError> for Problem {
    fn from(error: PluginError) -> Self {
        let detail = error.to_string();
        let problem = |status, code| Self::new(status, code, detail.clone());
        match error {
            PluginError::NotFound => Self::not_found("plugin"),
            PluginError::NoProject => Self::not_found("project"),
            PluginError::Forbidden(_) => problem(StatusCode::FORBIDDEN, "plugin-forbidden"),
            PluginError::SourceRefused(_) => problem(StatusCode::FORBIDDEN, "plugin-source-refused"),
            PluginError::SourceText(_) => Self::field("source", detail),
            // A path on this host is the caller's to mend; the rest is the network's or the far end's.
            PluginError::Fetch(SourceError::File { .. }) => {
                problem(StatusCode::UNPROCESSABLE_ENTITY, "plugin-not-fetched")
            }
            PluginError::Fetch(_) => problem(StatusCode::BAD_GATEWAY, "plugin-not-fetched"),
            PluginError::Signature(_) => problem(StatusCode::UNPROCESSABLE_ENTITY, "plugin-signature"),
            PluginError::Package(_) => problem(StatusCode::UNPROCESSABLE_ENTITY, "plugin-invalid"),
            PluginError::Refused(_) => problem(StatusCode::UNPROCESSABLE_ENTITY, "plugin-refused"),
            PluginError::Broken(_) => problem(StatusCode::UNPROCESSABLE_ENTITY, "plugin-broken"),
            PluginError::OtherPlugin { .. } => problem(StatusCode::UNPROCESSABLE_ENTITY, "plugin-other"),
            PluginError::NotStaged(_) => problem(StatusCode::CONFLICT, "plugin-not-staged"),
            PluginError::NameTaken(_) => problem(StatusCode::CONFLICT, "plugin-name-taken"),
            PluginError::Power(_) | PluginError::NotRequested(_) => Self::field("grants", detail),
            PluginError::NoSource => problem(StatusCode::CONFLICT, "plugin-no-source"),
            PluginError::NothingPending => problem(StatusCode::CONFLICT, "plugin-nothing-pending"),
            PluginError::PendingChanged => problem(StatusCode::CONFLICT, "plugin-pending-changed"),
            PluginError::NothingBefore => problem(StatusCode::CONFLICT, "plugin-nothing-before"),
            PluginError::Shipped => problem(StatusCode::CONFLICT, "plugin-shipped"),
            PluginError::TooMany(_) => problem(StatusCode::CONFLICT, "plugin-too-many"),
            PluginError::Conflict => problem(StatusCode::CONFLICT, "plugin-changed"),
            PluginError::Unavailable(_) => {
                problem(StatusCode::SERVICE_UNAVAILABLE, "plugin-unavailable").retry_after(RETRY_SECONDS)
            }
            PluginError::Store(error) => error.into(),
        }
    }
}

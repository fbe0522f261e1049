//! The one place where the errors of other layers become problems. What the caller may know goes into the problem;
//! what happened goes into the log, once, here.

use bricklayer_domain::chain;
use bricklayer_results::ResultsError;
use bricklayer_store::StoreError;
use http::StatusCode;

use super::problem::Problem;
use crate::config::UsedUp;
use crate::identity::IdentityError;
use crate::turns::BeginError;
use crate::workspace::{LocalWorkspaceError, WorkspaceError};

/// Wait that a client is told when the server is busy or leaving.
const BUSY_RETRY_SECONDS: u64 = 2;

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound(what) => Self::not_found(what),
            StoreError::Busy { turn } => Self::new(
                StatusCode::CONFLICT,
                "turn-in-progress",
                "the agent is still working in this conversation; wait for it, stop it, or answer its question",
            )
            .execution(turn),
            StoreError::OtherMessage { turn } => Self::new(
                StatusCode::CONFLICT,
                "client-message-reused",
                "`client_message_id` was used for another message already; send each message under an id of its own",
            )
            .execution(turn),
            StoreError::TooMany { what, limit } => Self::new(
                StatusCode::CONFLICT,
                "too-many",
                format!("you have {limit} {what}, which is as many as you may; delete one first"),
            ),
            StoreError::TurnEnded(status) => {
                Self::new(StatusCode::CONFLICT, "turn-ended", format!("the turn has ended: it is {}", status.as_str()))
            }
            StoreError::ConversationFull { what, setting, bytes } => {
                let mib = bytes >> 20;
                let detail = format!(
                    "this conversation holds {mib} MiB of {what}, as much as it may (`{setting}`); start a new one"
                );
                Self::new(StatusCode::CONFLICT, "conversation-full", detail)
            }
            StoreError::StandingNotOffered => Self::field(
                "decision",
                "cannot be `conversation` for this call: it does several things that are asked about, or it is not known \
                 what it does to what; answer `once`, or choose another permission mode",
            ),
            StoreError::ModeNotOffered => Self::field(
                "reply.mode",
                "must be one of the modes that the question proposes when it is answered with `once`, and absent otherwise",
            ),
            StoreError::TooLarge { what, limit } => {
                Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", format!("{what} is over the limit of {limit}"))
            }
            StoreError::ResultsFull(cut) => Self::new(
                StatusCode::CONFLICT,
                "results-full",
                format!("there is no room for the result: {}", cut.advice()),
            ),
            StoreError::ResultEnded => {
                Self::new(StatusCode::CONFLICT, "result-ended", "the result has ended; nothing can be added to it")
            }
            StoreError::FileGone => {
                log(&error);
                Self::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "storage-lost",
                    "the server's database was deleted or replaced, and nothing more can be kept; tell the operator",
                )
            }
            error @ StoreError::Full(_) => {
                log(&error);
                Self::new(
                    StatusCode::INSUFFICIENT_STORAGE,
                    "storage-full",
                    "the disk or the database is full; tell the operator",
                )
            }
            error @ (StoreError::Unavailable(_)
            | StoreError::Conflict(_)
            | StoreError::Locked(_)
            | StoreError::Closed) => {
                log(&error);
                Self::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "storage-unavailable",
                    "the database cannot be reached; try again",
                )
                .retry_after(BUSY_RETRY_SECONDS)
            }
            error @ (StoreError::LostLease
            | StoreError::InvalidAppend(_)
            | StoreError::NewerSchema { .. }
            | StoreError::SchemaMismatch { .. }
            | StoreError::Migration(_)
            | StoreError::Corrupt(_)
            | StoreError::CannotOpen(_)
            | StoreError::ReadOnly(_)
            | StoreError::Inconsistent { .. }) => {
                log(&error);
                Self::internal()
            }
        }
    }
}

impl From<ResultsError> for Problem {
    fn from(error: ResultsError) -> Self {
        match error {
            ResultsError::Store(error) => error.into(),
            ResultsError::Query { field, message } => Self::field(field, message),
            ResultsError::Format(message) => Self::field("format", message),
            ResultsError::Rows(error) => Self::field("rows", error.to_string()),
            error @ ResultsError::Broken(_) => {
                log(&error);
                let detail = "a part of this result is damaged in the database; run it again, and tell the operator";
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "result-damaged", detail)
            }
            error @ ResultsError::BrokenOff => {
                log(&error);
                Self::internal()
            }
        }
    }
}

impl From<BeginError> for Problem {
    fn from(error: BeginError) -> Self {
        match error {
            BeginError::Store(error) => error.into(),
            BeginError::ShuttingDown => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "shutting-down",
                "the server is restarting; send it again in a moment",
            )
            .retry_after(BUSY_RETRY_SECONDS),
            BeginError::TooMany { of_user } => {
                let whose = if of_user { "you have" } else { "the server has" };
                let detail = format!("{whose} too many turns running; wait for one to end or stop one");
                Self::new(StatusCode::TOO_MANY_REQUESTS, "too-many-turns", detail).retry_after(BUSY_RETRY_SECONDS)
            }
            BeginError::Refused(detail) => Self::new(StatusCode::FORBIDDEN, "refused-by-operator", detail),
            BeginError::UsedUp(UsedUp { code, message }) => Self::new(StatusCode::CONFLICT, code, message),
        }
    }
}

impl From<IdentityError> for Problem {
    fn from(error: IdentityError) -> Self {
        match error {
            IdentityError::Unauthenticated(_) => {
                Self::new(StatusCode::UNAUTHORIZED, "unauthenticated", error.to_string())
            }
            IdentityError::Workspace(error) => error.into(),
            IdentityError::LocalWorkspace(error) => error.into(),
            IdentityError::Name(_) => Self::new(StatusCode::BAD_GATEWAY, "workspace-nonsense", error.to_string()),
        }
    }
}

impl From<LocalWorkspaceError> for Problem {
    fn from(error: LocalWorkspaceError) -> Self {
        let code = match error {
            LocalWorkspaceError::Starting => "workspace-starting",
            LocalWorkspaceError::Down(_) => "workspace-down",
        };
        Self::new(StatusCode::SERVICE_UNAVAILABLE, code, error.to_string()).retry_after(BUSY_RETRY_SECONDS)
    }
}

impl From<WorkspaceError> for Problem {
    fn from(error: WorkspaceError) -> Self {
        let said =
            |message: &str, otherwise: &str| if message.is_empty() { otherwise.to_owned() } else { message.to_owned() };
        match error {
            WorkspaceError::Unauthenticated => Self::new(
                StatusCode::UNAUTHORIZED,
                "unauthenticated",
                "the workspace refused the token; reload the page to sign in again (on your own machine: put a valid one \
                 into DATABRICKS_TOKEN and start Bricklayer again)",
            ),
            WorkspaceError::PermissionDenied(message) => {
                let said = said(&message, "you may not see this in the workspace");
                let said = said.trim_end_matches('.');
                // The workspace says so of a token that was revoked or has ended, too.
                let way_out = if said.to_lowercase().contains("access token") {
                    "reload the page to sign in again (on your own machine: put a valid token into DATABRICKS_TOKEN, or \
                     into the profile, and start Bricklayer again)"
                } else {
                    "ask whoever owns it, or an administrator of the workspace, for access"
                };
                let detail = format!("{said}; {way_out}");
                Self::new(StatusCode::FORBIDDEN, "workspace-permission-denied", detail)
            }
            WorkspaceError::NotFound(message) => {
                let detail = said(&message, "the workspace does not know it");
                Self::new(StatusCode::NOT_FOUND, "workspace-not-found", detail)
            }
            WorkspaceError::RateLimited { retry_after_seconds } => Self::new(
                StatusCode::TOO_MANY_REQUESTS,
                "workspace-rate-limited",
                format!("the workspace asks to slow down; try again in {retry_after_seconds} seconds"),
            )
            .retry_after(retry_after_seconds),
            WorkspaceError::Failed(status) => Self::new(
                StatusCode::BAD_GATEWAY,
                "workspace-failed",
                format!("the workspace failed with status {status}; try again"),
            ),
            WorkspaceError::Timeout => Self::new(
                StatusCode::GATEWAY_TIMEOUT,
                "workspace-timeout",
                "the workspace did not answer in time; try again",
            ),
            WorkspaceError::Unreachable => Self::new(
                StatusCode::BAD_GATEWAY,
                "workspace-unreachable",
                "the workspace cannot be reached; check its address and the network",
            ),
            WorkspaceError::Nonsense => {
                Self::new(StatusCode::BAD_GATEWAY, "workspace-nonsense", "the workspace's answer is not understood")
            }
        }
    }
}

fn log(error: &dyn std::error::Error) {
    tracing::error!(error = chain(&error), "the store failed");
}

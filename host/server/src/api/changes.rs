//! What happens in a project's conversations, as it happens: what lists show, for windows that look at them.

use std::collections::VecDeque;

use axum::extract::State;
use axum::response::Response;
use bricklayer_domain::{ConversationId, ProjectId, chain};
use bricklayer_store::StoreError;
use bytes::Bytes;
use http::StatusCode;
use serde::Serialize;
use tokio::time::Instant;
use utoipa::ToSchema;
use uuid::Uuid;

use super::conversations::ConversationSummary;
use super::extract::Path;
use super::problem::{Problem, ProblemDetails};
use super::sse;
use crate::app::AppState;
use crate::changes::{MAX_WATCHERS_PER_USER, Told, TooManyWatchers, Watcher};
use crate::identity::Caller;

/// A conversation as it is now, or that it is gone.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[expect(clippy::large_enum_variant, reason = "made once and written at once")]
pub(crate) enum ConversationChange {
    /// It was made or renamed, or a turn of it began, waits, goes on or ended.
    Changed(ChangedConversation),
    /// It was deleted.
    Deleted(GoneConversation),
}

/// A conversation as it is now.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChangedConversation {
    #[serde(flatten)]
    summary: ConversationSummary,
    /// Always false.
    deleted: bool,
}

/// A conversation that is gone.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GoneConversation {
    /// Its id.
    id: Uuid,
    /// Its project.
    project_id: Uuid,
    /// Always true.
    deleted: bool,
}

/// Streams what happens in a project's conversations: first `ready`, then a frame `conversation` for each change, until
/// the stream's window is over. Read the lists after each `ready`: what happened before is not told.
#[utoipa::path(get, path = "/api/projects/{project_id}/changes", tag = "conversations", operation_id = "follow_changes",
    params(("project_id" = Uuid, Path, description = "The project.")),
    responses((status = 200, description = "Server-sent events: `ready` with an empty object, and `conversation`.", body = ConversationChange, content_type = "text/event-stream"),
        (status = 429, description = "`too-many-streams`: close another window.", body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn follow_changes(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<ProjectId>,
) -> Result<Response, Problem> {
    let place = sse::place(&app, &caller)?;
    app.store().get_project(&caller.user, id).await?;
    let watcher = app.turns().changes().watch(&caller.user, id).map_err(|TooManyWatchers| {
        let detail = format!("you watch {MAX_WATCHERS_PER_USER} projects at once already; close another window");
        Problem::new(StatusCode::TOO_MANY_REQUESTS, "too-many-streams", detail)
            .retry_after(app.config().stream_window.as_secs())
    })?;
    let now = Instant::now();
    let reader = Reader {
        watcher,
        caller,
        project: id,
        due: VecDeque::new(),
        greeted: false,
        done: false,
        closes_at: now + app.config().stream_window,
        keep_alive_at: now + app.config().stream_keep_alive,
        app,
    };
    Ok(sse::answer(place, reader.closes_at, reader))
}

struct Reader {
    app: AppState,
    caller: Caller,
    project: ProjectId,
    watcher: Watcher,
    /// Conversations to look at.
    due: VecDeque<ConversationId>,
    greeted: bool,
    done: bool,
    closes_at: Instant,
    keep_alive_at: Instant,
}

/// Connect again after a second, and a first frame.
const GREETING: &[u8] = b"retry: 1000\n\nevent: ready\ndata: {}\n\n";
/// A comment, which readers skip.
const KEEP_ALIVE: &[u8] = b": keepalive\n\n";

impl sse::Source for Reader {
    /// The next piece to send; `None` closes the stream, whose reader connects again and looks at everything.
    async fn next(&mut self) -> Option<Bytes> {
        if !self.greeted {
            self.greeted = true;
            return Some(Bytes::from_static(GREETING));
        }
        loop {
            if self.done {
                return None;
            }
            if let Some(conversation) = self.due.pop_front() {
                if let Some(frame) = self.frame(conversation).await {
                    return Some(frame);
                }
                continue;
            }
            let leaving = self.app.turns().leaving().clone();
            tokio::select! {
                biased;
                () = leaving.cancelled() => return None,
                () = tokio::time::sleep_until(self.closes_at) => return None,
                told = self.watcher.next() => match told {
                    Told::Conversations(conversations) => self.due.extend(conversations),
                    Told::Everything => return None,
                },
                () = tokio::time::sleep_until(self.keep_alive_at) => {
                    self.keep_alive_at = Instant::now() + self.app.config().stream_keep_alive;
                    return Some(Bytes::from_static(KEEP_ALIVE));
                }
            }
        }
    }

    fn goodbye(&mut self) -> Option<Bytes> {
        None
    }
}

impl Reader {
    async fn frame(&mut self, id: ConversationId) -> Option<Bytes> {
        let change = match self.app.store().get_conversation(&self.caller.user, id).await {
            Ok(conversation) => {
                let summary = ConversationSummary::from(conversation);
                ConversationChange::Changed(ChangedConversation { summary, deleted: false })
            }
            Err(StoreError::NotFound(_)) => ConversationChange::Deleted(GoneConversation {
                id: id.as_uuid(),
                project_id: self.project.as_uuid(),
                deleted: true,
            }),
            Err(error) => {
                tracing::warn!(error = chain(&error), "a stream of changes cannot be read from the store");
                self.done = true;
                return None;
            }
        };
        match serde_json::to_string(&change) {
            // Serialised JSON holds no line breaks, so one data line is enough.
            Ok(json) => Some(format!("event: conversation\ndata: {json}\n\n").into()),
            Err(error) => {
                tracing::error!(error = chain(&error), "a frame cannot be written");
                None
            }
        }
    }
}

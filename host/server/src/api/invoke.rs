//! Asking the agent, and stopping it.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Json;
use axum::extract::State;
use bricklayer_domain::{ConversationId, ProjectId, TurnId, TurnSettings, UserId};
use bricklayer_store::{NewTurn, Store, StoreError};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use tokio::sync::OnceCell;
use utoipa::ToSchema;
use uuid::Uuid;

use super::extract::{Body, Path};
use super::problem::{Problem, ProblemDetails};
use crate::app::AppState;
use crate::identity::Caller;
use crate::turns::BeginError;

/// Longest message, in bytes: a pasted file fits, and the model could not read much more.
const MAX_MESSAGE_BYTES: usize = 512 * 1024;
/// Longest setting, in characters; ids and names are far shorter, workspace paths reach this.
const MAX_SETTING_CHARS: usize = 500;
/// Submissions that are remembered; a double click comes within seconds.
const MAX_SUBMISSIONS: usize = 10_000;

/// A message to the agent.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Invoke {
    /// The project.
    project_id: Uuid,
    /// What to do; at most 512 KiB.
    message: String,
    /// The conversation; a new one when absent.
    conversation_id: Option<Uuid>,
    /// The client's own id of this message: sending it again answers with the same turn.
    client_message_id: Option<Uuid>,
    /// SQL warehouse for statements.
    warehouse_id: Option<String>,
    /// Catalog for unqualified names.
    default_catalog: Option<String>,
    /// Schema for unqualified names.
    default_schema: Option<String>,
    /// Cluster for code.
    cluster_id: Option<String>,
    /// Folder in the workspace for what is uploaded.
    workspace_folder: Option<String>,
    /// Model id.
    model: Option<String>,
}

/// The turn that works on the message.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Invoked {
    /// The turn: follow it at `/api/stream_progress/{execution_id}`.
    execution_id: Uuid,
    /// The conversation.
    conversation_id: Uuid,
}

/// What became of the wish to stop.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Stopped {
    /// Whether there was something to stop.
    success: bool,
    /// In words.
    message: &'static str,
}

/// Recent submissions by the client's own id, so that one that is sent twice makes one conversation. In memory: within
/// a conversation the store itself knows repeated messages.
#[derive(Debug, Default)]
pub(crate) struct Submissions {
    recent: Mutex<Recent>,
}

type SubmissionKey = (UserId, Uuid);

#[derive(Debug, Default)]
struct Recent {
    conversations: HashMap<SubmissionKey, Arc<OnceCell<ConversationId>>>,
    order: VecDeque<SubmissionKey>,
}

impl Submissions {
    fn cell(&self, user: &UserId, id: Uuid) -> Arc<OnceCell<ConversationId>> {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (user.clone(), id);
        if let Some(cell) = recent.conversations.get(&key) {
            return Arc::clone(cell);
        }
        if recent.order.len() >= MAX_SUBMISSIONS
            && let Some(oldest) = recent.order.pop_front()
        {
            recent.conversations.remove(&oldest);
        }
        let cell = Arc::<OnceCell<ConversationId>>::default();
        recent.conversations.insert(key.clone(), Arc::clone(&cell));
        recent.order.push_back(key);
        cell
    }
}

/// Checks a setting: empty means absent.
pub(super) fn settings_field(field: &'static str, value: Option<String>) -> Result<Option<String>, Problem> {
    let Some(value) = value.map(|value| value.trim().to_owned()).filter(|value| !value.is_empty()) else {
        return Ok(None);
    };
    if value.chars().count() > MAX_SETTING_CHARS {
        return Err(Problem::field(field, format!("must have at most {MAX_SETTING_CHARS} characters")));
    }
    if value.chars().any(char::is_control) {
        return Err(Problem::field(field, "must not hold control characters"));
    }
    Ok(Some(value))
}

impl Invoke {
    fn settings(&mut self) -> Result<TurnSettings, Problem> {
        Ok(TurnSettings {
            warehouse_id: settings_field("warehouse_id", self.warehouse_id.take())?,
            default_catalog: settings_field("default_catalog", self.default_catalog.take())?,
            default_schema: settings_field("default_schema", self.default_schema.take())?,
            cluster_id: settings_field("cluster_id", self.cluster_id.take())?,
            workspace_folder: settings_field("workspace_folder", self.workspace_folder.take())?,
            model: settings_field("model", self.model.take())?,
        })
    }

    fn message(&mut self) -> Result<String, Problem> {
        if self.message.trim().is_empty() {
            return Err(Problem::field("message", "must not be empty"));
        }
        if self.message.len() > MAX_MESSAGE_BYTES {
            return Err(Problem::field(
                "message",
                format!("must have at most {MAX_MESSAGE_BYTES} bytes; put long data into a file"),
            ));
        }
        // PostgreSQL stores no such character, and nobody types it.
        if self.message.contains('\0') {
            return Err(Problem::field("message", "must not hold the character U+0000"));
        }
        Ok(std::mem::take(&mut self.message))
    }
}

/// Sends a message to the agent. The message is stored when this answers; the work goes on by itself.
#[utoipa::path(post, path = "/api/invoke_agent", tag = "turns", operation_id = "invoke_agent", request_body = Invoke,
    responses((status = 202, body = Invoked),
        (status = 409, description = "`turn-in-progress`: the agent still works in this conversation.", body = ProblemDetails, content_type = "application/problem+json"),
        (status = "default", body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn invoke_agent(
    State(app): State<AppState>,
    caller: Caller,
    Body(mut body): Body<Invoke>,
) -> Result<(StatusCode, Json<Invoked>), Problem> {
    let (message, settings) = (body.message()?, body.settings()?);
    let (store, user, project) = (app.store(), &caller.user, ProjectId::from_uuid(body.project_id));
    let (conversation, made) = match (body.conversation_id, body.client_message_id) {
        (Some(id), _) => (ConversationId::from_uuid(id), false),
        (None, None) => (new_conversation(store, user, project).await?, true),
        (None, Some(submission)) => {
            let cell = app.submissions().cell(user, submission);
            let conversation = *cell.get_or_try_init(|| new_conversation(store, user, project)).await?;
            (conversation, false)
        }
    };
    let client_message_id = body.client_message_id;
    let new = NewTurn { project, conversation, message, settings, client_message_id };
    let begun = app.turns().begin(&caller, new).await;
    let turn = match begun {
        Ok(turn) => turn,
        Err(error) => {
            // Nobody has seen this conversation, so it must not stay behind empty.
            if made && let Err(error) = store.delete_conversation(user, conversation).await {
                tracing::warn!(%error, "an empty conversation stays behind");
            }
            return Err(match error {
                BeginError::Store(StoreError::NotFound(_)) => missing(store, user, project).await,
                error => error.into(),
            });
        }
    };
    let invoked = Invoked { execution_id: turn.id.as_uuid(), conversation_id: turn.conversation.as_uuid() };
    Ok((StatusCode::ACCEPTED, Json(invoked)))
}

async fn new_conversation(store: &Store, user: &UserId, project: ProjectId) -> Result<ConversationId, StoreError> {
    Ok(store.create_conversation(user, project, None).await?.id)
}

/// Says which of the two ids names nothing.
async fn missing(store: &Store, user: &UserId, project: ProjectId) -> Problem {
    match store.get_project(user, project).await {
        Ok(_) => Problem::not_found("conversation"),
        Err(error) => error.into(),
    }
}

/// Stops a turn: within half a second its work ends, and what was done stays.
#[utoipa::path(post, path = "/api/stop_stream/{execution_id}", tag = "turns", operation_id = "stop_stream",
    params(("execution_id" = Uuid, Path, description = "The turn.")),
    responses((status = 200, body = Stopped), (status = "default", body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn stop_stream(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<Uuid>,
) -> Result<Json<Stopped>, Problem> {
    let stopped = app.turns().stop(&caller, TurnId::from_uuid(id)).await?;
    let message = if stopped { "Stream cancelled" } else { "Stream already complete" };
    Ok(Json(Stopped { success: stopped, message }))
}

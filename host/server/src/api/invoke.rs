//! Asking the agent, and stopping it.

use axum::Json;
use axum::extract::State;
use bricklayer_domain::{ConversationId, LaneId, PermissionMode, ProjectId, Turn, TurnId, UserId, with_turn_settings};
use bricklayer_store::{NewTurn, Store, StoreError, TurnPlace};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::extract::{Body, Path};
use super::problem::{Problem, ProblemDetails};
use super::settings::asked_settings;
use crate::app::AppState;
use crate::config::{LOOSEST_MODE, PermissionBounds};
use crate::events::Mode;
use crate::identity::Caller;
use crate::turns::{BeginError, Stopping};

/// Longest message, in bytes: a pasted file fits, and the model could not read much more.
pub(super) const MAX_MESSAGE_BYTES: usize = 512 * 1024;

with_turn_settings!(asked_settings! {
    in_body: all(),
    /// A message to the agent.
    #[derive(Debug, Deserialize, ToSchema)]
    #[serde(deny_unknown_fields)]
    pub(crate) struct Invoke {
        /// The project.
        #[schema(value_type = Uuid)]
        project_id: ProjectId,
        /// What to do; at most 512 KiB.
        #[schema(min_length = 1, max_length = 524_288)]
        message: String,
        /// The conversation; a new one when absent.
        #[schema(value_type = Option<Uuid>)]
        conversation_id: Option<ConversationId>,
        /// The client's own id of this message, one for each: sending the same message again answers with the same turn,
        /// whichever host gets it.
        client_message_id: Option<Uuid>,
        /// The version of the conversation that the message goes on with, `lane_id` of its history; without it, the one
        /// that went on last.
        #[schema(value_type = Option<Uuid>)]
        lane_id: Option<LaneId>,
        /// The turn whose message this one takes the place of: said differently, or the same for another answer. What
        /// came before is kept, that turn and what followed it stay as another version.
        #[schema(value_type = Option<Uuid>)]
        instead_of: Option<TurnId>,
        /// The turn that this message follows, whatever was said after it, which stays as another version.
        #[schema(value_type = Option<Uuid>)]
        after: Option<TurnId>,
    }
    /// How much runs unasked, within what `GET /api/me` allows. When absent, the conversation keeps its mode; a new one
    /// has the operator's default.
    permission_mode: Option<Mode>,
});

/// The turn that works on the message.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Invoked {
    /// The turn: follow it at `/api/stream_progress/{execution_id}`.
    execution_id: Uuid,
    /// The conversation.
    conversation_id: Uuid,
}

impl Invoked {
    pub(super) const fn of(turn: &Turn) -> Self {
        Self { execution_id: turn.id.as_uuid(), conversation_id: turn.conversation.as_uuid() }
    }
}

/// Where a turn stands that was told to stop.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum StopState {
    /// It has ended; nothing of it runs any more.
    Stopped,
    /// It was told, and has not ended yet: follow its stream to see the end.
    Stopping,
}

/// What became of the wish to stop.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Stopped {
    /// Whether there was something to stop.
    success: bool,
    /// Where the turn stands.
    state: StopState,
    /// In words.
    message: &'static str,
}

impl Invoke {
    fn place(&self) -> Result<TurnPlace, Problem> {
        let named = [
            ("lane_id", self.lane_id.map(TurnPlace::Lane)),
            ("instead_of", self.instead_of.map(TurnPlace::InsteadOf)),
            ("after", self.after.map(TurnPlace::After)),
        ];
        let mut named = named.into_iter().filter_map(|(field, place)| Some((field, place?)));
        let Some((field, place)) = named.next() else { return Ok(TurnPlace::Next) };
        if self.conversation_id.is_none() {
            return Err(Problem::field(field, "must come with its `conversation_id`"));
        }
        match named.next() {
            Some((second, _)) => {
                Err(Problem::field(second, format!("must not come with `{field}`: they name two places")))
            }
            None => Ok(place),
        }
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
        (status = 409, description = "`turn-in-progress`: the agent still works in this conversation. `client-message-reused`: the id belongs to another message.", body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn invoke_agent(
    State(app): State<AppState>,
    caller: Caller,
    Body(body): Body<Invoke>,
) -> Result<(StatusCode, Json<Invoked>), Problem> {
    let turn = begin(&app, &caller, body).await?;
    Ok((StatusCode::ACCEPTED, Json(Invoked::of(&turn))))
}

/// Stores a message and begins to work on it.
pub(super) async fn begin(app: &AppState, caller: &Caller, mut body: Invoke) -> Result<Turn, Problem> {
    let (message, mut settings, place) = (body.message()?, body.settings()?, body.place()?);
    settings.permission_mode = body.permission_mode.map(Into::into);
    let bounds = app.config().permissions;
    check_mode(bounds, settings.permission_mode)?;
    let (project, conversation) = (body.project_id, body.conversation_id);
    if let (Some(id), None) = (conversation, settings.permission_mode) {
        let known = kept_mode(app.store(), &caller.user, project, id).await?;
        settings.permission_mode = known.map(|mode| bounds.of(Some(mode)));
    }
    let client_message_id = body.client_message_id;
    let new = NewTurn { project, conversation, place, message, settings, client_message_id, rerun_of: None };
    match app.turns().begin(caller, new).await {
        Ok(turn) => Ok(turn),
        Err(BeginError::Store(StoreError::NotFound(what @ ("lane" | "execution")))) => Err(Problem::not_found(what)),
        Err(BeginError::Store(StoreError::NotFound(_))) => Err(missing(app.store(), &caller.user, project).await),
        Err(error) => Err(error.into()),
    }
}

/// Refuses a mode that is looser than the operator allows.
fn check_mode(bounds: PermissionBounds, mode: Option<PermissionMode>) -> Result<(), Problem> {
    match mode {
        Some(mode) if mode > bounds.loosest => Err(Problem::field(
            "permission_mode",
            format!(
                "must not be looser than `{}`: the operator of this host bounds it by `{LOOSEST_MODE}`",
                bounds.loosest.as_str()
            ),
        )),
        Some(_) | None => Ok(()),
    }
}

/// The mode that the conversation had last: a client that does not speak of modes does not loosen it.
async fn kept_mode(
    store: &Store,
    user: &UserId,
    project: ProjectId,
    id: ConversationId,
) -> Result<Option<PermissionMode>, Problem> {
    match store.get_conversation(user, id).await {
        Ok(conversation) => Ok(conversation.settings.permission_mode),
        Err(StoreError::NotFound(_)) => Err(missing(store, user, project).await),
        Err(error) => Err(error.into()),
    }
}

/// Says which of the two ids names nothing.
async fn missing(store: &Store, user: &UserId, project: ProjectId) -> Problem {
    match store.get_project(user, project).await {
        Ok(_) => Problem::not_found("conversation"),
        Err(error) => error.into(),
    }
}

/// Stops a turn, wherever it runs or waits: its work ends, and what was done stays. Answers when it has ended, or after
/// some seconds with `stopping`.
#[utoipa::path(post, path = "/api/stop_stream/{execution_id}", tag = "turns", operation_id = "stop_stream",
    params(("execution_id" = Uuid, Path, description = "The turn.")),
    responses((status = 200, body = Stopped)))]
pub(crate) async fn stop_stream(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<TurnId>,
) -> Result<Json<Stopped>, Problem> {
    let (success, state, message) = match app.turns().stop(&caller, id).await? {
        Stopping::Stopped => (true, StopState::Stopped, "Stream cancelled"),
        Stopping::HadEnded => (false, StopState::Stopped, "Stream already complete"),
        Stopping::Underway => (true, StopState::Stopping, "Stopping; follow the stream to see the end"),
    };
    Ok(Json(Stopped { success, state, message }))
}

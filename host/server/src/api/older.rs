//! Names that clients of the system before this one ask for. Each is another name of an operation of this API, with the
//! same checks of who asks, and answers in its form.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use bricklayer_domain::{ConversationId, ProjectId};
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::conversations::{
    ConversationDetail, ConversationSummary, HistoryQuery, NewConversation, create_conversation, get_conversation,
};
use super::extract::{Body, OptionalBody, Path, Query};
use super::invoke::{Invoke, begin};
use super::me::{Health, Me, PromptQuery, SystemPrompt, get_health, get_me, get_system_prompt};
use super::problem::{Problem, ProblemDetails};
use super::stream::follow;
use crate::app::AppState;
use crate::events::WireEvent;
use crate::identity::Caller;

/// A new conversation, and where.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlacedConversation {
    /// The project.
    #[schema(value_type = Uuid)]
    project_id: ProjectId,
    /// One line, 1 to 200 characters.
    #[schema(min_length = 1, max_length = 200)]
    title: Option<String>,
}

/// The same as `/api/health`. Public.
#[utoipa::path(get, path = "/api/config/health", tag = "older", operation_id = "older_get_health",
    responses((status = 200, body = Health),
        (status = 503, description = "As with `/api/health`.", body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn health(state: State<AppState>) -> Result<Json<Health>, Problem> {
    get_health(state).await
}

/// The same as `/api/me`.
#[utoipa::path(get, path = "/api/config/user", tag = "older", operation_id = "older_get_user",
    responses((status = 200, body = Me)))]
pub(crate) async fn user(state: State<AppState>, caller: Caller) -> Json<Me> {
    get_me(state, caller).await
}

/// The same as `/api/me`.
#[utoipa::path(get, path = "/api/config/me", tag = "older", operation_id = "older_get_me",
    responses((status = 200, body = Me)))]
pub(crate) async fn me(state: State<AppState>, caller: Caller) -> Json<Me> {
    get_me(state, caller).await
}

/// The same as `/api/system_prompt`.
#[utoipa::path(get, path = "/api/config/system_prompt", tag = "older", operation_id = "older_get_system_prompt",
    params(PromptQuery), responses((status = 200, body = SystemPrompt)))]
pub(crate) async fn prompt(
    state: State<AppState>,
    caller: Caller,
    query: Query<PromptQuery>,
) -> Result<Json<SystemPrompt>, Problem> {
    get_system_prompt(state, caller, query).await
}

/// The same as `POST /api/projects/{project_id}/conversations`.
#[utoipa::path(post, path = "/api/conversations", tag = "older", operation_id = "older_create_conversation",
    request_body = PlacedConversation, responses((status = 201, body = ConversationSummary)))]
pub(crate) async fn create(
    state: State<AppState>,
    caller: Caller,
    Body(PlacedConversation { project_id, title }): Body<PlacedConversation>,
) -> Result<(StatusCode, Json<ConversationSummary>), Problem> {
    create_conversation(state, caller, Path(project_id), OptionalBody(NewConversation { title })).await
}

/// The same as `GET /api/projects/{project_id}/conversations/{conversation_id}`.
#[utoipa::path(get, path = "/api/conversations/{conversation_id}", tag = "older", operation_id = "older_get_conversation",
    params(("conversation_id" = Uuid, Path, description = "The conversation."), HistoryQuery),
    responses((status = 200, body = ConversationDetail)))]
pub(crate) async fn conversation(
    state: State<AppState>,
    caller: Caller,
    Path(id): Path<ConversationId>,
    query: Query<HistoryQuery>,
) -> Result<Response, Problem> {
    let project = state.store().get_conversation(&caller.user, id).await?.project;
    get_conversation(state, caller, Path((project, id)), query).await
}

/// The same as `POST /api/invoke_agent`, answered with the turn's events.
#[utoipa::path(post, path = "/api/agent/invoke", tag = "older", operation_id = "older_invoke_agent", request_body = Invoke,
    responses((status = 200, description = "As with `/api/stream_progress/{execution_id}`.", body = WireEvent, content_type = "text/event-stream"),
        (status = 409, description = "As with `/api/invoke_agent`.", body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn invoke(
    State(app): State<AppState>,
    caller: Caller,
    Body(body): Body<Invoke>,
) -> Result<Response, Problem> {
    let turn = begin(&app, &caller, body).await?;
    follow(app, caller, turn.id, None).await
}

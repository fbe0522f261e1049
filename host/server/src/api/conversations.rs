//! Conversations and their history.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bricklayer_domain::{
    Block, Conversation, ConversationId, Event, EventSeq, LaneId, ProjectId, StoredEvent, Turn, TurnEnd, TurnStatus,
    UserId,
};
use bricklayer_store::{HistoryPage, MAX_HISTORY_TURNS, MAX_PAGE, PageRequest, Store, StoreError, Version, Versions};
use chrono::{DateTime, Utc};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::extract::{Body, OptionalBody, Path, Query};
use super::list::ListQuery;
use super::permissions::Permission;
use super::problem::Problem;
use super::projects::title;
use crate::app::AppState;
use crate::events::{Settings, WireEvent, fold_history};
use crate::identity::Caller;

/// Turns of a history that an answer holds when nobody says how many.
const DEFAULT_HISTORY_TURNS: u32 = 30;
/// Histories that are put together at once; further readers wait. Each takes several times the bytes of its page.
const HISTORIES_AT_ONCE: usize = 4;
static HISTORIES: Semaphore = Semaphore::const_new(HISTORIES_AT_ONCE);
/// Ended turns that the list of executions shows.
const RECENT_TURNS: usize = 5;

/// A thread in a project.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ConversationSummary {
    /// Its id.
    id: Uuid,
    /// Its project.
    project_id: Uuid,
    /// For people.
    title: String,
    /// When it was made.
    created_at: DateTime<Utc>,
    /// When its last turn began.
    updated_at: DateTime<Utc>,
    /// How many turns it holds.
    turn_count: i64,
    /// What its last turn does.
    state: ConversationState,
    /// The turn that runs or waits.
    #[schema(required = true)]
    active_execution_id: Option<Uuid>,
    /// The log's last event.
    last_seq: i64,
    /// What the user chose last.
    settings: Settings,
}

/// Conversations of a project, and where the list goes on.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ConversationList {
    /// The one used last first.
    conversations: Vec<ConversationSummary>,
    /// Pass it as `after` for those that follow; null when there are none.
    #[schema(required = true)]
    next: Option<String>,
}

/// What the last turn of a conversation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ConversationState {
    /// Nothing: it ended well, was stopped, or there is none.
    Idle,
    /// It runs.
    Running,
    /// It waits for the user.
    Waiting,
    /// It failed.
    Failed,
}

impl From<TurnStatus> for ConversationState {
    fn from(status: TurnStatus) -> Self {
        match status {
            TurnStatus::Running => Self::Running,
            TurnStatus::Waiting => Self::Waiting,
            TurnStatus::Failed => Self::Failed,
            TurnStatus::Completed | TurnStatus::Cancelled => Self::Idle,
        }
    }
}

/// A conversation with what was said and done in its newest turns, or in those before an event.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ConversationDetail {
    #[serde(flatten)]
    summary: ConversationSummary,
    /// What was said.
    messages: Vec<Message>,
    /// What was done: the log without the pieces of what is complete.
    events: Vec<WireEvent>,
    /// Pass it as `before` for the turns before these; null when these begin with the first. A turn that alone is
    /// larger than an answer comes in parts.
    #[schema(required = true)]
    earlier: Option<i64>,
    /// The version of the conversation that this is: pass it as `lane_id` to go on with it.
    lane_id: Uuid,
    /// Where it has more versions than this one, in order.
    versions: Vec<TurnVersions>,
    /// The turn of this version that runs or waits; with the newest events, follow it after `last_seq`.
    #[schema(required = true)]
    active_execution: Option<Execution>,
    /// What runs unasked until it is taken back.
    standing_permissions: Vec<Permission>,
}

/// A message that was said in more than one way, or answered more than once.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TurnVersions {
    /// The turn that is among `events`, or in an earlier part of them.
    execution_id: Uuid,
    /// All of them, the oldest first.
    versions: Vec<TurnVersion>,
}

/// One turn of several at one place.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TurnVersion {
    /// The turn.
    execution_id: Uuid,
    /// The version of the conversation that went on last with it: ask for its history by it.
    lane_id: Uuid,
}

impl From<Versions> for TurnVersions {
    fn from(versions: Versions) -> Self {
        let version =
            |version: Version| TurnVersion { execution_id: version.turn.as_uuid(), lane_id: version.lane.as_uuid() };
        Self { execution_id: versions.shown.as_uuid(), versions: versions.all.into_iter().map(version).collect() }
    }
}

/// One message of a conversation.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Message {
    /// Unique in the conversation.
    id: String,
    /// `user` or `assistant`.
    role: &'static str,
    /// Markdown.
    content: String,
    /// When.
    timestamp: DateTime<Utc>,
    /// Whether the turn failed.
    is_error: bool,
}

/// A turn.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Execution {
    /// Its id.
    id: Uuid,
    /// Its conversation.
    conversation_id: Uuid,
    /// Its project.
    project_id: Uuid,
    /// `running`, `waiting`, `completed`, `failed` or `cancelled`.
    status: &'static str,
    /// When the message was stored.
    created_at: DateTime<Utc>,
    /// When the status last changed.
    updated_at: DateTime<Utc>,
}

/// The turns of a conversation.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Executions {
    /// The one that runs or waits.
    #[schema(required = true)]
    active: Option<Execution>,
    /// Up to five that ended, the newest first.
    recent: Vec<Execution>,
}

/// A conversation's title; without one it gets one from its first message.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewConversation {
    /// One line, 1 to 200 characters.
    #[schema(min_length = 1, max_length = 200)]
    pub(super) title: Option<String>,
}

/// A conversation's new title.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TitledConversation {
    /// One line, 1 to 200 characters.
    #[schema(min_length = 1, max_length = 200)]
    title: String,
}

/// That something was deleted.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeletedConversation {
    /// Always true.
    success: bool,
    /// What is gone.
    deleted_conversation_id: Uuid,
}

impl From<Turn> for Execution {
    fn from(turn: Turn) -> Self {
        Self {
            id: turn.id.as_uuid(),
            conversation_id: turn.conversation.as_uuid(),
            project_id: turn.project.as_uuid(),
            status: turn.status.as_str(),
            created_at: turn.created_at,
            updated_at: turn.updated_at,
        }
    }
}

impl From<Conversation> for ConversationSummary {
    fn from(conversation: Conversation) -> Self {
        let newest = conversation.newest_turn;
        Self {
            id: conversation.id.as_uuid(),
            project_id: conversation.project.as_uuid(),
            title: conversation.title,
            created_at: conversation.created_at,
            updated_at: conversation.updated_at,
            turn_count: conversation.turn_count,
            state: newest.map_or(ConversationState::Idle, |turn| turn.status.into()),
            active_execution_id: newest.and_then(|turn| turn.active()).map(|turn| turn.as_uuid()),
            last_seq: newest.map_or(0, |turn| turn.last_seq.0),
            settings: conversation.settings.into(),
        }
    }
}

/// The user's conversation, if it belongs to this project.
pub(super) async fn find(
    store: &Store,
    user: &UserId,
    project: ProjectId,
    id: ConversationId,
) -> Result<Conversation, StoreError> {
    let conversation = store.get_conversation(user, id).await?;
    if conversation.project != project {
        return Err(StoreError::NotFound("conversation"));
    }
    Ok(conversation)
}

/// The conversation's newest turns, the newest first.
async fn turns(store: &Store, user: &UserId, id: ConversationId, limit: usize) -> Result<Vec<Turn>, StoreError> {
    let limit = u32::try_from(limit).unwrap_or(MAX_PAGE);
    Ok(store.list_turns(user, id, PageRequest { after: None, limit }).await?.items)
}

/// Lists a project's conversations, the one used last first.
#[utoipa::path(get, path = "/api/projects/{project_id}/conversations", tag = "conversations", operation_id = "list_conversations",
    params(("project_id" = Uuid, Path, description = "The project."), ListQuery),
    responses((status = 200, body = ConversationList)))]
pub(crate) async fn list_conversations(
    State(app): State<AppState>,
    caller: Caller,
    Path(project): Path<ProjectId>,
    Query(query): Query<ListQuery>,
) -> Result<Json<ConversationList>, Problem> {
    let part = query.part()?;
    let store = app.store();
    store.get_project(&caller.user, project).await?;
    let (conversations, next) = part.gather(|page| store.list_conversations(&caller.user, project, page)).await?;
    let conversations = conversations.into_iter().map(ConversationSummary::from).collect();
    Ok(Json(ConversationList { conversations, next }))
}

/// Makes a conversation.
#[utoipa::path(post, path = "/api/projects/{project_id}/conversations", tag = "conversations", operation_id = "create_conversation",
    params(("project_id" = Uuid, Path, description = "The project.")), request_body = Option<NewConversation>,
    responses((status = 201, body = ConversationSummary)))]
pub(crate) async fn create_conversation(
    State(app): State<AppState>,
    caller: Caller,
    Path(project): Path<ProjectId>,
    OptionalBody(body): OptionalBody<NewConversation>,
) -> Result<(StatusCode, Json<ConversationSummary>), Problem> {
    let title = body.title.as_deref().map(|text| title("title", text)).transpose()?;
    let conversation = app.store().create_conversation(&caller.user, project, title.as_ref()).await?;
    Ok((StatusCode::CREATED, Json(conversation.into())))
}

/// Which part of a history.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct HistoryQuery {
    /// So many turns, 1 to 200; fewer come when they take more than 2 MiB.
    #[param(minimum = 1, maximum = 200, default = 30)]
    turns: Option<u32>,
    /// Those that came before this event, `earlier` of another answer; the newest without it.
    #[param(minimum = 1)]
    before: Option<i64>,
    /// The version that is wanted, of `versions` of another answer; the one that went on last without it.
    #[param(value_type = Option<Uuid>)]
    lane_id: Option<LaneId>,
}

/// Shows a conversation with what was said and done, the newest turns first.
#[utoipa::path(get, path = "/api/projects/{project_id}/conversations/{conversation_id}", tag = "conversations", operation_id = "get_conversation",
    params(("project_id" = Uuid, Path, description = "The project."), ("conversation_id" = Uuid, Path, description = "The conversation."), HistoryQuery),
    responses((status = 200, body = ConversationDetail)))]
pub(crate) async fn get_conversation(
    State(app): State<AppState>,
    caller: Caller,
    Path((project, id)): Path<(ProjectId, ConversationId)>,
    Query(query): Query<HistoryQuery>,
) -> Result<Response, Problem> {
    let wanted = query.turns.unwrap_or(DEFAULT_HISTORY_TURNS);
    if !(1..=MAX_HISTORY_TURNS).contains(&wanted) {
        return Err(Problem::field("turns", format!("must be between 1 and {MAX_HISTORY_TURNS}")));
    }
    if query.before.is_some_and(|before| before < 1) {
        return Err(Problem::field("before", "must be the number of an event, 1 or more"));
    }
    let before = EventSeq(query.before.unwrap_or(i64::MAX));
    let store = app.store();
    let conversation = find(store, &caller.user, project, id).await?;
    // The turn first, then the log: a turn that ends in between is seen to the end by whoever follows it.
    let newest = turns(store, &caller.user, conversation.id, 1).await?.into_iter().next();
    let active = newest.clone().filter(|turn| !turn.status.is_final());
    let standing = store.standing_permissions(&caller.user, conversation.id).await?;
    // The semaphore is never closed.
    let _place = HISTORIES.acquire().await.ok();
    let page = store.history_before(&caller.user, conversation.id, query.lane_id, before, wanted).await?;
    let HistoryPage { lane, newest: newest_lane, events, earlier, of_calls } = page;
    let versions = store.versions(&caller.user, conversation.id, lane).await?;
    // Nothing of another version comes any more: its reader knows the log to its end.
    let through = conversation.newest_turn.map_or(0, |turn| turn.last_seq.0);
    let summary = ConversationSummary {
        // What was read belongs together: the turn and the log, whatever happened since the conversation was found.
        state: newest.as_ref().map_or(ConversationState::Idle, |turn| turn.status.into()),
        active_execution_id: active.as_ref().map(|turn| turn.id.as_uuid()),
        last_seq: if newest_lane == lane { events.last().map_or(0, |stored| stored.seq.0) } else { through },
        ..conversation.into()
    };
    let detail = ConversationDetail {
        summary,
        messages: messages(&events),
        events: fold_history(events, of_calls),
        earlier: earlier.map(|seq| seq.0),
        lane_id: lane.as_uuid(),
        versions: versions.into_iter().map(TurnVersions::from).collect(),
        // Another version's turn is none of this one.
        active_execution: active.filter(|_| newest_lane == lane).map(Execution::from),
        standing_permissions: standing.into_iter().map(Permission::from).collect(),
    };
    // Written while it has its place: the parsed form is the larger one.
    Ok(Json(detail).into_response())
}

/// What was said: each turn's message, and all its text as one answer.
fn messages(events: &[StoredEvent]) -> Vec<Message> {
    let mut messages: Vec<Message> = Vec::new();
    for stored in events {
        let answer_id = format!("{}-answer", stored.turn);
        match &stored.event {
            Event::TurnStarted { message, .. } => messages.push(Message {
                id: stored.turn.to_string(),
                role: "user",
                content: message.clone(),
                timestamp: stored.at,
                is_error: false,
            }),
            Event::AssistantMessage { blocks, .. } => {
                let text = blocks.iter().filter_map(|block| match block {
                    Block::Text { text } => Some(text.as_str()),
                    Block::Thinking { .. } | Block::ToolUse { .. } | Block::Other { .. } => None,
                });
                let text = text.collect::<Vec<_>>().join("\n\n");
                if text.is_empty() {
                    continue;
                }
                match messages.last_mut().filter(|message| message.id == answer_id) {
                    Some(answer) => {
                        answer.content.push_str("\n\n");
                        answer.content.push_str(&text);
                    }
                    None => messages.push(answer(answer_id, text, stored.at, false)),
                }
            }
            Event::TurnFinished { end: TurnEnd::Failed { message, .. }, .. } => {
                match messages.last_mut().filter(|message| message.id == answer_id) {
                    Some(answer) => answer.is_error = true,
                    None => messages.push(answer(answer_id, message.clone(), stored.at, true)),
                }
            }
            Event::NotesRead { .. }
            | Event::StepStarted { .. }
            | Event::TextDelta { .. }
            | Event::ThinkingDelta { .. }
            | Event::ModelRetry { .. }
            | Event::StepDiscarded { .. }
            | Event::ApprovalRequested { .. }
            | Event::ApprovalAnswered { .. }
            | Event::ToolStarted { .. }
            | Event::ToolContinuation { .. }
            | Event::ToolProgress { .. }
            | Event::ToolFinished { .. }
            | Event::ContextCompacted { .. }
            | Event::TurnFinished { end: TurnEnd::Completed | TurnEnd::Cancelled, .. } => {}
        }
    }
    messages
}

const fn answer(id: String, content: String, timestamp: DateTime<Utc>, is_error: bool) -> Message {
    Message { id, role: "assistant", content, timestamp, is_error }
}

/// Renames a conversation.
#[utoipa::path(patch, path = "/api/projects/{project_id}/conversations/{conversation_id}", tag = "conversations", operation_id = "update_conversation",
    params(("project_id" = Uuid, Path, description = "The project."), ("conversation_id" = Uuid, Path, description = "The conversation.")),
    request_body = TitledConversation,
    responses((status = 200, body = ConversationSummary)))]
pub(crate) async fn update_conversation(
    State(app): State<AppState>,
    caller: Caller,
    Path((project, id)): Path<(ProjectId, ConversationId)>,
    Body(body): Body<TitledConversation>,
) -> Result<Json<ConversationSummary>, Problem> {
    let title = title("title", &body.title)?;
    let store = app.store();
    let conversation = find(store, &caller.user, project, id).await?;
    Ok(Json(store.rename_conversation(&caller.user, conversation.id, &title).await?.into()))
}

/// Deletes a conversation. A turn that runs in it is stopped.
#[utoipa::path(delete, path = "/api/projects/{project_id}/conversations/{conversation_id}", tag = "conversations", operation_id = "delete_conversation",
    params(("project_id" = Uuid, Path, description = "The project."), ("conversation_id" = Uuid, Path, description = "The conversation.")),
    responses((status = 200, body = DeletedConversation)))]
pub(crate) async fn delete_conversation(
    State(app): State<AppState>,
    caller: Caller,
    Path((project, id)): Path<(ProjectId, ConversationId)>,
) -> Result<Json<DeletedConversation>, Problem> {
    let conversation = find(app.store(), &caller.user, project, id).await?;
    let turn = app.store().delete_conversation(&caller.user, conversation.id).await?;
    app.turns().end_deleted(&caller.user, turn.as_slice()).await;
    Ok(Json(DeletedConversation { success: true, deleted_conversation_id: id.as_uuid() }))
}

/// Lists a conversation's turns: the active one and the last that ended.
#[utoipa::path(get, path = "/api/projects/{project_id}/conversations/{conversation_id}/executions", tag = "conversations", operation_id = "list_executions",
    params(("project_id" = Uuid, Path, description = "The project."), ("conversation_id" = Uuid, Path, description = "The conversation.")),
    responses((status = 200, body = Executions)))]
pub(crate) async fn list_executions(
    State(app): State<AppState>,
    caller: Caller,
    Path((project, id)): Path<(ProjectId, ConversationId)>,
) -> Result<Json<Executions>, Problem> {
    let conversation = find(app.store(), &caller.user, project, id).await?;
    let newest = turns(app.store(), &caller.user, conversation.id, RECENT_TURNS + 1).await?;
    let (ended, active): (Vec<_>, Vec<_>) = newest.into_iter().partition(|turn| turn.status.is_final());
    Ok(Json(Executions {
        active: active.into_iter().next().map(Execution::from),
        recent: ended.into_iter().take(RECENT_TURNS).map(Execution::from).collect(),
    }))
}

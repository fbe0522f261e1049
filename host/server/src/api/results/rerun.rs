//! Making a result again: the same call, as a direct command in its conversation.

use axum::Json;
use axum::extract::State;
use bricklayer_domain::{Event, EventSeq, ResultId, StoredResult, ToolName, TurnId, UserId};
use bricklayer_store::{Detail, NewTurn, Store, StoreError, TurnPlace};
use http::StatusCode;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api::extract::{Body, Path};
use crate::api::invoke::{Invoked, MAX_MESSAGE_BYTES};
use crate::api::problem::{Problem, ProblemDetails};
use crate::app::AppState;
use crate::identity::Caller;

/// Events that are read at once while the call is looked for.
const EVENTS_AT_ONCE: u32 = 500;

/// The wish to make a result again.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RunAgain {
    /// The client's own id of this wish: sending it again answers with the same turn.
    client_message_id: Option<Uuid>,
}

fn cannot(code: &'static str, detail: impl Into<String>) -> Problem {
    Problem::new(StatusCode::CONFLICT, code, detail)
}

/// Makes a result again: the call that made it runs once more, asked about as any call is. The new result names this one
/// as what it comes in the place of.
#[utoipa::path(post, path = "/api/results/{result_id}/run_again", tag = "results", operation_id = "run_result_again", request_body = RunAgain,
    params(("result_id" = Uuid, Path, description = "The result.")),
    responses((status = 202, body = Invoked),
        (status = 409, description = "`call-gone`: the call is not in the log any more. `tool-gone`: its tool is not there. `turn-in-progress`: the agent still works in this conversation.", body = ProblemDetails, content_type = "application/problem+json"),
        (status = "default", body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn run_result_again(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<Uuid>,
    Body(body): Body<RunAgain>,
) -> Result<(StatusCode, Json<Invoked>), Problem> {
    let result = app.results().describe(&caller.user, ResultId::from_uuid(id)).await?;
    let (tool, input) = call_of(app.store(), &caller.user, &result).await?.ok_or_else(|| {
        cannot("call-gone", "the call that made this result is not in the log any more; ask the agent to make it again")
    })?;
    let tools = app.turns().environment().list_tools(
        &caller.user,
        Some(result.project),
        app.skills().host(),
        app.skills().host_agents(),
    );
    if !tools.iter().any(|spec| spec.name == tool) {
        let detail = format!(
            "`{tool}`, which made this result, is not there in this project now; switch its plugin on, or ask the agent to \
             make the result in another way"
        );
        return Err(cannot("tool-gone", detail));
    }
    let message = format!("/{tool} {input}");
    if message.len() > MAX_MESSAGE_BYTES {
        return Err(cannot(
            "call-too-large",
            "the call that made this result is larger than a message may be; ask the agent to make it again",
        ));
    }
    let mut settings = app.store().get_conversation(&caller.user, result.conversation).await?.settings;
    settings.permission_mode = settings.permission_mode.map(|mode| app.config().permissions.of(Some(mode)));
    let new = NewTurn {
        project: result.project,
        conversation: Some(result.conversation),
        place: TurnPlace::Next,
        message,
        settings,
        client_message_id: body.client_message_id,
        rerun_of: Some(result.id),
    };
    let turn = app.turns().begin(&caller, new).await?;
    Ok((StatusCode::ACCEPTED, Json(Invoked::of(&turn))))
}

/// The call that makes a result: what its maker said, or else the call that made it, as the log has it.
async fn call_of(store: &Store, user: &UserId, result: &StoredResult) -> Result<Option<(ToolName, Value)>, StoreError> {
    if let Some(again) = &result.origin.again {
        return Ok(Some((ToolName(again.tool.clone()), again.input.clone())));
    }
    let (Some(turn), Some(call)) = (result.turn, &result.call) else { return Ok(None) };
    let started = |event: Event| match event {
        Event::ToolStarted { call: started, name, input, why: _ } if started == *call => Some((name, input)),
        _ => None,
    };
    find(store, user, turn, started).await
}

/// The first event of a turn in which something is found.
async fn find<T>(
    store: &Store,
    user: &UserId,
    turn: TurnId,
    look: impl Fn(Event) -> Option<T>,
) -> Result<Option<T>, StoreError> {
    let mut after = EventSeq::START;
    loop {
        let page = match store.turn_events_after(user, turn, after, EVENTS_AT_ONCE, Detail::NoDeltas).await {
            Ok(page) => page,
            Err(StoreError::NotFound(_)) => return Ok(None),
            Err(error) => return Err(error),
        };
        if let Some(found) = page.events.into_iter().find_map(|stored| look(stored.event)) {
            return Ok(Some(found));
        }
        if page.complete {
            return Ok(None);
        }
        after = page.through;
    }
}

//! The user's answers to calls that wait for them.

use axum::Json;
use axum::extract::State;
use bricklayer_domain::{ToolCallId, TurnId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::extract::{Body, Path};
use super::problem::Problem;
use crate::app::AppState;
use crate::events::Decision;
use crate::identity::Caller;

/// An answer.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Answer {
    /// What the user says.
    decision: Decision,
}

/// The answer that counts.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Answered {
    /// Always true.
    success: bool,
    /// This answer, or the one that came first.
    decision: Decision,
}

/// Answers a call that waits for the user. The first answer counts; a later one learns what it was.
#[utoipa::path(post, path = "/api/executions/{execution_id}/approvals/{call_id}", tag = "turns", operation_id = "answer_approval",
    params(("execution_id" = Uuid, Path, description = "The turn."), ("call_id" = String, Path, description = "The call.")),
    request_body = Answer,
    responses((status = 200, body = Answered)))]
pub(crate) async fn answer_approval(
    State(app): State<AppState>,
    caller: Caller,
    Path((turn, call)): Path<(TurnId, ToolCallId)>,
    Body(body): Body<Answer>,
) -> Result<Json<Answered>, Problem> {
    let decision = app.turns().answer(&caller, turn, &call, body.decision.into()).await?;
    Ok(Json(Answered { success: true, decision: decision.into() }))
}

//! The user's answers to calls that wait for them.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use bricklayer_domain::{ApprovalDecision, ToolCallId, TurnId};
use bricklayer_store::ApprovalAnswer;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::extract::{Body, Path};
use super::problem::Problem;
use crate::app::AppState;
use crate::events::{Decision, Reply};
use crate::identity::Caller;

/// An answer.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Answer {
    /// What the user says.
    decision: Decision,
    /// What they say beside it.
    #[serde(default)]
    reply: Option<Reply>,
}

/// The answer that counts.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Answered {
    /// Always true.
    success: bool,
    /// This answer, or the same one that came first.
    decision: Decision,
}

/// Answers a call that waits for the user. The first answer counts; the same one again is fine, another one is refused
/// with `already-answered`.
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
    let reply =
        body.reply.map(Reply::parsed).transpose().map_err(|error| Problem::field("reply", error.to_string()))?;
    let answer = ApprovalAnswer { decision: body.decision.into(), reply: reply.flatten() };
    let (decision, counts) = app.turns().answer(&caller, turn, &call, answer).await?;
    if !counts {
        return Err(answered_otherwise(decision));
    }
    Ok(Json(Answered { success: true, decision: decision.into() }))
}

/// Another answer came first.
fn answered_otherwise(decision: ApprovalDecision) -> Problem {
    let detail = format!(
        "another answer to this call came first, and counts: `{}`; say in a message what is to happen now",
        decision.as_str()
    );
    Problem::new(StatusCode::CONFLICT, "already-answered", detail)
}

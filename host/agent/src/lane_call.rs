//! A call whose work somebody else does, in a lane of its own.

use bricklayer_domain::{ToolErrorKind, ToolFailure, ToolOutcome, TurnEnd};
use bricklayer_tools::{CallLink, Standstill};

use crate::ports::{LaneRun, LaneWork, LogError, SubagentRun, SubagentTask, Subagents, TurnExit};

/// Has somebody do the work of a call, and waits for their end: where they stood when an earlier host left, they go on.
///
/// # Errors
/// What the call comes to when they did not come to an end by themselves, with what they said last.
pub async fn run_in_lane(
    subagents: &dyn Subagents,
    task: SubagentTask,
    link: &CallLink,
) -> Result<LaneWork, ToolOutcome> {
    let SubagentRun { lane: LaneRun { exit, work }, questions } =
        subagents.run(task).await.map_err(ToolOutcome::failed)?;
    let failed = |kind, what: &str| ToolFailure::new(kind, so_far(what, &work.said));
    let failure = match exit {
        TurnExit::Finished(TurnEnd::Completed) => return Ok(work),
        TurnExit::Finished(TurnEnd::Failed { message, code: _ }) => {
            failed(ToolErrorKind::Failed, &format!("the work did not come to its end: {message}"))
        }
        TurnExit::Finished(TurnEnd::Cancelled) => failed(ToolErrorKind::Cancelled, "stopped by the user"),
        TurnExit::Interrupted(LogError::Refused(error)) => failed(
            ToolErrorKind::LimitExceeded,
            &format!("what the work came to does not fit into its log ({error}); ask for less at once"),
        ),
        TurnExit::Parked => return Err(stand(link, Standstill::Asks(questions)).await),
        TurnExit::LetGo => return Err(stand(link, Standstill::SignIn).await),
        TurnExit::Interrupted(LogError::LostLease) => return Err(stand(link, Standstill::Left).await),
        TurnExit::Interrupted(LogError::Unavailable(error)) => {
            return Err(stand(link, Standstill::Broken(error)).await);
        }
    };
    Err(ToolOutcome { spent: Some(work.spent), ..ToolOutcome::failed(failure) })
}

/// Waits until whoever made the call lets go of it.
async fn stand(link: &CallLink, why: Standstill) -> ToolOutcome {
    if let Some(turn) = &link.continuations {
        turn.stand(why).await;
    }
    link.cancel.cancelled().await;
    ToolOutcome::failed(ToolFailure::new(ToolErrorKind::Cancelled, "stopped by the user"))
}

/// What happened, and the last words of the one that it happened to.
fn so_far(what: &str, said: &str) -> String {
    if said.is_empty() { what.to_owned() } else { format!("{what}\nWhat was said last:\n{said}") }
}

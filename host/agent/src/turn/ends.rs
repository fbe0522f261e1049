//! How a turn ends by what its last message says.

use bricklayer_domain::{StopReason, TurnEnd};

/// How a turn ends whose last message holds no tool use. Source: facts on the Messages API, stop reasons.
pub(super) fn end_of(reason: &StopReason, details: Option<&str>) -> TurnEnd {
    let failed = |code: &str, message: &str| TurnEnd::Failed { code: code.to_owned(), message: message.to_owned() };
    match reason {
        StopReason::EndTurn | StopReason::StopSequence | StopReason::ToolUse | StopReason::PauseTurn => {
            TurnEnd::Completed
        }
        StopReason::Unknown(reason) => failed(
            "model-stopped",
            &format!(
                "The model stopped for a reason that this version does not know (`{reason}`). What it said is kept; say \
                 \"continue\" to let it go on."
            ),
        ),
        StopReason::MaxTokens => failed(
            "output-limit",
            "The answer reached the model's output limit and is cut. Say \"continue\" to let it go on.",
        ),
        StopReason::Refusal => failed(
            "model-refused",
            &format!(
                "The model declined to answer this message{}. Change the message and send it again; the model will \
                 not see the declined one.",
                details.map_or(String::new(), |details| format!(" ({})", details.trim_end_matches('.')))
            ),
        ),
        StopReason::ContextWindowExceeded => failed(
            "conversation-too-long",
            "The conversation no longer fits into the model's context. Start a new conversation; files in the \
             project stay available there.",
        ),
    }
}

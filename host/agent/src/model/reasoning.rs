//! Where the proof of a model's reasoning came from. Chat completions give it in lists of their own (Databricks) and
//! take it back in them only; the Messages API takes only its own. So the log keeps which of them it was.

/// Begins a proof that came with chat completions; the Messages API's proofs are base64, which has no colon.
const FROM_CHAT: &str = "chat:";

/// A proof from chat completions, as the log keeps it.
pub(super) fn of_chat(signature: &str) -> String {
    format!("{FROM_CHAT}{signature}")
}

/// The proof that chat completions gave; none when it is none of theirs.
pub(super) fn for_chat(signature: &str) -> Option<&str> {
    signature.strip_prefix(FROM_CHAT)
}

/// The proof that the Messages API gave; none when it is none of its.
pub(super) fn for_messages(signature: &str) -> Option<&str> {
    (!signature.is_empty() && for_chat(signature).is_none()).then_some(signature)
}

//! Whose words a result holds.

use serde::{Deserialize, Serialize};

/// Whose words a call's outcome holds. Said once, here: whatever a tool read (a table, a page, a file, a log, an error of
/// a far end, what a plugin made of it) is from outside, also when it is the user's own: they may never have read it. Only
/// the host's own tools can know that they gave back nothing but the host's words and the call's own arguments.
///
/// Once something from outside is in a conversation, what the model asks for may be somebody else's wish: calls that send
/// or destroy are then asked about whatever the mode and the rules that allow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContentOrigin {
    /// From outside the user's words, or nobody knows; what logs of earlier releases hold.
    #[default]
    Outside,
    /// The host's words.
    Host,
}

impl ContentOrigin {
    /// Whether it is from outside.
    #[must_use]
    pub const fn is_outside(&self) -> bool {
        matches!(self, Self::Outside)
    }
}

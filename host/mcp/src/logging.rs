//! What clients hear of their calls as log messages, from the level on that they asked for.

#![expect(deprecated, reason = "clients of revision 2025-11-25 set log levels and hear logs as it says")]

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bricklayer_domain::{ToolCall, ToolOutcome, chain};
use rmcp::model::{LoggingLevel, LoggingMessageNotificationParam};
use rmcp::{Peer, RoleServer};
use serde_json::json;

/// The level of a client that set one for its session.
#[derive(Debug, Default)]
pub(crate) struct Level(Mutex<Option<LoggingLevel>>);

impl Level {
    pub(crate) fn set(&self, level: LoggingLevel) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(level);
    }

    pub(crate) fn get(&self) -> Option<LoggingLevel> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is said of a call that ended, when the client wants to hear it.
pub(crate) fn ended(
    from: LoggingLevel,
    call: &ToolCall,
    outcome: &ToolOutcome,
    took: Duration,
) -> Option<LoggingMessageNotificationParam> {
    let level = if outcome.is_error() { LoggingLevel::Warning } else { LoggingLevel::Info };
    if rank(level) < rank(from) {
        return None;
    }
    let mut data = json!({"tool": call.name.0, "call": call.id.to_string(), "seconds": took.as_secs_f64()});
    if let (Some(failure), Some(fields)) = (&outcome.failure, data.as_object_mut()) {
        fields.insert("failed".to_owned(), failure.kind.as_str().into());
    }
    Some(LoggingMessageNotificationParam::new(level, data).with_logger("calls"))
}

/// Tells a client; one that is gone hears nothing.
pub(crate) async fn tell(peer: &Peer<RoleServer>, message: LoggingMessageNotificationParam) {
    if let Err(error) = peer.notify_logging_message(message).await {
        tracing::debug!(error = chain(&error), "an MCP client did not hear of its call");
    }
}

/// RFC 5424, from careful to grave.
const fn rank(level: LoggingLevel) -> u8 {
    match level {
        LoggingLevel::Debug => 0,
        LoggingLevel::Info => 1,
        LoggingLevel::Notice => 2,
        LoggingLevel::Warning => 3,
        LoggingLevel::Error => 4,
        LoggingLevel::Critical => 5,
        LoggingLevel::Alert => 6,
        LoggingLevel::Emergency => 7,
    }
}

#[cfg(test)]
mod tests {
    use bricklayer_domain::{ToolCallId, ToolErrorKind, ToolFailure, ToolName};

    use super::*;

    #[test]
    fn a_client_hears_from_its_level_on() {
        let call = ToolCall { id: ToolCallId("c".into()), name: ToolName("t".into()), input: json!({}) };
        let good = ToolOutcome::text("x");
        let bad = ToolOutcome::failed(ToolFailure::new(ToolErrorKind::Failed, "secret words"));
        for (from, outcome, level) in [
            (LoggingLevel::Debug, &good, Some(LoggingLevel::Info)),
            (LoggingLevel::Info, &good, Some(LoggingLevel::Info)),
            (LoggingLevel::Notice, &good, None),
            (LoggingLevel::Warning, &bad, Some(LoggingLevel::Warning)),
            (LoggingLevel::Error, &bad, None),
        ] {
            let told = ended(from, &call, outcome, Duration::from_millis(1500));
            assert_eq!(told.as_ref().map(|told| told.level), level, "{from:?}");
            assert!(!format!("{told:?}").contains("secret"), "{told:?}");
        }
        let told = ended(LoggingLevel::Debug, &call, &bad, Duration::from_millis(1500)).unwrap();
        assert_eq!(told.data, json!({"tool": "t", "call": "c", "seconds": 1.5, "failed": "failed"}));
    }
}

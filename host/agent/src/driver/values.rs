//! Typed results that a lane's fold leaves in the log because they are large, for a plan that decides by them.

use std::collections::HashMap;
use std::sync::Arc;

use bricklayer_domain::ToolCallId;
use serde_json::Value;

use crate::model::{Content, ModelMessage};
use crate::ports::{LogError, TurnLog};

/// Those that were fetched, and the calls that have none.
#[derive(Debug, Default)]
pub(super) struct Values(HashMap<ToolCallId, Option<Value>>);

impl Values {
    /// Puts them where they are missing. What is not stored yet is not found.
    pub(super) async fn fill(&mut self, log: &dyn TurnLog, messages: &mut [Arc<ModelMessage>]) -> Result<(), LogError> {
        for message in messages {
            for place in 0..message.content.len() {
                let Some(Content::ToolResult { id, structured: None, is_error: false, .. }) =
                    message.content.get(place).map(|content| &**content)
                else {
                    continue;
                };
                let id = id.clone();
                let Some(value) = self.of(log, &id).await? else { continue };
                let content = Arc::make_mut(message).content.get_mut(place).map(Arc::make_mut);
                if let Some(Content::ToolResult { structured, .. }) = content {
                    *structured = Some(value);
                }
            }
        }
        Ok(())
    }

    async fn of(&mut self, log: &dyn TurnLog, call: &ToolCallId) -> Result<Option<Value>, LogError> {
        if let Some(known) = self.0.get(call) {
            return Ok(known.clone());
        }
        let found = log.typed_result(call).await?;
        self.0.insert(call.clone(), found.clone());
        Ok(found)
    }
}

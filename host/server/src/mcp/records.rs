//! Sessions of MCP clients in the store.

use async_trait::async_trait;
use bricklayer_domain::{McpSessionId, UserId};
use bricklayer_mcp::{RecordError, SessionRecord, SessionRecords};
use bricklayer_store::{McpSession, Store};

/// The store, as sessions need it.
pub(super) struct StoreRecords(pub(super) Store);

#[async_trait]
impl SessionRecords for StoreRecords {
    async fn begin(&self, user: &UserId, session: &SessionRecord) -> Result<(), RecordError> {
        let SessionRecord { id, project, client } = session;
        let session = McpSession { id: *id, project: *project, client: client.to_string() };
        Ok(self.0.begin_mcp_session(user, &session).await?)
    }

    async fn find(&self, user: &UserId, id: McpSessionId) -> Result<Option<SessionRecord>, RecordError> {
        let Some(McpSession { id, project, client }) = self.0.find_mcp_session(user, id).await? else {
            return Ok(None);
        };
        Ok(Some(SessionRecord { id, project, client: serde_json::from_str(&client)? }))
    }

    async fn end(&self, user: &UserId, id: McpSessionId) -> Result<(), RecordError> {
        Ok(self.0.end_mcp_session(user, id).await?)
    }
}

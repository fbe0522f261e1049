//! What is kept of sessions beyond the life of a process.

use async_trait::async_trait;
use bricklayer_domain::{McpSessionId, ProjectId, UserId};
use rmcp::transport::streamable_http_server::session::{SessionState, SessionStore, SessionStoreError};
use std::sync::Arc;

/// A session as it is kept: what any host needs to go on with it.
#[derive(Debug, Clone, PartialEq)]
pub struct SessionRecord {
    /// Its id.
    pub id: McpSessionId,
    /// The project that it works in.
    pub project: ProjectId,
    /// What its client said of itself when it began.
    pub client: serde_json::Value,
}

/// Sessions were not kept or not found, because what keeps them failed.
pub type RecordError = Box<dyn std::error::Error + Send + Sync>;

/// Keeps sessions. Everything is asked on behalf of a user: another's session is none.
#[async_trait]
pub trait SessionRecords: Send + Sync + 'static {
    /// Keeps a new session.
    ///
    /// # Errors
    /// When it was not kept.
    async fn begin(&self, user: &UserId, session: &SessionRecord) -> Result<(), RecordError>;

    /// A session of this user's, which is in use from now on.
    ///
    /// # Errors
    /// When nobody can say.
    async fn find(&self, user: &UserId, id: McpSessionId) -> Result<Option<SessionRecord>, RecordError>;

    /// Forgets a session of this user's.
    ///
    /// # Errors
    /// When it was not forgotten.
    async fn end(&self, user: &UserId, id: McpSessionId) -> Result<(), RecordError>;
}

/// The sessions of one user, as the transport asks for them.
pub(crate) struct OfUser {
    pub(crate) records: Arc<dyn SessionRecords>,
    pub(crate) user: UserId,
    /// The project of a session that begins.
    pub(crate) project: ProjectId,
}

fn parsed(id: &str) -> Result<McpSessionId, SessionStoreError> {
    Ok(id.parse::<McpSessionId>()?)
}

#[async_trait]
impl SessionStore for OfUser {
    async fn load(&self, session_id: &str) -> Result<Option<SessionState>, SessionStoreError> {
        let Some(record) = self.records.find(&self.user, parsed(session_id)?).await? else { return Ok(None) };
        Ok(Some(SessionState::new(serde_json::from_value(record.client)?)))
    }

    async fn store(&self, session_id: &str, state: &SessionState) -> Result<(), SessionStoreError> {
        let client = serde_json::to_value(&state.initialize_params)?;
        let record = SessionRecord { id: parsed(session_id)?, project: self.project, client };
        self.records.begin(&self.user, &record).await
    }

    async fn delete(&self, session_id: &str) -> Result<(), SessionStoreError> {
        self.records.end(&self.user, parsed(session_id)?).await
    }
}

/// Holds the place of [`OfUser`] where no request is under way.
pub(crate) struct OfNobody;

#[async_trait]
impl SessionStore for OfNobody {
    async fn load(&self, _session_id: &str) -> Result<Option<SessionState>, SessionStoreError> {
        Ok(None)
    }

    async fn store(&self, _session_id: &str, _state: &SessionState) -> Result<(), SessionStoreError> {
        Ok(())
    }

    async fn delete(&self, _session_id: &str) -> Result<(), SessionStoreError> {
        Ok(())
    }
}

//! The sessions that this host holds, each with its owner: what names another user's is told like what names none.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bricklayer_domain::{McpSessionId, ProjectId, UserId};
use futures::StreamExt as _;
use rmcp::model::{ClientJsonRpcMessage, ServerJsonRpcMessage};
use rmcp::transport::streamable_http_server::session::local::{
    LocalSessionManager, LocalSessionManagerError, SessionError,
};
use rmcp::transport::streamable_http_server::session::{
    EventStore, RestoreOutcome, ServerSseMessage, SessionId, SessionManager,
};

use crate::events::{self, Events};

/// How many sessions there are, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionLimits {
    /// That one host holds; each takes some kilobytes and a task.
    pub sessions: usize,
    /// That one host holds for one user. The one that was used longest ago makes room for another; it goes on when it is
    /// used again.
    pub sessions_per_user: usize,
    /// Without a message, before a host lets go of a session.
    pub idle: Duration,
}

impl Default for SessionLimits {
    fn default() -> Self {
        Self { sessions: 4_000, sessions_per_user: 64, idle: Duration::from_secs(1_800) }
    }
}

#[derive(Debug, Clone)]
struct Held {
    user: UserId,
    project: ProjectId,
    /// When it was used, counted in requests of all sessions.
    used: u64,
}

#[derive(Debug, Default)]
struct Table {
    held: HashMap<McpSessionId, Held>,
    uses: u64,
}

/// The sessions of this host.
#[derive(Debug)]
pub(crate) struct Sessions {
    local: LocalSessionManager,
    events: Arc<Events>,
    limits: SessionLimits,
    table: Mutex<Table>,
}

/// There is room for no more sessions.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Full;

/// The transport's word for an id.
pub(crate) fn session_id(id: McpSessionId) -> SessionId {
    id.to_string().into()
}

impl Sessions {
    pub(crate) fn new(limits: SessionLimits) -> Self {
        let events = Arc::<Events>::default();
        let mut local = LocalSessionManager::default().with_event_store(Arc::clone(&events) as _);
        local.session_config.keep_alive = Some(limits.idle);
        Self { local, events, limits, table: Mutex::default() }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The project of a session that is held here, if it is this user's. It counts as used.
    ///
    /// # Errors
    /// When it is held for another user.
    pub(crate) fn project_of(&self, id: McpSessionId, user: &UserId) -> Result<Option<ProjectId>, NotYours> {
        let mut table = self.table();
        table.uses += 1;
        let uses = table.uses;
        let Some(held) = table.held.get_mut(&id) else { return Ok(None) };
        if held.user != *user {
            return Err(NotYours);
        }
        held.used = uses;
        Ok(Some(held.project))
    }

    /// Notes whose a session is.
    pub(crate) fn own(&self, id: McpSessionId, user: &UserId, project: ProjectId) {
        let mut table = self.table();
        table.uses += 1;
        let used = table.uses;
        table.held.insert(id, Held { user: user.clone(), project, used });
    }

    /// Makes room for another session of this user.
    ///
    /// # Errors
    /// When the host holds as many as it may, and none of theirs.
    pub(crate) async fn make_room(&self, user: &UserId) -> Result<(), Full> {
        let oldest = {
            let table = self.table();
            let theirs = || table.held.iter().filter(|(_, held)| held.user == *user);
            let full = table.held.len() >= self.limits.sessions;
            if !full && theirs().count() < self.limits.sessions_per_user {
                return Ok(());
            }
            theirs().min_by_key(|(_, held)| held.used).map(|(id, _)| *id)
        };
        let oldest = oldest.ok_or(Full)?;
        // One that ends by itself meanwhile makes room as well.
        let _ = self.close_session(&session_id(oldest)).await;
        Ok(())
    }

    /// How many are held.
    #[cfg(test)]
    fn count(&self) -> usize {
        self.table().held.len()
    }
}

/// A session of somebody else's.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NotYours;

/// As [`LocalSessionManager`] does it, and the owner of what ends is forgotten.
impl SessionManager for Sessions {
    type Error = LocalSessionManagerError;
    type Transport = <LocalSessionManager as SessionManager>::Transport;

    async fn create_session(&self) -> Result<(SessionId, Self::Transport), Self::Error> {
        self.local.create_session().await
    }

    async fn initialize_session(
        &self,
        id: &SessionId,
        message: ClientJsonRpcMessage,
    ) -> Result<ServerJsonRpcMessage, Self::Error> {
        self.local.initialize_session(id, message).await
    }

    async fn has_session(&self, id: &SessionId) -> Result<bool, Self::Error> {
        self.local.has_session(id).await
    }

    async fn close_session(&self, id: &SessionId) -> Result<(), Self::Error> {
        if let Ok(id) = id.parse::<McpSessionId>() {
            self.table().held.remove(&id);
            self.events.forget(id);
        }
        self.local.close_session(id).await
    }

    async fn create_stream(
        &self,
        id: &SessionId,
        message: ClientJsonRpcMessage,
    ) -> Result<impl futures::Stream<Item = ServerSseMessage> + Send + Sync + 'static, Self::Error> {
        let (events, session) = (Arc::clone(&self.events), id.parse::<McpSessionId>().ok());
        let stream = self.local.create_stream(id, message).await?;
        // What goes out can be asked for again, by this session.
        Ok(stream.inspect(move |event| {
            if let Some(session) = session {
                events.own(event, session);
            }
        }))
    }

    async fn accept_message(&self, id: &SessionId, message: ClientJsonRpcMessage) -> Result<(), Self::Error> {
        self.local.accept_message(id, message).await
    }

    async fn create_standalone_stream(
        &self,
        id: &SessionId,
    ) -> Result<impl futures::Stream<Item = ServerSseMessage> + Send + Sync + 'static, Self::Error> {
        self.local.create_standalone_stream(id).await
    }

    async fn resume(
        &self,
        id: &SessionId,
        last_event_id: String,
    ) -> Result<impl futures::Stream<Item = ServerSseMessage> + Send + Sync + 'static, Self::Error> {
        let none = || SessionError::InvalidEventId;
        let session: McpSessionId = id.parse().map_err(|_| none())?;
        if !self.events.is_of(&last_event_id, session) {
            return Err(none().into());
        }
        Ok(events::after(Arc::clone(&self.events), &last_event_id).map_err(|_| none())?)
    }

    async fn restore_session(&self, id: SessionId) -> Result<RestoreOutcome<Self::Transport>, Self::Error> {
        self.local.restore_session(id).await
    }

    /// For requests without a session: of those nothing is kept, and a broken connection ends the request.
    fn event_store(&self) -> Option<Arc<dyn EventStore>> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(name: &str) -> UserId {
        UserId::parse(&format!("{name}@example.com")).unwrap()
    }

    #[tokio::test]
    async fn a_session_is_its_owners_and_the_oldest_makes_room() {
        let limits = SessionLimits { sessions: 3, sessions_per_user: 2, ..SessionLimits::default() };
        let (sessions, ann, bob, project) = (Sessions::new(limits), user("ann"), user("bob"), ProjectId::new());
        let ids = [(); 4].map(|()| McpSessionId::new());
        for id in &ids[..2] {
            sessions.make_room(&ann).await.unwrap();
            sessions.own(*id, &ann, project);
        }
        assert_eq!(sessions.project_of(ids[0], &ann), Ok(Some(project)));
        assert_eq!(sessions.project_of(ids[0], &bob), Err(NotYours));
        assert_eq!(sessions.project_of(ids[3], &bob), Ok(None));
        // The second was used longest ago.
        sessions.make_room(&ann).await.unwrap();
        sessions.own(ids[2], &ann, project);
        assert_eq!(sessions.project_of(ids[1], &ann), Ok(None));
        assert_eq!(sessions.project_of(ids[0], &ann), Ok(Some(project)));
        // A third user has none that could make room in a full host.
        sessions.make_room(&bob).await.unwrap();
        sessions.own(ids[3], &bob, project);
        assert_eq!(sessions.count(), 3);
        assert_eq!(sessions.make_room(&user("cleo")).await, Err(Full));
        sessions.close_session(&session_id(ids[0])).await.unwrap();
        assert_eq!((sessions.make_room(&user("cleo")).await, sessions.count()), (Ok(()), 2));
    }
}

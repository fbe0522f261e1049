//! MCP clients of this host: whose they are, where they work, and what they have there. How it is told to them is
//! `bricklayer-mcp`'s.

mod clients;
mod door;
mod library;
mod records;

use std::sync::Arc;

use async_trait::async_trait;
use bricklayer_domain::{McpSessionId, ProjectId, Title, chain};
use bricklayer_mcp::{Door, DoorError, Guest, McpEndpoint, Sealer, SessionLimits};
use bricklayer_store::{Store, StoreError};
use tokio_util::sync::CancellationToken;

use crate::identity::Caller;
use crate::turns::Turns;
use clients::Clients;
use door::UserDoor;
use records::StoreRecords;

/// The name of the project that a user's clients share when they name none.
const SHARED_PROJECT: &str = "MCP";

/// What the key of all hosts is for that seals what clients hold between two rounds of a call.
const KEY_PURPOSE: &str = "mcp-rounds";

/// What MCP clients have of this host; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Mcp {
    endpoint: McpEndpoint,
    sealer: Sealer,
    parts: Arc<Parts>,
}

#[derive(Debug)]
struct Parts {
    store: Store,
    turns: Turns,
    clients: Clients,
}

impl Mcp {
    /// Whose sessions and streams end when `leaving` fires.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn new(
        store: Store,
        turns: Turns,
        limits: SessionLimits,
        leaving: &CancellationToken,
    ) -> Result<Self, StoreError> {
        let sealer = Sealer::new(&store.host_key(KEY_PURPOSE, &rand::random()).await?);
        let records = Arc::new(StoreRecords(store.clone()));
        let endpoint = McpEndpoint::new(limits, records, sealer.clone(), leaving.child_token());
        Ok(Self { endpoint, sealer, parts: Arc::new(Parts { store, turns, clients: Clients::default() }) })
    }

    /// The endpoint over HTTP.
    pub(crate) const fn endpoint(&self) -> &McpEndpoint {
        &self.endpoint
    }

    /// What clients over lines are answered with.
    pub(crate) const fn sealer(&self) -> &Sealer {
        &self.sealer
    }

    /// A user, as one request or one process brought them.
    pub(crate) fn guest(&self, caller: Caller) -> McpGuest {
        McpGuest { parts: Arc::clone(&self.parts), caller }
    }
}

/// A user with their credential.
#[derive(Debug)]
pub(crate) struct McpGuest {
    parts: Arc<Parts>,
    caller: Caller,
}

impl McpGuest {
    /// The project of their clients in a folder, made at its first use.
    pub(crate) async fn project_of_folder(&self, folder: &str, name: &str) -> Result<ProjectId, DoorError> {
        let Parts { store, turns, .. } = &*self.parts;
        let name = Title::parse(name).or_else(|_| Title::parse(SHARED_PROJECT));
        let name = name.map_err(|error| DoorError::Wrong(error.to_string()))?;
        let (project, is_new) = store.mcp_project(&self.caller.user, folder, &name).await.map_err(failed)?;
        if is_new {
            let skills = &turns.environment().skills;
            if let Err(error) = skills.copy_to_new(&self.caller.user, project).await {
                // It has the host's skills all the same.
                tracing::warn!(error = chain(&error), project.id = %project, "skills were not copied to a new project");
            }
        }
        Ok(project)
    }
}

#[async_trait]
impl Guest for McpGuest {
    fn user(&self) -> &bricklayer_domain::UserId {
        &self.caller.user
    }

    async fn project(&self, asked: Option<ProjectId>) -> Result<ProjectId, DoorError> {
        match asked {
            None => self.project_of_folder("", SHARED_PROJECT).await,
            Some(project) => {
                self.parts.store.get_project(&self.caller.user, project).await.map_err(failed)?;
                Ok(project)
            }
        }
    }

    fn enter(&self, project: ProjectId, session: McpSessionId) -> Arc<dyn Door> {
        let client = self.parts.clients.of(session);
        Arc::new(UserDoor { parts: Arc::clone(&self.parts), caller: self.caller.clone(), project, session, client })
    }
}

/// What a client is told of a failure of the store.
fn failed(error: StoreError) -> DoorError {
    match error {
        StoreError::NotFound(what) => DoorError::NotFound(format!("there is no such {what} of yours")),
        error @ (StoreError::TooMany { .. } | StoreError::TooLarge { .. }) => DoorError::Wrong(error.to_string()),
        error => DoorError::Failed(Box::new(error)),
    }
}

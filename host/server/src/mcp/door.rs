//! What one client of one user has in one project.

use std::sync::Arc;

use async_trait::async_trait;
use bricklayer_domain::{CallSite, McpSessionId, ProjectId, ToolCall, ToolOutcome, TurnSettings, UserId};
use bricklayer_mcp::{Completing, Content, Door, DoorError, Part, Prompt, Resource, ResourceForm};
use bricklayer_tools::Gate;
use serde_json::{Map, Value};
use tokio::sync::watch;

use super::clients::Client;
use super::{Parts, failed, library};
use crate::identity::Caller;
use crate::turns::GateError;

/// The door of a user's client.
pub(super) struct UserDoor {
    pub(super) parts: Arc<Parts>,
    pub(super) caller: Caller,
    pub(super) project: ProjectId,
    pub(super) session: McpSessionId,
    pub(super) client: Arc<Client>,
}

#[async_trait]
impl Door for UserDoor {
    fn user(&self) -> &UserId {
        &self.caller.user
    }

    fn project(&self) -> ProjectId {
        self.project
    }

    async fn gate(&self) -> Result<Gate, DoorError> {
        let site = CallSite::Mcp { session: self.session };
        let (turns, settings) = (&self.parts.turns, TurnSettings::default());
        let gate = turns.open_gate_seeing(&self.caller, self.project, site, settings, self.client.seen.clone()).await;
        let gate = gate.map_err(|error| match error {
            GateError::Store(error) => failed(error),
            error @ GateError::Folder(_) => DoorError::Failed(Box::new(error)),
        })?;
        Ok(gate.within(self.client.places.clone()))
    }

    fn finished(&self, call: &ToolCall, outcome: &ToolOutcome) {
        self.client.seen.saw(&call.name, outcome);
    }

    fn tool_changes(&self) -> watch::Receiver<u64> {
        self.parts.turns.environment().plugins.service().changes()
    }

    async fn resources(&self) -> Result<Vec<Resource>, DoorError> {
        self.list_resources(&self.gate().await?).await
    }

    fn resource_forms(&self) -> &'static [ResourceForm] {
        library::FORMS
    }

    async fn read(&self, uri: &str) -> Result<Vec<Content>, DoorError> {
        self.read_resource(&self.gate().await?, uri).await
    }

    async fn prompts(&self) -> Result<Vec<Prompt>, DoorError> {
        self.list_prompts().await
    }

    async fn prompt(&self, name: &str, arguments: &Map<String, Value>) -> Result<Vec<Part>, DoorError> {
        self.get_prompt(&self.gate().await?, name, arguments).await
    }

    async fn complete(&self, of: Completing<'_>, argument: &str, beginning: &str) -> Result<Vec<String>, DoorError> {
        self.complete_argument(&self.gate().await?, of, argument, beginning).await
    }
}

//! What the host gives to one client.

use std::sync::Arc;

use async_trait::async_trait;
use bricklayer_domain::{ProjectId, ToolCall, ToolOutcome, UserId, chain};
use bricklayer_tools::Gate;
use rmcp::ErrorData;
use serde_json::{Map, Value};
use tokio::sync::watch;

use crate::library::{Completing, Content, Part, Prompt, Resource, ResourceForm};

/// Why a door does not open.
#[derive(Debug, thiserror::Error)]
pub enum DoorError {
    /// What was asked for is not there, or not this user's; the text is for the client.
    #[error("{0}")]
    NotFound(String),
    /// What was asked for makes no sense; the text is for the client.
    #[error("{0}")]
    Wrong(String),
    /// The host failed; the log says how.
    #[error("the host failed; try again, and look into its log")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// What one client of one user has in one project. Made for each request, with the credential that came with it.
#[async_trait]
pub trait Door: Send + Sync + 'static {
    /// On whose behalf.
    fn user(&self) -> &UserId;

    /// Where.
    fn project(&self) -> ProjectId;

    /// Opens the tool gate as it is now.
    ///
    /// # Errors
    /// [`DoorError`].
    async fn gate(&self) -> Result<Gate, DoorError>;

    /// Notes what a call brought, so that later calls of this client know what it has seen.
    fn finished(&self, call: &ToolCall, outcome: &ToolOutcome);

    /// Counts up whenever there may be other tools than before.
    fn tool_changes(&self) -> watch::Receiver<u64>;

    /// What there is to read, in a fixed order; what is too much of is only found by its form.
    ///
    /// # Errors
    /// [`DoorError`].
    async fn resources(&self) -> Result<Vec<Resource>, DoorError>;

    /// The forms that addresses have.
    fn resource_forms(&self) -> &'static [ResourceForm];

    /// What is at an address.
    ///
    /// # Errors
    /// [`DoorError`].
    async fn read(&self, uri: &str) -> Result<Vec<Content>, DoorError>;

    /// What the user may have put to the model by its name, in a fixed order.
    ///
    /// # Errors
    /// [`DoorError`].
    async fn prompts(&self) -> Result<Vec<Prompt>, DoorError>;

    /// One of them, with what the user says.
    ///
    /// # Errors
    /// [`DoorError`].
    async fn prompt(&self, name: &str, arguments: &Map<String, Value>) -> Result<Vec<Part>, DoorError>;

    /// What an argument may be that begins so, where that is known; the likeliest first.
    ///
    /// # Errors
    /// [`DoorError`].
    async fn complete(&self, of: Completing<'_>, argument: &str, beginning: &str) -> Result<Vec<String>, DoorError>;
}

/// A door on its way with a request.
#[derive(Clone)]
pub(crate) struct Opened(pub(crate) Arc<dyn Door>);

/// How a client is told that its door does not open.
pub(crate) fn failed(error: DoorError) -> ErrorData {
    match &error {
        DoorError::NotFound(_) => ErrorData::resource_not_found(error.to_string(), None),
        DoorError::Wrong(_) => ErrorData::invalid_params(error.to_string(), None),
        DoorError::Failed(_) => {
            tracing::error!(error = chain(&error), "an MCP request failed");
            ErrorData::internal_error(error.to_string(), None)
        }
    }
}

//! The Databricks workspace the agent works on: where it is, whether it is there, and the few questions that the
//! pages ask it directly.

mod client;
mod local;

use std::time::Duration;

use bricklayer_agent::WorkspaceFact;
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;
use url::Url;

pub use client::{Catalog, Schema, Warehouse, WorkspaceClient, WorkspaceError, WorkspaceUser};
pub use local::{LocalState, LocalWorkspace, LocalWorkspaceError};
pub(crate) use local::{find_binary, workspace_command};

/// Longest a call waits for the local workspace to come up; its first start makes the sample data.
pub const LOCAL_READY_WAIT: Duration = Duration::from_secs(30);

/// Where requests of a user go, and as whom.
#[derive(Debug, Clone)]
pub struct WorkspaceAccess {
    /// Address without a path.
    pub base_url: Url,
    /// The user's token.
    pub credential: SecretString,
}

/// The workspace of this server.
#[derive(Debug, Clone)]
pub enum Workspace {
    /// The embedded one, a child process.
    Local(LocalWorkspace),
    /// A real one.
    Remote(Url),
}

impl Workspace {
    /// Its address. The local one may still be starting: then this waits, but not for ever.
    ///
    /// # Errors
    /// When the local workspace does not come up in time, with the reason.
    pub async fn base_url(&self) -> Result<Url, LocalWorkspaceError> {
        match self {
            Self::Local(local) => local.ready(LOCAL_READY_WAIT).await,
            Self::Remote(url) => Ok(url.clone()),
        }
    }

    /// Its address, when it is there now.
    pub async fn base_url_if_ready(&self) -> Option<Url> {
        match self {
            Self::Local(local) => local.ready(Duration::ZERO).await.ok(),
            Self::Remote(url) => Some(url.clone()),
        }
    }

    /// What is told about it, to the model and to people.
    #[must_use]
    pub fn fact(&self) -> WorkspaceFact {
        match self {
            Self::Local(_) => WorkspaceFact::Local,
            Self::Remote(url) => WorkspaceFact::Remote(url.clone()),
        }
    }

    /// `starting`, `ready` or `down`. A remote one is taken to be ready: asking it needs somebody's token.
    #[must_use]
    pub fn state(&self) -> &'static str {
        match self {
            Self::Local(local) => local.state().word(),
            Self::Remote(_) => "ready",
        }
    }

    /// Resolves when there is nothing more to wait for, or `cancel` fires.
    pub async fn base_url_or_cancelled(&self, cancel: &CancellationToken) -> Option<Result<Url, LocalWorkspaceError>> {
        cancel.run_until_cancelled(self.base_url()).await
    }
}

//! Who a request speaks for.
//!
//! Behind a proxy the forwarded headers say it, and nothing else does: a request without them is refused and never
//! falls back to the app's own identity; the token beside them must be that user's. In development there is one person:
//! the local workspace's user, or the owner of the configured token.

mod credentials;
mod forwarded;
mod owners;
pub(crate) mod token;

use std::borrow::Cow;

use bricklayer_domain::{IdError, UserId};
use http::HeaderMap;
use secrecy::SecretString;
use tokio::sync::OnceCell;

use crate::workspace::{LocalWorkspaceError, Workspace, WorkspaceAccess, WorkspaceClient, WorkspaceError};

pub use credentials::Credentials;
pub use owners::TokenOwners;

/// The user of the local workspace.
pub const LOCAL_USER: &str = "you@localhost";

/// Why nobody is known by a request. Its text is for the caller.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The request does not say who asks, or not in a way that counts.
    #[error("{0}")]
    Unauthenticated(Cow<'static, str>),
    /// The workspace does not say whose the configured token is.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    /// The local workspace is not there.
    #[error(transparent)]
    LocalWorkspace(#[from] LocalWorkspaceError),
    /// The workspace names a user that is none.
    #[error("the workspace names the user {0}")]
    Name(#[from] IdError),
}

/// The person a request speaks for, with the credential that their tool calls carry.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Who.
    pub user: UserId,
    /// Their token at the workspace; in memory only.
    pub credential: SecretString,
}

/// How this server knows its users.
#[derive(Debug)]
pub enum Identity {
    /// The proxy names the user of each request.
    Proxy(TokenOwners),
    /// Everybody who reaches the port is this person.
    Local(Caller),
    /// Everybody who reaches the port is the owner of this token, whoever that is.
    Token {
        /// The configured token.
        credential: SecretString,
        /// Its owner, asked once.
        owner: OnceCell<UserId>,
    },
}

impl Identity {
    /// Names the user of a request.
    ///
    /// # Errors
    /// [`IdentityError`], which says what is missing.
    pub async fn caller(
        &self,
        headers: &HeaderMap,
        workspace: &Workspace,
        client: &WorkspaceClient,
    ) -> Result<Caller, IdentityError> {
        match self {
            Self::Proxy(owners) => forwarded_caller(headers, workspace, client, owners).await,
            Self::Local(caller) => Ok(caller.clone()),
            Self::Token { credential, owner } => {
                let user = owner.get_or_try_init(|| token_owner(workspace, client, credential)).await?;
                Ok(Caller { user: user.clone(), credential: credential.clone() })
            }
        }
    }
}

/// The identity that the proxy vouches for, once the token beside it is known to be that user's.
async fn forwarded_caller(
    headers: &HeaderMap,
    workspace: &Workspace,
    client: &WorkspaceClient,
    owners: &TokenOwners,
) -> Result<Caller, IdentityError> {
    let forwarded = forwarded::read(headers).inspect_err(|error| {
        // The proxy is the operator's, and so are its faults.
        tracing::warn!(error = bricklayer_domain::chain(error), "a request's identity headers were refused");
    })?;
    let owner = match forwarded.owner_by_token() {
        Some(owner) => owner,
        None => {
            let access = async {
                // Behind a proxy the workspace is a remote one, whose address is known.
                let base_url = workspace.base_url().await.map_err(|_| WorkspaceError::Unreachable)?;
                Ok(WorkspaceAccess { base_url, credential: forwarded.token.clone() })
            };
            owners.of(client, access, &forwarded.token).await.map_err(|error| match error {
                WorkspaceError::Unauthenticated => unauthenticated(SIGN_IN_AGAIN),
                WorkspaceError::PermissionDenied(message) => {
                    tracing::warn!(user = %forwarded.user, message, "the workspace does not say whose token this is");
                    unauthenticated(
                        "the workspace does not say whose token this is; reload the page to sign in again. If that does \
                         not help, the app's user authorization needs the scope `iam.current-user:read`",
                    )
                }
                other => other.into(),
            })?
        }
    };
    forwarded.belongs_to(&owner)?;
    Ok(Caller { user: forwarded.user, credential: forwarded.token })
}

/// What a person does about a session that ended.
pub(crate) const SIGN_IN_AGAIN: &str = "your session at the workspace has ended; reload the page to sign in again";

async fn token_owner(
    workspace: &Workspace,
    client: &WorkspaceClient,
    credential: &SecretString,
) -> Result<UserId, IdentityError> {
    let base_url = workspace.base_url().await?;
    let access = WorkspaceAccess { base_url, credential: credential.clone() };
    let me = client.me(&access).await?;
    Ok(UserId::parse(&me.name)?)
}

fn unauthenticated(detail: impl Into<Cow<'static, str>>) -> IdentityError {
    IdentityError::Unauthenticated(detail.into())
}

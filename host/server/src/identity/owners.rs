//! Whose token it is: what the token itself says, or the workspace. A token's owner never changes, so one answer does
//! for all its requests.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use secrecy::SecretString;
use sha2::{Digest as _, Sha256};
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::workspace::{WorkspaceAccess, WorkspaceClient, WorkspaceError, WorkspaceUser};

/// Age from which an owner is asked for again. The workspace refuses a revoked token at each use of it anyway.
const KNOWN_FOR: Duration = Duration::from_secs(3_600);
/// Owners known at most; those known for longest make room.
const MAX_KNOWN: usize = 10_000;
/// Questions to the workspace at once; more wait.
const MAX_ASKING: usize = 32;

/// The owners of tokens, by the digests of these.
#[derive(Debug)]
pub struct TokenOwners {
    known: Mutex<HashMap<[u8; 32], (Instant, WorkspaceUser)>>,
    asking: Semaphore,
}

impl Default for TokenOwners {
    fn default() -> Self {
        Self { known: Mutex::default(), asking: Semaphore::new(MAX_ASKING) }
    }
}

impl TokenOwners {
    /// The owner of a token, asked at `access`, which carries it.
    pub(super) async fn of(
        &self,
        client: &WorkspaceClient,
        access: impl Future<Output = Result<WorkspaceAccess, WorkspaceError>>,
        token: &SecretString,
    ) -> Result<WorkspaceUser, WorkspaceError> {
        use secrecy::ExposeSecret as _;
        let digest: [u8; 32] = Sha256::digest(token.expose_secret()).into();
        if let Some((_, owner)) = self.look(&digest).filter(|(at, _)| at.elapsed() < KNOWN_FOR) {
            return Ok(owner);
        }
        let _asking = self.asking.acquire().await.map_err(|_| WorkspaceError::Unreachable)?;
        // Requests of one page come together, and the first has asked for all.
        let known = self.look(&digest);
        if let Some((_, owner)) = known.as_ref().filter(|(at, _)| at.elapsed() < KNOWN_FOR) {
            return Ok(owner.clone());
        }
        match client.me(&access.await?).await {
            Ok(owner) => {
                self.remember(digest, owner.clone());
                Ok(owner)
            }
            Err(error @ (WorkspaceError::Unauthenticated | WorkspaceError::PermissionDenied(_))) => {
                self.known().remove(&digest);
                Err(error)
            }
            // A workspace that is away changes nothing about whose token it is.
            Err(error) => known.map(|(_, owner)| owner).ok_or(error),
        }
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<[u8; 32], (Instant, WorkspaceUser)>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn look(&self, digest: &[u8; 32]) -> Option<(Instant, WorkspaceUser)> {
        self.known().get(digest).cloned()
    }

    fn remember(&self, digest: [u8; 32], owner: WorkspaceUser) {
        let mut known = self.known();
        if known.len() >= MAX_KNOWN
            && let Some(oldest) = known.iter().min_by_key(|(_, (at, _))| *at).map(|(digest, _)| *digest)
        {
            known.remove(&oldest);
        }
        known.insert(digest, (Instant::now(), owner));
    }
}

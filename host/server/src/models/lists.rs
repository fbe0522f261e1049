//! The models that may be chosen, as their provider tells them, kept for minutes. A list that was asked for with a user's
//! own token is theirs alone, and that token's alone.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bricklayer_agent::model::{CallerToken, ListError, ModelCard, ModelProvider};
use bricklayer_domain::UserId;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::identity::Caller;

/// Age up to which a list is given again; providers change theirs every few weeks.
const KEPT_FOR: Duration = Duration::from_secs(300);
/// The same for a list that did not come: long enough not to ask for each page, short enough to be over soon.
const FAILURE_KEPT_FOR: Duration = Duration::from_secs(15);
/// Lists kept over all users.
const MAX_KEPT: usize = 1_000;
/// Lists asked for at once; more wait.
const MAX_ASKING: usize = 16;

/// A provider's list, or why it gave none.
pub(crate) type Listed = Result<Arc<[ModelCard]>, ListError>;

/// Whose list it is: a user's by their token's digest, or everybody's.
type Whose = Option<(UserId, [u8; 32])>;

/// The lists of a server's provider.
#[derive(Debug)]
pub(crate) struct ModelLists {
    kept: Mutex<HashMap<Whose, (Instant, Listed)>>,
    asking: Semaphore,
}

impl Default for ModelLists {
    fn default() -> Self {
        Self { kept: Mutex::default(), asking: Semaphore::new(MAX_ASKING) }
    }
}

/// The token of one request.
#[derive(Debug)]
struct RequestToken(SecretString);

impl CallerToken for RequestToken {
    fn token(&self) -> SecretString {
        self.0.clone()
    }
}

impl ModelLists {
    /// What the provider has for this caller. `is_callers`: it is asked with the caller's own token.
    pub(crate) async fn of(&self, model: &dyn ModelProvider, caller: &Caller, is_callers: bool) -> Listed {
        let digest = || Sha256::digest(caller.credential.expose_secret()).into();
        let whose: Whose = is_callers.then(|| (caller.user.clone(), digest()));
        if let Some(listed) = self.look(&whose) {
            return listed;
        }
        let _asking = self.asking.acquire().await.map_err(|_| ListError::Unreachable)?;
        // Pages ask together, and the first has asked for all.
        if let Some(listed) = self.look(&whose) {
            return listed;
        }
        let own = is_callers.then(|| model.asked_for(Arc::new(RequestToken(caller.credential.clone())))).flatten();
        let listed: Listed = match own {
            Some(own) => own.list().await,
            None => model.list().await,
        }
        .map(Arc::from);
        if let Err(error) = &listed {
            tracing::warn!(error = bricklayer_domain::chain(error), "the models cannot be listed");
        }
        self.keep(whose, listed.clone());
        listed
    }

    fn look(&self, whose: &Whose) -> Option<Listed> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(whose).filter(|entry| is_fresh(entry)).map(|(_, listed)| listed.clone())
    }

    fn keep(&self, whose: Whose, listed: Listed) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MAX_KEPT {
            kept.retain(|_, entry| is_fresh(entry));
        }
        if kept.len() < MAX_KEPT {
            kept.insert(whose, (Instant::now(), listed));
        }
    }
}

fn is_fresh((at, listed): &(Instant, Listed)) -> bool {
    at.elapsed() < if listed.is_ok() { KEPT_FOR } else { FAILURE_KEPT_FOR }
}

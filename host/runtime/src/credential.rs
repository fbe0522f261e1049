//! The caller's credential: one that may be renewed while calls run, since a call can outlive its token.

use std::sync::Arc;

use bricklayer_domain::Redactor;
use http::HeaderValue;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::watch;

/// A user's credential, the newest that is known; cheap to clone, and all clones see a renewal.
#[derive(Clone)]
pub struct Credential {
    newest: watch::Sender<Arc<Issued>>,
}

/// One token, with what is made of it once.
pub(crate) struct Issued {
    secret: SecretString,
    /// `Bearer …`; absent when the token holds what no header may hold.
    pub(crate) authorization: Option<HeaderValue>,
    pub(crate) redactor: Arc<Redactor>,
}

impl Issued {
    fn new(secret: SecretString) -> Arc<Self> {
        let authorization = HeaderValue::from_str(&format!("Bearer {}", secret.expose_secret())).ok();
        let authorization = authorization.map(|mut value| {
            value.set_sensitive(true);
            value
        });
        let redactor = Arc::new(Redactor::new(secret.expose_secret()));
        Arc::new(Self { secret, authorization, redactor })
    }
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Credential")
    }
}

impl From<SecretString> for Credential {
    fn from(secret: SecretString) -> Self {
        Self { newest: watch::Sender::new(Issued::new(secret)) }
    }
}

impl From<&str> for Credential {
    fn from(secret: &str) -> Self {
        SecretString::from(secret).into()
    }
}

impl Credential {
    /// Takes a newer token; requests from now on carry it. The same token again changes nothing.
    pub fn renew(&self, secret: &SecretString) {
        self.newest.send_if_modified(|newest| {
            if newest.secret.expose_secret() == secret.expose_secret() {
                return false;
            }
            *newest = Issued::new(secret.clone());
            true
        });
    }

    /// The token as it is now.
    #[must_use]
    pub fn secret(&self) -> SecretString {
        self.newest.borrow().secret.clone()
    }

    /// Ends when the token is another than `old`; at once when it is already.
    pub async fn renewed_from(&self, old: &SecretString) {
        let mut newest = self.newest.subscribe();
        // The sender is ours, so that waiting cannot fail.
        let _ = newest.wait_for(|now| now.secret.expose_secret() != old.expose_secret()).await;
    }

    pub(crate) fn now(&self) -> Arc<Issued> {
        Arc::clone(&self.newest.borrow())
    }
}

//! Tokens and whose they are: those that the workspace was started with, and those that service principals were given,
//! which expire. Secrets are compared by their digests, so that no timing tells a prefix.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::config::{ServicePrincipal, Token};

/// Tokens of service principals that are valid at the same time; more are refused until some expire.
const MAX_ISSUED: usize = 10_000;

type Digest = [u8; 32];

/// Digests of tokens and client secrets with whose they are.
#[derive(Debug)]
pub(super) struct Tokens {
    lasting: HashMap<Digest, String>,
    /// Digest of a client's id and secret together.
    clients: HashMap<Digest, String>,
    issued: Mutex<HashMap<Digest, Issued>>,
    lifetime: Duration,
}

#[derive(Debug)]
struct Issued {
    user: String,
    until: Instant,
}

/// What a token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Whose {
    User(String),
    Expired,
    Nobody,
}

/// Why no token is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoToken {
    /// Wrong id or secret.
    Client,
    /// Too many are valid.
    TooMany,
}

impl Tokens {
    pub(super) fn new(tokens: &[Token], service_principals: &[ServicePrincipal], lifetime: Duration) -> Self {
        let client = |it: &ServicePrincipal| (client(&it.application_id, &it.secret), it.application_id.clone());
        Self {
            lasting: tokens.iter().map(|t| (digest(&t.secret), t.user.clone())).collect(),
            clients: service_principals.iter().map(client).collect(),
            issued: Mutex::default(),
            lifetime,
        }
    }

    /// How long a token is valid that a service principal is given.
    pub(super) const fn lifetime(&self) -> Duration {
        self.lifetime
    }

    pub(super) fn whose(&self, token: &str) -> Whose {
        let digest = digest(token);
        if let Some(user) = self.lasting.get(&digest) {
            return Whose::User(user.clone());
        }
        let issued = self.issued.lock().unwrap_or_else(PoisonError::into_inner);
        match issued.get(&digest) {
            Some(found) if found.until > Instant::now() => Whose::User(found.user.clone()),
            Some(_) => Whose::Expired,
            None => Whose::Nobody,
        }
    }

    /// A new token for a service principal that knows its secret.
    ///
    /// # Errors
    /// [`NoToken`].
    pub(super) fn issue(&self, id: &str, secret: &str) -> Result<String, NoToken> {
        let user = self.clients.get(&client(id, secret)).ok_or(NoToken::Client)?.clone();
        let token = Uuid::new_v4().simple().to_string() + &Uuid::new_v4().simple().to_string();
        let now = Instant::now();
        let mut issued = self.issued.lock().unwrap_or_else(PoisonError::into_inner);
        if issued.len() >= MAX_ISSUED {
            issued.retain(|_, it| it.until > now);
        }
        if issued.len() >= MAX_ISSUED {
            return Err(NoToken::TooMany);
        }
        issued.insert(digest(&token), Issued { user, until: now + self.lifetime });
        Ok(token)
    }
}

/// Whether two tokens are the same.
pub(crate) fn same(one: &str, other: &str) -> bool {
    digest(one) == digest(other)
}

fn digest(token: &str) -> Digest {
    Sha256::digest(token.as_bytes()).into()
}

/// Of both together: the length keeps them apart.
fn client(id: &str, secret: &str) -> Digest {
    digest(&format!("{}:{id}:{secret}", id.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_of_machines_expire() {
        let machine = ServicePrincipal::new("app", "secret");
        let lasting = [Token::new("t", "ann")];
        let of = |lifetime| Tokens::new(&lasting, std::slice::from_ref(&machine), lifetime);
        let tokens = of(Duration::from_secs(60));
        assert_eq!(tokens.whose("t"), Whose::User("ann".to_owned()));
        let token = tokens.issue("app", "secret").unwrap();
        assert_eq!(tokens.whose(&token), Whose::User("app".to_owned()));
        let ended = of(Duration::ZERO);
        let token = ended.issue("app", "secret").unwrap();
        assert_eq!((ended.whose(&token), ended.whose("x")), (Whose::Expired, Whose::Nobody));
        for (id, secret) in [("app", "t"), ("ap", "psecret"), ("", ""), ("app", "")] {
            assert_eq!(tokens.issue(id, secret), Err(NoToken::Client), "{id} {secret}");
        }
    }
}

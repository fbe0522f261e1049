//! Tokens and their users. Tokens are compared by their digests, so that no timing tells a prefix.

use std::collections::HashMap;

use sha2::{Digest, Sha256};

use crate::config::Token;

/// Digests of tokens with their users.
#[derive(Debug)]
pub(super) struct Users(HashMap<[u8; 32], String>);

impl Users {
    pub(super) fn new(tokens: &[Token]) -> Self {
        Self(tokens.iter().map(|t| (digest(&t.secret), t.user.clone())).collect())
    }

    pub(super) fn user(&self, token: &str) -> Option<&str> {
        self.0.get(&digest(token)).map(String::as_str)
    }
}

fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// A user's number: the same at each start, below 2^53.
pub(crate) fn user_id(user: &str) -> u64 {
    let digest = Sha256::digest(user.as_bytes());
    digest.iter().take(6).fold(0, |id, byte| id << 8 | u64::from(*byte))
}

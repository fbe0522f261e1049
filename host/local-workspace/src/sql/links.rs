//! Links to result chunks that need no token: the address carries an expiry and a signature of this process's own key.

use std::fmt::Write;

use chrono::{DateTime, TimeDelta, Utc};
use rand::Rng;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// How long a link works; Databricks gives at most 15 minutes.
const LINK_LIFETIME: TimeDelta = TimeDelta::minutes(15);

/// Block size of SHA-256 in bytes, for HMAC (RFC 2104).
const BLOCK: usize = 64;

/// Signs links with a key that lives as long as the process.
pub(super) struct Signer {
    key: [u8; BLOCK],
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Signer").finish_non_exhaustive()
    }
}

impl Signer {
    pub(super) fn new() -> Self {
        let mut key = [0; BLOCK];
        rand::rng().fill(&mut key);
        Self { key }
    }

    /// Path and query of a chunk's link, with the time it expires.
    pub(super) fn link(&self, id: &Uuid, chunk: usize) -> (String, DateTime<Utc>) {
        let expires = crate::clock::now() + LINK_LIFETIME;
        let seconds = expires.timestamp();
        let signature = self.sign(id, chunk, seconds);
        (format!("/_results/{id}/{chunk}?expires={seconds}&signature={signature}"), expires)
    }

    /// HMAC-SHA256 over what the link gives access to, in hexadecimal.
    fn sign(&self, id: &Uuid, chunk: usize, expires: i64) -> String {
        let message = format!("{id}/{chunk}/{expires}");
        let inner = Sha256::new().chain_update(self.key.map(|b| b ^ 0x36)).chain_update(message).finalize();
        let outer = Sha256::new().chain_update(self.key.map(|b| b ^ 0x5c)).chain_update(inner).finalize();
        outer.iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    }

    pub(super) fn accepts(&self, id: &Uuid, chunk: usize, proof: &Proof) -> bool {
        // Digests of both sides are compared, so that the time taken tells nothing about the right one.
        let right = Sha256::digest(self.sign(id, chunk, proof.expires));
        right == Sha256::digest(&proof.signature) && proof.expires >= crate::clock::now().timestamp()
    }
}

/// The query of a link.
#[derive(Debug, Deserialize)]
pub(super) struct Proof {
    expires: i64,
    signature: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_link_is_refused() {
        let signer = Signer::new();
        let id = Uuid::new_v4();
        let expires = crate::clock::now().timestamp() + 60;
        let proof = |expires, signature| Proof { expires, signature };
        let signature = signer.sign(&id, 0, expires);
        assert!(signer.accepts(&id, 0, &proof(expires, signature.clone())));
        assert!(!signer.accepts(&id, 1, &proof(expires, signature.clone())));
        assert!(!signer.accepts(&Uuid::new_v4(), 0, &proof(expires, signature.clone())));
        assert!(!signer.accepts(&id, 0, &proof(expires + 1, signature)));
        let past = crate::clock::now().timestamp() - 1;
        assert!(!signer.accepts(&id, 0, &proof(past, signer.sign(&id, 0, past))));
    }
}

//! Links to result chunks that need no token: the address carries an expiry and a signature of this process's own key.

use std::fmt::Write;

use axum::{
    extract::{Path, Query, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use chrono::{DateTime, TimeDelta, Utc};
use rand::Rng;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{
    api::App,
    http::error::ApiError,
    sql::{engine::Format, statements::Status},
};

/// How long a link works; Databricks gives at most 15 minutes.
const LINK_LIFETIME: TimeDelta = TimeDelta::minutes(15);

/// Block size of SHA-256 in bytes, for HMAC (RFC 2104).
const BLOCK: usize = 64;

/// Signs links with a key that lives as long as the process.
pub(crate) struct Signer {
    key: [u8; BLOCK],
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Signer").finish_non_exhaustive()
    }
}

impl Signer {
    pub(crate) fn new() -> Self {
        let mut key = [0; BLOCK];
        rand::rng().fill(&mut key);
        Self { key }
    }

    /// Path and query of a chunk's link, with the time it expires.
    pub(crate) fn link(&self, id: &Uuid, chunk: usize) -> (String, DateTime<Utc>) {
        let expires = Utc::now() + LINK_LIFETIME;
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

    fn accepts(&self, id: &Uuid, chunk: usize, proof: &Proof) -> bool {
        // Digests of both sides are compared, so that the time taken tells nothing about the right one.
        let right = Sha256::digest(self.sign(id, chunk, proof.expires));
        right == Sha256::digest(&proof.signature) && proof.expires >= Utc::now().timestamp()
    }
}

#[derive(Debug, Deserialize)]
pub(crate) struct Proof {
    expires: i64,
    signature: String,
}

/// A chunk's data.
pub(crate) async fn download(
    State(app): State<App>,
    Path((id, chunk)): Path<(Uuid, usize)>,
    Query(proof): Query<Proof>,
) -> Result<Response, ApiError> {
    if !app.signer.accepts(&id, chunk, &proof) {
        return Err(ApiError::new(StatusCode::FORBIDDEN, "403", "The link is not valid, or not any more."));
    }
    let gone = || ApiError::not_found(format!("The result of statement {id} is no longer available."));
    let entry = app.statements.get_signed(&id).ok_or_else(gone)?;
    let Status::Succeeded { rows } = entry.status() else {
        return Err(gone());
    };
    let data = rows.chunks.get(chunk).map(|c| c.data.clone()).ok_or_else(gone)?;
    let kind = match entry.submission.request.limits.format {
        Format::JsonArray => "application/json",
        Format::Csv => "text/csv",
    };
    Ok(([(header::CONTENT_TYPE, kind)], data).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_link_is_refused() {
        let signer = Signer::new();
        let id = Uuid::new_v4();
        let expires = Utc::now().timestamp() + 60;
        let proof = |expires, signature| Proof { expires, signature };
        let signature = signer.sign(&id, 0, expires);
        assert!(signer.accepts(&id, 0, &proof(expires, signature.clone())));
        assert!(!signer.accepts(&id, 1, &proof(expires, signature.clone())));
        assert!(!signer.accepts(&Uuid::new_v4(), 0, &proof(expires, signature.clone())));
        assert!(!signer.accepts(&id, 0, &proof(expires + 1, signature)));
        let past = Utc::now().timestamp() - 1;
        assert!(!signer.accepts(&id, 0, &proof(past, signer.sign(&id, 0, past))));
    }
}

//! Who calls: bearer tokens to users. Tokens are compared by their digests, so that no timing tells a prefix.

use std::collections::HashMap;

use axum::{
    extract::{FromRequestParts, Request, State},
    http::{StatusCode, header, request::Parts},
    middleware::Next,
    response::Response,
};
use sha2::{Digest, Sha256};

use crate::{api::App, config::Token, http::error::ApiError};

/// Digests of tokens with their users.
#[derive(Debug)]
pub(crate) struct Users(HashMap<[u8; 32], String>);

impl Users {
    pub(crate) fn new(tokens: &[Token]) -> Self {
        Self(tokens.iter().map(|t| (digest(&t.secret), t.user.clone())).collect())
    }

    fn user(&self, token: &str) -> Option<&str> {
        self.0.get(&digest(token)).map(String::as_str)
    }
}

fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// The user of the request at hand.
#[derive(Debug, Clone)]
pub(crate) struct Caller(pub(crate) String);

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        parts.extensions.get::<Self>().cloned().ok_or_else(unauthenticated)
    }
}

/// Lets nobody through without a known token.
pub(crate) async fn require_token(
    State(app): State<App>,
    mut request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let header = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = header.and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    let Some(token) = token.filter(|t| !t.is_empty()) else {
        return Err(unauthenticated());
    };
    let Some(user) = app.users.user(token) else {
        return Err(ApiError::new(StatusCode::FORBIDDEN, "403", "Invalid access token."));
    };
    let caller = Caller(user.to_owned());
    request.extensions_mut().insert(caller);
    Ok(next.run(request).await)
}

fn unauthenticated() -> ApiError {
    let message = "Credential was not sent or was of an unsupported type for this API.";
    ApiError::new(StatusCode::UNAUTHORIZED, "401", message)
}

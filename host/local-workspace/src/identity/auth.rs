//! Who calls: bearer tokens to users and service principals.

use axum::{
    extract::{FromRequestParts, Request, State},
    http::{StatusCode, header, request::Parts},
    middleware::Next,
    response::Response,
};

use super::{state::Identity, tokens::Whose};
use crate::http::error::ApiError;

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
    State(identity): State<Identity>,
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
    let refused = |message: &str| Err(ApiError::new(StatusCode::FORBIDDEN, "403", message));
    let user = match identity.tokens.whose(token) {
        Whose::User(user) => user,
        Whose::Expired => return refused("Access token expired."),
        Whose::Nobody => return refused("Invalid access token."),
    };
    request.extensions_mut().insert(Caller(user));
    Ok(next.run(request).await)
}

fn unauthenticated() -> ApiError {
    let message = "Credential was not sent or was of an unsupported type for this API.";
    ApiError::new(StatusCode::UNAUTHORIZED, "401", message)
}

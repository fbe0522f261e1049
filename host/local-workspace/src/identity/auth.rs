//! Who calls: bearer tokens to users and service principals.

use axum::{
    extract::{FromRequestParts, Request, State},
    http::{HeaderMap, StatusCode, header, request::Parts},
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
    let token = bearer(request.headers()).ok_or_else(unauthenticated)?;
    let user = match identity.tokens.whose(token) {
        Whose::User(user) => user,
        Whose::Expired => return Err(ApiError::new(StatusCode::FORBIDDEN, "403", "Access token expired.")),
        Whose::Nobody => return Err(invalid_token()),
    };
    request.extensions_mut().insert(Caller(user));
    Ok(next.run(request).await)
}

/// The token that a request carries, if any.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

/// A token that nobody has.
pub(crate) fn invalid_token() -> ApiError {
    ApiError::new(StatusCode::FORBIDDEN, "403", "Invalid access token.")
}

/// No token, or something else in its place.
pub(crate) fn unauthenticated() -> ApiError {
    let message = "Credential was not sent or was of an unsupported type for this API.";
    ApiError::new(StatusCode::UNAUTHORIZED, "401", message)
}

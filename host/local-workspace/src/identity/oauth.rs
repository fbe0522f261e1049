//! /oidc: tokens for service principals, by their client secret.
//!
//! Rules: RFC 6749, section 4.4 (client credentials), and what the service's discovery document says.

use axum::{
    Json,
    extract::{Query, State},
    http::{HeaderMap, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::{Deserialize, Serialize};

use super::{state::Identity, tokens::NoToken};
use crate::http::origin;

/// The one scope: everything that the principal may.
const SCOPE: &str = "all-apis";

#[derive(Debug, Serialize)]
pub(super) struct Server {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    scopes_supported: [&'static str; 1],
    response_types_supported: [&'static str; 1],
    grant_types_supported: [&'static str; 1],
    token_endpoint_auth_methods_supported: [&'static str; 2],
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Asked {
    grant_type: String,
    scope: String,
    client_id: String,
    client_secret: String,
}

#[derive(Serialize)]
struct Given {
    access_token: String,
    token_type: &'static str,
    expires_in: u64,
    scope: &'static str,
}

/// An error answer as OAuth has it.
#[derive(Debug, Serialize)]
struct Refused {
    error: &'static str,
    error_description: &'static str,
}

fn refused(status: StatusCode, error: &'static str, error_description: &'static str) -> Response {
    (status, Json(Refused { error, error_description })).into_response()
}

pub(super) async fn server(headers: HeaderMap) -> Json<Server> {
    let oidc = format!("{}/oidc", origin(&headers));
    Json(Server {
        authorization_endpoint: format!("{oidc}/v1/authorize"),
        token_endpoint: format!("{oidc}/v1/token"),
        issuer: oidc,
        scopes_supported: [SCOPE],
        response_types_supported: ["code"],
        grant_types_supported: ["client_credentials"],
        token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post"],
    })
}

pub(super) async fn token(State(identity): State<Identity>, headers: HeaderMap, form: String) -> Response {
    let basic = basic(&headers);
    let Some(asked) = read(&form) else {
        return refused(StatusCode::BAD_REQUEST, "invalid_request", "The request is no form.");
    };
    if asked.grant_type != "client_credentials" {
        let said = "The local workspace gives tokens for client_credentials only.";
        return refused(StatusCode::BAD_REQUEST, "unsupported_grant_type", said);
    }
    if !asked.scope.is_empty() && !asked.scope.split(' ').any(|scope| scope == SCOPE) {
        return refused(StatusCode::BAD_REQUEST, "invalid_scope", "The scope of tokens is all-apis.");
    }
    let (id, secret) = basic.unwrap_or((asked.client_id, asked.client_secret));
    match identity.tokens.issue(&id, &secret) {
        Ok(access_token) => {
            let expires_in = identity.tokens.lifetime().as_secs();
            Json(Given { access_token, token_type: "Bearer", expires_in, scope: SCOPE }).into_response()
        }
        Err(NoToken::Client) => refused(StatusCode::UNAUTHORIZED, "invalid_client", "Client authentication failed"),
        Err(NoToken::TooMany) => {
            let said = "Too many tokens are valid; wait until some expire.";
            refused(StatusCode::TOO_MANY_REQUESTS, "temporarily_unavailable", said)
        }
    }
}

/// A form is written like the query of an address, and read as one; such an address has its own bound of 64 KiB.
fn read(form: &str) -> Option<Asked> {
    let uri: Uri = format!("/?{form}").parse().ok()?;
    Query::try_from_uri(&uri).ok().map(|Query(asked)| asked)
}

/// A client's id and secret in the header.
fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let (scheme, text) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let text = scheme.eq_ignore_ascii_case("basic").then(|| BASE64_STANDARD.decode(text.trim()).ok())??;
    let text = String::from_utf8(text).ok()?;
    text.split_once(':').map(|(id, secret)| (id.to_owned(), secret.to_owned()))
}

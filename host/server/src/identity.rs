//! Who a request speaks for.
//!
//! Behind a proxy the forwarded headers say it, and nothing else does: a request without them is refused and never
//! falls back to the app's own identity. In development there is one person: the local workspace's user, or the owner
//! of the configured token.

use axum::extract::FromRequestParts;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bricklayer_domain::UserId;
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use secrecy::SecretString;
use serde::Deserialize;
use tokio::sync::OnceCell;

use crate::api::problem::Problem;
use crate::app::AppState;
use crate::workspace::{Workspace, WorkspaceAccess, WorkspaceClient};

/// The user of the local workspace.
pub const LOCAL_USER: &str = "you@localhost";

const FORWARDED_EMAIL: &str = "x-forwarded-email";
const FORWARDED_USER: &str = "x-forwarded-user";
const FORWARDED_TOKEN: &str = "x-forwarded-access-token";
/// Longest token taken; Databricks' are JSON web tokens of a few kilobytes.
const MAX_TOKEN_BYTES: usize = 16 * 1024;

/// The person a request speaks for, with the credential that their tool calls carry.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Who.
    pub user: UserId,
    /// Their token at the workspace; in memory only.
    pub credential: SecretString,
}

/// How this server knows its users.
#[derive(Debug)]
pub enum Identity {
    /// The proxy names the user of each request.
    Proxy,
    /// Everybody who reaches the port is this person.
    Local(Caller),
    /// Everybody who reaches the port is the owner of this token, whoever that is.
    Token {
        /// The configured token.
        credential: SecretString,
        /// Its owner, asked once.
        owner: OnceCell<UserId>,
    },
}

impl Identity {
    /// Names the user of a request.
    ///
    /// # Errors
    /// A problem that says what is missing.
    pub async fn caller(
        &self,
        headers: &HeaderMap,
        workspace: &Workspace,
        client: &WorkspaceClient,
    ) -> Result<Caller, Problem> {
        match self {
            Self::Proxy => forwarded(headers),
            Self::Local(caller) => Ok(caller.clone()),
            Self::Token { credential, owner } => {
                let user = owner.get_or_try_init(|| token_owner(workspace, client, credential)).await?;
                Ok(Caller { user: user.clone(), credential: credential.clone() })
            }
        }
    }
}

async fn token_owner(
    workspace: &Workspace,
    client: &WorkspaceClient,
    credential: &SecretString,
) -> Result<UserId, Problem> {
    let base_url = workspace.base_url().await.map_err(Problem::from)?;
    let access = WorkspaceAccess { base_url, credential: credential.clone() };
    let name = client.me(&access).await.map_err(Problem::from)?;
    UserId::parse(&name).map_err(|error| {
        Problem::new(StatusCode::BAD_GATEWAY, "workspace-nonsense", format!("the workspace names the user {error}"))
    })
}

fn unauthenticated(detail: impl Into<String>) -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "unauthenticated", detail)
}

/// The identity that the proxy vouches for. The e-mail is the name when there is one, as it is what people share.
fn forwarded(headers: &HeaderMap) -> Result<Caller, Problem> {
    let email = single(headers, FORWARDED_EMAIL)?;
    let user = single(headers, FORWARDED_USER)?;
    let name = email.or(user).ok_or_else(|| {
        unauthenticated("the request names no user; open the app through its proxy, which adds X-Forwarded-Email")
    })?;
    let user = UserId::parse(name).map_err(|error| unauthenticated(format!("the forwarded user is {error}")))?;
    let token = single(headers, FORWARDED_TOKEN)?.ok_or_else(|| {
        unauthenticated(
            "the request carries no user token; turn on user authorization for the app, so that its proxy adds \
             X-Forwarded-Access-Token",
        )
    })?;
    if token.len() > MAX_TOKEN_BYTES {
        return Err(unauthenticated("the forwarded token is too long"));
    }
    if let (Some(email), Some(owner)) = (email, token_email(token))
        && !owner.eq_ignore_ascii_case(email)
    {
        return Err(unauthenticated("the forwarded token is another user's; sign in again"));
    }
    Ok(Caller { user, credential: token.into() })
}

/// The e-mail address that a token itself names, when it is a JSON web token with one as its subject, as Databricks'
/// user tokens are (RFC 7519, section 4.1.2). Its signature is the workspace's to check: here a mismatch only tells that
/// the two headers do not belong together.
fn token_email(token: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Claims {
        sub: String,
    }
    let mut parts = token.split('.');
    let (Some(_), Some(claims), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return None;
    };
    let claims = URL_SAFE_NO_PAD.decode(claims.trim_end_matches('=')).ok()?;
    let claims: Claims = serde_json::from_slice(&claims).ok()?;
    claims.sub.contains('@').then_some(claims.sub)
}

/// A header that must not come twice: two values mean that somebody added one behind the proxy's back.
fn single<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, Problem> {
    let mut values = headers.get_all(name).iter();
    let first = values.next();
    if values.next().is_some() {
        return Err(unauthenticated(format!("{name} came twice")));
    }
    let Some(value) = first else { return Ok(None) };
    let text = value.to_str().map_err(|_| unauthenticated(format!("{name} is not plain text")))?.trim();
    Ok((!text.is_empty()).then_some(text))
}

impl FromRequestParts<AppState> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Problem> {
        let caller = app.identity().caller(&parts.headers, app.workspace(), app.workspace_client()).await?;
        app.turns().note_caller(&caller);
        Ok(caller)
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};
    use secrecy::ExposeSecret;

    use super::*;

    #[track_caller]
    fn check(pairs: &[(&'static str, &'static str)], expect: Result<(&str, &str), &str>) {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        let seen = forwarded(&headers);
        match (seen, expect) {
            (Ok(caller), Ok((user, token))) => {
                assert_eq!((caller.user.as_str(), caller.credential.expose_secret()), (user, token));
            }
            (Err(problem), Err(expect)) => assert!(problem.detail().contains(expect), "{}", problem.detail()),
            (seen, expect) => panic!("{seen:?} is not {expect:?}"),
        }
    }

    #[test]
    fn the_proxy_names_the_user_and_brings_the_token() {
        let token = (FORWARDED_TOKEN, "t");
        check(&[(FORWARDED_EMAIL, "Ann@Example.com"), (FORWARDED_USER, "123@1"), token], Ok(("ann@example.com", "t")));
        check(&[(FORWARDED_USER, "123@1"), token], Ok(("123@1", "t")));
        check(&[], Err("names no user"));
        check(&[(FORWARDED_EMAIL, " "), token], Err("names no user"));
        check(&[(FORWARDED_EMAIL, "a@b")], Err("carries no user token"));
        check(&[(FORWARDED_EMAIL, "a@b"), (FORWARDED_EMAIL, "c@d"), token], Err("came twice"));
        check(&[(FORWARDED_EMAIL, "a@b"), token, token], Err("came twice"));
        // {"sub":"a@b"} and {"sub":"a-service"}, unsigned.
        let (person, service) = ("e30.eyJzdWIiOiJhQGIifQ.x", "e30.eyJzdWIiOiJhLXNlcnZpY2UifQ.x");
        check(&[(FORWARDED_EMAIL, "A@b"), (FORWARDED_TOKEN, person)], Ok(("a@b", person)));
        check(&[(FORWARDED_EMAIL, "c@d"), (FORWARDED_TOKEN, person)], Err("another user's"));
        check(&[(FORWARDED_EMAIL, "c@d"), (FORWARDED_TOKEN, service)], Ok(("c@d", service)));
    }
}

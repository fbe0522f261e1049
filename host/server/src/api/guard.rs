//! What every request passes through: an id, the written problem, the check of where it comes from, a time limit.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use http_body_util::BodyExt as _;
use tracing::Instrument;
use uuid::Uuid;

use super::mcp::{self, OwnWords};
use super::problem::{Problem, from_status};
use super::{PLUGIN_TIME_LIMIT, REQUEST_TIME_LIMIT};
use crate::app::AppState;
use crate::config::IdentityMode;
use crate::origin::{Authority, PublicOrigin};

/// Carries the request's id to the caller.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The host that the proxy was asked for.
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
/// Where the platform asks for health.
pub(super) const HEALTH_PATH: &str = "/api/health";
/// Characters of a caller's header that a message repeats.
const MAX_SHOWN_CHARS: usize = 200;

/// Gives the request an id and a span, and writes the body of problems, which name that id.
///
/// The id is always ours: one that a caller chooses could collide with another's in the log.
pub(super) async fn identify_and_write_problems(request: Request, next: Next) -> Response {
    let id = Uuid::now_v7().to_string();
    let span =
        tracing::info_span!("request", request.id = %id, method = %request.method(), path = request.uri().path());
    let head = request.method() == Method::HEAD;
    let mut response = next.run(request).instrument(span.clone()).await;
    let status = response.status();
    let problem = response.extensions_mut().remove::<Problem>();
    let told = response.extensions_mut().remove::<OwnWords>().is_some();
    let bare = problem.is_none() && !told && (status.is_client_error() || status.is_server_error()) && !head;
    let problem = problem.or_else(|| bare.then(|| from_status(status)));
    if let Some(problem) = problem {
        span.in_scope(|| tracing::debug!(status = status.as_u16(), code = problem.code(), "request refused"));
        let mut written = problem.render(&id);
        for (name, value) in response.headers() {
            if name != header::CONTENT_TYPE && name != header::CONTENT_LENGTH && name != header::CONTENT_ENCODING {
                written.headers_mut().insert(name.clone(), value.clone());
            }
        }
        response = written;
    }
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}

/// Ends requests that take too long. A stream answers its headers at once, so its body is not limited here; an MCP client
/// waits for its call, which has its own limit.
pub(super) async fn limit_time(request: Request, next: Next) -> Response {
    if mcp::is_at(request.uri().path()) {
        return next.run(request).await;
    }
    let is_plugin = request.uri().path().starts_with("/api/plugins");
    let limit = if is_plugin { PLUGIN_TIME_LIMIT } else { REQUEST_TIME_LIMIT };
    match tokio::time::timeout(limit, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Problem::new(
            StatusCode::GATEWAY_TIMEOUT,
            "timeout",
            format!("the request took longer than {} seconds; try again", limit.as_secs()),
        )
        .into_response(),
    }
}

/// Says who asks, for handlers that take a [`crate::identity::Caller`], and counts them as here until the whole answer
/// is sent: their turns are taken over by a host that sees them.
pub(super) async fn identify(
    State(app): State<AppState>,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let caller = app.identity().caller(request.headers(), app.workspace(), app.workspace_client()).await?;
    let visit = app.turns().enter(&caller);
    request.extensions_mut().insert(caller);
    Ok(next.run(request).await.map(|body| {
        Body::new(body.map_err(move |error| {
            let _here_until_the_body_is_dropped = &visit;
            error
        }))
    }))
}

/// Refuses requests that were meant for another name, or that another site sends with this user's browser.
///
/// In development anybody who reaches the port is the developer, so the Host header must name this machine (a name
/// that an attacker's DNS points here does not) or one of the public names that the operator gave. In both modes a
/// request that changes something must come from the page's own origin; callers that are no browsers send no Origin.
pub(super) async fn check_origin(State(app): State<AppState>, request: Request, next: Next) -> Response {
    let (mode, public) = (app.config().identity, app.config().public_origins.as_slice());
    let addressed = match Addressed::of(request.headers(), request.uri(), mode) {
        Ok(addressed) => addressed,
        Err(problem) => return problem.into_response(),
    };
    // The platform asks for health by addresses that no page has.
    let is_health = request.uri().path() == HEALTH_PATH;
    let asks_for_health = is_health && mode == IdentityMode::Proxy;
    let is_mcp = mcp::is_at(request.uri().path());
    if !asks_for_health && !addressed.is_ours(mode, public) {
        let detail = match (mode, &addressed.host) {
            (IdentityMode::Development, _) => format!(
                "this server answers only under localhost or a loopback address, not under `{}`; if that is its name \
                 behind a proxy, set `server.public_url` (BRICKLAYER_PUBLIC_URL) to that address",
                addressed.shown
            ),
            (IdentityMode::Proxy, _) => format!(
                "`{}` is not among the addresses of `server.public_url` (BRICKLAYER_PUBLIC_URL); add it there if it is \
                 this server's",
                addressed.shown
            ),
        };
        // The protocol names this status (specification, "Transports", security warning).
        let status = if is_mcp { StatusCode::FORBIDDEN } else { StatusCode::MISDIRECTED_REQUEST };
        return Problem::new(status, "wrong-host", detail).into_response();
    }
    // The protocol asks for this check of every request.
    let changes = is_mcp || !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if changes && let Some(origin) = strange_origin(request.headers(), &addressed, public) {
        let detail = format!(
            "requests that change something must come from this server's own pages, and this one comes from `{origin}` \
             to `{}`; if that is this server's address, add it to `server.public_url` (BRICKLAYER_PUBLIC_URL)",
            addressed.shown
        );
        return Problem::new(StatusCode::FORBIDDEN, "cross-origin", detail).into_response();
    }
    next.run(request).await
}

/// Whom a request was sent to.
struct Addressed {
    host: Option<Authority>,
    /// As it was written, cut, for people.
    shown: String,
}

impl Addressed {
    /// Reads the headers that name the addressee. Two of one kind have no meaning (RFC 9112, section 3.2): which of them
    /// counts is what a proxy and this server could see differently.
    fn of(headers: &HeaderMap, uri: &Uri, mode: IdentityMode) -> Result<Self, Problem> {
        for name in [header::HOST, header::ORIGIN, FORWARDED_HOST] {
            if headers.get_all(&name).iter().nth(1).is_some() {
                let detail = format!("the header {name} came twice; send it once");
                return Err(Problem::new(StatusCode::BAD_REQUEST, "ambiguous-request", detail));
            }
        }
        let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
        let forwarded = match mode {
            IdentityMode::Proxy => text(FORWARDED_HOST),
            IdentityMode::Development => None,
        };
        let host = forwarded
            .map(|hosts| hosts.split(',').next().unwrap_or_default().trim())
            .or_else(|| text(header::HOST))
            .or_else(|| uri.authority().map(http::uri::Authority::as_str))
            .unwrap_or_default();
        Ok(Self { host: Authority::parse(host), shown: cut(host) })
    }

    fn is_ours(&self, mode: IdentityMode, public: &[PublicOrigin]) -> bool {
        let Some(host) = &self.host else { return mode == IdentityMode::Proxy && public.is_empty() };
        let is_named = public.iter().any(|origin| origin.is_at(host));
        match mode {
            IdentityMode::Development => host.is_this_machine() || is_named,
            // Whatever its proxy calls it, unless the operator said.
            IdentityMode::Proxy => public.is_empty() || is_named || host.is_this_machine(),
        }
    }
}

/// A text from outside, bounded.
fn cut(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(MAX_SHOWN_CHARS).collect()
}

/// The origin of a request that another site's page makes, for people; absent when it is our own page or no browser.
fn strange_origin(headers: &HeaderMap, addressed: &Addressed, public: &[PublicOrigin]) -> Option<String> {
    let text = |name: &HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let origin = text(&header::ORIGIN);
    let site = text(&HeaderName::from_static("sec-fetch-site"));
    if site.is_some_and(|site| !matches!(site, "same-origin" | "none")) {
        return Some(cut(origin.unwrap_or("another site")));
    }
    let origin = origin?;
    let is_own = PublicOrigin::parse(origin).is_ok_and(|parsed| {
        // The scheme is the proxy's business: it ends TLS, so only a configured origin tells which one is right.
        public.contains(&parsed) || addressed.host.as_ref().is_some_and(|host| parsed.is_at(host))
    });
    (!is_own).then(|| cut(origin))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_compared_whole() {
        let public = PublicOrigin::parse_all("https://bricks.example.com, https://other.example.com:8443").unwrap();
        let check = |host: &str, pairs: &[(&'static str, &'static str)], expect: bool| {
            let headers = pairs
                .iter()
                .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
                .collect::<HeaderMap>();
            let addressed = Addressed { host: Authority::parse(host), shown: host.to_owned() };
            assert_eq!(strange_origin(&headers, &addressed, &public).is_none(), expect, "{host} {pairs:?}");
        };
        let local = "localhost:8000";
        check(local, &[], true);
        check(local, &[("origin", "http://localhost:8000")], true);
        check(local, &[("origin", "http://localhost:9000")], false);
        check(local, &[("origin", "https://evil.example")], false);
        check(local, &[("origin", "null")], false);
        check(local, &[("sec-fetch-site", "cross-site")], false);
        check(local, &[("sec-fetch-site", "same-site")], false);
        check(local, &[("sec-fetch-site", "same-origin"), ("origin", "http://localhost:8000")], true);
        check("app.example.com", &[("origin", "https://app.example.com")], true);
        check("app.example.com:443", &[("origin", "https://app.example.com")], true);
        check("app.example.com", &[("origin", "https://app.example.com:443")], true);
        check("app.example.com:80", &[("origin", "https://app.example.com")], false);
        // The proxy calls us something else; the operator said by which names browsers know us.
        check("10.0.0.7:8000", &[("origin", "https://bricks.example.com")], true);
        check("10.0.0.7:8000", &[("origin", "https://other.example.com:8443")], true);
        check("10.0.0.7:8000", &[("origin", "http://bricks.example.com")], false);
        check("10.0.0.7:8000", &[("origin", "https://other.example.com")], false);
    }
}

//! What every request passes through: an id, the written problem, the check of where it comes from, a time limit.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use http_body_util::BodyExt as _;
use tracing::Instrument;
use uuid::Uuid;

use super::problem::{Problem, from_status};
use super::{PLUGIN_TIME_LIMIT, REQUEST_TIME_LIMIT};
use crate::app::AppState;
use crate::config::IdentityMode;
use crate::identity::Stay;

/// Carries the request's id to the caller.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

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
    let bare = problem.is_none() && (status.is_client_error() || status.is_server_error()) && !head;
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

/// Ends requests that take too long. A stream answers its headers at once, so its body is not limited here.
pub(super) async fn limit_time(request: Request, next: Next) -> Response {
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

/// Counts a request's user as here until the whole answer is sent: their turns are taken over by a host that sees them.
pub(super) async fn note_visit(mut request: Request, next: Next) -> Response {
    let stay = Stay::default();
    request.extensions_mut().insert(stay.clone());
    let response = next.run(request).await;
    if !stay.is_known() {
        return response;
    }
    response.map(|body| {
        Body::new(body.map_err(move |error| {
            let _here_until_the_body_is_dropped = &stay;
            error
        }))
    })
}

/// Refuses requests that another site sends with this user's browser.
///
/// In development anybody who reaches the port is the developer, so the Host header must name this machine (a name
/// that an attacker's DNS points here does not). In both modes a request that changes something must come from the
/// page's own origin; callers that are no browsers send no Origin.
pub(super) async fn check_origin(State(app): State<AppState>, request: Request, next: Next) -> Response {
    let mode = app.config().identity;
    // Whoever reads the first and whoever reads the last of two would see different requests (RFC 9112, section 3.2).
    for name in [header::HOST, header::ORIGIN, HeaderName::from_static("x-forwarded-host")] {
        if request.headers().get_all(&name).iter().nth(1).is_some() {
            let detail = format!("the header {name} came twice; send it once");
            return Problem::new(StatusCode::BAD_REQUEST, "ambiguous-request", detail).into_response();
        }
    }
    let host = own_host(request.headers(), request.uri(), mode);
    if mode == IdentityMode::Development && !host.as_deref().is_some_and(is_this_machine) {
        return Problem::new(
            StatusCode::MISDIRECTED_REQUEST,
            "wrong-host",
            "this server answers only under localhost or a loopback address",
        )
        .into_response();
    }
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if changes && !is_same_origin(request.headers(), host.as_deref()) {
        return Problem::new(
            StatusCode::FORBIDDEN,
            "cross-origin",
            "requests that change something must come from this server's own pages",
        )
        .into_response();
    }
    next.run(request).await
}

/// The authority the browser addressed.
fn own_host(headers: &HeaderMap, uri: &Uri, mode: IdentityMode) -> Option<String> {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let forwarded = match mode {
        IdentityMode::Proxy => text(HeaderName::from_static("x-forwarded-host")),
        IdentityMode::Development => None,
    };
    forwarded
        .map(|hosts| hosts.split(',').next().unwrap_or_default().trim())
        .or_else(|| text(header::HOST))
        .or_else(|| uri.authority().map(http::uri::Authority::as_str))
        .map(str::to_ascii_lowercase)
}

fn is_this_machine(authority: &str) -> bool {
    if authority.contains('@') {
        return false;
    }
    let Ok(authority) = authority.parse::<http::uri::Authority>() else { return false };
    let host = authority.host().trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn is_same_origin(headers: &HeaderMap, host: Option<&str>) -> bool {
    let text = |name: &HeaderName| headers.get(name).map(HeaderValue::to_str);
    if let Some(site) = text(&HeaderName::from_static("sec-fetch-site"))
        && !matches!(site, Ok("same-origin" | "none"))
    {
        return false;
    }
    match text(&header::ORIGIN) {
        None => true,
        Some(Err(_)) => false,
        Some(Ok(origin)) => {
            // The scheme is the proxy's business: it ends TLS, so we cannot know which one the browser used.
            let authority = origin.split_once("://").map(|(_, authority)| authority.to_ascii_lowercase());
            authority.is_some() && authority.as_deref() == host
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_this_machine() {
        for good in ["localhost", "localhost:8000", "127.0.0.1:1", "[::1]:8000", "127.9.9.9"] {
            assert!(is_this_machine(good), "{good}");
        }
        for bad in
            ["", "evil.example", "localhost.evil.example", "127.0.0.1.evil.example:80", "10.0.0.1", "a@localhost@b"]
        {
            assert!(!is_this_machine(bad), "{bad}");
        }
    }

    #[test]
    fn origins_are_compared_whole() {
        let check = |pairs: &[(&'static str, &'static str)], expect: bool| {
            let headers = pairs
                .iter()
                .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
                .collect::<HeaderMap>();
            assert_eq!(is_same_origin(&headers, Some("localhost:8000")), expect, "{pairs:?}");
        };
        check(&[], true);
        check(&[("origin", "http://localhost:8000")], true);
        check(&[("origin", "http://localhost:9000")], false);
        check(&[("origin", "https://evil.example")], false);
        check(&[("origin", "null")], false);
        check(&[("sec-fetch-site", "cross-site")], false);
        check(&[("sec-fetch-site", "same-site")], false);
        check(&[("sec-fetch-site", "same-origin"), ("origin", "http://localhost:8000")], true);
    }
}

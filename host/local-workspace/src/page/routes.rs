//! `GET /` and what belongs to it.

use std::sync::Arc;

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Path, Query, State},
    http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode, Uri, header},
    response::{Html, IntoResponse, Redirect, Response},
    routing::get,
};
use serde::Deserialize;
use serde_json::Value;
use tower_service::Service as _;

use super::{
    html::{self, Shown, percent},
    session,
};
use crate::http::section::{Of, Section};

/// Largest answer of the API that is shown, in bytes.
const MOST_BYTES: usize = 8 << 20;

/// Who the token's owner is.
const ME: &str = "/api/2.0/preview/scim/v2/Me";

/// Nothing is loaded from elsewhere, nothing runs, and no other page shows this one.
const POLICY: &str =
    "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const STYLE: &str = include_str!("style.css");

#[derive(Debug, Clone)]
struct Page {
    api: Router,
    sections: Arc<[Section]>,
}

/// The page over the routes that it asks, with the tables that the areas show on it.
pub(crate) fn routes(api: Router, sections: impl IntoIterator<Item = Section>) -> Router {
    let page = Page { api, sections: sections.into_iter().collect() };
    let mut routes = Router::new().route("/", get(show).post(sign)).route("/_page/style.css", get(style));
    for &Section { id, link, .. } in page.sections.iter() {
        if let Some(link) = link {
            routes = routes.route(link, get(move |of| lead(id, of)));
        }
    }
    routes.with_state(page)
}

/// Leads from Databricks' address of a thing to where this page shows it.
async fn lead(id: &'static str, Path(of): Path<String>) -> Redirect {
    Redirect::to(&format!("/?show={id}&of={}", percent(&of)))
}

async fn style() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/css")], STYLE)
}

#[derive(Debug, Deserialize)]
struct Asked {
    show: Option<String>,
    of: Option<String>,
}

async fn show(State(page): State<Page>, Query(asked): Query<Asked>, headers: HeaderMap) -> Response {
    if !session::is_local(&headers) {
        return elsewhere();
    }
    let Some(token) = session::token(&headers) else {
        return finished(StatusCode::OK, html::sign_in(None));
    };
    let user = match page.ask(&token, ME).await {
        Ok(me) => me.get("userName").and_then(Value::as_str).unwrap_or_default().to_owned(),
        Err(why) => return finished(StatusCode::OK, html::sign_in(Some(&why))),
    };
    let wanted = asked.show.as_deref();
    let mut shown = Vec::new();
    for section in page.sections.iter().filter(|section| wanted.is_none_or(|id| section.id == id)) {
        let of = match (&asked.of, section.of) {
            (Some(of), _) if wanted.is_some() => Some(of.clone()),
            (_, Some(Of::All)) => None,
            (_, Some(Of::Home)) => Some(format!("/Users/{user}")),
            (_, None) => continue,
        };
        let path = filled(section.path, of.as_deref().unwrap_or_default());
        let answer = page.ask(&token, &path).await;
        shown.push(Shown { section, of, answer });
    }
    if shown.is_empty() {
        return finished(StatusCode::NOT_FOUND, html::page(&user, false, &[]));
    }
    finished(StatusCode::OK, html::page(&user, wanted.is_none(), &shown))
}

/// A section's path with what it is of.
fn filled(path: &str, of: &str) -> String {
    let parts = of.split('.').chain(std::iter::repeat(""));
    let filled = path.replace("{}", &percent(of));
    ["{1}", "{2}", "{3}"].iter().zip(parts).fold(filled, |path, (part, text)| path.replace(part, &percent(text)))
}

#[derive(Debug, Deserialize)]
struct Signing {
    /// Empty to sign out.
    token: String,
}

async fn sign(State(page): State<Page>, headers: HeaderMap, form: String) -> Response {
    if !session::is_local(&headers) || !is_own(&headers) {
        return elsewhere();
    }
    // A form is written as a query is.
    let read = format!("/?{form}").parse::<Uri>().ok().and_then(|uri| Query::<Signing>::try_from_uri(&uri).ok());
    let Some(Query(signing)) = read else {
        return finished(StatusCode::BAD_REQUEST, html::sign_in(Some("That is no token.")));
    };
    let token = signing.token.trim();
    if !token.is_empty()
        && let Err(why) = page.ask(token, ME).await
    {
        return finished(StatusCode::FORBIDDEN, html::sign_in(Some(&why)));
    }
    match session::cookie(token) {
        Some(cookie) => ([(header::SET_COOKIE, cookie)], Redirect::to("/")).into_response(),
        None => finished(StatusCode::BAD_REQUEST, html::sign_in(Some("That is no token."))),
    }
}

/// Whether a form was sent by this page, and not by another in the same browser.
fn is_own(headers: &HeaderMap) -> bool {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let host = text(header::HOST).unwrap_or_default();
    // Browsers say where a form comes from; what is no browser has no cookie to be misused.
    text(header::ORIGIN).is_none_or(|origin| origin == format!("http://{host}"))
}

fn elsewhere() -> Response {
    let why = "The workspace's page is shown to this machine only: use 127.0.0.1 or localhost.";
    finished(StatusCode::FORBIDDEN, html::sign_in(Some(why)))
}

fn finished(status: StatusCode, html: String) -> Response {
    let mut response = (status, Html(html)).into_response();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::CACHE_CONTROL, "no-store"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

impl Page {
    /// Asks the API as the token's owner; in words why there is no answer.
    async fn ask(&self, token: &str, path: &str) -> Result<Value, String> {
        let request = Request::get(path).header(header::AUTHORIZATION, format!("Bearer {token}"));
        let request = request.body(Body::empty()).map_err(|_| "That is no token.".to_owned())?;
        let Ok(response) = self.api.clone().call(request).await;
        let status = response.status();
        let body = to_bytes(response.into_body(), MOST_BYTES).await;
        let body = body.map_err(|_| "There is too much to show here; the API has it.".to_owned())?;
        let body: Value = serde_json::from_slice(&body).unwrap_or_default();
        if status.is_success() {
            return Ok(body);
        }
        let text = |key: &str| body.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        Err(format!("{}: {}", text("error_code"), text("message")))
    }
}

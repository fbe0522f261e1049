//! The web client, embedded. A debug build reads it from disk, so that a rebuilt page needs no rebuilt host.

use std::borrow::Cow;

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use sha2::{Digest, Sha256};

use super::problem::Problem;
use crate::embedded::Embedded;

/// The page that opens when the client was not built.
const NOT_BUILT: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Bricklayer</title>\
<style>body{font:16px/1.5 system-ui;max-width:40rem;margin:4rem auto;padding:0 1rem}</style>\
<h1>Bricklayer is running</h1><p>The web page is not built. Run <code>cargo xtask run</code>, which builds it, or \
<code>npm ci &amp;&amp; npm run build</code> in <code>client/</code>, and reload.</p>\
<p>The API is ready: see <a href=\"/docs\">its documentation</a>.</p></html>";

/// Serves a file of the client; an address without a file is a page of the client's own.
pub(super) async fn serve(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    if !matches!(method, Method::GET | Method::HEAD) {
        let detail = format!("{} does not take {method}; see /docs", uri.path());
        return Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", detail).into_response();
    }
    let path = uri.path().trim_start_matches('/');
    if let Some(file) = Embedded::Client.get(path) {
        return send(path, file, &headers);
    }
    // A missing script answered with a page would be a riddle, so only what looks like a page gets one.
    let looks_like_file = path.rsplit('/').next().is_some_and(|name| name.contains('.'));
    if looks_like_file {
        return Problem::not_found("file").into_response();
    }
    match Embedded::Client.get("index.html") {
        Some(file) => send("index.html", file, &headers),
        None => ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], NOT_BUILT).into_response(),
    }
}

fn send(path: &str, file: Cow<'static, [u8]>, headers: &HeaderMap) -> Response {
    let digest = hex::encode(Sha256::digest(&file));
    let etag = format!("\"{}\"", digest.get(..32).unwrap_or_default());
    let unchanged = headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == etag.as_bytes());
    let mut response = if unchanged { StatusCode::NOT_MODIFIED.into_response() } else { file.into_response() };
    // The bundler names assets by their content; the page itself must be asked for again.
    let caching = if path.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    let mime = mime_guess::from_path(path).first_or_octet_stream();
    let sent = response.headers_mut();
    sent.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    if let Ok(value) = HeaderValue::from_str(&etag) {
        sent.insert(header::ETAG, value);
    }
    let mime = if mime.type_() == "text" { format!("{mime}; charset=utf-8") } else { mime.to_string() };
    if let Ok(value) = HeaderValue::from_str(&mime) {
        sent.insert(header::CONTENT_TYPE, value);
    }
    response
}

//! A public host's JSON API as a tool uses it.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Failure, Kind, Method, Platform, Response, WebRequest, encode_query, web_failure};

/// One public host; each of its paths needs a grant in `plugin.toml`.
///
/// ```
/// # use bricklayer_sdk::{Web, Failure, Platform};
/// # fn forecast(host: &impl Platform) -> Result<(), Failure> {
/// #[derive(serde::Deserialize)]
/// struct Answer {
///     days: Vec<String>,
/// }
/// let answer: Answer = Web::new(host, "https://api.weather.example").get("/v1/forecast", &[("city", "Köln")])?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Web<'a, P> {
    platform: &'a P,
    base: &'a str,
}

impl<'a, P: Platform> Web<'a, P> {
    /// The host at `base`: `https://` and its name, with no slash at the end.
    #[must_use]
    pub const fn new(platform: &'a P, base: &'a str) -> Self {
        Self { platform, base }
    }

    /// `GET path?query`; values of the query are encoded, the path is taken as it is.
    ///
    /// # Errors
    /// No answer, an error status ([`web_failure`]), or a body of another shape.
    pub fn get<T: DeserializeOwned>(&self, path: &str, query: &[(&str, &str)]) -> Result<T, Failure> {
        self.call(&WebRequest::new(Method::Get, self.url(path, query)))
    }

    /// `POST path` with a JSON body.
    ///
    /// # Errors
    /// As for [`get`](Self::get).
    pub fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, Failure> {
        let body = serde_json::to_string(body)
            .map_err(|e| Failure::new(Kind::Failed, format!("the request cannot be written: {e}")))?;
        self.call(&WebRequest::new(Method::Post, self.url(path, &[])).json(body))
    }

    /// Sends any request and reads its JSON answer.
    ///
    /// # Errors
    /// As for [`get`](Self::get).
    pub fn call<T: DeserializeOwned>(&self, request: &WebRequest) -> Result<T, Failure> {
        let response = self.send(request)?;
        serde_json::from_slice(&response.body).map_err(|e| {
            let status = response.status;
            Failure::new(
                Kind::Upstream,
                format!("the answer of {} has an unknown shape: {e} (HTTP {status})", self.name()),
            )
        })
    }

    /// Sends any request; the answer's body as it came.
    ///
    /// # Errors
    /// No answer or an error status.
    pub fn send(&self, request: &WebRequest) -> Result<Response, Failure> {
        let response = self.platform.fetch(request).map_err(|error| Failure::unanswered(self.name(), error))?;
        if response.is_success() { Ok(response) } else { Err(web_failure(self.name(), &response)) }
    }

    fn url(&self, path: &str, query: &[(&str, &str)]) -> String {
        format!("{}{}", self.base, encode_query(path, query))
    }

    fn name(&self) -> &str {
        self.base.strip_prefix("https://").unwrap_or(self.base)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::TransportError;
    use crate::testing::Script;

    const BASE: &str = "https://api.weather.example";

    #[test]
    fn asks_and_decodes() {
        let script = Script::new()
            .on("GET https://api.weather.example/v1/forecast?city=K%C3%B6ln", 200, r#"{"days":[1]}"#)
            .on("POST https://api.weather.example/v1/report", 201, "{}");
        let web = Web::new(&script, BASE);
        let answer: Value = web.get("/v1/forecast", &[("city", "Köln")]).unwrap();
        assert_eq!(answer, serde_json::json!({"days": [1]}));
        let _: Value = web.post("/v1/report", &serde_json::json!({"rain": true})).unwrap();
        assert_eq!(script.fetched()[1].body, br#"{"rain":true}"#);
        assert!(script.fetched()[1].headers.contains(&("content-type".to_owned(), "application/json".to_owned())));
        script.done();
    }

    #[test]
    fn a_failure_names_the_host_and_its_words() {
        let script = Script::new().on("GET https://api.weather.example/v1/x", 404, r#"{"error":"no such city"}"#);
        let failure = Web::new(&script, BASE).get::<Value>("/v1/x", &[]).unwrap_err();
        assert_eq!((failure.kind, failure.retryable), (Kind::NotFound, false));
        assert_eq!(failure.message, "api.weather.example: no such city (HTTP 404)");

        let gone = TransportError::Unreachable("no such name".to_owned());
        let script = Script::new().fail("GET https://api.weather.example/v1/x", gone);
        let failure = Web::new(&script, BASE).get::<Value>("/v1/x", &[]).unwrap_err();
        assert_eq!((failure.kind, failure.retryable), (Kind::Upstream, true));
        assert!(failure.message.starts_with("api.weather.example could not be reached"), "{failure:?}");
    }
}

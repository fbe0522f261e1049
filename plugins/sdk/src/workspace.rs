//! The workspace's REST API as a tool uses it: JSON in, JSON out, errors mapped, lists paged.
//!
//! No retries here: the host's egress repeats what is safe to repeat (429 and 503 with Retry-After).

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use std::collections::BTreeMap;

use crate::{Failure, Kind, Method, Platform, Request, Response, api_failure, encode_query};

/// Pages one list call follows; protects against a workspace whose token never ends.
const MAX_PAGES: usize = 100;

/// The caller's workspace.
#[derive(Debug, Clone, Copy)]
pub struct Workspace<'a, P> {
    /// The call's outside world.
    pub platform: &'a P,
}

impl<'a, P: Platform> Workspace<'a, P> {
    /// The workspace of a call.
    #[must_use]
    pub const fn new(platform: &'a P) -> Self {
        Self { platform }
    }

    /// `GET path?query`.
    ///
    /// # Errors
    /// No answer, an error status, or a body of another shape.
    pub fn get<T: DeserializeOwned>(&self, path: &str, query: &[(&str, &str)]) -> Result<T, Failure> {
        self.call(Method::Get, encode_query(path, query), None)
    }

    /// `POST path` with a JSON body.
    ///
    /// # Errors
    /// As for [`get`](Self::get).
    pub fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, Failure> {
        self.with_body(Method::Post, path, body)
    }

    /// `PUT path` with a JSON body.
    ///
    /// # Errors
    /// As for [`get`](Self::get).
    pub fn put<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, Failure> {
        self.with_body(Method::Put, path, body)
    }

    /// `PATCH path` with a JSON body.
    ///
    /// # Errors
    /// As for [`get`](Self::get).
    pub fn patch<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, Failure> {
        self.with_body(Method::Patch, path, body)
    }

    /// `DELETE path?query`.
    ///
    /// # Errors
    /// As for [`get`](Self::get).
    pub fn delete<T: DeserializeOwned>(&self, path: &str, query: &[(&str, &str)]) -> Result<T, Failure> {
        self.call(Method::Delete, encode_query(path, query), None)
    }

    /// Items of a paged list: `items` names the array in each page, pages are linked by `next_page_token`. Ends after
    /// the last page, or once `most` items are there (more may then follow).
    ///
    /// # Errors
    /// As for [`get`](Self::get).
    pub fn list<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, &str)],
        items: &str,
        most: usize,
    ) -> Result<Pages<T>, Failure> {
        let mut found = Vec::new();
        let mut token: Option<String> = None;
        for _ in 0..MAX_PAGES {
            let mut query = query.to_vec();
            if let Some(token) = &token {
                query.push(("page_token", token));
            }
            // Raw, so that numbers of items reach their types as they were sent.
            let page: BTreeMap<String, Box<RawValue>> = self.get(path, &query)?;
            // A list without entries is often left out, and a page may be empty and still have a token.
            if let Some(entries) = page.get(items) {
                let entries: Vec<T> = serde_json::from_str(entries.get()).map_err(|e| {
                    Failure::new(Kind::Upstream, format!("the workspace's list of {items} has an unknown shape: {e}"))
                })?;
                found.extend(entries);
            }
            token = page.get("next_page_token").and_then(|t| serde_json::from_str(t.get()).ok());
            token = token.filter(|t| !t.is_empty());
            if found.len() >= most || token.is_none() {
                break;
            }
        }
        let more = token.is_some() || found.len() > most;
        found.truncate(most);
        Ok(Pages { items: found, more })
    }

    fn with_body<T: DeserializeOwned>(&self, method: Method, path: &str, body: &impl Serialize) -> Result<T, Failure> {
        let body = serde_json::to_string(body)
            .map_err(|e| Failure::new(Kind::Failed, format!("the request cannot be written: {e}")))?;
        self.call(method, path.to_owned(), Some(body))
    }

    fn call<T: DeserializeOwned>(&self, method: Method, path: String, body: Option<String>) -> Result<T, Failure> {
        self.send(&Request { method, path, body })
    }

    /// A request as it is, such as the one that ends remote work.
    ///
    /// # Errors
    /// As for [`get`](Self::get).
    pub fn send<T: DeserializeOwned>(&self, request: &Request) -> Result<T, Failure> {
        let response = self.platform.send(request)?;
        if !response.is_success() {
            return Err(api_failure(&response));
        }
        response.json()
    }
}

/// Items of a list, as far as they were asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Pages<T> {
    /// The items.
    pub items: Vec<T>,
    /// Whether the workspace has more.
    pub more: bool,
}

impl Response {
    /// The body of a good answer; an empty one means `{}`.
    ///
    /// # Errors
    /// A body of another shape.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        let body: &[u8] = if self.body.trim_ascii().is_empty() { b"{}" } else { &self.body };
        serde_json::from_slice(body).map_err(|e| {
            let said = format!("the workspace's answer has an unknown shape: {e} (HTTP {})", self.status);
            Failure::new(Kind::Upstream, said)
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::testing::Script;

    #[test]
    fn follows_pages_over_empty_ones_up_to_the_number_asked_for() {
        let script = Script::new()
            .on("GET /api/x?a=1", 200, r#"{"things":[1,2],"next_page_token":"t 1"}"#)
            .on("GET /api/x?a=1&page_token=t%201", 200, r#"{"next_page_token":"t2"}"#)
            .on("GET /api/x?a=1&page_token=t2", 200, r#"{"things":[3]}"#);
        let all: Pages<u32> = Workspace::new(&script).list("/api/x", &[("a", "1")], "things", 10).unwrap();
        assert_eq!(all, Pages { items: vec![1, 2, 3], more: false });
        script.done();

        let script = Script::new().on("GET /api/x", 200, r#"{"things":[1,2,3],"next_page_token":"t"}"#);
        let some: Pages<u32> = Workspace::new(&script).list("/api/x", &[], "things", 2).unwrap();
        assert_eq!(some, Pages { items: vec![1, 2], more: true });
    }

    #[test]
    fn an_empty_answer_is_an_empty_object() {
        let script = Script::new().on("POST /api/y", 200, "");
        let answer: Value = Workspace::new(&script).post("/api/y", &serde_json::json!({})).unwrap();
        assert_eq!(answer, serde_json::json!({}));
    }

    #[test]
    fn nonsense_is_the_workspaces_fault() {
        let script = Script::new().on("GET /api/y", 200, "<html>");
        let failure = Workspace::new(&script).get::<Value>("/api/y", &[]).unwrap_err();
        assert_eq!(failure.kind, Kind::Upstream);
    }
}

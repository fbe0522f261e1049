//! A small client.

use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};

use super::{Follow, Frame, eventually};

/// Talks to one server as one user.
#[derive(Debug, Clone)]
pub(crate) struct Api {
    client: Client,
    base: String,
    headers: HeaderMap,
}

/// What the server answered.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The body of a success.
    #[track_caller]
    pub(crate) fn ok(&self) -> Value {
        assert!(self.status.is_success(), "{self:?}");
        self.json()
    }

    /// Checks that this is a well-formed problem of this status and code; returns it.
    #[track_caller]
    pub(crate) fn problem(&self, status: u16, code: &str) -> Value {
        let body = self.json();
        assert_eq!((self.status.as_u16(), body["status"].as_u64()), (status, Some(u64::from(status))), "{self:?}");
        assert_eq!(body["type"], format!("https://bricklayer.dev/problems/{code}"), "{self:?}");
        assert_eq!(self.headers["content-type"], "application/problem+json", "{self:?}");
        assert_eq!(self.headers["x-request-id"].to_str().unwrap(), body["request_id"], "{self:?}");
        assert!(body["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{self:?}");
        body
    }
}

impl Api {
    pub(crate) fn new(base: &str) -> Self {
        // Fails when a provider is installed already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder().no_proxy().build().unwrap();
        Self { client, base: base.to_owned(), headers: HeaderMap::new() }
    }

    /// Sends this header with every request.
    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.append(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
        self
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base)).headers(self.headers.clone())
    }

    pub(crate) async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        Answer { status, headers, text: response.text().await.unwrap() }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(self.request(Method::POST, path).json(&body)).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send(self.request(Method::PATCH, path).json(&body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Answer {
        self.send(self.request(Method::PUT, path).json(&body)).await
    }

    /// Sends a package to be looked at.
    pub(crate) async fn upload(&self, package: &[u8], manifest: Option<&str>) -> Answer {
        self.send(self.upload_request(package, manifest)).await
    }

    pub(crate) fn upload_request(&self, package: &[u8], manifest: Option<&str>) -> reqwest::RequestBuilder {
        const BOUNDARY: &str = "the-boundary-of-the-form";
        let mut form = Vec::new();
        let mut part = |head: &str, body: &[u8]| {
            form.extend_from_slice(
                format!("--{BOUNDARY}\r\ncontent-disposition: form-data; {head}\r\n\r\n").as_bytes(),
            );
            form.extend_from_slice(body);
            form.extend_from_slice(b"\r\n");
        };
        if let Some(manifest) = manifest {
            part("name=\"manifest\"", manifest.as_bytes());
        }
        part("name=\"package\"; filename=\"p.wasm\"\r\ncontent-type: application/wasm", package);
        form.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
        let request = self.request(Method::POST, "/api/plugins/inspect");
        let content_type = format!("multipart/form-data; boundary={BOUNDARY}");
        request.header("content-type", content_type).body(form)
    }

    /// Sends a skill in an archive.
    pub(crate) async fn upload_skill(&self, path: &str, archive: Vec<u8>) -> Answer {
        self.send(self.request(Method::POST, path).header("content-type", "application/zip").body(archive)).await
    }

    /// Uploads a package; the digest to install it by.
    pub(crate) async fn stage(&self, package: &[u8]) -> String {
        self.upload(package, None).await.ok()["staged"].as_str().unwrap().to_owned()
    }

    /// Uploads and installs a package for the user, with these powers everywhere; the plugin.
    pub(crate) async fn install(&self, package: &[u8], grants: &[&str]) -> Value {
        let staged = self.stage(package).await;
        self.post("/api/plugins", json!({"staged": staged, "scope": "me", "grants": grants})).await.ok()
    }

    /// Uploads a package and updates a plugin to it.
    pub(crate) async fn update(&self, id: &str, package: &[u8]) -> Answer {
        let staged = self.stage(package).await;
        self.post(&format!("/api/plugins/{id}/update"), json!({"staged": staged})).await
    }

    /// The names of the user's tools that begin so, in a project or in none.
    pub(crate) async fn tools(&self, project: Option<&str>, prefix: &str) -> Vec<String> {
        let query = project.map(|project| format!("?project_id={project}")).unwrap_or_default();
        let tools = self.get(&format!("/api/tools{query}")).await.ok();
        let names = tools.as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap().to_owned());
        names.filter(|name| name.starts_with(prefix)).collect()
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send(self.request(Method::DELETE, path)).await
    }

    /// Makes a project; its id.
    pub(crate) async fn project(&self, name: &str) -> String {
        self.post("/api/projects", json!({"name": name})).await.ok()["id"].as_str().unwrap().to_owned()
    }

    /// Sends a message in a new conversation; the turn and the conversation.
    pub(crate) async fn ask(&self, project: &str, message: &str) -> (String, String) {
        let answer = self.post("/api/invoke_agent", json!({"project_id": project, "message": message})).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{answer:?}");
        ids(&answer.json())
    }

    /// Sends a message in a conversation; the turn.
    pub(crate) async fn say(&self, project: &str, conversation: &str, message: &str) -> String {
        let body = json!({"project_id": project, "conversation_id": conversation, "message": message});
        ids(&self.post("/api/invoke_agent", body).await.ok()).0
    }

    /// Opens a turn's stream after an event.
    pub(crate) async fn follow(&self, execution: &str, after: i64) -> Follow {
        let request = self.request(Method::GET, &format!("/api/stream_progress/{execution}?after={after}"));
        Follow::new(request.send().await.unwrap())
    }

    /// A turn's stream from the start to its end.
    pub(crate) async fn frames(&self, execution: &str) -> Vec<Frame> {
        self.follow(execution, 0).await.follow_to_end().await
    }

    /// The same of a turn whose host is gone: who asks until another has taken it over, sees it to its end in one stream.
    pub(crate) async fn frames_once_taken_over(&self, execution: &str) -> Vec<Frame> {
        eventually("the end of the turn", async || {
            let mut follow = self.follow(execution, 0).await;
            let mut frames = Vec::new();
            while let Some(frame) = tokio::time::timeout(SILENCE, follow.next()).await.ok().flatten() {
                frames.push(frame);
            }
            if frames.last().is_some_and(|frame| frame.is_done()) { Ok(frames) } else { Err(format!("{frames:?}")) }
        })
        .await
    }
}

/// A stream that says nothing for so long is of a turn that nobody has.
const SILENCE: Duration = Duration::from_secs(8);

fn ids(body: &Value) -> (String, String) {
    let id = |key: &str| body[key].as_str().unwrap().to_owned();
    (id("execution_id"), id("conversation_id"))
}

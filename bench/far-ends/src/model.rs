//! The scripted model.
//!
//! A script belongs to a user message that contains a text; its nth reply answers the nth model call after that
//! message. So a call that is repeated, by a retry or after a restart, gets the same reply again. Whoever needs more
//! decides by a function of what was asked.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use axum::routing::post;
use futures::future::BoxFuture;
use http::header::AUTHORIZATION;
use http::{HeaderMap, Uri};
use serde_json::{Value, json};
use url::Url;

use crate::script::{Between, Reply};
use crate::serve::{Serving, serve};
use crate::{chat, wire};

/// What a request asks for.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The last message of the user's own words.
    pub message: String,
    /// How many times the model spoke since.
    pub spoken: usize,
    /// How many results of tools came since.
    pub results: usize,
    /// The request whole.
    pub request: Value,
}

impl Asked {
    fn of(request: Value) -> Self {
        let (mut spoken, mut results, mut message) = (0, 0, String::new());
        for said in request["messages"].as_array().into_iter().flatten().rev() {
            if said["role"] == "assistant" {
                spoken += 1;
                continue;
            }
            if said["role"] == "tool" {
                results += 1;
                continue;
            }
            let blocks = said["content"].as_array().map(Vec::as_slice).unwrap_or_default();
            let of_tools = blocks.iter().filter(|block| block["type"] == "tool_result").count();
            results += of_tools;
            if of_tools > 0 {
                continue;
            }
            message = match &said["content"] {
                Value::String(text) => text.clone(),
                _ => blocks.iter().filter_map(|block| block["text"].as_str()).collect(),
            };
            break;
        }
        Self { message, spoken, results, request }
    }
}

type Decide = dyn Fn(Asked) -> BoxFuture<'static, Reply> + Send + Sync;

/// The scripted model; it serves as long as it lives.
#[derive(Debug)]
pub struct Model {
    /// Where it listens: the value of `ANTHROPIC_BASE_URL`.
    pub url: Url,
    shared: Arc<Shared>,
    _serving: Serving,
}

struct Shared {
    scripts: Arc<Mutex<HashMap<String, Vec<Reply>>>>,
    requests: Option<Mutex<Vec<Value>>>,
    /// What each request that is kept said of who asks.
    senders: Mutex<Vec<(String, String)>>,
    /// What a question for its models gets: status and body.
    list: Mutex<(u16, Value)>,
    silent: Arc<Silent>,
    decide: Box<Decide>,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

/// How many streams are silent.
#[derive(Debug, Default)]
pub(crate) struct Silent(AtomicUsize);

impl Silent {
    /// Counts one until it is dropped, as it is when the host lets go of the connection.
    pub(crate) fn one(self: &Arc<Self>) -> OneSilent {
        self.0.fetch_add(1, Ordering::SeqCst);
        OneSilent(Arc::clone(self))
    }

    /// What happens on the line between the pieces of a message.
    pub(crate) async fn pass(self: &Arc<Self>, it: Between) -> io::Result<()> {
        match it {
            Between::Wait(gate, count) => gate.wait(count).await,
            Between::Pause(time) => tokio::time::sleep(time).await,
            Between::Cut => return Err(io::Error::other("cut")),
            Between::Silence => {
                let _one = self.one();
                std::future::pending().await
            }
        }
        Ok(())
    }
}

pub(crate) struct OneSilent(Arc<Silent>);

impl Drop for OneSilent {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Model {
    /// One that follows what [`Model::script`] says, and keeps the requests.
    pub async fn start() -> Self {
        let scripts = Arc::<Mutex<HashMap<String, Vec<Reply>>>>::default();
        let known = Arc::clone(&scripts);
        let decide = move |asked: Asked| {
            let scripts = known.lock().expect("nobody panics here");
            // Of several that fit, the one that says most of the message.
            let fitting = scripts.iter().filter(|(text, _)| asked.message.contains(text.as_str()));
            let script = fitting.max_by_key(|(text, _)| text.len());
            let reply = script.and_then(|(_, replies)| replies.get(asked.spoken).cloned());
            let none = || Reply::text(&format!("no script for {:?}, call {}", asked.message, asked.spoken));
            Box::pin(std::future::ready(reply.unwrap_or_else(none))) as BoxFuture<'static, Reply>
        };
        Self::serve(0, scripts, Some(Mutex::default()), Box::new(decide)).await
    }

    /// One that answers what the function says, and keeps nothing.
    pub async fn deciding(decide: impl Fn(Asked) -> BoxFuture<'static, Reply> + Send + Sync + 'static) -> Self {
        Self::deciding_at(0, decide).await
    }

    /// The same at this port, or a free one for nought.
    pub async fn deciding_at(
        port: u16,
        decide: impl Fn(Asked) -> BoxFuture<'static, Reply> + Send + Sync + 'static,
    ) -> Self {
        Self::serve(port, Arc::default(), None, Box::new(decide)).await
    }

    async fn serve(
        port: u16,
        scripts: Arc<Mutex<HashMap<String, Vec<Reply>>>>,
        requests: Option<Mutex<Vec<Value>>>,
        decide: Box<Decide>,
    ) -> Self {
        let list = Mutex::new((404, json!({"message": "there is no list"})));
        let senders = Mutex::default();
        let shared = Arc::new(Shared { scripts, requests, senders, list, silent: Arc::default(), decide });
        let router = Router::new().fallback(post(asked).get(listed)).with_state(Arc::clone(&shared));
        let serving = serve(router, port).await;
        Self { url: serving.url.clone(), shared, _serving: serving }
    }

    /// Answers messages that contain `text` with these replies; of several such scripts the one with the longest text
    /// counts.
    pub fn script(&self, text: &str, replies: Vec<Reply>) {
        self.shared.scripts.lock().expect("nobody panics here").insert(text.to_owned(), replies);
    }

    /// Answers questions for its models with this from now on; without it there is no list.
    pub fn list(&self, status: u16, body: Value) {
        *self.shared.list.lock().expect("nobody panics here") = (status, body);
    }

    /// Forgets a script, and the requests so far, which are large.
    pub fn forget(&self, text: &str) {
        self.shared.scripts.lock().expect("nobody panics here").remove(text);
        if let Some(requests) = &self.shared.requests {
            requests.lock().expect("nobody panics here").clear();
        }
    }

    /// The requests so far, of a model that keeps them.
    #[must_use]
    pub fn requests(&self) -> Vec<Value> {
        let kept = self.shared.requests.as_ref().map(|requests| requests.lock().expect("nobody panics here").clone());
        kept.unwrap_or_default()
    }

    /// Path and `authorization` of the requests so far, of a model that keeps them.
    #[must_use]
    pub fn senders(&self) -> Vec<(String, String)> {
        self.shared.senders.lock().expect("nobody panics here").clone()
    }

    /// How many streams are silent now.
    #[must_use]
    pub fn silent(&self) -> usize {
        self.shared.silent.0.load(Ordering::SeqCst)
    }
}

impl Shared {
    fn remember_sender(&self, uri: &Uri, headers: &HeaderMap) {
        let sender = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
        self.senders.lock().expect("nobody panics here").push((uri.path().to_owned(), sender.to_owned()));
    }
}

/// A question for the models, whatever the root.
async fn listed(State(shared): State<Arc<Shared>>, uri: Uri, headers: HeaderMap) -> Response {
    if shared.requests.is_some() {
        shared.remember_sender(&uri, &headers);
    }
    let (status, body) = shared.list.lock().expect("nobody panics here").clone();
    wire::plain(status, Vec::new(), &body)
}

/// The wire is known by the path's end, whatever the root.
async fn asked(State(shared): State<Arc<Shared>>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let answer = match uri.path() {
        path if path.ends_with("/v1/messages") => wire::answer,
        path if path.ends_with("/chat/completions") => chat::answer,
        _ => return wire::plain(404, Vec::new(), &json!({"message": "there is nothing at this path"})),
    };
    let Ok(request) = serde_json::from_slice::<Value>(&body) else {
        let error = json!({"type": "error", "error": {"type": "invalid_request_error", "message": "this is no JSON"}});
        return answer(Reply::Status(400, Vec::new(), error), &shared.silent);
    };
    if let Some(requests) = &shared.requests {
        requests.lock().expect("nobody panics here").push(request.clone());
        shared.remember_sender(&uri, &headers);
    }
    let reply = (shared.decide)(Asked::of(request)).await;
    answer(reply, &shared.silent)
}

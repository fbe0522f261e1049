//! A user behind a load balancer: requests go to any host, and again to another when one refuses or is gone.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use uuid::Uuid;

use super::{Api, Frame, eventually};

/// Talks to whichever host is there.
#[derive(Debug)]
pub(crate) struct Anywhere {
    bases: Arc<Mutex<Vec<String>>>,
    user: String,
    next: AtomicUsize,
}

impl Anywhere {
    pub(crate) fn new(bases: Arc<Mutex<Vec<String>>>, user: &str, first: usize) -> Self {
        Self { bases, user: user.to_owned(), next: AtomicUsize::new(first) }
    }

    fn api(&self) -> Api {
        let bases = self.bases.lock().unwrap();
        let base = &bases[self.next.fetch_add(1, Ordering::Relaxed) % bases.len()];
        Api::new(base)
            .with("x-forwarded-email", &format!("{}@example.com", self.user))
            .with("x-forwarded-access-token", &format!("canary-token-of-{}", self.user))
    }

    /// Sends until a host takes it.
    async fn post(&self, path: &str, body: &Value, tell: &impl Fn(&str)) -> Value {
        eventually(path, async || {
            let api = self.api();
            let sent = async {
                let response = api.request(reqwest::Method::POST, path).json(body).send().await;
                let response = response.map_err(|error| error.to_string())?;
                let status = response.status();
                let text = response.text().await.map_err(|error| error.to_string())?;
                if status.is_success() { Ok(text) } else { Err(format!("{status} {text}")) }
            };
            match sent.await {
                Ok(text) => Ok(serde_json::from_str(&text).unwrap()),
                Err(refused) => {
                    tell(&refused);
                    Err(refused)
                }
            }
        })
        .await
    }

    pub(crate) async fn project(&self, name: &str) -> String {
        self.post("/api/projects", &json!({"name": name}), &|_| {}).await["id"].as_str().unwrap().to_owned()
    }

    /// Sends a message, again with the same id until it is taken, and follows to the end; all frames of the turn.
    pub(crate) async fn turn(&self, project: &str, message: &str) -> Vec<Frame> {
        self.turn_told(project, message, |_| {}).await
    }

    /// The same, and tells each thing that happens on the way.
    pub(crate) async fn turn_told(&self, project: &str, message: &str, tell: impl Fn(&str)) -> Vec<Frame> {
        let body = json!({"project_id": project, "message": message, "client_message_id": Uuid::new_v4()});
        let taken = self.post("/api/invoke_agent", &body, &tell).await;
        let execution = taken["execution_id"].as_str().unwrap().to_owned();
        tell(&format!("taken as {execution}"));
        let mut frames: Vec<Frame> = Vec::new();
        eventually("the end of a turn", async || {
            let after = frames.iter().rev().find_map(|frame| frame.id).unwrap_or_default();
            let path = format!("/api/stream_progress/{execution}?after={after}");
            let response = self.api().request(reqwest::Method::GET, &path).send().await;
            let response = response.map_err(|error| error.to_string()).inspect_err(|error| tell(error))?;
            if response.status() != 200 {
                tell(response.status().as_str());
                return Err(response.status().to_string());
            }
            tell("following");
            let mut follow = super::Follow::new(response);
            while let Some(frame) = follow.next().await {
                let done = frame.is_done();
                tell(frame.kind());
                frames.push(frame);
                if done {
                    return Ok(());
                }
            }
            Err(format!("{:?}", frames.last()))
        })
        .await;
        assert_eq!(frames.iter().filter(|frame| frame.kind() == "stream.completed").count(), 1, "{frames:?}");
        frames
    }
}

//! A user who lets a scripted model call tools, and allows whatever is asked.

use std::sync::atomic::{AtomicUsize, Ordering};

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{Api, Frame, Model, Reply};

/// Calls in one message of the model: below what a host takes.
const CALLS_PER_STEP: usize = 25;

/// One conversation.
#[derive(Debug)]
pub(crate) struct Chat<'a> {
    model: &'a Model,
    api: &'a Api,
    project: String,
    conversation: Option<String>,
    turns: usize,
}

impl<'a> Chat<'a> {
    pub(crate) async fn new(model: &'a Model, api: &'a Api) -> Self {
        Self::within(model, api, api.project("Chat").await)
    }

    /// In a project that is there; turns of earlier chats of it are not repeated.
    pub(crate) fn within(model: &'a Model, api: &'a Api, project: String) -> Self {
        static CHATS: AtomicUsize = AtomicUsize::new(0);
        let turns = CHATS.fetch_add(1000, Ordering::Relaxed);
        Self { model, api, project, conversation: None, turns }
    }

    pub(crate) fn project(&self) -> &str {
        &self.project
    }

    /// Begins a turn with these calls, some to a message of the model; its id. Calls are named `call_0` and so on.
    pub(crate) async fn begin(&mut self, calls: &[(String, Value)]) -> String {
        self.turns += 1;
        let message = format!("turn {} in {}.", self.turns, self.project);
        let named: Vec<_> = calls
            .iter()
            .enumerate()
            .map(|(n, (tool, input))| (format!("call_{n}"), tool.clone(), input.clone()))
            .collect();
        let steps = named.chunks(CALLS_PER_STEP).map(|calls| Reply::tools(calls.to_vec()));
        self.model.script(&message, steps.chain([Reply::text("done")]).collect());
        let body = json!({"project_id": self.project, "conversation_id": self.conversation, "message": message});
        let answer = self.api.post("/api/invoke_agent", body).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{answer:?}");
        let ids = answer.json();
        self.conversation = Some(ids["conversation_id"].as_str().unwrap().to_owned());
        ids["execution_id"].as_str().unwrap().to_owned()
    }

    /// Allows a call.
    pub(crate) async fn allow(&self, turn: &str, asked: &Frame) {
        let path = format!("/api/executions/{turn}/approvals/{}", asked.data["tool_id"].as_str().unwrap());
        self.api.post(&path, json!({"decision": "once"})).await.ok();
    }

    /// Makes these calls in one turn; the frames of their results, in the order of the calls.
    pub(crate) async fn calls(&mut self, calls: &[(String, Value)]) -> Vec<Value> {
        let turn = self.begin(calls).await;
        let mut results = vec![Value::Null; calls.len()];
        let mut follow = self.api.follow(&turn, 0).await;
        let mut last = None;
        while let Some(frame) = follow.next().await {
            last = Some(frame.clone());
            match frame.kind() {
                "approval.requested" => self.allow(&turn, &frame).await,
                "tool_result" => {
                    let number: usize = frame.data["tool_use_id"].as_str().unwrap()["call_".len()..].parse().unwrap();
                    results[number] = frame.data;
                }
                _ if frame.is_done() => break,
                _ => {}
            }
        }
        assert!(results.iter().all(|result| !result.is_null()), "some calls have no result: {results:#?}; {last:?}");
        results
    }

    /// Makes one call; the frame of its result.
    pub(crate) async fn call(&mut self, tool: &str, input: Value) -> Value {
        self.calls(&[(tool.to_owned(), input)]).await.remove(0)
    }
}

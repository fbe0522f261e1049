//! One user of the host: sends a message, follows the stream to its end.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use bricklayer_far_ends::TOKEN_OF;
use futures::StreamExt;
use serde_json::{Value, json};

/// A user with a project of their own.
#[derive(Debug, Clone)]
pub(crate) struct User {
    http: reqwest::Client,
    base: String,
    email: String,
    project: String,
}

impl User {
    pub(crate) async fn new(base: &str, email: &str) -> Result<Self> {
        let http = reqwest::Client::builder().no_proxy().build()?;
        let mut user = Self { http, base: base.to_owned(), email: email.to_owned(), project: String::new() };
        let project = user.post("/api/projects", &json!({"name": "bench"})).await?;
        user.project = text(&project, "id").context("project id")?.to_owned();
        Ok(user)
    }

    /// The project's id.
    pub(crate) fn project(&self) -> &str {
        &self.project
    }

    /// The same user at another host on the same data.
    pub(crate) fn at(self, base: &str) -> Self {
        Self { base: base.to_owned(), ..self }
    }

    fn identify(&self, request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
        let token = format!("{TOKEN_OF}{}", self.email);
        request.header("X-Forwarded-Email", &self.email).header("X-Forwarded-Access-Token", token)
    }

    async fn post(&self, path: &str, body: &Value) -> Result<Value> {
        let request = self.http.post(format!("{}{path}", self.base)).json(body);
        self.json(path, request).await
    }

    /// What is at a path of the API.
    pub(crate) async fn get(&self, path: &str) -> Result<Value> {
        self.json(path, self.http.get(format!("{}{path}", self.base))).await
    }

    /// How many bytes are at a path of the API; they are read to the end and dropped.
    pub(crate) async fn download(&self, path: &str) -> Result<u64> {
        let request = self.identify(self.http.get(format!("{}{path}", self.base)));
        let mut chunks = request.send().await?.error_for_status()?.bytes_stream();
        let mut bytes = 0;
        while let Some(chunk) = chunks.next().await {
            bytes += chunk?.len() as u64;
        }
        Ok(bytes)
    }

    /// Installs a package for this user alone, without any power.
    pub(crate) async fn install(&self, package: &[u8]) -> Result<()> {
        const BOUNDARY: &str = "the-boundary-of-the-form";
        let mut form = format!(
            "--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"package\"; filename=\"p.wasm\"\r\n\
             content-type: application/wasm\r\n\r\n"
        )
        .into_bytes();
        form.extend_from_slice(package);
        form.extend_from_slice(format!("\r\n--{BOUNDARY}--\r\n").as_bytes());
        let path = "/api/plugins/inspect";
        let request = self.http.post(format!("{}{path}", self.base)).body(form);
        let content_type = format!("multipart/form-data; boundary={BOUNDARY}");
        let seen = self.json(path, request.header("content-type", content_type)).await?;
        let body = json!({"staged": seen.get("staged"), "scope": "me", "grants": []});
        self.post("/api/plugins", &body).await.map(drop)
    }

    /// Calls a tool that only reads, outside of conversations.
    pub(crate) async fn look(&self, tool: &str, input: &Value) -> Result<Value> {
        let path = format!("/api/projects/{}/tools/{tool}/call", self.project);
        self.post(&path, &json!({"input": input})).await
    }

    async fn json(&self, path: &str, request: reqwest::RequestBuilder) -> Result<Value> {
        let response = self.identify(request).send().await?;
        let status = response.status();
        let body: Value = response.json().await?;
        if !status.is_success() {
            bail!("{path}: {status}: {body}");
        }
        Ok(body)
    }

    /// Starts a turn in a conversation of its own.
    pub(crate) async fn invoke(&self, message: &str) -> Result<String> {
        self.invoke_in(&mut None, message).await
    }

    /// Starts a turn in a conversation; when there is none yet, it is that of the turn from then on.
    async fn invoke_in(&self, conversation: &mut Option<String>, message: &str) -> Result<String> {
        let body = json!({"project_id": self.project, "conversation_id": conversation, "message": message});
        let begun = self.post("/api/invoke_agent", &body).await?;
        *conversation = Some(text(&begun, "conversation_id").context("conversation id")?.to_owned());
        Ok(text(&begun, "execution_id").context("execution id")?.to_owned())
    }

    /// Follows a turn to its terminal event and shows each event to `on_event`, over as many streams as that takes.
    pub(crate) async fn follow(&self, execution: &str, mut on_event: impl FnMut(&Value)) -> Result<()> {
        let mut after = 0;
        loop {
            let end = self.read(execution, &mut after, |event| {
                // The steps of a workflow are in a lane of their own, which ends as well.
                if event.get("lane").is_some_and(Value::is_object) {
                    return ControlFlow::Continue(());
                }
                on_event(event);
                terminal(event)
            });
            if let Some(is_error) = end.await? {
                return if is_error { bail!("the turn failed") } else { Ok(()) };
            }
        }
    }

    /// A whole turn of which everything that is asked is allowed.
    pub(crate) async fn allowing(&self, message: &str) -> Result<()> {
        enum Seen {
            End(bool),
            Asked(String),
        }
        let execution = self.invoke(message).await?;
        let (mut after, mut asked) = (0, Vec::new());
        loop {
            let seen = self.read(&execution, &mut after, |event| {
                let call = text(event, "tool_id").filter(|_| text(event, "type") == Some("approval.requested"));
                match call.filter(|call| !asked.iter().any(|known| known == call)) {
                    Some(call) => ControlFlow::Break(Seen::Asked(call.to_owned())),
                    None if event.get("lane").is_some_and(Value::is_object) => ControlFlow::Continue(()),
                    None => match terminal(event) {
                        ControlFlow::Break(is_error) => ControlFlow::Break(Seen::End(is_error)),
                        ControlFlow::Continue(()) => ControlFlow::Continue(()),
                    },
                }
            });
            match seen.await? {
                Some(Seen::End(false)) => return Ok(()),
                Some(Seen::End(true)) => bail!("the turn failed"),
                Some(Seen::Asked(call)) => {
                    let path = format!("/api/executions/{execution}/approvals/{call}");
                    self.post(&path, &json!({"decision": "once"})).await?;
                    asked.push(call);
                }
                None => {}
            }
        }
    }

    /// Reads a stream after an event until `until` has what it wants; none when the stream ends before.
    async fn read<T>(
        &self,
        execution: &str,
        after: &mut u64,
        mut until: impl FnMut(&Value) -> ControlFlow<T>,
    ) -> Result<Option<T>> {
        let url = format!("{}/api/stream_progress/{execution}?after={after}", self.base);
        let response = self.identify(self.http.get(url)).send().await?.error_for_status()?;
        let mut chunks = response.bytes_stream();
        let mut buffer = Vec::new();
        while let Some(chunk) = chunks.next().await {
            buffer.extend_from_slice(&chunk?);
            while let Some(end) = buffer.iter().position(|&byte| byte == b'\n') {
                let line: Vec<u8> = buffer.drain(..=end).collect();
                let Some(data) = line.strip_prefix(b"data: ") else { continue };
                let Ok(event) = serde_json::from_slice::<Value>(data) else { continue };
                *after = event.get("seq").and_then(Value::as_u64).unwrap_or(*after);
                if let ControlFlow::Break(found) = until(&event) {
                    return Ok(Some(found));
                }
            }
        }
        Ok(None)
    }

    /// A whole turn: message sent to terminal event read.
    pub(crate) async fn turn(&self, message: &str) -> Result<Duration> {
        self.turn_in(&mut None, message).await
    }

    /// The same in a conversation, see [`User::invoke_in`].
    pub(crate) async fn turn_in(&self, conversation: &mut Option<String>, message: &str) -> Result<Duration> {
        Ok(self.calling(conversation, message).await?.0)
    }

    /// A whole turn whose call worked, and the event that says what came of it.
    pub(crate) async fn call(&self, message: &str) -> Result<(Duration, Value)> {
        self.calling(&mut None, message).await
    }

    async fn calling(&self, conversation: &mut Option<String>, message: &str) -> Result<(Duration, Value)> {
        let begun = Instant::now();
        let execution = self.invoke_in(conversation, message).await?;
        let mut outcome = Value::Null;
        self.follow(&execution, |event| {
            if text(event, "type") == Some("tool_result") {
                outcome = event.clone();
            }
        })
        .await?;
        let took = begun.elapsed();
        if outcome.get("is_error") != Some(&Value::Bool(false)) {
            bail!("the turn did not run its tool: {outcome}");
        }
        Ok((took, outcome))
    }
}

/// Whether a turn has failed, when this is its end.
fn terminal(event: &Value) -> ControlFlow<bool> {
    if text(event, "type") == Some("stream.completed") {
        return ControlFlow::Break(event.get("is_error") == Some(&Value::Bool(true)));
    }
    ControlFlow::Continue(())
}

/// A text field.
pub(crate) fn text<'a>(value: &'a Value, field: &str) -> Option<&'a str> {
    value.get(field)?.as_str()
}

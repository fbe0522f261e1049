//! A client that says what a test says.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Api};

/// Speaks revision 2025-11-25.
#[derive(Debug, Clone)]
pub(crate) struct McpClient {
    api: Api,
    path: String,
    session: Option<String>,
}

/// The last message of an answer.
#[track_caller]
pub(crate) fn last(answer: &Answer) -> Value {
    let data = answer.text.lines().filter_map(|line| line.strip_prefix("data:"));
    let mut messages = data.filter_map(|data| serde_json::from_str(data.trim()).ok());
    messages.next_back().or_else(|| serde_json::from_str(&answer.text).ok()).unwrap_or_else(|| panic!("{answer:?}"))
}

impl McpClient {
    pub(crate) fn new(api: &Api, path: &str) -> Self {
        Self { api: api.clone(), path: path.to_owned(), session: None }
    }

    /// Begins a session.
    pub(crate) async fn begun(api: &Api, path: &str, capabilities: Value) -> Self {
        let mut client = Self::new(api, path);
        let answer = client.initialize(capabilities).await;
        assert_eq!(last(&answer)["result"]["serverInfo"]["name"], "bricklayer", "{answer:?}");
        client.session = Some(answer.headers["mcp-session-id"].to_str().unwrap().to_owned());
        let told = client.send(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"})).await;
        assert_eq!(told.status, 202);
        client
    }

    /// The same session as another user or at another host.
    pub(crate) fn through(&self, api: &Api) -> Self {
        Self { api: api.clone(), ..self.clone() }
    }

    pub(crate) async fn initialize(&self, capabilities: Value) -> Answer {
        let params = json!({"protocolVersion": "2025-11-25", "capabilities": capabilities,
            "clientInfo": {"name": "test", "version": "1"}});
        self.send(&json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params})).await
    }

    pub(crate) fn request(&self, method: Method) -> reqwest::RequestBuilder {
        let request = self.api.request(method, &self.path).header("accept", "application/json, text/event-stream");
        match &self.session {
            None => request,
            Some(session) => request.header("mcp-session-id", session).header("mcp-protocol-version", "2025-11-25"),
        }
    }

    pub(crate) async fn send(&self, message: &Value) -> Answer {
        self.api.send(self.request(Method::POST).json(message)).await
    }

    pub(crate) async fn ask(&self, method: &str, params: Value) -> Answer {
        self.send(&json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})).await
    }

    /// The result of a call.
    #[track_caller]
    pub(crate) fn call(&self, tool: &str, arguments: Value) -> impl Future<Output = Value> {
        let asking = self.clone();
        let params = json!({"name": tool, "arguments": arguments});
        async move {
            let answer = asking.ask("tools/call", params).await;
            let told = last(&answer);
            assert!(told.get("result").is_some(), "{told}");
            told["result"].clone()
        }
    }

    pub(crate) async fn names(&self, method: &str, of: &str, key: &str) -> Vec<String> {
        let (mut names, mut params) = (Vec::new(), json!({}));
        loop {
            let answer = last(&self.ask(method, params).await);
            let entries = answer["result"][of].as_array().unwrap_or_else(|| panic!("{answer}"));
            names.extend(entries.iter().map(|entry| entry[key].as_str().unwrap().to_owned()));
            match answer["result"].get("nextCursor") {
                Some(cursor) => params = json!({"cursor": cursor}),
                None => return names,
            }
        }
    }
}

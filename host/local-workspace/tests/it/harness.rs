//! A running workspace and a small client for it.

use std::{sync::Once, time::Duration};

use bricklayer_local_workspace::{Config, ServicePrincipal, Token, Workspace};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;

pub(crate) const ANN: &str = "token-of-ann";
pub(crate) const BOB: &str = "token-of-bob";

/// A service principal's application id and client secret.
pub(crate) const ROBOT: (&str, &str) = ("11111111-2222-3333-4444-555555555555", "secret-of-robot");

/// A workspace under test with the warehouse it has.
pub(crate) struct Lab {
    pub(crate) workspace: Workspace,
    pub(crate) warehouse: String,
    client: reqwest::Client,
    folder: TempDir,
}

pub(crate) fn config(folder: &std::path::Path) -> Config {
    let tokens = vec![Token::new(ANN, "ann@example.com"), Token::new(BOB, "bob@example.com")];
    let mut config = Config::new(folder, tokens);
    config.engine_memory_mib = 512;
    config.service_principals = vec![ServicePrincipal::new(ROBOT.0, ROBOT.1)];
    config.launcher = Some(env!("CARGO_BIN_EXE_bricklayer-workspace").into());
    config
}

impl Lab {
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self::start_in(folder).await
    }

    pub(crate) async fn start_in(folder: TempDir) -> Self {
        Self::start_with(folder, |_| {}).await
    }

    /// One whose settings are changed first.
    pub(crate) async fn start_with(folder: TempDir, change: impl FnOnce(&mut Config)) -> Self {
        static TLS: Once = Once::new();
        // Plain HTTP needs no cryptography, but the client is not built without a provider of it.
        TLS.call_once(|| {
            let _ = rustls::crypto::ring::default_provider().install_default();
        });
        let mut config = config(folder.path());
        change(&mut config);
        let workspace = Workspace::start(config).await.unwrap();
        let client = reqwest::Client::builder().timeout(Duration::from_secs(120)).build().unwrap();
        let mut lab = Self { workspace, warehouse: String::new(), client, folder };
        let list = lab.get("/api/2.0/sql/warehouses").await;
        lab.warehouse = list["warehouses"][0]["id"].as_str().unwrap().to_owned();
        lab
    }

    pub(crate) fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// Stops cleanly and gives the folder back.
    pub(crate) async fn stop(self) -> TempDir {
        self.workspace.shutdown().await;
        self.folder
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.workspace.address())
    }

    pub(crate) async fn call(
        &self,
        token: Option<&str>,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> (StatusCode, Value) {
        let mut request = self.client.request(method, self.url(path));
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        let response = request.send().await.unwrap();
        let status = response.status();
        let text = response.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    /// A request as it is, of any body and headers.
    pub(crate) fn request(&self, token: &str, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.client.request(method, self.url(path)).header("authorization", format!("Bearer {token}"))
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let (status, body) = self.call(Some(ANN), Method::GET, path, None).await;
        assert_eq!(status, StatusCode::OK, "{path}: {body}");
        body
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> (StatusCode, Value) {
        self.call(Some(ANN), Method::POST, path, Some(body)).await
    }

    /// Submits a statement with further fields of the request.
    pub(crate) async fn submit(&self, statement: &str, more: Value) -> Value {
        let mut body = json!({
            "statement": statement, "warehouse_id": self.warehouse, "wait_timeout": "50s",
        });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let (status, answer) = self.post("/api/2.0/sql/statements", body).await;
        assert_eq!(status, StatusCode::OK, "{statement}: {answer}");
        answer
    }

    /// The rows of a statement that must succeed.
    #[track_caller]
    pub(crate) fn rows(&self, answer: &Value) -> Value {
        assert_eq!(answer["status"]["state"], "SUCCEEDED", "{answer}");
        answer["result"].get("data_array").cloned().unwrap_or_else(|| json!([]))
    }

    pub(crate) async fn sql(&self, statement: &str) -> Value {
        let answer = self.submit(statement, json!({})).await;
        self.rows(&answer)
    }

    /// The message of a statement that must fail.
    pub(crate) async fn sql_error(&self, statement: &str) -> String {
        let answer = self.submit(statement, json!({})).await;
        assert_eq!(answer["status"]["state"], "FAILED", "{statement}: {answer}");
        answer["status"]["error"]["message"].as_str().unwrap().to_owned()
    }

    /// Polls a statement until it ended.
    pub(crate) async fn wait(&self, id: &str) -> Value {
        for _ in 0..2_000 {
            let answer = self.get(&format!("/api/2.0/sql/statements/{id}")).await;
            if !matches!(answer["status"]["state"].as_str().unwrap(), "PENDING" | "RUNNING") {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("statement {id} did not end");
    }
}

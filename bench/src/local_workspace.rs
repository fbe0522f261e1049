//! The local workspace as a process of its own.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use bricklayer_far_ends::TOKEN_OF;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use url::Url;

use crate::host;

/// A running local workspace. Killed when dropped.
pub(crate) struct LocalWorkspace {
    _child: Child,
    pub(crate) pid: u32,
    pub(crate) url: Url,
    pub(crate) start_up: Duration,
    http: reqwest::Client,
}

impl LocalWorkspace {
    /// With these users, of whom the first administers, and rules of faults for whoever makes some.
    pub(crate) async fn start(data_dir: &Path, users: &[&str]) -> Result<Self> {
        let binary = host::beside("bricklayer-workspace")?;
        let begun = Instant::now();
        let mut child = Command::new(&binary)
            .args(["--listen", "127.0.0.1:0", "--faults"])
            .args(users.iter().flat_map(|user| ["--token".to_owned(), format!("{user}={TOKEN_OF}{user}")]))
            .arg("--data-dir")
            .arg(data_dir)
            .env("BRICKLAYER_LOG", "warn")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("start {}", binary.display()))?;
        let pid = child.id().context("the workspace ended at once")?;
        let mut lines = BufReader::new(child.stdout.take().context("no output")?).lines();
        let line = lines.next_line().await?.context("the workspace said nothing")?;
        let said: Value = serde_json::from_str(&line)?;
        let address = said["listening"].as_str().context("no address")?;
        let (url, start_up) = (format!("http://{address}/").parse()?, begun.elapsed());
        Ok(Self { _child: child, pid, url, start_up, http: reqwest::Client::builder().no_proxy().build()? })
    }

    pub(crate) async fn post(&self, user: &str, path: &str, body: Value) -> Result<Value> {
        self.answer(user, path, self.http.post(self.url.join(path)?).json(&body)).await
    }

    pub(crate) async fn get(&self, user: &str, path: &str) -> Result<Value> {
        self.answer(user, path, self.http.get(self.url.join(path)?)).await
    }

    pub(crate) async fn delete(&self, user: &str, path: &str) -> Result<()> {
        self.answer(user, path, self.http.delete(self.url.join(path)?)).await.map(drop)
    }

    async fn answer(&self, user: &str, path: &str, request: reqwest::RequestBuilder) -> Result<Value> {
        let response = request.bearer_auth(format!("{TOKEN_OF}{user}")).send().await?;
        let (status, text) = (response.status(), response.text().await?);
        if !status.is_success() {
            bail!("{path}: {text}");
        }
        Ok(serde_json::from_str(&text).unwrap_or_default())
    }
}

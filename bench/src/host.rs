//! The host under test: the real release binary as a child process, and what the kernel says it uses.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tokio::process::{Child, Command};
use url::Url;

use crate::process;

/// Where the far ends listen.
#[derive(Debug)]
pub(crate) struct FarEnds {
    pub(crate) model: Url,
    pub(crate) workspace: Url,
}

/// A running host. Killed when dropped.
#[derive(Debug)]
pub(crate) struct Host {
    child: Child,
    pid: u32,
    pub(crate) base: String,
    pub(crate) start_up: Duration,
}

/// A start that takes longer than this has failed.
const START_LIMIT: Duration = Duration::from_secs(60);

impl Host {
    pub(crate) async fn start(binary: &Path, data_dir: &Path, far: &FarEnds, database: Option<&str>) -> Result<Self> {
        Self::start_with(binary, data_dir, far, database, &[]).await
    }

    /// The same with some settings, by the names of their variables.
    pub(crate) async fn start_with(
        binary: &Path,
        data_dir: &Path,
        far: &FarEnds,
        database: Option<&str>,
        settings: &[(&str, &str)],
    ) -> Result<Self> {
        let port = free_port()?;
        let base = format!("http://127.0.0.1:{port}");
        let mut command = Command::new(binary);
        command
            .arg("serve")
            .args(["--listen", &format!("127.0.0.1:{port}")])
            .arg("--data-dir")
            .arg(data_dir)
            .env_clear()
            .envs(std::env::vars().filter(|(key, _)| matches!(key.as_str(), "PATH" | "HOME" | "LD_LIBRARY_PATH")))
            .env("DATABRICKS_APP_NAME", "bench")
            .env("DATABRICKS_HOST", far.workspace.as_str())
            .env("ANTHROPIC_BASE_URL", far.model.as_str())
            .env("ANTHROPIC_AUTH_TOKEN", "bench-model-token")
            .env("RUST_LOG", "warn")
            .envs(settings.iter().copied())
            .current_dir(data_dir)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .kill_on_drop(true);
        if let Some(url) = database {
            command.env("DATABASE_URL", url);
        }
        let begun = Instant::now();
        let mut child = command.spawn().with_context(|| format!("start {}", binary.display()))?;
        let pid = child.id().context("the host ended at once")?;
        let client = reqwest::Client::builder().no_proxy().build()?;
        loop {
            if let Some(status) = child.try_wait()? {
                bail!("the host ended during start: {status}");
            }
            let answer = client.get(format!("{base}/api/health")).send().await;
            if answer.is_ok_and(|response| response.status().is_success()) {
                break;
            }
            if begun.elapsed() > START_LIMIT {
                bail!("the host did not become healthy in {START_LIMIT:?}");
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(Self { child, pid, base, start_up: begun.elapsed() })
    }

    /// CPU time of the process so far, user and system.
    pub(crate) fn cpu(&self) -> Result<Duration> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid))?;
        // Fields after the command name, which stands in parentheses and may hold spaces.
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks = |index: usize| fields.get(index).and_then(|field| field.parse::<u64>().ok()).unwrap_or(0);
        // utime and stime in clock ticks of 10 ms (proc(5); Linux has had 100 per second on all our machines).
        Ok(Duration::from_millis((ticks(11) + ticks(12)) * 10))
    }

    /// Resident memory in KiB.
    pub(crate) fn rss_kib(&self) -> Result<u64> {
        process::rss_kib(self.pid)
    }

    /// The most resident memory in KiB since this was asked last.
    pub(crate) fn peak_kib(&self) -> Result<u64> {
        process::peak_kib(self.pid)
    }

    pub(crate) async fn stop(mut self) -> Result<()> {
        self.child.kill().await?;
        Ok(())
    }
}

fn free_port() -> Result<u16> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// The binary beside this one, or what `BRICKLAYER_BIN` names.
pub(crate) fn binary() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("BRICKLAYER_BIN") {
        return Ok(path.into());
    }
    beside("bricklayer")
}

/// A program beside this one.
pub(crate) fn beside(name: &str) -> Result<PathBuf> {
    let path = std::env::current_exe()?.with_file_name(name);
    if !path.exists() {
        bail!("{} is missing: run `cargo xtask bench`, which builds it", path.display());
    }
    Ok(path)
}

//! The development page: the real host with a scripted model, and Vite, which reloads what changes.

use std::process::{Child, Stdio};

use anyhow::{Context, Result};

use crate::client;
use crate::exec::Program;
use crate::layout::Layout;

/// Where the host, the scripted model and the page listen.
const HOST: &str = "127.0.0.1:8000";
const MODEL_PORT: &str = "8001";

/// Ends with this process, however it ends.
struct Page(Child);

impl Drop for Page {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts Vite with the scripted model beside it, and the host, until the host ends. The host's data stays in
/// target/dev.
pub(crate) fn serve(layout: &Layout, arguments: &[String]) -> Result<()> {
    let mut vite = Program::new("node")
        .directory(&client::folder(layout))
        .args(["node_modules/vite/bin/vite.js"])
        .env("BRICKLAYER_DEV_HOST", format!("http://{HOST}"))
        .env("BRICKLAYER_DEV_MODEL_PORT", MODEL_PORT)
        .into_command();
    let page = Page(vite.stdin(Stdio::null()).spawn().context("start Vite")?);
    let ended = Program::new(layout.binary("debug", "bricklayer"))
        .args(["serve", "--listen", HOST, "--data-dir"])
        .args([layout.target.join("dev")])
        .args(arguments)
        .env("ANTHROPIC_BASE_URL", format!("http://127.0.0.1:{MODEL_PORT}"))
        .env("ANTHROPIC_AUTH_TOKEN", "scripted")
        .env("ANTHROPIC_MODEL", "scripted")
        .run();
    drop(page);
    ended
}

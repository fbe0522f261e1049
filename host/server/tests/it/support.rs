//! Starting servers and talking to them.

mod anywhere;
mod api;
mod chat;
mod guest;
mod poller;
mod server;
mod stream;

pub(crate) use anywhere::Anywhere;
pub(crate) use api::{Answer, Api};
pub(crate) use bricklayer_far_ends::{Gate, LastChunk, Model, Reply, Step, TOKEN_OF, Trouble, Workspace};
pub(crate) use chat::Chat;
pub(crate) use guest::Guest;
pub(crate) use poller::Poller;
pub(crate) use server::{Engine, Server, World, both_engines, keep_compiled_code};
pub(crate) use stream::{Follow, Frame};

use std::time::Duration;

/// Longest that a test waits for anything; far above what anything takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Waits for a state, looking again and again; says what it saw last when it does not come.
pub(crate) async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Result<T, String>) -> T {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        match look().await {
            Ok(value) => return value,
            Err(seen) if tokio::time::Instant::now() > deadline => panic!("{what} did not come; last seen: {seen}"),
            Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
        }
    }
}

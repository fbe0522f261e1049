//! The server: HTTP API, event streams, turn orchestration, identity, configuration, and the place where the store,
//! the agent and the plugin runtime are put together.
//!
//! Reading order: [`config`] says what is wanted, [`app`] builds everything once from it, [`api`] answers requests,
//! [`turns`] drives the agent, [`events`] is how both tell of the log and knows neither, [`workspace`] knows the
//! Databricks workspace, [`lifecycle`] owns every task. Modules point one way: `serving` puts the API before the app,
//! so that `app` knows nothing of what answers for it.

/// Gives memory back: after a long conversation was opened or a flood of requests refused, the system's own allocator
/// keeps what was needed at the peak, and a container is killed by the next one.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

pub mod api;
pub mod app;
pub mod author;
mod changes;
pub mod cli;
pub mod config;
mod connections;
mod embedded;
pub mod events;
mod folder_lock;
pub mod front;
mod health;
pub mod hooks;
pub mod identity;
pub mod lifecycle;
mod lines;
mod mcp;
mod models;
mod origin;
mod percent;
mod places;
pub mod plugins;
pub mod projects;
mod retention;
mod serving;
pub mod skills;
mod telemetry;
pub mod turns;
pub mod workspace;

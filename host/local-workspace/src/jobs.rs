//! Jobs: settings, runs and their tasks, schedules.
//!
//! Rules: Jobs API 2.2 of the public REST reference; older versions of its paths answer the same.

mod api {
    mod error;
    pub(super) mod jobs;
    pub(super) mod page;
    pub(super) mod runs;
    pub(super) mod view;
}
mod engine;
mod graph;
mod model;
mod references;
mod rights;
mod routes;
mod schedule;
mod settings;
mod state;
mod store;
mod wheel;

pub(crate) use self::{
    engine::Parts,
    routes::{SECTIONS, area},
    state::Jobs,
};

//! Declarative pipelines: their specifications, updates and event logs.
//!
//! An update really runs: the datasets that the libraries define become tables of the pipeline's catalog and schema, in
//! the order in which they read each other. Rules: Pipelines API 2.0 of the public REST reference, and the pipelines SQL
//! language reference (CREATE STREAMING TABLE, CREATE MATERIALIZED VIEW, CREATE VIEW, expectations).

mod api {
    mod error;
    pub(super) mod events;
    pub(super) mod pipelines;
    pub(super) mod updates;
    pub(super) mod view;
}
mod applied;
mod attached;
mod changes;
mod definition;
mod engine;
mod filter;
mod flows;
mod graph;
mod model;
mod query;
mod routes;
mod spec;
mod state;
mod store;

pub(crate) use self::{
    engine::{Parts, Refused, UpdateRequest},
    model::{Cause, Scope, UpdateState},
    routes::{SECTIONS, area},
    state::Pipelines,
};

//! Compute: clusters as objects with a life, execution contexts and commands on them. All of it runs on this machine: a
//! cluster is a name and a state, and code on it is a process of [`crate::python`] or a statement of the engine.

mod api {
    pub(super) mod clusters;
    pub(super) mod commands;
    mod error;
    pub(super) mod offers;
}
mod clusters;
mod contexts;
mod model;
mod results;
mod routes;
mod state;

pub(crate) use self::{
    routes::{SECTIONS, area},
    state::Compute,
};

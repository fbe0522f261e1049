//! Updates from their start to their end.
//!
//! [`Engine`] starts updates, one at a time for each pipeline, and gives each a driver, which reads the libraries, puts
//! the datasets into order, checks every query, and then makes one dataset after the other. Where an update stands is in
//! the database together with the event that tells of it, before anybody can see it; what was under way when a process
//! ended has failed with the next start.

mod context;
mod drive;
mod ended;
mod flow;
mod log;
mod plan;
mod python;
mod sources;
mod statements;
mod updates;

pub(crate) use self::{
    context::Parts,
    updates::{Engine, Refused, Started, UpdateRequest},
};

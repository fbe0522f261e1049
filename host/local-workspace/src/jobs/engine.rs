//! Runs from their start to their end.
//!
//! One task, the launcher, owns everything that goes on: it decides what begins, what waits and what is refused, starts
//! what schedules say, and owns a driver for each run. A driver brings the tasks of its run to their end in the order of
//! their dependencies. Where anything stands is in the database before anybody can see it, so that a killed process
//! leaves whole states: what was under way ends with the next start, what was queued is started then.

mod code;
mod context;
mod drive;
mod launch;
mod leaf;
mod orders;
mod pipeline;
mod sql;
mod task;
mod wheel;

pub(crate) use self::{
    context::Parts,
    launch::Engine,
    orders::{Refused, RepairRequest, RunRequest},
};

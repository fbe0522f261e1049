//! Faults on demand, for tests: rules that delay a request, answer in its place or cut its connection, before or after
//! its effect, and a record of the requests that came. Off unless [`Config::faults`](crate::Config::faults) says so.
//!
//! Rules and record belong to one workspace: in [isolated](crate::Config::isolated) ones nobody meets another's.

mod layer;
mod record;
mod routes;
mod rule;
mod state;
mod wire;

pub(crate) use self::{
    layer::apply,
    routes::routes,
    wire::{CuttableListener, Wire},
};
pub use self::{
    record::Arrived,
    rule::{Answer, Fault, FaultError, Outcome},
    state::Faults,
};

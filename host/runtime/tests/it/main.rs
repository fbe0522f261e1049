//! The sandbox from outside: real guests, a real far end, and nothing of the runtime replaced.

mod cache;
mod calls;
mod catalogue;
mod egress;
mod files;
mod limits;
mod stopping;
mod support;
mod wat_guests;

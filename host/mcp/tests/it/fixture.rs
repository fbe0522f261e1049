//! The door, the tools behind it, a server on a port.

mod door;
mod server;
mod tools;

pub(crate) use door::SEALING_KEY;
pub(crate) use server::{Client, Host};

//! The local workspace: a Databricks-compatible REST service with a real SQL engine, for use without an account and as
//! the far end of the project's tests.
//!
//! [`Workspace::start`] opens the data folder and serves; the binary `bricklayer-workspace` is a thin command line
//! around it. What is not supported answers in Databricks' error shape, never as a server fault.

mod acls;
mod areas;
mod catalog;
mod clock;
mod compute;
mod config;
mod database;
mod faults;
mod files;
mod folder;
mod http;
mod identity;
mod isolation;
mod jobs;
#[allow(dead_code, unused_imports, reason = "for whoever keeps and exports notebooks")]
mod notebook;
mod page;
mod permissions;
mod pipelines;
mod python;
mod secrets;
mod server;
mod sql;
mod takeover;
mod unity;
mod utilities;

pub use self::{
    config::{Config, ServicePrincipal, Token},
    faults::{Answer, Arrived, Fault, FaultError, Faults, Outcome},
    python::Confined,
    server::{StartError, Workspace},
};

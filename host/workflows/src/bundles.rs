//! Workflows of bundles: made of what is in the workspace, and deployed.

mod check;
mod create;
mod deploy;

pub(crate) use create::{Creation, Target};
pub(crate) use deploy::Deployment;

//! Makes a Databricks bundle of jobs, pipelines and notebooks: facts in, texts out, and nothing else.
//!
//! Whoever calls asks the workspace for the facts and writes the files.

mod names;
mod objects;
mod order;
mod places;
mod references;
mod secrets;
mod settings;
mod spots;
mod yaml;

pub use names::{BundleName, key};
pub use objects::{Language, Object, Objects, Stored, WorkspacePath};
pub use places::{Fetch, Format};

//! Makes a Databricks bundle of jobs, pipelines and notebooks: facts in, texts out, and nothing else.
//!
//! Whoever calls asks the workspace for the facts and writes the files.

mod names;
mod references;
mod yaml;

pub use names::{BundleName, key};
pub use yaml::{Pair, Yaml};

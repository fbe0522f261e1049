//! Databricks Asset Bundles: read, resolved and checked, without I/O.

mod finding;
mod limits;
mod near;
mod value;
mod yaml;

pub use finding::{Finding, Rule, Severity};
pub use value::{Entry, Kind, Map, Place, Value};

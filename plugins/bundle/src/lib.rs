//! Databricks Asset Bundles: read, resolved and checked, without I/O.

mod fields;
mod finding;
mod limits;
mod near;
mod reference;
mod value;
mod yaml;

pub use finding::{Finding, Rule, Severity};
pub use reference::{Reference, Step};
pub use value::{Entry, Kind, Map, Place, Value};

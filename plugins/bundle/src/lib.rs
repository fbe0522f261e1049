//! Databricks Asset Bundles: read, resolved and checked, without I/O.

mod fields;
mod files;
mod finding;
mod keyed;
mod limits;
mod load;
mod merge;
mod near;
mod pattern;
mod reference;
mod resolve;
mod target;
mod value;
mod variables;
mod workspace;
mod yaml;

pub use files::{FileKind, Files, MemoryFiles};
pub use finding::{Finding, Rule, Severity};
pub use load::{ROOT_NAMES, find_root};
pub use reference::{Reference, Step};
pub use variables::{ENVIRONMENT_PREFIX, Found, LOOKUP_KINDS, Lookup};
pub use workspace::User;
pub use value::{Entry, Kind, Map, Place, Value};

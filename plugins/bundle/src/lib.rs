//! Databricks Asset Bundles: read, resolved and checked, without I/O.

mod defaults;
mod fields;
mod files;
mod finding;
mod keyed;
mod limits;
mod load;
mod merge;
mod mode;
mod near;
mod pattern;
mod permissions;
mod presets;
mod reference;
mod resolve;
mod run_as;
mod target;
mod value;
mod variables;
mod workspace;
mod yaml;

pub use files::{FileKind, Files, MemoryFiles};
pub use finding::{Finding, Rule, Severity};
pub use load::{ROOT_NAMES, find_root};
pub use mode::Mode;
pub use reference::{Reference, Step};
pub use variables::{ENVIRONMENT_PREFIX, Found, LOOKUP_KINDS, Lookup};
pub use workspace::User;
pub use value::{Entry, Kind, Map, Place, Value};

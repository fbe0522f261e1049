//! Databricks Asset Bundles: read, resolved and checked, without I/O.
//!
//! Whoever calls has the files ([`Files`]) and asks the workspace; the library says what it needs to know.
//!
//! - `yaml`, `value`: text to a tree whose values know file, line and column.
//! - `load`, `merge`, `target`: the files of a bundle as one tree, a target merged in.
//! - `variables`, `resolve`: values of variables, references put in.
//! - `workspace`, `mode`, `presets`, `defaults`, `permissions`, `run_as`, `keyed`: what is added to what is written.
//! - `sync`, `paths`, `artifacts`: local files, and where they will lie.
//! - `fields`: the table of all fields; `checks`: everything else that can be said. Both end in [`Finding`]s.
//! - [`bundle`](open): all of it in its order.

mod artifacts;
mod bundle;
mod checks;
mod defaults;
mod fields;
mod files;
mod finding;
mod ignore;
mod keyed;
mod limits;
mod load;
mod merge;
mod mode;
mod near;
mod notebook;
mod paths;
mod pattern;
mod permissions;
mod presets;
mod reference;
mod remote;
mod resolve;
mod run_as;
mod sync;
mod target;
mod value;
mod variables;
mod workspace;
mod yaml;

pub use artifacts::{Artifact, Upload};
pub use bundle::{Bundle, Draft, Git, Outcome, Request, Resource, open};
pub use files::{FileKind, Files, MemoryFiles};
pub use finding::{Finding, Repair, Rule, Severity};
pub use load::{ROOT_NAMES, find_root};
pub use mode::Mode;
pub use notebook::{is_notebook, notebook_path};
pub use reference::{Reference, Step};
pub use remote::{FolderPermission, Remote};
pub use sync::Sync;
pub use value::{Entry, Kind, Map, Place, Value};
pub use variables::{ENVIRONMENT_PREFIX, Found, LOOKUP_KINDS, Lookup};
pub use workspace::User;

#[cfg(test)]
mod tests;

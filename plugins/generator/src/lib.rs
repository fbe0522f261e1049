//! Makes a Databricks bundle of jobs, pipelines and notebooks: facts in, texts out, and nothing else.
//!
//! Whoever calls asks the workspace for the facts ([`wanted`], [`ids`] say which), plans the bundle ([`plan`]), fetches what
//! it takes along, and writes the files. A plan is made of data alone: the same source gives the same bytes.

mod draft;
mod files;
mod ids;
mod names;
mod note;
mod notebooks;
mod objects;
mod order;
mod places;
mod plan;
mod references;
mod secrets;
mod settings;
mod source;
mod spots;
mod taken;
mod tests_of;
mod variables;
mod yaml;

pub use draft::Kind;
pub use ids::ids;
pub use names::{BundleName, key};
pub use note::Note;
pub use notebooks::{Edge, Facts, Notebook, Widget, hand_overs};
pub use objects::{Language, Object, Objects, Stored, WorkspacePath};
pub use places::{Fetch, Format};
pub use plan::{Plan, Resource, TextFile, VariableNote, plan, wanted};
pub use source::{Cluster, Grant, Job, Named, Names, Pipeline, Principal, Source, Target};
pub use taken::{Left, Wanted};
pub use tests_of::{Subject, TestPlan, TestRequest, tests_of};

#[cfg(test)]
mod tests;

//! What all families of Databricks tools share, over the guest library.
//!
//! The workspace itself (JSON in and out, error bodies, paging, back-off) is the library's, because everybody's plugin
//! speaks to it: [`bricklayer_sdk::Workspace`], [`bricklayer_sdk::Failure`], [`bricklayer_sdk::Backoff`]. Here is what
//! comes on top of it in a family:
//!
//! - [`work`]: remote work from its start to its end, with progress, its limit, its clean-up, and handing back what goes
//!   on after the call; a kind of work is an implementation of [`work::Work`].
//! - [`handed_back`]: what is remembered of work that another call brings to its end.
//! - [`statement`]: SQL statements, as such work.
//! - [`warehouse`]: which warehouse a statement runs on.
//! - [`mod@operations`]: what one call of a tool would do.
//! - [`arguments`]: JSON and numbers as callers give them.
//! - [`show`]: links, moments and long texts in words.
//! - [`chance`]: names that nobody else has given.
//! - [`once`]: tokens with which the workspace starts a run once.
//! - [`current_user`]: who the caller is.
//! - [`near`]: names like one that was not found.
//! - [`progress`]: progress of many files.
//! - [`project_file`]: a file of the project as a text.
//! - [`remote_path`]: paths of the workspace and of the project, in one normal form.
//! - [`job`]: a job with all its settings.
//! - [`run`]: a run of a job, started once and read whole.
//! - [`run_state`]: where a run of a job stands.
//! - [`update`]: an update of a pipeline, started and read, and what its log says.
//! - [`side_by_side`]: many requests at once, patient and within the time of the call.
//! - [`download`]: workspace objects into the project; [`transfer`]: how each file fared.
//! - [`tree`]: folders of the workspace, with all that is in them.
//! - [`import`]: the request that makes a workspace object.
//! - [`local_names`]: names for what is downloaded.

pub mod arguments;
pub mod chance;
pub mod current_user;
pub mod download;
pub mod handed_back;
pub mod import;
pub mod job;
pub mod local_names;
pub mod near;
pub mod once;
pub mod operations;
pub mod previews;
pub mod progress;
pub mod project_file;
pub mod remote_path;
pub mod run;
pub mod run_state;
pub mod show;
pub mod side_by_side;
pub mod statement;
pub mod transfer;
pub mod tree;
pub mod update;
pub mod warehouse;
pub mod work;

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
//! - [`near`]: names like one that was not found.

pub mod handed_back;
pub mod near;
pub mod statement;
pub mod warehouse;
pub mod work;

//! Code without a cluster: a run of its own, serverless, of a notebook that is there only for it.
//!
//! - [`notebook`]: the notebook, from its making to its removal, whatever happens.
//! - [`run`]: the run, as remote work.
//! - [`left`]: what the code left.

pub(crate) mod left;
pub(crate) mod notebook;
pub(crate) mod run;

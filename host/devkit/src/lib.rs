//! What a plugin's author does: start from a template, build, check, test in the real sandbox, look inside a package.
//!
//! Nothing here is needed to run plugins. The command line (`host/server/src/cli/plugin`) prints what this crate finds.

mod project;
mod template;

mod advice;
mod build;
mod cache;
mod check;
mod describe;
mod run;
mod toolchain;

mod cases;
mod compare;
mod record;
mod recorded;
mod rewrite;
mod suite;

mod watch;

mod problem;

pub use build::{Built, build};
pub use cache::{CODE_BYTES as CODE_CACHE_BYTES, code as code_cache};
pub use cases::{Case, Context, Exchange, Expect, FileSource, Suite};
pub use check::check;
pub use describe::{describe, size};
pub use problem::Problem;
pub use project::Project;
pub use recorded::Playback;
pub use run::Say;
pub use suite::{CaseReport, Live, record as record_cases, run as run_cases};
pub use template::{contract_version, create};
pub use toolchain::tools as author_tools;
pub use watch::{INTERVAL as WATCH_INTERVAL, Snapshot};

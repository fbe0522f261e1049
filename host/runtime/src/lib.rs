//! The plugin runtime: loads packages, derives their tools, and runs each call in a fresh, bounded sandbox.
//!
//! Only this crate names wasmtime. A [`Plugin`] is made once per package by [`Runtime::load`]; a [`CallContext`] once
//! per turn or call; everything else lives exactly as long as one call. A plugin's HTTP leaves by [`egress`] alone.

pub mod advisories;
mod audit;
mod cache;
mod call;
mod compile;
mod config;
mod context;
mod convert;
mod cpu;
mod credential;
mod disk;
mod dry_run;
mod egress;
mod engine;
mod failure;
mod fairness;
mod far_end;
mod grants;
mod guest;
mod guest_log;
mod heavy;
mod limiter;
mod load_error;
#[doc(hidden)]
pub mod measure;
mod plugin;
mod prepared;
mod preview;
mod profile;
mod project_size;
mod results;
mod review;
mod shared;
mod stdio;
mod tally;
mod text;

pub use audit::{AuditSink, CallIdentity, CallRecord, NoAudit, RequestRecord, Verdict};
pub use bricklayer_package::{
    Audience, FilesGrant, HttpRule, Manifest, Method, PackageError, PathPattern, Power, PowerKind, Powers,
    RequestedGrants,
};
pub use compile::{CompileWorker, Compiler, compile_worker};
pub use config::{Ceilings, DEFAULT_CACHE_BYTES, Limits, MAX_MEMORY_BYTES, RuntimeConfig};
pub use context::{
    CallContext, Continuation, Handover, MemoryState, OperationStore, ProgressSink, StateError, StateScope, StateStore,
    WorkspaceTarget,
};
pub use convert::canonical_arguments;
pub use credential::Credential;
pub use engine::{Runtime, RuntimeError, Stats};
pub use fairness::FairnessLimits;
pub use far_end::{FarAnswer, FarEnd, FarRequest, Unanswered};
pub use grants::Grants;
pub use load_error::LoadError;
pub use plugin::{Plugin, Tool};
pub use prepared::PreparedCall;
pub use profile::ToolNamespace;
pub use results::{
    Appending, CallResult, CallResultEnd, KeptResult, MemoryResults, OpenResult, ResultFault, ResultStore,
};

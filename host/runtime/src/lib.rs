//! The plugin runtime: loads packages, derives their tools, and runs each call in a fresh, bounded sandbox.
//!
//! Only this crate names wasmtime. A [`Plugin`] is made once per package by [`Runtime::load`]; a [`CallContext`] once
//! per turn or call; everything else lives exactly as long as one call. A plugin's HTTP leaves by [`egress`] alone.

pub mod advisories;
mod audit;
mod call;
mod compile;
mod config;
mod context;
mod convert;
mod cpu;
mod credential;
mod denial;
mod disk;
mod dry_run;
mod egress;
mod engine;
mod fairness;
mod far_end;
mod fault;
mod grants;
mod guest_log;
mod heavy;
mod host;
mod limiter;
#[doc(hidden)]
pub mod measure;
mod outcome;
mod plugin;
mod prepared;
mod project_size;
mod remedy;
mod review;
mod stdio;
mod tally;

mod cache;

pub use audit::{
    AuditSink, CallIdentity, CallRecord, MAX_FAILURE_CHARS, NoAudit, RequestRecord, Verdict, argument_digest,
    failure_text,
};
pub use bricklayer_package::{
    Audience, FilesGrant, HttpRule, Manifest, Method, PackageError, PathPattern, Power, PowerKind, Powers,
    RequestedGrants,
};
pub use compile::{CompileWorker, Compiler, compile_worker};
pub use config::{Ceilings, DEFAULT_CACHE_BYTES, Limits, MAX_MEMORY_BYTES, RuntimeConfig};
pub use context::{
    CallContext, Continuation, Handover, MemoryState, ProgressSink, StateError, StateScope, StateStore, WorkspaceTarget,
};
pub use convert::canonical_arguments;
pub use credential::Credential;
pub use engine::{Runtime, RuntimeError, Stats};
pub use fairness::FairnessLimits;
pub use far_end::{FarAnswer, FarEnd, FarRequest, Unanswered};
pub use grants::Grants;
pub use plugin::{LoadError, Plugin, Tool, ToolNamespace};
pub use prepared::PreparedCall;

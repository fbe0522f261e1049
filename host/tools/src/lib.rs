//! The tool gate: the one place through which any tool of any source is listed, found, judged and called, whoever calls:
//! a turn, an MCP client, a workflow, a program in the sandbox.
//!
//! A [`Provider`] is a source of tools. A [`Gate`] is what one door has: its caller, the tools of all sources, and the
//! rules that hold. [`Gate::resolve`] finds a call's tool once; the [`ResolvedCall`] is held to the call's end.
//! [`ResolvedCall::classify`] says what the call would do, [`decide`] whether it runs, and only a decision makes the
//! [`Permit`] that [`ResolvedCall::run`] asks for. [`Gate::call`] is all of it for doors that can wait; a turn takes the
//! steps one by one, because its log is written between them.
//!
//! The crate names no edge: what a source of tools needs (a sandbox, a far end, a folder) is its own.

mod approvals;
mod audit;
mod call;
mod catalogue;
mod gate;
mod hooks;
mod keeper;
mod ledger;
mod limits;
mod link;
mod offer;
mod operations;
mod permissions;
mod provider;

pub use approvals::{Approvals, NobodyToAsk, Question};
pub use audit::{CallEnd, GateAudit};
pub use call::ResolvedCall;
pub use catalogue::{ToolList, catalogue};
pub use gate::{Gate, GateRules, Places};
pub use hooks::{After, Before, HookRuling, HookedCall, Hooks, MAX_HOOK_CHARS};
pub use keeper::{Keeper, ToKeep};
pub use ledger::ResourceLedger;
pub use limits::{GateLimits, MAX_JSON_DEPTH, STOP_GRACE, fits_depth};
pub use link::{CallLink, Continuations, NotKept, ProgressSink, Standstill};
pub use offer::{MAX_SHOWN_BYTES, Offer, Offers};
pub use operations::{BookError, MAX_LISTED_OPERATIONS, OperationBook, OperationTools};
pub use permissions::{CallClass, Permission, Permit, Terms, decide, decide_answered};
pub use provider::{Provider, ProviderCall};

//! The running server, tested at its HTTP boundary: the real server on a port of its own, real databases, the compiled
//! SQL plugin. Only the far ends are played, by small servers with a script.
//!
//! - `support`: starting servers, far ends with scripts, reading streams.
//! - `authorisation`: each operation of the OpenAPI document, as its owner, as a stranger, as nobody.
//! - `gate`: tools called by whoever is no turn.
//! - `identity`: who a request speaks for, and which requests are refused before that matters.
//! - `bad_input`: what is wrong with a request, named.
//! - `conversations`, `files`: the plain resources.
//! - `streams`: following a turn, cut anywhere.
//! - `turns`: stopping, approving, limits, deleting under a turn.
//! - `results`: what tools produced, whole, over HTTP.
//! - `restart`: turns that outlive their process.
//! - `takeover`: several hosts on one database, dying, leaving, stopping each other's turns.
//! - `far_ends`: a model or a workspace that fails in every way.
//! - `outcome`: the main job from end to end against the real local workspace.
//! - `pictures`: pictures and documents that the model is shown.
//! - `catalog`: Unity Catalog through the compiled family: one makes and grants, the other may then read.
//! - `tool_cases`: every tool of the shipped families by a table.
//! - `jobs`: jobs and runs through the compiled family, against a local workspace that may be killed.
//! - `tracked`: what a project made at the workspace, what goes on there, and which tools it chose.
//! - `mcp`: MCP clients, over HTTP and standard streams; the official client and suite.
//! - `skills`: the skills of a project, found, copied, chosen, changed, uploaded, loaded.
//! - `process`: the binary: configuration, signals, a taken port.
//! - `shared`: attackers and far ends of other suites.
//! - `compiling`: components that are hard to compile, in the binary's worker.
//! - `plugins`: installing, updating, giving powers, removing, under every policy and through every death.
//! - `plugin_cli`: the operator's verbs, `bricklayer plugin`.
//! - `document`: the OpenAPI document.
//! - `pages`: the commands and defaults that the repository's pages quote.
//! - `health`: saying truly whether it can work; a database that is gone, a folder that is another's.
//! - `logs`: what the host says about failures to its operator.
//! - `telemetry`: spans as a collector gets them.

#![allow(clippy::print_stdout, reason = "measurements print a table")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests assert")]

mod approvals;
mod authorisation;
mod bad_input;
mod bundle_cli;
mod catalog;
mod changes;
mod compiling;
mod compute;
mod conversations;
mod document;
#[cfg(target_os = "linux")]
mod ends;
mod far_ends;
mod file_tools;
mod files;
mod finding;
mod floods;
mod gate;
mod health;
mod histories;
mod hooks;
mod identity;
mod identity_tools;
mod injection;
mod jobs;
mod kept;
mod lanes;
mod lists;
mod logs;
mod mcp;
mod model_sdks;
mod models;
mod outcome;
mod pages;
mod pictures;
mod pipelines;
mod plugin_cli;
mod plugins;
mod process;
mod restart;
mod result_tools;
mod results;
mod rules;
mod shared;
mod skills;
mod spending;
mod sql_tools;
mod streams;
mod subagents;
mod support;
mod takeover;
mod telemetry;
mod tool_cases;
mod tracked;
mod turns;
mod versions;
mod workflows;

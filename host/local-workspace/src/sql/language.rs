//! The Databricks SQL front end: text to a [`plan::Plan`] that the engine can run, without any I/O.
//!
//! Catalog statements (SHOW, DESCRIBE, GRANT, CREATE TABLE's clauses, ...) are parsed here by hand, because the workspace
//! answers them from its own catalog. Queries go through polyglot-sql's Databricks parser, are rewritten on the syntax
//! tree so that they mean in DuckDB what they mean in Databricks, and are printed by its DuckDB generator.

mod builders;
mod clauses;
pub(crate) mod command;
pub(crate) mod cursor;
pub(crate) mod error;
pub(crate) mod functions;
pub(crate) mod inline;
pub(crate) mod lexer;
pub(crate) mod metrics;
mod missing;
pub(crate) mod names;
mod normalise;
pub(crate) mod parameters;
mod parse;
pub(crate) mod plan;
pub(crate) mod rewrite;
pub(crate) mod sources;
pub(crate) mod statement;
pub(crate) mod store;
pub(crate) mod types;

//! Databricks SQL as text: its words, and where its statements end. What they do is told by who uses it.

pub mod lex;
pub mod split;

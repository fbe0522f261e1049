//! What all routes share: bodies and errors in Databricks' shapes.

pub(crate) mod body;
pub(crate) mod error;

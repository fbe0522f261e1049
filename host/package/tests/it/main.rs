//! What packages are made of and what is refused, through the crate's door.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests assert")]

mod advice;
mod docs;
mod families;
mod foreign;
mod imports;
mod inspect;
mod package;
mod schema;
mod support;

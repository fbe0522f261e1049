//! What packages are made of and what is refused, through the crate's door.

mod advice;
mod docs;
mod foreign;
mod imports;
mod inspect;
mod package;
mod schema;
mod support;

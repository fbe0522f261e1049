//! What a notebook reads, writes, needs and calls, told from its text: no I/O, no clock, no chance.
//!
//! [`open`] turns bytes into notebooks of cells, [`analyze`] tells what one does, and [`relate`] what several have to do
//! with each other. Python is parsed by ruff's parser and walked with the constants it has; SQL, Scala and R are read by
//! their words. A cell that cannot be read costs itself only.

mod cell;
mod dbfs;
mod facts;
mod formats;
mod judge;
mod magic;
mod names;
mod notebook;
mod packages;
mod python;
mod relations;
mod script;
mod sensitive;
mod sql;
mod text;

pub mod analysis;

#[cfg(test)]
mod corpus;

pub use analysis::Analysis;
pub use cell::{Cell, Notebook};
pub use formats::{MAX_BYTES, MAX_CELLS, Refused, open};
pub use notebook::{Surroundings, analyze};
pub use relations::{Conflict, Edge, Link, Relations, Task, relate};

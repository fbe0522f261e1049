//! What a notebook reads, writes, needs and calls, told from its text: no I/O, no clock, no chance.
//!
//! [`formats`] turns bytes into cells.

mod cell;
mod dbfs;
mod facts;
mod magic;
mod names;
mod packages;
mod python;
mod script;
mod sensitive;
mod sql;
mod text;

pub mod analysis;
pub mod formats;

pub use cell::{Cell, Notebook};

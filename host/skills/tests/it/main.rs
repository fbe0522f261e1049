//! Skills at the crate's boundary: folders on disk, archives, and the reference validator.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "tests assert"
)]

mod agents;
mod archives;
mod folders;
mod python;
mod reference;
mod sets;
mod shipped;
mod support;

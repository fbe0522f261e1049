//! Stands in for the crate of this name, which the parser of Python asks what `\N{…}` in a string means.
//!
//! Its tables would be 830 KiB of a component, more than all the rest, and nobody names a table by `\N{…}`. A string that
//! has one is reported as one that cannot be read, and so is its cell, in part.

/// The character of a name: never known.
#[must_use]
pub fn character(_name: &str) -> Option<char> {
    None
}

//! A mistake of an author, with what to do about it.

use std::fmt;

/// What went wrong, and the way out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct Problem {
    /// What is wrong, and where.
    pub what: String,
    /// What to write, install or run instead.
    pub fix: Option<String>,
}

impl Problem {
    /// A problem whose text says it all.
    #[must_use]
    pub fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), fix: None }
    }

    /// The same with the way out.
    #[must_use]
    pub fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }

    /// A file that could not be read or written.
    #[must_use]
    pub fn io(doing: impl fmt::Display, error: &std::io::Error) -> Self {
        Self::new(format!("cannot {doing}: {error}"))
    }
}

//! Who calls.

pub(crate) mod auth;
pub(crate) mod misc;

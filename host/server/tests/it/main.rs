//! The running server, tested at its HTTP boundary.

//! Names that nobody else has given.

use std::hash::{BuildHasher as _, RandomState};

/// 128 bits of chance as text; each hasher is seeded anew by the system. Nothing is kept safe by it.
#[must_use]
pub fn token() -> String {
    let part = |n: u8| RandomState::new().hash_one(n);
    format!("{:016x}{:016x}", part(0), part(1))
}

//! Fuzz targets as plain functions: any bytes in, and a panic when a property does not hold.
//!
//! The fuzzers in `fuzz/fuzz_targets` and the deterministic run in `tests/corpus.rs` call the same functions, so that
//! what a fuzzer finds becomes a file in `fuzz/corpus` and a test for ever.

mod manifest;
mod package;
mod paths;
#[cfg(feature = "pieces")]
mod pieces;
mod powers;
#[cfg(feature = "values")]
mod values;

pub use manifest::manifest;
pub use package::{package, sections};
pub use paths::paths;
#[cfg(feature = "pieces")]
pub use pieces::pieces;
pub use powers::powers;
#[cfg(feature = "values")]
pub use values::values;

/// A target: what it is called, its folder in `fuzz/corpus`, and what it does with bytes.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: &[Target] = &[
    ("manifest", manifest),
    ("package", package),
    ("paths", paths),
    #[cfg(feature = "pieces")]
    ("pieces", pieces),
    ("powers", powers),
    ("sections", sections),
    #[cfg(feature = "values")]
    ("values", values),
];

/// Bytes read as text, whatever they are.
fn text(data: &[u8]) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(data)
}

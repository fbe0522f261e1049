//! The plugin package: one component that carries its manifest and the documentation of its WIT.
//!
//! This crate reads and writes packages and derives the tool catalogue from a component's own types. It runs
//! nothing and names no engine, so that the build automation can use it as well as the host.

mod catalogue;
mod docs;
mod manifest;
mod package;
mod rules;
mod schema;
mod sections;
mod words;

pub use catalogue::{Case, CatalogueError, Field, Function, Shape, ShapeKind, VariantCase};
pub use manifest::{FilesGrant, MAX_TIME_LIMIT_SECONDS, Manifest, ManifestError, RequestedGrants, WitPackage};
pub use package::{MAX_PACKAGE_BYTES, PackageContents, PackageError, Packed, pack, read};
pub use rules::{Audience, HttpRule, Method, PathPattern, RuleError};

//! The plugin package: one component that carries its manifest and the documentation of its WIT.
//!
//! This crate reads and writes packages and derives the tool catalogue from a component's own types. It runs
//! nothing and names no engine, so that the build automation can use it as well as the host.

mod catalogue;
mod docs;
mod manifest;
mod package;
mod powers;
mod rules;
mod schema;
mod sections;

pub use catalogue::{Case, CatalogueError, Field, Function, Shape, ShapeKind, VariantCase};
pub use manifest::{
    Build, FilesGrant, Language, MAX_TIME_LIMIT_SECONDS, Manifest, ManifestError, RequestedGrants, RequestedLimits,
    ToolEntry, WitPackage,
};
pub use package::{MAX_PACKAGE_BYTES, PackageContents, PackageError, Packed, pack, read};
pub use powers::{
    DEFAULT_CPU_SECONDS, DEFAULT_MEMORY_MIB, MAX_CPU_SECONDS, MAX_MEMORY_MIB, Power, PowerDiff, PowerError, PowerKind,
    Powers,
};
pub use rules::{Audience, HttpRule, Method, PathPattern, RuleError};

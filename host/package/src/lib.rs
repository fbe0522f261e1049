//! The plugin package: one component that carries its manifest and the documentation of its WIT.
//!
//! This crate reads and writes packages and derives the tool catalogue from a component's own types. It runs
//! nothing and names no engine, so that the build automation can use it as well as the host.

mod manifest;
mod powers;
mod rules;
mod text;

mod assets;
mod catalogue;
mod describe;
mod docs;
mod error;
mod imports;
mod package;
mod schema;
mod sections;
mod shape;
mod signature;

mod advice;
mod inspect;
mod outline;

pub use advice::{Advice, Severity, review_for_author};
pub use assets::{Assets, Icon, IconFormat, MAX_ICON_BYTES, MAX_README_BYTES};
pub use catalogue::CatalogueError;
pub use error::{MAX_PACKAGE_BYTES, PackageError};
pub use imports::{CONTRACT_VERSIONS, RefusedImport};
pub use inspect::{Inspection, RequestInspection, ToolInspection};
pub use manifest::{
    Build, Language, MAX_TIME_LIMIT_SECONDS, Manifest, ManifestError, PreviewRequests, RequestedGrants,
    RequestedLimits, ToolEntry, WitPackage,
};
pub use outline::{Outline, outline};
pub use package::{PackageContents, Packed, pack, pack_foreign, pack_with, read, read_manifest};
pub use powers::{
    DEFAULT_CPU_SECONDS, DEFAULT_MEMORY_MIB, DEFAULT_TRANSFER_GIB, FilesGrant, MAX_CPU_SECONDS, MAX_MEMORY_MIB,
    MAX_TRANSFER_GIB, Power, PowerDiff, PowerError, PowerKind, Powers,
};
pub use rules::{Audience, HttpRule, Method, PathPattern, RuleError};
pub use shape::{Case, DocsSource, Field, Function, Shape, ShapeKind, VariantCase};
pub use signature::{MAX_SIGNATURE_BYTES, signed_part, with_signature};

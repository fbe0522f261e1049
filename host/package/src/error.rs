//! Why bytes are no plugin package.

use crate::catalogue::CatalogueError;
use crate::manifest::ManifestError;

/// Largest package, in bytes: room for an interpreter of another language (CPython's component has 18.5 MB).
pub const MAX_PACKAGE_BYTES: usize = 32 * 1024 * 1024;

/// Why bytes are no plugin package.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// Larger than [`MAX_PACKAGE_BYTES`].
    #[error("the package has {0} bytes; at most 33554432 are allowed")]
    TooLarge(usize),
    /// Compiled code instead of a component; packages never carry it.
    #[error(
        "this is precompiled native code ({0}); a package holds a WebAssembly component and nothing compiled, \
         so send the .wasm file that it was made from"
    )]
    Precompiled(&'static str),
    /// A core module.
    #[error("this is a core WebAssembly module and not a component; build for wasm32-wasip2")]
    CoreModule,
    /// Something else.
    #[error("not a WebAssembly component: {0}")]
    NotAComponent(String),
    /// A section that is missing, double or too large.
    #[error("custom section `{name}`: {reason}")]
    Section {
        /// Which.
        name: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// A section of ours where nobody reads it.
    #[error("custom section `{0}` stands inside a nested component; pack after composing, and only the whole")]
    NestedSection(String),
    /// A file that the manifest names.
    #[error("plugin.toml: {field}: {reason}")]
    Asset {
        /// The manifest's field.
        field: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// A bad manifest.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The component's functions are no tools.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
    /// The manifest speaks of a tool that the component does not have.
    #[error("plugin.toml: tools.{0}: the component exports no such function")]
    UnknownTool(String),
    /// The manifest speaks of a parameter that a tool does not have.
    #[error("plugin.toml: tools.{tool}.parameters.{parameter}: the tool has no such parameter")]
    UnknownParameter {
        /// The tool.
        tool: String,
        /// The name.
        parameter: String,
    },
    /// More words than a model can read.
    #[error(
        "tool `{0}`: its description and schemas have more than 65536 bytes, or all tools together more than 524288; \
         shorten the documentation"
    )]
    Wordy(String),
    /// The WIT source cannot be read.
    #[error("cannot read the WIT source: {0}")]
    Wit(String),
}

/// Refuses what is too large to be looked at.
pub(crate) fn check_size(bytes: &[u8]) -> Result<(), PackageError> {
    if bytes.len() > MAX_PACKAGE_BYTES { Err(PackageError::TooLarge(bytes.len())) } else { Ok(()) }
}

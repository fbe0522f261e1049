//! Why a package cannot be loaded.

use std::time::Duration;

use bricklayer_package::PackageError;

/// Why a package cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The package itself is wrong.
    #[error(transparent)]
    Package(#[from] PackageError),
    /// The component does not compile, or asks for more memories, tables or instances than a call may have.
    #[error("the component cannot be compiled: {0}")]
    Compile(String),
    /// Compiling it took too long.
    #[error("the component takes too long to compile: more than {}", crate::text::seconds(*.0))]
    CompileTime(Duration),
    /// Compiling it took too much memory.
    #[error("the component needs too much memory to be compiled: more than {} MiB", .max / (1024 * 1024))]
    CompileMemory {
        /// The most that there is, in bytes.
        max: u64,
    },
    /// It makes too much machine code.
    #[error("the component is too large when compiled: more than {} MiB of machine code", .max / (1024 * 1024))]
    CompileSize {
        /// The most that it may be, in bytes.
        max: u64,
    },
    /// The compiler crashed over it; the host did not.
    #[error("the component makes the compiler crash: {0}")]
    CompileCrash(String),
    /// The compiler's process cannot be used; the component may be right.
    #[error("the host cannot start its compiler: {0}")]
    CompileWorker(String),
    /// Too many packages are being loaded.
    #[error("the host is loading as many packages as it can; try again in a moment")]
    Busy,
    /// It imports something that the host does not offer.
    #[error("the component needs something that this host does not offer: {0}")]
    Import(String),
    /// It does not start: its code traps, or asks for more than it may have, before anything is called.
    #[error("the component does not start: {0}")]
    Start(String),
    /// A tool's full name is too long.
    #[error("the tool name `{0}` has more than 128 characters")]
    ToolName(String),
    /// The host is shutting down.
    #[error("the host is shutting down")]
    ShuttingDown,
}

//! The guest library: what a Rust plugin needs beside its own WIT.
//!
//! A tool is written against [`Platform`], the whole outside world of a call: the workspace over HTTP, clocks, sleep,
//! progress, state, clean-up. In a component [`Host`] implements it over the host's interfaces and WASI; a native test
//! plays the far end with `testing::Script`. So a family's logic runs and is tested without a host.

pub mod bindings;
mod error;
mod host;
mod http;
mod platform;
mod poll;
mod table;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod wasi_http;
mod workspace;

pub use error::{Failure, Kind, api_failure};
pub use host::Host;
pub use http::{Method, Request, Response, TransportError, encode_query, encode_segment};
pub use platform::{CallContext, CleanupHandle, LogLevel, Platform};
pub use poll::{Backoff, Deadline};
pub use table::{Cut, Table, cut_text};
pub use workspace::{Pages, Workspace};

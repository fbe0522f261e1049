//! The guest library: what a Rust plugin needs beside its own WIT.
//!
//! A tool is written against [`Platform`], the whole outside world of a call: the workspace over HTTP, clocks, sleep,
//! progress, state, clean-up. In a component [`Host`] implements it over the host's interfaces and WASI; a native test
//! plays the far end with `testing::Script`. So a family's logic runs and is tested without a host.
//!
//! A whole plugin, beside its WIT (`bricklayer plugin new` writes one):
//!
//! ```ignore
//! bricklayer_sdk::family! {
//!     world: "weather",
//!     tools: my::weather::tools {
//!         get_forecast(ForecastRequest) -> Forecast = forecast,
//!     }
//! }
//! use types::{Forecast, ForecastRequest};
//!
//! fn forecast(host: &impl Platform, request: ForecastRequest) -> Result<Forecast, Failure> {
//!     let weather = Web::new(host, "https://api.weather.example");
//!     let answer: Answer = weather.get("/v1/forecast", &[("city", &request.city)])?;
//!     ...
//! }
//! ```

pub mod bindings;
mod error;
mod exact;
mod host;
mod http;
mod platform;
mod poll;
mod project;
pub mod results;
mod state;
mod table;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod tool;
mod wasi_http;
mod web;
mod workspace;

pub use error::{Failure, Kind, api_failure, web_failure};
pub use exact::Exact;
pub use host::Host;
pub use http::{
    Errand, Method, Part, Probe, Request, Response, TransportError, Upload, WebRequest, encode_query, encode_segment,
};
pub use platform::{CallContext, CleanupHandle, LogLevel, Platform, Step, StepState};
pub use poll::{Backoff, Deadline};
pub use state::State;
pub use table::{Cut, Table, cut_text};
pub use tool::tool;
pub use web::Web;
pub use workspace::{Pages, Workspace};

#[doc(hidden)]
pub use wit_bindgen;

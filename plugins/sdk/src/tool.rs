//! The two lines between a component's exports and functions over [`Platform`](crate::Platform).

use crate::{Failure, Host};

/// Runs a tool: starts the call's clock, and turns a [`Failure`] into the error that the plugin's WIT declares
/// (`use bricklayer:host/errors.{tool-error}`).
///
/// # Errors
/// The tool's failure.
pub fn tool<T, E: From<Failure>>(work: impl FnOnce(&Host) -> Result<T, Failure>) -> Result<T, E> {
    Ok(work(&Host::start())?)
}

/// Generates the bindings of the plugin's world from the folder `wit`, with the host's interfaces taken from this
/// library. Goes into a module of its own; see the head of this library.
#[macro_export]
macro_rules! world {
    ($world:tt) => {
        #[allow(missing_docs, clippy::all, clippy::pedantic, unused_qualifications, unreachable_pub)]
        mod bindings {
            $crate::wit_bindgen::generate!({
                path: "wit",
                world: $world,
                runtime_path: "::bricklayer_sdk::wit_bindgen::rt",
                with: {
                    "bricklayer:host/errors@0.1.2": ::bricklayer_sdk::bindings::bricklayer::host::errors,
                    "bricklayer:host/progress@0.1.2": ::bricklayer_sdk::bindings::bricklayer::host::progress,
                    "bricklayer:host/log@0.1.2": ::bricklayer_sdk::bindings::bricklayer::host::log,
                    "bricklayer:host/state@0.1.2": ::bricklayer_sdk::bindings::bricklayer::host::state,
                    "bricklayer:host/context@0.1.2": ::bricklayer_sdk::bindings::bricklayer::host::context,
                    "bricklayer:host/cleanup@0.1.2": ::bricklayer_sdk::bindings::bricklayer::host::cleanup,
                    "bricklayer:host/continuation@0.1.2": ::bricklayer_sdk::bindings::bricklayer::host::continuation,
                    "bricklayer:host/http@0.1.2": ::bricklayer_sdk::bindings::bricklayer::host::http,
                },
                additional_derives: [PartialEq],
                generate_all,
            });
        }
        pub(crate) use bindings::*;
    };
}

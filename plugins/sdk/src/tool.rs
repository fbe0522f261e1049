//! What stands between a component's exports and functions over [`Platform`](crate::Platform).

use crate::{Failure, Host};

/// Runs a tool: starts the call's clock, and turns a [`Failure`] into the error that the plugin's WIT declares
/// (`use bricklayer:host/errors.{tool-error}`). For a plugin that does not hang its tools with [`family!`](crate::family).
///
/// # Errors
/// The tool's failure.
pub fn tool<T, E: From<Failure>>(work: impl FnOnce(&Host) -> Result<T, Failure>) -> Result<T, E> {
    Ok(work(&Host::start())?)
}

/// Hangs a family of tools into the component: generates the bindings of its world, and exports each tool as a function
/// over [`Platform`](crate::Platform) that takes the tool's request and answers its result or a [`Failure`].
///
/// ```ignore
/// bricklayer_sdk::family! {
///     world: "my:weather/weather",
///     tools: my::weather::tools {
///         get_forecast(ForecastRequest) -> Forecast = forecast::get,
///     }
/// }
/// ```
///
/// The WIT is the folder `wit`, unless `wit: ["../../wit/host.wit", "../../wit/weather.wit"]` says where it is. A tool
/// without a request is written `list() -> Forecast`. The types of the interface are then in the module `types`, all
/// bindings in `wit`, and `Component` is what further interfaces, such as `bricklayer:host/operations`, are implemented
/// for.
#[macro_export]
macro_rules! family {
    (world: $world:tt, tools: $($rest:tt)*) => {
        $crate::family! { world: $world, wit: "wit", tools: $($rest)* }
    };
    (
        world: $world:tt,
        wit: $wit:tt,
        tools: $($interface:ident)::+ {
            $($tool:ident($($request:ident)?) -> $result:ident = $function:path),+ $(,)?
        }
    ) => {
        #[allow(missing_docs, clippy::all, clippy::pedantic, unused_qualifications, unreachable_pub)]
        mod wit {
            $crate::wit_bindgen::generate!({
                path: $wit,
                world: $world,
                runtime_path: "::bricklayer_sdk::wit_bindgen::rt",
                with: {
                    "bricklayer:host/errors@0.1.4": ::bricklayer_sdk::bindings::bricklayer::host::errors,
                    "bricklayer:host/progress@0.1.4": ::bricklayer_sdk::bindings::bricklayer::host::progress,
                    "bricklayer:host/log@0.1.4": ::bricklayer_sdk::bindings::bricklayer::host::log,
                    "bricklayer:host/state@0.1.4": ::bricklayer_sdk::bindings::bricklayer::host::state,
                    "bricklayer:host/context@0.1.4": ::bricklayer_sdk::bindings::bricklayer::host::context,
                    "bricklayer:host/cleanup@0.1.4": ::bricklayer_sdk::bindings::bricklayer::host::cleanup,
                    "bricklayer:host/continuation@0.1.4": ::bricklayer_sdk::bindings::bricklayer::host::continuation,
                    "bricklayer:host/http@0.1.4": ::bricklayer_sdk::bindings::bricklayer::host::http,
                    "bricklayer:host/results@0.1.4": ::bricklayer_sdk::bindings::bricklayer::host::results,
                },
                additional_derives: [PartialEq],
                default_bindings_module: "crate::wit",
                generate_all,
            });
        }

        pub(crate) use wit::exports::$($interface)::+ as types;

        /// What the world's interfaces are implemented for.
        struct Component;

        impl types::Guest for Component {
            $($crate::family! { @tool $tool($($request)?) -> $result = $function })+
        }

        wit::export!(Component with_types_in wit);
    };
    (@tool $tool:ident($request:ident) -> $result:ident = $function:path) => {
        fn $tool(request: types::$request) -> Result<types::$result, types::ToolError> {
            $crate::tool(|host| $function(host, request))
        }
    };
    (@tool $tool:ident() -> $result:ident = $function:path) => {
        fn $tool() -> Result<types::$result, types::ToolError> {
            $crate::tool(|host| $function(host))
        }
    };
}

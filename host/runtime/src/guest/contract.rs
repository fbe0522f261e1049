//! The generated glue of `wit/host.wit`; nothing else names its paths.

#[allow(
    clippy::all,
    dead_code,
    unused_qualifications,
    unreachable_pub,
    missing_debug_implementations,
    reason = "generated"
)]
mod generated {
    wasmtime::component::bindgen!({
        path: "../../wit/host.wit",
        world: "plugin",
        imports: {
            "bricklayer:host/state": async | trappable,
            "bricklayer:host/cleanup": async | trappable,
            "bricklayer:host/http": async | trappable,
            "bricklayer:host/continuation": async | trappable,
            "bricklayer:host/results": async | trappable,
            default: trappable,
        },
    });
}

pub(super) use generated::bricklayer::host as wit;

//! Generated from `wit/sql.wit`.

#![allow(missing_docs, clippy::all, unused_qualifications, unreachable_pub)]

wit_bindgen::generate!({
    path: ["../../wit/host.wit", "../../wit/sql.wit"],
    world: "bricklayer:sql/databricks-sql",
    with: {
        "bricklayer:host/errors@0.1.2": bricklayer_sdk::bindings::bricklayer::host::errors,
        "bricklayer:host/progress@0.1.2": bricklayer_sdk::bindings::bricklayer::host::progress,
        "bricklayer:host/log@0.1.2": bricklayer_sdk::bindings::bricklayer::host::log,
        "bricklayer:host/state@0.1.2": bricklayer_sdk::bindings::bricklayer::host::state,
        "bricklayer:host/context@0.1.2": bricklayer_sdk::bindings::bricklayer::host::context,
        "bricklayer:host/cleanup@0.1.2": bricklayer_sdk::bindings::bricklayer::host::cleanup,
        "bricklayer:host/continuation@0.1.2": bricklayer_sdk::bindings::bricklayer::host::continuation,
        "bricklayer:host/http@0.1.2": bricklayer_sdk::bindings::bricklayer::host::http,
    },
    additional_derives: [PartialEq],
    default_bindings_module: "crate::wit",
    generate_all,
});

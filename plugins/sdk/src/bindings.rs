//! Generated from `wit/host.wit`; only this library names these paths, plugins use [`Platform`](crate::Platform).
//!
//! A plugin's own bindings point the shared types here, as [`family!`](crate::family) does.

#![allow(missing_docs, clippy::all, unused_qualifications)]

wit_bindgen::generate!({
    inline: r"
        package bricklayer:sdk;
        world sdk {
            include bricklayer:host/plugin@0.1.4;
            import bricklayer:host/errors@0.1.4;
        }
    ",
    path: "../../wit/host.wit",
    world: "bricklayer:sdk/sdk",
    pub_export_macro: true,
    generate_all,
    generate_unused_types: true,
});

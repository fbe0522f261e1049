//! Tells the linker where the binaries find the prebuilt DuckDB library at run time.
//!
//! The library is a package of its own (see `engine/package.json`) that `cargo xtask` puts into `target/native/duckdb`;
//! a shipped binary has it beside itself or in `lib/`. The absolute folder of the build comes last: it serves checkouts
//! whose target folder lies elsewhere, and is of no meaning on another machine.

use std::{env, path::Path};

fn main() {
    println!("cargo:rerun-if-env-changed=DUCKDB_LIB_DIR");
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=migrations");
    let target = env::var("CARGO_CFG_TARGET_OS").unwrap_or_default();
    let origin = match target.as_str() {
        "linux" | "freebsd" => "$ORIGIN",
        "macos" => "@executable_path",
        _ => return,
    };
    for folder in ["", "/lib", "/../native/duckdb", "/../../native/duckdb"] {
        println!("cargo:rustc-link-arg=-Wl,-rpath,{origin}{folder}");
    }
    if let Ok(folder) = env::var("DUCKDB_LIB_DIR") {
        let folder = Path::new(&folder);
        let absolute = folder.canonicalize().unwrap_or_else(|_| folder.to_path_buf());
        println!("cargo:rustc-link-arg=-Wl,-rpath,{}", absolute.display());
    }
}

//! Tells the linker where the binaries find the prebuilt DuckDB library at run time, and lists the migrations of the
//! database of objects for the program to embed.
//!
//! The library is a package of its own (see `engine/package.json`) that `cargo xtask` puts into `target/native/duckdb`;
//! a shipped binary has it beside itself or in `lib/`. The absolute folder of the build comes last: it serves checkouts
//! whose target folder lies elsewhere, and is of no meaning on another machine.

use std::error::Error;
use std::path::Path;
use std::{env, fs};

#[path = "../list_migrations.rs"]
mod migrations;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=build.rs");
    list_migrations()?;
    println!("cargo:rerun-if-env-changed=DUCKDB_LIB_DIR");
    let target = env::var("CARGO_CFG_TARGET_OS").unwrap_or_default();
    let origin = match target.as_str() {
        "linux" | "freebsd" => "$ORIGIN",
        "macos" => "@executable_path",
        _ => return Ok(()),
    };
    for folder in ["", "/lib", "/../native/duckdb", "/../../native/duckdb"] {
        println!("cargo:rustc-link-arg=-Wl,-rpath,{origin}{folder}");
    }
    if let Ok(folder) = env::var("DUCKDB_LIB_DIR") {
        let folder = Path::new(&folder);
        let absolute = folder.canonicalize().unwrap_or_else(|_| folder.to_path_buf());
        println!("cargo:rustc-link-arg=-Wl,-rpath,{}", absolute.display());
    }
    Ok(())
}

fn list_migrations() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=migrations");
    println!("cargo:rerun-if-changed=../list_migrations.rs");
    let list = migrations::list_migrations(&Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("migrations"))?;
    let code = format!("const MIGRATIONS: &[(i64, &str, &str)] = {list};");
    Ok(fs::write(Path::new(&env::var("OUT_DIR")?).join("migrations.rs"), code)?)
}

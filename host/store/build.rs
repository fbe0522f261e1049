//! Lists the migrations of both engines for the program to embed.

use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

#[path = "../list_migrations.rs"]
mod migrations;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=../../migrations");
    println!("cargo:rerun-if-changed=../list_migrations.rs");
    let folder = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../../migrations");
    let mut code = String::new();
    for engine in ["sqlite", "postgres"] {
        let list = migrations::list_migrations(&folder.join(engine))?;
        writeln!(code, "const {}: &[(i64, &str, &str)] = {list};", engine.to_uppercase())?;
    }
    Ok(fs::write(Path::new(&env::var("OUT_DIR")?).join("migrations.rs"), code)?)
}

//! Lists the migrations of both engines for the program to embed. Not the driver's macro: it would build the driver a
//! second time, for the compiler.

use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=../../migrations");
    let folder = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../../migrations");
    let mut code = String::new();
    for engine in ["sqlite", "postgres"] {
        let list = list(&folder.join(engine))?;
        writeln!(code, "const {}: &[(i64, &str, &str)] = &[{list}];", engine.to_uppercase())?;
    }
    Ok(fs::write(Path::new(&env::var("OUT_DIR")?).join("migrations.rs"), code)?)
}

/// Number, description and text of each file.
fn list(folder: &Path) -> Result<String, Box<dyn Error>> {
    let mut list = String::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path().canonicalize()?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let (number, description) = name
            .strip_suffix(".sql")
            .and_then(|name| name.split_once('_'))
            .and_then(|(number, description)| Some((number.parse::<i64>().ok()?, description.replace('_', " "))))
            .ok_or_else(|| format!("{} is not named <number>_<what>.sql", path.display()))?;
        write!(list, "({number}, {description:?}, include_str!({path:?})),")?;
    }
    Ok(list)
}

//! What the build scripts of crates with a database have in common: the migrations of a folder as a list for the program
//! to embed. Not the driver's macro: it would build the driver a second time, for the compiler.

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// Number, description and text of each file of a folder.
pub(crate) fn list_migrations(folder: &Path) -> Result<String, Box<dyn Error>> {
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
    Ok(format!("&[{list}]"))
}

//! The SQL engine of the local workspace: the official prebuilt library, from an npm package.

use std::fs;

use anyhow::{Context, Result, bail};

use crate::exec::Program;
use crate::layout::Layout;
use crate::stamp::Stamp;

/// Installs the package when its lock changed and copies this platform's library to where the build looks for it.
pub(crate) fn fetch(layout: &Layout) -> Result<()> {
    let package = layout.root.join("host/local-workspace/engine");
    let lock = package.join("package-lock.json");
    let stamp = Stamp::of(layout, "engine", &[lock], &[std::env::consts::OS, std::env::consts::ARCH])?;
    if stamp.is_current(&[layout.engine()]) {
        return Ok(());
    }
    Program::npm().directory(&package).args(["ci", "--no-audit", "--no-fund"]).run()?;
    fs::create_dir_all(layout.engine())?;
    let mut copied = 0;
    let installed = package.join("node_modules/@duckdb");
    for platform in fs::read_dir(&installed).with_context(|| format!("read {}", installed.display()))? {
        for file in fs::read_dir(platform?.path())? {
            let file = file?.path();
            let is_library = file.file_name().is_some_and(|name| name.to_string_lossy().starts_with("libduckdb."));
            if let Some(name) = file.file_name().filter(|_| is_library) {
                fs::copy(&file, layout.engine().join(name))?;
                copied += 1;
            }
        }
    }
    if copied == 0 {
        bail!("there is no prebuilt SQL engine for {} on {}", std::env::consts::OS, std::env::consts::ARCH);
    }
    stamp.write()
}

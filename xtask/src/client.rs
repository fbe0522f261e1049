//! The page: installed, built and tested with npm.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::exec::Program;
use crate::layout::Layout;
use crate::stamp::Stamp;

/// Builds `client/dist` when a source changed.
pub(crate) fn build(layout: &Layout) -> Result<()> {
    install(layout)?;
    let stamp = Stamp::of(layout, "client", &[folder(layout)], &[])?;
    if stamp.is_current(&[folder(layout).join("dist/index.html")]) {
        return Ok(());
    }
    script(layout, "build")?;
    stamp.write()
}

/// Unit and component tests.
pub(crate) fn test(layout: &Layout) -> Result<()> {
    install(layout)?;
    script(layout, "test")
}

/// The page in a headless browser against the built host.
pub(crate) fn end_to_end(layout: &Layout) -> Result<()> {
    install(layout)?;
    Program::npm()
        .directory(&folder(layout))
        .env("BRICKLAYER_BIN", layout.binary("debug", "bricklayer"))
        .args(["run", "e2e"])
        .run()
}

/// Writes the API document from the host's code and the client's types from the document.
pub(crate) fn codegen(layout: &Layout) -> Result<()> {
    crate::cargo(layout, &["build", "--workspace", "--bin", "bricklayer"])?;
    let document = Program::new(layout.binary("debug", "bricklayer")).args(["openapi"]).output()?;
    let path = folder(layout).join("openapi.json");
    fs::write(&path, document).with_context(|| format!("write {}", path.display()))?;
    install(layout)?;
    script(layout, "generate-types")
}

/// One of the page's npm scripts.
pub(crate) fn script(layout: &Layout, name: &str) -> Result<()> {
    Program::npm().directory(&folder(layout)).args(["run", name]).run()
}

fn install(layout: &Layout) -> Result<()> {
    let folder = folder(layout);
    let stamp = Stamp::of(layout, "client-packages", &[folder.join("package-lock.json")], &[])?;
    if stamp.is_current(&[folder.join("node_modules")]) {
        return Ok(());
    }
    Program::npm().directory(&folder).args(["ci", "--no-audit", "--no-fund"]).run()?;
    stamp.write()
}

fn folder(layout: &Layout) -> PathBuf {
    layout.root.join("client")
}

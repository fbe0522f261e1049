//! The page: installed, built and tested with npm.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, anyhow, bail};

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

/// Writes the page's sources in their one style.
pub(crate) fn format(layout: &Layout) -> Result<()> {
    install(layout)?;
    script(layout, "format")
}

/// The page's style, types and lints; a warning is an error.
pub(crate) fn lint(layout: &Layout) -> Result<()> {
    install(layout)?;
    script(layout, "lint")
}

/// The page in a headless browser against the built host: all tests, or those of the file of this test.
pub(crate) fn end_to_end(layout: &Layout, test: Option<&str>) -> Result<()> {
    install(layout)?;
    let plugin = crate::plugins::build_test_guest(layout, "warehouses")?;
    Program::npm()
        .directory(&folder(layout))
        .env("BRICKLAYER_BIN", layout.binary("debug", "bricklayer"))
        .env("BRICKLAYER_E2E_PLUGIN", plugin)
        // The browser that every machine gets from npm, wherever there is one for it: a system's own would hide what
        // fails elsewhere. `CHROMIUM` names another.
        .env("CHROMIUM", std::env::var_os("CHROMIUM").unwrap_or_else(|| browser().into()))
        .args(["run", "e2e", "--"])
        .args(test.map(file))
        .run()
}

/// The file of a test that the page's reporter gave this name: a file, and titles behind it. A file's tests are one visit
/// and go on where the one before ended, so none of them can be run by itself.
fn file(test: &str) -> &str {
    test.split_once(" > ").map_or(test, |(file, _)| file)
}

/// The npm package carries a browser for Linux on x86-64 only; elsewhere the system's is looked for.
fn browser() -> &'static str {
    if cfg!(all(target_os = "linux", target_arch = "x86_64")) { "packed" } else { "" }
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
fn script(layout: &Layout, name: &str) -> Result<()> {
    Program::npm().directory(&folder(layout)).args(["run", name]).run()
}

/// What npm and the page's tools need; older ones fail later with errors that do not say so.
const NODE_MAJOR: u32 = 20;

/// Refuses a Node that is missing or too old.
pub(crate) fn require_node() -> Result<()> {
    let advice = format!("install Node {NODE_MAJOR} or newer from https://nodejs.org");
    let version = Program::new("node").args(["--version"]).output();
    let version = version
        .map_err(|_| anyhow!("the page and the SQL engine come through npm, but `node` cannot be started: {advice}"))?;
    let version = String::from_utf8_lossy(&version).trim().to_owned();
    let major = version.trim_start_matches('v').split('.').next().and_then(|major| major.parse::<u32>().ok());
    if major.is_none_or(|major| major < NODE_MAJOR) {
        bail!("`node` is {version}: {advice}");
    }
    Ok(())
}

fn install(layout: &Layout) -> Result<()> {
    let folder = folder(layout);
    let stamp = Stamp::of(layout, "client-packages", &[folder.join("package-lock.json")], &[])?;
    if stamp.is_current(&[folder.join("node_modules")]) {
        return Ok(());
    }
    require_node()?;
    // Not `npm ci`: it refuses a lock without every platform's optional packages, and a lock can only hold those that
    // the registry it was made with offers. This one installs what is locked as it is locked, and writes no lock.
    Program::npm().directory(&folder).args(["install", "--no-save", "--no-audit", "--no-fund"]).run()?;
    stamp.write()
}

pub(crate) fn folder(layout: &Layout) -> PathBuf {
    layout.root.join("client")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_is_run_with_its_file() {
        assert_eq!(file("e2e/long.e2e.ts"), "e2e/long.e2e.ts");
        assert_eq!(file("e2e/long.e2e.ts > a list (of 3.000) > streams"), "e2e/long.e2e.ts");
    }
}

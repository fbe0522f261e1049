//! Known faults of libraries: is a newer patch of the sandbox's engine out, and the database that the tests look into.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use toml::{Table, Value};

use crate::exec::Program;
use crate::layout::Layout;

/// The database, from the project's root.
const DATABASE: &str = "xtask/advisories.tsv";
const HEAD: &str = "# RustSec's advisories (https://rustsec.org, CC0), one a line: id, package, kind, patched, unaffected, title.\n\
                    # Written by `cargo xtask advisory-database`; not by hand.\n";

/// Needs the package registry; not part of the tests, which must not change with the day.
pub(crate) fn newer_engine(layout: &Layout) -> Result<()> {
    let arguments = ["update", "--dry-run", "--color", "never", "wasmtime", "wasmtime-wasi", "wasmtime-wasi-http"];
    let report = Program::cargo().directory(&layout.root).args(arguments).error_output()?;
    let newer: Vec<&str> = report.lines().filter(|line| line.contains("Updating wasmtime")).collect();
    if newer.is_empty() {
        eprintln!("the sandbox's engine is at the newest patch of its line");
        return Ok(());
    }
    bail!("a newer patch of the sandbox's engine is published; take it:\n{}", newer.join("\n"))
}

/// Writes the database from a checkout of RustSec's: the tests need no network, and say the same on every day until it
/// is written anew.
pub(crate) fn extract(layout: &Layout, checkout: &Path) -> Result<()> {
    let mut lines = Vec::new();
    let crates = checkout.join("crates");
    for folder in fs::read_dir(&crates).with_context(|| format!("{} is no checkout of it", checkout.display()))? {
        for file in fs::read_dir(folder?.path())? {
            let file = file?.path();
            let text = fs::read_to_string(&file)?;
            lines.extend(line(&text).with_context(|| format!("read {}", file.display()))?);
        }
    }
    ensure!(!lines.is_empty(), "{} holds no advisories", crates.display());
    lines.sort();
    fs::write(layout.root.join(DATABASE), format!("{HEAD}{}\n", lines.join("\n")))?;
    eprintln!("{} advisories in {DATABASE}", lines.len());
    Ok(())
}

/// An advisory: a block of TOML, then Markdown that begins with its title. None for one that was taken back.
fn line(text: &str) -> Result<Option<String>> {
    let (head, rest) =
        text.split_once("```toml\n").and_then(|(_, text)| text.split_once("```")).context("a block of TOML")?;
    let head: Table = head.parse().context("its TOML")?;
    let advisory = head.get("advisory").and_then(Value::as_table).context("its table `advisory`")?;
    if advisory.contains_key("withdrawn") {
        return Ok(None);
    }
    let field = |name: &str| advisory.get(name).and_then(Value::as_str);
    let versions = |name: &str| {
        let list = head.get("versions").and_then(|versions| versions.get(name)).and_then(Value::as_array);
        list.into_iter().flatten().filter_map(Value::as_str).collect::<Vec<_>>().join("; ")
    };
    let title = rest.lines().find_map(|line| line.strip_prefix("# ")).unwrap_or_default();
    let cells = [
        field("id").context("its id")?,
        field("package").context("its package")?,
        field("informational").unwrap_or("vulnerability"),
        &versions("patched"),
        &versions("unaffected"),
        title,
    ];
    Ok(Some(cells.map(|cell| cell.replace(['\t', '\n'], " ").trim().to_owned()).join("\t")))
}

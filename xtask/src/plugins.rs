//! Plugins: guests compiled to components and packed with their documentation and manifest.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use bricklayer_package::Packed;

use crate::exec::Program;
use crate::layout::Layout;
use crate::names;
use crate::stamp::Stamp;
use crate::toolchain::{TARGET, require_target};

/// KiB of a shipped package at most: what every host holds of each family, and compiles when it starts cold. A family
/// whose work needs more says so, and why, as `max-package-kib` in its Cargo.toml.
const MAX_PACKAGE_KIB: usize = 600;

/// Builds each folder of `plugins/` that holds a `plugin.toml` into `target/plugins/<folder>.wasm`.
pub(crate) fn build(layout: &Layout) -> Result<()> {
    let guests = layout.root.join("plugins");
    let families = families(&guests)?;
    let outputs: Vec<PathBuf> = families.iter().map(|family| output(layout, family)).collect();
    let toolchain = layout.root.join("rust-toolchain.toml");
    let inputs = [guests.clone(), layout.root.join("wit"), layout.root.join("host/package/src"), toolchain];
    let stamp = Stamp::of(layout, "plugins", &inputs, &[TARGET])?;
    if stamp.is_current(&outputs) {
        return Ok(());
    }
    require_target(layout)?;
    fs::create_dir_all(layout.plugins())?;
    let mut tools = Vec::new();
    for family in &families {
        let folder = guests.join(family);
        let wit = [layout.root.join("wit/host.wit"), layout.root.join(format!("wit/{family}.wit"))];
        let packed = pack(layout, &folder, &wit, &output(layout, family))?;
        fits(family, packed.bytes.len(), max_package_kib(&folder)?)?;
        tools.extend(packed.contents.functions.into_iter().map(|function| (function.tool, family.clone())));
    }
    distinct(tools)?;
    stamp.write()
}

/// Refuses a package that is too large to be shipped.
fn fits(family: &str, bytes: usize, most: usize) -> Result<()> {
    let found = bytes.div_ceil(1024);
    if found <= most {
        return Ok(());
    }
    bail!("the family {family} has {found} KiB, more than {most}: share what it has with others, or split it")
}

/// All families share one prefix, so a name is given once among them. `tools` are names and their families.
fn distinct(mut tools: Vec<(String, String)>) -> Result<()> {
    tools.sort();
    let twice = tools.windows(2).find_map(|pair| match pair {
        [(tool, one), (other, two)] if tool == other => Some((tool, one, two)),
        _ => None,
    });
    match twice {
        None => Ok(()),
        Some((tool, one, two)) => {
            bail!("two families have a tool `{tool}`: {one} and {two}; rename it in wit/{two}.wit")
        }
    }
}

/// A test guest for measuring or for the page's tests, by its folder's name; returns its package.
pub(crate) fn build_test_guest(layout: &Layout, name: &str) -> Result<PathBuf> {
    require_target(layout)?;
    let folder = layout.root.join("plugins/test-guests").join(name);
    let package = layout.target.join(format!("xtask/{name}.wasm"));
    let wit = [layout.root.join("wit/host.wit"), folder.join(format!("wit/{name}.wit"))];
    pack(layout, &folder, &wit, &package)?;
    Ok(package)
}

/// The guests' own tests, native.
pub(crate) fn test(layout: &Layout) -> Result<()> {
    // Not the whole workspace: test guests run in the sandbox only.
    cargo(layout, &["test", "--locked", "--lib"])
}

/// Cargo in the guests' workspace, with a target folder of its own: the outer cargo holds the other one's lock.
pub(crate) fn cargo(layout: &Layout, arguments: &[&str]) -> Result<()> {
    Program::guest_cargo()
        .directory(&layout.root.join("plugins"))
        .env("CARGO_TARGET_DIR", layout.target.join("guests"))
        .args(arguments)
        .run()
}

fn families(guests: &Path) -> Result<Vec<String>> {
    let mut families = Vec::new();
    for entry in fs::read_dir(guests).with_context(|| format!("read {}", guests.display()))? {
        let entry = entry?;
        if entry.path().join("plugin.toml").exists() {
            families.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    families.sort();
    Ok(families)
}

fn crate_name(folder: &Path) -> Result<String> {
    let path = folder.join("Cargo.toml");
    let manifest = fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
    let name = manifest.lines().find_map(|line| line.strip_prefix("name = "));
    Ok(name.with_context(|| format!("{} names no package", path.display()))?.trim_matches('"').to_owned())
}

/// What a family's package may have.
fn max_package_kib(folder: &Path) -> Result<usize> {
    let path = folder.join("Cargo.toml");
    let manifest = fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
    match manifest.lines().find_map(|line| line.strip_prefix("max-package-kib = ")) {
        Some(most) => most.parse().with_context(|| format!("max-package-kib in {}", path.display())),
        None => Ok(MAX_PACKAGE_KIB),
    }
}

fn output(layout: &Layout, family: &str) -> PathBuf {
    layout.plugins().join(format!("{family}.wasm"))
}

/// Compiles one guest and packs it with its documentation and manifest.
fn pack(layout: &Layout, folder: &Path, wit: &[PathBuf], output: &Path) -> Result<Packed> {
    let name = crate_name(folder)?;
    cargo(layout, &["build", "--locked", "--release", "--target", TARGET, "--package", &name])?;
    let file = format!("{}.wasm", name.replace('-', "_"));
    let component = layout.target.join("guests").join(TARGET).join("release").join(file);
    let component = fs::read(&component).with_context(|| format!("read {}", component.display()))?;
    let component = names::shorten(&component).with_context(|| format!("shorten the names in {name}"))?;
    let manifest = fs::read_to_string(folder.join("plugin.toml"))?;
    let packed = bricklayer_package::pack(&component, wit, &manifest).with_context(|| format!("pack {name}"))?;
    eprintln!("plugin {name}: {} KiB, {} tools", packed.bytes.len() / 1024, packed.contents.functions.len());
    // Written beside and renamed: a host that runs meanwhile reads the old file or the new one.
    let temporary = output.with_extension("tmp");
    fs::write(&temporary, &packed.bytes)?;
    fs::rename(&temporary, output).with_context(|| format!("write {}", output.display()))?;
    Ok(packed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_that_is_too_large_fails_the_shipped_set() {
        fits("sql", MAX_PACKAGE_KIB * 1024, MAX_PACKAGE_KIB).unwrap();
        let error = fits("sql", MAX_PACKAGE_KIB * 1024 + 1, MAX_PACKAGE_KIB).unwrap_err().to_string();
        assert!(error.starts_with("the family sql has 601 KiB, more than 600"), "{error}");
    }

    #[test]
    fn a_name_given_twice_fails_the_shipped_set() {
        let tools = |names: &[(&str, &str)]| {
            names.iter().map(|(tool, family)| ((*tool).to_owned(), (*family).to_owned())).collect()
        };
        distinct(tools(&[("run", "jobs"), ("list", "sql"), ("start", "jobs")])).unwrap();
        let error = distinct(tools(&[("run", "sql"), ("list", "sql"), ("run", "jobs")])).unwrap_err();
        assert_eq!(error.to_string(), "two families have a tool `run`: jobs and sql; rename it in wit/sql.wit");
    }
}

//! What rustup has to bring: the guests' target, and the components of some chores.
//!
//! rustup reads `rust-toolchain.toml` and installs what it names only together with a toolchain that it installs. Where
//! the toolchain is there already, or automatic installation is off, a missing part stays missing until somebody asks.

use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::exec::Program;
use crate::layout::Layout;

/// What guests are compiled for.
pub(crate) const TARGET: &str = "wasm32-wasip2";

/// Installs the guests' target where this Rust lacks it.
///
/// # Errors
/// When there is no rustup, or it cannot install: what to do by hand.
pub(crate) fn require_target(layout: &Layout) -> Result<()> {
    require(has_target, layout, &["target", "add", TARGET], &format!("plugins are compiled for {TARGET}"))
}

/// Installs a component (`rustfmt`, `clippy`) where this Rust lacks it.
///
/// # Errors
/// When there is no rustup, or it cannot install: what to do by hand.
pub(crate) fn require_component(layout: &Layout, name: &str) -> Result<()> {
    let subcommand = if name == "rustfmt" { "fmt" } else { name };
    let there =
        |layout: &Layout| Program::cargo().directory(&layout.root).args([subcommand, "--version"]).output().is_ok();
    require(there, layout, &["component", "add", name], &format!("this chore needs {name}"))
}

fn require(there: impl Fn(&Layout) -> bool, layout: &Layout, install: &[&str], need: &str) -> Result<()> {
    if there(layout) {
        return Ok(());
    }
    let by_hand = format!("rustup {}", install.join(" "));
    eprintln!("{need}: {by_hand}");
    // In the checkout, where rustup chooses the toolchain of `rust-toolchain.toml`.
    let installed = Program::new("rustup").directory(&layout.root).args(install).run();
    if there(layout) {
        return Ok(());
    }
    match installed {
        Ok(()) => bail!("{need}, and this Rust still lacks it after `{by_hand}`: is `cargo` the one of rustup?"),
        Err(error) => bail!(
            "{need}, which this Rust lacks, and `{by_hand}` did not bring it ({error:#}): install Rust from \
             https://rustup.rs, or add it the way that this Rust was installed"
        ),
    }
}

fn has_target(layout: &Layout) -> bool {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let found =
        Program::new(rustc).directory(&layout.root).args(["--print", "target-libdir", "--target", TARGET]).output();
    found.is_ok_and(|path| PathBuf::from(String::from_utf8_lossy(&path).trim()).is_dir())
}

//! The SQL engine of the local workspace: the official prebuilt library, from an npm package.

use std::fs;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::exec::Program;
use crate::layout::Layout;
use crate::stamp::Stamp;

/// The platform whose package is in the lock file, with its checksum.
const LOCKED: &str = "linux-x64";

/// Installs the package when its lock changed and copies this platform's library to where the build looks for it.
pub(crate) fn fetch(layout: &Layout) -> Result<()> {
    let package = layout.root.join("host/local-workspace/engine");
    let platform = platform();
    let inputs = [package.join("package.json"), package.join("package-lock.json")];
    let stamp = Stamp::of(layout, "engine", &inputs, &[&platform])?;
    if stamp.is_current(&[layout.engine()]) {
        return Ok(());
    }
    crate::client::require_node()?;
    let npm = || Program::npm().directory(&package);
    npm().args(["ci", "--no-audit", "--no-fund"]).run()?;
    if platform != LOCKED {
        // npm locks what the registry offers where the lock is made; the other platforms go by version alone.
        let description: Value = serde_json::from_slice(&fs::read(package.join("package.json"))?)?;
        let version = description
            .get("optionalDependencies")
            .and_then(|packages| packages.get(format!("@duckdb/node-bindings-{LOCKED}")))
            .and_then(Value::as_str)
            .context("the engine's package.json names no version")?;
        let wanted = format!("@duckdb/node-bindings-{platform}@{version}");
        npm().args(["install", "--no-save", "--no-package-lock", "--no-audit", "--no-fund", &wanted]).run()?;
    }
    let from = package.join("node_modules/@duckdb").join(format!("node-bindings-{platform}"));
    let mut copied = 0;
    fs::create_dir_all(layout.engine())?;
    for file in fs::read_dir(&from).with_context(|| format!("read {}", from.display()))? {
        let file = file?.path();
        let library = file.file_name().filter(|name| name.to_string_lossy().contains("duckdb.") && !is_addon(name));
        if let Some(name) = library {
            fs::copy(&file, layout.engine().join(name))?;
            copied += 1;
        }
    }
    if copied == 0 {
        bail!("{} holds no library", from.display());
    }
    stamp.write()
}

/// The binding for Node lies beside the library.
fn is_addon(name: &std::ffi::OsStr) -> bool {
    name.to_string_lossy().ends_with(".node")
}

/// This platform as Node names it.
fn platform() -> String {
    let os = match std::env::consts::OS {
        "macos" => "darwin",
        "windows" => "win32",
        os => os,
    };
    let arch = match std::env::consts::ARCH {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        arch => arch,
    };
    format!("{os}-{arch}")
}

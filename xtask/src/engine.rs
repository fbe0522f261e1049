//! The SQL engine of the local workspace: the official prebuilt library, from an npm package.

use std::fs;

use anyhow::{Context, Result, bail};

use crate::exec::Program;
use crate::layout::Layout;
use crate::stamp::Stamp;

/// Installs this platform's package, by the checksum that the lock file has of every platform's, when the lock changed,
/// and copies the library to where the build looks for it.
pub(crate) fn fetch(layout: &Layout) -> Result<()> {
    let package = layout.root.join("host/local-workspace/engine");
    let platform = platform();
    let inputs = [package.join("package.json"), package.join("package-lock.json")];
    let stamp = Stamp::of(layout, "engine", &inputs, &[&platform])?;
    if stamp.is_current(&[layout.engine()]) {
        return Ok(());
    }
    crate::client::require_node()?;
    Program::npm().directory(&package).args(["ci", "--no-audit", "--no-fund"]).run()?;
    let from = package.join("node_modules/@duckdb").join(format!("node-bindings-{platform}"));
    let mut copied = 0;
    fs::create_dir_all(layout.engine())?;
    let unknown = || format!("there is no prebuilt SQL engine for {platform} (no {})", from.display());
    for file in fs::read_dir(&from).with_context(unknown)? {
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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::Value;

    /// What Node calls the platforms that there is a library for.
    const PLATFORMS: [&str; 6] = ["darwin-arm64", "darwin-x64", "linux-arm64", "linux-x64", "win32-arm64", "win32-x64"];

    #[test]
    fn every_platforms_library_is_locked_by_its_checksum() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../host/local-workspace/engine");
        let read = |name: &str| -> Value {
            serde_json::from_str(&std::fs::read_to_string(folder.join(name)).unwrap()).unwrap()
        };
        let (wanted, locked) = (read("package.json"), read("package-lock.json"));
        let wanted = wanted["optionalDependencies"].as_object().unwrap();
        assert_eq!(wanted.len(), PLATFORMS.len());
        for platform in PLATFORMS {
            let name = format!("@duckdb/node-bindings-{platform}");
            let package = &locked["packages"][format!("node_modules/{name}")];
            assert_eq!(package["version"], wanted[&name], "{platform}");
            let checksum = package["integrity"].as_str().unwrap();
            assert!(checksum.starts_with("sha512-") && checksum.len() > 90, "{platform}: {checksum}");
        }
    }
}

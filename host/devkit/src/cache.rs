//! What is fetched or made once for all plugins of a person: tools and built components.

use std::fs;
use std::path::{Path, PathBuf};

use crate::Problem;

/// Built components that are kept: a Python one has 19 MB.
const KEPT_BUILDS: usize = 20;

/// Machine code that is kept, in bytes: a version of a Python plugin has some 60 MB.
pub const CODE_BYTES: u64 = 1024 * 1024 * 1024;

/// The cache's folder: `bricklayer` in the person's own (XDG base directory specification: `XDG_CACHE_HOME`, else
/// `~/.cache`), else one in the plugin's folder.
#[must_use]
pub(crate) fn folder(plugin: &Path) -> PathBuf {
    let variable = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    variable("XDG_CACHE_HOME")
        .map(|cache| cache.join("bricklayer"))
        .or_else(|| variable("HOME").map(|home| home.join(".cache/bricklayer")))
        .unwrap_or_else(|| plugin.join(".bricklayer/cache"))
}

/// Where a tool of a version is installed.
pub(crate) fn tool(plugin: &Path, name: &str) -> PathBuf {
    folder(plugin).join("tools").join(name)
}

/// Machine code for every command of an author: what one compiled no other compiles again.
#[must_use]
pub fn code(plugin: &Path) -> PathBuf {
    folder(plugin).join("code")
}

/// A component built earlier from exactly this source with exactly these tools.
pub(crate) fn find_build(plugin: &Path, key: &str) -> Option<Vec<u8>> {
    fs::read(build_path(plugin, key)).ok()
}

/// Keeps a built component, and no more than [`KEPT_BUILDS`] of them.
pub(crate) fn keep_build(plugin: &Path, key: &str, component: &[u8]) -> Result<(), Problem> {
    let path = build_path(plugin, key);
    let folder = folder(plugin).join("builds");
    let failed = |e: std::io::Error| Problem::io(format!("write {}", path.display()), &e);
    fs::create_dir_all(&folder).map_err(failed)?;
    write_whole(&path, component).map_err(failed)?;
    let mut kept: Vec<_> = fs::read_dir(&folder)
        .map_err(failed)?
        .flatten()
        .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
        .collect();
    kept.sort();
    for (_, old) in kept.iter().rev().skip(KEPT_BUILDS) {
        let _ = fs::remove_file(old);
    }
    Ok(())
}

fn build_path(plugin: &Path, key: &str) -> PathBuf {
    folder(plugin).join("builds").join(format!("{key}.wasm"))
}

/// Written beside and renamed, so that a reader sees the old file or the new one.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let temporary = path.with_extension(format!("tmp{}", std::process::id()));
    fs::write(&temporary, bytes)?;
    fs::rename(&temporary, path)
}

//! Where things are in the checkout and in the target folder.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The folders of one checkout.
#[derive(Debug)]
pub(crate) struct Layout {
    /// The checkout.
    pub(crate) root: PathBuf,
    /// What is built; `CARGO_TARGET_DIR` when set.
    pub(crate) target: PathBuf,
}

impl Layout {
    pub(crate) fn find() -> Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("xtask lies in the checkout")?.to_owned();
        let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
        let target = if target.is_absolute() { target } else { std::env::current_dir()?.join(target) };
        Ok(Self { root, target })
    }

    /// A built program.
    pub(crate) fn binary(&self, profile: &str, name: &str) -> PathBuf {
        self.target.join(profile).join(name).with_extension(std::env::consts::EXE_EXTENSION)
    }

    /// The prebuilt SQL engine; `.cargo/config.toml` and the local workspace's build script name the same folder,
    /// which lies in the checkout wherever the target folder is.
    pub(crate) fn engine(&self) -> PathBuf {
        self.root.join("target/native/duckdb")
    }

    /// Packed plugins; the server embeds this folder, which lies in the checkout wherever the target folder is.
    pub(crate) fn plugins(&self) -> PathBuf {
        self.root.join("target/plugins")
    }

    /// Puts what an installation needs into one folder.
    pub(crate) fn assemble(&self) -> Result<()> {
        let dist = self.target.join("dist");
        let lib = dist.join("lib");
        std::fs::create_dir_all(&lib)?;
        for name in ["bricklayer", "bricklayer-workspace"] {
            let binary = self.binary("release", name);
            copy(&binary, &dist)?;
        }
        for entry in std::fs::read_dir(self.engine())? {
            copy(&entry?.path(), &lib)?;
        }
        eprintln!("built {}", dist.display());
        Ok(())
    }
}

fn copy(file: &Path, folder: &Path) -> Result<()> {
    let name = file.file_name().context("a file name")?;
    std::fs::copy(file, folder.join(name)).with_context(|| format!("copy {}", file.display()))?;
    Ok(())
}

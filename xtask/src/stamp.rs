//! Knowing that nothing changed: a digest of a step's inputs, kept beside its outputs.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use crate::layout::Layout;

/// Folders that are never inputs: what tools install or build.
const SKIPPED: [&str; 5] = ["node_modules", "dist", "target", "screenshots", ".git"];

/// A step's inputs, digested.
#[derive(Debug)]
pub(crate) struct Stamp {
    file: PathBuf,
    digest: String,
}

impl Stamp {
    /// Digests files and folders, and words such as a tool's version.
    pub(crate) fn of(layout: &Layout, name: &str, inputs: &[PathBuf], words: &[&str]) -> Result<Self> {
        let mut hasher = Sha256::new();
        for word in words {
            hasher.update(word);
            hasher.update([0]);
        }
        for input in inputs {
            add(&mut hasher, input)?;
        }
        let digest = hex::encode(hasher.finalize());
        Ok(Self { file: layout.target.join("xtask").join(name), digest })
    }

    /// Whether the step ran with these inputs and its outputs are still there.
    pub(crate) fn is_current(&self, outputs: &[PathBuf]) -> bool {
        outputs.iter().all(|output| output.exists())
            && fs::read_to_string(&self.file).is_ok_and(|digest| digest == self.digest)
    }

    /// Remembers that the step ran.
    pub(crate) fn write(&self) -> Result<()> {
        if let Some(folder) = self.file.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&self.file, &self.digest).with_context(|| format!("write {}", self.file.display()))
    }
}

fn add(hasher: &mut Sha256, path: &Path) -> Result<()> {
    if path.is_dir() {
        let mut entries: Vec<PathBuf> =
            fs::read_dir(path)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
        entries.sort();
        for entry in entries {
            let skipped = entry.file_name().is_some_and(|name| SKIPPED.iter().any(|skip| name == *skip));
            if !skipped {
                add(hasher, &entry)?;
            }
        }
    } else if path.is_file() {
        hasher.update(path.as_os_str().as_encoded_bytes());
        hasher.update([0]);
        hasher.update(Sha256::digest(fs::read(path)?));
    }
    Ok(())
}

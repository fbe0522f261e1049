//! Settings of skills.

use std::collections::BTreeSet;
use std::path::PathBuf;

use bricklayer_skills::SkillLimits;

use super::{ConfigError, Layers, count};

/// Deepest that folders are walked into; a walk goes as deep in memory.
const MAX_DEPTH: usize = 16;

/// Which skills there are, and how much is read of them.
#[derive(Debug, Clone, Default)]
pub struct SkillsConfig {
    /// Folder with the operator's skills; the shipped ones are always there.
    pub dir: Option<PathBuf>,
    /// The names of the host's skills that projects get; all when absent.
    pub enabled: Option<BTreeSet<String>>,
    /// What is read at most.
    pub limits: SkillLimits,
}

impl SkillsConfig {
    pub(super) fn from_layers(layers: &Layers) -> Result<Self, ConfigError> {
        let usual = SkillLimits::default();
        let names = |text: &str| {
            let names = text.split(',').map(str::trim).filter(|name| !name.is_empty());
            names.map(str::to_owned).collect::<BTreeSet<_>>()
        };
        let depth = count(layers, "skills.depth", usual.depth)?;
        if depth > MAX_DEPTH {
            return Err(layers.wrong("skills.depth", &format!("must be a whole number between 1 and {MAX_DEPTH}")));
        }
        let mib = usize::try_from(usual.skill_bytes >> 20).unwrap_or(usize::MAX);
        Ok(Self {
            dir: layers.get("skills_dir").map(|value| value.text.into()),
            enabled: layers.get("skills.enabled").map(|value| names(&value.text)).filter(|names| !names.is_empty()),
            limits: SkillLimits {
                depth,
                folders: count(layers, "skills.folders", usual.folders)?,
                files: count(layers, "skills.files", usual.files)?,
                skill_bytes: (count(layers, "skills.mib", mib)? as u64) << 20,
                ..usual
            },
        })
    }
}

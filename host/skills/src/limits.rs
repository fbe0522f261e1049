//! The bounds of what is read of skills.

/// What is looked at and read at most, over all that a scan or an upload does. Each protects the host against a folder
/// or an archive that is no skill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SkillLimits {
    /// How deep a skill may lie under its root, and a file under its skill.
    pub depth: usize,
    /// Folders that one scan of a root opens.
    pub folders: usize,
    /// Files of one skill.
    pub files: usize,
    /// Bytes of one file of a skill, SKILL.md included; the specification asks for fewer than 5,000 tokens there.
    pub file_bytes: u64,
    /// Bytes of all files of one skill.
    pub skill_bytes: u64,
}

impl Default for SkillLimits {
    fn default() -> Self {
        Self { depth: 4, folders: 2_000, files: 200, file_bytes: 256 << 10, skill_bytes: 8 << 20 }
    }
}

/// Bytes of SKILL.md that are looked through for its front matter, whose fields the specification bounds to some 2 KiB.
pub(crate) const MAX_FRONT_MATTER_BYTES: usize = 64 << 10;

/// Lists and mappings within each other in a front matter; the specification knows two.
pub(crate) const MAX_YAML_DEPTH: usize = 16;

//! Skills as the API tells of them.

use std::collections::{BTreeMap, BTreeSet};

use bricklayer_skills::{Origin, Skill, SkillFile};
use serde::Serialize;
use utoipa::ToSchema;

use crate::skills::{Reloaded, SkillsHere};

/// Whose a skill is.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SkillOrigin {
    /// The project's own: copied, uploaded or edited there.
    Project,
    /// The operator's.
    Operator,
    /// Came with the host.
    Shipped,
}

impl From<Origin> for SkillOrigin {
    fn from(origin: Origin) -> Self {
        match origin {
            Origin::Project => Self::Project,
            Origin::Operator => Self::Operator,
            Origin::Shipped => Self::Shipped,
        }
    }
}

/// One skill.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SkillInfo {
    /// Its name.
    name: String,
    /// What it does and when to use it.
    description: String,
    /// Whether the agent is told of it.
    enabled: bool,
    /// Whose it is.
    origin: SkillOrigin,
    /// Whose skill of the same name it stands before.
    #[schema(required = true)]
    replaces: Option<SkillOrigin>,
    /// Whether it is a copy of the host's and differs from what was copied.
    edited: bool,
    /// Whether it is a copy of the host's, edited or not.
    copied: bool,
    /// Families of tools that are hidden where no enabled skill names them.
    families: Vec<String>,
    /// The tools that it asks to be allowed. Nothing is allowed by it.
    #[schema(required = true)]
    allowed_tools: Option<String>,
    /// Its licence, as it says.
    #[schema(required = true)]
    license: Option<String>,
    /// What it needs, as it says.
    #[schema(required = true)]
    compatibility: Option<String>,
    /// What is odd about it.
    warnings: Vec<String>,
}

impl SkillInfo {
    pub(super) fn of(skill: &Skill, here: &SkillsHere, edited: &BTreeSet<String>) -> Self {
        Self {
            name: skill.name().to_owned(),
            description: skill.description().to_owned(),
            enabled: here.enabled.get(skill.name()).is_some(),
            origin: skill.origin().into(),
            replaces: skill.replaces().map(SkillOrigin::from),
            edited: edited.contains(skill.name()),
            copied: here.chosen.copies.contains_key(skill.name()),
            families: skill.families().to_vec(),
            allowed_tools: skill.allowed_tools().map(str::to_owned),
            license: skill.license().map(str::to_owned),
            compatibility: skill.compatibility().map(str::to_owned),
            warnings: skill.warnings().to_vec(),
        }
    }
}

/// The skills of a project.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SkillList {
    /// By name.
    skills: Vec<SkillInfo>,
    /// Whether all are enabled, also those that come later.
    all_enabled: bool,
    /// How many are enabled.
    enabled_count: usize,
    /// How many there are.
    total_count: usize,
    /// What was odd when they were looked for.
    warnings: Vec<String>,
}

impl SkillList {
    pub(super) fn of(here: &SkillsHere, edited: &BTreeSet<String>) -> Self {
        Self {
            skills: here.all.iter().map(|skill| SkillInfo::of(skill, here, edited)).collect(),
            all_enabled: here.chosen.enabled.is_none(),
            enabled_count: here.enabled.len(),
            total_count: here.all.len(),
            warnings: here.all.warnings().to_vec(),
        }
    }
}

/// Which skills are enabled.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EnabledSkills {
    /// Always true.
    success: bool,
    /// Their names; null when all are, also those that come later.
    #[schema(required = true)]
    enabled_skills: Option<Vec<String>>,
    /// Whether all are.
    all_enabled: bool,
}

impl EnabledSkills {
    pub(super) fn of(here: &SkillsHere) -> Self {
        let names = here.chosen.enabled.as_ref();
        Self {
            success: true,
            enabled_skills: names.map(|names| names.iter().cloned().collect()),
            all_enabled: names.is_none(),
        }
    }
}

/// What a reload did.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReloadedSkills {
    /// Always true.
    success: bool,
    /// In a sentence.
    message: String,
    /// Copied anew, or for the first time.
    copied: Vec<String>,
    /// Edited here, and so left as they are.
    kept: Vec<String>,
    /// Copies of what the host no longer has.
    removed: Vec<String>,
}

impl From<Reloaded> for ReloadedSkills {
    fn from(done: Reloaded) -> Self {
        let Reloaded { copied, kept, removed } = done;
        let message = match (copied.len(), kept.len(), removed.len()) {
            (0, 0, 0) => "All skills are current.".to_owned(),
            (copied, kept, removed) => {
                format!("Copied {copied}, left {kept} as edited here, removed {removed} that the host no longer has.")
            }
        };
        Self { success: true, message, copied, kept, removed }
    }
}

/// What a line of a tree is.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SkillNodeType {
    /// A folder.
    Directory,
    /// A file.
    File,
}

/// A folder or a file of a skill.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SkillNode {
    /// Its last segment.
    name: String,
    /// Its path, which begins with its skill's name.
    path: String,
    /// What it is.
    #[serde(rename = "type")]
    kind: SkillNodeType,
    /// In bytes; null for a folder.
    #[schema(required = true)]
    size: Option<u64>,
    /// What a folder holds, folders first; null for a file.
    #[schema(required = true, no_recursion)]
    children: Option<Vec<SkillNode>>,
}

/// The files of all skills of a project.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SkillTree {
    /// A folder for each skill.
    tree: Vec<SkillNode>,
}

impl From<BTreeMap<String, Vec<SkillFile>>> for SkillTree {
    fn from(skills: BTreeMap<String, Vec<SkillFile>>) -> Self {
        let folder = |(name, files): (String, Vec<SkillFile>)| {
            let files: Vec<(&str, u64)> = files.iter().map(|file| (file.path.as_str(), file.bytes)).collect();
            directory(&name, &name, &files)
        };
        Self { tree: skills.into_iter().map(folder).collect() }
    }
}

/// A folder of these files, whose paths begin in it.
fn directory(name: &str, path: &str, files: &[(&str, u64)]) -> SkillNode {
    let mut folders: BTreeMap<&str, Vec<(&str, u64)>> = BTreeMap::new();
    let mut plain = Vec::new();
    for (file, size) in files {
        match file.split_once('/') {
            Some((folder, rest)) => folders.entry(folder).or_default().push((rest, *size)),
            None => plain.push(SkillNode {
                name: (*file).to_owned(),
                path: format!("{path}/{file}"),
                kind: SkillNodeType::File,
                size: Some(*size),
                children: None,
            }),
        }
    }
    let folders = folders.into_iter().map(|(name, files)| directory(name, &format!("{path}/{name}"), &files));
    SkillNode {
        name: name.to_owned(),
        path: path.to_owned(),
        kind: SkillNodeType::Directory,
        size: None,
        children: Some(folders.chain(plain).collect()),
    }
}

/// A file of a skill.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SkillFileContent {
    /// Its path, which begins with its skill's name.
    pub(super) path: String,
    /// Its text.
    pub(super) content: String,
    /// Its last segment.
    pub(super) filename: String,
    /// What tells this text from another: `base` of a change.
    pub(super) digest: String,
}

/// That something was removed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RemovedSkill {
    /// Always true.
    pub(super) success: bool,
    /// Its name.
    pub(super) removed_skill: String,
}

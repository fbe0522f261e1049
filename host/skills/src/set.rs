//! The skills that somebody has: found under roots, the project's before the operator's before the shipped ones.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use cap_fs_ext::DirExt as _;
use cap_std::ambient_authority;
use cap_std::fs::Dir;

use crate::folder::{FilePath, SkillFolder, is_skipped};
use crate::limits::SkillLimits;
use crate::skill::{self, Origin, SKILL_FILES, Skill};

/// Skills by name. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct SkillSet {
    skills: Arc<BTreeMap<String, Arc<Skill>>>,
    warnings: Arc<Vec<String>>,
}

impl SkillSet {
    /// Reads every skill under these folders, the earlier before the later; a folder that does not exist holds none.
    #[must_use]
    pub fn load(roots: &[(Origin, PathBuf)], limits: &SkillLimits) -> Self {
        roots.iter().rev().fold(Self::default(), |below, (origin, root)| {
            let set = match Dir::open_ambient_dir(root, ambient_authority()) {
                Ok(dir) => Self::scan(*origin, Arc::new(dir), limits),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => Self::default(),
                Err(error) => {
                    let warnings = vec![format!("{}: cannot be opened: {error}", root.display())];
                    Self { warnings: Arc::new(warnings), ..Self::default() }
                }
            };
            set.over(&below)
        })
    }

    /// Reads every skill under one root.
    #[must_use]
    pub fn scan(origin: Origin, root: Arc<Dir>, limits: &SkillLimits) -> Self {
        let mut scan = Scan {
            origin,
            root: Arc::clone(&root),
            limits,
            left: limits.folders,
            found: BTreeMap::new(),
            warnings: Vec::new(),
        };
        scan.look(&root, &mut Vec::new());
        if scan.left == 0 {
            scan.warnings.push(format!(
                "more than {} folders of {} skills; the rest was not searched",
                limits.folders,
                origin.as_str()
            ));
        }
        Self { skills: Arc::new(scan.found), warnings: Arc::new(scan.warnings) }
    }

    /// These before those: of two with one name, the one from here counts, and says whose it stands before.
    #[must_use]
    pub fn over(self, below: &Self) -> Self {
        if self.skills.is_empty() && self.warnings.is_empty() {
            return below.clone();
        }
        let mut skills = BTreeMap::clone(&below.skills);
        for (name, skill) in self.skills.iter() {
            let mut skill = Arc::clone(skill);
            if let Some(replaced) = below.skills.get(name) {
                Arc::make_mut(&mut skill).replaces = Some(replaced.origin);
            }
            skills.insert(name.clone(), skill);
        }
        let warnings = self.warnings.iter().chain(below.warnings.iter()).cloned().collect();
        Self { skills: Arc::new(skills), warnings: Arc::new(warnings) }
    }

    /// Only the skills of these names.
    #[must_use]
    pub fn only(&self, names: &BTreeSet<String>) -> Self {
        let chosen = self.skills.iter().filter(|(name, _)| names.contains(*name));
        let skills = chosen.map(|(name, skill)| (name.clone(), Arc::clone(skill))).collect();
        Self { skills: Arc::new(skills), warnings: Arc::clone(&self.warnings) }
    }

    /// The families of tools that go with the skills that are switched off: named by one of them, and by none of these.
    #[must_use]
    pub fn families_hidden_without(&self, enabled: &Self) -> BTreeSet<String> {
        let named = |set: &Self| set.iter().flat_map(|skill| skill.families()).cloned().collect::<BTreeSet<_>>();
        named(self).difference(&named(enabled)).cloned().collect()
    }

    /// The skill of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Arc<Skill>> {
        self.skills.get(name)
    }

    /// All skills, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Skill>> {
        self.skills.values()
    }

    /// Their names, in order.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        self.skills.keys().map(String::as_str).collect()
    }

    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        self.skills.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.skills.is_empty()
    }

    /// What was odd about the folders.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }
}

struct Scan<'a> {
    origin: Origin,
    root: Arc<Dir>,
    limits: &'a SkillLimits,
    /// Folders that may still be opened.
    left: usize,
    found: BTreeMap<String, Arc<Skill>>,
    warnings: Vec<String>,
}

impl Scan<'_> {
    fn look(&mut self, dir: &Dir, path: &mut Vec<String>) {
        if self.left == 0 {
            return;
        }
        self.left = self.left.saturating_sub(1);
        for file in SKILL_FILES {
            if dir.symlink_metadata(file).is_ok_and(|meta| meta.is_file()) {
                self.add(path, file);
                return;
            }
        }
        if path.len() >= self.limits.depth {
            return;
        }
        for name in sub_folders(dir) {
            if let Ok(sub) = dir.open_dir_nofollow(&name) {
                path.push(name);
                self.look(&sub, path);
                path.pop();
            }
        }
    }

    fn add(&mut self, path: &[String], file: &str) {
        let place = path.join("/");
        let folder = SkillFolder::new(Arc::clone(&self.root), path.to_vec());
        let Ok(file) = FilePath::parse(file) else { return };
        match skill::read(self.origin, folder, file, self.limits) {
            Ok(skill) => {
                self.warnings.extend(skill.warnings().iter().map(|text| format!("{place}: {text}")));
                if self.found.contains_key(skill.name()) {
                    self.warnings.push(format!("{place}: a skill named {} exists already", skill.name()));
                } else {
                    self.found.insert(skill.name().to_owned(), Arc::new(skill));
                }
            }
            Err(reason) => self.warnings.push(format!("{place}: skipped: {reason}")),
        }
    }
}

fn sub_folders(dir: &Dir) -> Vec<String> {
    let Ok(entries) = dir.entries() else { return Vec::new() };
    let mut names: Vec<String> = entries
        .flatten()
        // Of the entry itself: a link is no folder.
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| !is_skipped(name))
        .collect();
    names.sort();
    names
}

//! What the tests share.

use std::fs;
use std::path::Path;

use bricklayer_skills::{Origin, SkillLimits, SkillSet};

pub(crate) fn put(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

pub(crate) fn load(roots: &[(Origin, &Path)]) -> SkillSet {
    let roots: Vec<_> = roots.iter().map(|(origin, root)| (*origin, root.to_path_buf())).collect();
    SkillSet::load(&roots, &SkillLimits::default())
}

/// A SKILL.md.
pub(crate) fn skill(name: &str, more: &str) -> String {
    format!("---\nname: {name}\ndescription: Does {name}.\n{more}---\n# {name}\n")
}

//! A project's own skills: copies of the host's, what was uploaded, what was edited. A skill is replaced as a whole, by
//! renaming a finished folder into its place.

use std::io::Write as _;
use std::sync::Arc;

use cap_fs_ext::DirExt as _;
use cap_std::fs::Dir;

use crate::agent::AgentSet;
use crate::error::SkillError;
use crate::folder::{FilePath, SkillFolder, digest};
use crate::limits::SkillLimits;
use crate::set::SkillSet;
use crate::skill::{Origin, SKILL_FILES};
use crate::validate::{self, is_skill_name};

/// Where a skill is written before it takes its place, and where the one before goes. Hidden, so no scan finds them; what
/// a crash leaves is cleared by the next change.
const INCOMING: &str = ".incoming";
const OUTGOING: &str = ".outgoing";

/// The folder of a project's own skills. Changes of one project must not run side by side.
#[derive(Debug, Clone)]
pub struct SkillStore {
    root: Arc<Dir>,
}

impl SkillStore {
    /// Over an opened folder.
    #[must_use]
    pub fn new(root: Dir) -> Self {
        Self { root: Arc::new(root) }
    }

    /// The skills in it.
    #[must_use]
    pub fn scan(&self, limits: &SkillLimits) -> SkillSet {
        SkillSet::scan(Origin::Project, Arc::clone(&self.root), limits)
    }

    /// The subagents beside them.
    #[must_use]
    pub fn agents(&self) -> AgentSet {
        AgentSet::scan(Origin::Project, &self.root)
    }

    /// The folder of the skill of this name, whether or not it exists.
    ///
    /// # Errors
    /// [`SkillError::BadPath`] when that is no name of a skill.
    pub fn folder(&self, name: &str) -> Result<SkillFolder, SkillError> {
        if !is_skill_name(name) {
            return Err(SkillError::BadPath(name.to_owned()));
        }
        Ok(SkillFolder::new(Arc::clone(&self.root), vec![name.to_owned()]))
    }

    /// The digest of a skill's content; none when it is not here, or holds more than the limits allow.
    #[must_use]
    pub fn digest(&self, name: &str, limits: &SkillLimits) -> Option<String> {
        let contents = self.folder(name).ok()?.contents(limits).ok()?;
        Some(digest(&contents))
    }

    /// Puts a skill in its place, instead of the one of this name that is there, and says its digest.
    ///
    /// # Errors
    /// When a bound is broken or the disk fails; then what was there is there still.
    pub fn put(
        &self,
        name: &str,
        contents: &[(FilePath, Vec<u8>)],
        limits: &SkillLimits,
    ) -> Result<String, SkillError> {
        self.folder(name)?;
        check(name, contents, limits)?;
        self.clear(INCOMING)?;
        self.root.create_dir(INCOMING)?;
        let incoming = self.root.open_dir_nofollow(INCOMING)?;
        for (path, content) in contents {
            let (folders, file) = path.split();
            let mut dir = incoming.try_clone()?;
            for folder in folders {
                match dir.create_dir(folder) {
                    Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => return Err(error.into()),
                    Ok(()) | Err(_) => {}
                }
                dir = dir.open_dir_nofollow(folder)?;
            }
            // Not waited for on the disk: what a power cut takes is copied or sent again.
            dir.create(file)?.write_all(content)?;
        }
        self.clear(OUTGOING)?;
        match self.root.rename(name, &self.root, OUTGOING) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            Ok(()) | Err(_) => {}
        }
        self.root.rename(INCOMING, &self.root, name)?;
        self.clear(OUTGOING)?;
        Ok(digest(contents))
    }

    /// Puts one file of a skill in its place and says the skill's digest. A SKILL.md that breaks the specification is
    /// refused.
    ///
    /// # Errors
    /// When the skill is not here, a bound is broken, or the disk fails.
    pub fn put_file(
        &self,
        name: &str,
        path: &FilePath,
        content: Vec<u8>,
        limits: &SkillLimits,
    ) -> Result<String, SkillError> {
        let mut contents = self.folder(name)?.contents(limits)?;
        if SKILL_FILES.contains(&path.as_str()) {
            let text = std::str::from_utf8(&content).map_err(|_| SkillError::NotText(path.to_string()))?;
            let problems = validate::problems(text, name);
            if !problems.is_empty() {
                return Err(SkillError::Invalid(problems));
            }
        }
        match contents.iter_mut().find(|(known, _)| known == path) {
            Some((_, known)) => *known = content,
            None => contents.push((path.clone(), content)),
        }
        contents.sort_by(|(a, _), (b, _)| a.cmp(b));
        self.put(name, &contents, limits)
    }

    /// Removes a skill; one that is not here is gone already.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn remove(&self, name: &str) -> Result<(), SkillError> {
        self.folder(name)?;
        self.clear(OUTGOING)?;
        match self.root.rename(name, &self.root, OUTGOING) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error.into()),
            Ok(()) => {}
        }
        self.clear(OUTGOING)
    }

    fn clear(&self, name: &str) -> Result<(), SkillError> {
        match self.root.remove_dir_all(name) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
            Ok(()) | Err(_) => Ok(()),
        }
    }
}

/// Whether a skill's content keeps within the bounds.
pub(crate) fn check(name: &str, contents: &[(FilePath, Vec<u8>)], limits: &SkillLimits) -> Result<(), SkillError> {
    let too_large = |what: String, most: u64, unit| Err(SkillError::TooLarge { what, most, unit });
    if contents.len() > limits.files {
        return too_large(format!("what `{name}` holds"), limits.files as u64, "files");
    }
    let mut sum = 0_u64;
    for (path, content) in contents {
        let bytes = content.len() as u64;
        if bytes > limits.file_bytes {
            return too_large(format!("`{path}`"), limits.file_bytes, "bytes");
        }
        if path.depth() > limits.depth {
            return too_large(format!("the depth of `{path}`"), limits.depth as u64, "folders");
        }
        sum = sum.saturating_add(bytes);
    }
    if sum > limits.skill_bytes {
        return too_large(format!("what `{name}` holds"), limits.skill_bytes, "bytes");
    }
    Ok(())
}

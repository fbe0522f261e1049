//! One skill, as a tolerant reader has it.

use crate::error::SkillError;
use crate::folder::{FilePath, SkillFolder};
use crate::front_matter::{self, FrontMatter};
use crate::limits::{MAX_FRONT_MATTER_BYTES, SkillLimits};
use crate::validate::is_skill_name;

/// Whose skill it is. Of two with one name the earlier counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// The project's own: copied, uploaded or edited there.
    Project,
    /// The operator's folder.
    Operator,
    /// Came with the host.
    Shipped,
}

impl Origin {
    /// `project`, `operator` or `shipped`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Project => "project",
            Self::Operator => "operator",
            Self::Shipped => "shipped",
        }
    }
}

/// Names under which the file of a skill is found, the first before the second.
pub(crate) const SKILL_FILES: [&str; 2] = ["SKILL.md", "skill.md"];

/// The key of a skill's `metadata` that names families of tools, separated by blanks: they are hidden where every skill
/// that names them is switched off.
const FAMILIES_KEY: &str = "bricklayer-families";

/// A skill: what the prompt says of it. Its body and its other files are read when they are asked for.
#[derive(Debug, Clone)]
pub struct Skill {
    name: String,
    description: String,
    license: Option<String>,
    compatibility: Option<String>,
    allowed_tools: Option<String>,
    families: Vec<String>,
    pub(crate) origin: Origin,
    pub(crate) replaces: Option<Origin>,
    warnings: Vec<String>,
    folder: SkillFolder,
    file: FilePath,
}

impl Skill {
    /// Its name, unique in a set.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it does and when to use it.
    #[must_use]
    pub fn description(&self) -> &str {
        &self.description
    }

    /// Its licence, as it says.
    #[must_use]
    pub fn license(&self) -> Option<&str> {
        self.license.as_deref()
    }

    /// What it needs, as it says.
    #[must_use]
    pub fn compatibility(&self) -> Option<&str> {
        self.compatibility.as_deref()
    }

    /// The tools that it asks to be allowed. For people to read: nothing is allowed by it.
    #[must_use]
    pub fn allowed_tools(&self) -> Option<&str> {
        self.allowed_tools.as_deref()
    }

    /// Families of tools that are about what the skill is about, by the names of their plugins.
    #[must_use]
    pub fn families(&self) -> &[String] {
        &self.families
    }

    /// Whose it is.
    #[must_use]
    pub const fn origin(&self) -> Origin {
        self.origin
    }

    /// Whose skill of the same name it stands before.
    #[must_use]
    pub const fn replaces(&self) -> Option<Origin> {
        self.replaces
    }

    /// What is odd about it.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Where it lies.
    #[must_use]
    pub const fn folder(&self) -> &SkillFolder {
        &self.folder
    }

    /// The file that makes it a skill.
    #[must_use]
    pub const fn file(&self) -> &FilePath {
        &self.file
    }

    /// SKILL.md without its front matter, as it is now.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn body(&self, limits: &SkillLimits) -> Result<String, SkillError> {
        let text = self.folder.read_text(&self.file, limits)?;
        let body = front_matter::split(&text).map_or(&*text, |(_, body)| body);
        Ok(body.trim().to_owned())
    }

    /// The paths of its other files, as they are now.
    ///
    /// # Errors
    /// When its folder cannot be opened.
    pub fn resources(&self, limits: &SkillLimits) -> Result<Vec<FilePath>, SkillError> {
        let (files, _) = self.folder.files(limits)?;
        Ok(files.into_iter().map(|file| file.path).filter(|path| *path != self.file).collect())
    }
}

/// Reads the front matter of the skill in a folder: tolerantly, so that only what has no description, or none that can be
/// read, is no skill.
pub(crate) fn read(origin: Origin, folder: SkillFolder, file: FilePath, limits: &SkillLimits) -> Result<Skill, String> {
    let most = usize::try_from(limits.file_bytes).unwrap_or(usize::MAX).min(MAX_FRONT_MATTER_BYTES);
    let (head, bytes) = folder.head(&file, most).map_err(|error| error.to_string())?;
    if bytes > limits.file_bytes {
        return Err(format!("{file} has {bytes} bytes, more than {}", limits.file_bytes));
    }
    let (front, _) = front_matter::split(&head).ok_or("it does not begin with front matter between `---` lines")?;
    let FrontMatter { name, description, license, compatibility, allowed_tools, metadata, .. } =
        front_matter::parse(front)?;
    let description = description.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let description = description.ok_or("it has no description")?;
    let folder_name = folder.name();
    let mut warnings = Vec::new();
    let name = match name.as_deref().map(str::trim).filter(|name| is_skill_name(name)) {
        Some(name) => name.to_owned(),
        None if is_skill_name(folder_name) => {
            warnings.push("its name is missing or breaks the rules; the folder's name is used".to_owned());
            folder_name.to_owned()
        }
        None => return Err("neither its name nor its folder's is a skill name".to_owned()),
    };
    if name != folder_name {
        warnings.push(format!("its name {name} is not its folder's"));
    }
    if description.chars().count() > 1024 {
        warnings.push("its description has more than 1024 characters".to_owned());
    }
    let families = metadata.iter().find(|(key, _)| key == FAMILIES_KEY);
    let families = families.map(|(_, value)| value.split_whitespace().map(str::to_owned).collect());
    Ok(Skill {
        name,
        description,
        license,
        compatibility,
        allowed_tools,
        families: families.unwrap_or_default(),
        origin,
        replaces: None,
        warnings,
        folder,
        file,
    })
}

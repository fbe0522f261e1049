//! Skills: folders with a SKILL.md after the Agent Skills specification (agentskills.io), listed in the prompt by name
//! and description and loaded by the Skill tool.
//!
//! Loading is tolerant: a skill is skipped only when it has no description or its front matter cannot be read; all
//! else is a warning. Of two skills with one name the one of the earlier folder counts.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use serde::Deserialize;

/// Folders looked into at most, over all roots; protects the start against a root that is no skills folder.
const MAX_FOLDERS: usize = 2000;

/// How deep a skill may lie under its root.
const MAX_DEPTH: usize = 4;

/// Largest SKILL.md, in bytes; the specification asks for fewer than 5,000 tokens.
const MAX_SKILL_BYTES: u64 = 256 * 1024;

/// Largest resource that the Skill tool shows, in bytes.
pub(crate) const MAX_RESOURCE_BYTES: u64 = 256 * 1024;

/// Resources listed with a skill's body at most.
const MAX_RESOURCES: usize = 200;

/// Characters of a description in the prompt's listing, as coding agents have it.
const MAX_LISTING_CHARS: usize = 1536;

/// One skill.
#[derive(Debug)]
pub struct Skill {
    name: String,
    description: String,
    body: String,
    resources: Vec<String>,
    folder: Dir,
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

    /// SKILL.md without its front matter.
    #[must_use]
    pub fn body(&self) -> &str {
        &self.body
    }

    /// The other files of its folder, as paths relative to it, sorted.
    #[must_use]
    pub fn resources(&self) -> &[String] {
        &self.resources
    }

    /// The description on one line, cut for the prompt.
    pub(crate) fn listing(&self) -> String {
        let line = self.description.split_whitespace().collect::<Vec<_>>().join(" ");
        line.chars().take(MAX_LISTING_CHARS).collect()
    }

    pub(crate) fn folder(&self) -> &Dir {
        &self.folder
    }
}

/// The skills an agent may load, in the order of their names.
#[derive(Debug, Default)]
pub struct SkillSet {
    skills: BTreeMap<String, Arc<Skill>>,
    warnings: Vec<String>,
}

impl SkillSet {
    /// Reads every skill under these folders; a folder that does not exist holds none.
    #[must_use]
    pub fn load(roots: &[PathBuf]) -> Self {
        let mut set = Self::default();
        let mut budget = MAX_FOLDERS;
        for root in roots {
            match Dir::open_ambient_dir(root, ambient_authority()) {
                Ok(dir) => set.scan(&dir, root, 0, &mut budget),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => set.warnings.push(format!("{}: cannot be opened: {error}", root.display())),
            }
        }
        if budget == 0 {
            set.warnings.push(format!("more than {MAX_FOLDERS} folders; the rest was not searched for skills"));
        }
        set
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

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.skills.is_empty()
    }

    /// What was odd about the folders, for the log.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    fn scan(&mut self, dir: &Dir, path: &Path, depth: usize, budget: &mut usize) {
        if *budget == 0 {
            return;
        }
        *budget = budget.saturating_sub(1);
        for file in ["SKILL.md", "skill.md"] {
            if dir.symlink_metadata(file).is_ok_and(|meta| meta.is_file()) {
                self.add(dir, path, file);
                return;
            }
        }
        if depth >= MAX_DEPTH {
            return;
        }
        for name in sub_folders(dir) {
            if let Ok(sub) = dir.open_dir(&name) {
                self.scan(&sub, &path.join(&name), depth.saturating_add(1), budget);
            }
        }
    }

    fn add(&mut self, dir: &Dir, path: &Path, file: &str) {
        match read_skill(dir, path, file) {
            Ok((skill, warnings)) => {
                self.warnings.extend(warnings.into_iter().map(|text| format!("{}: {text}", path.display())));
                if self.skills.contains_key(&skill.name) {
                    self.warnings.push(format!("{}: a skill named {} exists already", path.display(), skill.name));
                } else {
                    self.skills.insert(skill.name.clone(), Arc::new(skill));
                }
            }
            Err(reason) => self.warnings.push(format!("{}: skipped: {reason}", path.display())),
        }
    }
}

fn sub_folders(dir: &Dir) -> Vec<String> {
    let Ok(entries) = dir.entries() else { return Vec::new() };
    let mut names: Vec<String> = entries
        .flatten()
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| name != ".git" && name != "node_modules")
        .collect();
    names.sort();
    names
}

#[derive(Debug, Deserialize)]
struct FrontMatter {
    name: Option<String>,
    description: Option<String>,
}

fn read_skill(dir: &Dir, path: &Path, file: &str) -> Result<(Skill, Vec<String>), String> {
    let size = dir.metadata(file).map_err(|error| error.to_string())?.len();
    if size > MAX_SKILL_BYTES {
        return Err(format!("{file} has {size} bytes, more than {MAX_SKILL_BYTES}"));
    }
    let text = dir.read_to_string(file).map_err(|error| format!("{file} cannot be read: {error}"))?;
    let (front, body) = split_front_matter(&text).ok_or("it does not begin with front matter between `---` lines")?;
    let front = parse_front_matter(front)?;
    let description = front.description.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let description = description.ok_or("it has no description")?;
    let folder_name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let mut warnings = Vec::new();
    let name = match front.name.as_deref().map(str::trim).filter(|name| is_skill_name(name)) {
        Some(name) => name.to_owned(),
        None if is_skill_name(&folder_name) => {
            warnings.push("its name is missing or breaks the rules; the folder's name is used".to_owned());
            folder_name.clone()
        }
        None => return Err("neither its name nor its folder's is a skill name".to_owned()),
    };
    if name != folder_name {
        warnings.push(format!("its name {name} is not its folder's"));
    }
    if description.chars().count() > 1024 {
        warnings.push("its description has more than 1024 characters".to_owned());
    }
    let folder = dir.try_clone().map_err(|error| error.to_string())?;
    let resources = list_resources(dir, file);
    Ok((Skill { name, description, body: body.trim().to_owned(), resources, folder }, warnings))
}

/// 1 to 64 letters, digits and single hyphens. Source: Agent Skills specification, "name".
fn is_skill_name(name: &str) -> bool {
    (1..=64).contains(&name.chars().count())
        && name.chars().all(|c| c == '-' || c.is_numeric() || (c.is_alphabetic() && !c.is_uppercase()))
        && !name.starts_with('-')
        && !name.ends_with('-')
        && !name.contains("--")
}

fn split_front_matter(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start_matches('\u{feff}');
    let rest = text.strip_prefix("---\n").or_else(|| text.strip_prefix("---\r\n"))?;
    let mut offset = 0;
    for line in rest.split_inclusive('\n') {
        if line.trim_end() == "---" {
            let body_start = offset + line.len();
            return Some((rest.get(..offset)?, rest.get(body_start..)?));
        }
        offset += line.len();
    }
    None
}

fn parse_front_matter(front: &str) -> Result<FrontMatter, String> {
    match serde_norway::from_str(front) {
        Ok(parsed) => Ok(parsed),
        // `description: Use when: …` is common and no YAML; quoting the values makes it readable.
        Err(error) => {
            serde_norway::from_str(&quote_values(front)).map_err(|_| format!("its front matter is not YAML: {error}"))
        }
    }
}

fn quote_values(front: &str) -> String {
    let quote = |line: &str| match line.split_once(": ") {
        Some((key, value))
            if !key.starts_with([' ', '#', '-'])
                && !value.trim_start().starts_with(['"', '\'', '|', '>', '[', '{']) =>
        {
            format!("{key}: \"{}\"", value.trim().replace('\\', "\\\\").replace('"', "\\\""))
        }
        Some(_) | None => line.to_owned(),
    };
    front.lines().map(quote).collect::<Vec<_>>().join("\n")
}

fn list_resources(dir: &Dir, skill_file: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![(String::new(), 0_usize)];
    while let Some((prefix, depth)) = open.pop() {
        let folder = if prefix.is_empty() { dir.try_clone() } else { dir.open_dir(&prefix) };
        let Ok(entries) = folder.and_then(|folder| folder.entries()) else { continue };
        for entry in entries.flatten() {
            let (Ok(kind), Ok(name)) = (entry.file_type(), entry.file_name().into_string()) else { continue };
            let path = if prefix.is_empty() { name } else { format!("{prefix}/{name}") };
            if kind.is_dir() && depth < MAX_DEPTH && !path.ends_with(".git") && !path.ends_with("node_modules") {
                open.push((path, depth.saturating_add(1)));
            } else if kind.is_file() && path != skill_file && found.len() < MAX_RESOURCES {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

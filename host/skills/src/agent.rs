//! Subagents as files: Markdown with front matter, as coding agents have them. Front matter says what one is for and
//! which tools it has; the text is its prompt.
//!
//! They lie in the folder `agents` beside skills. Loading is tolerant, as with skills; [`agent_problems`] is strict.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use cap_fs_ext::DirExt as _;
use cap_std::ambient_authority;
use cap_std::fs::Dir;

use crate::folder::{FilePath, SkillFolder};
use crate::front_matter;
use crate::limits::{MAX_FRONT_MATTER_BYTES, SkillLimits};
use crate::skill::Origin;
use crate::validate::is_skill_name;
use crate::yaml::{self, Node};

/// The folder beside skills that holds subagents.
const FOLDER: &str = "agents";

/// Subagents of one folder: a model is told of each before it asks for one.
const MAX_AGENTS: usize = 32;

/// Bytes of a file: front matter and prompt, which every call of the subagent's model reads.
const MAX_AGENT_BYTES: u64 = 64 << 10;

/// Characters of a description, as with skills.
const MAX_DESCRIPTION_CHARS: usize = 1024;

/// Names in a list of tools.
const MAX_TOOLS: usize = 200;

/// The word for the model of whoever calls.
const INHERIT: &str = "inherit";

/// The fields of a front matter.
const FIELDS: [&str; 4] = ["name", "description", "tools", "model"];

/// A subagent. What it says is its author's text and grants nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentDefinition {
    name: String,
    description: String,
    tools: Option<Vec<String>>,
    model: Option<String>,
    prompt: String,
    origin: Origin,
    replaces: Option<Origin>,
    warnings: Vec<String>,
}

impl AgentDefinition {
    /// Its name, unique in a set.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it is for.
    #[must_use]
    pub fn description(&self) -> &str {
        &self.description
    }

    /// The tools that it has of those of its caller, by their full names or by the last part; none: all.
    #[must_use]
    pub fn tools(&self) -> Option<&[String]> {
        self.tools.as_deref()
    }

    /// The model that it asks; none: its caller's.
    #[must_use]
    pub fn model(&self) -> Option<&str> {
        self.model.as_deref()
    }

    /// What it is told.
    #[must_use]
    pub fn prompt(&self) -> &str {
        &self.prompt
    }

    /// Whose it is.
    #[must_use]
    pub const fn origin(&self) -> Origin {
        self.origin
    }

    /// Whose subagent of the same name it stands before.
    #[must_use]
    pub const fn replaces(&self) -> Option<Origin> {
        self.replaces
    }

    /// What is odd about it.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }
}

/// Subagents by name. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct AgentSet {
    agents: Arc<BTreeMap<String, Arc<AgentDefinition>>>,
    warnings: Arc<Vec<String>>,
}

impl AgentSet {
    /// Reads every subagent beside the skills of these folders, the earlier before the later; a folder that does not
    /// exist holds none.
    #[must_use]
    pub fn load(roots: &[(Origin, PathBuf)]) -> Self {
        roots.iter().rev().fold(Self::default(), |below, (origin, root)| {
            match Dir::open_ambient_dir(root, ambient_authority()) {
                Ok(dir) => Self::scan(*origin, &Arc::new(dir)).over(&below),
                // Whoever reads the skills there says so.
                Err(_) => below,
            }
        })
    }

    /// Reads every subagent beside the skills of one root.
    #[must_use]
    pub fn scan(origin: Origin, root: &Arc<Dir>) -> Self {
        let mut set = BTreeMap::new();
        let mut warnings = Vec::new();
        let folder = SkillFolder::new(Arc::clone(root), vec![FOLDER.to_owned()]);
        let mut files = root.open_dir_nofollow(FOLDER).map(|dir| files(&dir)).unwrap_or_default();
        if files.len() > MAX_AGENTS {
            warnings.push(format!("{FOLDER}: more than {MAX_AGENTS} files; the rest was not read"));
            files.truncate(MAX_AGENTS);
        }
        for file in files {
            match read(origin, &folder, &file) {
                Ok(agent) => {
                    warnings.extend(agent.warnings.iter().map(|text| format!("{FOLDER}/{file}: {text}")));
                    if set.contains_key(&agent.name) {
                        warnings.push(format!("{FOLDER}/{file}: a subagent named {} exists already", agent.name));
                    } else {
                        set.insert(agent.name.clone(), Arc::new(agent));
                    }
                }
                Err(reason) => warnings.push(format!("{FOLDER}/{file}: skipped: {reason}")),
            }
        }
        Self { agents: Arc::new(set), warnings: Arc::new(warnings) }
    }

    /// These before those: of two with one name the one from here counts, and says whose it stands before.
    #[must_use]
    pub fn over(self, below: &Self) -> Self {
        if self.agents.is_empty() && self.warnings.is_empty() {
            return below.clone();
        }
        let mut agents = BTreeMap::clone(&below.agents);
        for (name, agent) in self.agents.iter() {
            let mut agent = Arc::clone(agent);
            if let Some(replaced) = below.agents.get(name) {
                Arc::make_mut(&mut agent).replaces = Some(replaced.origin);
            }
            agents.insert(name.clone(), agent);
        }
        let warnings = self.warnings.iter().chain(below.warnings.iter()).cloned().collect();
        Self { agents: Arc::new(agents), warnings: Arc::new(warnings) }
    }

    /// The subagent of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Arc<AgentDefinition>> {
        self.agents.get(name)
    }

    /// All, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<AgentDefinition>> {
        self.agents.values()
    }

    /// Their names, in order.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        self.agents.keys().map(String::as_str).collect()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.agents.is_empty()
    }

    /// What was odd about the files.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }
}

/// What a file of this name, without its ending, breaks of the rules, one sentence each; empty when it is valid.
#[must_use]
pub fn agent_problems(text: &str, stem: &str) -> Vec<String> {
    if text.len() as u64 > MAX_AGENT_BYTES {
        return vec![format!("it has {} bytes, more than {MAX_AGENT_BYTES}", text.len())];
    }
    let Some((front, prompt)) = front_matter::split(text) else { return vec![NO_FRONT_MATTER.to_owned()] };
    let document = match yaml::parse(front) {
        Ok(document) => document,
        Err(error) => return vec![format!("its front matter is not YAML: {error}")],
    };
    let Node::Map(pairs) = document.root else {
        return vec!["its front matter is no list of `name: value` lines".to_owned()];
    };
    let mut found = document.refused;
    let unknown = pairs.iter().filter(|(key, _)| !key.text().is_some_and(|key| FIELDS.contains(&key)));
    for (key, _) in unknown {
        found.push(format!("`{}` is no field; there are: {}", key.joined().unwrap_or_default(), FIELDS.join(", ")));
    }
    match parse(Origin::Project, stem, front, prompt) {
        Ok(agent) => found.extend(agent.warnings),
        Err(problem) => found.push(problem),
    }
    found
}

const NO_FRONT_MATTER: &str = "it does not begin with front matter between `---` lines";

/// The Markdown files of a folder, in order: of the entries themselves, because a link is no file.
fn files(dir: &Dir) -> Vec<FilePath> {
    let Ok(entries) = dir.entries() else { return Vec::new() };
    let is_file = |entry: &cap_std::fs::DirEntry| entry.file_type().is_ok_and(|kind| kind.is_file());
    let name = |entry: cap_std::fs::DirEntry| entry.file_name().into_string().ok();
    let mut found: Vec<FilePath> = entries
        .flatten()
        .filter(is_file)
        // One more than is read, so that it can be said.
        .filter_map(name)
        .filter(|name| name.ends_with(".md"))
        .filter_map(|name| FilePath::parse(&name).ok())
        .collect();
    found.sort();
    found
}

fn read(origin: Origin, folder: &SkillFolder, file: &FilePath) -> Result<AgentDefinition, String> {
    let limits = SkillLimits { file_bytes: MAX_AGENT_BYTES, ..SkillLimits::default() };
    let text = folder.read_text(file, &limits).map_err(|error| error.to_string())?;
    let (front, prompt) = front_matter::split(&text).ok_or(NO_FRONT_MATTER)?;
    if front.len() > MAX_FRONT_MATTER_BYTES {
        return Err("its front matter is too long".to_owned());
    }
    parse(origin, file.as_str().trim_end_matches(".md"), front, prompt)
}

fn parse(origin: Origin, stem: &str, front: &str, prompt: &str) -> Result<AgentDefinition, String> {
    let matter = front_matter::parse(front)?;
    let says = |text: Option<String>| text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let description = says(matter.description).ok_or("it has no description")?;
    let prompt = says(Some(prompt.to_owned())).ok_or("it has no text under its front matter")?;
    let mut warnings = Vec::new();
    let name = match says(matter.name).filter(|name| is_skill_name(name)) {
        Some(name) => name,
        None if is_skill_name(stem) => {
            warnings.push("its name is missing or breaks the rules; the file's name is used".to_owned());
            stem.to_owned()
        }
        None => return Err("neither its name nor its file's is a name of a subagent".to_owned()),
    };
    if name != stem {
        warnings.push(format!("its name {name} is not its file's"));
    }
    if description.chars().count() > MAX_DESCRIPTION_CHARS {
        warnings.push(format!("its description has more than {MAX_DESCRIPTION_CHARS} characters"));
    }
    let tools = says(matter.tools).map(|tools| {
        let names = tools.split(|c: char| c == ',' || c.is_whitespace()).filter(|name| !name.is_empty());
        names.map(str::to_owned).collect::<Vec<_>>()
    });
    if tools.as_ref().is_some_and(|tools| tools.len() > MAX_TOOLS) {
        return Err(format!("it names more than {MAX_TOOLS} tools"));
    }
    let model = says(matter.model).filter(|model| model != INHERIT);
    Ok(AgentDefinition { name, description, tools, model, prompt, origin, replaces: None, warnings })
}

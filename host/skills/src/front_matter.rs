//! The front matter of a SKILL.md or of a subagent's file: where it ends, and what it says.

use crate::yaml::{self, Document, Node};

/// What a front matter says, as far as a tolerant reader needs it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct FrontMatter {
    pub(crate) name: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) license: Option<String>,
    pub(crate) compatibility: Option<String>,
    /// A request; nothing is granted by it.
    pub(crate) allowed_tools: Option<String>,
    pub(crate) metadata: Vec<(String, String)>,
    /// A subagent's tools.
    pub(crate) tools: Option<String>,
    /// A subagent's model.
    pub(crate) model: Option<String>,
}

/// The front matter and the body of a SKILL.md, as a tolerant reader takes them: between two lines of `---`.
pub(crate) fn split(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start_matches('\u{feff}');
    let (first, rest) = text.split_once('\n')?;
    if first.trim_end() != "---" {
        return None;
    }
    let mut offset = 0_usize;
    for line in rest.split_inclusive('\n') {
        let after = offset.saturating_add(line.len());
        if line.trim_end() == "---" {
            return Some((rest.get(..offset)?, rest.get(after..)?));
        }
        offset = after;
    }
    None
}

/// The front matter as the reference validator takes it: between the first two `---`, wherever they stand.
pub(crate) fn split_strictly(text: &str) -> Result<&str, &'static str> {
    let rest = text.strip_prefix("---").ok_or("SKILL.md must start with YAML front matter (---)")?;
    let (front, _) = rest.split_once("---").ok_or("SKILL.md's front matter is not closed with ---")?;
    Ok(front)
}

/// Reads a front matter tolerantly. `description: Use when: …` is common and no YAML; quoting the values makes it
/// readable.
pub(crate) fn parse(front: &str) -> Result<FrontMatter, String> {
    let is_map = |document: &Document| matches!(document.root, Node::Map(_));
    let first = yaml::parse(front);
    let document = match first {
        Ok(document) if is_map(&document) => document,
        Ok(_) => return Err("its front matter is no list of `name: value` lines".to_owned()),
        Err(error) => yaml::parse(&quote_values(front)).ok().filter(is_map).ok_or(error)?,
    };
    let Node::Map(pairs) = document.root else { return Ok(FrontMatter::default()) };
    let mut matter = FrontMatter::default();
    for (key, value) in pairs {
        match key.text() {
            Some("name") => matter.name = value.joined(),
            Some("description") => matter.description = value.joined(),
            Some("license") => matter.license = value.joined(),
            Some("compatibility") => matter.compatibility = value.joined(),
            Some("allowed-tools") => matter.allowed_tools = value.joined(),
            Some("tools") => matter.tools = value.joined(),
            Some("model") => matter.model = value.joined(),
            Some("metadata") => {
                let Node::Map(entries) = value else { continue };
                let texts = entries.iter().filter_map(|(key, value)| Some((key.text()?.to_owned(), value.joined()?)));
                matter.metadata = texts.collect();
            }
            Some(_) | None => {}
        }
    }
    Ok(matter)
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

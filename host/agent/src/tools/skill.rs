//! Skill: loads a skill's instructions, or one of its files.

use std::io::Read as _;

use bricklayer_domain::{ToolErrorKind, ToolFailure, ToolOutcome};
use serde_json::{Value, json};

use super::ToolResult;
use super::args::{Args, invalid};
use super::files::{ProjectFolder, ProjectPath, open_regular};
use crate::skills::{MAX_RESOURCE_BYTES, SkillSet};

pub(super) fn describe(skills: &SkillSet) -> (String, Value) {
    let description = "Loads a skill: instructions for a particular kind of work, listed in the system prompt. \
        Returns its text and the names of its other files; with `file`, returns that file.";
    let names: Vec<&str> = skills.iter().map(|skill| skill.name()).collect();
    let schema = json!({
        "type": "object",
        "properties": {
            "name": {"type": "string", "enum": names, "description": "The skill."},
            "file": {"type": "string", "description": "A file of the skill, as its listing names it."}
        },
        "required": ["name"],
        "additionalProperties": false
    });
    (description.to_owned(), schema)
}

pub(super) fn run(skills: &SkillSet, input: &Value) -> ToolResult {
    let args = Args::parse(input, &["name", "file"])?;
    let name = args.str("name")?;
    let Some(skill) = skills.get(name) else {
        let names: Vec<&str> = skills.iter().map(|skill| skill.name()).collect();
        let message = format!("no skill named `{name}`; there are: {}", names.join(", "));
        return Err(ToolFailure::new(ToolErrorKind::NotFound, message));
    };
    if let Some(file) = args.opt_str("file")? {
        let folder = skill.folder().try_clone().map_err(|_| invalid("the skill's folder is gone"))?;
        let path = ProjectPath::parse("file", file)?;
        let (file, size) = open_regular(&ProjectFolder::from_dir(folder), &path)?;
        if size > MAX_RESOURCE_BYTES {
            let message = format!("`{}` has {size} bytes, more than {MAX_RESOURCE_BYTES}", path.text());
            return Err(ToolFailure::new(ToolErrorKind::LimitExceeded, message));
        }
        let mut bytes = Vec::new();
        let read = file.take(MAX_RESOURCE_BYTES).read_to_end(&mut bytes);
        return match read.ok().and_then(|_| String::from_utf8(bytes).ok()) {
            Some(text) => Ok(ToolOutcome::text(text)),
            None => Err(ToolFailure::new(ToolErrorKind::Failed, format!("`{}` is not a text file", path.text()))),
        };
    }
    let mut content = format!("# Skill: {name}\n\n{}", skill.body());
    if !skill.resources().is_empty() {
        content.push_str("\n\nOther files of this skill, loaded with the `file` parameter:\n");
        for resource in skill.resources() {
            content.push_str("- ");
            content.push_str(resource);
            content.push('\n');
        }
    }
    Ok(ToolOutcome::text(content))
}

//! Skill: loads a skill's instructions, or one of its files.

use bricklayer_domain::{ToolErrorKind, ToolFailure, ToolOutcome};
use bricklayer_skills::{FilePath, SkillError, SkillLimits, SkillSet};
use serde_json::{Value, json};

use super::ToolResult;
use super::args::Args;

pub(super) fn describe(skills: &SkillSet) -> (String, Value) {
    let description = "Loads a skill: instructions for a particular kind of work, listed in the system prompt. \
        Returns its text and the names of its other files; with `file`, returns that file.";
    let names = skills.names();
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

pub(super) fn run(skills: &SkillSet, limits: &SkillLimits, input: &Value) -> ToolResult {
    let args = Args::parse(input, &["name", "file"])?;
    let name = args.str("name")?;
    let Some(skill) = skills.get(name) else {
        let message = format!("no skill named `{name}`; there are: {}", skills.names().join(", "));
        return Err(ToolFailure::new(ToolErrorKind::NotFound, message));
    };
    if let Some(file) = args.opt_str("file")? {
        let path = FilePath::parse(file).map_err(|error| failed(&error))?;
        let text = skill.folder().read_text(&path, limits).map_err(|error| failed(&error))?;
        return Ok(ToolOutcome::text(text));
    }
    let body = skill.body(limits).map_err(|error| failed(&error))?;
    let resources = skill.resources(limits).map_err(|error| failed(&error))?;
    let mut content = format!("# Skill: {name}\n\n{body}");
    if !resources.is_empty() {
        content.push_str("\n\nOther files of this skill, loaded with the `file` parameter:\n");
        for resource in resources {
            content.push_str("- ");
            content.push_str(resource.as_str());
            content.push('\n');
        }
    }
    Ok(ToolOutcome::text(content))
}

fn failed(error: &SkillError) -> ToolFailure {
    let kind = match error {
        SkillError::NotFound(_) | SkillError::NotAFile(_) => ToolErrorKind::NotFound,
        SkillError::BadPath(_) => ToolErrorKind::Denied,
        SkillError::TooLarge { .. } => ToolErrorKind::LimitExceeded,
        SkillError::NotText(_) | SkillError::BadArchive(_) | SkillError::Invalid(_) | SkillError::Io(_) => {
            ToolErrorKind::Failed
        }
    };
    ToolFailure::new(kind, error.to_string())
}

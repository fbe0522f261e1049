//! The strict side: what the Agent Skills specification (agentskills.io/specification) asks of a SKILL.md. Its verdicts
//! are those of the reference validator, `skills-ref`; a test holds them side by side.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

use crate::front_matter::split_strictly;
use crate::yaml::{self, Node};

const MAX_NAME_CHARS: usize = 64;
const MAX_DESCRIPTION_CHARS: usize = 1024;
const MAX_COMPATIBILITY_CHARS: usize = 500;

/// The fields that the specification knows.
const FIELDS: [&str; 6] = ["name", "description", "license", "allowed-tools", "metadata", "compatibility"];

/// What a SKILL.md in a folder of this name breaks of the specification, one sentence each; empty when it is valid.
#[must_use]
pub fn problems(text: &str, folder_name: &str) -> Vec<String> {
    // As text is read in Python: every end of a line is the same.
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let front = match split_strictly(&text) {
        Ok(front) => front,
        Err(problem) => return vec![problem.to_owned()],
    };
    let document = match yaml::parse(front) {
        Ok(document) => document,
        Err(error) => return vec![format!("its front matter is not YAML: {error}")],
    };
    if !document.refused.is_empty() {
        return document.refused.into_iter().map(|problem| format!("its front matter is refused: {problem}")).collect();
    }
    let Node::Map(pairs) = document.root else {
        return vec!["its front matter is no list of `name: value` lines".to_owned()];
    };
    let field = |name: &str| pairs.iter().find(|(key, _)| key.text() == Some(name)).map(|(_, value)| value);
    let mut found = Vec::new();
    for (key, _) in &pairs {
        if !key.text().is_some_and(|key| FIELDS.contains(&key)) {
            let key = key.joined().unwrap_or_default();
            found.push(format!("`{key}` is no field; there are: {}", FIELDS.join(", ")));
        }
    }
    match field("name") {
        None => found.push("it has no name".to_owned()),
        Some(name) => name_problems(name.text(), folder_name, &mut found),
    }
    match field("description") {
        None => found.push("it has no description".to_owned()),
        Some(description) => match description.text().filter(|text| !is_blank(text)) {
            None => found.push("its description must be a text that says something".to_owned()),
            Some(text) if text.chars().count() > MAX_DESCRIPTION_CHARS => {
                found.push(format!("its description has more than {MAX_DESCRIPTION_CHARS} characters"));
            }
            Some(_) => {}
        },
    }
    match field("compatibility").map(Node::text) {
        Some(None) => found.push("its compatibility must be a text".to_owned()),
        Some(Some(text)) if text.chars().count() > MAX_COMPATIBILITY_CHARS => {
            found.push(format!("its compatibility has more than {MAX_COMPATIBILITY_CHARS} characters"));
        }
        Some(Some(_)) | None => {}
    }
    found
}

fn name_problems(name: Option<&str>, folder_name: &str, found: &mut Vec<String>) {
    let Some(name) = name.filter(|name| !is_blank(name)) else {
        found.push("its name must be a text that says something".to_owned());
        return;
    };
    let name = normal(strip(name));
    if !is_skill_name(&name) {
        found.push(format!(
            "its name `{name}` must be 1 to {MAX_NAME_CHARS} lower-case letters, digits and single hyphens, none of them \
             at an end"
        ));
    }
    if normal(folder_name) != name {
        found.push(format!("its name `{name}` is not its folder's, `{folder_name}`"));
    }
}

/// Whether this is a name that a skill may have: 1 to 64 lower-case letters, digits and single hyphens.
#[must_use]
pub fn is_skill_name(name: &str) -> bool {
    (1..=MAX_NAME_CHARS).contains(&name.chars().count())
        && name.chars().all(|c| c == '-' || (c.is_alphanumeric() && !is_combining_mark(c)))
        && name.to_lowercase() == name
        && !name.starts_with('-')
        && !name.ends_with('-')
        && !name.contains("--")
}

fn normal(text: &str) -> String {
    text.nfkc().collect()
}

/// As Python strips: separators of records count as blanks there.
fn strip(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c))
}

fn is_blank(text: &str) -> bool {
    strip(text).is_empty()
}

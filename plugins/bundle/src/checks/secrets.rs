//! Secrets that stand in a bundle's files. What is said of one never repeats it.

use crate::finding::{Findings, Rule};
use crate::reference::{Part, parts};
use crate::value::{At, Kind, Value};

/// How texts begin that are secrets, with the least number of letters and digits that follow.
const MARKS: [(&str, usize); 8] = [
    ("dapi", 32),
    ("dose", 32),
    ("dkea", 32),
    ("AKIA", 16),
    ("ghp_", 36),
    ("github_pat_", 22),
    ("xoxb-", 20),
    ("sk-ant-", 20),
];

/// Ends of names whose values are secrets.
const SECRET_NAMES: [&str; 8] =
    ["password", "passwd", "secret", "secret_key", "access_key", "api_key", "apikey", "token"];

/// Characters of a value that is too short to be a secret.
const MIN_CHARS: usize = 8;

/// Looks at secrets of the bundle before references are put in: their values come by variables.
pub(crate) fn check_values(root: &Value, findings: &mut Findings) {
    for secret in root.entries_at(&["resources", "secrets"]) {
        for field in ["string_value", "value", "bytes_value"] {
            let Some(value) = secret.value.get(&[field]) else { continue };
            let is_variable = value.as_text().is_some_and(|text| {
                matches!(parts(text).as_slice(), [Part::Reference(one)] if ["var", "variables"].contains(&one.keys().first().copied().unwrap_or_default()))
            });
            if !is_variable {
                let path = format!("resources.secrets.{}.{field}", secret.key);
                let message = "a secret's value stands in the bundle's files";
                let advice =
                    "declare a variable without a default, write `${var.<name>}` here, and give its value outside";
                findings.add(Rule::SecretValue, path, value, message, advice);
            }
        }
    }
}

/// Looks for texts that look like secrets.
pub(super) fn check_texts(root: &Value, findings: &mut Findings) {
    for section in ["resources", "variables", "scripts"] {
        if let Some(value) = root.get(&[section]) {
            walk(value, "", At::ROOT.key(section), findings);
        }
    }
}

fn walk(value: &Value, name: &str, at: At<'_>, findings: &mut Findings) {
    match &value.kind {
        Kind::List(items) => {
            for (index, item) in items.iter().enumerate() {
                walk(item, name, at.index(index), findings);
            }
        }
        Kind::Map(map) => {
            // A parameter has its name beside its value, a variable around it.
            let own = map.get("name").or_else(|| map.get("key")).and_then(Value::as_text);
            for entry in map {
                let is_value = ["default", "value"].contains(&entry.key.as_str());
                let name = if is_value { own.unwrap_or(name) } else { &entry.key };
                walk(&entry.value, name, at.key(&entry.key), findings);
            }
        }
        Kind::Text(text) if value.place.is_some() => {
            let is_reference = text.contains("{{") || text.contains("${");
            if is_marked(text) || !is_reference && is_named(name) && looks_secret(text) {
                let message = "this looks like a secret, and whoever reads the files can read it";
                let advice = "put it into a secret scope, and write `{{secrets/<scope>/<key>}}` or read it in the code";
                findings.add(Rule::SecretText, at, value, message, advice);
            }
        }
        _ => {}
    }
}

fn is_marked(text: &str) -> bool {
    let follows = |mark: &str, least: usize| {
        text.match_indices(mark).any(|(at, _)| {
            let rest = text.get(at + mark.len()..).unwrap_or_default();
            rest.chars().take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')).count() >= least
        })
    };
    MARKS.iter().any(|(mark, least)| follows(mark, *least))
        || text.contains("-----BEGIN ") && text.contains("PRIVATE KEY-----")
}

/// Whether a name is that of a secret: its last words, whatever joins them.
fn is_named(name: &str) -> bool {
    let plain = name.to_ascii_lowercase().replace(['-', '.', ' '], "_");
    SECRET_NAMES
        .iter()
        .any(|ending| plain.strip_suffix(ending).is_some_and(|before| before.is_empty() || before.ends_with('_')))
}

/// A word that is long enough, with a digit or sign: `token: my_scope` is a name.
fn looks_secret(text: &str) -> bool {
    text.chars().count() >= MIN_CHARS
        && !text.contains(char::is_whitespace)
        && !text.contains('/')
        && text.chars().any(|c| !c.is_ascii_alphabetic() && c.is_ascii() && !matches!(c, '_' | '-' | '.'))
}

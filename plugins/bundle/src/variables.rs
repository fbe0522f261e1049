//! Variables: their declarations, and where each takes its value from.
//!
//! The order is the caller's value, the environment (`BUNDLE_VAR_<name>`), a lookup, the file of overrides
//! (`.databricks/bundle/<target>/variable-overrides.json`), the default.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::files::{self, Files};
use crate::finding::{Findings, Rule};
use crate::limits::MAX_FILE_BYTES;
use crate::near::{did_you_mean, listed};
use crate::value::{Entry, Kind, Place, Value};
use crate::yaml;

/// What the names of environment variables that give a bundle's variables begin with.
pub const ENVIRONMENT_PREFIX: &str = "BUNDLE_VAR_";

/// Kinds of objects that are looked up by name.
pub const LOOKUP_KINDS: [&str; 12] = [
    "alert",
    "cluster",
    "cluster_policy",
    "dashboard",
    "instance_pool",
    "job",
    "metastore",
    "notification_destination",
    "pipeline",
    "query",
    "service_principal",
    "warehouse",
];

/// Values from outside the bundle's files.
pub(crate) struct Given<'a> {
    /// The caller's, by name.
    pub(crate) values: &'a BTreeMap<String, String>,
    /// The environment.
    pub(crate) environment: &'a BTreeMap<String, String>,
    /// The bundle's folder and target, for the file of overrides.
    pub(crate) folder: &'a str,
    pub(crate) target: &'a str,
}

/// Gives each variable its value, at `variables.<name>.value`; one that is looked up has none yet.
pub(crate) fn assign(root: &mut Value, given: &Given<'_>, files: &dyn Files, findings: &mut Findings) {
    let names: Vec<String> = root.entries_at(&["variables"]).map(|entry| entry.key.clone()).collect();
    let undeclared = |name: &String| !names.contains(name);
    for name in given.values.keys().filter(|name| undeclared(name)) {
        let advice = did_you_mean(name, &listed(&names), "declare it in the bundle, or do not give it");
        let message = format!("the variable `{name}` is given a value, but nothing declares it");
        findings.add_at(Rule::UndeclaredVariable, "variables", None, message, advice);
    }
    let overrides = overrides(given, files, findings);
    for entry in overrides.iter().filter(|entry| undeclared(&entry.key)) {
        let message = format!("the file of overrides gives `{}` a value, but nothing declares it", entry.key);
        let advice = did_you_mean(&entry.key, &listed(&names), "take it out of the file");
        findings.add_at(Rule::UndeclaredVariable, "variables", entry.place.clone(), message, advice);
    }
    let Some(variables) = root.get_mut(&["variables"]).and_then(Value::as_map_mut) else { return };
    for entry in variables.iter_mut() {
        if entry.value.is_null() {
            entry.value = Value::map([]).at(entry.place.clone());
        }
        let from_file = overrides.iter().find(|found| found.key == entry.key).map(|found| &found.value);
        let value = choose(entry, given, from_file, findings);
        if let Some(value) = value {
            entry.value.add("value", value);
        }
    }
}

fn choose(entry: &Entry, given: &Given<'_>, from_file: Option<&Value>, findings: &mut Findings) -> Option<Value> {
    let (name, declared) = (&entry.key, &entry.value);
    let path = format!("variables.{name}");
    let is_complex = declared.text_at(&["type"]) == Some("complex");
    let environment = format!("{ENVIRONMENT_PREFIX}{name}");
    let outside = given
        .values
        .get(name)
        .map(|text| (text, "the caller"))
        .or_else(|| given.environment.get(&environment).map(|text| (text, "the environment")));
    let mut wrong = |place: Option<Place>, message: String, advice: &str| {
        findings.add_at(Rule::VariableKind, &path, place, message, advice);
        None
    };
    if let Some((text, who)) = outside {
        if is_complex {
            let advice = "give complex variables by a target or by the file of overrides";
            return wrong(entry.place.clone(), format!("{who} gives the complex variable `{name}` a text"), advice);
        }
        return Some(Value::text(text.clone()));
    }
    let lookup = declared.get(&["lookup"]).filter(|value| !value.is_null());
    if lookup.is_some() {
        return None;
    }
    let value = from_file.or_else(|| declared.get(&["default"]).filter(|value| !value.is_null()));
    let Some(value) = value else {
        let message = format!("the variable `{name}` has no value");
        let advice = format!(
            "give it with the call, as {environment} in the environment, in \
             .databricks/bundle/{}/variable-overrides.json, or write a default",
            given.target
        );
        findings.add_at(Rule::VariableMissing, path, entry.place.clone(), message, advice);
        return None;
    };
    let is_collection = matches!(value.kind, Kind::List(_) | Kind::Map(_));
    let is_reference = value.as_text().is_some_and(|text| text.starts_with("${"));
    match (is_complex, is_collection) {
        (false, true) => {
            let message = format!("the variable `{name}` has {} for its value, but is not complex", value.words());
            wrong(value.place.clone(), message, "add `type: complex` to its declaration")
        }
        (true, false) if !is_reference => {
            let message = format!("the complex variable `{name}` has {} for its value", value.words());
            wrong(value.place.clone(), message, "give a list or mapping, or take `type: complex` away")
        }
        _ => Some(value.clone()),
    }
}

/// The entries of the file of overrides.
fn overrides(given: &Given<'_>, files: &dyn Files, findings: &mut Findings) -> Vec<Entry> {
    let name = format!(".databricks/bundle/{}/variable-overrides.json", given.target);
    let Some(path) = files::join(given.folder, &name) else { return Vec::new() };
    let file: Arc<str> = Arc::from(path.as_str());
    let start = Some(Place { file: file.clone(), line: 1, column: 1 });
    let advice = "write a JSON object of names and values";
    let read = || {
        let content = files.read(&path, MAX_FILE_BYTES).map_err(|problem| format!("cannot be read: {problem}"))?;
        let Some(content) = content else { return Ok(None) };
        match serde_json::from_slice::<serde_json::Value>(&content) {
            Ok(serde_json::Value::Object(_)) => Ok(Some(content)),
            Ok(_) => Err("is no JSON object".to_owned()),
            Err(error) => Err(format!("is no JSON: line {}, column {}", error.line(), error.column())),
        }
    };
    let content = match read() {
        Ok(content) => content.unwrap_or_default(),
        Err(problem) => {
            let message = format!("the file of overrides {problem}");
            findings.add_at(Rule::OverrideFile, "variables", start, message, advice);
            return Vec::new();
        }
    };
    // JSON is YAML, and this reader keeps places.
    match yaml::parse(&file, &content, findings).map(|value| value.kind) {
        Some(Kind::Map(map)) => map.into_iter().collect(),
        _ => Vec::new(),
    }
}

/// An object that a variable's value is looked up from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lookup {
    /// One of [`LOOKUP_KINDS`].
    pub kind: String,
    /// The object's name.
    pub name: String,
}

/// What a lookup found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// The id of the one object of this name.
    One(String),
    /// No object, with the names there are.
    None(Vec<String>),
    /// Several objects, with their ids.
    Several(Vec<String>),
    /// It could not be asked, with the reason.
    Failed(String),
}

/// The lookups of variables that have no value, by the variables' names. Their texts are resolved.
pub(crate) fn lookups(root: &Value, findings: &mut Findings) -> Vec<(String, Lookup)> {
    let mut found = Vec::new();
    for entry in root.entries_at(&["variables"]) {
        let Some(lookup) = entry.value.get(&["lookup"]).filter(|value| !value.is_null()) else { continue };
        if entry.value.get(&["value"]).is_some() {
            continue;
        }
        let path = format!("variables.{}.lookup", entry.key);
        let named: Vec<(&str, &str)> =
            lookup.entries_at(&[]).filter_map(|entry| Some((entry.key.as_str(), entry.value.as_text()?))).collect();
        let kinds = LOOKUP_KINDS.join(", ");
        match named.as_slice() {
            [(kind, name)] if LOOKUP_KINDS.contains(kind) && !name.is_empty() => {
                found.push((entry.key.clone(), Lookup { kind: (*kind).to_owned(), name: (*name).to_owned() }));
            }
            [(kind, _)] if !LOOKUP_KINDS.contains(kind) => {
                let advice = did_you_mean(kind, &LOOKUP_KINDS, &format!("look up one of {kinds}"));
                findings.add(Rule::Lookup, path, lookup, format!("`{kind}` cannot be looked up"), advice);
            }
            _ => {
                let message = format!("a lookup names one object, and this names {}", named.len());
                findings.add(Rule::Lookup, path, lookup, message, format!("give one of {kinds}, with a name"));
            }
        }
    }
    found
}

/// Gives variables that are looked up their values.
pub(crate) fn answer(
    root: &mut Value,
    lookups: &[(String, Lookup)],
    answers: &[(Lookup, Found)],
    findings: &mut Findings,
) {
    for (name, lookup) in lookups {
        let Some(variable) = root.get_mut(&["variables", name]) else { continue };
        let place = variable.get(&["lookup"]).and_then(|value| value.place.clone());
        let kind = lookup.kind.replace('_', " ");
        let (message, advice) = match answers.iter().find(|(asked, _)| asked == lookup).map(|(_, found)| found) {
            Some(Found::One(id)) => {
                variable.add("value", Value::text(id.clone()).at(place));
                continue;
            }
            Some(Found::None(names)) => {
                let advice = did_you_mean(&lookup.name, &listed(names), "look at the name");
                (format!("the workspace has no {kind} named `{}`", lookup.name), advice)
            }
            Some(Found::Several(ids)) => {
                let message = format!("the workspace has {} of the {kind} named `{}`", ids.len(), lookup.name);
                (message, format!("give the id itself as the default: {}", ids.join(", ")))
            }
            Some(Found::Failed(problem)) => {
                let message = format!("the {kind} `{}` could not be looked up: {problem}", lookup.name);
                (message, "try again, or give the id as the default".to_owned())
            }
            None => {
                let message = format!("the {kind} `{}` was not looked up", lookup.name);
                (message, "validate with a workspace, or give the id with the call".to_owned())
            }
        };
        findings.add_at(Rule::Lookup, format!("variables.{name}.lookup"), place, message, advice);
    }
}

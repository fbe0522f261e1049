//! The target: chosen among those of a bundle, and merged over its root.

use crate::finding::{Findings, Rule};
use crate::merge::merge;
use crate::near::{did_you_mean, listed};
use crate::value::{At, Entry, Kind, Value};

/// The name of the target of a bundle that defines none.
pub(crate) const UNNAMED: &str = "default";

/// What a target merges over the root.
const MERGED: [&str; 8] =
    ["bundle", "workspace", "artifacts", "resources", "sync", "permissions", "presets", "variables"];

/// Fields of a target that become fields of `bundle`, in the place of what is there.
const IN_BUNDLE: [&str; 3] = ["mode", "cluster_id", "compute_id"];

/// The names of the targets.
pub(crate) fn names(root: &Value) -> Vec<String> {
    let mut names: Vec<String> = root.entries_at(&["targets"]).map(|entry| entry.key.clone()).collect();
    if names.is_empty() {
        names.push(UNNAMED.to_owned());
    }
    names
}

/// Puts targets that have their old name where the new one is.
pub(crate) fn rename_environments(root: &mut Value, findings: &mut Findings) {
    let Some(entry) = root.as_map_mut().and_then(|map| map.remove("environments")) else { return };
    let message = "`environments` is the old name of `targets`";
    let advice = "rename it to `targets`";
    findings.add_at(Rule::OldEnvironments, "environments", entry.place.clone(), message, advice);
    if root.get(&["targets"]).is_some() {
        let message = "there are both `environments` and `targets`";
        findings.add_at(Rule::Target, "environments", entry.place, message, "move all to `targets`");
    } else if let Some(map) = root.as_map_mut() {
        map.push(Entry { key: "targets".to_owned(), ..entry });
    }
}

/// The target that is asked for, or the default one.
pub(crate) fn choose(root: &Value, wanted: Option<&str>, findings: &mut Findings) -> Option<String> {
    let names = names(root);
    let all = || names.join(", ");
    let targets = root.get(&["targets"]);
    let mut refuse = |place: Option<&Value>, message: String, advice: String| {
        findings.add_at(Rule::Target, "targets", place.and_then(|value| value.place.clone()), message, advice);
        None
    };
    if let Some(wanted) = wanted {
        if names.iter().any(|name| name == wanted) {
            return Some(wanted.to_owned());
        }
        let otherwise = format!("name one of {}", all());
        let advice = did_you_mean(wanted, &listed(&names), &otherwise);
        return refuse(targets, format!("there is no target `{wanted}`"), advice);
    }
    let is_default = |entry: &&Entry| {
        entry
            .value
            .get(&["default"])
            .is_some_and(|value| value.as_bool() == Some(true) || value.as_text() == Some("true"))
    };
    let defaults: Vec<&Entry> = root.entries_at(&["targets"]).filter(is_default).collect();
    match (names.as_slice(), defaults.as_slice()) {
        ([only], _) => Some(only.clone()),
        (_, [one]) => Some(one.key.clone()),
        (_, []) => {
            let advice = format!("name one of {}, or give one of them `default: true`", all());
            refuse(targets, "there are several targets, and none is the default".to_owned(), advice)
        }
        (_, [first, second, ..]) => {
            let message = format!("both `{}` and `{}` are the default target", first.key, second.key);
            refuse(second.value.get(&["default"]), message, "keep `default: true` in one of them".to_owned())
        }
    }
}

/// Merges a target over the root, which has no targets then.
pub(crate) fn apply(root: &mut Value, name: &str, findings: &mut Findings) {
    let targets = root.as_map_mut().and_then(|map| map.remove("targets"));
    let target = targets.and_then(|mut targets| targets.value.as_map_mut()?.remove(name));
    let mut target = target.map_or_else(|| Value::map([]), |entry| entry.value);
    rewrite_variables(root, &mut target, name, findings);
    for field in MERGED {
        if let Some(over) = take(&mut target, field) {
            let at = At::ROOT.key(field);
            match root.get_mut(&[field]) {
                Some(base) => merge(base, over, at, findings),
                None => root.set(field, over),
            }
        }
    }
    if let Some(run_as) = take(&mut target, "run_as") {
        root.set("run_as", run_as);
    }
    let git = take(&mut target, "git");
    let Some(bundle) = root.section("bundle") else { return };
    for field in IN_BUNDLE {
        if let Some(value) = take(&mut target, field) {
            bundle.set(field, value);
        }
    }
    if let Some(over) = git
        && let Some(git) = bundle.section("git")
    {
        merge(git, over, At::ROOT.key("bundle").key("git"), findings);
    }
    bundle.set("target", Value::text(name));
    // Its old name, which references may use.
    bundle.set("environment", Value::text(name));
}

fn take(target: &mut Value, field: &str) -> Option<Value> {
    let entry = target.as_map_mut()?.remove(field)?;
    (!entry.value.is_null()).then_some(entry.value)
}

/// A target's variables become declarations: what is written short is the default. A default or lookup takes the place of
/// what the root has, whole.
fn rewrite_variables(root: &mut Value, target: &mut Value, name: &str, findings: &mut Findings) {
    let Some(variables) = target.get_mut(&["variables"]).and_then(Value::as_map_mut) else { return };
    let declared: Vec<String> = root.entries_at(&["variables"]).map(|entry| entry.key.clone()).collect();
    variables.retain(|entry| {
        let is_declared = declared.contains(&entry.key);
        if !is_declared {
            let message = format!("the target gives the variable `{}` a value, but nothing declares it", entry.key);
            let otherwise = format!("declare it: `variables: {{{}: {{}}}}` at the root", entry.key);
            let advice = did_you_mean(&entry.key, &listed(&declared), &otherwise);
            let path = format!("targets.{name}.variables.{}", entry.key);
            findings.add_at(Rule::UndeclaredVariable, path, entry.place.clone(), message, advice);
        }
        is_declared
    });
    for entry in variables.iter_mut() {
        if !is_declaration(&entry.value) {
            let place = entry.value.place.clone();
            let short = std::mem::replace(&mut entry.value, Value::map([]));
            let is_collection = matches!(short.kind, Kind::List(_) | Kind::Map(_));
            entry.value = Value::map([("default", short)]).at(place);
            if is_collection {
                entry.value.set("type", Value::text("complex"));
            }
        }
        let Some(declared) = root.get_mut(&["variables", &entry.key]) else { continue };
        if declared.is_null() {
            *declared = Value::map([]).at(declared.place.clone());
        }
        let sources = ["default", "lookup"];
        if sources.iter().any(|field| entry.value.get(&[field]).is_some())
            && let Some(map) = declared.as_map_mut()
        {
            map.retain(|field| !sources.contains(&field.key.as_str()));
        }
    }
}

/// Whether a mapping is a declaration, and no complex value written short.
fn is_declaration(value: &Value) -> bool {
    match &value.kind {
        Kind::Map(map) => {
            let known = ["default", "lookup", "description", "type"];
            !map.is_empty() && map.iter().all(|entry| known.contains(&entry.key.as_str()))
        }
        _ => false,
    }
}

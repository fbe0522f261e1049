//! A reader of bundles, small and written apart from the generator: YAML, one target, variables, references, paths,
//! defaults. What it computes is what a deployment would send to make the jobs.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::{Named, Plan, TextFile};

/// What stands for a secret that whoever deploys gives.
pub(super) const SECRET: &str = "hidden";

/// The world around a deployment.
pub(super) struct World<'a> {
    /// Ids by kind and name.
    pub(super) ids: BTreeMap<(&'static str, String), String>,
    /// Ids of resources that it makes, by reference.
    pub(super) resources: BTreeMap<String, Value>,
    pub(super) user: &'a str,
}

/// A bundle as read for one target.
pub(super) struct Read {
    pub(super) root: Value,
    /// Bodies by `jobs.key`.
    pub(super) resources: BTreeMap<String, Value>,
}

pub(super) fn yaml(file: &TextFile) -> Value {
    serde_norway::from_str(&file.text).unwrap_or_else(|e| panic!("{}: {e}\n{}", file.path, file.text))
}

pub(super) fn read(plan: &Plan, target: &str, world: &World<'_>) -> Read {
    let file = |path: &str| plan.files.iter().find(|file| file.path == path).unwrap();
    let mut root = yaml(file("databricks.yml"));
    let target = root["targets"][target].take();
    let mut variables = BTreeMap::new();
    for (name, variable) in root["variables"].as_object().into_iter().flatten() {
        let set = target["variables"].get(name).cloned();
        let value = match (set, variable.get("default"), variable.get("lookup")) {
            (Some(value), ..) => value,
            (None, Some(value), _) => value.clone(),
            (None, None, Some(lookup)) => {
                let kind = lookup.as_object().unwrap().keys().next().unwrap();
                let wanted = unescaped(lookup[kind].as_str().unwrap());
                let id = world.ids.iter().find(|((k, n), _)| k == kind && *n == wanted);
                json!(id.unwrap_or_else(|| panic!("nothing is called {kind} {wanted}")).1)
            }
            (None, None, None) => json!(SECRET),
        };
        variables.insert(name.clone(), value);
    }
    let mut resources = BTreeMap::new();
    for file in plan.files.iter().filter(|file| file.path.starts_with("resources/")) {
        for (kind, of_kind) in yaml(file)["resources"].as_object().unwrap() {
            for (key, body) in of_kind.as_object().unwrap() {
                let mut body = body.clone();
                resolve(&mut body, &variables, world);
                paths(&mut body, plan);
                let known = resources.insert(format!("{kind}.{key}"), body);
                assert!(known.is_none(), "{key} is there twice");
            }
        }
    }
    root["target"] = target;
    Read { root, resources }
}

fn resolve(value: &mut Value, variables: &BTreeMap<String, Value>, world: &World<'_>) {
    match value {
        Value::String(text) => {
            if let Some(name) = text.strip_prefix("${var.").and_then(|rest| rest.strip_suffix('}'))
                && !text[2..].contains("${")
            {
                let mut inner = variables.get(name).unwrap_or_else(|| panic!("there is no variable {name}")).clone();
                resolve(&mut inner, variables, world);
                *value = inner;
            } else if let Some(id) = world.resources.get(text.as_str()) {
                *value = id.clone();
            } else if text == "${workspace.current_user.short_name}" {
                *text = world.user.to_owned();
            } else {
                *text = unescaped(text);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| resolve(item, variables, world)),
        Value::Object(map) => map.values_mut().for_each(|item| resolve(item, variables, world)),
        _ => {}
    }
}

/// `$${x}` is `${x}`; a reference that is left over is a fault.
fn unescaped(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let inner = &rest[at + 2..];
        let name = inner.split('}').next().unwrap_or_default();
        let is_reference = inner.contains('}')
            && !name.is_empty()
            && name.split('.').all(|part| {
                part.starts_with(|c: char| c.is_ascii_alphabetic())
                    && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
            });
        if is_reference {
            assert!(rest[..at].ends_with('$'), "{text:?} has a reference that nobody meant");
            out.push_str(&rest[..at - 1]);
        } else {
            out.push_str(&rest[..at]);
        }
        out.push_str("${");
        rest = inner;
    }
    out + rest
}

/// Paths of the bundle become those that they were fetched from.
fn paths(value: &mut Value, plan: &Plan) {
    match value {
        Value::String(text) => {
            let Some(local) = text.strip_prefix("../") else { return };
            if local != "src" && !local.starts_with("src/") {
                return;
            }
            if let Some(fetch) = plan.fetches.iter().find(|fetch| fetch.to == local) {
                *text = fetch.from.as_str().to_owned();
                return;
            }
            // A folder, with or without a pattern: what is below it says where it was.
            let (folder, pattern) = local.split_once("/**").map_or((local, ""), |(folder, _)| (folder, "/**"));
            let below = |place: &str| Some(place.strip_prefix(folder)?.to_owned()).filter(|rest| rest.starts_with('/'));
            let inside = plan.fetches.iter().find_map(|fetch| Some((fetch, below(&fetch.to)?)));
            let (fetch, below) = inside.unwrap_or_else(|| panic!("{text} is nowhere"));
            *text = fetch.from.as_str().strip_suffix(&below).unwrap().to_owned() + pattern;
        }
        Value::Array(items) => items.iter_mut().for_each(|item| paths(item, plan)),
        Value::Object(map) => map.values_mut().for_each(|item| paths(item, plan)),
        _ => {}
    }
}

/// A job's body with what is so when nothing is said, as the workspace has it. `queues` is what an unsaid queue is: a
/// deployment makes one.
pub(super) fn defaults(job: &Value, queues: bool) -> Value {
    let mut job = job.as_object().unwrap().clone();
    for field in ["format", "edit_mode", "deployment", "run_as", "permissions"] {
        job.remove(field);
    }
    let git = job.contains_key("git_source");
    if let Some(git) = job.get_mut("git_source").and_then(Value::as_object_mut) {
        git.remove("git_snapshot");
    }
    job.entry("max_concurrent_runs").or_insert(json!(1));
    job.entry("queue").or_insert(json!({ "enabled": queues }));
    for field in ["schedule", "trigger", "continuous"] {
        if let Some(when) = job.get_mut(field).and_then(Value::as_object_mut) {
            when.entry("pause_status").or_insert(json!("UNPAUSED"));
        }
    }
    let mut job = Value::Object(job);
    common(&mut job);
    for task in job.get_mut("tasks").and_then(Value::as_array_mut).into_iter().flatten() {
        of_task(task, git);
    }
    job
}

fn of_task(task: &mut Value, git: bool) {
    common(task);
    let fields = task.as_object_mut().unwrap();
    fields.entry("run_if").or_insert(json!("ALL_SUCCESS"));
    for (kind, field) in
        [("notebook_task", None), ("spark_python_task", None), ("dbt_task", None), ("sql_task", Some("file"))]
    {
        let holder = fields.get_mut(kind).and_then(|of_kind| match field {
            Some(field) => of_kind.get_mut(field),
            None => Some(of_kind),
        });
        if let Some(holder) = holder.and_then(Value::as_object_mut) {
            holder.entry("source").or_insert(json!(if git { "GIT" } else { "WORKSPACE" }));
        }
    }
    if let Some(inner) = fields.get_mut("for_each_task").and_then(|each| each.get_mut("task")) {
        of_task(inner, git);
    }
}

fn common(value: &mut Value) {
    let map = value.as_object_mut().unwrap();
    map.retain(|_, value| !value.is_null());
    map.entry("timeout_seconds").or_insert(json!(0));
    for field in ["email_notifications", "webhook_notifications", "notification_settings"] {
        map.entry(field).or_insert(json!({}));
    }
}

/// A path without the alias of the root.
pub(super) fn one_form(value: &mut Value) {
    match value {
        Value::String(text) if text.starts_with("/Workspace/") => *text = text["/Workspace".len()..].to_owned(),
        Value::Array(items) => items.iter_mut().for_each(one_form),
        Value::Object(map) => map.values_mut().for_each(one_form),
        _ => {}
    }
}

pub(super) fn ids(names: &crate::Names) -> BTreeMap<(&'static str, String), String> {
    names.iter().map(|((kind, id), name)| ((Named::word(*kind), name.clone()), id.clone())).collect()
}

/// The first place where two values differ.
pub(super) fn difference(place: &str, made: &Value, had: &Value) -> Option<String> {
    match (made, had) {
        (Value::Object(a), Value::Object(b)) => a.keys().chain(b.keys()).find_map(|key| {
            difference(
                &format!("{place}.{key}"),
                a.get(key).unwrap_or(&Value::Null),
                b.get(key).unwrap_or(&Value::Null),
            )
        }),
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            a.iter().zip(b).enumerate().find_map(|(i, (a, b))| difference(&format!("{place}[{i}]"), a, b))
        }
        _ => (made != had).then(|| format!("{place}: made {made}, had {had}")),
    }
}

pub(super) fn object(value: &Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

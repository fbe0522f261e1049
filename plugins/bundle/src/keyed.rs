//! Lists whose items have a key: a target's item of a key is merged into the root's. Rules: the merges of jobs, pipelines,
//! apps and grants of the official command line.

use crate::finding::{Findings, Rule};
use crate::limits::MAX_TASKS;
use crate::merge::merge;
use crate::value::{At, Value};

/// Kind of resource, its list, the key of an item, and the key of one that names none.
const LISTS: [(&str, &str, &str, Option<&str>); 6] = [
    ("jobs", "tasks", "task_key", None),
    ("jobs", "job_clusters", "job_cluster_key", None),
    ("jobs", "parameters", "name", None),
    ("jobs", "environments", "environment_key", None),
    ("pipelines", "clusters", "label", Some("default")),
    ("apps", "resources", "name", None),
];

/// Looks for items of one list that have one key, before lists of targets are put behind those of the root.
pub(crate) fn check_duplicates(root: &Value, findings: &mut Findings) {
    check_resources(root.get(&["resources"]), At::ROOT.key("resources"), findings);
    let targets = At::ROOT.key("targets");
    for target in root.entries_at(&["targets"]) {
        check_resources(target.value.get(&["resources"]), targets.key(&target.key).key("resources"), findings);
    }
}

fn check_resources(resources: Option<&Value>, at: At<'_>, findings: &mut Findings) {
    let Some(resources) = resources else { return };
    for (kind, list, key, _) in LISTS.iter().filter(|(_, _, _, unnamed)| unnamed.is_none()) {
        let of_kind = at.key(kind);
        for resource in resources.entries_at(&[kind]) {
            let (of_resource, items) = (of_kind.key(&resource.key), resource.value.items_at(&[list]));
            let of_list = of_resource.key(list);
            let mut seen: Vec<(&str, &Value)> = Vec::new();
            for (index, item) in items.iter().take(MAX_TASKS).enumerate() {
                let Some(name) = item.text_at(&[key]) else { continue };
                if let Some((_, first)) = seen.iter().find(|(known, _)| *known == name) {
                    let line = first.place.as_ref().map_or(0, |place| place.line);
                    let message = format!("the {key} `{name}` is given twice, first in line {line}");
                    let advice = "rename one of them; as it is, they become one";
                    findings.add(Rule::DuplicateTask, of_list.index(index), item, message, advice);
                } else {
                    seen.push((name, item));
                }
            }
        }
    }
}

/// Makes items of one key one.
pub(crate) fn merge_lists(root: &mut Value, findings: &mut Findings) {
    let resources = At::ROOT.key("resources");
    for (kind, list, key, unnamed) in LISTS {
        let of_kind = resources.key(kind);
        let Some(map) = root.get_mut(&["resources", kind]).and_then(Value::as_map_mut) else { continue };
        for resource in map.iter_mut() {
            let of_resource = of_kind.key(&resource.key);
            if let Some(items) = resource.value.get_mut(&[list]).and_then(Value::as_list_mut) {
                merge_items(items, key, unnamed, of_resource.key(list), findings);
            }
        }
    }
}

fn merge_items(items: &mut Vec<Value>, key: &str, unnamed: Option<&str>, at: At<'_>, findings: &mut Findings) {
    // A longer list is refused elsewhere.
    if items.len() > 2 * MAX_TASKS {
        return;
    }
    let mut merged: Vec<Value> = Vec::with_capacity(items.len());
    for item in items.drain(..) {
        let name = item.text_at(&[key]).or(unnamed).map(str::to_owned);
        let same = |other: &&mut Value| name.is_some() && other.text_at(&[key]).or(unnamed) == name.as_deref();
        let position = merged.len();
        match merged.iter_mut().find(same) {
            Some(first) => merge(first, item, at.index(position), findings),
            None => merged.push(item),
        }
    }
    *items = merged;
}

//! Presets put on: prefixes of names, tags, pauses. A resource's own value wins over a preset.

use crate::finding::{Findings, Rule};
use crate::value::{Kind, Map, Value};
use crate::workspace::normalize;

/// Where a kind of resource has its name, and how a prefix goes in front of it.
const NAMES: [(&str, &str, Prefix); 14] = [
    ("jobs", "name", Prefix::AsIs),
    ("pipelines", "name", Prefix::AsIs),
    ("models", "name", Prefix::AsIs),
    ("experiments", "name", Prefix::LastPart),
    ("dashboards", "display_name", Prefix::AsIs),
    ("genie_spaces", "title", Prefix::AsIs),
    ("clusters", "cluster_name", Prefix::AsIs),
    ("instance_pools", "instance_pool_name", Prefix::AsIs),
    ("sql_warehouses", "name", Prefix::AsIs),
    ("alerts", "display_name", Prefix::AsIs),
    ("schemas", "name", Prefix::Normal),
    ("registered_models", "name", Prefix::Normal),
    ("model_serving_endpoints", "name", Prefix::Normal),
    ("quality_monitors", "table_name", Prefix::None),
];

/// How a kind of resource keeps tags.
const TAGS: [(&str, Tags); 6] = [
    ("jobs", Tags::Map("tags")),
    ("pipelines", Tags::Map("tags")),
    ("clusters", Tags::Map("custom_tags")),
    ("models", Tags::List(&["tags"])),
    ("experiments", Tags::List(&["tags"])),
    ("sql_warehouses", Tags::List(&["tags", "custom_tags"])),
];

/// The name of a job that has none.
pub(crate) const UNNAMED_JOB: &str = "Untitled";

#[derive(Clone, Copy, PartialEq, Eq)]
enum Prefix {
    AsIs,
    /// In front of the last part of a path.
    LastPart,
    /// Letters, digits and underscores only.
    Normal,
    None,
}

#[derive(Clone, Copy)]
enum Tags {
    Map(&'static str),
    List(&'static [&'static str]),
}

/// Puts the presets on all resources.
pub(crate) fn apply(root: &mut Value, findings: &mut Findings) {
    let Some(presets) = root.get(&["presets"]).cloned() else { return };
    let pause = pause_status(&presets, findings);
    let skips_schemas =
        root.get(&["experimental", "skip_name_prefix_for_schema"]).and_then(Value::as_bool) == Some(true);
    if let Some(prefix) = presets.text_at(&["name_prefix"]) {
        for resource in of_kind(root, "jobs") {
            resource.set_default("name", Value::text(UNNAMED_JOB));
        }
        for (kind, field, way) in NAMES.iter().filter(|(kind, ..)| !(skips_schemas && *kind == "schemas")) {
            for resource in of_kind(root, kind) {
                put_prefix(resource, field, prefix, *way);
            }
        }
    }
    let tags: Vec<(String, String)> =
        presets.entries_at(&["tags"]).filter_map(|entry| Some((entry.key.clone(), entry.value.display()?))).collect();
    for (kind, place) in TAGS {
        for resource in of_kind(root, kind) {
            put_tags(resource, place, &tags);
        }
    }
    for job in of_kind(root, "jobs") {
        if let Some(runs) = presets.get(&["jobs_max_concurrent_runs"]).filter(|runs| !runs.is_null()) {
            job.set_default("max_concurrent_runs", runs.clone().at(None));
        }
        for field in ["schedule", "trigger", "continuous"] {
            if let (Some(status), Some(trigger)) = (&pause, job.get_mut(&[field]))
                && trigger.as_map().is_some()
            {
                trigger.set_default("pause_status", Value::text(status.clone()));
            }
        }
    }
    for pipeline in of_kind(root, "pipelines") {
        if presets.get(&["pipelines_development"]).and_then(Value::as_bool) == Some(true) {
            pipeline.set("development", Value::bool(true));
        }
        if pause.as_deref() == Some("PAUSED") && pipeline.get(&["continuous"]).is_some() {
            pipeline.set("continuous", Value::bool(false));
        }
    }
    if pause.as_deref() == Some("PAUSED") {
        for monitor in of_kind(root, "quality_monitors") {
            // A monitor's schedule cannot be paused, so it has none.
            if monitor.text_at(&["schedule", "pause_status"]) != Some("UNPAUSED")
                && let Some(map) = monitor.as_map_mut()
            {
                map.remove("schedule");
            }
        }
    }
}

/// The resources of a kind.
pub(crate) fn of_kind<'a>(root: &'a mut Value, kind: &str) -> impl Iterator<Item = &'a mut Value> {
    let map = root.get_mut(&["resources", kind]).and_then(Value::as_map_mut);
    let entries = map.into_iter().flat_map(Map::iter_mut);
    entries.map(|entry| &mut entry.value).filter(|value| value.as_map().is_some())
}

fn pause_status(presets: &Value, findings: &mut Findings) -> Option<String> {
    let value = presets.get(&["trigger_pause_status"])?;
    match value.as_text() {
        Some(status @ ("PAUSED" | "UNPAUSED")) => return Some(status.to_owned()),
        Some("") | None if value.display().is_none_or(|text| text.is_empty()) => {}
        _ => {
            let message = format!("`{}` is no pause status", value.display().unwrap_or_default());
            let advice = "write PAUSED or UNPAUSED";
            findings.add(Rule::Preset, "presets.trigger_pause_status", value, message, advice);
        }
    }
    None
}

fn put_prefix(resource: &mut Value, field: &str, prefix: &str, way: Prefix) {
    let place = resource.get(&[field]).and_then(|name| name.place.clone());
    // That a name is missing is said elsewhere.
    let Some(name) = resource.get(&[field]).and_then(Value::display) else { return };
    let named = match way {
        Prefix::None => return,
        Prefix::AsIs => format!("{prefix}{name}"),
        Prefix::LastPart => match name.rsplit_once('/') {
            Some((folder, last)) => format!("{folder}/{prefix}{last}"),
            None => format!("{prefix}{name}"),
        },
        Prefix::Normal => {
            let ending = if prefix.trim_end().ends_with(']') { "_" } else { "" };
            let has_ending = prefix.trim_end().ends_with('_');
            format!("{}{}{name}", normalize(prefix), if has_ending { "_" } else { ending })
        }
    };
    resource.set(field, Value::text(named).at(place));
}

fn put_tags(resource: &mut Value, place: Tags, tags: &[(String, String)]) {
    for (key, text) in tags {
        let value = Value::text(text.clone());
        match place {
            Tags::Map(field) => {
                if let Some(map) = resource.section(field) {
                    map.set_default(key, value);
                }
            }
            Tags::List(fields) => {
                let Some((last, above)) = fields.split_last() else { continue };
                let Some(holder) = above.iter().try_fold(&mut *resource, |value, field| value.section(field)) else {
                    continue;
                };
                let item = Value::map([("key", Value::text(key.clone())), ("value", value)]);
                match holder.get_mut(&[last]).map(|list| &mut list.kind) {
                    Some(Kind::List(items)) => {
                        if !items.iter().any(|item| item.text_at(&["key"]) == Some(key)) {
                            items.push(item);
                        }
                    }
                    _ => holder.set(last, Value::list(vec![item])),
                }
            }
        }
    }
}

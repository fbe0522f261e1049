//! Resources that refer to each other: whether what they name is there, and whether they go round in a circle. The official
//! command line finds either only while it deploys.

use std::collections::{BTreeMap, BTreeSet};

use crate::fields::Fields;
use crate::finding::{Findings, Rule};
use crate::near::did_you_mean;
use crate::reference::{Reference, Step, references};
use crate::value::{At, Kind, Place, Value};

/// Fields that the workspace gives resources once they are there.
const OUTPUTS: [&str; 35] = [
    "app_status",
    "artifact_location",
    "cluster_id",
    "compute_status",
    "created_at",
    "created_by",
    "creation_time",
    "creator",
    "dashboard_id",
    "effective_instance_profile_arn",
    "endpoint_id",
    "endpoint_status",
    "endpoint_url",
    "etag",
    "experiment_id",
    "full_name",
    "id",
    "jdbc_url",
    "job_id",
    "modified_status",
    "owner",
    "path",
    "pipeline_id",
    "read_only_dns",
    "read_write_dns",
    "run_id",
    "service_principal_client_id",
    "service_principal_id",
    "service_principal_name",
    "space_id",
    "state",
    "uid",
    "updated_at",
    "url",
    "volume_path",
];

/// All texts below a value, with their ways.
pub(crate) fn texts<'a>(value: &'a Value, at: At<'_>, each: &mut dyn FnMut(&'a str, &'a Value, At<'_>)) {
    match &value.kind {
        Kind::Text(text) => each(text, value, at),
        Kind::List(items) => {
            for (index, item) in items.iter().enumerate() {
                texts(item, at.index(index), each);
            }
        }
        Kind::Map(map) => {
            for entry in map {
                texts(&entry.value, at.key(&entry.key), each);
            }
        }
        Kind::Null | Kind::Bool(_) | Kind::Int(_) | Kind::Float(_) => {}
    }
}

/// The resource that a reference names, as `jobs.nightly`.
fn named(reference: &Reference) -> Option<String> {
    match reference.steps() {
        [Step::Key(first), Step::Key(kind), Step::Key(key), ..] if first == "resources" => {
            Some(format!("{kind}.{key}"))
        }
        _ => None,
    }
}

/// The resources that each resource refers to, by names such as `jobs.nightly`.
pub(crate) fn dependencies(root: &Value) -> BTreeMap<String, BTreeSet<String>> {
    let mut graph = BTreeMap::new();
    for kind in root.entries_at(&["resources"]) {
        for resource in kind.value.entries_at(&[]) {
            let mut needs = BTreeSet::new();
            texts(&resource.value, At::ROOT, &mut |text, _, _| {
                needs.extend(references(text).filter_map(|one| named(&one)))
            });
            graph.insert(format!("{}.{}", kind.key, resource.key), needs);
        }
    }
    graph
}

pub(super) fn check(root: &Value, table: &Fields, findings: &mut Findings) {
    for section in root.entries_at(&[]).filter(|section| !["variables", "scripts"].contains(&section.key.as_str())) {
        texts(&section.value, At::ROOT.key(&section.key), &mut |text, value, at| {
            for reference in references(text) {
                check_reference(root, table, &reference, value, at, findings);
            }
        });
    }
    check_circles(root, findings);
}

fn check_reference(
    root: &Value,
    table: &Fields,
    reference: &Reference,
    value: &Value,
    at: At<'_>,
    findings: &mut Findings,
) {
    let keys = reference.keys();
    let mut missing =
        |message: String, advice: String| findings.add(Rule::ReferenceMissing, at, value, message, advice);
    match keys.as_slice() {
        ["artifacts", name, ..] if root.get(&["artifacts", name]).is_none() => {
            let names: Vec<&str> = root.entries_at(&["artifacts"]).map(|entry| entry.key.as_str()).collect();
            let advice = did_you_mean(name, &names, "mend the reference");
            missing(format!("`${{{reference}}}`: there is no artifact `{name}`"), advice);
        }
        ["resources", kind, key, rest @ ..] => {
            let Some(taken) = table.resource(kind) else {
                let advice = did_you_mean(kind, &table.resource_kinds().collect::<Vec<_>>(), "mend the reference");
                missing(format!("`${{{reference}}}`: there are no resources of the kind `{kind}`"), advice);
                return;
            };
            let Some(resource) = root.get(&["resources", kind, key]) else {
                let names: Vec<&str> = root.entries_at(&["resources", kind]).map(|entry| entry.key.as_str()).collect();
                let advice = did_you_mean(key, &names, "mend the reference, or add the resource");
                missing(format!("`${{{reference}}}`: the bundle has no `{key}` among its {kind}"), advice);
                return;
            };
            let Some(field) = rest.first() else {
                let advice = format!("name a field of it, such as `${{resources.{kind}.{key}.id}}`");
                missing(format!("`${{{reference}}}` is a whole resource"), advice);
                return;
            };
            let known = OUTPUTS.contains(field) || table.below(taken, field).is_some();
            if !known && resource.get(&[field]).is_none() {
                let mut names = table.names(taken);
                names.extend(OUTPUTS);
                let advice = did_you_mean(field, &names, "name another field; most references are to `id`");
                let message = format!("`${{{reference}}}`: {kind} have no field `{field}`");
                findings.add(Rule::ReferenceField, at, value, message, advice);
            }
        }
        ["resources", ..] => {
            let advice = "write `${resources.<kind>.<key>.<field>}`".to_owned();
            missing(format!("`${{{reference}}}` names no resource"), advice);
        }
        _ => {}
    }
}

fn check_circles(root: &Value, findings: &mut Findings) {
    let graph = dependencies(root);
    let edges = |name: &str| graph.get(name).into_iter().flatten().map(String::as_str).collect::<Vec<_>>();
    for circle in circles(graph.keys().map(String::as_str), edges) {
        let Some(first) = circle.first() else { continue };
        let mut round = circle.clone();
        round.push(first);
        let place = first.split_once('.').and_then(|(kind, key)| place_of(root, kind, key));
        let message = format!("these resources need each other: {}", round.join(" → "));
        let advice = "take one of the references away; the first of them cannot be made";
        findings.add_at(Rule::ResourceCycle, format!("resources.{first}"), place, message, advice);
    }
}

fn place_of(root: &Value, kind: &str, key: &str) -> Option<Place> {
    root.get(&["resources", kind])?.as_map()?.entry(key)?.place.clone()
}

/// Circles of a graph, each once, from its least name: one for each node that is not in an earlier one.
pub(super) fn circles<'a>(
    nodes: impl Iterator<Item = &'a str>,
    edges: impl Fn(&'a str) -> Vec<&'a str>,
) -> Vec<Vec<&'a str>> {
    let mut done = BTreeSet::new();
    let mut found: Vec<Vec<&str>> = Vec::new();
    for start in nodes {
        // The way from the start, with what is still to be tried at each node.
        let mut way: Vec<(&str, Vec<&str>)> = Vec::new();
        if done.insert(start) {
            way.push((start, edges(start)));
        }
        while let Some((_, open)) = way.last_mut() {
            let Some(next) = open.pop() else {
                way.pop();
                continue;
            };
            if let Some(position) = way.iter().position(|(node, _)| *node == next) {
                let mut circle: Vec<&str> = way.iter().skip(position).map(|(node, _)| *node).collect();
                let least = circle.iter().enumerate().min_by_key(|(_, node)| **node).map_or(0, |(index, _)| index);
                circle.rotate_left(least);
                if !found.contains(&circle) {
                    found.push(circle);
                }
            } else if done.insert(next) {
                way.push((next, edges(next)));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn circles_are_found_once() {
        for (edges, expect) in [
            (&[("a", "b"), ("b", "c")][..], &[][..]),
            (&[("a", "a")], &["a"]),
            (&[("b", "a"), ("a", "b")], &["a b"]),
            (&[("a", "b"), ("b", "c"), ("c", "b"), ("d", "b")], &["b c"]),
            (&[("a", "b"), ("b", "a"), ("c", "d"), ("d", "c")], &["a b", "c d"]),
        ] {
            let nodes: BTreeSet<&str> = edges.iter().flat_map(|(a, b)| [*a, *b]).collect();
            let of = |node| edges.iter().filter(|(from, _)| *from == node).map(|(_, to)| *to).collect();
            let found: Vec<String> = circles(nodes.into_iter(), of).iter().map(|circle| circle.join(" ")).collect();
            assert_eq!(found, expect);
        }
    }
}

//! What is done to each resource: the bundle's settings against those that were sent and those that the workspace has.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::compare::{self, Difference, EMBEDDED};
use crate::desired::{Desired, Node, What, what};
use crate::graph::waves;
use crate::kinds::{Id, Kind};
use crate::look::Seen;
use crate::plan::{Action, Change, Entry, Plan};
use crate::reference::{Field, Known, Resolved, resolve};
use crate::state::{Saved, State};

/// Plans a deploy.
///
/// # Errors
/// References that lead nowhere or round in a circle, a line each.
pub(crate) fn decide(
    desired: &Desired,
    state: &State,
    seen: &BTreeMap<String, Seen>,
    unanswered: &BTreeSet<String>,
    overwrite_drift: bool,
) -> Result<Plan, Vec<String>> {
    let needs = |node: &Node| node.depends_on.iter().map(|on| on.node.clone()).collect::<BTreeSet<_>>();
    let mut graph: BTreeMap<String, BTreeSet<String>> =
        desired.nodes.iter().map(|(key, node)| (key.clone(), needs(node))).collect();
    for (key, on) in &mut graph {
        on.extend(crate::desired::owner(key).map(str::to_owned));
    }
    let order =
        waves(&graph).map_err(|circle| vec![format!("these resources need each other: {}", circle.join(", "))])?;
    let mut plan = Plan { lineage: state.lineage.clone(), serial: state.serial, ..Plan::default() };
    let mut problems = Vec::new();
    for key in order.into_iter().flatten() {
        let Some(node) = desired.nodes.get(&key) else { continue };
        let known = |field: &Field| known(field, desired, &plan.entries, seen);
        match resolve(&node.settings, &known) {
            Ok(resolved) => {
                let mut entry = one(&key, node, resolved, state, seen, &plan, overwrite_drift);
                // The change that was not answered may be what is different there.
                if unanswered.contains(&key) && !entry.drift.is_empty() {
                    entry.drift.clear();
                    entry.action = entry.action.max(Action::Update);
                    entry.note.get_or_insert("an earlier change of it was not answered".to_owned());
                }
                check(&key, node, &entry, overwrite_drift, &mut plan);
                plan.entries.insert(key, entry);
            }
            Err(problem) => problems.push(format!("`{key}`: {problem}")),
        }
    }
    deletions(desired, state, seen, &mut plan);
    if problems.is_empty() { Ok(plan) } else { Err(problems) }
}

/// Plans a destroy: what the state has is deleted.
pub(crate) fn decide_destroy(state: &State, seen: &BTreeMap<String, Seen>) -> Plan {
    let mut plan = Plan { lineage: state.lineage.clone(), serial: state.serial, is_destroy: true, ..Plan::default() };
    deletions(&Desired::default(), state, seen, &mut plan);
    plan
}

fn deletions(desired: &Desired, state: &State, seen: &BTreeMap<String, Seen>, plan: &mut Plan) {
    for (key, saved) in state.resources.iter().filter(|(key, _)| !desired.nodes.contains_key(*key)) {
        if what(key).is_none() {
            let name = key.trim_start_matches("resources.");
            plan.refusals
                .push(format!("`{name}` is of a kind that is not deployed here; use the official command line"));
            continue;
        }
        let gone = seen.get(key) == Some(&Seen::Gone);
        let depends_on = saved.depends_on.clone();
        plan.entries
            .insert(key.clone(), Entry { gone, depends_on, ..Entry::new(Action::Delete, Some(saved.id.clone())) });
    }
}

/// What is known of a field of another resource while a plan is made.
fn known(
    field: &Field,
    desired: &Desired,
    entries: &BTreeMap<String, Entry>,
    seen: &BTreeMap<String, Seen>,
) -> Result<Known, String> {
    let none = || format!("there is no {} in the bundle", field.node);
    let node = desired.nodes.get(&field.node).ok_or_else(none)?;
    let entry = entries.get(&field.node).ok_or_else(none)?;
    let What::Resource(kind) = node.what else { return Err(none()) };
    let is_made = matches!(entry.action, Action::Create | Action::Recreate);
    let is_renamed = kind.renames && entry.action == Action::Update;
    let id = match (&entry.id, is_made || is_renamed) {
        (Some(id), false) => Some(id.clone()),
        // What is called by its own fields is known before it is there.
        _ if kind.is_named() && entry.vars.is_empty() => kind.id_of(&entry.value, &Value::Null),
        _ => None,
    };
    if let Some(known) = of_id(kind, field, id) {
        return Ok(known);
    }
    if let Some(value) = field.in_settings(&entry.value) {
        return Ok(Known::Value(value));
    }
    if is_made || !entry.vars.is_empty() {
        return Ok(Known::Later);
    }
    let answer = match seen.get(&field.node) {
        Some(Seen::There { settings, answer } | Seen::Found { settings, answer, .. }) => {
            field.in_settings(answer).or_else(|| field.in_settings(settings))
        }
        _ => None,
    };
    answer.map(Known::Value).ok_or_else(|| format!("{} has no such field", field.node))
}

/// Fields that say the id, or are made of it.
pub(crate) fn of_id(kind: &Kind, field: &Field, id: Option<String>) -> Option<Known> {
    let key = field.key()?;
    let own = match kind.id {
        Id::Answer(name) => key == name,
        Id::Fields(_) => key == "full_name",
    };
    let volume = kind.name == "volumes" && key == "volume_path";
    if key != "id" && !own && !volume {
        return None;
    }
    let shape = |id: String| if volume { format!("/Volumes/{}", id.replace('.', "/")) } else { id };
    Some(id.map_or(Known::Later, |id| Known::Value(json!(shape(id)))))
}

fn one(
    key: &str,
    node: &Node,
    resolved: Resolved,
    state: &State,
    seen: &BTreeMap<String, Seen>,
    plan: &Plan,
    overwrite_drift: bool,
) -> Entry {
    let Resolved { value, vars } = resolved;
    let mut entry = Entry { depends_on: node.depends_on.clone(), value, vars, ..Entry::new(Action::Create, None) };
    let (saved, seen) = (state.resources.get(key), seen.get(key));
    match (saved, seen) {
        (_, Some(Seen::Found { id, settings, .. })) => {
            entry.id = Some(id.clone());
            entry.remote = Some(settings.clone());
            entry.is_found = true;
            entry.action = Action::Update;
            entry.note = Some(format!("found as {id}: what made it was not answered, or the state was lost"));
        }
        (None, Some(Seen::Taken { id })) => {
            entry.note = Some(format!("{id} is there already, and this bundle did not make it"));
        }
        (None, _) => {}
        (Some(_), Some(Seen::Gone)) => entry.note = Some("it is gone from the workspace".to_owned()),
        (Some(saved), Some(Seen::There { settings, .. })) => {
            against(&mut entry, node, saved, Some(settings), plan, overwrite_drift);
        }
        (Some(saved), _) => against(&mut entry, node, saved, None, plan, overwrite_drift),
    }
    // Rights whose object is made anew are given again.
    let owner_made = crate::desired::owner(key).and_then(|owner| plan.entries.get(owner));
    if owner_made.is_some_and(|owner| matches!(owner.action, Action::Create | Action::Recreate)) {
        entry.action = Action::Create;
        entry.drift.clear();
    }
    entry
}

/// A resource that was there at the last deploy.
fn against(entry: &mut Entry, node: &Node, saved: &Saved, remote: Option<&Value>, plan: &Plan, overwrite_drift: bool) {
    entry.id = Some(saved.id.clone());
    entry.remote = remote.cloned();
    let kind = match node.what {
        What::Resource(kind) => Some(kind),
        _ => None,
    };
    let sent = as_written(&saved.state, &entry.value);
    let mut action = Action::Skip;
    for difference in compare::local(&sent, &entry.value) {
        // A reference that is not known yet stands among the texts below.
        if entry.vars.keys().any(|at| at.starts_with(&difference.path) && difference.b.is_none()) {
            continue;
        }
        let makes_anew = kind.is_some_and(|kind| kind.update.is_none() || is_immutable(kind, &difference));
        let own = if makes_anew { Action::Recreate } else { Action::Update };
        action = action.max(own);
        let reason = if makes_anew { "immutable" } else { "" };
        entry.changes.push(Change {
            path: difference.path,
            action: own,
            reason,
            old: difference.a,
            new: difference.b,
            remote: None,
        });
    }
    for (at, text) in &entry.vars {
        let path = at.clone();
        let new = Some(json!(text));
        let top = Difference { path: path.clone(), field: path.clone(), a: None, b: None };
        let makes_anew = kind.is_some_and(|kind| is_immutable(kind, &top));
        let own = if makes_anew { Action::Recreate } else { Action::Update };
        action = action.max(own);
        entry.changes.push(Change { path, action: own, reason: "known later", old: None, new, remote: None });
    }
    let lies_in_new = node.depends_on.iter().any(|on| {
        let anew = plan.entries.get(&on.node).is_some_and(|on| on.action == Action::Recreate);
        let is_place = ["resources.schemas.", "resources.catalogs."].iter().any(|place| on.node.starts_with(place));
        anew && is_place && kind.is_some_and(|kind| kind.is_named())
    });
    if lies_in_new {
        action = Action::Recreate;
        entry.note = Some("what it lies in is made anew".to_owned());
    }
    if let Some(remote) = remote {
        entry.drift = drift(node, kind, saved, &sent, remote);
        // What the bundle wants now is there already.
        let changes = &entry.changes;
        entry
            .drift
            .retain(|drift| !changes.iter().any(|change| change.path == drift.path && change.new == drift.remote));
    }
    if action == Action::Skip && !entry.drift.is_empty() && overwrite_drift {
        action = Action::Update;
    }
    entry.action = action;
}

/// What others changed since the last deploy.
fn drift(node: &Node, kind: Option<&Kind>, saved: &Saved, sent: &Value, remote: &Value) -> Vec<Change> {
    let there = match node.what {
        // What others were given is left as it is.
        What::Grants => only_ours(sent, remote, EMBEDDED),
        What::Acls => only_ours(sent, remote, "acls"),
        _ => remote.clone(),
    };
    let change = |path: String, old, remote| Change {
        path,
        action: Action::Skip,
        reason: "changed in the workspace",
        old,
        new: None,
        remote,
    };
    let compared = match node.what {
        What::Grants => json!({EMBEDDED: sent.get(EMBEDDED).cloned().unwrap_or_default()}),
        _ => sent.clone(),
    };
    let mut found: Vec<Change> = compare::remote(kind, &compared, &there)
        .into_iter()
        .map(|difference| change(difference.path, difference.a, difference.b))
        .collect();
    let (etag, now) = (saved.state.get("etag"), remote.get("etag"));
    if etag.is_some() && now.is_some() && etag != now {
        found.push(change("etag".to_owned(), etag.cloned(), now.cloned()));
    }
    found
}

/// What the workspace has of those whom the bundle names.
fn only_ours(sent: &Value, remote: &Value, list: &str) -> Value {
    let principal = |entry: &Value| entry.get("principal").cloned();
    let entries = |value: &Value| value.get(list).and_then(Value::as_array).cloned().unwrap_or_default();
    let ours: Vec<Option<Value>> = entries(sent).iter().map(principal).collect();
    let kept: Vec<Value> = entries(remote).into_iter().filter(|entry| ours.contains(&principal(entry))).collect();
    let mut there = remote.clone();
    if let Some(fields) = there.as_object_mut() {
        fields.insert(list.to_owned(), Value::Array(kept));
    }
    there
}

/// What was sent, without what only the answer told; rights as releases of the command line before wrote them.
fn as_written(saved: &Value, new: &Value) -> Value {
    let mut sent = saved.clone();
    if let Some(fields) = sent.as_object_mut() {
        if new.get("etag").is_none() {
            fields.remove("etag");
        }
        if new.get(EMBEDDED).is_some() && !fields.contains_key(EMBEDDED) {
            let older = fields.remove("permissions").or_else(|| fields.remove("grants"));
            if let Some(Value::Array(mut entries)) = older {
                for entry in entries.iter_mut().filter_map(Value::as_object_mut) {
                    if let Some(level) = entry.remove("permission_level") {
                        entry.insert("level".to_owned(), level);
                    }
                }
                fields.insert(EMBEDDED.to_owned(), Value::Array(entries));
            }
        }
    }
    sent
}

fn is_immutable(kind: &Kind, difference: &Difference) -> bool {
    kind.immutable.iter().any(|field| {
        let path = difference.path.as_str();
        *field == difference.field || path == *field || path.starts_with(&format!("{field}."))
            // The whole section came or went.
            || field.starts_with(&format!("{path}."))
    })
}

/// What stands against an entry.
fn check(key: &str, node: &Node, entry: &Entry, overwrite_drift: bool, plan: &mut Plan) {
    let name = key.trim_start_matches("resources.");
    if node.prevent_destroy && matches!(entry.action, Action::Recreate | Action::Delete) {
        plan.refusals
            .push(format!("`{name}` would be made anew, and `lifecycle.prevent_destroy` of the bundle forbids that"));
    }
    if entry.action == Action::Create
        && let (Some(note), None) = (&entry.note, &entry.id)
        && note.contains("did not make it")
    {
        plan.refusals.push(format!("`{name}`: {note}; choose another name, or delete that one"));
    }
    if !entry.drift.is_empty() {
        match entry.action {
            Action::Skip => plan.warnings.push(format!(
                "`{name}` was changed in the workspace by others and stays as it is there; overwrite_drift sets it back"
            )),
            _ if !overwrite_drift => plan.refusals.push(format!(
                "`{name}` was changed in the workspace by others, and the deploy would overwrite that; take the change into the bundle, or plan again with overwrite_drift"
            )),
            _ => {}
        }
    }
}

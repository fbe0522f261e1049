//! What the workspace has: the objects of the state, and those of the bundle that the state does not know.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::compare::EMBEDDED;
use crate::desired::{Desired, What, what};
use crate::kinds::{Find, Kind, Whose, text};
use crate::reference::{Field, Known, resolve};
use crate::state::{Saved, State};
use crate::world::{Call, Fault, FaultKind, World, encode, encode_path, optional, send, send_all};

/// Pages of a list, or of a job's tasks; protects against a workspace whose token never ends.
const MAX_PAGES: usize = 100;

/// Objects of one name that are looked at for the bundle's own.
const MAX_NAMESAKES: usize = 20;

/// What was seen of a resource.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Seen {
    /// The state's object is there. What it is set to, and the whole answer.
    There { settings: Value, answer: Value },
    /// The state's object is gone.
    Gone,
    /// The state has none, and this one is the bundle's: what made it was not answered, or the state was lost.
    Found { id: String, settings: Value, answer: Value },
    /// The state has none, and somebody else's is in its place.
    Taken { id: String },
}

/// Looks at all of them; keys that nothing was seen of are left out. `unanswered` are the keys of what was begun to be
/// made without an answer.
pub(crate) fn look(
    world: &dyn World,
    desired: &Desired,
    state: &State,
    unanswered: &BTreeSet<String>,
) -> Result<BTreeMap<String, Seen>, Fault> {
    let mut seen = saved(world, state)?;
    let missing = desired.nodes.iter().filter(|(key, _)| !state.resources.contains_key(*key));
    for (key, node) in missing {
        let What::Resource(kind) = node.what else { continue };
        // What is called after an id that is not known yet is not there either.
        let Some(settings) = spelled_out(desired, &node.settings) else { continue };
        let known: BTreeSet<&str> = state.resources.values().map(|saved| saved.id.as_str()).collect();
        let found = find(world, kind, &settings, &desired.metadata_path, unanswered.contains(key), &known)
            .map_err(|fault| fault.doing(&format!("looking for {key}")))?;
        if let Some(found) = found {
            seen.insert(key.clone(), found);
        }
    }
    Ok(seen)
}

/// Settings with references to other settings of the bundle put in; what refers to anything else is left out.
fn spelled_out(desired: &Desired, settings: &Value) -> Option<Value> {
    let known = |field: &Field| {
        let node = desired.nodes.get(&field.node);
        let value = node.and_then(|node| field.in_settings(&node.settings));
        let is_plain = |value: &Value| value.as_str().is_none_or(|text| !text.contains("${"));
        Ok(value.filter(is_plain).map_or(Known::Later, Known::Value))
    };
    resolve(settings, &known).ok().map(|resolved| resolved.value)
}

/// The objects of a state.
pub(crate) fn saved(world: &dyn World, state: &State) -> Result<BTreeMap<String, Seen>, Fault> {
    let asked: Vec<(&String, &Saved, Call)> =
        state.resources.iter().filter_map(|(key, saved)| Some((key, saved, read_call(what(key)?, saved)))).collect();
    let calls: Vec<Call> = asked.iter().map(|(_, _, call)| call.clone()).collect();
    let mut seen = BTreeMap::new();
    for ((key, saved, call), answer) in asked.into_iter().zip(send_all(world, &calls)) {
        let Some(what) = what(key) else { continue };
        let answer = optional(answer).map_err(|fault| fault.doing(&format!("reading {key}")))?;
        let answer = match answer {
            Some(answer) => Some(whole(world, &call, answer)?),
            None => None,
        };
        let there = answer.and_then(|answer| Some((settings(what, &saved.id, &answer)?, answer)));
        let object = there.map_or(Seen::Gone, |(settings, answer)| Seen::There { settings, answer });
        seen.insert(key.clone(), object);
    }
    Ok(seen)
}

fn read_call(what: What, saved: &Saved) -> Call {
    match what {
        What::Resource(kind) => Call::get(kind.read.path.replace("{id}", &encode(&saved.id))),
        What::Permissions => Call::get(format!("/api/2.0/permissions{}", encode_path(&saved.id))),
        What::Grants => Call::get(format!("/api/2.1/unity-catalog/permissions/{}", encode_path(&saved.id))),
        What::Acls => Call::get(format!("/api/2.0/secrets/acls/list?scope={}", encode(&saved.id))),
    }
}

/// Joins the pages of an answer: tasks of large jobs.
fn whole(world: &dyn World, call: &Call, mut answer: Value) -> Result<Value, Fault> {
    for _ in 0..MAX_PAGES {
        let token = answer.get("next_page_token").and_then(Value::as_str).unwrap_or_default().to_owned();
        if token.is_empty() || !call.path.contains("/jobs/get") {
            return Ok(answer);
        }
        let page = send(world, Call::get(format!("{}&page_token={}", call.path, encode(&token))))?;
        for list in ["tasks", "job_clusters", "environments", "parameters"] {
            let more =
                page.pointer(&format!("/settings/{list}")).and_then(Value::as_array).cloned().unwrap_or_default();
            if let Some(items) = answer.pointer_mut(&format!("/settings/{list}")).and_then(Value::as_array_mut) {
                items.extend(more);
            }
        }
        if let Some(fields) = answer.as_object_mut() {
            fields.insert("next_page_token".to_owned(), page.get("next_page_token").cloned().unwrap_or_default());
        }
    }
    Err(Fault::new(FaultKind::Refused, "the workspace gives a job's tasks in pages without end"))
}

/// What an answer says that an object is set to; none when it says that it is deleted.
fn settings(what: What, id: &str, answer: &Value) -> Option<Value> {
    let list = |field: &str| answer.get(field).and_then(Value::as_array).cloned().unwrap_or_default();
    match what {
        What::Resource(kind) if kind.name == "secret_scopes" => {
            let scopes = answer.get("scopes").and_then(Value::as_array)?;
            let scope = scopes.iter().find(|scope| scope.get("name").and_then(Value::as_str) == Some(id))?;
            Some(json!({"scope": id, "scope_backend_type": scope.get("backend_type").cloned().unwrap_or_default()}))
        }
        What::Resource(kind) => {
            let is_gone = |(at, word): (&str, &str)| answer.pointer(at).and_then(Value::as_str) == Some(word);
            if kind.read.gone.is_some_and(is_gone) {
                return None;
            }
            answer.pointer(kind.read.at).cloned()
        }
        What::Permissions => {
            let own = |entry: &Value| {
                let who = ["user_name", "group_name", "service_principal_name"].into_iter();
                let (field, name) = who
                    .filter_map(|field| Some((field, entry.get(field)?.as_str().filter(|name| !name.is_empty())?)))
                    .next()?;
                let levels = entry.get("all_permissions")?.as_array()?;
                let own = levels.iter().find(|level| level.get("inherited").and_then(Value::as_bool) != Some(true))?;
                Some(json!({field: name, "level": own.get("permission_level")?}))
            };
            let entries: Vec<Value> = list("access_control_list").iter().filter_map(own).collect();
            Some(json!({"object_id": id, EMBEDDED: entries}))
        }
        What::Grants => {
            let entry =
                |one: &Value| Some(json!({"principal": one.get("principal")?, "privileges": one.get("privileges")?}));
            let entries: Vec<Value> = list("privilege_assignments").iter().filter_map(entry).collect();
            Some(json!({EMBEDDED: entries}))
        }
        What::Acls => Some(json!({"scope_name": id, "acls": list("items")})),
    }
}

fn name_of(kind: &Kind, settings: &Value) -> Option<String> {
    match &kind.find {
        Find::ById => kind.id_of(settings, &Value::Null),
        Find::List { name, .. } => text(settings.get(*name)?),
        Find::At { path, .. } if path.contains("{name}") => text(settings.get("name")?),
        Find::At { .. } => {
            let field = |field: &str| settings.get(field).and_then(Value::as_str);
            Some(format!("{}/{}.lvdash.json", field("parent_path")?, field("display_name")?))
        }
    }
}

/// Looks for an object that the state does not know.
fn find(
    world: &dyn World,
    kind: &'static Kind,
    settings: &Value,
    metadata_path: &str,
    is_unanswered: bool,
    known: &BTreeSet<&str>,
) -> Result<Option<Seen>, Fault> {
    let Some(name) = name_of(kind, settings) else { return Ok(None) };
    let (ids, whose) = match &kind.find {
        Find::ById => (vec![name], Whose::Unique),
        Find::List { whose: Whose::Unknown, .. } if !is_unanswered => return Ok(None),
        Find::List { path, items, listed, id, whose, .. } => {
            (listed_ids(world, path, items, &name, listed, id)?, *whose)
        }
        Find::At { path, id } => {
            let path = if path.contains("{name}") {
                path.replace("{name}", &encode(&name))
            } else {
                format!("/api/2.0/workspace/get-status?path={}", encode(&name))
            };
            let answer = optional(send(world, Call::get(path)))?;
            (answer.as_ref().and_then(|answer| text(answer.pointer(id)?)).into_iter().collect(), Whose::Unique)
        }
    };
    for id in ids.into_iter().filter(|id| !known.contains(id.as_str())).take(MAX_NAMESAKES) {
        let saved = Saved { id: id.clone(), ..Saved::default() };
        let Some(answer) = optional(send(world, read_call(What::Resource(kind), &saved)))? else { continue };
        let Some(settings) = self::settings(What::Resource(kind), &id, &answer) else { continue };
        let is_ours = match whose {
            Whose::Metadata(at) => answer.pointer(at).and_then(Value::as_str) == Some(metadata_path),
            Whose::Unknown | Whose::Unique => is_unanswered,
        };
        match (is_ours, whose) {
            (true, _) => return Ok(Some(Seen::Found { id, settings, answer })),
            (false, Whose::Unique) => return Ok(Some(Seen::Taken { id })),
            (false, _) => {}
        }
    }
    Ok(None)
}

fn listed_ids(
    world: &dyn World,
    path: &str,
    items: &str,
    name: &str,
    listed: &str,
    id: &str,
) -> Result<Vec<String>, Fault> {
    // A quote cannot be written in a filter; the names are compared anyway.
    let like = format!("name LIKE '{}'", name.replace('\'', "%"));
    let path = path.replace("{name}", &encode(name)).replace("{like}", &encode(&like));
    let (mut ids, mut token) = (Vec::new(), String::new());
    for _ in 0..MAX_PAGES {
        let joint = if path.contains('?') { '&' } else { '?' };
        let page = if token.is_empty() { path.clone() } else { format!("{path}{joint}page_token={}", encode(&token)) };
        let answer = send(world, Call::get(page))?;
        let of_name = |item: &&Value| item.pointer(listed).and_then(Value::as_str) == Some(name);
        let found = answer.get(items).and_then(Value::as_array).into_iter().flatten().filter(of_name);
        ids.extend(found.filter_map(|item| text(item.pointer(id)?)));
        token = answer.get("next_page_token").and_then(Value::as_str).unwrap_or_default().to_owned();
        if token.is_empty() {
            break;
        }
    }
    Ok(ids)
}

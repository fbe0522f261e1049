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
/// made or changed without an answer.
pub(crate) fn look(
    world: &dyn World,
    desired: &Desired,
    state: &State,
    unanswered: &BTreeSet<String>,
) -> Result<BTreeMap<String, Seen>, Fault> {
    let mut seen = saved(world, state)?;
    let known: BTreeSet<&str> = state.resources.values().map(|saved| saved.id.as_str()).collect();
    let mut wanted = Vec::new();
    for (key, node) in &desired.nodes {
        let What::Resource(kind) = node.what else { continue };
        let is_unanswered = unanswered.contains(key);
        // What is gone under its old name may be there under the new one.
        let is_renamed = is_unanswered && kind.renames && seen.get(key) == Some(&Seen::Gone);
        if state.resources.contains_key(key) && !is_renamed {
            continue;
        }
        // What is called after an id that is not known yet is not there either.
        let Some(settings) = spelled_out(desired, &node.settings) else { continue };
        wanted.extend(Wanted::of(key, kind, &settings, is_unanswered));
    }
    let found = find(world, wanted, &desired.metadata_path, &known)?;
    seen.extend(found);
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

/// A resource that is looked for.
struct Wanted<'a> {
    key: &'a str,
    kind: &'static Kind,
    name: String,
    whose: Whose,
    is_unanswered: bool,
}

impl<'a> Wanted<'a> {
    /// None for what is not looked for: it has no name, or a name says nothing.
    fn of(key: &'a str, kind: &'static Kind, settings: &Value, is_unanswered: bool) -> Option<Self> {
        let whose = match &kind.find {
            Find::List { whose, .. } => *whose,
            Find::ById | Find::At { .. } => Whose::Unique,
        };
        if whose == Whose::Unknown && !is_unanswered {
            return None;
        }
        Some(Self { key, kind, name: name_of(kind, settings)?, whose, is_unanswered })
    }

    /// The call by which it is looked for.
    fn call(&self) -> Call {
        match &self.kind.find {
            Find::ById => read_call(What::Resource(self.kind), &with_id(&self.name)),
            Find::List { path, .. } => {
                // A quote cannot be written in a filter; the names are compared anyway.
                let like = format!("name LIKE '{}'", self.name.replace('\'', "%"));
                Call::get(path.replace("{name}", &encode(&self.name)).replace("{like}", &encode(&like)))
            }
            Find::At { path, .. } if path.contains("{name}") => Call::get(path.replace("{name}", &encode(&self.name))),
            Find::At { .. } => Call::get(format!("/api/2.0/workspace/get-status?path={}", encode(&self.name))),
        }
    }

    /// The ids of objects of its name in an answer.
    fn ids(&self, answer: &Value) -> Vec<String> {
        match &self.kind.find {
            Find::ById => vec![self.name.clone()],
            Find::At { id, .. } => answer.pointer(id).and_then(text).into_iter().collect(),
            Find::List { items, listed, id, .. } => {
                let is_named = |item: &&Value| item.pointer(listed).and_then(Value::as_str) == Some(&self.name);
                let all = answer.get(items).and_then(Value::as_array).into_iter().flatten();
                all.filter(is_named).filter_map(|item| text(item.pointer(id)?)).collect()
            }
        }
    }
}

fn with_id(id: &str) -> Saved {
    Saved { id: id.to_owned(), ..Saved::default() }
}

/// Looks for objects that the state does not know: all lists first, then what has the right names.
fn find(
    world: &dyn World,
    wanted: Vec<Wanted<'_>>,
    metadata_path: &str,
    known: &BTreeSet<&str>,
) -> Result<BTreeMap<String, Seen>, Fault> {
    let calls: Vec<Call> = wanted.iter().map(Wanted::call).collect();
    let mut candidates: Vec<(&Wanted<'_>, String)> = Vec::new();
    for ((one, call), answer) in wanted.iter().zip(&calls).zip(send_all(world, &calls)) {
        let doing = |fault: Fault| fault.doing(&format!("looking for {}", one.key));
        let Some(answer) = optional(answer).map_err(doing)? else { continue };
        let ids = pages(world, one, call, answer).map_err(doing)?;
        let other = ids.into_iter().filter(|id| !known.contains(id.as_str())).take(MAX_NAMESAKES);
        candidates.extend(other.map(|id| (one, id)));
    }
    let reads: Vec<Call> =
        candidates.iter().map(|(one, id)| read_call(What::Resource(one.kind), &with_id(id))).collect();
    let mut found = BTreeMap::new();
    for ((one, id), answer) in candidates.into_iter().zip(send_all(world, &reads)) {
        let Some(answer) = optional(answer).map_err(|fault| fault.doing(&format!("reading {}", one.key)))? else {
            continue;
        };
        let Some(settings) = settings(What::Resource(one.kind), &id, &answer) else { continue };
        let is_ours = match one.whose {
            Whose::Metadata(at) => answer.pointer(at).and_then(Value::as_str) == Some(metadata_path),
            Whose::Unknown | Whose::Unique => one.is_unanswered,
        };
        let object = match (is_ours, one.whose) {
            (true, _) => Seen::Found { id, settings, answer },
            (false, Whose::Unique) => Seen::Taken { id },
            (false, _) => continue,
        };
        // The first is it: of two, the other is left alone.
        found.entry(one.key.to_owned()).or_insert(object);
    }
    Ok(found)
}

/// The ids of the right name in an answer and the pages that follow it.
fn pages(world: &dyn World, one: &Wanted<'_>, call: &Call, mut answer: Value) -> Result<Vec<String>, Fault> {
    let mut ids = one.ids(&answer);
    for _ in 0..MAX_PAGES {
        let token = answer.get("next_page_token").and_then(Value::as_str).unwrap_or_default();
        if token.is_empty() || !matches!(one.kind.find, Find::List { .. }) {
            break;
        }
        let joint = if call.path.contains('?') { '&' } else { '?' };
        answer = send(world, Call::get(format!("{}{joint}page_token={}", call.path, encode(token))))?;
        ids.extend(one.ids(&answer));
    }
    Ok(ids)
}

//! Permissions of the bundle, put on its resources.

use crate::finding::{Findings, Rule};
use crate::presets::of_kind;
use crate::value::{At, Value};
use crate::workspace::User;

const MANAGE: &str = "CAN_MANAGE";
const VIEW: &str = "CAN_VIEW";
const RUN: &str = "CAN_RUN";
const OWNER: &str = "IS_OWNER";

/// What `CAN_MANAGE`, `CAN_VIEW` and `CAN_RUN` are called for each kind of resource; none where a kind has no such level.
const LEVELS: [(&str, &str, &str, Option<&str>); 16] = [
    ("jobs", MANAGE, VIEW, Some("CAN_MANAGE_RUN")),
    ("pipelines", MANAGE, VIEW, Some(RUN)),
    ("experiments", MANAGE, "CAN_READ", None),
    ("models", MANAGE, "CAN_READ", None),
    ("dashboards", MANAGE, "CAN_READ", None),
    ("genie_spaces", MANAGE, "CAN_READ", None),
    ("model_serving_endpoints", MANAGE, VIEW, Some("CAN_QUERY")),
    ("apps", MANAGE, "CAN_USE", None),
    ("database_instances", MANAGE, "CAN_USE", None),
    ("postgres_projects", MANAGE, "CAN_USE", None),
    ("vector_search_endpoints", MANAGE, "CAN_USE", None),
    ("alerts", MANAGE, "CAN_READ", Some(RUN)),
    ("sql_warehouses", MANAGE, VIEW, Some("CAN_MONITOR")),
    ("clusters", MANAGE, "CAN_ATTACH_TO", Some("CAN_RESTART")),
    ("instance_pools", MANAGE, "CAN_ATTACH_TO", None),
    ("secret_scopes", "MANAGE", "READ", None),
];

/// Kinds of resources that have an owner.
const OWNED: [&str; 3] = ["jobs", "pipelines", "sql_warehouses"];

/// Fields that name who may.
pub(crate) const PRINCIPALS: [&str; 3] = ["user_name", "group_name", "service_principal_name"];

/// The field and the name of who an entry is about.
pub(crate) fn principal(entry: &Value) -> Option<(&'static str, &str)> {
    PRINCIPALS.iter().find_map(|field| Some((*field, entry.text_at(&[field]).filter(|name| !name.is_empty())?)))
}

/// How much a level allows, compared with others of its kind.
pub(crate) fn rank(level: &str) -> u8 {
    match level {
        OWNER => 5,
        MANAGE | "MANAGE" => 4,
        "CAN_MANAGE_RUN" | "CAN_EDIT" | "CAN_MANAGE_STAGING_VERSIONS" | "CAN_MANAGE_PRODUCTION_VERSIONS" | "WRITE" => 3,
        RUN | "CAN_RESTART" | "CAN_QUERY" | "CAN_MONITOR" | "CAN_USE" | "CAN_CREATE" => 2,
        _ => 1,
    }
}

/// Looks at the bundle's permissions and puts them on resources, with who deploys among those who may manage.
pub(crate) fn apply(root: &mut Value, user: &User, findings: &mut Findings) {
    let top: Vec<Value> = root.items_at(&["permissions"]).to_vec();
    check_top(&top, user, findings);
    check_shared_root(root, &top, findings);
    for (kind, manage, view, run) in &LEVELS {
        let translated: Vec<Value> = top
            .iter()
            .filter_map(|entry| {
                let level = match entry.text_at(&["level"])? {
                    MANAGE => Some(*manage),
                    VIEW => Some(*view),
                    RUN => *run,
                    _ => None,
                }?;
                let mut entry = entry.clone();
                entry.set("level", Value::text(level));
                Some(entry)
            })
            .collect();
        for (key, resource) in with_keys(root, kind) {
            let at = format!("resources.{kind}.{key}.permissions");
            put(resource, &translated, &at, findings);
            add_deployer(resource, kind, user);
        }
    }
}

fn with_keys<'a>(root: &'a mut Value, kind: &str) -> Vec<(String, &'a mut Value)> {
    let keys: Vec<String> = root
        .entries_at(&["resources", kind])
        .filter(|entry| entry.value.as_map().is_some())
        .map(|entry| entry.key.clone())
        .collect();
    keys.into_iter().zip(of_kind(root, kind)).collect()
}

fn check_top(top: &[Value], user: &User, findings: &mut Findings) {
    let permissions = At::ROOT.key("permissions");
    for (index, entry) in top.iter().enumerate() {
        let at = permissions.index(index);
        check_entry(entry, at, findings);
        let Some(level) = entry.get(&["level"]) else { continue };
        if !level.as_text().is_some_and(|text| [MANAGE, VIEW, RUN].contains(&text) || text.contains("${")) {
            let text = level.display().unwrap_or_default();
            let message = format!("a bundle's permissions have no level `{text}`");
            let advice = "write CAN_MANAGE, CAN_VIEW or CAN_RUN, or give other levels to single resources";
            findings.add(Rule::Permission, at.key("level"), level, message, advice);
        }
    }
    let manages = |entry: &Value| {
        entry.text_at(&["level"]) == Some(MANAGE)
            && principal(entry).is_some_and(|(field, name)| match field {
                "group_name" => user.groups.iter().any(|group| group == name),
                _ => name == user.user_name,
            })
    };
    if let Some(first) = top.first()
        && !top.iter().any(manages)
    {
        let message = format!("{} deploys, and is not among those who may manage", user.user_name);
        let advice = "add an entry with CAN_MANAGE for the one who deploys, so that it is the same whoever does";
        findings.add_at(Rule::PermissionDeployer, "permissions", first.place.clone(), message, advice);
    }
}

/// An entry names exactly one principal.
pub(crate) fn check_entry(entry: &Value, at: At<'_>, findings: &mut Findings) {
    let named = PRINCIPALS.iter().filter(|field| entry.text_at(&[field]).is_some_and(|name| !name.is_empty())).count();
    if named != 1 && entry.as_map().is_some() {
        let message = if named == 0 { "this permission names nobody" } else { "this permission names several at once" };
        let advice = "give one of `user_name`, `group_name` and `service_principal_name`";
        findings.add(Rule::Permission, at, entry, message, advice);
    }
}

fn check_shared_root(root: &Value, top: &[Value], findings: &mut Findings) {
    let Some(value) = root.get(&["workspace", "root_path"]) else { return };
    let is_shared = value.as_text().is_some_and(|path| path.starts_with("/Workspace/Shared/"));
    let for_all =
        |entry: &Value| entry.text_at(&["level"]) == Some(MANAGE) && entry.text_at(&["group_name"]) == Some("users");
    if is_shared && !top.iter().any(for_all) {
        let message = "everybody in the workspace may write where this bundle lies";
        let advice = "choose a path below /Workspace/Users, or say so: `CAN_MANAGE` for `group_name: users`";
        findings.add(Rule::SharedRoot, "workspace.root_path", value, message, advice);
    }
}

/// Puts the bundle's entries behind the resource's own, one per principal: the own one stays, of several the highest.
fn put(resource: &mut Value, top: &[Value], at: &str, findings: &mut Findings) {
    let own: Vec<Value> = resource.items_at(&["permissions"]).to_vec();
    let mut merged: Vec<Value> = Vec::new();
    let rank_of = |entry: &Value| entry.text_at(&["level"]).map_or(0, rank);
    for entry in own {
        match merged.iter_mut().find(|other| principal(other).is_some() && principal(other) == principal(&entry)) {
            Some(other) if rank_of(&entry) > rank_of(other) => *other = entry,
            Some(_) => {}
            None => merged.push(entry),
        }
    }
    let count = merged.len();
    for entry in top {
        let own = merged.iter().take(count).find(|other| principal(other) == principal(entry));
        match own {
            Some(own) => {
                let name = principal(entry).map_or("", |(_, name)| name);
                let message = format!("{name} has a level here, so the one of the bundle's permissions does not count");
                findings.add(Rule::PermissionOverlap, at, own, message, "keep one of the two");
            }
            None => match merged.iter_mut().find(|other| principal(other) == principal(entry)) {
                Some(other) if rank_of(entry) > rank_of(other) => *other = entry.clone(),
                Some(_) => {}
                None => merged.push(entry.clone()),
            },
        }
    }
    if !merged.is_empty() {
        let place = resource.get(&["permissions"]).and_then(|value| value.place.clone());
        resource.set("permissions", Value::list(merged).at(place));
    }
}

/// Who deploys keeps the right to: as the owner where there is one and nobody else is, else by CAN_MANAGE.
fn add_deployer(resource: &mut Value, kind: &str, user: &User) {
    if kind == "secret_scopes" {
        return;
    }
    let Some(entries) = resource.get_mut(&["permissions"]).and_then(Value::as_list_mut) else { return };
    if entries.is_empty() || user.user_name.is_empty() {
        return;
    }
    let field = if user.is_service_principal() { "service_principal_name" } else { "user_name" };
    let is_deployer = |entry: &Value| entry.text_at(&[field]) == Some(&user.user_name);
    let is_owner = |entry: &Value| entry.text_at(&["level"]) == Some(OWNER);
    let owned_by_other = entries.iter().any(|entry| is_owner(entry) && !is_deployer(entry));
    let level = if OWNED.contains(&kind) && !owned_by_other { OWNER } else { MANAGE };
    match entries.iter_mut().find(|entry| is_deployer(entry)) {
        Some(entry) if is_owner(entry) => {}
        Some(entry) => entry.set("level", Value::text(level)),
        None => {
            let name = Value::text(user.user_name.clone());
            entries.push(Value::map([("level", Value::text(level)), (field, name)]));
        }
    }
}

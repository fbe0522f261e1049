//! What single kinds of resources cannot be made without, and what only the workspace sets.

use crate::finding::{Findings, Rule};
use crate::permissions::{PRINCIPALS, check_entry};
use crate::value::{At, Entry, Value};

/// Fields that a resource of a kind cannot be made without.
const NEEDED: [(&str, &[&str]); 2] = [("dashboards", &["display_name", "warehouse_id"]), ("sql_warehouses", &["name"])];

/// Fields that the workspace sets, for all kinds or for one.
const MANAGED: [(&str, &str); 8] = [
    ("", "id"),
    ("", "url"),
    ("", "modified_status"),
    ("", "deployment_id"),
    ("", "version_id"),
    ("dashboards", "etag"),
    ("genie_spaces", "etag"),
    ("job_runs", "idempotency_token"),
];

const SCOPE_LEVELS: [&str; 3] = ["READ", "WRITE", "MANAGE"];

pub(super) fn check(root: &Value, findings: &mut Findings) {
    let resources = At::ROOT.key("resources");
    for kind in root.entries_at(&["resources"]) {
        let of_kind = resources.key(&kind.key);
        for resource in kind.value.entries_at(&[]).filter(|resource| resource.value.as_map().is_some()) {
            check_resource(&kind.key, resource, of_kind.key(&resource.key), findings);
        }
    }
    check_app_folders(root, findings);
}

fn check_resource(kind: &str, resource: &Entry, at: At<'_>, findings: &mut Findings) {
    let value = &resource.value;
    for (_, fields) in NEEDED.iter().filter(|(of, _)| *of == kind) {
        for field in *fields {
            if value.get(&[field]).and_then(Value::display).is_none_or(|text| text.is_empty()) {
                let message = format!("{kind} cannot be made without `{field}`");
                findings.add(Rule::Incomplete, at, value, message, format!("add `{field}`"));
            }
        }
    }
    for (_, field) in MANAGED.iter().filter(|(of, _)| of.is_empty() || *of == kind) {
        if let Some(value) = value.get(&[field]) {
            let message = format!("`{field}` is set by the workspace");
            findings.add(Rule::ManagedField, at.key(field), value, message, "take the line away");
        }
    }
    let permissions = at.key("permissions");
    for (index, entry) in value.items_at(&["permissions"]).iter().enumerate() {
        let at = permissions.index(index);
        check_entry(entry, at, findings);
        if kind == "secret_scopes" {
            check_scope_level(entry, at, findings);
        }
    }
    let grants = at.key("grants");
    for (index, grant) in value.items_at(&["grants"]).iter().enumerate() {
        check_grant(grant, grants.index(index), findings);
    }
    let config = value.get(&["config"]);
    if kind == "model_serving_endpoints"
        && let Some(config) = config
    {
        super::jobs::at_most_one(config, &["served_models", "served_entities"], at.key("config"), findings);
    }
}

fn check_scope_level(entry: &Value, at: At<'_>, findings: &mut Findings) {
    let Some(level) = entry.get(&["level"]) else { return };
    if !level.as_text().is_some_and(|text| SCOPE_LEVELS.contains(&text) || text.contains("${")) {
        let message = format!("secret scopes have no level `{}`", level.display().unwrap_or_default());
        findings.add(Rule::ScopeLevel, at.key("level"), level, message, "write READ, WRITE or MANAGE");
    }
}

fn check_grant(grant: &Value, at: At<'_>, findings: &mut Findings) {
    if grant.as_map().is_none() {
        return;
    }
    let has_principal = grant.text_at(&["principal"]).is_some_and(|name| !name.is_empty());
    if !has_principal || grant.items_at(&["privileges"]).is_empty() {
        let message = "a grant names a principal and at least one privilege";
        let advice = if PRINCIPALS.iter().any(|field| grant.get(&[field]).is_some()) {
            "write the name as `principal`, and the list `privileges`"
        } else {
            "add `principal` and the list `privileges`"
        };
        findings.add(Rule::Incomplete, at, grant, message, advice);
    }
}

fn check_app_folders(root: &Value, findings: &mut Findings) {
    let mut seen: Vec<(String, &str)> = Vec::new();
    for app in root.entries_at(&["resources", "apps"]) {
        let Some(value) = app.value.get(&["source_code_path"]) else { continue };
        let Some(text) = value.as_text() else { continue };
        let base = value.place.as_ref().map_or("", |place| place.folder());
        let Some(folder) = crate::files::join(base, text) else { continue };
        if let Some((_, other)) = seen.iter().find(|(known, _)| *known == folder) {
            let path = format!("resources.apps.{}.source_code_path", app.key);
            let message = format!("the app `{other}` is made from the same folder");
            findings.add(Rule::AppFolder, path, value, message, "give each app a folder of its own");
        } else {
            seen.push((folder, &app.key));
        }
    }
}

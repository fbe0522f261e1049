//! The resources of a bundle as they are to be in the workspace: with permissions and grants as children of their own, and
//! with the order that references and names imply.

use std::collections::{BTreeMap, BTreeSet};

use bricklayer_bundle::{Bundle, Files};
use serde_json::{Map, Value, json};

use crate::compare::EMBEDDED;
use crate::kinds::{Kind, kind};
use crate::reference::references;
use crate::state::Dependency;
use crate::world::MAX_READ_BYTES;

/// What a node is.
#[derive(Debug, Clone, Copy)]
pub(crate) enum What {
    /// A resource.
    Resource(&'static Kind),
    /// Who may do what with one.
    Permissions,
    /// Who may read and change the data of one.
    Grants,
    /// Who may read and change a scope's secrets.
    Acls,
}

/// A resource, or the rights on one.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) what: What,
    /// The settings, with references to other resources in them.
    pub(crate) settings: Value,
    pub(crate) depends_on: Vec<Dependency>,
    /// Whether the bundle says that it is not to be deleted.
    pub(crate) prevent_destroy: bool,
}

/// All of a bundle's, by keys such as `resources.jobs.nightly`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Desired {
    pub(crate) nodes: BTreeMap<String, Node>,
    /// The bundle's metadata file in the workspace, by which its jobs and pipelines are known.
    pub(crate) metadata_path: String,
}

/// What a key of a state or plan is about; none for kinds that are not deployed here.
pub(crate) fn what(key: &str) -> Option<What> {
    let mut parts = key.splitn(4, '.');
    let (first, name, _, child) = (parts.next()?, parts.next()?, parts.next()?, parts.next());
    if first != "resources" {
        return None;
    }
    let kind = kind(name)?;
    match child {
        None => Some(What::Resource(kind)),
        Some("permissions") if name == "secret_scopes" => Some(What::Acls),
        Some("permissions") => Some(What::Permissions),
        Some("grants") => Some(What::Grants),
        Some(_) => None,
    }
}

/// The resource that a child belongs to.
pub(crate) fn owner(key: &str) -> Option<&str> {
    key.strip_suffix(".permissions").or_else(|| key.strip_suffix(".grants"))
}

/// Reads a bundle's resources.
///
/// # Errors
/// What cannot be deployed here, a line each.
pub(crate) fn desired(bundle: &Bundle, files: &dyn Files) -> Result<Desired, Vec<String>> {
    let metadata_path = format!("{}/metadata.json", bundle.workspace_path("state_path"));
    let mut desired = Desired { nodes: BTreeMap::new(), metadata_path };
    let mut problems = Vec::new();
    for resource in bundle.resources() {
        let key = format!("resources.{}.{}", resource.kind, resource.key);
        let Some(kind) = kind(resource.kind) else {
            problems.push(format!("`{key}`: {} are not deployed here; use the official command line", resource.kind));
            continue;
        };
        let Value::Object(mut fields) = resource.value.to_json() else { continue };
        let lifecycle = fields.remove("lifecycle").unwrap_or_default();
        let prevent_destroy = lifecycle.get("prevent_destroy").and_then(Value::as_bool).unwrap_or_default();
        let permissions = fields.remove("permissions");
        let grants = fields.remove("grants");
        if let Err(problem) = shape(kind, &mut fields, bundle, files) {
            problems.push(format!("`{key}`: {problem}"));
            continue;
        }
        let id = format!("${{{key}.id}}");
        if let Some((what, settings)) = permissions.and_then(|entries| permissions_of(kind, &id, entries)) {
            let node = Node { what, settings, depends_on: Vec::new(), prevent_destroy: false };
            desired.nodes.insert(format!("{key}.permissions"), node);
        }
        if let Some(entries) = grants.filter(is_filled)
            && let Some(securable) = kind.grants
        {
            let settings = json!({"securable_type": securable, "full_name": id, EMBEDDED: entries});
            let node = Node { what: What::Grants, settings, depends_on: Vec::new(), prevent_destroy: false };
            desired.nodes.insert(format!("{key}.grants"), node);
        }
        let (what, settings) = (What::Resource(kind), Value::Object(fields));
        desired.nodes.insert(key, Node { what, settings, depends_on: Vec::new(), prevent_destroy });
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    order(&mut desired.nodes);
    Ok(desired)
}

fn is_filled(value: &Value) -> bool {
    value.as_array().is_some_and(|items| !items.is_empty())
}

fn permissions_of(kind: &Kind, id: &str, entries: Value) -> Option<(What, Value)> {
    if !is_filled(&entries) {
        return None;
    }
    if kind.name == "secret_scopes" {
        let principal = |entry: &Value| {
            let names = ["user_name", "group_name", "service_principal_name", "principal"];
            names.iter().find_map(|name| entry.get(*name)).cloned()
        };
        let acl = |entry: &Value| Some(json!({"principal": principal(entry)?, "permission": entry.get("level")?}));
        let acls: Vec<Value> = entries.as_array().into_iter().flatten().filter_map(acl).collect();
        return Some((What::Acls, json!({"scope_name": id, "acls": acls})));
    }
    let prefix = kind.permissions?;
    Some((What::Permissions, json!({"object_id": format!("{prefix}{id}"), EMBEDDED: entries})))
}

/// What the service calls otherwise than the bundle, and what it takes as a text and the bundle as a file.
fn shape(kind: &Kind, fields: &mut Map<String, Value>, bundle: &Bundle, files: &dyn Files) -> Result<(), String> {
    let mut rename = |from: &str, to: &str| {
        if let Some(value) = fields.remove(from) {
            fields.insert(to.to_owned(), value);
        }
    };
    match kind.name {
        "secret_scopes" => {
            rename("name", "scope");
            rename("backend_type", "scope_backend_type");
            rename("keyvault_metadata", "backend_azure_keyvault");
        }
        "dashboards" => {
            let default = bundle.workspace_path("resource_path").to_owned();
            fields.entry("parent_path").or_insert_with(|| json!(default));
            fields.entry("embed_credentials").or_insert(json!(false));
            if let Some(path) = fields.remove("file_path") {
                let text = read(path.as_str().unwrap_or_default(), bundle, files)?;
                fields.insert("serialized_dashboard".to_owned(), json!(text));
            } else if let Some(inline) = fields.get_mut("serialized_dashboard").filter(|inline| !inline.is_string()) {
                *inline = json!(inline.to_string());
            }
        }
        "alerts" if fields.contains_key("file_path") => {
            return Err("alerts of a file are not deployed here yet; write its fields in the bundle".to_owned());
        }
        "alerts" => {
            let default = bundle.workspace_path("resource_path").to_owned();
            fields.entry("parent_path").or_insert_with(|| json!(default));
        }
        _ => {}
    }
    Ok(())
}

/// The text of a file of the bundle that is named by its place in the workspace.
fn read(remote: &str, bundle: &Bundle, files: &dyn Files) -> Result<String, String> {
    let below = remote.strip_prefix(bundle.workspace_path("file_path")).and_then(|rest| rest.strip_prefix('/'));
    let inside = below.ok_or_else(|| format!("{remote} is not among the bundle's files"))?;
    let root = &bundle.sync.root;
    let local = if root.is_empty() { inside.to_owned() } else { format!("{root}/{inside}") };
    let content = files.read(&local, MAX_READ_BYTES + 1)?.ok_or_else(|| format!("there is no file {local}"))?;
    if content.len() > MAX_READ_BYTES {
        return Err(format!("{local} has more than {MAX_READ_BYTES} bytes"));
    }
    String::from_utf8(content).map_err(|_| format!("{local} is no text in UTF-8"))
}

/// What nodes depend on: what they refer to, and what they lie in by name.
fn order(nodes: &mut BTreeMap<String, Node>) {
    let places = places(nodes);
    for (key, node) in nodes.iter_mut() {
        let mut found = BTreeSet::new();
        references(&node.settings, &mut found);
        if let What::Resource(kind) = node.what {
            found.extend(lies_in(kind, &node.settings, &places));
        }
        found.retain(|(on, _)| on != key);
        node.depends_on = found.into_iter().map(|(node, label)| Dependency { node, label }).collect();
    }
}

/// Catalogs and schemas of the bundle, by their names.
fn places(nodes: &BTreeMap<String, Node>) -> BTreeMap<String, String> {
    let named = nodes.iter().filter_map(|(key, node)| {
        let field = |field: &str| node.settings.get(field).and_then(Value::as_str);
        match node.what {
            What::Resource(kind) if kind.name == "catalogs" => Some((field("name")?.to_owned(), key.clone())),
            What::Resource(kind) if kind.name == "schemas" => {
                Some((format!("{}.{}", field("catalog_name")?, field("name")?), key.clone()))
            }
            _ => None,
        }
    });
    named.collect()
}

fn lies_in(kind: &Kind, settings: &Value, places: &BTreeMap<String, String>) -> Vec<(String, String)> {
    let field = |field: &str| settings.get(field).and_then(Value::as_str);
    let (catalog, schema) = match kind.name {
        "schemas" => (field("catalog_name"), None),
        "volumes" | "registered_models" => (field("catalog_name"), field("schema_name")),
        "pipelines" => (field("catalog"), field("schema").or_else(|| field("target"))),
        _ => return Vec::new(),
    };
    let Some(catalog) = catalog else { return Vec::new() };
    let names = [Some(catalog.to_owned()), schema.map(|schema| format!("{catalog}.{schema}"))];
    let found = names.into_iter().flatten().filter_map(|name| places.get(&name));
    found.map(|node| (node.clone(), format!("${{{node}.name}}"))).collect()
}

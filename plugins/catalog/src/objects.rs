//! list_catalog_objects, get_catalog_object, update_catalog_object, set_owner and delete_catalog_object.

use bricklayer_databricks::near::nearest_or_first;
use bricklayer_sdk::{Cut, Failure, Kind as FailureKind, Platform, Table, Workspace, encode_segment};
use serde_json::{Map, Value, json};

use crate::kind::{Kind, UNITY};
use crate::names::FullName;
use crate::show::{self, items, text};
use crate::types;

/// Objects listed when the caller names no number, and at most.
const DEFAULT_LISTED: u32 = 200;
const MAX_LISTED: u32 = 1_000;

/// Objects that are looked through for a part of a name, or for names like one that was not found.
const MAX_LOOKED_AT: usize = 5_000;

/// Modes that a catalog can be bound to workspaces by.
const ISOLATION: [&str; 2] = ["OPEN", "ISOLATED"];

/// Lists objects of a kind.
///
/// # Errors
/// Arguments that do not fit the kind, or a workspace that cannot be asked.
pub(crate) fn list(
    platform: &impl Platform,
    request: types::ListCatalogObjectsRequest,
) -> Result<types::ObjectList, Failure> {
    let kind = Kind::of(request.kind);
    let limit = show::limit(request.limit, DEFAULT_LISTED, MAX_LISTED)?;
    let within = within(&kind, request.within.as_deref())?;
    let part = request.name_contains.unwrap_or_default().to_lowercase();
    let most = if part.is_empty() { limit } else { MAX_LOOKED_AT };
    let (all, more) = all(platform, &kind, within.as_ref(), most)?;
    let fits = |object: &Value| part.is_empty() || name_of(object).to_lowercase().contains(&part);
    let mut objects: Vec<types::ObjectSummary> =
        all.iter().filter(|object| fits(object)).map(|object| summary(&kind, object)).collect();
    let complete = !more && objects.len() <= limit;
    objects.truncate(limit);
    let rows: Vec<Vec<Option<String>>> = objects
        .iter()
        .map(|object| {
            vec![Some(object.name.clone()), object.kind.clone(), object.owner.clone(), object.comment.clone()]
        })
        .collect();
    let noun = format!("objects of the kind {}", kind.word);
    Ok(types::ObjectList {
        text: show::table(&["name", kind.sort, "owner", "comment"], &rows, &noun, complete),
        objects,
        complete,
    })
}

/// What objects of a kind are in.
fn within(kind: &Kind, given: Option<&str>) -> Result<Option<FullName>, Failure> {
    match (kind.parts, given.filter(|given| !given.trim().is_empty())) {
        (1, None) => Ok(None),
        (1, Some(_)) => Err(Failure::invalid("within", format!("a {} is in nothing else; leave it out", kind.word))),
        (parts, Some(given)) => FullName::parse("within", given, parts - 1).map(Some),
        (2, None) => Err(Failure::invalid("within", "name the catalog whose schemas to list")),
        (_, None) => {
            Err(Failure::invalid("within", format!("name the schema, `catalog.schema`, whose {} to list", kind.route)))
        }
    }
}

/// Objects of a kind, and whether there are more than these.
fn all(
    platform: &impl Platform,
    kind: &Kind,
    within: Option<&FullName>,
    most: usize,
) -> Result<(Vec<Value>, bool), Failure> {
    // The size of pages is left to the workspace.
    let mut query = vec![("max_results", "0")];
    if let Some(within) = within {
        query.push(("catalog_name", within.part(0)));
        if kind.parts == 3 {
            query.push(("schema_name", within.part(1)));
        }
    }
    if kind.route == "tables" {
        query.push(("omit_columns", "true"));
    }
    let pages = Workspace::new(platform).list::<Value>(&kind.all(), &query, &kind.list_field(), most)?;
    Ok((pages.items, pages.more))
}

fn name_of(object: &Value) -> String {
    text(object, "full_name").or_else(|| text(object, "name")).unwrap_or_default()
}

fn summary(kind: &Kind, object: &Value) -> types::ObjectSummary {
    types::ObjectSummary {
        name: name_of(object),
        kind: text(object, kind.sort),
        owner: text(object, "owner"),
        comment: text(object, "comment"),
    }
}

/// Reads one object.
///
/// # Errors
/// No such object, with names like it; or a workspace that cannot be asked.
pub(crate) fn get(
    platform: &impl Platform,
    request: types::GetCatalogObjectRequest,
) -> Result<types::ObjectDetails, Failure> {
    let kind = Kind::of(request.kind);
    let name = kind.name("name", &request.name)?;
    let mut object = read(platform, &kind, &name).map_err(|failure| with_near(platform, &kind, &name, failure))?;
    if kind.route == "providers" {
        let shares = Workspace::new(platform).list::<Value>(
            &format!("{}/shares", kind.one(&name)),
            &[("max_results", "0")],
            "shares",
            MAX_LISTED as usize,
        )?;
        if let Some(fields) = object.as_object_mut() {
            fields.insert("shares".to_owned(), Value::Array(shares.items));
        }
    }
    Ok(types::ObjectDetails {
        text: described(&kind, &name, &object),
        owner: text(&object, "owner"),
        name: name_of(&object),
        details: show::details(object),
    })
}

/// One object as the workspace gives it.
///
/// # Errors
/// No such object, or a workspace that cannot be asked.
pub(crate) fn read(platform: &impl Platform, kind: &Kind, name: &FullName) -> Result<Value, Failure> {
    let query: &[(&str, &str)] = if kind.route == "shares" { &[("include_shared_data", "true")] } else { &[] };
    Workspace::new(platform).get(&kind.one(name), query)
}

/// The failure with names like the one that was not found; it is asked for only then.
fn with_near(platform: &impl Platform, kind: &Kind, name: &FullName, failure: Failure) -> Failure {
    if failure.kind != FailureKind::NotFound || failure.code.as_deref() == Some("ENDPOINT_NOT_FOUND") {
        return failure;
    }
    let within = FullName::parse("within", &parent(name), kind.parts.saturating_sub(1)).ok();
    let Ok((others, _)) = all(platform, kind, within.as_ref(), MAX_LOOKED_AT) else { return failure };
    let names = others.iter().filter_map(|object| text(object, "name")).collect();
    match nearest_or_first(name.last(), names) {
        near if near.is_empty() => failure,
        near => failure.advise(format!("There are: {}.", near.join(", "))),
    }
}

/// What an object is in, as its name says.
fn parent(name: &FullName) -> String {
    name.dotted().rsplit_once('.').map(|(parent, _)| parent.to_owned()).unwrap_or_default()
}

fn described(kind: &Kind, name: &FullName, object: &Value) -> String {
    let mut said = show::sentence(&kind.shown(name));
    if let Some(sort) = text(object, kind.sort) {
        said.push_str(&format!(", {sort}"));
    }
    if let Some(owner) = text(object, "owner") {
        said.push_str(&format!(", owned by {owner}"));
    }
    said.push('.');
    if let Some(comment) = text(object, "comment") {
        said.push_str(&format!(" {comment}"));
    }
    for (heading, field, columns) in [
        ("", "columns", &["name", "type_text", "comment"][..]),
        ("Shared:", "objects", &["name", "data_object_type", "shared_as"]),
        ("Shares:", "shares", &["name", "comment"]),
    ] {
        let found = items(object, field);
        if found.is_empty() {
            continue;
        }
        let rows: Vec<Vec<Option<String>>> =
            found.iter().map(|item| columns.iter().map(|column| text(item, column)).collect()).collect();
        let table = Table::render(columns, &rows, Cut::default());
        said.push_str(&format!("\n\n{heading}\n{}", table.text));
        if table.shown < rows.len() {
            said.push_str(&format!("\n\n(showing {} of {})", table.shown, rows.len()));
        }
    }
    said
}

/// Changes an object that holds data.
///
/// # Errors
/// What the kind does not have, nothing to change, or what the workspace refuses.
pub(crate) fn update(
    platform: &impl Platform,
    request: types::UpdateCatalogObjectRequest,
) -> Result<types::ObjectChange, Failure> {
    let kind = Kind::of(request.kind);
    let name = kind.name("name", &request.name)?;
    if kind.is_external {
        return Err(Failure::invalid("kind", format!("a {} is changed with update_external_object", kind.word)));
    }
    let mut body = Map::new();
    let is_container = matches!(kind.route, "catalogs" | "schemas");
    let has_comment = is_container || kind.route == "volumes";
    let refuse = |field: &str, problem: &str| Err(Failure::invalid(field, problem));
    match request.new_name {
        Some(_) if !has_comment => {
            return refuse("new_name", "tables and functions are not renamed by this; use execute_sql");
        }
        Some(new_name) => drop(body.insert("new_name".to_owned(), last_part("new_name", &new_name)?.into())),
        None => {}
    }
    match request.comment {
        Some(_) if !has_comment => return refuse("comment", "use set_comment for tables and columns"),
        Some(comment) => drop(body.insert("comment".to_owned(), comment.into())),
        None => {}
    }
    match request.properties {
        Some(_) if !is_container => return refuse("properties", "only catalogs and schemas have properties"),
        Some(properties) => drop(body.insert("properties".to_owned(), show::object_of(&properties))),
        None => {}
    }
    match request.isolation_mode.map(|mode| mode.trim().to_ascii_uppercase()) {
        Some(_) if kind.route != "catalogs" => return refuse("isolation_mode", "only catalogs have an isolation mode"),
        Some(mode) if ISOLATION.contains(&mode.as_str()) => drop(body.insert("isolation_mode".to_owned(), mode.into())),
        Some(_) => return refuse("isolation_mode", "must be OPEN or ISOLATED"),
        None => {}
    }
    changed(platform, &kind, &name, body)
}

/// A new last part of a name.
///
/// # Errors
/// Several parts, or none.
pub(crate) fn last_part(field: &str, text: &str) -> Result<String, Failure> {
    Ok(FullName::parse(field, text, 1)?.dotted())
}

/// Sends a change of some fields, and says what is there now.
///
/// # Errors
/// Nothing to change, or what the workspace refuses.
pub(crate) fn changed(
    platform: &impl Platform,
    kind: &Kind,
    name: &FullName,
    body: Map<String, Value>,
) -> Result<types::ObjectChange, Failure> {
    if body.is_empty() {
        return Err(Failure::new(
            FailureKind::InvalidInput,
            "nothing is named that would change; name at least one field",
        ));
    }
    Workspace::new(platform).patch::<Value>(&kind.one(name), &body)?;
    let fields: Vec<&str> = body.keys().map(String::as_str).collect();
    let now = body.get("new_name").and_then(Value::as_str).map_or_else(|| name.clone(), |new| name.renamed(new));
    let text = show::sentence(&format!("{} was changed: {}.", kind.shown(name), fields.join(", ")));
    if now == *name {
        return Ok(show::change(&now, text, true));
    }
    let text = format!("{text} Its name is {} now.", now.dotted());
    Ok(types::ObjectChange { old_name: Some(name.dotted()), ..show::change(&now, text, true) })
}

/// Gives an object another owner.
///
/// # Errors
/// No owner, no such object, or what the workspace refuses.
pub(crate) fn set_owner(
    platform: &impl Platform,
    request: types::SetOwnerRequest,
) -> Result<types::ObjectChange, Failure> {
    let kind = Kind::of(request.kind);
    let name = kind.name("name", &request.name)?;
    let owner = request.owner.trim();
    if owner.is_empty() {
        return Err(Failure::invalid("owner", "is empty"));
    }
    Workspace::new(platform).patch::<Value>(&kind.one(&name), &json!({"owner": owner}))?;
    let text = show::sentence(&format!("{} is owned by {owner} now.", kind.shown(&name)));
    Ok(show::change(&name, text, true))
}

/// Deletes an object.
///
/// # Errors
/// What is not empty or in use without force, or what the workspace refuses.
pub(crate) fn delete(
    platform: &impl Platform,
    request: types::DeleteCatalogObjectRequest,
) -> Result<types::ObjectChange, Failure> {
    let kind = Kind::of(request.kind);
    let name = kind.name("name", &request.name)?;
    let force = request.force.unwrap_or(false);
    if force && !kind.has_force {
        return Err(Failure::invalid("force", format!("a {} is deleted without force", kind.word)));
    }
    let query: &[(&str, &str)] = if force { &[("force", "true")] } else { &[] };
    match Workspace::new(platform).delete::<Value>(&kind.one(&name), query) {
        Ok(_) => Ok(show::change(&name, show::sentence(&format!("{} is deleted.", kind.shown(&name))), true)),
        Err(failure)
            if failure.kind == FailureKind::NotFound && failure.code.as_deref() != Some("ENDPOINT_NOT_FOUND") =>
        {
            let failure = with_near(platform, &kind, &name, failure);
            Ok(show::change(&name, format!("Nothing was deleted: {}", failure.message), false))
        }
        Err(failure) => {
            let in_use = failure.code.as_deref().is_some_and(|code| code.ends_with("_NOT_EMPTY"));
            let advice =
                "Look at what is in it first. With force it is deleted with all of that, which cannot be put back.";
            Err(if in_use && kind.has_force { failure.advise(advice) } else { failure })
        }
    }
}

/// Where something of an object is.
pub(crate) fn below(kind: &str, name: &FullName, rest: &str) -> String {
    format!("{UNITY}/{kind}/{}{rest}", encode_segment(&name.dotted()))
}

#[cfg(test)]
mod tests;

//! create_catalog, create_foreign_catalog, create_schema and create_volume; and how anything is made by the REST
//! interface. What is there already stays as it is, so that a repeated call does no harm.

use bricklayer_sdk::{Failure, Kind as FailureKind, Platform, Workspace};
use serde_json::{Map, Value, json};

use crate::kind::Kind;
use crate::names::FullName;
use crate::objects::read;
use crate::show;
use crate::types::{self, ObjectKind};

/// Makes an object of these fields; none of them null.
///
/// # Errors
/// What the workspace refuses, beside that it is there.
pub(crate) fn make(
    platform: &impl Platform,
    kind: &Kind,
    name: &FullName,
    body: Value,
) -> Result<types::ObjectChange, Failure> {
    let body: Map<String, Value> = match body {
        Value::Object(fields) => fields.into_iter().filter(|(_, value)| !value.is_null()).collect(),
        _ => Map::new(),
    };
    match Workspace::new(platform).post::<Value>(&kind.all(), &body) {
        Ok(_) => Ok(show::change(name, show::sentence(&format!("{} was made.", kind.shown(name))), true)),
        Err(failure) if failure.code.as_deref().is_some_and(|code| code.ends_with("ALREADY_EXISTS")) => {
            Ok(kept(kind, name, &read(platform, kind, name).unwrap_or_default()))
        }
        Err(failure) if failure.retryable && matches!(failure.kind, FailureKind::Timeout | FailureKind::Upstream) => {
            Err(failure.advise("It may have been made all the same. Calling again is safe: it is made once."))
        }
        Err(failure) => Err(failure),
    }
}

/// What is there already is no change.
pub(crate) fn kept(kind: &Kind, name: &FullName, object: &Value) -> types::ObjectChange {
    let owner = show::text(object, "owner").map(|owner| format!(", owned by {owner}")).unwrap_or_default();
    let text = format!("There is a {} already{owner}. It was left as it is.", kind.shown(name));
    show::change(name, text, false)
}

fn properties(given: Option<Vec<types::NamedValue>>) -> Value {
    given.map_or(Value::Null, |given| show::object_of(&given))
}

/// Makes a catalog.
///
/// # Errors
/// A name that is none, or what the workspace refuses.
pub(crate) fn catalog(
    platform: &impl Platform,
    request: types::CreateCatalogRequest,
) -> Result<types::ObjectChange, Failure> {
    let kind = Kind::of(ObjectKind::Catalog);
    let name = kind.name("name", &request.name)?;
    let body = json!({
        "name": name.last(),
        "comment": request.comment,
        "storage_root": request.storage_root,
        "properties": properties(request.properties),
    });
    make(platform, &kind, &name, body)
}

/// Makes a foreign catalog.
///
/// # Errors
/// A name that is none, or what the workspace refuses.
pub(crate) fn foreign_catalog(
    platform: &impl Platform,
    request: types::CreateForeignCatalogRequest,
) -> Result<types::ObjectChange, Failure> {
    let kind = Kind::of(ObjectKind::Catalog);
    let name = kind.name("name", &request.name)?;
    let connection = FullName::parse("connection_name", &request.connection_name, 1)?;
    let body = json!({
        "name": name.last(),
        "connection_name": connection.last(),
        "comment": request.comment,
        "options": properties(request.options),
    });
    make(platform, &kind, &name, body)
}

/// Makes a schema.
///
/// # Errors
/// A name that is none, or what the workspace refuses.
pub(crate) fn schema(
    platform: &impl Platform,
    request: types::CreateSchemaRequest,
) -> Result<types::ObjectChange, Failure> {
    let kind = Kind::of(ObjectKind::Schema);
    let name = kind.name("name", &request.name)?;
    let body = json!({
        "catalog_name": name.part(0),
        "name": name.last(),
        "comment": request.comment,
        "storage_root": request.storage_root,
        "properties": properties(request.properties),
    });
    make(platform, &kind, &name, body)
}

/// Makes a volume.
///
/// # Errors
/// A name that is none, or what the workspace refuses.
pub(crate) fn volume(
    platform: &impl Platform,
    request: types::CreateVolumeRequest,
) -> Result<types::ObjectChange, Failure> {
    let kind = Kind::of(ObjectKind::Volume);
    let name = kind.name("name", &request.name)?;
    let body = json!({
        "catalog_name": name.part(0),
        "schema_name": name.part(1),
        "name": name.last(),
        "volume_type": if request.storage_location.is_some() { "EXTERNAL" } else { "MANAGED" },
        "comment": request.comment,
        "storage_location": request.storage_location,
    });
    make(platform, &kind, &name, body)
}

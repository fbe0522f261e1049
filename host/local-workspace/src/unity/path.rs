//! Names of objects in paths.

use crate::{
    catalog::names::{ObjectKind, SchemaName, Securable, TableName},
    http::error::ApiError,
};

/// `catalog.schema`, letter case aside.
pub(super) fn schema_name(text: &str) -> Result<SchemaName, ApiError> {
    match text.to_lowercase().split('.').collect::<Vec<_>>().as_slice() {
        [catalog, schema] => Ok(SchemaName { catalog: (*catalog).to_owned(), schema: (*schema).to_owned() }),
        _ => Err(ApiError::invalid(format!("'{text}' is not a valid name for a schema."))),
    }
}

/// `catalog.schema.table`, letter case aside.
pub(super) fn table_name(text: &str) -> Result<TableName, ApiError> {
    three_parts(text, "table")
}

/// `catalog.schema.function`, letter case aside.
pub(super) fn function_name(text: &str) -> Result<TableName, ApiError> {
    three_parts(text, "function")
}

fn three_parts(text: &str, word: &str) -> Result<TableName, ApiError> {
    match text.to_lowercase().split('.').collect::<Vec<_>>().as_slice() {
        [catalog, schema, table] => {
            Ok(TableName { catalog: (*catalog).to_owned(), schema: (*schema).to_owned(), table: (*table).to_owned() })
        }
        _ => Err(ApiError::invalid(format!("'{text}' is not a valid name for a {word}."))),
    }
}

/// A securable from the API's type and name.
pub(super) fn securable(kind: &str, name: &str) -> Result<Securable, ApiError> {
    match kind.to_lowercase().as_str() {
        "metastore" => Ok(Securable::Metastore),
        "catalog" => Ok(Securable::Catalog(name.to_lowercase())),
        "schema" => schema_name(name).map(Securable::Schema),
        "table" => table_name(name).map(Securable::Table),
        "function" => table_name(name).map(Securable::Function),
        "volume" => table_name(name).map(Securable::Volume),
        other => match ObjectKind::ALL.into_iter().find(|known| known.name().eq_ignore_ascii_case(other)) {
            Some(known) => Ok(Securable::Object(known, name.to_lowercase())),
            None => {
                Err(ApiError::invalid(format!("The securable type '{kind}' is not supported by the local workspace.")))
            }
        },
    }
}

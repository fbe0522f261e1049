//! Names as statements write them, and where they live in DuckDB.

use super::error::SqlError;
use crate::catalog::names::{SchemaName, TableName};

/// Prefix of the alias under which a catalog's database file is attached; DuckDB reserves some plain names (`main`, `temp`).
const ALIAS_PREFIX: &str = "uc_";

/// Catalogs that nobody may write to.
pub(crate) const READ_ONLY_CATALOGS: [&str; 2] = ["samples", "system"];

/// The schema of each writable catalog that holds the engine's own notes; no statement can name it.
pub(crate) const INTERNAL_SCHEMA: &str = "bricklayer.internal";

/// The catalog and schema that unqualified names of one statement belong to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Namespace {
    pub(crate) catalog: String,
    pub(crate) schema: String,
}

impl Namespace {
    /// Completes a name of one or two parts to a schema's name.
    pub(crate) fn schema(&self, parts: &[String]) -> Result<SchemaName, SqlError> {
        let (catalog, schema) = match parts {
            [] => (&self.catalog, &self.schema),
            [schema] => (&self.catalog, schema),
            [catalog, schema] => (catalog, schema),
            _ => return Err(too_many_parts(parts)),
        };
        let name = SchemaName { catalog: catalog.to_lowercase(), schema: schema.to_lowercase() };
        if name.schema == INTERNAL_SCHEMA { Err(SqlError::schema_not_found(&name.quoted())) } else { Ok(name) }
    }

    /// Completes a name of one to three parts to a table's name.
    pub(crate) fn table(&self, parts: &[String]) -> Result<TableName, SqlError> {
        match parts {
            [schema @ .., table] if schema.len() < 3 => {
                let SchemaName { catalog, schema } = self.schema(schema)?;
                Ok(TableName { catalog, schema, table: table.to_lowercase() })
            }
            _ => Err(too_many_parts(parts)),
        }
    }
}

impl SchemaName {
    /// The name as DuckDB knows it.
    pub(crate) fn physical(&self) -> String {
        format!("{}.{}", quote(&catalog_alias(&self.catalog)), quote(&self.schema))
    }
}

impl TableName {
    /// The name as DuckDB knows it.
    pub(crate) fn physical(&self) -> String {
        format!("{}.{}", self.schema_name().physical(), quote(&self.table))
    }
}

/// The name under which a catalog's file is attached.
pub(crate) fn catalog_alias(catalog: &str) -> String {
    format!("{ALIAS_PREFIX}{catalog}")
}

/// An identifier in DuckDB's quotes.
pub(crate) fn quote(identifier: &str) -> String {
    format!("\"{}\"", identifier.replace('"', "\"\""))
}

/// A string literal for DuckDB.
pub(crate) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn too_many_parts(parts: &[String]) -> SqlError {
    let detail = format!("The identifier `{}` has too many or too few name parts.", parts.join("`.`"));
    SqlError::new("IDENTIFIER_TOO_MANY_NAME_PARTS", "42601", detail)
}

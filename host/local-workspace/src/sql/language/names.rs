//! Names of catalogs, schemas and tables, and where they live in DuckDB.

use super::error::SqlError;

/// Prefix of the alias under which a catalog's database file is attached; DuckDB reserves some plain names (`main`, `temp`).
const ALIAS_PREFIX: &str = "uc_";

/// The catalog and schema that unqualified names of one statement belong to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Namespace {
    pub(crate) catalog: String,
    pub(crate) schema: String,
}

/// A schema's full name, both parts in lower case.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct SchemaName {
    pub(crate) catalog: String,
    pub(crate) schema: String,
}

/// The full name of a table, view or function, all parts in lower case.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct TableName {
    pub(crate) catalog: String,
    pub(crate) schema: String,
    pub(crate) table: String,
}

impl Namespace {
    /// Completes a name of one or two parts to a schema's name.
    pub(crate) fn schema(&self, parts: &[String]) -> Result<SchemaName, SqlError> {
        match parts {
            [] => Ok(SchemaName { catalog: self.catalog.clone(), schema: self.schema.clone() }),
            [schema] => Ok(SchemaName { catalog: self.catalog.clone(), schema: schema.to_lowercase() }),
            [catalog, schema] => Ok(SchemaName { catalog: catalog.to_lowercase(), schema: schema.to_lowercase() }),
            _ => Err(too_many_parts(parts)),
        }
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
    pub(crate) fn full_name(&self) -> String {
        format!("{}.{}", self.catalog, self.schema)
    }

    /// The name as error messages show it.
    pub(crate) fn quoted(&self) -> String {
        format!("`{}`.`{}`", self.catalog, self.schema)
    }

    /// The name as DuckDB knows it.
    pub(crate) fn physical(&self) -> String {
        format!("{}.{}", quote(&catalog_alias(&self.catalog)), quote(&self.schema))
    }
}

impl TableName {
    pub(crate) fn schema_name(&self) -> SchemaName {
        SchemaName { catalog: self.catalog.clone(), schema: self.schema.clone() }
    }

    pub(crate) fn full_name(&self) -> String {
        format!("{}.{}.{}", self.catalog, self.schema, self.table)
    }

    /// The name as error messages show it.
    pub(crate) fn quoted(&self) -> String {
        format!("`{}`.`{}`.`{}`", self.catalog, self.schema, self.table)
    }

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

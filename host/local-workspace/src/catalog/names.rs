//! Names of what Unity Catalog holds.

use serde::{Deserialize, Serialize};

/// A schema's full name, both parts in lower case.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct SchemaName {
    pub(crate) catalog: String,
    pub(crate) schema: String,
}

/// The full name of a table, view or function, all parts in lower case.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct TableName {
    pub(crate) catalog: String,
    pub(crate) schema: String,
    pub(crate) table: String,
}

impl SchemaName {
    pub(crate) fn full_name(&self) -> String {
        format!("{}.{}", self.catalog, self.schema)
    }

    /// The name as error messages show it.
    pub(crate) fn quoted(&self) -> String {
        format!("`{}`.`{}`", self.catalog, self.schema)
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
}

/// Something that privileges, owners and properties belong to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Securable {
    Metastore,
    Catalog(String),
    Schema(SchemaName),
    Table(TableName),
    View(TableName),
    Function(TableName),
    Volume(TableName),
}

impl Securable {
    /// The kind as grants and the Unity Catalog API spell it.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Metastore => "METASTORE",
            Self::Catalog(_) => "CATALOG",
            Self::Schema(_) => "SCHEMA",
            Self::Table(_) => "TABLE",
            Self::View(_) => "VIEW",
            Self::Function(_) => "FUNCTION",
            Self::Volume(_) => "VOLUME",
        }
    }

    pub(crate) fn full_name(&self) -> String {
        match self {
            Self::Metastore => "metastore".to_owned(),
            Self::Catalog(name) => name.clone(),
            Self::Schema(name) => name.full_name(),
            Self::Table(name) | Self::View(name) | Self::Function(name) | Self::Volume(name) => name.full_name(),
        }
    }

    /// The catalog it belongs to, if any.
    pub(crate) fn catalog(&self) -> Option<&str> {
        match self {
            Self::Metastore => None,
            Self::Catalog(name) => Some(name),
            Self::Schema(name) => Some(&name.catalog),
            Self::Table(name) | Self::View(name) | Self::Function(name) | Self::Volume(name) => Some(&name.catalog),
        }
    }
}

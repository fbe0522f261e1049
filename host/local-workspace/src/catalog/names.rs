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
    /// The full name of what is in the schema.
    pub(crate) fn object(&self, name: &str) -> TableName {
        TableName { catalog: self.catalog.clone(), schema: self.schema.clone(), table: name.to_owned() }
    }

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
    /// What belongs to the metastore and is in no catalog.
    Object(ObjectKind, String),
}

/// Kinds of objects that belong to the metastore.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum ObjectKind {
    StorageCredential,
    ExternalLocation,
    Connection,
    Share,
    Recipient,
    Provider,
}

impl ObjectKind {
    pub(crate) const ALL: [Self; 6] = [
        Self::StorageCredential,
        Self::ExternalLocation,
        Self::Connection,
        Self::Share,
        Self::Recipient,
        Self::Provider,
    ];

    /// As grants, error codes and the Unity Catalog API spell it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::StorageCredential => "STORAGE_CREDENTIAL",
            Self::ExternalLocation => "EXTERNAL_LOCATION",
            Self::Connection => "CONNECTION",
            Self::Share => "SHARE",
            Self::Recipient => "RECIPIENT",
            Self::Provider => "PROVIDER",
        }
    }

    /// As messages spell it.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::StorageCredential => "Storage Credential",
            Self::ExternalLocation => "External Location",
            Self::Connection => "Connection",
            Self::Share => "Share",
            Self::Recipient => "Recipient",
            Self::Provider => "Provider",
        }
    }
}

impl Securable {
    /// The kind as messages spell it.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Metastore => "Metastore",
            Self::Catalog(_) => "Catalog",
            Self::Schema(_) => "Schema",
            Self::Table(_) | Self::View(_) => "Table",
            Self::Function(_) => "Routine or Model",
            Self::Volume(_) => "Volume",
            Self::Object(kind, _) => kind.word(),
        }
    }

    /// What it is in, from the inside out.
    pub(crate) fn around(&self) -> Vec<Self> {
        match self {
            Self::Metastore | Self::Catalog(_) => Vec::new(),
            Self::Schema(name) => vec![Self::Catalog(name.catalog.clone())],
            Self::Table(name) | Self::View(name) | Self::Function(name) | Self::Volume(name) => {
                vec![Self::Schema(name.schema_name()), Self::Catalog(name.catalog.clone())]
            }
            Self::Object(..) => vec![Self::Metastore],
        }
    }

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
            Self::Object(kind, _) => kind.name(),
        }
    }

    pub(crate) fn full_name(&self) -> String {
        match self {
            Self::Metastore => "metastore".to_owned(),
            Self::Catalog(name) | Self::Object(_, name) => name.clone(),
            Self::Schema(name) => name.full_name(),
            Self::Table(name) | Self::View(name) | Self::Function(name) | Self::Volume(name) => name.full_name(),
        }
    }

    /// The catalog it belongs to, if any.
    pub(crate) fn catalog(&self) -> Option<&str> {
        match self {
            Self::Metastore | Self::Object(..) => None,
            Self::Catalog(name) => Some(name),
            Self::Schema(name) => Some(&name.catalog),
            Self::Table(name) | Self::View(name) | Self::Function(name) | Self::Volume(name) => Some(&name.catalog),
        }
    }
}

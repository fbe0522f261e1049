//! The catalog's objects as they are stored. Fields may be added (with a default), never renamed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::names::{SchemaName, TableName};

/// Owner of what the workspace itself brings along.
pub(crate) const SYSTEM_USER: &str = "System user";

/// Who made and changed an object, in milliseconds since the epoch.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Audit {
    pub(crate) owner: String,
    pub(crate) created_by: String,
    pub(crate) created_at: i64,
    pub(crate) updated_by: String,
    pub(crate) updated_at: i64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct CatalogInfo {
    pub(crate) id: Uuid,
    pub(crate) audit: Audit,
    #[serde(default)]
    pub(crate) comment: Option<String>,
    #[serde(default)]
    pub(crate) properties: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct SchemaInfo {
    pub(crate) id: Uuid,
    pub(crate) audit: Audit,
    #[serde(default)]
    pub(crate) comment: Option<String>,
    #[serde(default)]
    pub(crate) properties: BTreeMap<String, String>,
}

/// What DuckDB does not keep about a table or view.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct TableInfo {
    pub(crate) id: Uuid,
    pub(crate) audit: Audit,
    #[serde(default)]
    pub(crate) comment: Option<String>,
    #[serde(default)]
    pub(crate) properties: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) column_comments: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) partition_columns: Vec<String>,
    #[serde(default)]
    pub(crate) cluster_columns: Vec<String>,
    #[serde(default)]
    pub(crate) primary_key: Vec<String>,
    /// Lengths of CHAR and VARCHAR columns, by their names in lower case.
    #[serde(default)]
    pub(crate) text_limits: BTreeMap<String, TextLimit>,
    /// A view's query as it was written.
    #[serde(default)]
    pub(crate) view_definition: Option<String>,
    /// The tables and views that a view's query reads, with its owner's rights.
    #[serde(default)]
    pub(crate) view_reads: Vec<TableName>,
    /// The functions that a view's query calls.
    #[serde(default)]
    pub(crate) view_calls: Vec<TableName>,
    /// Where a view's query looks for names of one or two parts; not known of views of before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) view_home: Option<SchemaName>,
    /// Whether the engine knows a view's columns only, so that each reader gets its query in its place.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) inline: bool,
    /// Whether it is a metric view, whose definition is YAML.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) metrics: bool,
    /// Which rows are shown: those for which this is true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) row_filter: Option<Policy>,
    /// What is shown in the place of columns' values, by the columns' names in lower case.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) column_masks: BTreeMap<String, Policy>,
}

/// A function of columns that decides what a reader sees of a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Policy {
    pub(crate) function: TableName,
    /// Its arguments; a mask's first is the masked column, which is not among them.
    pub(crate) columns: Vec<String>,
}

/// The length of a CHAR(n) or VARCHAR(n) column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TextLimit {
    /// Characters at most.
    pub(crate) length: u32,
    /// CHAR: shorter values are filled up with blanks.
    pub(crate) padded: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct HistoryEntry {
    pub(crate) version: i64,
    pub(crate) timestamp: i64,
    pub(crate) user: String,
    pub(crate) operation: String,
    #[serde(default)]
    pub(crate) parameters: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) metrics: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct FunctionInfo {
    pub(crate) id: Uuid,
    pub(crate) audit: Audit,
    #[serde(default)]
    pub(crate) comment: Option<String>,
    /// Parameter names with their types as written.
    pub(crate) parameters: Vec<(String, String)>,
    /// The tables and views that it reads, and the functions that it calls; not known of functions of before.
    #[serde(default)]
    pub(crate) uses: Option<Uses>,
}

/// What the body of a function refers to.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Uses {
    pub(crate) tables: Vec<TableName>,
    pub(crate) functions: Vec<TableName>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Grant {
    pub(crate) kind: String,
    pub(crate) full_name: String,
    pub(crate) principal: String,
    pub(crate) privilege: String,
}

/// A catalog with all that is in it, to be put in at once.
#[derive(Debug, Deserialize)]
pub(crate) struct CatalogTree {
    #[serde(flatten)]
    pub(crate) info: CatalogInfo,
    #[serde(default)]
    pub(crate) schemas: BTreeMap<String, SchemaTree>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct SchemaTree {
    #[serde(flatten)]
    pub(crate) info: SchemaInfo,
    #[serde(default)]
    pub(crate) tables: BTreeMap<String, TableTree>,
    #[serde(default)]
    pub(crate) functions: BTreeMap<String, FunctionInfo>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct TableTree {
    #[serde(flatten)]
    pub(crate) info: TableInfo,
    #[serde(default)]
    pub(crate) history: Vec<HistoryEntry>,
    #[serde(default)]
    pub(crate) next_version: i64,
}

impl Audit {
    pub(crate) fn new(user: &str) -> Self {
        let now = crate::clock::now().timestamp_millis();
        Self {
            owner: user.to_owned(),
            created_by: user.to_owned(),
            created_at: now,
            updated_by: user.to_owned(),
            updated_at: now,
        }
    }

    pub(crate) fn touch(&mut self, user: &str) {
        user.clone_into(&mut self.updated_by);
        self.updated_at = crate::clock::now().timestamp_millis();
    }
}

impl CatalogInfo {
    pub(crate) fn new(user: &str, comment: Option<String>) -> Self {
        Self { id: Uuid::new_v4(), audit: Audit::new(user), comment, properties: BTreeMap::new() }
    }
}

impl SchemaInfo {
    pub(crate) fn new(user: &str, comment: Option<String>) -> Self {
        Self { id: Uuid::new_v4(), audit: Audit::new(user), comment, properties: BTreeMap::new() }
    }

    /// The schema that every catalog has from its beginning.
    pub(crate) fn default_of(user: &str) -> Self {
        Self::new(user, Some("Default schema (auto-created)".to_owned()))
    }
}

impl TableInfo {
    pub(crate) fn new(user: &str) -> Self {
        Self {
            id: Uuid::new_v4(),
            audit: Audit::new(user),
            comment: None,
            properties: BTreeMap::new(),
            column_comments: BTreeMap::new(),
            partition_columns: Vec::new(),
            cluster_columns: Vec::new(),
            text_limits: BTreeMap::new(),
            primary_key: Vec::new(),
            view_definition: None,
            view_reads: Vec::new(),
            view_calls: Vec::new(),
            view_home: None,
            inline: false,
            metrics: false,
            row_filter: None,
            column_masks: BTreeMap::new(),
        }
    }
}

impl TableInfo {
    /// Whether a row filter or a mask takes this column.
    pub(crate) fn guards_with(&self, column: &str) -> bool {
        let takes = |policy: &Policy| policy.columns.iter().any(|name| name.eq_ignore_ascii_case(column));
        self.column_masks.contains_key(&column.to_lowercase())
            || self.row_filter.iter().chain(self.column_masks.values()).any(takes)
    }
}

impl HistoryEntry {
    /// An operation of now; which version it makes is for the catalog to say.
    pub(crate) fn new(user: &str, operation: &str, metrics: BTreeMap<String, String>) -> Self {
        Self {
            version: 0,
            timestamp: crate::clock::now().timestamp_millis(),
            user: user.to_owned(),
            operation: operation.to_owned(),
            parameters: BTreeMap::new(),
            metrics,
        }
    }
}

//! The catalog's data as it is stored. Fields may be added (with a default), never renamed.

use std::collections::BTreeMap;

use chrono::Utc;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::sql::language::{
    command::Securable,
    names::{SchemaName, TableName},
    store::TextLimit,
};

/// Entries that DESCRIBE HISTORY keeps for a table; older ones are dropped.
const HISTORY_ENTRIES: usize = 100;

/// Owner of what the workspace itself brings along.
pub(crate) const SYSTEM_USER: &str = "System user";

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct State {
    pub(crate) metastore_id: Uuid,
    /// Below 2^53, so that JavaScript clients keep all digits.
    pub(crate) workspace_id: u64,
    pub(crate) catalogs: BTreeMap<String, CatalogInfo>,
    #[serde(default)]
    pub(crate) grants: Vec<Grant>,
    #[serde(default)]
    pub(crate) warehouses: Vec<WarehouseInfo>,
}

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
    #[serde(default)]
    pub(crate) schemas: BTreeMap<String, SchemaInfo>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct SchemaInfo {
    pub(crate) id: Uuid,
    pub(crate) audit: Audit,
    #[serde(default)]
    pub(crate) comment: Option<String>,
    #[serde(default)]
    pub(crate) properties: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) tables: BTreeMap<String, TableInfo>,
    #[serde(default)]
    pub(crate) functions: BTreeMap<String, FunctionInfo>,
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
    #[serde(default)]
    pub(crate) history: Vec<HistoryEntry>,
    #[serde(default)]
    pub(crate) next_version: i64,
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
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Grant {
    pub(crate) kind: String,
    pub(crate) full_name: String,
    pub(crate) principal: String,
    pub(crate) privilege: String,
}

/// A SQL warehouse's settings and whether it was stopped.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct WarehouseInfo {
    pub(crate) id: String,
    pub(crate) creator: String,
    pub(crate) running: bool,
    /// Settings as the API takes and gives them.
    pub(crate) settings: serde_json::Map<String, serde_json::Value>,
}

impl Audit {
    pub(crate) fn new(user: &str) -> Self {
        let now = Utc::now().timestamp_millis();
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
        self.updated_at = Utc::now().timestamp_millis();
    }
}

impl CatalogInfo {
    pub(crate) fn new(user: &str, comment: Option<String>) -> Self {
        let default = SchemaInfo::new(user, Some("Default schema (auto-created)".to_owned()));
        Self {
            id: Uuid::new_v4(),
            audit: Audit::new(user),
            comment,
            properties: BTreeMap::new(),
            schemas: BTreeMap::from([("default".to_owned(), default)]),
        }
    }
}

impl SchemaInfo {
    pub(crate) fn new(user: &str, comment: Option<String>) -> Self {
        Self {
            id: Uuid::new_v4(),
            audit: Audit::new(user),
            comment,
            properties: BTreeMap::new(),
            tables: BTreeMap::new(),
            functions: BTreeMap::new(),
        }
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
            history: Vec::new(),
            next_version: 0,
        }
    }

    /// Adds an operation to the table's history.
    pub(crate) fn record(&mut self, user: &str, operation: &str, metrics: BTreeMap<String, String>) {
        self.audit.touch(user);
        self.history.push(HistoryEntry {
            version: self.next_version,
            timestamp: self.audit.updated_at,
            user: user.to_owned(),
            operation: operation.to_owned(),
            parameters: BTreeMap::new(),
            metrics,
        });
        self.next_version += 1;
        let excess = self.history.len().saturating_sub(HISTORY_ENTRIES);
        self.history.drain(..excess);
    }
}

impl State {
    /// A fresh workspace: the catalog `main` with the schema `default`, and one running warehouse.
    pub(crate) fn new() -> Self {
        let metastore_id = Uuid::new_v4();
        let main = CatalogInfo::new(SYSTEM_USER, Some("Catalog of this workspace's own tables".to_owned()));
        Self {
            metastore_id,
            workspace_id: 1_000_000_000_000 + u64::from(metastore_id.as_fields().0),
            catalogs: BTreeMap::from([("main".to_owned(), main)]),
            grants: Vec::new(),
            warehouses: Vec::new(),
        }
    }

    pub(crate) fn schema(&self, name: &SchemaName) -> Option<&SchemaInfo> {
        self.catalogs.get(&name.catalog)?.schemas.get(&name.schema)
    }

    pub(crate) fn schema_mut(&mut self, name: &SchemaName) -> Option<&mut SchemaInfo> {
        self.catalogs.get_mut(&name.catalog)?.schemas.get_mut(&name.schema)
    }

    pub(crate) fn table(&self, name: &TableName) -> Option<&TableInfo> {
        self.schema(&name.schema_name())?.tables.get(&name.table)
    }

    /// The table's entry, made if it is missing (its schema must exist).
    pub(crate) fn table_mut(&mut self, name: &TableName, user: &str) -> Option<&mut TableInfo> {
        let schema = self.schema_mut(&name.schema_name())?;
        Some(schema.tables.entry(name.table.clone()).or_insert_with(|| TableInfo::new(user)))
    }

    /// Gives a privilege; giving it twice is giving it once.
    pub(crate) fn grant(&mut self, on: &Securable, principal: &str, privilege: &str) {
        let grant = Grant {
            kind: on.kind().to_owned(),
            full_name: on.full_name(),
            principal: principal.to_owned(),
            privilege: privilege.to_owned(),
        };
        if !self.grants.contains(&grant) {
            self.grants.push(grant);
        }
    }

    /// Takes a privilege away; `ALL PRIVILEGES` takes all.
    pub(crate) fn revoke(&mut self, on: &Securable, principal: &str, privilege: &str) {
        let (kind, name) = (on.kind(), on.full_name());
        self.grants.retain(|g| {
            g.kind != kind
                || g.full_name != name
                || g.principal != principal
                || (privilege != "ALL PRIVILEGES" && g.privilege != privilege)
        });
    }

    /// Forgets the grants on an object and on everything inside it.
    pub(crate) fn forget_grants(&mut self, full_name: &str) {
        let inside = format!("{full_name}.");
        self.grants.retain(|g| g.full_name != full_name && !g.full_name.starts_with(&inside));
    }
}

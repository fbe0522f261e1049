//! Changes that concern the tables' engine as well, as data.
//!
//! The engine's files and the database of objects cannot commit together. So the change is written down first, then the
//! engine commits its side and in the same transaction a mark that it did, then the change is carried out here. What a
//! killed process left half done is decided at the next start: a change whose mark is there is carried out, another one
//! is forgotten. The engine's commit is the one moment at which the change happens.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    model::{FunctionInfo, HistoryEntry, SchemaInfo, TableInfo, TextLimit},
    names::{SchemaName, TableName},
};

/// One change.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Change {
    CreateSchema {
        name: SchemaName,
        info: SchemaInfo,
    },
    DropSchema {
        name: SchemaName,
    },
    /// Makes a table or view, or replaces one: its id, owner and history stay.
    PutTable {
        name: TableName,
        info: Box<TableInfo>,
        entry: Option<HistoryEntry>,
    },
    EditTable {
        name: TableName,
        edit: TableEdit,
        entry: HistoryEntry,
    },
    RenameTable {
        from: TableName,
        to: TableName,
        entry: HistoryEntry,
    },
    DropTable {
        name: TableName,
    },
    PutFunction {
        name: TableName,
        info: FunctionInfo,
    },
    DropFunction {
        name: TableName,
    },
}

/// What becomes of a table's entry when its columns or its query change.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
pub(crate) struct TableEdit {
    /// New columns' comments, by their names in lower case.
    pub(crate) comments: BTreeMap<String, String>,
    /// New columns' lengths, by their names in lower case.
    pub(crate) limits: BTreeMap<String, TextLimit>,
    /// A column's old and new name in lower case.
    pub(crate) renamed: Option<(String, String)>,
    pub(crate) dropped: Vec<String>,
    /// A view's new query, and what it reads.
    #[serde(default)]
    pub(crate) view_reads: Vec<TableName>,
    #[serde(default)]
    pub(crate) view_calls: Vec<TableName>,
    pub(crate) view_definition: Option<String>,
    #[serde(default)]
    pub(crate) view_home: Option<SchemaName>,
    #[serde(default)]
    pub(crate) inline: bool,
}

impl Change {
    /// The catalog whose file it concerns.
    pub(crate) fn catalog(&self) -> &str {
        match self {
            Self::CreateSchema { name, .. } | Self::DropSchema { name } => &name.catalog,
            Self::PutTable { name, .. }
            | Self::EditTable { name, .. }
            | Self::RenameTable { from: name, .. }
            | Self::DropTable { name }
            | Self::PutFunction { name, .. }
            | Self::DropFunction { name } => &name.catalog,
        }
    }
}

impl TableEdit {
    pub(super) fn apply(self, info: &mut TableInfo) {
        info.column_comments.extend(self.comments);
        info.text_limits.extend(self.limits);
        if let Some((from, to)) = self.renamed {
            if let Some(comment) = info.column_comments.remove(&from) {
                info.column_comments.insert(to.clone(), comment);
            }
            if let Some(limit) = info.text_limits.remove(&from) {
                info.text_limits.insert(to, limit);
            }
        }
        for name in self.dropped {
            info.column_comments.remove(&name);
            info.text_limits.remove(&name);
        }
        if let Some(definition) = self.view_definition {
            info.view_definition = Some(definition);
            info.view_reads = self.view_reads;
            info.view_calls = self.view_calls;
            info.view_home = self.view_home;
            info.inline = self.inline;
        }
    }
}

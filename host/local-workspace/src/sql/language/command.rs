//! Catalog statements as data. The parser fills these in, the engine's command modules carry them out.

use crate::catalog::{
    Policy, Tagged, TextLimit,
    names::{SchemaName, Securable, TableName},
};

/// A list of `'key' = 'value'` pairs in the order written.
pub(crate) type Properties = Vec<(String, String)>;

/// A statement that the workspace answers or carries out from its own catalog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Command {
    Show(Show),
    Describe(Describe),
    UseCatalog(String),
    UseSchema(SchemaName),
    CreateCatalog {
        name: String,
        if_not_exists: bool,
        comment: Option<String>,
    },
    DropCatalog {
        name: String,
        if_exists: bool,
        cascade: bool,
    },
    CreateSchema {
        name: SchemaName,
        if_not_exists: bool,
        comment: Option<String>,
        properties: Properties,
    },
    DropSchema {
        name: SchemaName,
        if_exists: bool,
        cascade: bool,
    },
    CreateVolume {
        name: TableName,
        if_not_exists: bool,
        comment: Option<String>,
    },
    DropVolume {
        name: TableName,
        if_exists: bool,
    },
    /// What is in a folder of a volume.
    List {
        path: String,
        limit: Option<u64>,
    },
    CreateTable(Box<CreateTable>),
    CreateView(Box<CreateView>),
    CreateFunction(Box<CreateFunction>),
    Drop {
        kind: DropKind,
        name: TableName,
        if_exists: bool,
    },
    Truncate(TableName),
    AlterTable {
        name: TableName,
        action: AlterTable,
    },
    AlterProperties {
        on: Securable,
        set: Properties,
        unset: Vec<String>,
    },
    SetOwner {
        on: Securable,
        owner: String,
    },
    /// Sets tags of an object or a column, and takes some away.
    Tag {
        on: Tagged,
        set: Properties,
        unset: Vec<String>,
    },
    Comment {
        on: CommentTarget,
        comment: Option<String>,
    },
    Grant {
        privileges: Vec<String>,
        on: Securable,
        principal: String,
    },
    Revoke {
        privileges: Vec<String>,
        on: Securable,
        principal: String,
    },
    /// Maintenance that has nothing to do here: OPTIMIZE, VACUUM, ANALYZE, REFRESH, CACHE and their like.
    Maintain {
        what: Maintenance,
        table: Option<TableName>,
    },
    /// `SET`, `SET key`, `SET key = value`, `SET TIME ZONE`.
    Set {
        key: Option<String>,
        value: Option<String>,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Show {
    Catalogs { like: Option<String> },
    Schemas { catalog: String, like: Option<String> },
    Tables { schema: SchemaName, like: Option<String> },
    Views { schema: SchemaName, like: Option<String> },
    Volumes { schema: SchemaName, like: Option<String> },
    Columns { table: TableName },
    CreateTable { table: TableName },
    Functions { schema: SchemaName, like: Option<String>, user: bool, system: bool },
    Properties { table: TableName, key: Option<String> },
    Grants { principal: Option<String>, on: Securable },
    CurrentSchema,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Describe {
    Table { table: TableName, extended: bool, column: Option<String> },
    Json { table: TableName },
    History { table: TableName },
    Detail { table: TableName },
    Catalog { name: String, extended: bool },
    Schema { name: SchemaName, extended: bool },
    Function { name: TableName },
    Volume { name: TableName },
    Query { sql: String },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DropKind {
    Table,
    View,
    Function,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Maintenance {
    Optimize,
    Vacuum,
    Analyze,
    Refresh,
    Cache,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CommentTarget {
    Securable(Securable),
    Column { table: TableName, column: String },
}

/// CREATE TABLE in all its forms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CreateTable {
    pub(crate) name: TableName,
    pub(crate) or_replace: bool,
    pub(crate) if_not_exists: bool,
    pub(crate) comment: Option<String>,
    pub(crate) properties: Properties,
    pub(crate) partition_columns: Vec<String>,
    pub(crate) cluster_columns: Vec<String>,
    pub(crate) columns: Vec<ColumnDefinition>,
    /// PRIMARY KEY columns; informational, as in Databricks.
    pub(crate) primary_key: Vec<String>,
    pub(crate) source: TableSource,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TableSource {
    Columns,
    /// AS query, in DuckDB's SQL.
    Query(String),
    Like(TableName),
    Clone(TableName),
}

/// A column as CREATE TABLE and ADD COLUMNS define it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ColumnDefinition {
    pub(crate) name: String,
    /// DuckDB's spelling of the type.
    pub(crate) physical_type: String,
    /// The length of a CHAR or VARCHAR.
    pub(crate) text_limit: Option<TextLimit>,
    pub(crate) not_null: bool,
    pub(crate) comment: Option<String>,
    /// DEFAULT, as a DuckDB expression.
    pub(crate) default: Option<String>,
    pub(crate) generated: Generated,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Generated {
    No,
    Identity {
        start: i64,
        step: i64,
    },
    /// GENERATED ALWAYS AS (expression), in DuckDB's SQL.
    Expression(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CreateView {
    pub(crate) name: TableName,
    pub(crate) or_replace: bool,
    pub(crate) if_not_exists: bool,
    pub(crate) temporary: bool,
    pub(crate) comment: Option<String>,
    pub(crate) properties: Properties,
    /// Column names with their comments; empty when the query names the columns.
    pub(crate) columns: Vec<(String, Option<String>)>,
    /// The query in DuckDB's SQL.
    pub(crate) query: String,
    /// The query as written, shown as the view's definition.
    pub(crate) definition: String,
    /// A metric view: the definition is YAML, and the query is for all of its columns.
    pub(crate) metrics: bool,
    /// Whether the query holds what only this statement's user reads so, and must not be kept.
    pub(crate) inline: bool,
}

/// A scalar SQL function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CreateFunction {
    pub(crate) name: TableName,
    pub(crate) or_replace: bool,
    pub(crate) if_not_exists: bool,
    pub(crate) comment: Option<String>,
    /// Parameter names with their types as written.
    pub(crate) parameters: Vec<(String, String)>,
    /// DuckDB's spelling of the declared return type, if one was declared.
    pub(crate) returns: Option<String>,
    /// The body as a DuckDB expression.
    pub(crate) body: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AlterTable {
    Rename(TableName),
    AddColumns(Vec<ColumnDefinition>),
    DropColumns {
        names: Vec<String>,
        if_exists: bool,
    },
    RenameColumn {
        from: String,
        to: String,
    },
    AlterType {
        column: String,
        physical_type: String,
    },
    AlterComment {
        column: String,
        comment: String,
    },
    NotNull {
        column: String,
        set: bool,
    },
    Default {
        column: String,
        expression: Option<String>,
    },
    /// Accepted and without effect here: clustering, constraints, features.
    Recorded(&'static str),
    /// What decides about rows or a column's values: set, or taken away.
    Policy {
        /// The masked column; without one it is the row filter.
        column: Option<String>,
        policy: Option<Policy>,
    },
    /// ALTER VIEW AS.
    ViewQuery {
        query: String,
        definition: String,
        /// As of [`CreateView`].
        inline: bool,
    },
}

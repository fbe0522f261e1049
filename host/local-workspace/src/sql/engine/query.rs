//! Running queries and changes on a session, and collecting their rows into chunks of text.

use std::{collections::BTreeMap, time::Instant};

use bytes::Bytes;
use duckdb::{
    Statement,
    arrow::array::{Array, ArrayRef},
    params_from_iter,
    types::Value,
};

use super::{
    Canceller,
    cells::{Format, append_cell, append_row},
    database::{Database, Session},
    failure,
    schema::{Column, SqlType, TypeName},
};
use crate::{
    catalog::Metastore,
    sql::language::{
        error::SqlError,
        names::TableName,
        rewrite::Notes,
        statement::{Dml, DmlKind},
    },
};

/// Rows of one chunk at most; with the next bound this keeps answers at a few megabytes.
const CHUNK_ROWS: u64 = 10_000;

/// Bytes of one chunk at most (a single row may be larger).
const CHUNK_BYTES: usize = 4 * 1024 * 1024;

/// What bounds a result.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Rows to give; more are cut and the result says so.
    pub(crate) row_limit: Option<u64>,
    /// Bytes to give; more are cut and the result says so.
    pub(crate) byte_limit: Option<u64>,
    /// Bytes that fail the statement when they are exceeded.
    pub(crate) inline_bytes: Option<usize>,
    /// Bytes after which any result is cut.
    pub(crate) total_bytes: usize,
    pub(crate) format: Format,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            row_limit: None,
            byte_limit: None,
            inline_bytes: None,
            total_bytes: 64 * 1024 * 1024,
            format: Format::JsonArray,
        }
    }
}

/// A part of a result.
#[derive(Debug, Clone)]
pub(crate) struct Chunk {
    pub(crate) row_offset: u64,
    pub(crate) row_count: u64,
    /// The rows in the asked form; for JSON a whole array of arrays.
    pub(crate) data: Bytes,
}

/// A result set.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rows {
    pub(crate) columns: Vec<Column>,
    pub(crate) chunks: Vec<Chunk>,
    pub(crate) row_count: u64,
    pub(crate) truncated: bool,
}

/// What a statement gave.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    pub(crate) rows: Rows,
    /// The statement's kind as the query history names it.
    pub(crate) kind: &'static str,
}

impl Outcome {
    /// A statement without a result set.
    pub(crate) fn nothing(kind: &'static str) -> Self {
        Self { rows: Rows::default(), kind }
    }

    /// A result that the workspace made itself.
    pub(crate) fn table(
        context: &Context<'_>,
        kind: &'static str,
        columns: Vec<Column>,
        rows: Vec<Vec<Option<String>>>,
    ) -> Result<Self, SqlError> {
        let mut collector = Collector::new(columns, context.limits);
        for row in &rows {
            let append = |out: &mut String, format| {
                for (index, cell) in row.iter().enumerate() {
                    out.push_str(if index > 0 { "," } else { "" });
                    append_cell(out, format, cell.as_deref());
                }
                Ok(())
            };
            if !collector.push_with(append)? {
                break;
            }
        }
        Ok(Self { rows: collector.finish(), kind })
    }
}

/// All that running one statement needs.
#[derive(Debug)]
pub(crate) struct Context<'a> {
    pub(super) session: &'a Session<'a>,
    pub(super) metastore: &'a Metastore,
    pub(super) database: &'a Database,
    pub(super) notes: &'a Notes,
    pub(super) parameters: &'a BTreeMap<String, Option<String>>,
    pub(super) limits: Limits,
    pub(super) user: &'a str,
    pub(super) canceller: &'a Canceller,
}

impl Context<'_> {
    pub(super) fn fail(&self, error: duckdb::Error) -> SqlError {
        failure::of_statement(error, self)
    }

    /// Runs DuckDB statements that have no result.
    pub(super) fn execute(&self, sql: &str) -> Result<(), SqlError> {
        tracing::trace!(sql, "duckdb");
        self.session.execute(sql).map_err(|e| self.fail(e))
    }

    /// Runs one DuckDB statement that may hold the statement's parameters.
    pub(super) fn execute_bound(&self, sql: &str) -> Result<(), SqlError> {
        if self.notes.parameters.is_empty() {
            return self.execute(sql);
        }
        let connection = self.session.connection()?;
        let mut statement = connection.prepare(sql).map_err(|e| self.fail(e))?;
        let values = self.bind(&statement)?;
        statement.execute(params_from_iter(values)).map(drop).map_err(|e| self.fail(e))
    }

    /// Runs steps that take effect together or not at all.
    pub(super) fn transaction<T>(&self, steps: impl FnOnce() -> Result<T, SqlError>) -> Result<T, SqlError> {
        self.execute("BEGIN")?;
        let result = steps().and_then(|value| self.execute("COMMIT").map(|()| value));
        if result.is_err() {
            let _ = self.session.execute("ROLLBACK");
        }
        result
    }

    /// The error for the first table of the statement that does not exist, by DuckDB's name of it.
    pub(super) fn missing_table(&self, name: &str) -> Option<SqlError> {
        let table = name.rsplit('.').next().unwrap_or(name).to_lowercase();
        let named = self.notes.tables.iter().filter(|t| t.table == table);
        let missing = named.chain(&self.notes.tables).find(|t| !self.table_exists(t))?;
        Some(SqlError::table_not_found(&missing.quoted()))
    }

    pub(super) fn table_exists(&self, name: &TableName) -> bool {
        super::schema::table(self.session, self.metastore, name).is_ok()
    }

    /// The columns that a query would give, each with DuckDB's name of its type.
    pub(super) fn describe(&self, sql: &str) -> Result<Vec<(String, String)>, SqlError> {
        let connection = self.session.connection()?;
        let mut statement = connection.prepare(&format!("DESCRIBE {sql}")).map_err(|e| self.fail(e))?;
        let values = self.bind(&statement)?;
        let rows = statement
            .query_map(params_from_iter(values), |row| Ok((row.get(0)?, row.get(1)?)))
            .map_err(|e| self.fail(e))?;
        rows.collect::<Result<_, _>>().map_err(|e| self.fail(e))
    }

    fn bind(&self, statement: &Statement<'_>) -> Result<Vec<Value>, SqlError> {
        (1..=statement.parameter_count())
            .map(|index| {
                let name = statement.parameter_name(index).map_err(|e| self.fail(e))?;
                Ok(match self.parameters.get(&name) {
                    Some(Some(value)) => Value::Text(value.clone()),
                    _ => Value::Null,
                })
            })
            .collect()
    }
}

/// Runs a query and collects its rows.
pub(super) fn select(context: &Context<'_>, sql: &str) -> Result<Outcome, SqlError> {
    Ok(Outcome { rows: collect(context, sql)?, kind: "SELECT" })
}

fn collect(context: &Context<'_>, sql: &str) -> Result<Rows, SqlError> {
    tracing::trace!(sql, "duckdb");
    let connection = context.session.connection()?;
    let mut statement = connection.prepare(sql).map_err(|e| context.fail(e))?;
    let values = context.bind(&statement)?;
    context.canceller.check()?;
    statement.stream_arrow(params_from_iter(values)).map(drop).map_err(|e| context.fail(e))?;
    let schema = statement.schema();
    let columns: Vec<_> = schema
        .fields()
        .iter()
        .enumerate()
        .map(|(index, field)| Column {
            name: field.name().clone(),
            kind: SqlType::of(&statement.column_logical_type(index)),
        })
        .collect();
    let longs: Vec<_> = columns.iter().map(|c| c.kind.name == TypeName::Long).collect();
    let mut collector = Collector::new(columns, context.limits);
    while let Some(batch) = statement.step().map_err(|e| context.fail(e))? {
        context.canceller.check()?;
        for row in 0..batch.len() {
            if !collector.push(batch.columns(), row, &longs)? {
                return Ok(collector.finish());
            }
        }
    }
    context.canceller.check()?;
    Ok(collector.finish())
}

/// Shows DuckDB's plan of the translated query, one text as Spark gives it.
pub(super) fn explain(context: &Context<'_>, sql: &str) -> Result<Outcome, SqlError> {
    let connection = context.session.connection()?;
    let mut statement = connection.prepare(&format!("EXPLAIN {sql}")).map_err(|e| context.fail(e))?;
    let values = context.bind(&statement)?;
    let rows =
        statement.query_map(params_from_iter(values), |row| row.get::<_, String>(1)).map_err(|e| context.fail(e))?;
    let mut plan = String::from("== Physical Plan (DuckDB) ==\n");
    for row in rows {
        plan.push_str(&row.map_err(|e| context.fail(e))?);
    }
    Outcome::table(context, "EXPLAIN", vec![Column::string("plan")], vec![vec![Some(plan)]])
}

/// Changes rows and answers how many, as Databricks does.
pub(super) fn change(context: &Context<'_>, dml: &Dml) -> Result<Outcome, SqlError> {
    let started = Instant::now();
    let counts = if dml.before.is_some() || dml.check.is_some() {
        context.transaction(|| change_rows(context, dml))?
    } else {
        change_rows(context, dml)?
    };
    let mut metrics: BTreeMap<String, String> = counts.iter().map(|(n, c)| ((*n).to_owned(), c.to_string())).collect();
    metrics.insert("executionTimeMs".to_owned(), started.elapsed().as_millis().to_string());
    context.metastore.write(|state| {
        if let Some(table) = state.table_mut(&dml.target, context.user) {
            table.record(context.user, dml.kind.operation(), metrics);
        }
    });
    let columns = counts.iter().map(|(name, _)| Column::of(name, TypeName::Long)).collect();
    let row = counts.iter().map(|(_, count)| Some(count.to_string())).collect();
    let kind = match dml.kind {
        DmlKind::Insert => "INSERT",
        DmlKind::Update => "UPDATE",
        DmlKind::Delete => "DELETE",
        DmlKind::Merge => "MERGE",
    };
    Outcome::table(context, kind, columns, vec![row])
}

fn change_rows(context: &Context<'_>, dml: &Dml) -> Result<Vec<(&'static str, u64)>, SqlError> {
    if let Some(before) = &dml.before {
        context.execute(before)?;
    }
    if let Some(check) = &dml.check
        && collect(context, check)?.row_count > 0
    {
        let detail = "Cannot perform MERGE as multiple source rows matched and attempted to modify the same target row in the \
                      Delta table in possibly conflicting ways. Please preprocess the source table to eliminate the \
                      possibility of multiple matches.";
        return Err(SqlError::new("DELTA_MULTIPLE_SOURCE_ROW_MATCHING_TARGET_ROW_IN_MERGE", "21506", detail));
    }
    let inserted = dml.insert.as_ref().map(|insert| super::store::insert_statement(context, &dml.target, insert));
    let inserted = inserted.transpose()?;
    let sql = inserted.as_ref().unwrap_or(&dml.sql);
    tracing::trace!(sql, "duckdb");
    let connection = context.session.connection()?;
    let mut statement = connection.prepare(sql).map_err(|e| context.fail(e))?;
    let values = context.bind(&statement)?;
    context.canceller.check()?;
    if dml.kind == DmlKind::Merge {
        return merge_counts(context, &mut statement, values);
    }
    let changed = statement.execute(params_from_iter(values)).map_err(|e| context.fail(e))?;
    let changed = u64::try_from(changed).unwrap_or(u64::MAX);
    Ok(match dml.kind {
        DmlKind::Insert => vec![("num_affected_rows", changed), ("num_inserted_rows", changed)],
        _ => vec![("num_affected_rows", changed)],
    })
}

fn merge_counts(
    context: &Context<'_>,
    statement: &mut Statement<'_>,
    values: Vec<Value>,
) -> Result<Vec<(&'static str, u64)>, SqlError> {
    let actions =
        statement.query_map(params_from_iter(values), |row| row.get::<_, String>(0)).map_err(|e| context.fail(e))?;
    let (mut updated, mut deleted, mut inserted) = (0, 0, 0);
    for action in actions {
        match action.map_err(|e| context.fail(e))?.as_str() {
            "UPDATE" => updated += 1,
            "DELETE" => deleted += 1,
            _ => inserted += 1,
        }
    }
    Ok(vec![
        ("num_affected_rows", updated + deleted + inserted),
        ("num_updated_rows", updated),
        ("num_deleted_rows", deleted),
        ("num_inserted_rows", inserted),
    ])
}

/// Puts rows into chunks and watches the limits.
struct Collector {
    limits: Limits,
    columns: Vec<Column>,
    chunks: Vec<Chunk>,
    text: String,
    chunk_rows: u64,
    rows: u64,
    bytes: usize,
    truncated: bool,
}

impl Collector {
    fn new(columns: Vec<Column>, limits: Limits) -> Self {
        let mut collector = Self {
            limits,
            columns,
            chunks: Vec::new(),
            text: String::new(),
            chunk_rows: 0,
            rows: 0,
            bytes: 0,
            truncated: false,
        };
        if limits.format == Format::Csv {
            for index in 0..collector.columns.len() {
                collector.text.push_str(if index > 0 { "," } else { "" });
                let name = collector.columns.get(index).map(|c| c.name.clone()).unwrap_or_default();
                append_cell(&mut collector.text, Format::Csv, Some(&name));
            }
            collector.text.push_str("\r\n");
        }
        collector
    }

    fn push(&mut self, columns: &[ArrayRef], row: usize, longs: &[bool]) -> Result<bool, SqlError> {
        let json = self.limits.format == Format::JsonArray;
        if !self.admits() {
            return Ok(false);
        }
        let start = self.open_row(json);
        append_row(&mut self.text, self.limits.format, columns, row, longs)?;
        self.close_row(start)
    }

    fn push_with(
        &mut self,
        append: impl FnOnce(&mut String, Format) -> Result<(), SqlError>,
    ) -> Result<bool, SqlError> {
        let json = self.limits.format == Format::JsonArray;
        if !self.admits() {
            return Ok(false);
        }
        let start = self.open_row(json);
        self.text.push_str(if json { "[" } else { "" });
        append(&mut self.text, self.limits.format)?;
        self.text.push_str(if json { "]" } else { "\r\n" });
        self.close_row(start)
    }

    fn admits(&mut self) -> bool {
        let full = self.limits.row_limit.is_some_and(|limit| self.rows >= limit);
        self.truncated |= full;
        !full
    }

    fn open_row(&mut self, json: bool) -> usize {
        if json && self.chunk_rows > 0 {
            self.text.push(',');
        }
        self.text.len()
    }

    /// Counts the row that was appended at `start`; `false` when it does not fit and nothing more may come.
    fn close_row(&mut self, start: usize) -> Result<bool, SqlError> {
        let bytes = self.bytes + (self.text.len() - start);
        if self.limits.inline_bytes.is_some_and(|limit| bytes > limit) {
            let limit = self.limits.inline_bytes.unwrap_or_default();
            return Err(inline_limit(limit));
        }
        let cut = self.limits.byte_limit.is_some_and(|limit| u64::try_from(bytes).unwrap_or(u64::MAX) > limit);
        if cut || bytes > self.limits.total_bytes {
            self.text.truncate(start);
            if self.text.ends_with(',') && self.chunk_rows > 0 {
                self.text.pop();
            }
            self.truncated = true;
            return Ok(false);
        }
        self.bytes = bytes;
        self.rows += 1;
        self.chunk_rows += 1;
        if self.chunk_rows >= CHUNK_ROWS || self.text.len() >= CHUNK_BYTES {
            self.close_chunk();
        }
        Ok(true)
    }

    fn close_chunk(&mut self) {
        if self.chunk_rows == 0 {
            return;
        }
        let text = std::mem::take(&mut self.text);
        let data = match self.limits.format {
            Format::JsonArray => format!("[{text}]"),
            Format::Csv => text,
        };
        let row_offset = self.rows - self.chunk_rows;
        self.chunks.push(Chunk { row_offset, row_count: self.chunk_rows, data: Bytes::from(data) });
        self.chunk_rows = 0;
    }

    fn finish(mut self) -> Rows {
        self.close_chunk();
        Rows { columns: self.columns, chunks: self.chunks, row_count: self.rows, truncated: self.truncated }
    }
}

fn inline_limit(limit: usize) -> SqlError {
    let detail = format!(
        "Inline byte limit exceeded. Statements executed with disposition=INLINE can have a result size of at most {limit} \
         bytes. Please execute the statement with disposition=EXTERNAL_LINKS if you want to download the full result."
    );
    SqlError::new("INLINE_BYTE_LIMIT_EXCEEDED", "54000", detail)
}

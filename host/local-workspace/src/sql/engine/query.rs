//! Running queries and changes of rows on a session.

use std::{collections::BTreeMap, time::Instant};

use duckdb::{Statement, arrow::array::Array, params_from_iter, types::Value};

use super::{
    cells::append_cell,
    context::Context,
    lineage,
    rows::{Collector, Rows},
    schema::{Column, SqlType, TypeName},
    store::insert_statement,
};
use crate::sql::language::{
    error::SqlError,
    names::Namespace,
    statement::{Dml, DmlKind},
};

/// What a statement gave.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    pub(crate) rows: Rows,
    /// The statement's kind as the query history names it.
    pub(crate) kind: &'static str,
    /// Where unqualified names of later statements of the same session belong, after USE.
    pub(crate) uses: Option<Namespace>,
}

impl Outcome {
    /// A statement without a result set.
    pub(crate) fn nothing(kind: &'static str) -> Self {
        Self { rows: Rows::default(), kind, uses: None }
    }

    /// USE: later statements of the session look there.
    pub(crate) fn used(namespace: Namespace) -> Self {
        Self { uses: Some(namespace), ..Self::nothing("USE") }
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
        Ok(Self { rows: collector.finish(), kind, uses: None })
    }
}

/// Runs a query and collects its rows.
pub(super) fn select(context: &Context<'_>, sql: &str) -> Result<Outcome, SqlError> {
    Ok(Outcome { rows: collect(context, sql)?, kind: "SELECT", uses: None })
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
    context.record(&dml.target, dml.kind.operation(), metrics);
    lineage::record(context, &dml.target, None);
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
    let inserted = dml.insert.as_ref().map(|insert| insert_statement(context, &dml.target, insert));
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

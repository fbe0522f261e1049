//! Store assignment: what becomes of a value that is written to a column of another type.
//!
//! DuckDB rounds a fraction that goes into an integer column and knows no lengths of text; Databricks cuts the fraction,
//! refuses what does not fit, and checks CHAR and VARCHAR. Rules: Databricks SQL reference, "Store assignment" and the
//! types' own pages.

use polyglot_sql::{Expression, expressions::When};

use super::{builders::fill, error::SqlError, metrics::MetricView};
use crate::catalog::{TextLimit, names::TableName};

/// How a column takes values, where that differs from DuckDB's own assignment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Store {
    TinyInt,
    SmallInt,
    Int,
    BigInt,
    Timestamp,
    /// Text of a bounded length.
    Text(TextLimit),
    /// As DuckDB does it.
    Plain,
}

/// A table's columns in their order, with how each takes values.
pub(crate) type StoredColumns = Vec<(String, Store)>;

/// What a translation asks of the catalog.
pub(crate) trait Columns {
    /// The columns of a table; none when there is no such table, which running the statement then says.
    fn stored(&self, table: &TableName) -> StoredColumns;

    /// The definition of a metric view; none of anything else.
    fn metrics(&self, name: &TableName) -> Option<MetricView>;
}

impl Store {
    /// The DuckDB expression that makes a value fit, with a hole `_0`; none where nothing has to be done.
    pub(crate) fn template(self) -> Option<String> {
        let integer =
            |low: i64, high: i64, name: &str| Some(format!("spark_store_integer(_0, {low}, {high}, '{name}')"));
        match self {
            Self::TinyInt => integer(i8::MIN.into(), i8::MAX.into(), "TINYINT"),
            Self::SmallInt => integer(i16::MIN.into(), i16::MAX.into(), "SMALLINT"),
            Self::Int => integer(i32::MIN.into(), i32::MAX.into(), "INT"),
            // The lowest number is no literal.
            Self::BigInt => Some(format!("spark_store_integer(_0, -{0} - 1, {0}, 'BIGINT')", i64::MAX)),
            Self::Timestamp => Some("spark_timestamp(_0)".to_owned()),
            Self::Text(TextLimit { length, padded: false }) => Some(format!("spark_store_text(_0, {length})")),
            Self::Text(TextLimit { length, padded: true }) => {
                Some(format!("rpad(spark_store_text(_0, {length}), {length}, ' ')"))
            }
            Self::Plain => None,
        }
    }

    fn wrap(self, value: Expression) -> Result<Expression, SqlError> {
        match self.template() {
            Some(template) => fill(&template, &[value]),
            None => Ok(value),
        }
    }
}

/// Makes the values that UPDATE and MERGE assign fit their columns.
pub(super) fn assign(statement: Expression, columns: &StoredColumns) -> Result<Expression, SqlError> {
    match statement {
        Expression::Update(mut update) => {
            for (column, value) in &mut update.set {
                store(columns, &column.name, value)?;
            }
            Ok(Expression::Update(update))
        }
        Expression::Merge(mut merge) => {
            if let Some(Expression::Whens(whens)) = merge.whens.as_deref_mut() {
                for branch in &mut whens.expressions {
                    if let Expression::When(when) = branch {
                        merge_action(when, columns)?;
                    }
                }
            }
            Ok(Expression::Merge(merge))
        }
        other => Ok(other),
    }
}

/// `UPDATE SET a = 1` and `INSERT (a) VALUES (1)`; the forms with `*` copy columns of the source as they are.
fn merge_action(when: &mut When, columns: &StoredColumns) -> Result<(), SqlError> {
    let Expression::Tuple(action) = when.then.as_mut() else { return Ok(()) };
    match action.expressions.as_mut_slice() {
        [Expression::Var(_), Expression::Tuple(names), Expression::Tuple(values)] => {
            for (name, value) in names.expressions.iter().zip(&mut values.expressions) {
                if let Some(name) = column_name(name) {
                    store(columns, &name, value)?;
                }
            }
        }
        [Expression::Var(_), Expression::Tuple(assignments)] => {
            for assignment in &mut assignments.expressions {
                if let Expression::Eq(op) = assignment
                    && let Some(name) = column_name(&op.left)
                {
                    store(columns, &name, &mut op.right)?;
                }
            }
        }
        _ => {}
    }
    Ok(())
}

fn column_name(expression: &Expression) -> Option<String> {
    match expression {
        Expression::Column(column) => Some(column.name.name.clone()),
        Expression::Identifier(identifier) => Some(identifier.name.clone()),
        _ => None,
    }
}

fn store(columns: &StoredColumns, name: &str, value: &mut Expression) -> Result<(), SqlError> {
    let found = columns.iter().find(|(column, _)| column.eq_ignore_ascii_case(name));
    if let Some((_, store)) = found.filter(|_| !is_default(value)) {
        *value = store.wrap(std::mem::replace(value, Expression::Null(polyglot_sql::expressions::Null)))?;
    }
    Ok(())
}

/// Whether a value is the word for the column's own.
pub(super) fn is_default(value: &Expression) -> bool {
    matches!(value, Expression::Var(var) if var.this.eq_ignore_ascii_case("DEFAULT"))
        || matches!(value, Expression::Column(c) if c.table.is_none() && c.name.name.eq_ignore_ascii_case("DEFAULT"))
}

//! The statistics statements, and how their rows become a table's details.

use bricklayer_databricks::statement::Rows;
use bricklayer_sdk::cut_text;

use crate::types::{ColumnDetails, StatLevel, TableDetails, ValueCount};

/// Rows sampled.
pub(super) const SAMPLE_ROWS: usize = 10;

/// Columns measured in one table; a wider one would make a statement too long to be planned quickly.
const MAX_MEASURED_COLUMNS: usize = 100;

/// Sample values kept per column, and how long each.
const SAMPLES: usize = 3;
const SAMPLE_CHARS: usize = 60;

/// A column with at most this many distinct values is a category whose values are worth counting.
const CATEGORY_VALUES: u64 = 30;

/// Categories counted in one table.
const MAX_CATEGORIES: usize = 20;

/// Values kept per category.
const FREQUENT_VALUES: usize = 10;

/// Rows the frequency statement can have.
pub(super) const FREQUENT_ROWS: usize = MAX_CATEGORIES * (CATEGORY_VALUES as usize + 1) * 2;

/// How a type is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Measure {
    /// Smallest, largest, distinct, mean, spread.
    Number,
    /// Smallest, largest, distinct.
    Ordered,
    /// Only nulls: arrays, maps, structs, binary and what is new.
    Nulls,
}

pub(super) fn measure_of(type_text: &str) -> Measure {
    let word: String = type_text.chars().take_while(|c| c.is_ascii_alphabetic() || *c == '_').collect();
    match word.to_ascii_lowercase().as_str() {
        "tinyint" | "smallint" | "int" | "integer" | "bigint" | "long" | "short" | "byte" | "float" | "real"
        | "double" | "decimal" | "dec" | "numeric" => Measure::Number,
        "string" | "char" | "varchar" | "date" | "timestamp" | "timestamp_ntz" | "boolean" => Measure::Ordered,
        _ => Measure::Nulls,
    }
}

/// A name in backticks.
fn quote(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// `catalog.schema.table` of a table whose catalog and schema hold no dots (Unity Catalog allows none).
fn quoted(table: &TableDetails) -> String {
    table.name.splitn(3, '.').map(quote).collect::<Vec<_>>().join(".")
}

fn measured(table: &TableDetails) -> impl Iterator<Item = (usize, &ColumnDetails)> {
    table.columns.iter().take(MAX_MEASURED_COLUMNS).enumerate()
}

/// One row: `n`, and per column `n<i>` (not null), `d<i>`, `lo<i>`, `hi<i>`, `avg<i>`, `sd<i>`, `q1_<i>` and so on.
pub(super) fn aggregate(table: &TableDetails, level: StatLevel) -> String {
    let mut parts = vec!["COUNT(*) AS n".to_owned()];
    for (i, column) in measured(table) {
        let name = quote(&column.name);
        parts.push(format!("COUNT({name}) AS n{i}"));
        let measure = measure_of(&column.type_text);
        if measure == Measure::Nulls {
            continue;
        }
        parts.push(format!("APPROX_COUNT_DISTINCT({name}) AS d{i}"));
        parts.push(format!("CAST(MIN({name}) AS STRING) AS lo{i}"));
        parts.push(format!("CAST(MAX({name}) AS STRING) AS hi{i}"));
        if measure == Measure::Number {
            let number = format!("CAST({name} AS DOUBLE)");
            parts.push(format!("AVG({number}) AS avg{i}"));
            if level == StatLevel::Detailed {
                parts.push(format!("STDDEV({number}) AS sd{i}"));
                for (alias, share) in [("q1_", "0.25"), ("q2_", "0.5"), ("q3_", "0.75")] {
                    parts.push(format!("APPROX_PERCENTILE({number}, {share}) AS {alias}{i}"));
                }
            }
        }
    }
    format!("SELECT {} FROM {}", parts.join(", "), quoted(table))
}

/// Some rows.
pub(super) fn sample(table: &TableDetails) -> String {
    format!("SELECT * FROM {} LIMIT {SAMPLE_ROWS}", quoted(table))
}

/// Values and counts of the columns that are categories: rows of `c` (column number), `v`, `n`.
pub(super) fn frequent(table: &TableDetails) -> Option<String> {
    let from = quoted(table);
    let parts: Vec<String> = measured(table)
        .filter(|(_, column)| column.distinct_count.is_some_and(|n| n > 0 && n <= CATEGORY_VALUES))
        .take(MAX_CATEGORIES)
        .map(|(i, column)| {
            let name = quote(&column.name);
            format!("SELECT {i} AS c, CAST({name} AS STRING) AS v, COUNT(*) AS n FROM {from} GROUP BY {name}")
        })
        .collect();
    (!parts.is_empty()).then(|| format!("{} ORDER BY c, n DESC", parts.join(" UNION ALL ")))
}

pub(super) fn read_aggregate(table: &mut TableDetails, level: StatLevel, rows: &Rows) {
    let Some(row) = rows.rows.first() else { return };
    let text = |name: String| {
        let at = rows.columns.iter().position(|column| column.name.eq_ignore_ascii_case(&name))?;
        row.get(at)?.clone()
    };
    let count = |name: String| text(name)?.parse::<u64>().ok();
    let number = |name: String| text(name)?.parse::<f64>().ok().filter(|n| n.is_finite());
    table.row_count = count("n".to_owned());
    let all = table.row_count;
    for (i, column) in table.columns.iter_mut().take(MAX_MEASURED_COLUMNS).enumerate() {
        column.null_count = all.zip(count(format!("n{i}"))).map(|(all, present)| all.saturating_sub(present));
        column.distinct_count = count(format!("d{i}"));
        column.min = text(format!("lo{i}")).map(|value| cut_text(&value, SAMPLE_CHARS));
        column.max = text(format!("hi{i}")).map(|value| cut_text(&value, SAMPLE_CHARS));
        column.mean = number(format!("avg{i}"));
        if level == StatLevel::Detailed {
            column.stddev = number(format!("sd{i}"));
            column.q1 = number(format!("q1_{i}"));
            column.median = number(format!("q2_{i}"));
            column.q3 = number(format!("q3_{i}"));
        }
    }
}

pub(super) fn read_sample(table: &mut TableDetails, level: StatLevel, rows: Rows) {
    for (i, found) in rows.columns.iter().enumerate() {
        let Some(column) = table.columns.iter_mut().find(|column| column.name.eq_ignore_ascii_case(&found.name)) else {
            continue;
        };
        for row in &rows.rows {
            let Some(Some(value)) = row.get(i) else { continue };
            let value = cut_text(value, SAMPLE_CHARS);
            if column.samples.len() < SAMPLES && !column.samples.contains(&value) {
                column.samples.push(value);
            }
        }
    }
    if level == StatLevel::Detailed {
        table.sample_rows = rows.rows;
    }
}

pub(super) fn read_frequent(table: &mut TableDetails, rows: &Rows) {
    for row in &rows.rows {
        let [Some(column), value, Some(count)] = row.as_slice() else { continue };
        let (Ok(column), Ok(count)) = (column.parse::<usize>(), count.parse::<u64>()) else { continue };
        let Some(column) = table.columns.get_mut(column) else { continue };
        if column.frequent_values.len() < FREQUENT_VALUES {
            let value = value.as_ref().map(|value| cut_text(value, SAMPLE_CHARS));
            column.frequent_values.push(ValueCount { value, count });
        }
    }
}

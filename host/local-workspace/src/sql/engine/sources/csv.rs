//! CSV files. All fields are read as text; types are found, and values cast, by Spark's rules and not by DuckDB's.
//!
//! Rules: Apache Spark, "CSV Files" (data source options); Databricks SQL reference, "read_files".

use super::place::list;
use crate::{
    files::snapshot::Linked,
    sql::{
        engine::context::Context,
        language::{
            error::SqlError,
            names::{literal, quote},
            sources::{FileSource, Mode, Reader},
        },
    },
};

/// How the fields of a column are told to be of a type, the narrowest first: a condition on `_0`, and the cast.
///
/// A day is also the beginning of that day.
const TYPES: [(&str, &str); 5] = [
    ("lower(_0) IN ('true', 'false')", "CAST(_0 AS BOOLEAN)"),
    ("regexp_full_match(_0, '[+-]?[0-9]+') AND TRY_CAST(_0 AS BIGINT) IS NOT NULL", "CAST(_0 AS BIGINT)"),
    ("regexp_full_match(_0, '[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?')", "CAST(_0 AS DOUBLE)"),
    ("regexp_full_match(_0, '[0-9]{4}-[0-9]{2}-[0-9]{2}') AND TRY_CAST(_0 AS DATE) IS NOT NULL", "CAST(_0 AS DATE)"),
    (
        "regexp_full_match(_0, '[0-9]{4}-[0-9]{2}-[0-9]{2}([ T][0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{1,9})?(Z|[+-][0-9]{2}:?\
         [0-9]{2})?)?') AND spark_try_timestamp(_0) IS NOT NULL",
        "spark_timestamp(_0)",
    ),
];

pub(super) fn query(context: &Context<'_>, source: &FileSource, files: &[Linked]) -> Result<String, SqlError> {
    let header = source.options.header.unwrap_or(source.reader == Reader::Function && source.schema.is_none());
    let reader = reader(source, files, header);
    let given = context.describe(&format!("SELECT * FROM {reader}"))?;
    let rows = format!(
        "{reader} AS bl_rows({})",
        (0..given.len()).map(|index| format!("c{index}")).collect::<Vec<_>>().join(", ")
    );
    let items = match &source.schema {
        Some(schema) => schema
            .iter()
            .enumerate()
            .map(|(index, (name, kind))| {
                let value = if index < given.len() { format!("c{index}") } else { "NULL".to_owned() };
                Ok(format!("{} AS {}", cast(source.options.mode, name, &value, kind)?, quote(name)))
            })
            .collect::<Result<Vec<_>, SqlError>>()?,
        None => {
            let infer = source.options.infer.unwrap_or(source.reader == Reader::Function);
            let values = if infer { inferred(context, &rows, given.len())? } else { plain(given.len()) };
            let names = given.iter().enumerate().map(|(index, (name, _))| match header {
                true => quote(name),
                false => format!("_c{index}"),
            });
            values.iter().zip(names).map(|(value, name)| format!("{value} AS {name}")).collect()
        }
    };
    Ok(format!("SELECT {} FROM {rows}", items.join(", ")))
}

/// DuckDB's reader with all that could be guessed said.
fn reader(source: &FileSource, files: &[Linked], header: bool) -> String {
    let options = &source.options;
    let tabs = source.format.is_none() && files.iter().all(|file| file.shown.to_lowercase().ends_with(".tsv"));
    let delimiter = options.delimiter.as_deref().unwrap_or(if tabs { "\t" } else { "," });
    let mut text = format!(
        "read_csv({}, all_varchar=true, header={header}, delim={}, quote={}, nullstr={}, allow_quoted_nulls=false, \
         hive_partitioning=false, skip=0, comment={}, union_by_name={}, ignore_errors={}",
        list(files),
        literal(delimiter),
        literal(options.quote.as_deref().unwrap_or("\"")),
        literal(options.null_value.as_deref().unwrap_or("")),
        literal(options.comment.as_deref().unwrap_or("")),
        // Files with headers are told by their names, whatever the order.
        header,
        options.mode == Mode::DropMalformed,
    );
    if let Some(escape) = &options.escape {
        text.push_str(&format!(", escape={}", literal(escape)));
    }
    text.push(')');
    text
}

fn plain(width: usize) -> Vec<String> {
    (0..width).map(|index| format!("c{index}")).collect()
}

/// The columns, each cast to the narrowest type that all of its fields have.
fn inferred(context: &Context<'_>, rows: &str, width: usize) -> Result<Vec<String>, SqlError> {
    let mut counts = Vec::new();
    for column in plain(width) {
        counts.push(format!("count({column})"));
        counts.extend(TYPES.iter().map(|(test, _)| format!("count(*) FILTER (WHERE {})", test.replace("_0", &column))));
    }
    let connection = context.session.connection()?;
    let sql = format!("SELECT {} FROM {rows}", counts.join(", "));
    let mut statement = connection.prepare(&sql).map_err(|e| context.fail(e))?;
    let found: Vec<i64> = statement
        .query_row([], |row| (0..counts.len()).map(|index| row.get(index)).collect())
        .map_err(|e| context.fail(e))?;
    context.canceller.check()?;
    let step = TYPES.len() + 1;
    Ok(plain(width)
        .into_iter()
        .zip(found.chunks(step))
        .map(|(column, counts)| match counts {
            [0, ..] | [] => column,
            [all, tests @ ..] => {
                let fits = TYPES.iter().zip(tests).find(|(_, passed)| *passed == all);
                fits.map_or(column.clone(), |((_, cast), _)| cast.replace("_0", &column))
            }
        })
        .collect())
}

/// A field of a declared type; one that does not fit is NULL, or fails the statement.
fn cast(mode: Mode, name: &str, value: &str, kind: &str) -> Result<String, SqlError> {
    if kind.ends_with(']') || kind.starts_with("STRUCT") || kind.starts_with("MAP") {
        let detail = format!("The CSV datasource doesn't support the column `{name}` of a nested type.");
        return Err(SqlError::new("UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE", "0A000", detail));
    }
    if mode == Mode::DropMalformed {
        return Err(SqlError::unsupported("The mode DROPMALFORMED together with a schema"));
    }
    let permissive = mode == Mode::Permissive;
    Ok(match (kind, permissive) {
        ("VARCHAR", _) => value.to_owned(),
        ("TIMESTAMP", true) => format!("spark_try_timestamp({value})"),
        ("TIMESTAMP", false) => format!("spark_timestamp({value})"),
        // Spark takes no fraction for a whole number, DuckDB rounds it.
        ("TINYINT" | "SMALLINT" | "INTEGER" | "BIGINT", true) => {
            format!("CASE WHEN regexp_full_match({value}, '[+-]?[0-9]+') THEN TRY_CAST({value} AS {kind}) END")
        }
        (_, true) => format!("TRY_CAST({value} AS {kind})"),
        (_, false) => format!("CAST({value} AS {kind})"),
    })
}

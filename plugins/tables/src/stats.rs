//! get_table_stats_and_schema: what tables are, from Unity Catalog, and what they hold, by SQL.
//!
//! Per table one aggregate over all columns and one sample, side by side over the tables; at level `detailed` one more
//! for frequent values. Nothing is cached: an answer shows what this user may see now.

mod query;
mod text;

use std::time::Duration;

use bricklayer_databricks::statement::{self, Finished, Job, Outcome, Rows, Statement, Submit, json_bytes, row_bytes};
use bricklayer_databricks::warehouse::{self, Choice};
use bricklayer_databricks::work::{Plan, run, until};
use bricklayer_sdk::{Failure, Kind, Platform, Workspace, encode_segment};
use serde::Deserialize;

use crate::types;

/// Tables described in one call; their statistics cost statements and their text costs tokens.
const MAX_TABLES: usize = 20;

/// Bytes of details as JSON over all tables; the host takes 1 MiB of a call's result. Tables beyond are only named.
const MAX_DETAIL_BYTES: usize = 640 * 1024;

/// Tables of a schema looked at for patterns.
const MAX_LISTED: usize = 2_000;

/// Names that one call may ask for.
const MAX_NAMES: usize = 100;

/// Statements side by side: the host keeps eight cancel requests for a call.
const PARALLEL: usize = 4;

/// Longest time one statistics statement may take before it is canceled; the schema is worth having without it.
const STATISTICS_LIMIT: Duration = Duration::from_secs(60);

/// Where Unity Catalog lists tables.
const TABLES: &str = "/api/2.1/unity-catalog/tables";

/// A table as Unity Catalog knows it.
#[derive(Debug, Clone, Default, Deserialize)]
struct CatalogTable {
    #[serde(default)]
    name: String,
    #[serde(default)]
    table_type: Option<String>,
    #[serde(default)]
    data_source_format: Option<String>,
    #[serde(default)]
    comment: Option<String>,
    #[serde(default)]
    owner: Option<String>,
    #[serde(default)]
    columns: Vec<CatalogColumn>,
}

#[derive(Debug, Clone, Default, Deserialize)]
struct CatalogColumn {
    #[serde(default)]
    name: String,
    #[serde(default)]
    type_text: String,
    #[serde(default)]
    nullable: Option<bool>,
    #[serde(default)]
    comment: Option<String>,
}

/// Describes tables.
///
/// # Errors
/// Bad arguments, a schema that cannot be listed, tables of which none can be read, no warehouse for statistics. What
/// fails for one table of several is said there.
pub(crate) fn describe(
    platform: &impl Platform,
    request: types::GetTableStatsAndSchemaRequest,
) -> Result<types::TableStats, Failure> {
    let catalog = name("catalog", &request.catalog)?;
    let schema = name("schema", &request.schema)?;
    let level = request.table_stat_level.unwrap_or(types::StatLevel::Simple);
    let names = request.table_names.unwrap_or_default();
    if names.len() > MAX_NAMES {
        return Err(Failure::invalid("table_names", format!("at most {MAX_NAMES} names and patterns are allowed")));
    }
    let (found, mut not_described) = find(platform, catalog, schema, &names)?;
    let found = some_readable(found)?;
    let mut tables: Vec<types::TableDetails> = Vec::with_capacity(found.len());
    for (name, table) in found {
        tables.push(details(&format!("{catalog}.{schema}.{name}"), table));
    }
    let measurable = tables.iter().any(|table| table.problem.is_none());
    let choice = if level == types::StatLevel::None || !measurable {
        None
    } else {
        let choice = warehouse::resolve(platform, request.warehouse_id)?;
        measure(platform, &choice, level, &mut tables);
        Some(choice)
    };
    let rest = within_budget(&mut tables);
    not_described.splice(0..0, rest);
    let text = text::render(&format!("{catalog}.{schema}"), &tables, &not_described, level, choice.as_ref());
    Ok(types::TableStats { text, tables, not_described, warehouse: choice.map(used) })
}

fn used(choice: Choice) -> types::WarehouseUsed {
    types::WarehouseUsed { id: choice.id, name: choice.name, reason: choice.reason }
}

/// Drops what makes the answer too large, samples first, then whole tables from the end; the bare names of those.
fn within_budget(tables: &mut Vec<types::TableDetails>) -> Vec<String> {
    let mut left = MAX_DETAIL_BYTES;
    let mut kept = 0;
    for table in tables.iter_mut() {
        let sample: usize = table.sample_rows.iter().map(row_bytes).sum();
        let columns: usize = table.columns.iter().map(column_bytes).sum();
        if columns > left && kept > 0 {
            break;
        }
        left = left.saturating_sub(columns);
        if sample > left {
            table.sample_rows.clear();
        } else {
            left -= sample;
        }
        kept += 1;
    }
    let bare = |table: types::TableDetails| table.name.splitn(3, '.').last().unwrap_or_default().to_owned();
    tables.split_off(kept).into_iter().map(bare).collect()
}

/// What a column's details weigh as JSON, roughly and rather too much.
fn column_bytes(column: &types::ColumnDetails) -> usize {
    /// Names of the properties and the numbers.
    const FIXED_BYTES: usize = 400;
    let texts = [
        Some(&column.name),
        Some(&column.type_text),
        column.comment.as_ref(),
        column.min.as_ref(),
        column.max.as_ref(),
    ];
    let frequent = column.frequent_values.iter().filter_map(|frequent| frequent.value.as_ref());
    let all = texts.into_iter().flatten().chain(&column.samples).chain(frequent);
    FIXED_BYTES + all.map(|text| json_bytes(text)).sum::<usize>() + 40 * column.frequent_values.len()
}

fn name<'a>(field: &str, value: &'a str) -> Result<&'a str, Failure> {
    let value = value.trim().trim_matches('`');
    if value.is_empty() { Err(Failure::invalid(field, "is empty")) } else { Ok(value) }
}

/// A table's bare name and what the catalog says of it.
type Found = (String, Result<CatalogTable, Failure>);

/// The tables asked for, in the order asked, and the names of those beyond [`MAX_TABLES`].
fn find(
    platform: &impl Platform,
    catalog: &str,
    schema: &str,
    names: &[String],
) -> Result<(Vec<Found>, Vec<String>), Failure> {
    let prefix = format!("{catalog}.{schema}.");
    let wanted: Vec<String> = names
        .iter()
        .map(|name| name.trim().replace('`', ""))
        .map(|name| name.strip_prefix(&prefix).map_or(name.clone(), str::to_owned))
        .filter(|name| !name.is_empty())
        .collect();
    let is_pattern = |name: &String| name.contains(['*', '?']);
    if !wanted.is_empty() && !wanted.iter().any(is_pattern) {
        let rest = wanted.iter().skip(MAX_TABLES).cloned().collect();
        let found = wanted.into_iter().take(MAX_TABLES).map(|name| {
            let path = format!("{TABLES}/{}", encode_segment(&format!("{prefix}{name}")));
            let table = Workspace::new(platform).get(&path, &[]);
            (name, table)
        });
        return Ok((found.collect(), rest));
    }
    let query = [("catalog_name", catalog), ("schema_name", schema), ("max_results", "50")];
    let listed =
        Workspace::new(platform).list::<CatalogTable>(TABLES, &query, "tables", MAX_LISTED).map_err(|failure| {
            let advice = "SHOW SCHEMAS IN <catalog> and SHOW CATALOGS (with execute_sql) list what there is.";
            let missing = failure.kind == Kind::NotFound;
            let failure = failure.doing(format!("the tables of {catalog}.{schema} cannot be listed"));
            if missing { failure.advise(advice) } else { failure }
        })?;
    let mut matching: Vec<CatalogTable> = listed
        .items
        .into_iter()
        .filter(|table| wanted.is_empty() || wanted.iter().any(|pattern| matches(pattern, &table.name)))
        .collect();
    let rest = matching.split_off(matching.len().min(MAX_TABLES)).into_iter().map(|table| table.name).collect();
    Ok((matching.into_iter().map(|table| (table.name.clone(), Ok(table))).collect(), rest))
}

/// The tables, when at least one can be read.
///
/// # Errors
/// Why the first cannot, when none can.
fn some_readable(mut found: Vec<Found>) -> Result<Vec<Found>, Failure> {
    if found.iter().any(|(_, table)| table.is_ok()) || found.is_empty() {
        return Ok(found);
    }
    let others = found.len() - 1;
    match found.swap_remove(0) {
        (name, Err(failure)) if others > 0 => {
            Err(failure.doing(format!("'{name}' cannot be read, and none of the {others} others")))
        }
        (_, Err(failure)) => Err(failure),
        _ => Ok(found),
    }
}

/// Whether a name fits a pattern of `*` and `?`, in any case.
fn matches(pattern: &str, name: &str) -> bool {
    let pattern: Vec<char> = pattern.to_lowercase().chars().collect();
    let name: Vec<char> = name.to_lowercase().chars().collect();
    // `fits` holds, for the pattern so far, at which lengths of the name it fits.
    let mut fits: Vec<bool> = (0..=name.len()).map(|n| n == 0).collect();
    for p in pattern {
        let mut next = Vec::with_capacity(fits.len());
        let mut earlier = false;
        for n in 0..=name.len() {
            let here = fits.get(n).copied().unwrap_or(false);
            let before = n.checked_sub(1).and_then(|m| fits.get(m)).copied().unwrap_or(false);
            let c = n.checked_sub(1).and_then(|m| name.get(m));
            earlier |= here;
            next.push(match p {
                '*' => earlier,
                '?' => before,
                p => before && c == Some(&p),
            });
        }
        fits = next;
    }
    fits.last().copied().unwrap_or(false)
}

fn details(full_name: &str, table: Result<CatalogTable, Failure>) -> types::TableDetails {
    let (table, problem) = match table {
        Ok(table) => (table, None),
        Err(failure) => (CatalogTable::default(), Some(failure.message)),
    };
    types::TableDetails {
        name: full_name.to_owned(),
        table_type: table.table_type,
        format: table.data_source_format,
        comment: table.comment.filter(|comment| !comment.is_empty()),
        owner: table.owner,
        row_count: None,
        columns: table.columns.into_iter().map(column).collect(),
        sample_rows: Vec::new(),
        problem,
    }
}

fn column(column: CatalogColumn) -> types::ColumnDetails {
    types::ColumnDetails {
        name: column.name,
        type_text: column.type_text,
        nullable: column.nullable,
        comment: column.comment.filter(|comment| !comment.is_empty()),
        null_count: None,
        distinct_count: None,
        min: None,
        max: None,
        mean: None,
        stddev: None,
        q1: None,
        median: None,
        q3: None,
        samples: Vec::new(),
        frequent_values: Vec::new(),
    }
}

/// Fills in what SQL finds out; what fails becomes the table's problem.
fn measure(platform: &impl Platform, choice: &Choice, level: types::StatLevel, tables: &mut [types::TableDetails]) {
    let plan = Plan { max_parallel: PARALLEL, until: until(platform), stop_at_error: false };
    let measured: Vec<usize> =
        tables.iter().enumerate().filter(|(_, table)| table.problem.is_none()).map(|(i, _)| i).collect();
    let mut jobs = Vec::with_capacity(measured.len() * 2);
    for table in tables.iter().filter(|table| table.problem.is_none()) {
        jobs.push(job(query::aggregate(table, level), choice, 1));
        jobs.push(job(query::sample(table), choice, query::SAMPLE_ROWS));
    }
    let mut results = run(platform, jobs, plan).into_iter();
    for i in &measured {
        let (aggregate, sample) = (results.next(), results.next());
        let Some(table) = tables.get_mut(*i) else { continue };
        if let Some(rows) = rows_or_problem(platform, aggregate, "statistics", table) {
            query::read_aggregate(table, level, &rows);
        }
        if let Some(rows) = rows_or_problem(platform, sample, "a sample", table) {
            query::read_sample(table, level, rows);
        }
    }
    if level == types::StatLevel::Detailed {
        frequent_values(platform, choice, tables, plan);
    }
}

fn frequent_values(platform: &impl Platform, choice: &Choice, tables: &mut [types::TableDetails], plan: Plan) {
    let queries: Vec<(usize, String)> =
        tables.iter().enumerate().filter_map(|(i, table)| Some((i, query::frequent(table)?))).collect();
    let jobs: Vec<Job> = queries.iter().map(|(_, sql)| job(sql.clone(), choice, query::FREQUENT_ROWS)).collect();
    let results = run(platform, jobs, plan);
    for ((i, _), finished) in queries.iter().zip(results) {
        let Some(table) = tables.get_mut(*i) else { continue };
        if let Some(rows) = rows_or_problem(platform, Some(finished), "frequent values", table) {
            query::read_frequent(table, &rows);
        }
    }
}

fn job(sql: String, choice: &Choice, keep_rows: usize) -> Job {
    // A statement that only reads, whatever a view behind it is made of.
    let work = Statement::send(Submit::new(sql, &choice.id), true, keep_rows);
    Job { work, limit: Some(STATISTICS_LIMIT), continued: None }
}

fn rows_or_problem(
    platform: &impl Platform,
    finished: Option<Finished>,
    what: &str,
    table: &mut types::TableDetails,
) -> Option<Rows> {
    let finished = finished?;
    let problem = match finished.outcome {
        Outcome::Done(rows) => return Some(rows),
        Outcome::Failed(failure) => failure.message,
        Outcome::NotStarted => "no time was left".to_owned(),
        Outcome::Unfinished(_) => {
            // Nobody will come back for it.
            if let Some(id) = &finished.id {
                let _ = statement::cancel(platform, id);
            }
            "it took too long and was canceled".to_owned()
        }
    };
    let line = problem.lines().next().unwrap_or_default();
    let said = format!("{what} could not be read: {line}");
    table.problem = Some(table.problem.take().map_or(said.clone(), |earlier| format!("{earlier}; {said}")));
    None
}

#[cfg(test)]
mod tests;

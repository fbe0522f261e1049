//! COPY INTO: each file is loaded once. What was loaded stands in the catalog's own file and is written in the
//! transaction of the rows, so that neither a killed process nor two statements at a time load a file twice.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Instant,
};

use super::{
    context::Context,
    lineage, loaded,
    query::Outcome,
    schema::{Column, SqlType, TypeName, table},
    sources,
    store::insert_statement,
};
use crate::sql::language::{
    error::SqlError,
    names::{literal, quote},
    statement::{CopyInto, Insert, InsertColumns},
};

pub(super) fn copy(context: &Context<'_>, copy: &CopyInto) -> Result<Outcome, SqlError> {
    let started = Instant::now();
    let target = table(context.session, context.objects, &copy.target)?;
    let known = context.notes.sources.iter().find(|(name, _)| *name == copy.source);
    let (name, source) = known.ok_or_else(|| SqlError::internal("the source of COPY INTO is not known"))?;
    let mut found = sources::find(context, source)?;
    if !copy.files.is_empty() {
        let root = source.pattern.shown().trim_end_matches('/');
        let named: BTreeSet<_> = copy.files.iter().map(|file| format!("{root}/{file}")).collect();
        found.files.retain(|file| named.contains(&file.shown));
    }
    if found.files.is_empty() {
        let detail = format!("No input files found in {}.", source.pattern.shown());
        return Err(SqlError::new("COPY_INTO_SOURCE_SCHEMA_INFERENCE_FAILED", "42KD9", detail));
    }
    let (list, id) = (loaded::table(&copy.target.catalog), literal(&target.info.id.to_string()));
    if !copy.force {
        let before = paths(context, &format!("SELECT path FROM {list} WHERE table_id = {id}"))?;
        found.files.retain(|file| !before.contains(&file.shown));
    }
    let mut rows = 0;
    if !found.files.is_empty() {
        let files = sources::query(context, source, &found.files)?;
        let query = copy.query.replace(&quote(name), &format!("({files})"));
        check_types(context, &target, &copy.columns, &query)?;
        let insert = Insert { columns: copy.columns.clone(), query };
        let values: Vec<_> = found.files.iter().map(|file| format!("({id}, {})", literal(&file.shown))).collect();
        rows = context.transaction(|| {
            let sql = insert_statement(context, &copy.target, &insert)?;
            let connection = context.session.connection()?;
            let inserted = connection.execute(&sql, []).map_err(|e| context.fail(e))?;
            context.canceller.check()?;
            context.execute(&format!("INSERT OR REPLACE INTO {list} VALUES {}", values.join(", ")))?;
            Ok(inserted)
        })?;
        let metrics = BTreeMap::from([
            ("numOutputRows".to_owned(), rows.to_string()),
            ("executionTimeMs".to_owned(), started.elapsed().as_millis().to_string()),
        ]);
        context.record(&copy.target, "COPY INTO", metrics);
        lineage::record(context, &copy.target, None);
    }
    let columns = ["num_affected_rows", "num_inserted_rows", "num_skipped_corrupt_files"];
    let columns = columns.iter().map(|name| Column::of(name, TypeName::Long)).collect();
    let row = [rows.to_string(), rows.to_string(), "0".to_owned()].map(Some).to_vec();
    Outcome::table(context, "COPY", columns, vec![row])
}

fn paths(context: &Context<'_>, sql: &str) -> Result<BTreeSet<String>, SqlError> {
    let connection = context.session.connection()?;
    let mut statement = connection.prepare(sql).map_err(|e| context.fail(e))?;
    let rows = statement.query_map([], |row| row.get(0)).map_err(|e| context.fail(e))?;
    rows.collect::<Result<_, _>>().map_err(|e| context.fail(e))
}

/// Refuses text for columns of other types: fields of files are text unless their types are inferred or cast, and Databricks
/// merges no such fields.
fn check_types(
    context: &Context<'_>,
    target: &super::schema::Table,
    columns: &InsertColumns,
    query: &str,
) -> Result<(), SqlError> {
    let given = context.describe(query)?;
    for (index, (name, kind)) in given.iter().enumerate() {
        let column = match columns {
            InsertColumns::InOrder => target.columns.get(index),
            InsertColumns::Listed(names) => {
                let wanted = names.get(index);
                target.columns.iter().find(|c| wanted.is_some_and(|name| c.name.eq_ignore_ascii_case(name)))
            }
            InsertColumns::ByName => target.columns.iter().find(|c| c.name.eq_ignore_ascii_case(name)),
        };
        let Some(column) = column else {
            let detail = format!(
                "A schema mismatch detected when writing to the Delta table {}: it has no column `{name}`.",
                target.name.quoted()
            );
            return Err(SqlError::new("DELTA_METADATA_MISMATCH", "42KDG", detail));
        };
        let text = SqlType::parse(kind).name == TypeName::String;
        if text && column.kind.name != TypeName::String {
            let detail = format!(
                "Failed to merge fields '{}' and '{name}': {} and STRING. Set 'inferSchema' = 'true' in FORMAT_OPTIONS, or cast \
                 the field in a query.",
                column.name, column.kind.text
            );
            return Err(SqlError::new("DELTA_FAILED_TO_MERGE_FIELDS", "22005", detail));
        }
    }
    Ok(())
}

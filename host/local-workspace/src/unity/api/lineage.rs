//! /api/2.0/lineage-tracking
//!
//! Rules: Databricks' documentation, "View data lineage using Unity Catalog". Who may know of a table may ask for its
//! lineage; neighbours that they may not know of are there without a name. Which notebooks, jobs and queries did it is
//! not kept, so that `include_entity_lineage` adds nothing.

use axum::{Json, extract::State};
use chrono::DateTime;
use serde::{Deserialize, Serialize};

use crate::{
    catalog::{
        Neighbour,
        names::{Securable, TableName},
    },
    http::{body::OptionalBody, error::ApiError, query::Params},
    identity::Caller,
    unity::{Unity, path::table_name, service::parameter},
};

/// How times are written here.
const TIME: &str = "%Y-%m-%d %H:%M:%S%.3f";

#[derive(Debug, Deserialize)]
pub(crate) struct Asked {
    table_name: Option<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Answer {
    upstreams: Vec<Entry>,
    downstreams: Vec<Entry>,
}

/// A neighbour; without any field it is one that the caller may not know of.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    #[serde(skip_serializing_if = "Option::is_none")]
    table_info: Option<TableEntry>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file_info: Option<FileEntry>,
}

#[derive(Debug, Serialize)]
struct TableEntry {
    name: String,
    catalog_name: String,
    schema_name: String,
    table_type: &'static str,
    lineage_timestamp: String,
}

#[derive(Debug, Serialize)]
struct FileEntry {
    path: String,
    has_permission: bool,
    lineage_timestamp: String,
}

/// The tables and files that a table was made of, and the tables that were made of it. The parameters stand in the query
/// or, as Databricks' documentation shows it, in a body.
pub(crate) async fn of_table(
    State(unity): State<Unity>,
    Caller(user): Caller,
    Params(query): Params<Asked>,
    OptionalBody(body): OptionalBody<Asked>,
) -> Result<Json<Answer>, ApiError> {
    let name = table_name(&parameter(query.table_name.or(body.table_name).as_ref(), "table_name")?)?;
    unity.check_readable(&user, &Securable::Table(name.clone())).await?;
    let upstreams = entries(&unity, &user, unity.catalog.upstreams(&name).await?).await?;
    let downstreams = entries(&unity, &user, unity.catalog.downstreams(&name).await?).await?;
    Ok(Json(Answer { upstreams, downstreams }))
}

/// What the caller may know of, newest first, and behind it for each of the others an entry without a name.
async fn entries(unity: &Unity, user: &str, found: Vec<Neighbour>) -> Result<Vec<Entry>, ApiError> {
    let all = found.len();
    let of = |neighbour: &Neighbour| (neighbour.on.clone(), neighbour.owner.clone());
    let mut seen = unity.visible_by_schemas(user, found, of).await?;
    seen.sort_by_key(|neighbour| std::cmp::Reverse(neighbour.at));
    let mut entries: Vec<_> = seen.into_iter().map(entry).collect();
    entries.resize_with(all, Entry::default);
    Ok(entries)
}

fn entry(neighbour: Neighbour) -> Entry {
    let time = DateTime::from_timestamp_millis(neighbour.at).unwrap_or_default();
    let lineage_timestamp = time.format(TIME).to_string();
    let table_type = if matches!(neighbour.on, Securable::View(_)) { "PERSISTED_VIEW" } else { "TABLE" };
    match neighbour.on {
        Securable::Table(TableName { catalog, schema, table })
        | Securable::View(TableName { catalog, schema, table }) => {
            let table_info =
                TableEntry { name: table, catalog_name: catalog, schema_name: schema, table_type, lineage_timestamp };
            Entry { table_info: Some(table_info), file_info: None }
        }
        Securable::Volume(TableName { catalog, schema, table }) => {
            let path = format!("/Volumes/{catalog}/{schema}/{table}{}", neighbour.path.unwrap_or_default());
            Entry { table_info: None, file_info: Some(FileEntry { path, has_permission: true, lineage_timestamp }) }
        }
        _ => Entry::default(),
    }
}

//! What changed from one table to another.

use axum::Json;
use axum::extract::State;
use bricklayer_domain::ResultId;
use bricklayer_results::{ChangedColumn, ChangedRow, Changes};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::asking;
use crate::api::extract::{Path, Query};
use crate::api::problem::{Problem, ProblemDetails};
use crate::app::AppState;
use crate::events::ResultColumnInfo;
use crate::identity::Caller;

/// Rows of each kind that are listed when nobody says.
const DEFAULT_LISTED: u32 = 100;

/// Compared with what.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangesQuery {
    /// The later result.
    to: Uuid,
    /// So many added and so many removed rows are listed, 1 to 1000.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<u32>,
}

/// A column whose type changed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ResultChangedColumn {
    /// Its name.
    name: String,
    /// What it was.
    from: ResultColumnInfo,
    /// What it is.
    to: ResultColumnInfo,
}

/// What changed of the columns. None of these are compared.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ResultChangedColumns {
    /// Those that only the later one has.
    added: Vec<String>,
    /// Those that only the earlier one has.
    removed: Vec<String>,
    /// Those of another type.
    changed: Vec<ResultChangedColumn>,
}

/// How many rows changed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ResultChangedCounts {
    /// Of the earlier one.
    before: u64,
    /// Of the later one.
    after: u64,
    /// That both have.
    same: u64,
    /// That only the later one has.
    added: u64,
    /// That only the earlier one has.
    removed: u64,
}

/// A row that one of the two has.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ResultChangedRow {
    /// Its place there.
    row: u64,
    /// All its cells.
    #[schema(value_type = Vec<serde_json::Value>)]
    values: Box<RawValue>,
}

/// What changed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ResultChanges {
    /// Of the columns.
    columns: ResultChangedColumns,
    /// Of the rows, by the columns that both have, whatever their order.
    rows: ResultChangedCounts,
    /// The first rows that only the later one has.
    added: Vec<ResultChangedRow>,
    /// The first rows that only the earlier one has.
    removed: Vec<ResultChangedRow>,
    /// Whether all of them are listed.
    complete: bool,
}

impl From<ChangedColumn> for ResultChangedColumn {
    fn from(column: ChangedColumn) -> Self {
        Self { name: column.name, from: column.from.into(), to: column.to.into() }
    }
}

impl From<ChangedRow> for ResultChangedRow {
    fn from(row: ChangedRow) -> Self {
        Self { row: row.row, values: row.values }
    }
}

impl From<Changes> for ResultChanges {
    fn from(changes: Changes) -> Self {
        let rows = ResultChangedCounts {
            before: changes.before,
            after: changes.after,
            same: changes.same,
            added: changes.added_rows(),
            removed: changes.removed_rows(),
        };
        let complete = changes.is_complete();
        Self {
            columns: ResultChangedColumns {
                added: changes.added_columns,
                removed: changes.removed_columns,
                changed: changes.changed_columns.into_iter().map(Into::into).collect(),
            },
            rows,
            added: changes.added.into_iter().map(Into::into).collect(),
            removed: changes.removed.into_iter().map(Into::into).collect(),
            complete,
        }
    }
}

/// Compares a table with a later one, such as the same that was run again.
#[utoipa::path(get, path = "/api/results/{result_id}/changes", tag = "results", operation_id = "compare_results",
    params(("result_id" = Uuid, Path, description = "The earlier result."), ChangesQuery),
    responses((status = 200, body = ResultChanges), (status = "default", body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn compare_results(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<Uuid>,
    Query(query): Query<ChangesQuery>,
) -> Result<Json<ResultChanges>, Problem> {
    let _place = asking(&app, &caller)?;
    let (from, to) = (ResultId::from_uuid(id), ResultId::from_uuid(query.to));
    let limit = query.limit.unwrap_or(DEFAULT_LISTED);
    Ok(Json(app.results().changes(&caller.user, from, to, limit).await?.into()))
}

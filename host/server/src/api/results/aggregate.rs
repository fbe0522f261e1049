//! Groups of a table's rows.

use axum::Json;
use axum::extract::State;
use bricklayer_domain::ResultId;
use bricklayer_results::{Aggregate, AggregateRequest};
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

/// Groups of an answer when nobody says.
const DEFAULT_GROUPS: u32 = 1_000;

/// What to count.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct AggregateQuery {
    /// Places of columns with commas, at most 4: `0`; with a unit of time, `0:month`; in bins of equal width, `0:bins:20`.
    group: Option<String>,
    /// At most 16 with commas: `count`, or `count`, `distinct`, `sum`, `mean`, `min`, `max`, `median` of a column, such as
    /// `sum:3`.
    #[param(default = "count")]
    measures: Option<String>,
    /// A condition in JSON, as for rows.
    filter: Option<String>,
    /// Places of columns of this answer with commas, each with `:asc` or `:desc`; by the groups without it.
    sort: Option<String>,
    /// So many groups, 1 to 10000; fewer come when they take more than 8 MiB.
    #[param(minimum = 1, maximum = 10_000, default = 1_000)]
    limit: Option<u32>,
}

/// Groups of rows and what is in them.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ResultAggregate {
    /// What the groups are of, then the measures. A group in bins is two columns, from and to.
    columns: Vec<ResultColumnInfo>,
    /// A list of cells per group.
    #[schema(value_type = Vec<Vec<serde_json::Value>>)]
    rows: Box<RawValue>,
    /// How many groups there are.
    groups: u64,
    /// Whether all were counted: at most 100,000 are, those that come first.
    complete: bool,
}

impl From<Aggregate> for ResultAggregate {
    fn from(aggregate: Aggregate) -> Self {
        Self {
            columns: aggregate.columns.into_iter().map(ResultColumnInfo::from).collect(),
            rows: aggregate.rows,
            groups: aggregate.groups,
            complete: aggregate.complete,
        }
    }
}

/// Counts and sums up the rows of a table by groups.
#[utoipa::path(get, path = "/api/results/{result_id}/aggregate", tag = "results", operation_id = "aggregate_result",
    params(("result_id" = Uuid, Path, description = "The result."), AggregateQuery),
    responses((status = 200, body = ResultAggregate), (status = "default", body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn aggregate_result(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<Uuid>,
    Query(query): Query<AggregateQuery>,
) -> Result<Json<ResultAggregate>, Problem> {
    let _place = asking(&app, &caller)?;
    let request = AggregateRequest {
        group: query.group,
        measures: query.measures,
        filter: query.filter,
        sort: query.sort,
        limit: query.limit.unwrap_or(DEFAULT_GROUPS),
    };
    Ok(Json(app.results().aggregate(&caller.user, ResultId::from_uuid(id), &request).await?.into()))
}

//! Results as the API shows them.

use bricklayer_domain::{CallAgain, ResultOrigin, StoredResult};
use bricklayer_results::{Distinct, Histogram, RowsPage, Summary};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::events::{CutInfo, ResultHeadInfo};

/// A call that makes a result again.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AgainInfo {
    /// The tool, by its full name.
    tool: String,
    /// Its arguments.
    #[schema(value_type = Object)]
    input: serde_json::Value,
}

impl From<CallAgain> for AgainInfo {
    fn from(again: CallAgain) -> Self {
        Self { tool: again.tool, input: again.input }
    }
}

/// Where a result came from, as far as it is known.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OriginInfo {
    /// The tool that made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    tool: Option<String>,
    /// The workspace's id of the statement.
    #[serde(skip_serializing_if = "Option::is_none")]
    statement_id: Option<String>,
    /// The statement as it was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    statement: Option<String>,
    /// Its parameters as they were sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    parameters: Option<serde_json::Value>,
    /// The workspace's host name.
    #[serde(skip_serializing_if = "Option::is_none")]
    workspace: Option<String>,
    /// The warehouse.
    #[serde(skip_serializing_if = "Option::is_none")]
    warehouse_id: Option<String>,
    /// The catalog in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    catalog: Option<String>,
    /// The schema in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    schema: Option<String>,
    /// When the work began.
    #[serde(skip_serializing_if = "Option::is_none")]
    started_at: Option<DateTime<Utc>>,
    /// How long the source took.
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_ms: Option<u64>,
    /// Rows that the source says there are.
    #[serde(skip_serializing_if = "Option::is_none")]
    rows: Option<u64>,
    /// Bytes that the source says there are.
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    /// Whether the source cut its answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    truncated: Option<bool>,
    /// The result that this one was run again from.
    #[serde(skip_serializing_if = "Option::is_none")]
    rerun_of: Option<Uuid>,
    /// The call that makes this very result again, when that is not the call that made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    again: Option<AgainInfo>,
}

impl From<ResultOrigin> for OriginInfo {
    fn from(origin: ResultOrigin) -> Self {
        Self {
            tool: origin.tool,
            statement_id: origin.statement_id,
            statement: origin.statement,
            parameters: origin.parameters,
            workspace: origin.workspace,
            warehouse_id: origin.warehouse_id,
            catalog: origin.catalog,
            schema: origin.schema,
            started_at: origin.started_at,
            duration_ms: origin.duration_ms,
            rows: origin.rows,
            bytes: origin.bytes,
            truncated: origin.truncated,
            rerun_of: origin.rerun_of.map(|id| id.as_uuid()),
            again: origin.again.map(AgainInfo::from),
        }
    }
}

/// A result, without what is in it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ResultInfo {
    /// Its id.
    id: Uuid,
    /// Its project.
    project_id: Uuid,
    /// Its conversation.
    conversation_id: Uuid,
    /// The turn whose call made it.
    #[schema(required = true)]
    execution_id: Option<Uuid>,
    /// The call that made it.
    #[schema(required = true)]
    call_id: Option<String>,
    /// Which of its call's results it is.
    ordinal: u32,
    /// What it is.
    #[serde(flatten)]
    head: ResultHeadInfo,
    /// `open`, `complete` or `partial`.
    state: &'static str,
    /// Why it is not all that there was.
    #[schema(required = true)]
    cut: Option<CutInfo>,
    /// Rows of a table.
    rows: u64,
    /// Bytes of what is in it.
    bytes: u64,
    /// Bytes that it takes in the database.
    stored_bytes: u64,
    /// SHA-256 of what is in it; none while it is open.
    #[schema(required = true)]
    digest: Option<String>,
    /// When it was begun.
    created_at: DateTime<Utc>,
    /// When it ended.
    #[schema(required = true)]
    finished_at: Option<DateTime<Utc>>,
    /// Where it came from.
    origin: OriginInfo,
}

impl From<StoredResult> for ResultInfo {
    fn from(result: StoredResult) -> Self {
        Self {
            id: result.id.as_uuid(),
            project_id: result.project.as_uuid(),
            conversation_id: result.conversation.as_uuid(),
            execution_id: result.turn.map(|turn| turn.as_uuid()),
            call_id: result.call.map(|call| call.0),
            ordinal: result.ordinal,
            head: result.head.into(),
            state: result.state.as_str(),
            cut: result.cut.map(CutInfo::from),
            rows: result.rows,
            bytes: result.bytes,
            stored_bytes: result.stored_bytes,
            digest: result.digest,
            created_at: result.created_at,
            finished_at: result.finished_at,
            origin: result.origin.into(),
        }
    }
}

/// Results of a conversation.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ResultList {
    /// The newest first.
    pub(super) results: Vec<ResultInfo>,
    /// Continue here.
    #[schema(required = true)]
    pub(super) next: Option<String>,
}

/// A cell that an answer has not whole.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CutCellInfo {
    /// The row's place in this answer.
    row: usize,
    /// The column's place in this answer.
    column: usize,
    /// Bytes of the whole.
    bytes: usize,
}

/// Some rows.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ResultRows {
    /// Rows that were left out before.
    offset: u64,
    /// Rows that the filter lets through.
    total: u64,
    /// The next offset; none at the end.
    #[schema(required = true)]
    next: Option<u64>,
    /// The columns' places in the result.
    columns: Vec<usize>,
    /// The rows' places in the result.
    row_numbers: Vec<u64>,
    /// A list of cells per row. Integers and decimals are strings, so that no digit is lost.
    #[schema(value_type = Vec<Vec<serde_json::Value>>)]
    rows: Box<RawValue>,
    /// Cells that are cut; the whole ones are asked for by themselves.
    cut: Vec<CutCellInfo>,
}

impl From<RowsPage> for ResultRows {
    fn from(page: RowsPage) -> Self {
        let cut =
            page.cut.into_iter().map(|cell| CutCellInfo { row: cell.row, column: cell.column, bytes: cell.bytes });
        Self {
            offset: page.offset,
            total: page.total,
            next: page.next,
            columns: page.columns,
            row_numbers: page.row_numbers,
            rows: page.rows,
            cut: cut.collect(),
        }
    }
}

/// A value as JSON; none when the text is none, which this host never writes.
fn value(json: String) -> Option<Box<RawValue>> {
    RawValue::from_string(json).ok()
}

/// A column in a few numbers.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ColumnSummary {
    /// Rows that were counted.
    rows: u64,
    /// Those without a value.
    nulls: u64,
    /// The smallest value.
    #[schema(value_type = serde_json::Value)]
    min: Option<Box<RawValue>>,
    /// The largest value.
    #[schema(value_type = serde_json::Value)]
    max: Option<Box<RawValue>>,
    /// Of numbers.
    #[schema(required = true)]
    mean: Option<f64>,
    /// Characters of the longest text.
    #[schema(required = true)]
    longest: Option<u64>,
}

impl From<Summary> for ColumnSummary {
    fn from(summary: Summary) -> Self {
        Self {
            rows: summary.rows,
            nulls: summary.nulls,
            min: summary.min.and_then(value),
            max: summary.max.and_then(value),
            mean: summary.mean,
            longest: summary.longest,
        }
    }
}

/// A value and how often it comes.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DistinctValue {
    /// The value, as rows have it.
    #[schema(value_type = serde_json::Value)]
    value: Option<Box<RawValue>>,
    /// Rows that have it.
    count: u64,
}

/// The most frequent values of a column.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DistinctValues {
    /// The most frequent first.
    values: Vec<DistinctValue>,
    /// How many different ones were counted.
    distinct: u64,
    /// Whether that is all.
    complete: bool,
}

impl From<Distinct> for DistinctValues {
    fn from(distinct: Distinct) -> Self {
        let values = distinct.values.into_iter().map(|(json, count)| DistinctValue { value: value(json), count });
        Self { values: values.collect(), distinct: distinct.distinct, complete: distinct.complete }
    }
}

/// A range of values and how many rows are in it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Bin {
    /// Where it begins.
    #[schema(value_type = serde_json::Value)]
    from: Option<Box<RawValue>>,
    /// Where it ends.
    #[schema(value_type = serde_json::Value)]
    to: Option<Box<RawValue>>,
    /// Rows in it.
    count: u64,
}

/// How a column's values lie.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ColumnHistogram {
    /// In order, of equal width.
    bins: Vec<Bin>,
    /// Rows without a value.
    nulls: u64,
    /// NaN and the infinities.
    others: u64,
}

impl From<Histogram> for ColumnHistogram {
    fn from(histogram: Histogram) -> Self {
        let bins = histogram.bins.into_iter().map(|(from, to, count)| Bin { from: value(from), to: value(to), count });
        Self { bins: bins.collect(), nulls: histogram.nulls, others: histogram.others }
    }
}

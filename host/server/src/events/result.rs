//! Results as events and the API show them.

use bricklayer_domain::{ColumnType, ResultColumn, ResultCut, ResultHead, ResultRef};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ResultColumnInfo {
    /// Its name; two may have the same.
    pub name: String,
    /// `integer`, `decimal`, `double`, `float`, `boolean`, `string`, `binary`, `date`, `timestamp`, `timestamp_ntz` or
    /// `json`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Digits of a decimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub precision: Option<u8>,
    /// Digits after a decimal's point.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scale: Option<u8>,
    /// The source's own word for the type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_type: Option<String>,
}

impl From<ResultColumn> for ResultColumnInfo {
    fn from(column: ResultColumn) -> Self {
        let digits = match column.kind {
            ColumnType::Decimal { precision, scale } => Some((precision, scale)),
            _ => None,
        };
        let (precision, scale) = digits.unzip();
        Self { name: column.name, kind: column.kind.as_str(), precision, scale, source_type: column.source_type }
    }
}

/// What a result is, whatever is in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ResultHeadInfo {
    /// `table`, `text`, `image` or `file`.
    pub content: &'static str,
    /// What a person reads above it.
    #[schema(required = true)]
    pub title: Option<String>,
    /// The media type of a text, image or file.
    #[schema(required = true)]
    pub media_type: Option<String>,
    /// The name that a file has.
    #[schema(required = true)]
    pub file_name: Option<String>,
    /// The columns of a table, named by their places here; of a call's results the first 64.
    pub columns: Vec<ResultColumnInfo>,
}

impl From<ResultHead> for ResultHeadInfo {
    fn from(head: ResultHead) -> Self {
        Self {
            content: head.content.as_str(),
            title: head.title,
            media_type: head.media_type,
            file_name: head.file_name,
            columns: head.columns.into_iter().map(ResultColumnInfo::from).collect(),
        }
    }
}

/// Why a result is not all that there was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct CutInfo {
    /// `result_limit`, `conversation_limit`, `user_limit`, `row_limit`, `source`, `interrupted`, `lost` or `storage_full`.
    pub reason: &'static str,
    /// What happened and what to do about it.
    pub advice: &'static str,
}

impl From<ResultCut> for CutInfo {
    fn from(cut: ResultCut) -> Self {
        Self { reason: cut.as_str(), advice: cut.advice() }
    }
}

/// A result of a call, as it was when the call ended; `GET /api/results/{id}` has all of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct CallResult {
    /// Its id.
    #[schema(value_type = String, format = Uuid)]
    pub id: Uuid,
    /// Which of its call's results it is.
    pub ordinal: u32,
    /// What it is.
    #[serde(flatten)]
    pub head: ResultHeadInfo,
    /// `open`, `complete` or `partial`.
    pub state: &'static str,
    /// Why it is not all that there was.
    #[schema(required = true)]
    pub cut: Option<CutInfo>,
    /// Rows of a table.
    pub rows: u64,
    /// Bytes of what is in it.
    pub bytes: u64,
}

impl From<ResultRef> for CallResult {
    fn from(result: ResultRef) -> Self {
        Self {
            id: result.id.as_uuid(),
            ordinal: result.ordinal,
            head: result.head.into(),
            state: result.state.as_str(),
            cut: result.cut.map(CutInfo::from),
            rows: result.rows,
            bytes: result.bytes,
        }
    }
}

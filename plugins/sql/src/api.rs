//! The statement execution API on the wire (`/api/2.0/sql/statements`), as far as the tools use it.

use std::fmt;

use serde::de::{IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

/// Most rows any answer keeps: what a page can show and a person can scroll. Larger results belong in a table.
pub(crate) const MAX_ROWS: usize = 10_000;

/// Most bytes of cells an answer keeps, as JSON: the host takes 1 MiB of a call's result, and the text and the names
/// of columns need room beside the rows.
pub(crate) const MAX_CELL_BYTES: usize = 768 * 1024;

/// A cell: text, or NULL.
pub(crate) type Row = Vec<Option<String>>;

/// `POST /api/2.0/sql/statements`.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Submit {
    pub(crate) statement: String,
    pub(crate) warehouse_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) catalog: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) schema: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) parameters: Vec<Parameter>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) row_limit: Option<u32>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) query_tags: Vec<QueryTag>,
    /// Always `0s`: the id must be known at once, or a call cut off while waiting could not cancel its statement.
    pub(crate) wait_timeout: &'static str,
    pub(crate) disposition: &'static str,
    pub(crate) format: &'static str,
}

/// A value for a `:name` marker.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Parameter {
    pub(crate) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) value: Option<String>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub(crate) type_text: Option<String>,
}

/// A label for the query history.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct QueryTag {
    pub(crate) key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) value: Option<String>,
}

/// A statement's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum State {
    #[default]
    Pending,
    Running,
    Succeeded,
    Failed,
    Canceled,
    Closed,
}

impl State {
    pub(crate) const fn has_ended(self) -> bool {
        !matches!(self, Self::Pending | Self::Running)
    }

    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Pending => "waiting for the warehouse",
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Canceled => "canceled",
            Self::Closed => "closed",
        }
    }
}

/// What every statement call answers.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Answer {
    #[serde(default)]
    pub(crate) statement_id: String,
    #[serde(default)]
    pub(crate) status: Status,
    #[serde(default)]
    pub(crate) manifest: Option<Manifest>,
    #[serde(default)]
    pub(crate) result: Option<Chunk>,
}

#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Status {
    #[serde(default)]
    pub(crate) state: State,
    #[serde(default)]
    pub(crate) error: Option<ServiceError>,
}

#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct ServiceError {
    #[serde(default)]
    pub(crate) error_code: Option<String>,
    #[serde(default)]
    pub(crate) message: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Manifest {
    #[serde(default)]
    pub(crate) schema: Schema,
    #[serde(default)]
    pub(crate) total_row_count: Option<u64>,
    #[serde(default)]
    pub(crate) truncated: bool,
}

#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Schema {
    #[serde(default)]
    pub(crate) columns: Vec<Column>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub(crate) struct Column {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) type_name: String,
    #[serde(default)]
    pub(crate) type_text: String,
}

/// One chunk of rows.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Chunk {
    #[serde(default)]
    pub(crate) next_chunk_index: Option<u64>,
    #[serde(default)]
    pub(crate) data_array: CappedRows,
}

/// Rows of a chunk, kept up to [`MAX_ROWS`] and [`MAX_CELL_BYTES`] while they are parsed: a chunk may have 25 MiB.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct CappedRows {
    pub(crate) rows: Vec<Row>,
    /// Whether rows were dropped.
    pub(crate) capped: bool,
}

impl<'de> Deserialize<'de> for CappedRows {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RowsVisitor)
    }
}

struct RowsVisitor;

impl<'de> Visitor<'de> for RowsVisitor {
    type Value = CappedRows;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of rows")
    }

    fn visit_unit<E>(self) -> Result<CappedRows, E> {
        Ok(CappedRows::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<CappedRows, A::Error> {
        let mut kept = CappedRows::default();
        let mut bytes = 0_usize;
        while kept.rows.len() < MAX_ROWS && bytes < MAX_CELL_BYTES {
            let Some(row) = seq.next_element::<Row>()? else { return Ok(kept) };
            bytes = bytes.saturating_add(row_bytes(&row));
            kept.rows.push(row);
        }
        while seq.next_element::<IgnoredAny>()?.is_some() {
            kept.capped = true;
        }
        Ok(kept)
    }
}

/// What a row weighs as JSON.
pub(crate) fn row_bytes(row: &Row) -> usize {
    row.iter().map(|cell| 1 + cell.as_ref().map_or(4, |text| json_bytes(text))).sum::<usize>() + 3
}

/// What a text weighs as a JSON string.
pub(crate) fn json_bytes(text: &str) -> usize {
    let escaped = |byte: u8| match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' => 2,
        0..0x20 => 6,
        _ => 1,
    };
    text.bytes().map(escaped).sum::<usize>() + 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_capped_while_parsing() {
        let many = format!("[{}]", vec![r#"["1",null]"#; MAX_ROWS + 5].join(","));
        let rows: CappedRows = serde_json::from_str(&many).unwrap();
        assert_eq!((rows.rows.len(), rows.capped), (MAX_ROWS, true));
        let wide = format!("[[\"{}\"],[\"b\"]]", "x".repeat(MAX_CELL_BYTES));
        let rows: CappedRows = serde_json::from_str(&wide).unwrap();
        assert_eq!((rows.rows.len(), rows.capped), (1, true));
        let few: CappedRows = serde_json::from_str(r#"[["1",null]]"#).unwrap();
        assert_eq!(few, CappedRows { rows: vec![vec![Some("1".to_owned()), None]], capped: false });
        assert_eq!(serde_json::from_str::<CappedRows>("null").unwrap(), CappedRows::default());
    }

    #[test]
    fn rows_weigh_what_their_json_does() {
        let row = vec![Some("a\"b\\\n\u{1}é".to_owned()), None];
        assert_eq!(row_bytes(&row), serde_json::to_string(&row).unwrap().len() + 2);
    }

    #[test]
    fn a_statement_without_a_result_parses() {
        let answer: Answer =
            serde_json::from_str(r#"{"statement_id":"s","status":{"state":"SUCCEEDED"},"manifest":{"format":"JSON_ARRAY","schema":{"column_count":0},"total_chunk_count":0},"result":{}}"#).unwrap();
        assert!(answer.status.state.has_ended());
        assert_eq!(answer.result.unwrap().data_array, CappedRows::default());
    }
}

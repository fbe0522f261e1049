//! The statement execution API on the wire (`/api/2.0/sql/statements`), as far as the tools use it.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{DeserializeSeed, IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

/// Most rows an answer holds where they are kept nowhere else.
pub const MAX_ROWS: u32 = 10_000;

/// Rows of an answer whose whole rows are kept as a result.
pub const HEAD_ROWS: usize = 100;

/// Most bytes of cells an answer keeps, as JSON: the host takes 1 MiB of a call's result, and the text and the names
/// of columns need room beside the rows.
pub const MAX_CELL_BYTES: usize = 768 * 1024;

/// Rows in the answers themselves, up to 25 MiB of them.
pub(super) const INLINE: &str = "INLINE";
/// Rows by links.
pub(super) const EXTERNAL_LINKS: &str = "EXTERNAL_LINKS";

/// A cell: text, or NULL.
pub type Row = Vec<Option<String>>;

/// `POST /api/2.0/sql/statements`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Submit {
    /// One statement.
    pub statement: String,
    /// Where it runs.
    pub warehouse_id: String,
    /// Catalog for bare names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub catalog: Option<String>,
    /// Schema for bare names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// Values for its `:name` markers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<Parameter>,
    /// Most rows of its result.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row_limit: Option<u32>,
    /// Labels for the query history.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub query_tags: Vec<QueryTag>,
    /// Always `0s`: the id must be known at once, or a call cut off while waiting could not cancel its statement.
    #[serde(skip_deserializing, default = "no_wait")]
    pub wait_timeout: &'static str,
    /// [`INLINE`], which costs no request more, or [`EXTERNAL_LINKS`] for what is too large for it.
    #[serde(skip_deserializing, default = "inline")]
    pub disposition: &'static str,
    /// Always `JSON_ARRAY`.
    #[serde(skip_deserializing, default = "json_array")]
    pub format: &'static str,
}

const fn no_wait() -> &'static str {
    "0s"
}

const fn inline() -> &'static str {
    INLINE
}

const fn json_array() -> &'static str {
    "JSON_ARRAY"
}

impl Submit {
    /// A statement on a warehouse, without anything more.
    #[must_use]
    pub fn new(statement: String, warehouse_id: &str) -> Self {
        Self {
            statement,
            warehouse_id: warehouse_id.to_owned(),
            catalog: None,
            schema: None,
            parameters: Vec::new(),
            row_limit: None,
            query_tags: Vec::new(),
            wait_timeout: no_wait(),
            disposition: inline(),
            format: json_array(),
        }
    }
}

/// A value for a `:name` marker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Parameter {
    /// The marker, without its colon.
    pub name: String,
    /// As text; none for NULL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Its SQL type; STRING when none.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub type_text: Option<String>,
}

/// A label for the query history.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QueryTag {
    /// The label.
    pub key: String,
    /// Its value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

/// A statement's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum State {
    /// Waits for the warehouse.
    #[default]
    Pending,
    /// Runs.
    Running,
    /// Ended well.
    Succeeded,
    /// Ended with an error.
    Failed,
    /// Was ended by somebody.
    Canceled,
    /// Ended well; the rows are no longer kept.
    Closed,
}

impl State {
    /// Whether nothing more will happen.
    #[must_use]
    pub const fn has_ended(self) -> bool {
        !matches!(self, Self::Pending | Self::Running)
    }

    /// In words.
    #[must_use]
    pub const fn word(self) -> &'static str {
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
pub struct Answer {
    #[serde(default)]
    pub statement_id: String,
    #[serde(default)]
    pub status: Status,
    #[serde(default)]
    pub manifest: Option<Manifest>,
    #[serde(default)]
    pub result: Option<Chunk>,
}

#[derive(Debug, Clone, Default, Deserialize)]
pub struct Status {
    #[serde(default)]
    pub state: State,
    #[serde(default)]
    pub error: Option<ServiceError>,
}

#[derive(Debug, Clone, Default, Deserialize)]
pub struct ServiceError {
    #[serde(default)]
    pub error_code: Option<String>,
    #[serde(default)]
    pub message: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
pub struct Manifest {
    #[serde(default)]
    pub schema: Schema,
    #[serde(default)]
    pub total_row_count: Option<u64>,
    #[serde(default)]
    pub total_chunk_count: Option<u64>,
    #[serde(default)]
    pub truncated: bool,
}

#[derive(Debug, Clone, Default, Deserialize)]
pub struct Schema {
    #[serde(default)]
    pub columns: Vec<Column>,
}

/// A column of a result.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Kind of type: LONG, STRING.
    #[serde(default)]
    pub type_name: String,
    /// The type as SQL spells it.
    #[serde(default)]
    pub type_text: String,
}

/// One chunk of rows.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Chunk {
    #[serde(default)]
    pub next_chunk_index: Option<u64>,
    #[serde(default)]
    pub row_count: Option<u64>,
    /// Where the rows are when they are given by links.
    #[serde(default)]
    pub external_links: Vec<Link>,
    /// A JSON array of rows, as the workspace wrote it.
    #[serde(default)]
    pub data_array: Option<Box<RawValue>>,
}

/// Where the rows of a chunk are: an address that is good for some minutes, without any credential.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Link {
    pub external_link: String,
    #[serde(default)]
    pub row_count: Option<u64>,
    #[serde(default)]
    pub next_chunk_index: Option<u64>,
    #[serde(default)]
    pub http_headers: Option<BTreeMap<String, String>>,
}

/// The first of some rows, up to `most` of them and [`MAX_CELL_BYTES`].
///
/// # Errors
/// When they are no rows.
pub(super) fn head(rows: &[u8], most: usize) -> Result<CappedRows, serde_json::Error> {
    HeadOf(most).deserialize(&mut serde_json::Deserializer::from_slice(rows))
}

/// The first rows of a chunk, which may have 25 MiB.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct CappedRows {
    pub rows: Vec<Row>,
    /// Whether there are more.
    pub capped: bool,
}

/// Reads so many rows at most.
struct HeadOf(usize);

impl<'de> DeserializeSeed<'de> for HeadOf {
    type Value = CappedRows;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<CappedRows, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for HeadOf {
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
        while kept.rows.len() < self.0 && bytes < MAX_CELL_BYTES {
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
#[must_use]
pub fn row_bytes(row: &Row) -> usize {
    row.iter().map(|cell| 1 + cell.as_ref().map_or(4, |text| json_bytes(text))).sum::<usize>() + 3
}

/// What a text weighs as a JSON string.
#[must_use]
pub fn json_bytes(text: &str) -> usize {
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
        let head = |rows: &str, most| head(rows.as_bytes(), most).unwrap();
        let rows = head(&format!("[{}]", vec![r#"["1",null]"#; 105].join(",")), 100);
        assert_eq!((rows.rows.len(), rows.capped), (100, true));
        let rows = head(&format!("[[\"{}\"],[\"b\"]]", "x".repeat(MAX_CELL_BYTES)), 100);
        assert_eq!((rows.rows.len(), rows.capped), (1, true));
        let few = CappedRows { rows: vec![vec![Some("1".to_owned()), None]], capped: false };
        assert_eq!(head(r#"[["1",null]]"#, 100), few);
        assert_eq!(head("null", 100), CappedRows::default());
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
        assert!(answer.result.unwrap().data_array.is_none());
    }
}

//! Rows as an answer has them: JSON of bounded size, long cells cut.

use bricklayer_domain::ColumnType;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::column::{Column, Rows, Value};
use crate::error::ResultsError;
use crate::reader::Reader;
use crate::write;

/// Bytes of one answer's rows, give or take a row.
pub const MAX_PAGE_BYTES: usize = 2 * 1024 * 1024;
/// Bytes of a cell in an answer; the whole one is asked for by itself.
pub const MAX_CELL_BYTES: usize = 4 * 1024;

/// A cell that an answer has not whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct CutCell {
    /// The row's place in the answer.
    pub row: usize,
    /// The column's place in the answer.
    pub column: usize,
    /// Bytes of its text.
    pub bytes: usize,
}

/// Some rows.
#[derive(Debug, Clone, Serialize)]
pub struct RowsPage {
    /// Rows that were left out before.
    pub offset: u64,
    /// Rows of the view in all.
    pub total: u64,
    /// Where to go on.
    pub next: Option<u64>,
    /// The columns' places in the result.
    pub columns: Vec<usize>,
    /// The rows' places in the result.
    pub row_numbers: Vec<u64>,
    /// A list of lists of cells.
    pub rows: Box<RawValue>,
    /// Cells that are not whole.
    pub cut: Vec<CutCell>,
}

/// Writes the JSON of rows until there is as much as an answer may have.
pub(crate) struct PageWriter {
    kinds: Vec<ColumnType>,
    most_bytes: usize,
    json: Vec<u8>,
    room: String,
    row_numbers: Vec<u64>,
    cut: Vec<CutCell>,
}

impl PageWriter {
    pub(crate) fn new(reader: &Reader, columns: &[usize], most_bytes: usize) -> Result<Self, ResultsError> {
        let kinds = reader.typed(columns)?.into_iter().map(|(_, kind)| kind).collect();
        Ok(Self { kinds, most_bytes, json: vec![b'['], room: String::new(), row_numbers: Vec::new(), cut: Vec::new() })
    }

    pub(crate) fn is_full(&self) -> bool {
        self.json.len() >= self.most_bytes
    }

    /// Takes rows with their places in the result, until it is full.
    pub(crate) fn rows(&mut self, rows: &Rows, places: &[u32]) -> Result<(), ResultsError> {
        let kinds = self.kinds.clone();
        let columns = kinds.iter().zip(&rows.columns).map(|(kind, array)| Column::of(*kind, array));
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        for (row, place) in places.iter().enumerate() {
            if self.is_full() {
                break;
            }
            if !self.row_numbers.is_empty() {
                self.json.push(b',');
            }
            self.json.push(b'[');
            for (index, column) in columns.iter().enumerate() {
                if index > 0 {
                    self.json.push(b',');
                }
                self.cell(index, column.value(row));
            }
            self.json.push(b']');
            self.row_numbers.push((*place).into());
        }
        Ok(())
    }

    fn cell(&mut self, column: usize, value: Value<'_>) {
        let row = self.row_numbers.len();
        let (value, bytes) = match value {
            Value::Text(text) if text.len() > MAX_CELL_BYTES => {
                (Value::Text(text.get(..text.floor_char_boundary(MAX_CELL_BYTES)).unwrap_or_default()), text.len())
            }
            // Cut where four digits of base64 are three bytes.
            Value::Binary(bytes) if bytes.len() > MAX_CELL_BYTES => {
                (Value::Binary(bytes.get(..MAX_CELL_BYTES / 4 * 3).unwrap_or_default()), bytes.len())
            }
            value => (value, 0),
        };
        if bytes > 0 {
            self.cut.push(CutCell { row, column, bytes });
        }
        write::api_json(value, &mut self.room, &mut self.json);
    }

    pub(crate) fn finish(mut self, offset: u64, total: u64, columns: Vec<usize>) -> Result<RowsPage, ResultsError> {
        self.json.push(b']');
        let broken = |_| ResultsError::BrokenOff;
        let rows = String::from_utf8(self.json).map_err(|_| ResultsError::BrokenOff)?;
        let next = offset.saturating_add(self.row_numbers.len() as u64);
        Ok(RowsPage {
            offset,
            total,
            next: (next < total && !self.row_numbers.is_empty()).then_some(next),
            columns,
            row_numbers: self.row_numbers,
            rows: RawValue::from_string(rows).map_err(broken)?,
            cut: self.cut,
        })
    }
}

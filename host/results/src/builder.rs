//! Rows on their way into a piece.

use std::sync::Arc;

use arrow_array::builder::{
    BinaryBuilder, BooleanBuilder, Date32Builder, Decimal128Builder, Float32Builder, Float64Builder, Int64Builder,
    StringBuilder, TimestampMicrosecondBuilder,
};
use arrow_array::{Array as _, ArrayRef};
use bricklayer_domain::{ColumnType, ResultColumn};
use serde_json::value::RawValue;

use crate::column::{Rows, data_type};
use crate::error::RowsError;
use crate::parse::{Cell, expected, json_cell};

/// Most rows of a piece: what sorting and filtering read at once, and what a page of a sorted table reads for one row.
pub const MAX_PIECE_ROWS: usize = 16_384;

/// Bytes of values at which a piece is full, give or take a row; bounds the memory of writers and readers.
pub const PIECE_VALUE_BYTES: usize = 4 * 1024 * 1024;

/// Characters of a wrong cell that its error quotes.
const QUOTED_CHARS: usize = 60;

enum ColumnBuilder {
    Integer(Int64Builder),
    Decimal(Decimal128Builder),
    Double(Float64Builder),
    Float(Float32Builder),
    Boolean(BooleanBuilder),
    Text(StringBuilder),
    Binary(BinaryBuilder),
    Date(Date32Builder),
    Timestamp(TimestampMicrosecondBuilder),
}

impl ColumnBuilder {
    fn new(kind: ColumnType) -> Self {
        match kind {
            ColumnType::Integer => Self::Integer(Int64Builder::new()),
            ColumnType::Decimal { .. } => Self::Decimal(Decimal128Builder::new().with_data_type(data_type(kind))),
            ColumnType::Double => Self::Double(Float64Builder::new()),
            ColumnType::Float => Self::Float(Float32Builder::new()),
            ColumnType::Boolean => Self::Boolean(BooleanBuilder::new()),
            ColumnType::String | ColumnType::Json => Self::Text(StringBuilder::new()),
            ColumnType::Binary => Self::Binary(BinaryBuilder::new()),
            ColumnType::Date => Self::Date(Date32Builder::new()),
            ColumnType::Timestamp | ColumnType::TimestampNtz => {
                Self::Timestamp(TimestampMicrosecondBuilder::new().with_data_type(data_type(kind)))
            }
        }
    }

    fn push(&mut self, cell: &Cell<'_>) {
        match (self, cell) {
            (Self::Integer(builder), Cell::Integer(number)) => builder.append_value(*number),
            (Self::Decimal(builder), Cell::Decimal(number, _)) => builder.append_value(*number),
            (Self::Double(builder), Cell::Double(number)) => builder.append_value(*number),
            (Self::Float(builder), Cell::Float(number)) => builder.append_value(*number),
            (Self::Boolean(builder), Cell::Boolean(truth)) => builder.append_value(*truth),
            (Self::Text(builder), Cell::Text(text)) => builder.append_value(text),
            (Self::Binary(builder), Cell::Binary(bytes)) => builder.append_value(bytes),
            (Self::Date(builder), Cell::Date(days)) => builder.append_value(*days),
            (Self::Timestamp(builder), Cell::Timestamp(micros) | Cell::TimestampNtz(micros)) => {
                builder.append_value(*micros);
            }
            // A cell was made for its column's type, so this is none.
            (Self::Integer(builder), _) => builder.append_null(),
            (Self::Decimal(builder), _) => builder.append_null(),
            (Self::Double(builder), _) => builder.append_null(),
            (Self::Float(builder), _) => builder.append_null(),
            (Self::Boolean(builder), _) => builder.append_null(),
            (Self::Text(builder), _) => builder.append_null(),
            (Self::Binary(builder), _) => builder.append_null(),
            (Self::Date(builder), _) => builder.append_null(),
            (Self::Timestamp(builder), _) => builder.append_null(),
        }
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Integer(builder) => Arc::new(builder.finish()),
            Self::Decimal(builder) => Arc::new(builder.finish()),
            Self::Double(builder) => Arc::new(builder.finish()),
            Self::Float(builder) => Arc::new(builder.finish()),
            Self::Boolean(builder) => Arc::new(builder.finish()),
            Self::Text(builder) => Arc::new(builder.finish()),
            Self::Binary(builder) => Arc::new(builder.finish()),
            Self::Date(builder) => Arc::new(builder.finish()),
            Self::Timestamp(builder) => Arc::new(builder.finish()),
        }
    }
}

/// Takes rows until a piece is full.
pub(crate) struct RowsBuilder {
    names: Vec<String>,
    kinds: Vec<ColumnType>,
    columns: Vec<ColumnBuilder>,
    rows: usize,
    bytes: usize,
}

impl RowsBuilder {
    pub(crate) fn new(columns: &[ResultColumn]) -> Self {
        Self {
            names: columns.iter().map(|column| column.name.clone()).collect(),
            kinds: columns.iter().map(|column| column.kind).collect(),
            columns: columns.iter().map(|column| ColumnBuilder::new(column.kind)).collect(),
            rows: 0,
            bytes: 0,
        }
    }

    pub(crate) const fn rows(&self) -> usize {
        self.rows
    }

    /// What its values take.
    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) const fn is_full(&self) -> bool {
        self.rows >= MAX_PIECE_ROWS || self.bytes >= PIECE_VALUE_BYTES
    }

    /// Takes a row of JSON cells, or nothing of it.
    pub(crate) fn push(&mut self, number: usize, row: &RawValue) -> Result<(), RowsError> {
        let cells: Vec<&RawValue> =
            serde_json::from_str(row.get()).map_err(|error| RowsError::Shape(error.to_string()))?;
        if cells.len() != self.kinds.len() {
            return Err(RowsError::Width { row: number, found: cells.len(), expected: self.kinds.len() });
        }
        let mut read = Vec::with_capacity(cells.len());
        for (column, (raw, kind)) in cells.iter().zip(&self.kinds).enumerate() {
            read.push(json_cell(*kind, raw.get()).ok_or_else(|| RowsError::Cell {
                row: number,
                column,
                name: self.names.get(column).cloned().unwrap_or_default(),
                expected: expected(*kind),
                found: raw.get().chars().take(QUOTED_CHARS).collect(),
            })?);
        }
        for (builder, cell) in self.columns.iter_mut().zip(&read) {
            builder.push(cell);
            self.bytes += cell.value().size();
        }
        self.rows += 1;
        Ok(())
    }

    /// The rows until now, and begins anew.
    pub(crate) fn take(&mut self) -> Rows {
        let columns: Vec<ArrayRef> = self.columns.iter_mut().map(ColumnBuilder::finish).collect();
        debug_assert!(columns.iter().all(|column| column.len() == self.rows));
        self.bytes = 0;
        Rows { count: std::mem::take(&mut self.rows), columns }
    }
}

/// The rows of a JSON array, not looked into yet.
pub(crate) fn split(json: &[u8]) -> Result<Vec<&RawValue>, RowsError> {
    serde_json::from_slice(json).map_err(|error| RowsError::Shape(error.to_string()))
}

//! Parquet, with Snappy, which every reader knows. Columns are written by their types and not through Arrow, whose way
//! into Parquet would bring a second form of the same bytes.

use std::sync::Arc;

use bricklayer_domain::{ColumnType, ResultColumn};
use parquet::basic::{Compression, LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::data_type::{
    BoolType, ByteArray, ByteArrayType, DataType, DoubleType, FixedLenByteArray, FixedLenByteArrayType, FloatType,
    Int32Type, Int64Type,
};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::{Type, TypePtr};

use super::{Exporter, Outlet, unique_names};
use crate::column::{Column, Rows, Value};
use crate::error::ResultsError;

/// Rows of a group, and bytes of values at which one ends before: a group is in memory until it is whole.
const GROUP_ROWS: usize = 128 * 1024;
const GROUP_BYTES: usize = 16 * 1024 * 1024;
/// Digits of a decimal that 64 bits hold; longer ones take this many bytes.
const MAX_LONG_DIGITS: u8 = 18;
const LONG_DECIMAL_BYTES: i32 = 16;

pub(super) struct Parquet {
    kinds: Vec<ColumnType>,
    outlet: Outlet,
    /// Gone when the file is done.
    writer: Option<SerializedFileWriter<Outlet>>,
    waiting: Vec<Rows>,
}

fn failed(error: &ParquetError) -> ResultsError {
    ResultsError::Format(format!("the rows cannot be written as Parquet: {error}"))
}

fn column_type(name: &str, kind: ColumnType) -> Result<TypePtr, ParquetError> {
    let timestamp = |is_adjusted_to_u_t_c| LogicalType::Timestamp { is_adjusted_to_u_t_c, unit: TimeUnit::MICROS };
    let (physical, logical) = match kind {
        ColumnType::Integer => (Physical::INT64, None),
        ColumnType::Decimal { precision, scale } => {
            let short = precision <= MAX_LONG_DIGITS;
            let physical = if short { Physical::INT64 } else { Physical::FIXED_LEN_BYTE_ARRAY };
            (physical, Some(LogicalType::Decimal { precision: precision.into(), scale: scale.into() }))
        }
        ColumnType::Double => (Physical::DOUBLE, None),
        ColumnType::Float => (Physical::FLOAT, None),
        ColumnType::Boolean => (Physical::BOOLEAN, None),
        ColumnType::String | ColumnType::Json => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        ColumnType::Binary => (Physical::BYTE_ARRAY, None),
        ColumnType::Date => (Physical::INT32, Some(LogicalType::Date)),
        ColumnType::Timestamp => (Physical::INT64, Some(timestamp(true))),
        ColumnType::TimestampNtz => (Physical::INT64, Some(timestamp(false))),
    };
    let mut builder =
        Type::primitive_type_builder(name, physical).with_repetition(Repetition::OPTIONAL).with_logical_type(logical);
    if let ColumnType::Decimal { precision, scale } = kind {
        builder = builder.with_precision(precision.into()).with_scale(scale.into());
        if physical == Physical::FIXED_LEN_BYTE_ARRAY {
            builder = builder.with_length(LONG_DECIMAL_BYTES);
        }
    }
    builder.build().map(Arc::new)
}

impl Parquet {
    pub(super) fn new(columns: &[ResultColumn]) -> Result<Self, ResultsError> {
        if columns.is_empty() {
            return Err(ResultsError::Format("a Parquet file needs a column; this table has none".into()));
        }
        let names = unique_names(columns);
        let kinds: Vec<ColumnType> = columns.iter().map(|column| column.kind).collect();
        let outlet = Outlet::default();
        let open = || {
            let types = names.iter().zip(&kinds).map(|(name, kind)| column_type(name, *kind));
            let schema = Type::group_type_builder("result").with_fields(types.collect::<Result<_, _>>()?).build()?;
            let properties = WriterProperties::builder()
                .set_compression(Compression::SNAPPY)
                .set_created_by("bricklayer".into())
                .build();
            SerializedFileWriter::new(outlet.clone(), Arc::new(schema), Arc::new(properties))
        };
        let writer = open().map_err(|error| failed(&error))?;
        Ok(Self { kinds, outlet, writer: Some(writer), waiting: Vec::new() })
    }

    /// Writes the rows that wait as a group.
    fn flush(&mut self) -> Result<(), ResultsError> {
        let waiting = std::mem::take(&mut self.waiting);
        let Some(writer) = self.writer.as_mut().filter(|_| !waiting.is_empty()) else { return Ok(()) };
        let mut group = writer.next_row_group().map_err(|error| failed(&error))?;
        for (index, kind) in self.kinds.iter().enumerate() {
            let mut column = group
                .next_column()
                .map_err(|error| failed(&error))?
                .ok_or_else(|| ResultsError::Format("the Parquet file has fewer columns than the table".into()))?;
            for rows in &waiting {
                let array = rows.columns.get(index).ok_or(crate::error::Broken("a column was not read"))?;
                write(&mut column, *kind, Column::of(*kind, array)?).map_err(|error| failed(&error))?;
            }
            column.close().map_err(|error| failed(&error))?;
        }
        group.close().map_err(|error| failed(&error))?;
        Ok(())
    }
}

fn write(out: &mut SerializedColumnWriter<'_>, kind: ColumnType, column: Column<'_>) -> Result<(), ParquetError> {
    match kind {
        ColumnType::Integer | ColumnType::Timestamp | ColumnType::TimestampNtz => {
            typed::<Int64Type>(out, column, |value| match value {
                Value::Integer(number) | Value::Timestamp(number) | Value::TimestampNtz(number) => Some(number),
                _ => None,
            })
        }
        ColumnType::Decimal { precision, .. } if precision <= MAX_LONG_DIGITS => {
            typed::<Int64Type>(out, column, |value| match value {
                // Eighteen digits always fit.
                Value::Decimal(number, _) => i64::try_from(number).ok(),
                _ => None,
            })
        }
        ColumnType::Decimal { .. } => typed::<FixedLenByteArrayType>(out, column, |value| match value {
            Value::Decimal(number, _) => Some(FixedLenByteArray::from(number.to_be_bytes().to_vec())),
            _ => None,
        }),
        ColumnType::Double => typed::<DoubleType>(out, column, |value| match value {
            Value::Double(number) => Some(number),
            _ => None,
        }),
        ColumnType::Float => typed::<FloatType>(out, column, |value| match value {
            Value::Float(number) => Some(number),
            _ => None,
        }),
        ColumnType::Boolean => typed::<BoolType>(out, column, |value| match value {
            Value::Boolean(truth) => Some(truth),
            _ => None,
        }),
        ColumnType::Date => typed::<Int32Type>(out, column, |value| match value {
            Value::Date(days) => Some(days),
            _ => None,
        }),
        ColumnType::String | ColumnType::Json | ColumnType::Binary => {
            typed::<ByteArrayType>(out, column, |value| match value {
                Value::Text(text) => Some(ByteArray::from(text.as_bytes().to_vec())),
                Value::Binary(bytes) => Some(ByteArray::from(bytes.to_vec())),
                _ => None,
            })
        }
    }
}

fn typed<T: DataType>(
    out: &mut SerializedColumnWriter<'_>,
    column: Column<'_>,
    read: impl Fn(Value<'_>) -> Option<T::T>,
) -> Result<(), ParquetError> {
    let (mut values, mut levels) = (Vec::with_capacity(column.len()), Vec::with_capacity(column.len()));
    for value in column.values() {
        let value = read(value);
        levels.push(i16::from(value.is_some()));
        values.extend(value);
    }
    out.typed::<T>().write_batch(&values, Some(&levels), None)?;
    Ok(())
}

impl Exporter for Parquet {
    fn rows(&mut self, rows: &Rows, out: &mut Vec<u8>) -> Result<(), ResultsError> {
        self.waiting.push(rows.clone());
        let count: usize = self.waiting.iter().map(|rows| rows.count).sum();
        let bytes: usize = self.waiting.iter().map(Rows::memory_bytes).sum();
        if count >= GROUP_ROWS || bytes >= GROUP_BYTES {
            self.flush()?;
        }
        self.outlet.take(out);
        Ok(())
    }

    fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), ResultsError> {
        self.flush()?;
        if let Some(writer) = self.writer.take() {
            writer.close().map_err(|error| failed(&error))?;
        }
        self.outlet.take(out);
        Ok(())
    }
}

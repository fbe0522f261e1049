//! Columns in memory: Arrow arrays by their type, and single values of them.

use std::cmp::Ordering;

use arrow_array::{
    Array, ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, Float32Array, Float64Array, Int64Array,
    StringArray, TimestampMicrosecondArray,
};
use arrow_schema::{DataType, TimeUnit};
use bricklayer_domain::ColumnType;

use crate::error::Broken;

/// The zone of moments.
const UTC: &str = "UTC";

/// How values of a type lie in memory.
pub(crate) fn data_type(kind: ColumnType) -> DataType {
    match kind {
        ColumnType::Integer => DataType::Int64,
        // Checked when the type was made.
        ColumnType::Decimal { precision, scale } => {
            DataType::Decimal128(precision, i8::try_from(scale).unwrap_or(i8::MAX))
        }
        ColumnType::Double => DataType::Float64,
        ColumnType::Float => DataType::Float32,
        ColumnType::Boolean => DataType::Boolean,
        ColumnType::String | ColumnType::Json => DataType::Utf8,
        ColumnType::Binary => DataType::Binary,
        ColumnType::Date => DataType::Date32,
        ColumnType::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, Some(UTC.into())),
        ColumnType::TimestampNtz => DataType::Timestamp(TimeUnit::Microsecond, None),
    }
}

/// Some rows: as many values in each column.
#[derive(Debug, Clone)]
pub(crate) struct Rows {
    /// How many, also when there are no columns.
    pub(crate) count: usize,
    pub(crate) columns: Vec<ArrayRef>,
}

impl Rows {
    /// What they take in memory.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.columns.iter().map(Array::get_array_memory_size).sum()
    }
}

/// One value. Text is also what nested values are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Value<'a> {
    /// None.
    Null,
    /// A whole number.
    Integer(i64),
    /// A decimal without its point, and the digits after it.
    Decimal(i128, u8),
    /// A double.
    Double(f64),
    /// A float.
    Float(f32),
    /// A truth.
    Boolean(bool),
    /// Text.
    Text(&'a str),
    /// Bytes.
    Binary(&'a [u8]),
    /// Days since 1970.
    Date(i32),
    /// Microseconds since 1970, in UTC.
    Timestamp(i64),
    /// Microseconds since 1970, in no zone.
    TimestampNtz(i64),
}

fn floats(a: f64, b: f64) -> Ordering {
    // NaN is the greatest number, as in the workspace.
    a.partial_cmp(&b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
}

impl Value<'_> {
    /// Whether it is none.
    pub(crate) const fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The order of values of one column, none last.
    pub(crate) fn order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Null, Self::Null) => Ordering::Equal,
            (Self::Null, _) => Ordering::Greater,
            (_, Self::Null) => Ordering::Less,
            (Self::Integer(a), Self::Integer(b))
            | (Self::Timestamp(a), Self::Timestamp(b))
            | (Self::TimestampNtz(a), Self::TimestampNtz(b)) => a.cmp(b),
            (Self::Decimal(a, _), Self::Decimal(b, _)) => a.cmp(b),
            (Self::Double(a), Self::Double(b)) => floats(*a, *b),
            (Self::Float(a), Self::Float(b)) => floats(f64::from(*a), f64::from(*b)),
            (Self::Boolean(a), Self::Boolean(b)) => a.cmp(b),
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            (Self::Binary(a), Self::Binary(b)) => a.cmp(b),
            (Self::Date(a), Self::Date(b)) => a.cmp(b),
            // Values of different types are never of one column.
            _ => Ordering::Equal,
        }
    }

    /// Its bytes in memory, about.
    pub(crate) const fn size(&self) -> usize {
        match self {
            Self::Text(text) => text.len() + 4,
            Self::Binary(bytes) => bytes.len() + 4,
            Self::Decimal(..) => 16,
            Self::Null | Self::Boolean(_) => 1,
            Self::Float(_) | Self::Date(_) => 4,
            Self::Integer(_) | Self::Double(_) | Self::Timestamp(_) | Self::TimestampNtz(_) => 8,
        }
    }
}

/// A column whose type is known.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Column<'a> {
    Integer(&'a Int64Array),
    Decimal(&'a Decimal128Array, u8),
    Double(&'a Float64Array),
    Float(&'a Float32Array),
    Boolean(&'a BooleanArray),
    Text(&'a StringArray),
    Binary(&'a BinaryArray),
    Date(&'a Date32Array),
    Timestamp(&'a TimestampMicrosecondArray),
    TimestampNtz(&'a TimestampMicrosecondArray),
}

impl<'a> Column<'a> {
    /// # Errors
    /// When the array is not of the type: it was read from a broken piece.
    pub(crate) fn of(kind: ColumnType, array: &'a dyn Array) -> Result<Self, Broken> {
        fn cast<T: 'static>(array: &dyn Array) -> Result<&T, Broken> {
            array.as_any().downcast_ref().ok_or(Broken("a column of another type"))
        }
        Ok(match kind {
            ColumnType::Integer => Self::Integer(cast(array)?),
            ColumnType::Decimal { scale, .. } => Self::Decimal(cast(array)?, scale),
            ColumnType::Double => Self::Double(cast(array)?),
            ColumnType::Float => Self::Float(cast(array)?),
            ColumnType::Boolean => Self::Boolean(cast(array)?),
            ColumnType::String | ColumnType::Json => Self::Text(cast(array)?),
            ColumnType::Binary => Self::Binary(cast(array)?),
            ColumnType::Date => Self::Date(cast(array)?),
            ColumnType::Timestamp => Self::Timestamp(cast(array)?),
            ColumnType::TimestampNtz => Self::TimestampNtz(cast(array)?),
        })
    }

    pub(crate) fn len(self) -> usize {
        match self {
            Self::Integer(array) => array.len(),
            Self::Decimal(array, _) => array.len(),
            Self::Double(array) => array.len(),
            Self::Float(array) => array.len(),
            Self::Boolean(array) => array.len(),
            Self::Text(array) => array.len(),
            Self::Binary(array) => array.len(),
            Self::Date(array) => array.len(),
            Self::Timestamp(array) | Self::TimestampNtz(array) => array.len(),
        }
    }

    /// The value of a row; none past the end.
    pub(crate) fn value(self, row: usize) -> Value<'a> {
        macro_rules! value {
            ($array:expr, $make:expr) => {{ if row >= $array.len() || $array.is_null(row) { Value::Null } else { $make($array.value(row)) } }};
        }
        match self {
            Self::Integer(array) => value!(array, Value::Integer),
            Self::Decimal(array, scale) => value!(array, |number| Value::Decimal(number, scale)),
            Self::Double(array) => value!(array, Value::Double),
            Self::Float(array) => value!(array, Value::Float),
            Self::Boolean(array) => value!(array, Value::Boolean),
            Self::Text(array) => value!(array, Value::Text),
            Self::Binary(array) => value!(array, Value::Binary),
            Self::Date(array) => value!(array, Value::Date),
            Self::Timestamp(array) => value!(array, Value::Timestamp),
            Self::TimestampNtz(array) => value!(array, Value::TimestampNtz),
        }
    }

    pub(crate) fn values(self) -> impl Iterator<Item = Value<'a>> {
        (0..self.len()).map(move |row| self.value(row))
    }
}

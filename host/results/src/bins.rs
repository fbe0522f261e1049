//! Equal parts of what lies between the smallest and the largest number, or time, of a column.

use bricklayer_domain::ColumnType;

use crate::column::{Rows, Value};
use crate::error::Broken;
use crate::scan::{Scan, column_of, counted};

/// A number as a double, near enough to be drawn.
pub(crate) fn as_double(value: Value<'_>) -> Option<f64> {
    Some(match value {
        Value::Integer(number) => number as f64,
        Value::Decimal(number, scale) => number as f64 / 10_f64.powi(scale.into()),
        Value::Double(number) => number,
        Value::Float(number) => number.into(),
        Value::Date(days) => days.into(),
        Value::Timestamp(micros) | Value::TimestampNtz(micros) => micros as f64,
        Value::Null | Value::Boolean(_) | Value::Text(_) | Value::Binary(_) => return None,
    })
}

/// The first look: from where to where the bins go.
pub(crate) struct Extent {
    pub(crate) column: usize,
    pub(crate) kind: ColumnType,
    pub(crate) extent: Option<(f64, f64)>,
}

impl Scan for Extent {
    fn columns(&self) -> Vec<usize> {
        vec![self.column]
    }

    fn piece(&mut self, _: u64, rows: &Rows, wanted: Option<&[bool]>) -> Result<(), Broken> {
        let column = column_of(self.kind, rows)?;
        for row in (0..rows.count).filter(|row| counted(wanted, *row)) {
            if let Some(number) = as_double(column.value(row)).filter(|number| number.is_finite()) {
                let (min, max) = self.extent.unwrap_or((number, number));
                self.extent = Some((min.min(number), max.max(number)));
            }
        }
        Ok(())
    }
}

/// Bins of equal width; the last one includes its end.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Bins {
    kind: ColumnType,
    min: f64,
    width: f64,
    pub(crate) count: usize,
}

impl Bins {
    /// So many over an extent: none where there is no value, one where there is one.
    pub(crate) fn over(extent: &Extent, bins: usize) -> Self {
        let (min, max) = extent.extent.unwrap_or_default();
        let count = if max > min { bins.max(1) } else { usize::from(extent.extent.is_some()) };
        // Halved first, because the difference of two doubles may be none.
        let width = (max / 2.0 - min / 2.0) / (count.max(1) as f64) * 2.0;
        Self { kind: extent.kind, min, width, count }
    }

    /// The bin of a finite number.
    pub(crate) fn of(&self, number: f64) -> usize {
        let at = if self.width > 0.0 { ((number - self.min) / self.width) as usize } else { 0 };
        at.min(self.count.saturating_sub(1))
    }

    /// Where a bin begins, which is where the one before ends.
    pub(crate) fn edge(&self, bin: usize) -> Value<'static> {
        let at = self.min + self.width * bin as f64;
        match self.edge_kind() {
            ColumnType::Timestamp if self.kind == ColumnType::Date => Value::Timestamp((at * 86_400_000_000.0) as i64),
            ColumnType::Timestamp => Value::Timestamp(at as i64),
            ColumnType::TimestampNtz => Value::TimestampNtz(at as i64),
            _ => Value::Double(at),
        }
    }

    /// The type of what the edges are.
    pub(crate) const fn edge_kind(&self) -> ColumnType {
        edge_kind(self.kind)
    }
}

/// The type of the edges of a column's bins: parts of days are times.
pub(crate) const fn edge_kind(kind: ColumnType) -> ColumnType {
    match kind {
        ColumnType::Date | ColumnType::Timestamp => ColumnType::Timestamp,
        ColumnType::TimestampNtz => ColumnType::TimestampNtz,
        _ => ColumnType::Double,
    }
}

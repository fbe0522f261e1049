//! What a measure knows of the values of a group.

use std::cmp::Ordering;
use std::collections::HashSet;

use bricklayer_domain::{AggregateFunction as Function, ColumnType, MAX_DECIMAL_PRECISION};

use super::ask::Measure;
use crate::bins::as_double;
use crate::column::Value;
use crate::digest;
use crate::parse::Cell;
use crate::profile::is_nan;

/// Bytes that a different value takes while it is remembered, with what its set keeps beside it.
const SEEN_BYTES: usize = 24;

/// A sum of whole numbers that may be larger than they: the upper digits and the lower 19 apart, so that nothing is
/// lost on the way, and what comes out is right whenever it fits.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Wide {
    high: i128,
    low: i128,
}

impl Wide {
    const UNIT: i128 = 10_i128.pow(19);

    const fn add(&mut self, number: i128) {
        // Neither overflows before there are more rows than a result may have.
        self.high += number / Self::UNIT;
        self.low += number % Self::UNIT;
    }

    /// The sum; none when it has more digits than a decimal may have.
    fn total(self) -> Option<i128> {
        let total = self.high.checked_mul(Self::UNIT)?.checked_add(self.low)?;
        (total.unsigned_abs() < 10_u128.pow(MAX_DECIMAL_PRECISION.into())).then_some(total)
    }

    fn as_double(self) -> f64 {
        match self.total() {
            Some(total) => total as f64,
            None => self.high as f64 * Self::UNIT as f64 + self.low as f64,
        }
    }
}

/// A measure of a group on its way. NaN counts for `count` and `distinct` alone, as it does for a column's summary.
pub(super) enum Total {
    Count(u64),
    Distinct(HashSet<u128>),
    /// Of whole numbers and decimals, exact.
    Exact {
        sum: Wide,
        count: u64,
        is_mean: bool,
        scale: u8,
    },
    Double {
        sum: f64,
        count: u64,
        is_mean: bool,
    },
    Extreme {
        wanted: Ordering,
        found: Cell<'static>,
    },
    Median(Vec<f64>),
}

/// What tells a value from others of its column.
fn identity(value: Value<'_>) -> u128 {
    let bits = |number: i64| u128::from(number.cast_unsigned());
    let float = |number: f64| match number {
        _ if number.is_nan() => f64::NAN.to_bits(),
        // The two zeros are one value.
        _ if number == 0.0 => 0,
        _ => number.to_bits(),
    };
    match value {
        Value::Null => 0,
        Value::Integer(number) | Value::Timestamp(number) | Value::TimestampNtz(number) => bits(number),
        Value::Decimal(number, _) => number.cast_unsigned(),
        Value::Double(number) => float(number).into(),
        Value::Float(number) => float(number.into()).into(),
        Value::Boolean(truth) => truth.into(),
        Value::Text(text) => digest::short(text.as_bytes()),
        Value::Binary(bytes) => digest::short(bytes),
        Value::Date(days) => bits(days.into()),
    }
}

impl Total {
    pub(super) fn new(measure: &Measure) -> Self {
        let is_mean = measure.function == Function::Mean;
        match (measure.function, measure.column) {
            (Function::Count, _) | (_, None) => Self::Count(0),
            (Function::Distinct, _) => Self::Distinct(HashSet::new()),
            (Function::Sum | Function::Mean, Some((_, ColumnType::Integer))) => {
                Self::Exact { sum: Wide::default(), count: 0, is_mean, scale: 0 }
            }
            (Function::Sum | Function::Mean, Some((_, ColumnType::Decimal { scale, .. }))) => {
                Self::Exact { sum: Wide::default(), count: 0, is_mean, scale }
            }
            (Function::Sum | Function::Mean, _) => Self::Double { sum: 0.0, count: 0, is_mean },
            (Function::Min, _) => Self::Extreme { wanted: Ordering::Less, found: Cell::Null },
            (Function::Max, _) => Self::Extreme { wanted: Ordering::Greater, found: Cell::Null },
            (Function::Median, _) => Self::Median(Vec::new()),
        }
    }

    /// Takes a row.
    pub(super) const fn add_row(&mut self) {
        if let Self::Count(count) = self {
            *count += 1;
        }
    }

    /// Takes a value, and answers how many bytes more that holds.
    pub(super) fn add(&mut self, value: Value<'_>) -> usize {
        if value.is_null() {
            return 0;
        }
        match self {
            Self::Count(count) => *count += 1,
            Self::Distinct(seen) => return if seen.insert(identity(value)) { SEEN_BYTES } else { 0 },
            _ if is_nan(value) => {}
            Self::Exact { sum, count, .. } => {
                let number = match value {
                    Value::Integer(number) => number.into(),
                    Value::Decimal(number, _) => number,
                    _ => return 0,
                };
                sum.add(number);
                *count += 1;
            }
            Self::Double { sum, count, .. } => {
                *sum += as_double(value).unwrap_or_default();
                *count += 1;
            }
            Self::Extreme { wanted, found } => {
                if found.value().is_null() || value.order(&found.value()) == *wanted {
                    let before = found.value().size();
                    *found = Cell::of(value);
                    return found.value().size().saturating_sub(before);
                }
            }
            Self::Median(values) => {
                values.extend(as_double(value));
                return size_of::<f64>();
            }
        }
        0
    }

    /// The value; none when a sum has more digits than a decimal may have.
    pub(super) fn finish(self) -> Option<Cell<'static>> {
        let mean = |sum: f64, count: u64| Cell::Double(sum / count as f64);
        Some(match self {
            Self::Count(count) => Cell::Integer(i64::try_from(count).unwrap_or(i64::MAX)),
            Self::Distinct(seen) => Cell::Integer(i64::try_from(seen.len()).unwrap_or(i64::MAX)),
            Self::Exact { count: 0, .. } | Self::Double { count: 0, .. } => Cell::Null,
            Self::Exact { sum, count, is_mean: true, scale } => {
                mean(sum.as_double() / 10_f64.powi(scale.into()), count)
            }
            Self::Exact { sum, scale, .. } => Cell::Decimal(sum.total()?, scale),
            Self::Double { sum, count, is_mean: true } => mean(sum, count),
            Self::Double { sum, .. } => Cell::Double(sum),
            Self::Extreme { found, .. } => found,
            Self::Median(values) => median(values).map_or(Cell::Null, Cell::Double),
        })
    }
}

/// The value in the middle, or half-way between the two that are there.
fn median(mut values: Vec<f64>) -> Option<f64> {
    let middle = values.len() / 2;
    let is_even = values.len().is_multiple_of(2);
    if values.is_empty() {
        return None;
    }
    let (below, upper, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
    let upper = *upper;
    if !is_even {
        return Some(upper);
    }
    let lower = below.iter().copied().max_by(f64::total_cmp)?;
    // Halved first, because the sum of two doubles may be none.
    Some(if lower == upper { upper } else { lower / 2.0 + upper / 2.0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_exact_where_they_fit() {
        const MAX: i128 = 10_i128.pow(38) - 1;
        let sum = |numbers: &[i128]| {
            let mut sum = Wide::default();
            numbers.iter().for_each(|number| sum.add(*number));
            sum.total()
        };
        assert_eq!(sum(&[MAX]), Some(MAX));
        assert_eq!(sum(&[MAX, MAX, MAX, -MAX, -MAX, -1]), Some(MAX - 1));
        assert_eq!(sum(&[MAX, 1]), None);
        assert_eq!(sum(&[-MAX, -MAX, -MAX]), None);
        assert_eq!(sum(&[i64::MAX.into(); 3]), Some(3 * i128::from(i64::MAX)));
        assert_eq!(sum(&[-1, 2, -3]), Some(-2));
    }

    #[test]
    fn the_middle_is_found() {
        for (values, expected) in [
            (vec![], None),
            (vec![3.0], Some(3.0)),
            (vec![3.0, 1.0], Some(2.0)),
            (vec![5.0, 1.0, 2.0], Some(2.0)),
            (vec![f64::MAX, f64::MAX], Some(f64::MAX)),
            (vec![1.0, f64::INFINITY, 4.0, 2.0], Some(3.0)),
            (vec![f64::INFINITY, f64::INFINITY], Some(f64::INFINITY)),
        ] {
            assert_eq!(median(values.clone()), expected, "{values:?}");
        }
    }
}

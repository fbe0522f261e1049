//! Whether numbers, as somebody wrote them, are in results: exact after rounding to the digits that were written.

mod written;

use std::collections::HashMap;

use bricklayer_domain::{ColumnType, ResultContent, ResultId, UserId};
use bricklayer_store::StoreError;

use crate::column::{Column, Rows, Value};
use crate::error::{Broken, ResultsError};
use crate::results::Results;
use crate::scan::{Scan, counted};
use crate::write;

pub use written::WrittenNumber;

/// Cells that one question looks at; what comes then is not looked through.
pub const MAX_SEARCHED_CELLS: u64 = 10_000_000;
/// Bytes of a text in which numbers are looked for.
const MAX_TEXT_BYTES: usize = 16 * 1024;

/// Where a number is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NumberPlace {
    /// In a cell.
    Cell {
        /// Of which result.
        result: ResultId,
        /// The row's place in it.
        row: u64,
        /// The column's place.
        column: usize,
    },
    /// It is how many rows or columns a result has.
    Count {
        /// Which result.
        result: ResultId,
    },
}

/// What was found of some numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FoundNumbers {
    /// A place for each number that has one.
    pub places: Vec<Option<NumberPlace>>,
    /// Whether all cells of all results were looked at, or all numbers found.
    pub complete: bool,
}

impl Results {
    /// Looks for numbers in tables, one after the other. Results that are none of this user's, or no tables, are passed
    /// over.
    ///
    /// # Errors
    /// The database's failure, or a broken piece.
    pub async fn find_numbers(
        &self,
        user: &UserId,
        results: &[ResultId],
        numbers: &[Option<WrittenNumber>],
    ) -> Result<FoundNumbers, ResultsError> {
        let mut sought = Sought::new(numbers);
        let mut left = MAX_SEARCHED_CELLS;
        let mut complete = true;
        for id in results {
            if sought.is_done() {
                break;
            }
            let shape = match self.describe(user, *id).await {
                Ok(result) if result.head.content == ResultContent::Table => result,
                Ok(_) | Err(ResultsError::Store(StoreError::NotFound(_))) => continue,
                Err(error) => return Err(error),
            };
            let reader = self.reader(user, *id).await?;
            let columns: Vec<_> = reader.typed(&(0..shape.head.columns.len()).collect::<Vec<_>>())?;
            // The number of columns is small; all of a row are looked at together.
            let cells = reader.rows.saturating_mul(columns.len() as u64);
            complete &= cells <= left;
            let rows = left.checked_div(columns.len() as u64).unwrap_or_default();
            left = left.saturating_sub(cells);
            let look = LookForNumbers { result: *id, columns, rows, looked: 0, sought, room: String::new() };
            sought = reader.scan(None, look).await?.sought;
            for count in [reader.rows, shape.head.columns.len() as u64] {
                sought.see_count(count, NumberPlace::Count { result: *id });
            }
        }
        let complete = complete || sought.is_done();
        Ok(FoundNumbers { places: sought.places, complete })
    }
}

/// Which of these numbers are in a text.
#[must_use]
pub fn numbers_in_text(text: &str, numbers: &[Option<WrittenNumber>]) -> Vec<bool> {
    // Any place will do: there is one text.
    let place = NumberPlace::Count { result: ResultId::default() };
    let mut sought = Sought::new(numbers);
    written::each_number(text, |number| sought.see(number, place));
    sought.places.iter().map(Option::is_some).collect()
}

/// A value's digits, with how many are after the point.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Digits {
    Exact(i128, u32),
    Double(f64),
}

/// Numbers by the digits that they were written with.
struct Sought {
    /// For so many digits after the point: the number without its point, and which of the numbers it is.
    by_scale: Vec<(u32, HashMap<i128, Vec<usize>>)>,
    places: Vec<Option<NumberPlace>>,
    open: usize,
}

impl Sought {
    fn new(numbers: &[Option<WrittenNumber>]) -> Self {
        let mut by_scale: Vec<(u32, HashMap<i128, Vec<usize>>)> = Vec::new();
        for (index, number) in numbers.iter().enumerate() {
            for (digits, scale) in number.iter().flat_map(WrittenNumber::readings) {
                let at = by_scale.iter().position(|(known, _)| *known == scale).unwrap_or_else(|| {
                    by_scale.push((scale, HashMap::new()));
                    by_scale.len() - 1
                });
                if let Some((_, numbers)) = by_scale.get_mut(at) {
                    numbers.entry(digits).or_default().push(index);
                }
            }
        }
        let open = numbers.iter().flatten().count();
        Self { by_scale, places: vec![None; numbers.len()], open }
    }

    const fn is_done(&self) -> bool {
        self.open == 0
    }

    fn see_count(&mut self, count: u64, place: NumberPlace) {
        self.see(Digits::Exact(count.into(), 0), place);
    }

    /// A value is there: it is each number that it rounds to.
    fn see(&mut self, value: Digits, place: NumberPlace) {
        for (scale, numbers) in &self.by_scale {
            for digits in rounded(value, *scale).into_iter().flatten() {
                for index in numbers.get(&digits).into_iter().flatten() {
                    if let Some(slot @ None) = self.places.get_mut(*index) {
                        *slot = Some(place);
                        self.open = self.open.saturating_sub(1);
                    }
                }
            }
        }
    }
}

/// A value with so many digits after its point: two where it lies in the middle, which people round either way.
fn rounded(value: Digits, scale: u32) -> [Option<i128>; 2] {
    match value {
        Digits::Exact(digits, own) if own <= scale => {
            [10_i128.checked_pow(scale - own).and_then(|unit| digits.checked_mul(unit)), None]
        }
        Digits::Exact(digits, own) => {
            let Some(unit) = 10_i128.checked_pow(own - scale) else { return [None, None] };
            let (below, rest) = (digits.div_euclid(unit), digits.rem_euclid(unit));
            let half = unit / 2;
            [(rest <= half).then_some(below), (rest >= half).then_some(below + 1)]
        }
        Digits::Double(number) => {
            /// How far from the middle a double is taken to be in the middle: its own digits are not exact.
            const NEAR: f64 = 1e-6;
            /// Where doubles have no digits after the point.
            const MOST: f64 = 1e18;
            let scaled = number * 10_f64.powi(i32::try_from(scale).unwrap_or(i32::MAX));
            if !scaled.is_finite() || scaled.abs() > MOST {
                return [None, None];
            }
            let below = scaled.floor();
            let rest = scaled - below;
            let at = |number: f64| number as i128;
            [(rest <= 0.5 + NEAR).then_some(at(below)), (rest >= 0.5 - NEAR).then_some(at(below) + 1)]
        }
    }
}

struct LookForNumbers {
    result: ResultId,
    columns: Vec<(usize, ColumnType)>,
    /// So many rows are looked at.
    rows: u64,
    looked: u64,
    sought: Sought,
    room: String,
}

impl Scan for LookForNumbers {
    fn columns(&self) -> Vec<usize> {
        self.columns.iter().map(|(place, _)| *place).collect()
    }

    fn piece(&mut self, first: u64, rows: &Rows, wanted: Option<&[bool]>) -> Result<(), Broken> {
        self.looked = first.saturating_add(rows.count as u64);
        for ((place, kind), array) in self.columns.iter().zip(&rows.columns) {
            let column = Column::of(*kind, array)?;
            for (at, row) in (first..self.rows).zip(0..rows.count).filter(|(_, row)| counted(wanted, *row)) {
                let place = NumberPlace::Cell { result: self.result, row: at, column: *place };
                see_cell(&mut self.sought, column.value(row), place, &mut self.room);
            }
        }
        Ok(())
    }

    fn is_done(&self) -> bool {
        self.looked >= self.rows || self.sought.is_done()
    }
}

fn see_cell(sought: &mut Sought, value: Value<'_>, place: NumberPlace, room: &mut String) {
    match value {
        Value::Integer(number) => sought.see(Digits::Exact(number.into(), 0), place),
        Value::Decimal(number, scale) => sought.see(Digits::Exact(number, scale.into()), place),
        Value::Double(number) => sought.see(Digits::Double(number), place),
        // As people read it, not as its bits are.
        Value::Float(number) => sought.see(Digits::Double(number.to_string().parse().unwrap_or_default()), place),
        Value::Text(text) => {
            let text = text.get(..text.floor_char_boundary(MAX_TEXT_BYTES)).unwrap_or(text);
            written::each_number(text, |digits| sought.see(digits, place));
        }
        // The parts of a date: its year, a day, an hour.
        Value::Date(_) | Value::Timestamp(_) | Value::TimestampNtz(_) => {
            room.clear();
            write::text(value, room);
            for part in room.split(|c: char| !c.is_ascii_digit()) {
                if let Ok(number) = part.parse::<i64>() {
                    sought.see(Digits::Exact(number.into(), 0), place);
                }
            }
        }
        Value::Null | Value::Boolean(_) | Value::Binary(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(written: &str, value: Digits, expected: bool) {
        let number = WrittenNumber::parse(written);
        assert!(number.is_some(), "{written}");
        let mut sought = Sought::new(&[number]);
        sought.see(value, NumberPlace::Count { result: ResultId::default() });
        assert_eq!(sought.is_done(), expected, "{written} {value:?}");
    }

    #[test]
    fn numbers_are_found_by_the_digits_that_they_were_written_with() {
        use Digits::{Double, Exact};
        check("1,234.5", Exact(123_450, 2), true);
        check("1,234.5", Exact(123_449, 2), true);
        check("1,234.5", Exact(123_443, 2), false);
        check("1,234.50", Exact(12_345, 1), true);
        check("9,007,199,254,740,993", Exact(9_007_199_254_740_993, 0), true);
        check("9,007,199,254,740,993", Exact(9_007_199_254_740_992, 0), false);
        check("-3", Exact(-3, 0), true);
        check("\u{2212}3", Exact(-3, 0), true);
        check("3", Exact(-3, 0), false);
        // Half is rounded either way.
        check("0.12", Exact(125, 3), true);
        check("0.13", Exact(125, 3), true);
        check("0.13", Exact(1_251, 4), true);
        check("0.12", Exact(1_251, 4), false);
        check("-0.12", Exact(-125, 3), true);
        check("12.35", Double(12.345), true);
        check("12.34", Double(12.345), true);
        check("12.3", Double(12.345), true);
        check("12.4", Double(12.345), false);
        check("12 %", Exact(12, 0), true);
        check("12 %", Exact(1_204, 4), true);
        check("12 %", Exact(126, 3), false);
        check("12.6%", Double(0.1262), true);
        check("1\u{202f}000", Exact(1_000, 0), true);
        check("5", Double(f64::NAN), false);
        check("5", Double(f64::MAX), false);
    }

    #[test]
    fn texts_hold_numbers() {
        let numbers: Vec<_> = ["1,234", "0.5", "7", "99"].into_iter().map(WrittenNumber::parse).collect();
        assert_eq!(numbers_in_text("of 1234 rows {\"share\": 0.4999, \"n\":7}", &numbers), [true, true, true, false]);
        assert_eq!(numbers_in_text("id a7b99", &numbers), [false, false, false, false]);
    }
}

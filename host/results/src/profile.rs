//! What is in a column: a summary, its values, how they lie.

use std::cmp::Ordering;
use std::collections::HashMap;

use bricklayer_domain::ColumnType;

use crate::bins::{Bins, Extent, as_double};
use crate::column::{Rows, Value};
use crate::error::Broken;
use crate::parse::Cell;
use crate::scan::{Scan, column_of, counted};
use crate::write;

/// Different values of a column that are counted; bounds memory.
pub const MAX_DISTINCT: usize = 100_000;
/// Bytes of different values that are held; what comes then is not counted.
const MAX_DISTINCT_BYTES: usize = 32 * 1024 * 1024;

/// A column in a few numbers.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Summary {
    /// Rows that were counted.
    pub rows: u64,
    /// Those without a value.
    pub nulls: u64,
    /// The smallest value, as JSON.
    pub min: Option<String>,
    /// The largest value, as JSON.
    pub max: Option<String>,
    /// Of numbers.
    pub mean: Option<f64>,
    /// Characters of the longest text.
    pub longest: Option<u64>,
}

pub(crate) struct Summarise {
    column: usize,
    kind: ColumnType,
    rows: u64,
    nulls: u64,
    extremes: Option<(Cell<'static>, Cell<'static>)>,
    /// Sum and count of the numbers.
    sum: f64,
    numbers: u64,
    longest: Option<u64>,
}

impl Summarise {
    pub(crate) const fn new(column: usize, kind: ColumnType) -> Self {
        Self { column, kind, rows: 0, nulls: 0, extremes: None, sum: 0.0, numbers: 0, longest: None }
    }

    pub(crate) fn finish(self) -> Summary {
        let json = |cell: &Cell<'_>| write::to_json(cell.value());
        Summary {
            rows: self.rows,
            nulls: self.nulls,
            min: self.extremes.as_ref().map(|(min, _)| json(min)),
            max: self.extremes.as_ref().map(|(_, max)| json(max)),
            mean: (self.numbers > 0).then(|| self.sum / self.numbers as f64).filter(|mean| mean.is_finite()),
            longest: self.longest,
        }
    }
}

pub(crate) fn is_nan(value: Value<'_>) -> bool {
    matches!(value, Value::Double(number) if number.is_nan())
        || matches!(value, Value::Float(number) if number.is_nan())
}

impl Scan for Summarise {
    fn columns(&self) -> Vec<usize> {
        vec![self.column]
    }

    fn piece(&mut self, _: u64, rows: &Rows, wanted: Option<&[bool]>) -> Result<(), Broken> {
        let column = column_of(self.kind, rows)?;
        for row in (0..rows.count).filter(|row| counted(wanted, *row)) {
            self.rows += 1;
            let value = column.value(row);
            if value.is_null() {
                self.nulls += 1;
                continue;
            }
            if is_nan(value) {
                continue;
            }
            match &mut self.extremes {
                None => self.extremes = Some((Cell::of(value), Cell::of(value))),
                Some((min, max)) => {
                    if value.order(&min.value()) == Ordering::Less {
                        *min = Cell::of(value);
                    } else if value.order(&max.value()) == Ordering::Greater {
                        *max = Cell::of(value);
                    }
                }
            }
            if let (true, Some(number)) = (self.kind.is_number(), as_double(value)) {
                self.sum += number;
                self.numbers += 1;
            }
            if let Value::Text(text) = value {
                self.longest = self.longest.max(Some(text.chars().count() as u64));
            }
        }
        Ok(())
    }
}

/// The most frequent values of a column.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Distinct {
    /// Values as JSON, and how often they come.
    pub values: Vec<(String, u64)>,
    /// How many different ones there are.
    pub distinct: u64,
    /// Whether all were counted.
    pub complete: bool,
}

pub(crate) struct CountDistinct {
    column: usize,
    kind: ColumnType,
    /// In lower case.
    search: Option<String>,
    counts: HashMap<Vec<u8>, u64>,
    bytes: usize,
    complete: bool,
}

impl CountDistinct {
    pub(crate) fn new(column: usize, kind: ColumnType, search: Option<&str>) -> Self {
        let search = search.map(str::to_lowercase).filter(|search| !search.is_empty());
        Self { column, kind, search, counts: HashMap::new(), bytes: 0, complete: true }
    }

    pub(crate) fn finish(self, limit: usize) -> Distinct {
        let distinct = self.counts.len() as u64;
        let mut counts: Vec<(Vec<u8>, u64)> = self.counts.into_iter().collect();
        counts.sort_unstable_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        counts.truncate(limit);
        let text = |(value, count)| (String::from_utf8(value).unwrap_or_default(), count);
        Distinct { values: counts.into_iter().map(text).collect(), distinct, complete: self.complete }
    }
}

impl Scan for CountDistinct {
    fn columns(&self) -> Vec<usize> {
        vec![self.column]
    }

    fn piece(&mut self, _: u64, rows: &Rows, wanted: Option<&[bool]>) -> Result<(), Broken> {
        let column = column_of(self.kind, rows)?;
        let (mut room, mut json) = (String::new(), Vec::new());
        for row in (0..rows.count).filter(|row| counted(wanted, *row)) {
            let value = column.value(row);
            if let Some(search) = &self.search {
                room.clear();
                write::text(value, &mut room);
                if value.is_null() || !room.to_lowercase().contains(search.as_str()) {
                    continue;
                }
            }
            json.clear();
            write::api_json(value, &mut room, &mut json);
            if let Some(count) = self.counts.get_mut(&json) {
                *count += 1;
            } else if self.counts.len() < MAX_DISTINCT && self.bytes < MAX_DISTINCT_BYTES {
                self.bytes += json.len();
                self.counts.insert(json.clone(), 1);
            } else {
                self.complete = false;
            }
        }
        Ok(())
    }
}

/// How a column's values lie.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Histogram {
    /// From, to (as JSON), and how many lie between.
    pub bins: Vec<(String, String, u64)>,
    /// Rows without a value.
    pub nulls: u64,
    /// NaN and the infinities.
    pub others: u64,
}

/// The second look: how many are in each bin.
pub(crate) struct CountBins {
    column: usize,
    kind: ColumnType,
    bins: Bins,
    counts: Vec<u64>,
    nulls: u64,
    others: u64,
}

impl CountBins {
    pub(crate) fn new(extent: &Extent, bins: usize) -> Self {
        let bins = Bins::over(extent, bins);
        Self { column: extent.column, kind: extent.kind, bins, counts: vec![0; bins.count], nulls: 0, others: 0 }
    }

    pub(crate) fn finish(self) -> Histogram {
        let edge = |bin: usize| write::to_json(self.bins.edge(bin));
        let bins = self.counts.iter().enumerate().map(|(index, count)| (edge(index), edge(index + 1), *count));
        Histogram { bins: bins.collect(), nulls: self.nulls, others: self.others }
    }
}

impl Scan for CountBins {
    fn columns(&self) -> Vec<usize> {
        vec![self.column]
    }

    fn piece(&mut self, _: u64, rows: &Rows, wanted: Option<&[bool]>) -> Result<(), Broken> {
        let column = column_of(self.kind, rows)?;
        for row in (0..rows.count).filter(|row| counted(wanted, *row)) {
            match as_double(column.value(row)) {
                None => self.nulls += 1,
                Some(number) if !number.is_finite() => self.others += 1,
                Some(number) => {
                    if let Some(count) = self.counts.get_mut(self.bins.of(number)) {
                        *count += 1;
                    }
                }
            }
        }
        Ok(())
    }
}

//! Questions over all rows of a result, answered piece by piece in little memory: which rows a filter lets through,
//! what is in a column.

use std::cmp::Ordering;
use std::collections::HashMap;

use bricklayer_domain::ColumnType;

use crate::column::{Column, Rows, Value};
use crate::error::Broken;
use crate::filter::Filter;
use crate::parse::Cell;
use crate::write;

/// Different values of a column that are counted; bounds memory.
pub const MAX_DISTINCT: usize = 100_000;
/// Bytes of different values that are held; what comes then is not counted.
const MAX_DISTINCT_BYTES: usize = 32 * 1024 * 1024;

/// Something that looks at some columns of every piece, in order.
pub(crate) trait Scan: Send {
    /// The columns that it looks at, by place.
    fn columns(&self) -> Vec<usize>;
    /// Looks at a piece; `wanted` says which rows count, all when absent.
    fn piece(&mut self, first: u64, rows: &Rows, wanted: Option<&[bool]>) -> Result<(), Broken>;
}

fn counted(wanted: Option<&[bool]>, row: usize) -> bool {
    wanted.is_none_or(|wanted| wanted.get(row).copied().unwrap_or_default())
}

/// The places of rows that count.
#[derive(Default)]
pub(crate) struct Matching {
    pub(crate) rows: Vec<u32>,
}

impl Scan for Matching {
    fn columns(&self) -> Vec<usize> {
        Vec::new()
    }

    fn piece(&mut self, first: u64, rows: &Rows, wanted: Option<&[bool]>) -> Result<(), Broken> {
        let first = u32::try_from(first).map_err(|_| Broken("it has more rows than can be counted"))?;
        let places = (first..).zip(0..rows.count).filter(|(_, row)| counted(wanted, *row));
        self.rows.extend(places.map(|(place, _)| place));
        Ok(())
    }
}

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
        let json = |cell: &Cell<'_>| {
            let (mut room, mut out) = (String::new(), Vec::new());
            write::api_json(cell.value(), &mut room, &mut out);
            String::from_utf8(out).unwrap_or_default()
        };
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

/// A number as a double, near enough to be drawn.
fn as_double(value: Value<'_>) -> Option<f64> {
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

fn is_nan(value: Value<'_>) -> bool {
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

fn column_of(kind: ColumnType, rows: &Rows) -> Result<Column<'_>, Broken> {
    Column::of(kind, rows.columns.first().ok_or(Broken("a column was not read"))?)
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

/// The second look.
pub(crate) struct CountBins {
    column: usize,
    kind: ColumnType,
    min: f64,
    width: f64,
    counts: Vec<u64>,
    nulls: u64,
    others: u64,
}

impl CountBins {
    pub(crate) fn new(extent: &Extent, bins: usize) -> Self {
        let (min, max) = extent.extent.unwrap_or_default();
        // One bin when there is one value.
        let bins = if max > min { bins.max(1) } else { usize::from(extent.extent.is_some()) };
        // Halved first, because the difference of two doubles may be none.
        let width = (max / 2.0 - min / 2.0) / (bins.max(1) as f64) * 2.0;
        Self { column: extent.column, kind: extent.kind, min, width, counts: vec![0; bins], nulls: 0, others: 0 }
    }

    pub(crate) fn finish(self) -> Histogram {
        let edge = |index: usize| {
            let at = self.min + self.width * index as f64;
            let value = match self.kind {
                ColumnType::Date => Value::Timestamp((at * 86_400_000_000.0) as i64),
                ColumnType::Timestamp => Value::Timestamp(at as i64),
                ColumnType::TimestampNtz => Value::TimestampNtz(at as i64),
                _ => Value::Double(at),
            };
            let (mut room, mut out) = (String::new(), Vec::new());
            write::api_json(value, &mut room, &mut out);
            String::from_utf8(out).unwrap_or_default()
        };
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
            let value = column.value(row);
            match as_double(value) {
                None => self.nulls += 1,
                Some(number) if !number.is_finite() => self.others += 1,
                Some(number) => {
                    let at = if self.width > 0.0 { ((number - self.min) / self.width) as usize } else { 0 };
                    let last = self.counts.len().saturating_sub(1);
                    if let Some(count) = self.counts.get_mut(at.min(last)) {
                        *count += 1;
                    }
                }
            }
        }
        Ok(())
    }
}

/// All columns that have to be read for the rows that a filter lets through, each once, the scan's own first.
pub(crate) fn columns_of(filter: Option<&Filter>, scan: &impl Scan) -> Vec<usize> {
    let mut columns = scan.columns();
    let mut more = Vec::new();
    if let Some(filter) = filter {
        filter.columns(&mut more);
    }
    for column in more {
        if !columns.contains(&column) {
            columns.push(column);
        }
    }
    columns
}

/// Shows a scan the rows of a piece that a filter lets through; `columns` are those of [`columns_of`].
pub(crate) fn look(
    filter: Option<&Filter>,
    scan: &mut impl Scan,
    first: u64,
    columns: &[(usize, ColumnType)],
    rows: &Rows,
) -> Result<(), Broken> {
    let wanted = filter.map(|filter| filter.matches(columns, rows)).transpose()?;
    scan.piece(first, rows, wanted.as_deref())
}

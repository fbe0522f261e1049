//! Groups of rows and what is in them: counted in one look at the rows, one more for each column that is put in bins.

mod ask;
mod total;
mod units;

use std::cmp::Ordering;
use std::collections::HashMap;

use bricklayer_domain::{ColumnType, ResultColumn, ResultId, UserId};
use serde_json::value::RawValue;

use crate::bins::{Bins, Extent, as_double};
use crate::column::{Column, Rows, Value};
use crate::digest;
use crate::error::{Broken, ResultsError};
use crate::page::MAX_CELL_BYTES;
use crate::parse::Cell;
use crate::results::Results;
use crate::scan::{Scan, counted};
use crate::sort::SortKey;
use crate::write;
use ask::{Grouping, Measure, Part};
use total::Total;

pub use ask::{MAX_GROUP_COLUMNS, MAX_MEASURES};

/// Groups that are kept; what comes then is not counted.
pub const MAX_GROUPS: usize = 100_000;
/// Groups of one answer.
pub const MAX_SHOWN_GROUPS: u32 = 10_000;
/// Bytes of one answer's rows, give or take a row.
const MAX_ANSWER_BYTES: usize = 8 * 1024 * 1024;

/// What to count: as the API's parameters write it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AggregateRequest {
    /// Such as `0,2:month`; all rows are one group without it.
    pub group: Option<String>,
    /// Such as `count,sum:3`; `count` without it.
    pub measures: Option<String>,
    /// A condition in JSON.
    pub filter: Option<String>,
    /// Places in the columns of the answer, such as `1:desc`; by groups, the smallest first, without it.
    pub sort: Option<String>,
    /// Groups at most.
    pub limit: u32,
}

/// Groups of rows.
#[derive(Debug, Clone)]
pub struct Aggregate {
    /// What the groups are of, then the measures.
    pub columns: Vec<ResultColumn>,
    /// A list of cells for each group. Texts longer than a cell of an answer are cut.
    pub rows: Box<RawValue>,
    /// How many groups there are, which may be more than were asked for.
    pub groups: u64,
    /// Whether all were counted.
    pub complete: bool,
}

impl Results {
    /// Groups of a table's rows, with what is in them.
    ///
    /// # Errors
    /// As [`Results::rows`].
    pub async fn aggregate(
        &self,
        user: &UserId,
        id: ResultId,
        request: &AggregateRequest,
    ) -> Result<Aggregate, ResultsError> {
        if !(1..=MAX_SHOWN_GROUPS).contains(&request.limit) {
            return Err(ResultsError::query("limit", format!("must be between 1 and {MAX_SHOWN_GROUPS}")));
        }
        let (reader, filter) = self.filtered(user, id, request.filter.as_deref()).await?;
        let columns = &reader.result.head.columns;
        let groupings = Grouping::parse(request.group.as_deref().unwrap_or_default(), columns)?;
        let measures = Measure::parse(request.measures.as_deref().unwrap_or("count"), columns)?;
        let group_columns: Vec<_> = groupings.iter().flat_map(|grouping| grouping.shown(columns)).collect();
        let mut shown = group_columns.clone();
        shown.extend(measures.iter().map(|measure| measure.shown(columns)));
        let keys = SortKey::parse(request.sort.as_deref().unwrap_or_default(), &shown)?;
        let mut parts = Vec::with_capacity(groupings.len());
        for grouping in groupings {
            let Grouping { column, kind, part } = grouping;
            let bins = match part {
                Part::Bins(count) => {
                    let extent = reader.scan(filter.as_ref(), Extent { column, kind, extent: None }).await?;
                    Some(Bins::over(&extent, count))
                }
                Part::Value | Part::Unit(_) => None,
            };
            parts.push((grouping, bins));
        }
        let scan = Gather::new(parts, measures, self.settings().sort_bytes);
        let scan = reader.scan(filter.as_ref(), scan).await?;
        let limit = usize::try_from(request.limit).unwrap_or(usize::MAX);
        self.workers().run(move || scan.finish(shown, group_columns.len(), &keys, limit)).await
    }
}

/// A group: its values, and its measures on their way.
struct Group {
    cells: Vec<Cell<'static>>,
    totals: Vec<Total>,
}

struct Gather {
    parts: Vec<(Grouping, Option<Bins>)>,
    measures: Vec<Measure>,
    /// Where the group of some values is.
    places: HashMap<Vec<u8>, usize>,
    groups: Vec<Group>,
    /// What is held, about, and how much may be.
    bytes: usize,
    most_bytes: usize,
    complete: bool,
}

impl Gather {
    fn new(parts: Vec<(Grouping, Option<Bins>)>, measures: Vec<Measure>, most_bytes: usize) -> Self {
        let mut this =
            Self { parts, measures, places: HashMap::new(), groups: Vec::new(), bytes: 0, most_bytes, complete: true };
        // What is not grouped is one group, also when there are no rows.
        if this.parts.is_empty() {
            this.begin(&[], &[]);
        }
        this
    }

    /// A new group, unless there are too many.
    fn begin(&mut self, key: &[u8], values: &[Value<'_>]) -> Option<usize> {
        let place = self.groups.len();
        if place >= MAX_GROUPS {
            self.complete = false;
            return None;
        }
        let cells: Vec<_> = values.iter().copied().map(Cell::of).collect();
        let totals: Vec<_> = self.measures.iter().map(Total::new).collect();
        self.bytes += key.len()
            + values.iter().map(Value::size).sum::<usize>()
            + cells.len() * size_of::<Cell<'_>>()
            + totals.len() * size_of::<Total>();
        self.groups.push(Group { cells, totals });
        self.places.insert(key.to_vec(), place);
        Some(place)
    }

    fn finish(
        self,
        columns: Vec<ResultColumn>,
        group_columns: usize,
        keys: &[SortKey],
        limit: usize,
    ) -> Result<Aggregate, ResultsError> {
        if self.is_done() {
            let mib = self.most_bytes >> 20;
            let message = format!(
                "would hold more than {mib} MiB of values (`results.sort_mib`); filter, group by less, or ask for fewer \
                 of `median`, `distinct`, `min` and `max`"
            );
            return Err(ResultsError::query("measures", message));
        }
        let count = self.groups.len() as u64;
        let mut rows = Vec::with_capacity(self.groups.len());
        for group in self.groups {
            let mut cells = group.cells;
            for total in group.totals {
                cells.push(total.finish().ok_or_else(|| {
                    let name = columns.get(cells.len()).map(|column| column.name.as_str()).unwrap_or_default();
                    let message = format!("has {name}, which has more than 38 digits; filter, or take the mean");
                    ResultsError::query("measures", message)
                })?);
            }
            rows.push(cells);
        }
        sort(&mut rows, group_columns, keys);
        let (mut json, mut room) = (vec![b'['], String::new());
        for (index, row) in rows.iter().take(limit).enumerate() {
            if json.len() >= MAX_ANSWER_BYTES {
                break;
            }
            json.extend_from_slice(if index > 0 { b",[" } else { b"[" });
            for (index, cell) in row.iter().enumerate() {
                if index > 0 {
                    json.push(b',');
                }
                write::api_json(cut(cell.value()), &mut room, &mut json);
            }
            json.push(b']');
        }
        json.push(b']');
        let rows = String::from_utf8(json).map_err(|_| ResultsError::BrokenOff)?;
        let rows = RawValue::from_string(rows).map_err(|_| ResultsError::BrokenOff)?;
        Ok(Aggregate { columns, rows, groups: count, complete: self.complete })
    }
}

/// A value as long as a cell of an answer may be.
fn cut(value: Value<'_>) -> Value<'_> {
    match value {
        Value::Text(text) => Value::Text(text.get(..text.floor_char_boundary(MAX_CELL_BYTES)).unwrap_or(text)),
        Value::Binary(bytes) => Value::Binary(bytes.get(..MAX_CELL_BYTES / 4 * 3).unwrap_or(bytes)),
        value => value,
    }
}

/// By the keys; where they decide nothing, by the groups.
fn sort(rows: &mut [Vec<Cell<'static>>], group_columns: usize, keys: &[SortKey]) {
    let groups = (0..group_columns).map(|column| SortKey { column, descending: false });
    let keys: Vec<_> = keys.iter().copied().chain(groups).collect();
    rows.sort_by(|a, b| {
        keys.iter().fold(Ordering::Equal, |before, key| {
            before.then_with(|| match (a.get(key.column), b.get(key.column)) {
                (Some(a), Some(b)) => key.order(a.value(), b.value()),
                _ => Ordering::Equal,
            })
        })
    });
}

/// The value or values that name the group of a value.
fn named<'a>(grouping: &Grouping, bins: Option<Bins>, value: Value<'a>) -> (Value<'a>, Option<Value<'a>>) {
    let value = match value {
        // The two zeros are one group, and so is what is no number, whatever its bits.
        Value::Double(0.0) => Value::Double(0.0),
        Value::Double(number) if number.is_nan() => Value::Double(f64::NAN),
        Value::Float(0.0) => Value::Float(0.0),
        Value::Float(number) if number.is_nan() => Value::Float(f32::NAN),
        value => value,
    };
    match (grouping.part, bins) {
        (Part::Unit(unit), _) => (units::begin(unit, value), None),
        (Part::Bins(_), Some(bins)) => {
            let edges = match as_double(value) {
                None => (Value::Null, Value::Null),
                // What lies in no bin: NaN and the infinities.
                Some(number) if !number.is_finite() => (Value::Double(number), Value::Double(number)),
                Some(number) => {
                    let bin = bins.of(number);
                    // The last one ends where the values end.
                    (bins.edge(bin), bins.edge(bin + 1))
                }
            };
            (edges.0, Some(edges.1))
        }
        _ => (value, None),
    }
}

impl Scan for Gather {
    fn columns(&self) -> Vec<usize> {
        let mut columns = Vec::new();
        let grouped = self.parts.iter().map(|(grouping, _)| grouping.column);
        for column in grouped.chain(self.measures.iter().filter_map(|measure| Some(measure.column?.0))) {
            if !columns.contains(&column) {
                columns.push(column);
            }
        }
        columns
    }

    fn piece(&mut self, _: u64, rows: &Rows, wanted: Option<&[bool]>) -> Result<(), Broken> {
        const MISSING: Broken = Broken("a column was not read");
        let read = self.columns();
        let array = |place: usize, kind: ColumnType| {
            let at = read.iter().position(|column| *column == place).ok_or(MISSING)?;
            Column::of(kind, rows.columns.get(at).ok_or(MISSING)?)
        };
        let groups =
            self.parts.iter().map(|(grouping, bins)| Ok((*grouping, *bins, array(grouping.column, grouping.kind)?)));
        let groups = groups.collect::<Result<Vec<_>, Broken>>()?;
        let measured =
            self.measures.iter().map(|measure| measure.column.map(|(place, kind)| array(place, kind)).transpose());
        let measured = measured.collect::<Result<Vec<_>, Broken>>()?;
        let (mut key, mut values) = (Vec::new(), Vec::new());
        for row in (0..rows.count).filter(|row| counted(wanted, *row)) {
            if self.is_done() {
                return Ok(());
            }
            key.clear();
            values.clear();
            for (grouping, bins, column) in &groups {
                let (first, second) = named(grouping, *bins, column.value(row));
                values.push(first);
                values.extend(second);
            }
            values.iter().for_each(|value| digest::write(*value, &mut key));
            let found = self.places.get(&key).copied();
            let Some(place) = found.or_else(|| self.begin(&key, &values)) else { continue };
            let Some(group) = self.groups.get_mut(place) else { continue };
            for (total, column) in group.totals.iter_mut().zip(&measured) {
                match column {
                    None => total.add_row(),
                    Some(column) => self.bytes += total.add(column.value(row)),
                }
            }
        }
        Ok(())
    }

    /// It holds more than it may.
    fn is_done(&self) -> bool {
        self.bytes > self.most_bytes
    }
}

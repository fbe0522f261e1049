//! What changed between two tables: rows compared as they are, whatever their order.

use std::collections::{BTreeMap, HashMap};

use bricklayer_domain::{ColumnType, ResultColumn, ResultId, UserId};
use serde_json::value::RawValue;

use crate::column::{Column, Rows};
use crate::digest;
use crate::error::{Broken, ResultsError};
use crate::page::{MAX_PAGE_BYTES, PageWriter};
use crate::query::{MAX_PAGE_ROWS, fill};
use crate::reader::Reader;
use crate::results::Results;
use crate::scan::{Scan, counted};

/// What a different row takes while it is counted, about.
const COUNTED_BYTES: usize = 64;

/// A column whose type changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedColumn {
    /// Its name.
    pub name: String,
    /// What it was.
    pub from: ResultColumn,
    /// What it is.
    pub to: ResultColumn,
}

/// A row that one of two tables has.
#[derive(Debug, Clone)]
pub struct ChangedRow {
    /// Its place in that table.
    pub row: u64,
    /// A list of its cells.
    pub values: Box<RawValue>,
}

/// What changed from one table to another.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    /// Columns that only the later one has.
    pub added_columns: Vec<String>,
    /// Columns that only the earlier one has.
    pub removed_columns: Vec<String>,
    /// Columns of another type; like those that only one has, they are not compared.
    pub changed_columns: Vec<ChangedColumn>,
    /// Rows of the earlier one.
    pub before: u64,
    /// Rows of the later one.
    pub after: u64,
    /// Rows that both have.
    pub same: u64,
    /// Rows that only the later one has, the first of them.
    pub added: Vec<ChangedRow>,
    /// Rows that only the earlier one has, the first of them.
    pub removed: Vec<ChangedRow>,
}

impl Changes {
    /// How many rows only the later one has.
    #[must_use]
    pub const fn added_rows(&self) -> u64 {
        self.after.saturating_sub(self.same)
    }

    /// How many rows only the earlier one has.
    #[must_use]
    pub const fn removed_rows(&self) -> u64 {
        self.before.saturating_sub(self.same)
    }

    /// Whether all of these rows are listed.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.added.len() as u64 == self.added_rows() && self.removed.len() as u64 == self.removed_rows()
    }
}

impl Results {
    /// What changed from one table to another: its columns, and its rows by the columns that both have.
    ///
    /// # Errors
    /// As [`Results::rows`]; also when the earlier one has more different rows than memory allows.
    pub async fn changes(
        &self,
        user: &UserId,
        id: ResultId,
        to: ResultId,
        limit: u32,
    ) -> Result<Changes, ResultsError> {
        if !(1..=MAX_PAGE_ROWS).contains(&limit) {
            return Err(ResultsError::query("limit", format!("must be between 1 and {MAX_PAGE_ROWS}")));
        }
        let (before, after) = (self.reader(user, id).await?, self.reader(user, to).await?);
        let (mut changes, common) = compare_columns(&before.result.head.columns, &after.result.head.columns);
        (changes.before, changes.after) = (before.rows, after.rows);
        let is_same = before.result.digest.is_some() && before.result.digest == after.result.digest;
        if is_same {
            changes.same = before.rows;
            return Ok(changes);
        }
        // Rows that have nothing in common are not the same.
        if common.is_empty() {
            return Ok(changes);
        }
        let (of_before, of_after): (Vec<_>, Vec<_>) = common.into_iter().unzip();
        let most = self.settings().sort_bytes / COUNTED_BYTES;
        let counts = before
            .scan(None, CountRows { seen: Identities::of(&before, &of_before)?, counts: HashMap::new(), most })
            .await?;
        if counts.counts.len() > most {
            let message = format!("is compared with a result of more than {most} different rows (`results.sort_mib`)");
            return Err(ResultsError::query("to", message));
        }
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let seen = Identities::of(&after, &of_after)?;
        let taken =
            after.scan(None, TakeRows { seen, counts: counts.counts, limit, same: 0, others: Vec::new() }).await?;
        changes.same = taken.same;
        changes.added = listed(&after, &taken.others).await?;
        if changes.removed_rows() > 0 {
            // What is left was not in the later one.
            let seen = Identities::of(&before, &of_before)?;
            let left = before.scan(None, FindLeft { seen, counts: taken.counts, limit, places: Vec::new() }).await?;
            changes.removed = listed(&before, &left.places).await?;
        }
        Ok(changes)
    }
}

/// What changed of the columns, and the places of those that both have with one type. Names that come more than once are
/// told apart by which of them it is.
fn compare_columns(before: &[ResultColumn], after: &[ResultColumn]) -> (Changes, Vec<(usize, usize)>) {
    type Named<'a> = BTreeMap<(&'a str, usize), (usize, &'a ResultColumn)>;
    fn named(columns: &[ResultColumn]) -> Named<'_> {
        let mut times: HashMap<&str, usize> = HashMap::new();
        let mut found = Named::new();
        for (place, column) in columns.iter().enumerate() {
            let time = times.entry(&column.name).or_default();
            *time += 1;
            found.insert((&column.name, *time), (place, column));
        }
        found
    }
    let (old, new) = (named(before), named(after));
    let mut changes = Changes::default();
    let mut common = Vec::new();
    for (key, (place, column)) in &old {
        match new.get(key) {
            None => changes.removed_columns.push(column.name.clone()),
            Some((to, other)) if other.kind == column.kind => common.push((*place, *to)),
            Some((_, other)) => changes.changed_columns.push(ChangedColumn {
                name: column.name.clone(),
                from: (*column).clone(),
                to: (*other).clone(),
            }),
        }
    }
    let added = new.iter().filter(|(key, _)| !old.contains_key(*key));
    changes.added_columns = added.map(|(_, (_, column))| column.name.clone()).collect();
    common.sort_unstable();
    (changes, common)
}

/// Rows with their cells, of the first of these places.
async fn listed(reader: &Reader, places: &[u32]) -> Result<Vec<ChangedRow>, ResultsError> {
    let columns: Vec<usize> = (0..reader.result.head.columns.len()).collect();
    let mut page = PageWriter::new(reader, &columns, MAX_PAGE_BYTES)?;
    fill(&mut page, reader, places.to_vec(), &columns).await?;
    let page = page.finish(0, places.len() as u64, columns)?;
    let rows: Vec<Box<RawValue>> = serde_json::from_str(page.rows.get()).map_err(|_| ResultsError::BrokenOff)?;
    Ok(page.row_numbers.into_iter().zip(rows).map(|(row, values)| ChangedRow { row, values }).collect())
}

/// What tells a row from others by some columns.
struct Identities {
    columns: Vec<(usize, ColumnType)>,
    room: Vec<u8>,
}

impl Identities {
    fn of(reader: &Reader, columns: &[usize]) -> Result<Self, ResultsError> {
        Ok(Self { columns: reader.typed(columns)?, room: Vec::new() })
    }

    fn places(&self) -> Vec<usize> {
        self.columns.iter().map(|(place, _)| *place).collect()
    }

    /// Shows each row that counts: its place, and what tells it from others.
    fn each(
        &mut self,
        first: u64,
        rows: &Rows,
        wanted: Option<&[bool]>,
        mut show: impl FnMut(u32, u128),
    ) -> Result<(), Broken> {
        let columns = self.columns.iter().zip(&rows.columns).map(|((_, kind), array)| Column::of(*kind, array));
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        let first = u32::try_from(first).map_err(|_| Broken("it has more rows than can be counted"))?;
        for (place, row) in (first..).zip(0..rows.count).filter(|(_, row)| counted(wanted, *row)) {
            self.room.clear();
            columns.iter().for_each(|column| digest::write(column.value(row), &mut self.room));
            show(place, digest::short(&self.room));
        }
        Ok(())
    }
}

/// How often each row comes.
struct CountRows {
    seen: Identities,
    counts: HashMap<u128, u32>,
    most: usize,
}

impl Scan for CountRows {
    fn columns(&self) -> Vec<usize> {
        self.seen.places()
    }

    fn piece(&mut self, first: u64, rows: &Rows, wanted: Option<&[bool]>) -> Result<(), Broken> {
        let Self { seen, counts, most } = self;
        seen.each(first, rows, wanted, |_, row| {
            if counts.len() <= *most {
                *counts.entry(row).or_default() += 1;
            }
        })
    }
}

/// Takes rows from counts, and keeps the first that are not there.
struct TakeRows {
    seen: Identities,
    counts: HashMap<u128, u32>,
    limit: usize,
    same: u64,
    others: Vec<u32>,
}

impl Scan for TakeRows {
    fn columns(&self) -> Vec<usize> {
        self.seen.places()
    }

    fn piece(&mut self, first: u64, rows: &Rows, wanted: Option<&[bool]>) -> Result<(), Broken> {
        let Self { seen, counts, limit, same, others } = self;
        seen.each(first, rows, wanted, |place, row| match counts.get_mut(&row).filter(|count| **count > 0) {
            Some(count) => {
                *count -= 1;
                *same += 1;
            }
            None if others.len() < *limit => others.push(place),
            None => {}
        })
    }
}

/// Finds the first rows of those that were not taken.
struct FindLeft {
    seen: Identities,
    counts: HashMap<u128, u32>,
    limit: usize,
    places: Vec<u32>,
}

impl Scan for FindLeft {
    fn columns(&self) -> Vec<usize> {
        self.seen.places()
    }

    fn piece(&mut self, first: u64, rows: &Rows, wanted: Option<&[bool]>) -> Result<(), Broken> {
        let Self { seen, counts, limit, places } = self;
        seen.each(first, rows, wanted, |place, row| {
            if let Some(count) = counts.get_mut(&row).filter(|count| **count > 0 && places.len() < *limit) {
                *count -= 1;
                places.push(place);
            }
        })
    }
}

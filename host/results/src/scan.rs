//! Looking at all rows of a result, piece by piece in little memory: at those that a filter lets through.

use bricklayer_domain::ColumnType;

use crate::column::{Column, Rows};
use crate::error::Broken;
use crate::filter::Filter;

/// Something that looks at some columns of every piece, in order.
pub(crate) trait Scan: Send {
    /// The columns that it looks at, by place.
    fn columns(&self) -> Vec<usize>;
    /// Looks at a piece; `wanted` says which rows count, all when absent.
    fn piece(&mut self, first: u64, rows: &Rows, wanted: Option<&[bool]>) -> Result<(), Broken>;
    /// Whether it has seen enough, so that later pieces need not be read.
    fn is_done(&self) -> bool {
        false
    }
}

pub(crate) fn counted(wanted: Option<&[bool]>, row: usize) -> bool {
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

/// The one column of a scan that looks at one.
pub(crate) fn column_of(kind: ColumnType, rows: &Rows) -> Result<Column<'_>, Broken> {
    Column::of(kind, rows.columns.first().ok_or(Broken("a column was not read"))?)
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

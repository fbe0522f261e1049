//! Questions about a table: rows by range, sorted and filtered, single cells, and what is in a column.

use std::sync::Arc;

use bricklayer_domain::{ResultId, UserId};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::column::{Column, Rows, Value};
use crate::error::ResultsError;
use crate::filter::Filter;
use crate::reader::Reader;
use crate::results::Results;
use crate::scan::{CountBins, CountDistinct, Distinct, Extent, Histogram, Matching, Summarise, Summary};
use crate::sort::{SortKey, sort};
use crate::views::ViewKey;
use crate::write;

/// Rows of one answer at most.
pub const MAX_PAGE_ROWS: u32 = 1_000;
/// Bytes of one answer's rows, give or take a row.
pub const MAX_PAGE_BYTES: usize = 2 * 1024 * 1024;
/// Bytes of a cell in an answer; the whole one is asked for by itself.
pub const MAX_CELL_BYTES: usize = 4 * 1024;
/// Values of one answer about a column, and bins of one histogram.
pub const MAX_VALUES: u32 = 1_000;
/// Bins of one histogram.
pub const MAX_BINS: u32 = 200;

/// Which rows, in which order: as the API's parameters write it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ViewRequest {
    /// Such as `2:desc,0`.
    pub sort: Option<String>,
    /// A condition in JSON.
    pub filter: Option<String>,
}

/// A part of the rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RowsRequest {
    /// Rows to leave out before.
    pub offset: u64,
    /// Rows at most.
    pub limit: u32,
    /// Places of columns; all when absent.
    pub columns: Option<Vec<usize>>,
    /// Of these rows.
    pub view: ViewRequest,
}

/// A cell that an answer has not whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct CutCell {
    /// The row's place in the answer.
    pub row: usize,
    /// The column's place in the answer.
    pub column: usize,
    /// Bytes of its text.
    pub bytes: usize,
}

/// Some rows.
#[derive(Debug, Clone, Serialize)]
pub struct RowsPage {
    /// Rows that were left out before.
    pub offset: u64,
    /// Rows of the view in all.
    pub total: u64,
    /// Where to go on.
    pub next: Option<u64>,
    /// The columns' places in the result.
    pub columns: Vec<usize>,
    /// The rows' places in the result.
    pub row_numbers: Vec<u64>,
    /// A list of lists of cells.
    pub rows: Box<RawValue>,
    /// Cells that are not whole.
    pub cut: Vec<CutCell>,
}

/// A whole cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WholeCell {
    /// None.
    Null,
    /// Its text.
    Text(String),
    /// Its bytes.
    Binary(Vec<u8>),
}

/// A view that was checked.
pub(crate) struct View {
    keys: Vec<SortKey>,
    filter: Option<Arc<Filter>>,
    key: ViewKey,
}

impl View {
    pub(crate) fn parse(request: &ViewRequest, reader: &Reader) -> Result<Self, ResultsError> {
        let columns = &reader.result.columns;
        let filter = request.filter.as_deref().filter(|filter| !filter.is_empty());
        let sort = request.sort.as_deref().unwrap_or_default();
        Ok(Self {
            keys: SortKey::parse(sort, columns)?,
            filter: filter.map(|text| Filter::parse(text, columns)).transpose()?.map(Arc::new),
            key: ViewKey {
                result: reader.result.id,
                rows: reader.rows,
                sort: sort.to_owned(),
                filter: filter.unwrap_or_default().to_owned(),
            },
        })
    }
}

impl Results {
    pub(crate) async fn reader(&self, user: &UserId, id: ResultId) -> Result<Reader, ResultsError> {
        Reader::open(self.store(), self.workers(), user, id).await
    }

    /// The places of a view's rows in its order; none when that is all rows as they are.
    pub(crate) async fn order(
        &self,
        user: &UserId,
        reader: &Reader,
        view: View,
    ) -> Result<Option<Arc<Vec<u32>>>, ResultsError> {
        if view.keys.is_empty() && view.filter.is_none() {
            return Ok(None);
        }
        if let Some(order) = self.views().get(user, &view.key) {
            return Ok(Some(order));
        }
        let mut order = match &view.filter {
            Some(filter) => reader.scan(Some(filter), Matching::default()).await?.rows,
            None => (0..u32::try_from(reader.rows).unwrap_or(u32::MAX)).collect(),
        };
        // The last first; each keeps what those before decided where it has no opinion.
        for key in view.keys.iter().rev().copied() {
            let kind = reader.kind(key.column)?;
            let pieces = reader.column(key.column, self.settings().sort_bytes).await?;
            order = self
                .workers()
                .run(move || {
                    sort(&mut order, key, kind, &pieces)?;
                    Ok(order)
                })
                .await?;
        }
        order.shrink_to_fit();
        let order = Arc::new(order);
        self.views().put(user, view.key, &order);
        Ok(Some(order))
    }

    /// Rows of a table by range.
    ///
    /// # Errors
    /// [`ResultsError::Query`] names the parameter that is wrong; [`ResultsError::Store`] when there is no such result
    /// of this user's.
    pub async fn rows(&self, user: &UserId, id: ResultId, request: &RowsRequest) -> Result<RowsPage, ResultsError> {
        if !(1..=MAX_PAGE_ROWS).contains(&request.limit) {
            return Err(ResultsError::query("limit", format!("must be between 1 and {MAX_PAGE_ROWS}")));
        }
        let reader = self.reader(user, id).await?;
        let columns = chosen(&reader, request.columns.as_deref())?;
        let view = View::parse(&request.view, &reader)?;
        let order = self.order(user, &reader, view).await?;
        let total = order.as_ref().map_or(reader.rows, |order| order.len() as u64);
        let end = total.min(request.offset.saturating_add(request.limit.into()));
        let mut page = PageWriter::new(&reader, &columns)?;
        let mut places: Vec<u32> = match &order {
            Some(order) => {
                let at = |place: u64| usize::try_from(place).unwrap_or(usize::MAX);
                order.get(at(request.offset)..at(end)).unwrap_or_default().to_vec()
            }
            None => (request.offset..end).filter_map(|place| u32::try_from(place).ok()).collect(),
        };
        while !places.is_empty() && !page.is_full() {
            let later = places.split_off(reader.gatherable(&places));
            page.rows(&reader.gather(&places, &columns).await?, &places)?;
            places = later;
        }
        page.finish(request.offset, total, columns)
    }

    /// One cell, whole. Rows are counted in the result, whatever a sort or filter made of it.
    ///
    /// # Errors
    /// As [`Results::rows`].
    pub async fn cell(&self, user: &UserId, id: ResultId, row: u64, column: usize) -> Result<WholeCell, ResultsError> {
        let reader = self.reader(user, id).await?;
        let kind = reader.kind(column)?;
        let place = u32::try_from(row).ok().filter(|_| row < reader.rows);
        let place = place.ok_or_else(|| ResultsError::query("row", format!("must be less than {}", reader.rows)))?;
        let rows = reader.gather(&[place], &[column]).await?;
        let array = rows.columns.first().ok_or(crate::error::Broken("a column was not read"))?;
        Ok(match Column::of(kind, array)?.value(0) {
            Value::Null => WholeCell::Null,
            Value::Binary(bytes) => WholeCell::Binary(bytes.to_vec()),
            value => {
                let mut text = String::new();
                write::text(value, &mut text);
                WholeCell::Text(text)
            }
        })
    }

    /// A column in a few numbers.
    ///
    /// # Errors
    /// As [`Results::rows`].
    pub async fn summary(
        &self,
        user: &UserId,
        id: ResultId,
        column: usize,
        filter: Option<&str>,
    ) -> Result<Summary, ResultsError> {
        let (reader, filter) = self.filtered(user, id, filter).await?;
        let scan = Summarise::new(column, reader.kind(column)?);
        Ok(reader.scan(filter.as_ref(), scan).await?.finish())
    }

    /// The most frequent values of a column.
    ///
    /// # Errors
    /// As [`Results::rows`].
    pub async fn distinct(
        &self,
        user: &UserId,
        id: ResultId,
        column: usize,
        limit: u32,
        search: Option<&str>,
        filter: Option<&str>,
    ) -> Result<Distinct, ResultsError> {
        if !(1..=MAX_VALUES).contains(&limit) {
            return Err(ResultsError::query("limit", format!("must be between 1 and {MAX_VALUES}")));
        }
        let (reader, filter) = self.filtered(user, id, filter).await?;
        let scan = CountDistinct::new(column, reader.kind(column)?, search);
        Ok(reader.scan(filter.as_ref(), scan).await?.finish(usize::try_from(limit).unwrap_or(usize::MAX)))
    }

    /// How a column's values lie.
    ///
    /// # Errors
    /// As [`Results::rows`].
    pub async fn histogram(
        &self,
        user: &UserId,
        id: ResultId,
        column: usize,
        bins: u32,
        filter: Option<&str>,
    ) -> Result<Histogram, ResultsError> {
        if !(1..=MAX_BINS).contains(&bins) {
            return Err(ResultsError::query("bins", format!("must be between 1 and {MAX_BINS}")));
        }
        let (reader, filter) = self.filtered(user, id, filter).await?;
        let kind = reader.kind(column)?;
        if !kind.is_number() && !kind.is_time() {
            return Err(ResultsError::query("column", "must be of numbers or times"));
        }
        let extent = reader.scan(filter.as_ref(), Extent { column, kind, extent: None }).await?;
        let bins = CountBins::new(&extent, usize::try_from(bins).unwrap_or(usize::MAX));
        Ok(reader.scan(filter.as_ref(), bins).await?.finish())
    }

    async fn filtered(
        &self,
        user: &UserId,
        id: ResultId,
        filter: Option<&str>,
    ) -> Result<(Reader, Option<Arc<Filter>>), ResultsError> {
        let reader = self.reader(user, id).await?;
        let view = View::parse(&ViewRequest { sort: None, filter: filter.map(str::to_owned) }, &reader)?;
        Ok((reader, view.filter))
    }
}

/// The columns that are asked for, checked.
pub(crate) fn chosen(reader: &Reader, columns: Option<&[usize]>) -> Result<Vec<usize>, ResultsError> {
    let all = reader.result.columns.len();
    let Some(columns) = columns else { return Ok((0..all).collect()) };
    if columns.len() > all.max(1) || columns.iter().any(|column| *column >= all) {
        return Err(ResultsError::query("columns", format!("must be places of columns, each less than {all}")));
    }
    Ok(columns.to_vec())
}

/// Writes the JSON of rows until it is as large as an answer may be.
struct PageWriter {
    kinds: Vec<bricklayer_domain::ColumnType>,
    json: Vec<u8>,
    room: String,
    row_numbers: Vec<u64>,
    cut: Vec<CutCell>,
}

impl PageWriter {
    fn new(reader: &Reader, columns: &[usize]) -> Result<Self, ResultsError> {
        let kinds = reader.typed(columns)?.into_iter().map(|(_, kind)| kind).collect();
        Ok(Self { kinds, json: vec![b'['], room: String::new(), row_numbers: Vec::new(), cut: Vec::new() })
    }

    fn is_full(&self) -> bool {
        self.json.len() >= MAX_PAGE_BYTES
    }

    fn rows(&mut self, rows: &Rows, places: &[u32]) -> Result<(), ResultsError> {
        let kinds = self.kinds.clone();
        let columns = kinds.iter().zip(&rows.columns).map(|(kind, array)| Column::of(*kind, array));
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        for (row, place) in places.iter().enumerate() {
            if self.is_full() {
                break;
            }
            if !self.row_numbers.is_empty() {
                self.json.push(b',');
            }
            self.json.push(b'[');
            for (index, column) in columns.iter().enumerate() {
                if index > 0 {
                    self.json.push(b',');
                }
                self.cell(index, column.value(row));
            }
            self.json.push(b']');
            self.row_numbers.push((*place).into());
        }
        Ok(())
    }

    fn cell(&mut self, column: usize, value: Value<'_>) {
        let row = self.row_numbers.len();
        let (value, bytes) = match value {
            Value::Text(text) if text.len() > MAX_CELL_BYTES => {
                (Value::Text(text.get(..text.floor_char_boundary(MAX_CELL_BYTES)).unwrap_or_default()), text.len())
            }
            // Cut where four digits of base64 are three bytes.
            Value::Binary(bytes) if bytes.len() > MAX_CELL_BYTES => {
                (Value::Binary(bytes.get(..MAX_CELL_BYTES / 4 * 3).unwrap_or_default()), bytes.len())
            }
            value => (value, 0),
        };
        if bytes > 0 {
            self.cut.push(CutCell { row, column, bytes });
        }
        write::api_json(value, &mut self.room, &mut self.json);
    }

    fn finish(mut self, offset: u64, total: u64, columns: Vec<usize>) -> Result<RowsPage, ResultsError> {
        self.json.push(b']');
        let broken = |_| ResultsError::BrokenOff;
        let rows = String::from_utf8(self.json).map_err(|_| ResultsError::BrokenOff)?;
        let next = offset.saturating_add(self.row_numbers.len() as u64);
        Ok(RowsPage {
            offset,
            total,
            next: (next < total && !self.row_numbers.is_empty()).then_some(next),
            columns,
            row_numbers: self.row_numbers,
            rows: RawValue::from_string(rows).map_err(broken)?,
            cut: self.cut,
        })
    }
}

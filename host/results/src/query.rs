//! Questions about a table: rows by range, sorted and filtered, single cells, and what is in a column.

use std::sync::Arc;

use bricklayer_domain::{ResultId, UserId};

use crate::bins::Extent;
use crate::column::{Column, Value};
use crate::error::ResultsError;
use crate::filter::Filter;
use crate::page::{MAX_PAGE_BYTES, PageWriter, RowsPage};
use crate::profile::{CountBins, CountDistinct, Distinct, Histogram, Summarise, Summary};
use crate::reader::Reader;
use crate::results::Results;
use crate::scan::Matching;
use crate::sort::{SortKey, sort};
use crate::views::ViewKey;
use crate::write;

/// Rows of one answer at most.
pub const MAX_PAGE_ROWS: u32 = 1_000;
/// Rows of one sample at most.
pub const MAX_SAMPLE_ROWS: u32 = 10_000;
/// Bytes of one sample's rows.
const MAX_SAMPLE_BYTES: usize = 8 * 1024 * 1024;
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

/// Some rows of all of a table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SampleRequest {
    /// Rows at most.
    pub limit: u32,
    /// Places of columns; all when absent.
    pub columns: Option<Vec<usize>>,
    /// A condition in JSON.
    pub filter: Option<String>,
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
        let columns = &reader.result.head.columns;
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
        Reader::open(self.shared(), self.columns(), user, id).await
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
        let mut page = PageWriter::new(&reader, &columns, MAX_PAGE_BYTES)?;
        let places: Vec<u32> = match &order {
            Some(order) => {
                let at = |place: u64| usize::try_from(place).unwrap_or(usize::MAX);
                order.get(at(request.offset)..at(end)).unwrap_or_default().to_vec()
            }
            None => (request.offset..end).filter_map(|place| u32::try_from(place).ok()).collect(),
        };
        fill(&mut page, &reader, places, &columns).await?;
        page.finish(request.offset, total, columns)
    }

    /// Rows that lie as far from each other as they can.
    ///
    /// # Errors
    /// As [`Results::rows`]; also when the rows are too large for one answer, because fewer of them would all be from
    /// the beginning.
    pub async fn sample(&self, user: &UserId, id: ResultId, request: &SampleRequest) -> Result<RowsPage, ResultsError> {
        if !(1..=MAX_SAMPLE_ROWS).contains(&request.limit) {
            return Err(ResultsError::query("limit", format!("must be between 1 and {MAX_SAMPLE_ROWS}")));
        }
        let reader = self.reader(user, id).await?;
        let columns = chosen(&reader, request.columns.as_deref())?;
        let view = View::parse(&ViewRequest { sort: None, filter: request.filter.clone() }, &reader)?;
        let order = self.order(user, &reader, view).await?;
        let total = order.as_ref().map_or(reader.rows, |order| order.len() as u64);
        let count = total.min(request.limit.into());
        // Rows are counted with 32 bits, and so are those that are asked for.
        let spaced = (0..count).map(|row| row * total / count.max(1));
        let places: Vec<u32> = match &order {
            Some(order) => {
                spaced.filter_map(|at| order.get(usize::try_from(at).unwrap_or(usize::MAX)).copied()).collect()
            }
            None => spaced.filter_map(|place| u32::try_from(place).ok()).collect(),
        };
        let mut page = PageWriter::new(&reader, &columns, MAX_SAMPLE_BYTES)?;
        fill(&mut page, &reader, places, &columns).await?;
        if page.is_full() {
            let mib = MAX_SAMPLE_BYTES >> 20;
            let message = format!("asks for rows of more than {mib} MiB; take fewer of them, or fewer `columns`");
            return Err(ResultsError::query("limit", message));
        }
        // There is no more to come: these are all that were asked for.
        let mut page = page.finish(0, total, columns)?;
        page.next = None;
        Ok(page)
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

    pub(crate) async fn filtered(
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

/// Puts rows into an answer, as many at once as memory allows, until it is full.
pub(crate) async fn fill(
    page: &mut PageWriter,
    reader: &Reader,
    mut places: Vec<u32>,
    columns: &[usize],
) -> Result<(), ResultsError> {
    while !places.is_empty() && !page.is_full() {
        let later = places.split_off(reader.gatherable(&places));
        page.rows(&reader.gather(&places, columns).await?, &places)?;
        places = later;
    }
    Ok(())
}

/// The columns that are asked for, checked.
pub(crate) fn chosen(reader: &Reader, columns: Option<&[usize]>) -> Result<Vec<usize>, ResultsError> {
    let all = reader.result.head.columns.len();
    let Some(columns) = columns else { return Ok((0..all).collect()) };
    if columns.len() > all.max(1) || columns.iter().any(|column| *column >= all) {
        return Err(ResultsError::query("columns", format!("must be places of columns, each less than {all}")));
    }
    Ok(columns.to_vec())
}

//! Whole results on their way out: tables as files, and the bytes of texts, images and files. All are streams that go
//! on when what came before was taken.

use std::sync::Arc;

use bricklayer_domain::{ResultColumn, ResultContent, ResultId, ResultState, StoredResult, UserId};
use bricklayer_store::PieceInfo;
use bytes::Bytes;
use futures::stream::{Stream, try_unfold};

use crate::error::{Broken, ResultsError};
use crate::export::{Exporter, Format, TextChoices, begin};
use crate::query::{View, ViewRequest, chosen};
use crate::reader::Reader;
use crate::results::Results;

/// Bytes that are handed on at once.
const CHUNK_BYTES: usize = 256 * 1024;

/// What to make of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DownloadRequest {
    /// The kind of file.
    pub format: Format,
    /// Places of columns; all when absent.
    pub columns: Option<Vec<usize>>,
    /// Which rows, in which order.
    pub view: ViewRequest,
    /// Choices for files of text.
    pub choices: TextChoices,
}

/// A file that begins to come.
#[derive(Debug)]
pub struct Download<S> {
    /// The result.
    pub result: StoredResult,
    /// A name for the file.
    pub file_name: String,
    /// Its bytes.
    pub stream: S,
}

struct Exporting {
    reader: Reader,
    columns: Vec<usize>,
    order: Option<Arc<Vec<u32>>>,
    /// Pieces, or places of the order, that are done.
    done: usize,
    /// None when the file is done.
    exporter: Option<Box<dyn Exporter>>,
    out: Vec<u8>,
}

impl Exporting {
    /// The next bytes of the file.
    async fn next(mut self) -> Result<Option<(Bytes, Self)>, ResultsError> {
        while self.out.len() < CHUNK_BYTES {
            let Some(mut exporter) = self.exporter.take() else { break };
            let rows = match &self.order {
                None if self.done < self.reader.piece_count() => {
                    let rows = self.reader.read(self.done, &self.columns).await?;
                    self.done += 1;
                    Some(rows)
                }
                None => None,
                Some(order) => {
                    let left = order.get(self.done..).unwrap_or_default();
                    let places = left.get(..self.reader.gatherable(left)).unwrap_or_default();
                    if places.is_empty() {
                        None
                    } else {
                        self.done += places.len();
                        Some(self.reader.gather(places, &self.columns).await?)
                    }
                }
            };
            let mut out = std::mem::take(&mut self.out);
            let work = move || {
                let is_done = rows.is_none();
                match rows {
                    Some(rows) => exporter.rows(&rows, &mut out)?,
                    None => exporter.finish(&mut out)?,
                }
                Ok((if is_done { None } else { Some(exporter) }, out))
            };
            (self.exporter, self.out) = self.reader.workers().run(work).await?;
        }
        if self.out.is_empty() {
            return Ok(None);
        }
        let rest = self.out.split_off(CHUNK_BYTES.min(self.out.len()));
        let chunk = std::mem::replace(&mut self.out, rest);
        Ok(Some((Bytes::from(chunk), self)))
    }
}

impl Results {
    /// A table as a file. Nothing is made before the stream is read.
    ///
    /// # Errors
    /// [`ResultsError::Query`] names the parameter that is wrong, [`ResultsError::Format`] says why there is no such
    /// file of this table, [`ResultsError::Store`] when there is no such result of this user's. The stream ends with an
    /// error when the database fails meanwhile.
    pub async fn download(
        &self,
        user: &UserId,
        id: ResultId,
        request: &DownloadRequest,
    ) -> Result<Download<impl Stream<Item = Result<Bytes, ResultsError>> + Send + use<>>, ResultsError> {
        let reader = self.reader(user, id).await?;
        let columns = chosen(&reader, request.columns.as_deref())?;
        let view = View::parse(&request.view, &reader)?;
        let order = self.order(user, &reader, view).await?;
        let result = reader.result.clone();
        let shown: Vec<ResultColumn> =
            columns.iter().filter_map(|column| result.head.columns.get(*column)).cloned().collect();
        let mut out = Vec::new();
        let exporter = begin(request.format, &shown, request.choices, &mut out)?;
        let file_name =
            file_name(&result, order.as_ref().map_or(reader.rows, |order| order.len() as u64), request.format);
        let exporting = Exporting { reader, columns, order, done: 0, exporter: Some(exporter), out };
        Ok(Download { result, file_name, stream: try_unfold(exporting, Exporting::next) })
    }

    /// Bytes of a text, image or file, from a place on; `length` of them, or all that follow.
    ///
    /// # Errors
    /// As [`Results::download`].
    pub async fn content(
        &self,
        user: &UserId,
        id: ResultId,
        offset: u64,
        length: Option<u64>,
    ) -> Result<Download<impl Stream<Item = Result<Bytes, ResultsError>> + Send + use<>>, ResultsError> {
        let result = self.shared().stored(user, id).await?;
        if result.head.content == ResultContent::Table {
            return Err(ResultsError::query("id", "is of a table; ask for its rows, or download it"));
        }
        let pieces = self.store().result_pieces(user, id).await?;
        let end = length.map_or(u64::MAX, |length| offset.saturating_add(length));
        let (store, user) = (self.store().clone(), user.clone());
        let reading = (pieces.into_iter(), store, user);
        let stream = try_unfold(reading, move |(mut pieces, store, user)| async move {
            for PieceInfo { number, first, units, .. } in pieces.by_ref() {
                let (from, to) = (offset.max(first), end.min(first + units));
                if from >= to {
                    continue;
                }
                let bytes = store.read_result_piece(&user, id, number, from - first, to - from).await?;
                if bytes.len() as u64 != to - from {
                    return Err(Broken("a piece is cut").into());
                }
                return Ok(Some((Bytes::from(bytes), (pieces, store, user))));
            }
            Ok(None)
        });
        let file_name = result.head.file_name.clone().unwrap_or_else(|| stem(&result));
        Ok(Download { result, file_name, stream })
    }
}

fn stem(result: &StoredResult) -> String {
    /// Characters of a title that a file's name has.
    const TITLE_CHARS: usize = 60;
    let title = result.head.title.as_deref().unwrap_or("result");
    let kept = title.chars().map(|c| if c.is_alphanumeric() { c.to_ascii_lowercase() } else { '-' });
    let stem: String = kept.take(TITLE_CHARS).collect();
    let stem = stem.split('-').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-");
    if stem.is_empty() { "result".to_owned() } else { stem }
}

/// Says when the file is not all that there was.
fn file_name(result: &StoredResult, rows: u64, format: Format) -> String {
    let whole = result.state == ResultState::Complete && result.cut.is_none();
    let part = if whole { String::new() } else { format!("-partial-{rows}") };
    format!("{}{part}.{}", stem(result), format.extension())
}

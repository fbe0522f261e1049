//! Reading a table: which sections of which pieces, and rows by their places.

use std::sync::Arc;

use arrow_array::{Array as _, ArrayRef, UInt32Array};
use arrow_select::concat::concat;
use arrow_select::take::take;
use bricklayer_domain::{ColumnType, ResultContent, ResultId, StoredResult, UserId};
use bricklayer_store::{PieceInfo, Store};

use crate::column::Rows;
use crate::columns::{ColumnKey, Columns};
use crate::error::{Broken, ResultsError};
use crate::filter::Filter;
use crate::piece::{Section, directory, unpack};
use crate::scan::{Scan, columns_of, look};
use crate::shared::Shared;
use crate::workers::Workers;

/// Bytes of values that are put together at once when rows come from many pieces.
const GATHER_BYTES: u64 = 32 * 1024 * 1024;
/// Rows that are put together at once.
pub(crate) const GATHER_ROWS: usize = 16_384;
/// Bytes between two sections that are read over rather than asked for apart.
const GAP_BYTES: u64 = 64 * 1024;

struct Piece {
    info: PieceInfo,
    sections: Vec<Section>,
}

/// A table that is read: what it held when it was opened.
pub(crate) struct Reader {
    store: Store,
    workers: Workers,
    kept: Arc<Columns>,
    user: UserId,
    pub(crate) result: StoredResult,
    kinds: Vec<ColumnType>,
    pieces: Vec<Piece>,
    pub(crate) rows: u64,
}

/// A section with its bytes.
type Packed = (ColumnType, Section, Vec<u8>);

/// A column of a piece: as it was kept, or as it is stored.
enum Part {
    Kept(ArrayRef),
    Packed(ColumnKey, Packed),
}

/// Some columns of a piece on their way.
struct Loaded {
    count: usize,
    parts: Vec<Part>,
    /// Whose they are, and where they are kept once they are unpacked.
    keeper: Option<(UserId, Arc<Columns>)>,
}

impl Loaded {
    /// Bytes that are to be unpacked.
    fn packed_bytes(&self) -> usize {
        let bytes = self.parts.iter().map(|part| match part {
            Part::Kept(_) => 0,
            Part::Packed(_, (_, _, bytes)) => bytes.len(),
        });
        bytes.sum()
    }

    fn unpack(self) -> Result<Rows, Broken> {
        let mut columns = Vec::with_capacity(self.parts.len());
        for part in self.parts {
            columns.push(match part {
                Part::Kept(column) => column,
                Part::Packed(key, (kind, section, bytes)) => {
                    let column = unpack(kind, section, &bytes)?;
                    if let Some((user, kept)) = &self.keeper {
                        kept.put(user, key, &column);
                    }
                    column
                }
            });
        }
        if columns.iter().any(|column| column.len() != self.count) {
            return Err(Broken("a column has another number of rows"));
        }
        Ok(Rows { count: self.count, columns })
    }
}

impl Reader {
    pub(crate) async fn open(
        shared: &Shared,
        kept: &Arc<Columns>,
        user: &UserId,
        id: ResultId,
    ) -> Result<Self, ResultsError> {
        let (store, workers) = (shared.store().clone(), shared.workers().clone());
        let result = shared.stored(user, id).await?;
        if result.head.content != ResultContent::Table {
            return Err(ResultsError::query(
                "id",
                format!("is of a {}, which has no rows", result.head.content.as_str()),
            ));
        }
        let kinds: Vec<ColumnType> = result.head.columns.iter().map(|column| column.kind).collect();
        let mut pieces = Vec::new();
        let mut rows = 0;
        for info in store.result_pieces(user, id).await? {
            if info.first != rows {
                return Err(Broken("a piece is missing").into());
            }
            rows += info.units;
            pieces.push(Piece { sections: directory(&info.directory, kinds.len())?, info });
        }
        Ok(Self { store, workers, kept: Arc::clone(kept), user: user.clone(), result, kinds, pieces, rows })
    }

    pub(crate) const fn workers(&self) -> &Workers {
        &self.workers
    }

    pub(crate) fn kind(&self, column: usize) -> Result<ColumnType, ResultsError> {
        let last = self.kinds.len().saturating_sub(1);
        let wrong = || ResultsError::query("column", format!("must be the place of a column, 0 to {last}"));
        self.kinds.get(column).copied().ok_or_else(wrong)
    }

    /// Places of columns with their types.
    pub(crate) fn typed(&self, columns: &[usize]) -> Result<Vec<(usize, ColumnType)>, ResultsError> {
        columns.iter().map(|column| Ok((*column, self.kind(*column)?))).collect()
    }

    pub(crate) const fn piece_count(&self) -> usize {
        self.pieces.len()
    }

    /// The packed sections of a piece, in the order that was asked.
    async fn packed(&self, piece: &Piece, columns: &[usize]) -> Result<Vec<Packed>, ResultsError> {
        const MISSING: Broken = Broken("it has fewer columns than it says");
        let mut wanted = Vec::with_capacity(columns.len());
        for (at, column) in columns.iter().enumerate() {
            wanted.push((at, self.kind(*column)?, *piece.sections.get(*column).ok_or(MISSING)?));
        }
        wanted.sort_by_key(|(_, _, section)| section.offset);
        let mut found: Vec<(usize, Packed)> = Vec::with_capacity(columns.len());
        let mut rest = wanted.as_slice();
        while let Some((_, _, first)) = rest.first() {
            // What lies near is read at once.
            let mut end = first.offset + u64::from(first.length);
            let run = rest.iter().take_while(|(_, _, section)| {
                let near = section.offset <= end + GAP_BYTES;
                if near {
                    end = end.max(section.offset + u64::from(section.length));
                }
                near
            });
            let (run, later) = rest.split_at_checked(run.count()).ok_or(MISSING)?;
            let number = piece.info.number;
            let bytes = self
                .store
                .read_result_piece(&self.user, self.result.id, number, first.offset, end - first.offset)
                .await?;
            for (at, kind, section) in run {
                let from = usize::try_from(section.offset - first.offset).map_err(|_| MISSING)?;
                let length = usize::try_from(section.length).map_err(|_| MISSING)?;
                let bytes = bytes.get(from..from.saturating_add(length)).ok_or(Broken("a piece is cut"))?;
                found.push((*at, (*kind, *section, bytes.to_vec())));
            }
            rest = later;
        }
        found.sort_by_key(|(at, _)| *at);
        Ok(found.into_iter().map(|(_, packed)| packed).collect())
    }

    /// Some columns of a piece, from the database or as they are kept.
    async fn load(&self, piece: &Piece, columns: &[usize], keep: bool) -> Result<Loaded, ResultsError> {
        let key = |column| ColumnKey { result: self.result.id, piece: piece.info.number, column };
        let kept: Vec<_> = columns.iter().map(|column| self.kept.get(&self.user, key(*column))).collect();
        let missing = columns.iter().zip(&kept).filter(|(_, kept)| kept.is_none());
        let missing: Vec<usize> = missing.map(|(column, _)| *column).collect();
        let mut packed = self.packed(piece, &missing).await?.into_iter();
        let parts = columns.iter().zip(kept).map(|(column, kept)| match kept {
            Some(column) => Ok(Part::Kept(column)),
            None => Ok(Part::Packed(key(*column), packed.next().ok_or(Broken("a column was not read"))?)),
        });
        let count = usize::try_from(piece.info.units).map_err(|_| Broken("a piece has too many rows"))?;
        let keeper = keep.then(|| (self.user.clone(), Arc::clone(&self.kept)));
        Ok(Loaded { count, parts: parts.collect::<Result<_, Broken>>()?, keeper })
    }

    /// Some columns of a piece, which are read once.
    pub(crate) async fn read(&self, piece: usize, columns: &[usize]) -> Result<Rows, ResultsError> {
        self.read_and(piece, columns, false).await
    }

    async fn read_and(&self, piece: usize, columns: &[usize], keep: bool) -> Result<Rows, ResultsError> {
        /// Below this, another thread costs more than the work.
        const SMALL_BYTES: usize = 16 * 1024;
        let piece = self.pieces.get(piece).ok_or(Broken("a piece is missing"))?;
        let loaded = self.load(piece, columns, keep).await?;
        if loaded.packed_bytes() <= SMALL_BYTES {
            return Ok(loaded.unpack()?);
        }
        self.workers.run(move || Ok(loaded.unpack()?)).await
    }

    /// Whether so many of its columns could be kept together.
    fn is_keepable(&self, columns: usize) -> bool {
        let (part, all) = (columns as u64, self.kinds.len().max(1) as u64);
        self.kept.has_room_for(self.result.bytes / all * part)
    }

    /// Shows all rows that a filter lets through to a scan.
    pub(crate) async fn scan<S: Scan + 'static>(
        &self,
        filter: Option<&Arc<Filter>>,
        mut scan: S,
    ) -> Result<S, ResultsError> {
        let columns = columns_of(filter.map(AsRef::as_ref), &scan);
        let typed = self.typed(&columns)?;
        let keep = self.is_keepable(columns.len());
        for piece in &self.pieces {
            if scan.is_done() {
                break;
            }
            let loaded = self.load(piece, &columns, keep).await?;
            let (first, typed, filter) = (piece.info.first, typed.clone(), filter.cloned());
            scan = self
                .workers
                .run(move || {
                    let rows = loaded.unpack()?;
                    look(filter.as_deref(), &mut scan, first, &typed, &rows)?;
                    Ok(scan)
                })
                .await?;
        }
        Ok(scan)
    }

    /// How many of these places can be put together at once.
    pub(crate) fn gatherable(&self, places: &[u32]) -> usize {
        let mut bytes = 0;
        let fits = places.iter().take(GATHER_ROWS).take_while(|place| {
            let piece = self.piece_of(**place).and_then(|piece| self.pieces.get(piece));
            bytes += piece.map_or(0, |piece| piece.info.bytes / piece.info.units.max(1));
            bytes <= GATHER_BYTES
        });
        fits.count().max(1).min(places.len())
    }

    fn piece_of(&self, place: u32) -> Option<usize> {
        let after = self.pieces.partition_point(|piece| piece.info.first <= u64::from(place));
        after.checked_sub(1)
    }

    /// Rows by their places, in that order.
    pub(crate) async fn gather(&self, places: &[u32], columns: &[usize]) -> Result<Rows, ResultsError> {
        const MISSING: Broken = Broken("a row is missing");
        // By piece, and where each row goes.
        let mut wanted = Vec::with_capacity(places.len());
        for (to, place) in (0_u32..).zip(places) {
            let piece = self.piece_of(*place).ok_or(MISSING)?;
            let first = self.pieces.get(piece).ok_or(MISSING)?.info.first;
            let row = u32::try_from(u64::from(*place) - first).map_err(|_| MISSING)?;
            wanted.push((piece, row, to));
        }
        wanted.sort_unstable();
        let mut parts: Vec<Vec<ArrayRef>> = vec![Vec::new(); columns.len()];
        for group in wanted.chunk_by(|a, b| a.0 == b.0) {
            let Some((piece, _, _)) = group.first() else { continue };
            let rows = self.read_and(*piece, columns, true).await?;
            let indices = UInt32Array::from_iter_values(group.iter().map(|(_, row, _)| *row));
            for (part, column) in parts.iter_mut().zip(&rows.columns) {
                part.push(take(column, &indices, None).map_err(|_| MISSING)?);
            }
        }
        let mut back = vec![0_u32; places.len()];
        for (from, (_, _, to)) in (0_u32..).zip(&wanted) {
            if let Some(slot) = usize::try_from(*to).ok().and_then(|to| back.get_mut(to)) {
                *slot = from;
            }
        }
        let (count, back) = (places.len(), UInt32Array::from(back));
        let ordered = back.values().is_sorted();
        let columns = parts.iter().map(|part| {
            let arrays: Vec<&dyn arrow_array::Array> = part.iter().map(AsRef::as_ref).collect();
            let whole = concat(&arrays).map_err(|_| MISSING)?;
            if ordered { Ok(whole) } else { take(&whole, &back, None).map_err(|_| MISSING) }
        });
        Ok(Rows { count, columns: columns.collect::<Result<_, Broken>>()? })
    }

    /// All values of a column, in its pieces; refused when they take more than so many bytes.
    pub(crate) async fn column(&self, column: usize, most_bytes: usize) -> Result<Vec<ArrayRef>, ResultsError> {
        let mut arrays = Vec::with_capacity(self.pieces.len());
        let mut bytes = 0;
        let keep = self.is_keepable(1);
        for piece in 0..self.piece_count() {
            let rows = self.read_and(piece, &[column], keep).await?;
            for array in rows.columns {
                bytes += array.get_array_memory_size();
                arrays.push(array);
            }
            if bytes > most_bytes {
                let mib = most_bytes >> 20;
                let message =
                    format!("names a column of more than {mib} MiB, which is not sorted (`results.sort_mib`)");
                return Err(ResultsError::query("sort", message));
            }
        }
        Ok(arrays)
    }
}

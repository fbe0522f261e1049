//! Writing a result while it is made.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bricklayer_domain::{
    ColumnType, NewResult, ResultColumn, ResultContent, ResultCut, ResultId, ResultOrigin, ResultRef, ResultState,
    StoredResult, chain,
};
use bricklayer_store::{EndedResult, NewPiece, ResultPlace, StoreError};

use tokio::sync::{mpsc, watch};

use crate::builder::{RowsBuilder, split};
use crate::column::Rows;
use crate::digest::ContentDigest;
use crate::error::{Broken, ResultsError};
use crate::piece::pack;
use crate::shape::Shape;
use crate::shared::Shared;
use crate::storing::{MAX_STORING, SETTLED_WITHIN, Stored, Storing, WrittenResult};

/// Bytes of a piece of what is no table.
const PIECE_BYTES: usize = 1024 * 1024;
/// How long rows may wait for a full piece once some are stored, or come slowly.
const FLUSH_AFTER: Duration = Duration::from_secs(2);
/// Values up to so many bytes are packed on the spot; more of them on a thread of their own.
const PACK_HERE_BYTES: usize = 64 * 1024;

/// Whether a writer takes more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Appended {
    /// It was taken.
    Taken,
    /// A bound is reached: what fits is kept, and more would be for nothing.
    Full(ResultCut),
}

/// What is known at a result's end.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ResultEnd {
    /// All that is known of where it came from; what was said at its beginning when absent.
    pub origin: Option<ResultOrigin>,
    /// Why it is not all that there was; [`ResultCut::Interrupted`] makes it partial.
    pub cut: Option<ResultCut>,
}

/// What is counted of what was stored, and taken over only with the piece that it counts.
#[derive(Clone)]
struct Counted {
    digest: ContentDigest,
    shape: Shape,
}

/// What is taken and not packed yet.
struct Waiting {
    /// What was counted before it.
    counted: Counted,
    /// Whether the shape counts it already.
    has_shape: bool,
    content: WaitingContent,
}

enum WaitingContent {
    Bytes(Vec<u8>),
    Rows { kinds: Vec<ColumnType>, rows: Rows, bytes: usize },
}

impl Waiting {
    /// Whether to pack it takes less than to hand it to a thread.
    const fn is_small(&self) -> bool {
        match &self.content {
            // Bytes are only digested.
            WaitingContent::Bytes(_) => true,
            WaitingContent::Rows { bytes, .. } => *bytes <= PACK_HERE_BYTES,
        }
    }

    /// What is told of the result with it.
    fn shape(&mut self) -> Result<&Shape, Broken> {
        if let WaitingContent::Rows { rows, .. } = &self.content
            && !self.has_shape
        {
            self.counted.shape.add(rows)?;
        }
        self.has_shape = true;
        Ok(&self.counted.shape)
    }

    /// The piece, and what is counted with it.
    fn pack(mut self) -> Result<(NewPiece, Counted), Broken> {
        self.shape()?;
        let Self { mut counted, content, .. } = self;
        match content {
            WaitingContent::Bytes(body) => {
                counted.digest.add_bytes(&body);
                let bytes = body.len() as u64;
                Ok((NewPiece { units: bytes, bytes, directory: Vec::new(), body }, counted))
            }
            WaitingContent::Rows { kinds, rows, bytes } => {
                counted.digest.add_rows(&rows)?;
                Ok((pack(&kinds, &rows, bytes)?, counted))
            }
        }
    }
}

/// Writes one result. Dropping it keeps what it has as partial.
pub struct ResultWriter {
    shared: Shared,
    /// Takes what is left when it is dropped.
    abandoned: mpsc::Sender<Work>,
    /// Gone when it was finished.
    work: Option<Work>,
    /// Lets a host that leaves wait.
    _held: Arc<()>,
}

impl std::fmt::Debug for ResultWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ResultWriter").field("id", &self.work.as_ref().map(|work| work.id)).finish_non_exhaustive()
    }
}

impl ResultWriter {
    pub(crate) fn new(shared: Shared, abandoned: mpsc::Sender<Work>, id: ResultId, new: NewResult) -> Self {
        let held = shared.hold();
        Self { shared, abandoned, work: Some(Work::new(id, new)), _held: held }
    }

    /// The result's id, which is good from now on.
    #[must_use]
    pub fn id(&self) -> ResultId {
        self.work.as_ref().map_or_else(ResultId::default, |work| work.id)
    }

    /// Rows, or bytes, that were taken until now.
    #[must_use]
    pub fn taken(&self) -> u64 {
        self.work.as_ref().map_or(0, Work::taken)
    }

    /// How it stands, as it would be told if its writer were dropped now; none when nothing would be kept.
    #[must_use]
    pub fn so_far(&self) -> Option<WrittenResult> {
        let work = self.work.as_ref().filter(|work| !work.is_empty())?;
        Some(work.written(ResultState::Partial, work.cut.or(Some(ResultCut::Interrupted))))
    }

    /// Takes rows: a JSON array of arrays of cells. Waits while the database is behind.
    ///
    /// # Errors
    /// [`ResultsError::Rows`] for a row that is none; the rows before it were taken. [`ResultsError::Store`] when the
    /// database fails; the writer can be dropped then.
    pub async fn append_json(&mut self, rows: &[u8]) -> Result<Appended, ResultsError> {
        let Some(work) = &mut self.work else { return Err(StoreError::ResultEnded.into()) };
        for (number, row) in split(rows)?.into_iter().enumerate() {
            if let Some(cut) = work.cut {
                return Ok(Appended::Full(cut));
            }
            if work.taken() >= self.shared.store().result_limits().result_rows {
                work.cut = Some(ResultCut::ResultLimit);
                continue;
            }
            let Content::Rows(builder) = &mut work.content else {
                return Err(ResultsError::query("rows", "are for tables"));
            };
            builder.push(number, row)?;
            if builder.is_full() {
                work.flush(&self.shared).await?;
            }
        }
        work.flush_if_old(&self.shared).await?;
        Ok(work.cut.map_or(Appended::Taken, Appended::Full))
    }

    /// Takes bytes of a text, image or file. Waits while the database is behind.
    ///
    /// # Errors
    /// [`ResultsError::Store`] when the database fails; the writer can be dropped then.
    pub async fn append_bytes(&mut self, bytes: &[u8]) -> Result<Appended, ResultsError> {
        let Some(work) = &mut self.work else { return Err(StoreError::ResultEnded.into()) };
        for part in bytes.chunks(PIECE_BYTES) {
            if let Some(cut) = work.cut {
                return Ok(Appended::Full(cut));
            }
            let Content::Bytes(buffer) = &mut work.content else {
                return Err(ResultsError::query("bytes", "are for texts, images and files"));
            };
            buffer.extend_from_slice(part);
            if buffer.len() >= PIECE_BYTES {
                work.flush(&self.shared).await?;
            }
        }
        work.flush_if_old(&self.shared).await?;
        Ok(work.cut.map_or(Appended::Taken, Appended::Full))
    }

    /// Ends the result and stores what was not yet.
    ///
    /// # Errors
    /// [`ResultsError::Store`] when the database fails: what was stored before stays, as partial.
    pub async fn finish(mut self, end: ResultEnd) -> Result<StoredResult, ResultsError> {
        let Some(mut work) = self.work.take() else { return Err(StoreError::ResultEnded.into()) };
        work.end(&self.shared, end).await?;
        Ok(self.shared.store().get_result(&work.new.user, work.id).await?)
    }

    /// The same for who only tells of it: nothing is read back.
    ///
    /// # Errors
    /// As [`ResultWriter::finish`].
    pub async fn finish_told(mut self, end: ResultEnd) -> Result<WrittenResult, ResultsError> {
        let Some(mut work) = self.work.take() else { return Err(StoreError::ResultEnded.into()) };
        let cut = end.cut;
        work.end(&self.shared, end).await?;
        let cut = work.cut.or(cut);
        Ok(work.written(state_of(cut), cut))
    }

    /// The same for who settles what is told of it before that is kept ([`Results::settle`](crate::Results::settle)): a
    /// result of which nothing is stored yet, and that is small, is told of now and stored meanwhile.
    ///
    /// # Errors
    /// As [`ResultWriter::finish`].
    pub async fn finish_early(mut self, end: ResultEnd) -> Result<WrittenResult, ResultsError> {
        let is_small = |work: &Work| !work.is_stored && work.cut.is_none() && work.waiting_bytes() <= PACK_HERE_BYTES;
        if !self.work.as_ref().is_some_and(is_small) || self.shared.storing().len() >= MAX_STORING {
            return self.finish_told(end).await;
        }
        let Some(mut work) = self.work.take() else { return Err(StoreError::ResultEnded.into()) };
        let before = work.so_much();
        let mut waiting = work.take_waiting();
        let shape = match &mut waiting {
            Some(waiting) => waiting.shape()?,
            None => &work.counted.shape,
        };
        let written = work.written_so(shape, before, state_of(end.cut), end.cut);
        let (sender, stored) = watch::channel(Stored::Pending);
        self.shared.storing().insert(work.id, Storing { told: written.told.clone(), stored });
        let (shared, held) = (self.shared.clone(), Arc::clone(&self._held));
        self.shared.tasks().spawn(async move {
            let stored = match waiting.map(Waiting::pack).transpose() {
                Ok(packed) => work.store(&shared, packed, Some(&end)).await,
                Err(broken) => Err(broken.into()),
            };
            let came = match stored {
                Ok(()) if work.cut.is_none() => Stored::AsTold,
                Ok(()) => Stored::Otherwise(work.written(state_of(work.cut), work.cut)),
                Err(error) => {
                    tracing::warn!(error = chain(&error), result.id = %work.id, "a result was not kept");
                    Stored::NotKept
                }
            };
            shared.note_ended(work.id);
            if matches!(came, Stored::AsTold) {
                shared.storing().remove(&work.id);
            }
            // Nobody may wait any more.
            let _ = sender.send(came);
            drop(held);
            // What has to be put right is there for whoever tells of it, unless nobody does.
            let _ = tokio::time::timeout(SETTLED_WITHIN, sender.closed()).await;
            shared.storing().remove(&work.id);
        });
        Ok(written)
    }
}

impl Drop for ResultWriter {
    fn drop(&mut self) {
        let Some(work) = self.work.take().filter(|work| !work.is_empty()) else { return };
        let id = work.id;
        if self.abandoned.try_send(work).is_err() {
            // Nobody sees to it any more, so that it is found.
            self.shared.note_ended(id);
        }
    }
}

enum Content {
    Rows(RowsBuilder),
    Bytes(Vec<u8>),
}

/// A result on its way.
pub(crate) struct Work {
    pub(crate) id: ResultId,
    pub(crate) new: NewResult,
    kinds: Vec<ColumnType>,
    content: Content,
    counted: Counted,
    place: ResultPlace,
    /// Bytes of the values that are stored.
    bytes: u64,
    is_stored: bool,
    stored_bytes: u64,
    cut: Option<ResultCut>,
    flushed_at: Instant,
}

/// How a result ends that is cut for a reason.
const fn state_of(cut: Option<ResultCut>) -> ResultState {
    match cut {
        Some(ResultCut::Interrupted | ResultCut::Lost | ResultCut::StorageFull) => ResultState::Partial,
        None
        | Some(
            ResultCut::ResultLimit
            | ResultCut::ConversationLimit
            | ResultCut::UserLimit
            | ResultCut::RowLimit
            | ResultCut::Source,
        ) => ResultState::Complete,
    }
}

fn kinds(columns: &[ResultColumn]) -> Vec<ColumnType> {
    columns.iter().map(|column| column.kind).collect()
}

impl Work {
    fn new(id: ResultId, new: NewResult) -> Self {
        let (content, digest) = match new.head.content {
            ResultContent::Table => {
                (Content::Rows(RowsBuilder::new(&new.head.columns)), ContentDigest::of_table(&new.head.columns))
            }
            ResultContent::Text | ResultContent::Image | ResultContent::File => {
                (Content::Bytes(Vec::new()), ContentDigest::of_bytes())
            }
        };
        let place = ResultPlace { id, user: new.user.clone(), conversation: new.conversation, pieces: 0, units: 0 };
        Self {
            id,
            kinds: kinds(&new.head.columns),
            counted: Counted { digest, shape: Shape::new(&new.head.columns) },
            new,
            content,
            place,
            bytes: 0,
            is_stored: false,
            stored_bytes: 0,
            cut: None,
            flushed_at: Instant::now(),
        }
    }

    fn waiting(&self) -> usize {
        match &self.content {
            Content::Rows(builder) => builder.rows(),
            Content::Bytes(buffer) => buffer.len(),
        }
    }

    fn taken(&self) -> u64 {
        self.place.units + self.waiting() as u64
    }

    fn waiting_bytes(&self) -> usize {
        match &self.content {
            Content::Rows(builder) => builder.bytes(),
            Content::Bytes(buffer) => buffer.len(),
        }
    }

    /// What is taken: rows, or bytes, and the bytes of their values.
    fn so_much(&self) -> (u64, u64) {
        (self.taken(), self.bytes + self.waiting_bytes() as u64)
    }

    fn written(&self, state: ResultState, cut: Option<ResultCut>) -> WrittenResult {
        self.written_so(&self.counted.shape, self.so_much(), state, cut)
    }

    fn written_so(
        &self,
        shape: &Shape,
        (taken, bytes): (u64, u64),
        state: ResultState,
        cut: Option<ResultCut>,
    ) -> WrittenResult {
        let is_table = self.new.head.content == ResultContent::Table;
        let reference = ResultRef {
            id: self.id,
            ordinal: self.new.ordinal,
            head: self.new.head.shortened(),
            state,
            cut,
            rows: if is_table { taken } else { 0 },
            bytes,
        };
        let told = shape.told(&reference, self.new.head.columns.len());
        WrittenResult { reference, told }
    }

    async fn flush_if_old(&mut self, shared: &Shared) -> Result<(), ResultsError> {
        if self.waiting() > 0 && self.cut.is_none() && self.flushed_at.elapsed() >= FLUSH_AFTER {
            self.flush(shared).await?;
        }
        Ok(())
    }

    async fn flush(&mut self, shared: &Shared) -> Result<(), ResultsError> {
        let packed = self.pack(shared).await?;
        self.store(shared, packed, None).await
    }

    /// What waits as a piece, and what is counted with it.
    async fn pack(&mut self, shared: &Shared) -> Result<Option<(NewPiece, Counted)>, ResultsError> {
        match self.take_waiting() {
            None => Ok(None),
            Some(waiting) if waiting.is_small() => Ok(Some(waiting.pack()?)),
            Some(waiting) => shared.workers().run(move || Ok(Some(waiting.pack()?))).await,
        }
    }

    fn take_waiting(&mut self) -> Option<Waiting> {
        self.flushed_at = Instant::now();
        if self.waiting() == 0 {
            return None;
        }
        let content = match &mut self.content {
            Content::Bytes(buffer) => WaitingContent::Bytes(std::mem::take(buffer)),
            Content::Rows(builder) => {
                let bytes = builder.bytes();
                WaitingContent::Rows { kinds: self.kinds.clone(), rows: builder.take(), bytes }
            }
        };
        Some(Waiting { counted: self.counted.clone(), has_shape: false, content })
    }

    /// Stores a piece, and the end. A bound that is reached is noted and the piece is not kept.
    async fn store(
        &mut self,
        shared: &Shared,
        packed: Option<(NewPiece, Counted)>,
        end: Option<&ResultEnd>,
    ) -> Result<(), ResultsError> {
        let limit = shared.store().result_limits().result_bytes;
        let size = |piece: &NewPiece| (piece.directory.len() + piece.body.len()) as u64;
        let mut packed = packed;
        if packed.as_ref().is_some_and(|(piece, _)| self.stored_bytes + size(piece) > limit) {
            packed = None;
            self.cut = self.cut.or(Some(ResultCut::ResultLimit));
        }
        loop {
            if packed.is_none() && end.is_none() {
                return Ok(());
            }
            let digest = packed.as_ref().map_or(&self.counted.digest, |(_, counted)| &counted.digest);
            let ended = end.map(|end| self.ended(end, digest.clone().finish()));
            let piece = packed.as_ref().map(|(piece, _)| piece);
            let store = shared.store();
            let stored = if !self.is_stored {
                store.add_result(self.id, &self.new, piece, ended.as_ref()).await
            } else if let Some(piece) = piece {
                store.append_result_piece(&self.place, piece, ended.as_ref()).await
            } else if let Some(ended) = &ended {
                store.end_result(&self.place, ended).await
            } else {
                Ok(())
            };
            let cut = match stored {
                Ok(()) => {
                    if !self.is_stored && end.is_none() {
                        shared.note_live(self.id);
                    }
                    self.is_stored = true;
                    if let Some((piece, counted)) = packed {
                        self.stored_bytes += size(&piece);
                        self.place.pieces += 1;
                        self.place.units += piece.units;
                        self.bytes += piece.bytes;
                        self.counted = counted;
                    }
                    return Ok(());
                }
                Err(StoreError::ResultsFull(cut)) => cut,
                Err(StoreError::Full(cause)) if packed.is_some() => {
                    tracing::warn!(error = chain(&*cause), result.id = %self.id, "no room for a result");
                    ResultCut::StorageFull
                }
                Err(error) => return Err(error.into()),
            };
            if packed.take().is_none() {
                return Err(StoreError::ResultsFull(cut).into());
            }
            self.cut = Some(cut);
        }
    }

    fn ended(&self, end: &ResultEnd, digest: String) -> EndedResult {
        let cut = self.cut.or(end.cut);
        let state = state_of(cut);
        let origin = end.origin.clone().unwrap_or_else(|| self.new.origin.clone());
        EndedResult { state, cut, origin, digest: Some(digest) }
    }

    pub(crate) async fn end(&mut self, shared: &Shared, end: ResultEnd) -> Result<(), ResultsError> {
        // Nothing waits that came after a bound: appending says so before it takes more.
        let packed = self.pack(shared).await?;
        let stored = self.store(shared, packed, Some(&end)).await;
        shared.note_ended(self.id);
        stored
    }

    /// Whether there is anything that could be kept.
    pub(crate) fn is_empty(&self) -> bool {
        !self.is_stored && self.waiting() == 0
    }
}

//! Results: what tools produced for people, in pieces. What is in a piece is the business of `host/results`.
//!
//! A piece and the counts of its result are one transaction, so whatever dies leaves a result that says what it has.
//! All changes of a conversation's results queue on its row of `result_usage`, which is locked first: what adds a piece
//! and what removes bytes that nobody refers to never pass each other.

mod read;
mod settle;

use bricklayer_domain::{ConversationId, NewResult, ResultCut, ResultId, ResultOrigin, ResultState, UserId};
use sha2::{Digest as _, Sha256};

use crate::crash_points;
use crate::engine::{Arg, Tx, args};
use crate::error::{StoreError, again_on_conflict, is_foreign_key_violation};
use crate::rows::to_json;
use crate::store::Store;

pub use read::PieceInfo;

/// Largest piece that is kept in its result's row, when it is the only one: a small result is one row.
pub const MAX_INLINE_PIECE_BYTES: usize = 32 * 1024;

/// Largest piece, in bytes: one write of the database, which others wait for.
pub const MAX_PIECE_BYTES: usize = 64 * 1024 * 1024;

/// Steps in which a user's results are added up while a conversation's grow: counting at every piece would cost more
/// than it protects from.
const USAGE_STEP_BYTES: i64 = 1024 * 1024;

/// Its conversation was found before, to take the room.
const INSERT: &str = "insert into results (
        id, conversation_id, project_id, user_id, turn_id, lane_id, call_id, ordinal, content, title, media_type,
        file_name, columns, origin, state, cut, row_count, byte_count, stored_bytes, piece_count, digest, created_at,
        written_at, finished_at, head_directory, head
    )
    select $1, id, project_id, user_id, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19,
        $19, $20, $21, $22
    from conversations
    where id = $23";

/// A piece of a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPiece {
    /// Its rows; of what is no table its bytes.
    pub units: u64,
    /// What its values take, unpacked.
    pub bytes: u64,
    /// Where in the body what is.
    pub directory: Vec<u8>,
    /// Its bytes as they are kept.
    pub body: Vec<u8>,
}

impl NewPiece {
    fn stored_bytes(&self) -> i64 {
        int((self.directory.len() + self.body.len()) as u64)
    }
}

/// How a result ends.
#[derive(Debug, Clone, PartialEq)]
pub struct EndedResult {
    /// [`ResultState::Complete`] or [`ResultState::Partial`].
    pub state: ResultState,
    /// Why it is not all that there was.
    pub cut: Option<ResultCut>,
    /// All that is known of where it came from.
    pub origin: ResultOrigin,
    /// The digest of what is in it.
    pub digest: Option<String>,
}

/// Which result a writer writes, and how far it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResultPlace {
    /// The result.
    pub id: ResultId,
    /// Whose it is.
    pub user: UserId,
    /// Its conversation.
    pub conversation: ConversationId,
    /// Pieces that are stored.
    pub pieces: u32,
    /// Units that are stored.
    pub units: u64,
}

fn int(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn not_appended(error: sqlx::Error) -> StoreError {
    if is_foreign_key_violation(&error) { StoreError::NotFound("conversation") } else { error.into() }
}

impl Store {
    /// Stores a result: with its only piece and its end when it is small, else to be appended to. A piece of more than
    /// [`MAX_INLINE_PIECE_BYTES`] is its first.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such conversation of this user's, [`StoreError::ResultsFull`] when
    /// there is no room, [`StoreError::TooLarge`], or the database's failure. Nothing is stored then.
    pub async fn add_result(
        &self,
        id: ResultId,
        new: &NewResult,
        piece: Option<&NewPiece>,
        end: Option<&EndedResult>,
    ) -> Result<(), StoreError> {
        again_on_conflict!(self.try_add_result(id, new, piece, end))
    }

    async fn try_add_result(
        &self,
        id: ResultId,
        new: &NewResult,
        piece: Option<&NewPiece>,
        end: Option<&EndedResult>,
    ) -> Result<(), StoreError> {
        let origin = to_json("results", end.map_or(&new.origin, |end| &end.origin))?;
        let columns = to_json("results", &new.head.columns)?;
        let stored = piece.map_or(0, NewPiece::stored_bytes);
        // What is open may get more pieces, and then all of them are in one place.
        let inline = piece.filter(|piece| end.is_some() && piece.body.len() <= MAX_INLINE_PIECE_BYTES);
        let (now, state) = (self.now(), end.map_or(ResultState::Open, |end| end.state));
        crash_points::step("add_result", "usage");
        let mut tx = self.engine().begin().await?;
        self.take_room(&mut tx, &new.user, new.conversation, stored).await?;
        crash_points::step("add_result", "results");
        let row: &[Arg<'_>] = args![
            id,
            new.turn.map(|turn| turn.as_uuid()),
            new.lane,
            new.call.as_ref().map(|call| call.0.as_bytes()),
            i64::from(new.ordinal),
            new.head.content.as_str(),
            new.head.title.as_deref(),
            new.head.media_type.as_deref(),
            new.head.file_name.as_deref(),
            columns.as_str(),
            origin.as_str(),
            state.as_str(),
            end.and_then(|end| end.cut).map(ResultCut::as_str),
            piece.map_or(0, |piece| int(piece.units)),
            piece.map_or(0, |piece| int(piece.bytes)),
            stored,
            i64::from(piece.is_some()),
            end.and_then(|end| end.digest.as_deref()),
            now,
            end.map(|_| now),
            inline.map(|piece| piece.directory.as_slice()),
            inline.map(|piece| piece.body.as_slice()),
            new.conversation,
        ];
        match piece.filter(|_| inline.is_none()) {
            None => {
                tx.execute_last(INSERT, row).await.map_err(|failed| not_appended(failed.error))?;
            }
            Some(piece) => {
                tx.execute(INSERT, row).await.map_err(not_appended)?;
                crash_points::step("add_result", "pieces");
                insert_piece(&mut tx, id, new.conversation, 0, 0, piece).await?;
                crash_points::step("add_result", "commit");
                tx.commit().await?;
            }
        }
        crash_points::step("add_result", "committed");
        Ok(())
    }

    /// Adds a piece to an open result, and ends it when this is its last.
    ///
    /// # Errors
    /// [`StoreError::ResultEnded`] when the result is no longer open or another writer appended to it;
    /// [`StoreError::ResultsFull`], [`StoreError::TooLarge`] or the database's failure. Nothing is stored then.
    pub async fn append_result_piece(
        &self,
        place: &ResultPlace,
        piece: &NewPiece,
        end: Option<&EndedResult>,
    ) -> Result<(), StoreError> {
        again_on_conflict!(self.try_append_piece(place, Some(piece), end))
    }

    /// Ends an open result.
    ///
    /// # Errors
    /// As [`Store::append_result_piece`].
    pub async fn end_result(&self, place: &ResultPlace, end: &EndedResult) -> Result<(), StoreError> {
        again_on_conflict!(self.try_append_piece(place, None, Some(end)))
    }

    async fn try_append_piece(
        &self,
        place: &ResultPlace,
        piece: Option<&NewPiece>,
        end: Option<&EndedResult>,
    ) -> Result<(), StoreError> {
        let stored = piece.map_or(0, NewPiece::stored_bytes);
        let origin = end.map(|end| to_json("results", &end.origin)).transpose()?;
        let now = self.now();
        crash_points::step("append_result", "usage");
        let mut tx = self.engine().begin().await?;
        self.take_room(&mut tx, &place.user, place.conversation, stored).await?;
        crash_points::step("append_result", "results");
        let changed = tx
            .execute(
                "update results
                set row_count = row_count + $1,
                    byte_count = byte_count + $2,
                    stored_bytes = stored_bytes + $3,
                    piece_count = piece_count + $4,
                    written_at = $5,
                    state = $6,
                    cut = $7,
                    digest = $8,
                    origin = coalesce($9, origin),
                    finished_at = $10
                where id = $11
                    and user_id = $12
                    and state = 'open'
                    and piece_count = $13",
                args![
                    piece.map_or(0, |piece| int(piece.units)),
                    piece.map_or(0, |piece| int(piece.bytes)),
                    stored,
                    i64::from(piece.is_some()),
                    now,
                    end.map_or(ResultState::Open, |end| end.state).as_str(),
                    end.and_then(|end| end.cut).map(ResultCut::as_str),
                    end.and_then(|end| end.digest.as_deref()),
                    origin.as_deref(),
                    end.map(|_| now),
                    place.id,
                    &place.user,
                    i64::from(place.pieces)
                ],
            )
            .await?;
        if changed != 1 {
            return Err(StoreError::ResultEnded);
        }
        if let Some(piece) = piece {
            crash_points::step("append_result", "pieces");
            insert_piece(&mut tx, place.id, place.conversation, place.pieces, place.units, piece).await?;
        }
        crash_points::step("append_result", "commit");
        tx.commit().await?;
        crash_points::step("append_result", "committed");
        Ok(())
    }

    /// Counts more bytes of a conversation's results, if they may be, and makes other changes of them wait.
    async fn take_room(
        &self,
        tx: &mut Tx,
        user: &UserId,
        conversation: ConversationId,
        bytes: i64,
    ) -> Result<(), StoreError> {
        let row = tx
            .fetch_optional(
                "insert into result_usage (conversation_id, user_id, stored_bytes)
                select id, user_id, $3
                from conversations
                where id = $1
                    and user_id = $2
                on conflict (conversation_id) do update
                set stored_bytes = result_usage.stored_bytes + excluded.stored_bytes
                returning stored_bytes",
                args![conversation, user, bytes],
            )
            .await
            .map_err(not_appended)?
            .ok_or(StoreError::NotFound("conversation"))?;
        let held = row.int("stored_bytes")?;
        let limits = self.result_limits();
        if bytes == 0 {
            return Ok(());
        }
        if held > int(limits.conversation_bytes) {
            return Err(StoreError::ResultsFull(ResultCut::ConversationLimit));
        }
        let limit = int(limits.user_bytes);
        let known = self.result_totals().add(user, bytes, self.now());
        let steps = |bytes: i64| bytes / USAGE_STEP_BYTES;
        let is_first = held == bytes && known.is_none_or(|total| total > limit);
        if is_first || steps(held) != steps(held - bytes) {
            let row = tx
                .fetch_optional(
                    "select cast(coalesce(sum(stored_bytes), 0) as bigint) as stored_bytes
                    from result_usage
                    where user_id = $1",
                    args![user],
                )
                .await?;
            let total = row.map_or(Ok(0), |row| row.int("stored_bytes"))?;
            self.result_totals().heard(user, total, self.now());
            if total > limit {
                return Err(StoreError::ResultsFull(ResultCut::UserLimit));
            }
        }
        Ok(())
    }
}

async fn insert_piece(
    tx: &mut Tx,
    id: ResultId,
    conversation: ConversationId,
    number: u32,
    first: u64,
    piece: &NewPiece,
) -> Result<(), StoreError> {
    if piece.body.len() > MAX_PIECE_BYTES {
        return Err(StoreError::TooLarge { what: "the piece of a result in bytes", limit: MAX_PIECE_BYTES });
    }
    let digest: [u8; 32] = Sha256::digest(&piece.body).into();
    tx.execute(
        "insert into result_blobs (conversation_id, digest, bytes)
        values ($1, $2, $3)
        on conflict (conversation_id, digest) do nothing",
        args![conversation, digest.as_slice(), piece.body.as_slice()],
    )
    .await
    .map_err(not_appended)?;
    tx.execute(
        "insert into result_pieces (
            result_id, number, conversation_id, first, units, byte_count, size_bytes, digest, directory
        )
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        args![
            id,
            i64::from(number),
            conversation,
            int(first),
            int(piece.units),
            int(piece.bytes),
            int(piece.body.len() as u64),
            digest.as_slice(),
            piece.directory.as_slice()
        ],
    )
    .await
    .map_err(not_appended)?;
    Ok(())
}

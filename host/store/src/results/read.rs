//! Reading results.

use bricklayer_domain::{
    ConversationId, LaneId, ProjectId, ResultContent, ResultCut, ResultHead, ResultId, ResultState, StoredResult,
    ToolCallId, TurnId, TurnStatus, UserId,
};
use serde::de::DeserializeOwned;

use crate::engine::{Row, args};
use crate::error::StoreError;
use crate::page::{Cursor, Page, PageRequest};
use crate::rows::status;
use crate::store::Store;

/// Where a piece of a result is, and what is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PieceInfo {
    /// Which one it is, from zero.
    pub number: u32,
    /// Its first row, or byte.
    pub first: u64,
    /// Its rows, or bytes.
    pub units: u64,
    /// What its values take, unpacked.
    pub bytes: u64,
    /// Bytes of its body as it is kept.
    pub size_bytes: u64,
    /// Where in the body what is.
    pub directory: Vec<u8>,
}

macro_rules! select_results {
    () => {
        "select r.id, r.conversation_id, r.project_id, r.user_id, r.turn_id, r.lane_id, r.call_id, r.ordinal, r.content,
            r.title, r.media_type, r.file_name, r.columns, r.origin, r.state, r.cut, r.row_count, r.byte_count,
            r.stored_bytes, r.piece_count, r.digest, r.created_at, r.finished_at, t.status
        from results as r
        left join turns as t on t.id = r.turn_id
        "
    };
}

fn wrong(reason: impl ToString) -> StoreError {
    StoreError::inconsistent("results", reason)
}

fn json<T: DeserializeOwned>(row: &Row, column: &str) -> Result<T, StoreError> {
    serde_json::from_str(&row.text(column)?).map_err(wrong)
}

fn count(row: &Row, column: &str) -> Result<u64, StoreError> {
    u64::try_from(row.int(column)?).map_err(wrong)
}

fn small(row: &Row, column: &str) -> Result<u32, StoreError> {
    u32::try_from(row.int(column)?).map_err(wrong)
}

fn result(row: &Row) -> Result<StoredResult, StoreError> {
    let word = |column| row.text(column);
    let cut = row.maybe_text("cut")?;
    let mut cut = cut.map(|word| ResultCut::of(&word).ok_or_else(|| wrong("an unknown cut"))).transpose()?;
    let mut state = ResultState::of(&word("state")?).ok_or_else(|| wrong("an unknown state"))?;
    // Nobody writes for a turn that has ended, whether or not that was noted already.
    let turn_ended = match row.maybe_text("status")? {
        Some(_) => matches!(status(row)?, TurnStatus::Completed | TurnStatus::Failed | TurnStatus::Cancelled),
        None => false,
    };
    if state == ResultState::Open && turn_ended {
        (state, cut) = (ResultState::Partial, Some(ResultCut::Lost));
    }
    // `bytea` holds what text may not: a call's id is what the model said.
    let call = row.maybe_bytes("call_id")?;
    let call = call.map(|call| String::from_utf8(call).map(ToolCallId).map_err(wrong)).transpose()?;
    Ok(StoredResult {
        id: ResultId::from_uuid(row.uuid("id")?),
        user: UserId::parse(&row.text("user_id")?).map_err(wrong)?,
        project: ProjectId::from_uuid(row.uuid("project_id")?),
        conversation: ConversationId::from_uuid(row.uuid("conversation_id")?),
        turn: row.maybe_uuid("turn_id")?.map(TurnId::from_uuid),
        lane: LaneId::from_uuid(row.uuid("lane_id")?),
        call,
        ordinal: small(row, "ordinal")?,
        head: ResultHead {
            content: ResultContent::of(&word("content")?).ok_or_else(|| wrong("an unknown content"))?,
            title: row.maybe_text("title")?,
            media_type: row.maybe_text("media_type")?,
            file_name: row.maybe_text("file_name")?,
            columns: json(row, "columns")?,
        },
        origin: json(row, "origin")?,
        state,
        cut,
        rows: count(row, "row_count")?,
        bytes: count(row, "byte_count")?,
        stored_bytes: count(row, "stored_bytes")?,
        pieces: small(row, "piece_count")?,
        digest: row.maybe_text("digest")?,
        created_at: row.time("created_at")?,
        finished_at: row.maybe_time("finished_at")?,
    })
}

impl Store {
    /// A result, without what is in it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none of this user's, or the database's failure.
    pub async fn get_result(&self, user: &UserId, id: ResultId) -> Result<StoredResult, StoreError> {
        let row = self
            .engine()
            .fetch_optional(
                concat!(
                    select_results!(),
                    "where r.id = $1
                        and r.user_id = $2"
                ),
                args![id, user],
            )
            .await?;
        result(&row.ok_or(StoreError::NotFound("result"))?)
    }

    /// The results of a conversation, the newest first.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such conversation of this user's, or the database's failure.
    pub async fn list_results(
        &self,
        user: &UserId,
        conversation: ConversationId,
        page: PageRequest,
    ) -> Result<Page<StoredResult>, StoreError> {
        let start = page.start();
        let rows = self
            .engine()
            .fetch_all(
                concat!(
                    select_results!(),
                    "where r.conversation_id = $1
                        and r.user_id = $2
                        and (r.created_at < $3 or (r.created_at = $3 and r.id < $4))
                    order by r.created_at desc, r.id desc
                    limit $5"
                ),
                args![conversation, user, start.at, start.id, page.fetch_limit()],
            )
            .await?;
        if rows.is_empty() {
            self.get_conversation(user, conversation).await?;
        }
        let items = rows.iter().map(result).collect::<Result<_, _>>()?;
        Ok(page.page(items, |result: &StoredResult| Cursor { at: result.created_at, id: result.id.as_uuid() }))
    }

    /// The results that the calls of a turn made, the first ones, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such turn of this user's, or the database's failure.
    pub async fn turn_results(&self, user: &UserId, turn: TurnId, limit: u32) -> Result<Vec<StoredResult>, StoreError> {
        let conversation = self.get_turn(user, turn).await?.conversation;
        let rows = self
            .engine()
            .fetch_all(
                concat!(
                    select_results!(),
                    "where r.conversation_id = $1
                        and r.turn_id = $2
                        and r.user_id = $3
                    order by r.created_at, r.id
                    limit $4"
                ),
                args![conversation, turn, user, i64::from(limit)],
            )
            .await?;
        rows.iter().map(result).collect()
    }

    /// Where the pieces of a result are, in order.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such result of this user's, or the database's failure.
    pub async fn result_pieces(&self, user: &UserId, id: ResultId) -> Result<Vec<PieceInfo>, StoreError> {
        let mut tx = self.engine().begin_read().await?;
        let row = tx
            .fetch_optional(
                "select row_count, byte_count, columns, piece_count, head_directory,
                    cast(octet_length(head) as bigint) as head_bytes, content
                from results
                where id = $1
                    and user_id = $2",
                args![id, user],
            )
            .await?
            .ok_or(StoreError::NotFound("result"))?;
        if let (Some(size), Some(directory)) = (row.maybe_int("head_bytes")?, row.maybe_bytes("head_directory")?) {
            let units = if row.text("content")? == "table" { "row_count" } else { "byte_count" };
            let (units, bytes) = (count(&row, units)?, count(&row, "byte_count")?);
            let size_bytes = u64::try_from(size).map_err(wrong)?;
            return Ok(vec![PieceInfo { number: 0, first: 0, units, bytes, size_bytes, directory }]);
        }
        let rows = tx
            .fetch_all(
                "select number, first, units, byte_count, size_bytes, directory
                from result_pieces
                where result_id = $1
                order by number",
                args![id],
            )
            .await?;
        let piece = |row: &Row| {
            Ok(PieceInfo {
                number: small(row, "number")?,
                first: count(row, "first")?,
                units: count(row, "units")?,
                bytes: count(row, "byte_count")?,
                size_bytes: count(row, "size_bytes")?,
                directory: row.bytes("directory")?,
            })
        };
        rows.iter().map(piece).collect()
    }

    /// Part of a piece's body: so many bytes from a place on, fewer when it ends before.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such piece of a result of this user's, or the database's failure.
    pub async fn read_result_piece(
        &self,
        user: &UserId,
        id: ResultId,
        number: u32,
        offset: u64,
        length: u64,
    ) -> Result<Vec<u8>, StoreError> {
        // Both engines count from one.
        let (offset, length) = (super::int(offset).saturating_add(1), super::int(length));
        let row = self
            .engine()
            .fetch_optional(
                "select coalesce(
                    case when $3 = 0 then substr(r.head, cast($4 as integer), cast($5 as integer)) end,
                    (
                        select substr(b.bytes, cast($4 as integer), cast($5 as integer))
                        from result_pieces as p
                        join result_blobs as b on b.conversation_id = p.conversation_id
                            and b.digest = p.digest
                        where p.result_id = r.id
                            and p.number = $3
                    )
                ) as bytes
                from results as r
                where r.id = $1
                    and r.user_id = $2",
                args![id, user, i64::from(number), offset, length],
            )
            .await?
            .ok_or(StoreError::NotFound("result"))?;
        row.maybe_bytes("bytes")?.ok_or(StoreError::NotFound("piece of the result"))
    }
}

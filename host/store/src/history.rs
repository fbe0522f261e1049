//! A conversation's history in pages of turns, the newest first, and how much a conversation holds.

use bricklayer_domain::{ConversationId, Event, EventSeq, LaneId, StoredEvent, TurnId, UserId};

use crate::engine::{Tx, args};
use crate::error::StoreError;
use crate::events::{Detail, Span};
use crate::lanes::{self, Stretch};
use crate::limits::ConversationLimits;
use crate::store::Store;

/// Most turns of one page of a history.
pub const MAX_HISTORY_TURNS: u32 = 200;

/// Most bytes of one page of a history, unless a single event is larger; protects memory, of which an answer under way
/// takes several times as much.
pub const MAX_HISTORY_BYTES: u64 = 2 * 1024 * 1024;

/// Most events of one page of a history; protects the page that draws them, too.
pub const MAX_HISTORY_EVENTS: u32 = 4000;

/// A part of a conversation's history.
#[derive(Debug, Clone, PartialEq)]
pub struct HistoryPage {
    /// In order, see [`Detail::Settled`]. Whole turns; only when the newest one alone is larger than a page, it begins
    /// in the middle of that.
    pub events: Vec<StoredEvent>,
    /// Ask for what comes before this event; none when this page begins with the conversation's first turn.
    pub earlier: Option<EventSeq>,
}

impl Store {
    /// The newest turns of a conversation's main lane that began before an event: as many as asked for (1 to
    /// [`MAX_HISTORY_TURNS`]), fewer when they take more than [`MAX_HISTORY_BYTES`] or [`MAX_HISTORY_EVENTS`].
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such conversation of this user's, or the database's failure.
    pub async fn history_before(
        &self,
        user: &UserId,
        conversation: ConversationId,
        before: EventSeq,
        turns: u32,
    ) -> Result<HistoryPage, StoreError> {
        let limit = turns.clamp(1, MAX_HISTORY_TURNS);
        let rows = self
            .engine()
            .fetch_all(
                "select first_seq
                from turns
                where conversation_id = $1
                    and user_id = $2
                    and first_seq < $3
                    and lane_id = $5
                order by first_seq desc
                limit $4",
                args![conversation, user, before.0, i64::from(limit), LaneId::MAIN],
            )
            .await?;
        let begins = rows.iter().map(|row| row.int("first_seq")).collect::<Result<Vec<_>, _>>()?;
        let Some(oldest) = begins.last().copied() else {
            self.get_conversation(user, conversation).await?;
            return Ok(HistoryPage { events: Vec::new(), earlier: None });
        };
        let span = Span { lane: Some(LaneId::MAIN), first: EventSeq(oldest), last: EventSeq(before.0 - 1) };
        let fit =
            self.fit_back(user, conversation, span, MAX_HISTORY_EVENTS, MAX_HISTORY_BYTES, Detail::Settled).await?;
        let first = match fit {
            Some(fit) if !fit.all => {
                // Whole turns: the oldest that begins within what fits.
                let whole = begins.iter().copied().filter(|begin| *begin >= fit.last.0).min();
                EventSeq(whole.unwrap_or(fit.last.0))
            }
            _ => span.first,
        };
        let events = self.read(user, conversation, Span { first, ..span }, MAX_HISTORY_EVENTS, Detail::Settled).await?;
        Ok(HistoryPage { events, earlier: Some(first).filter(|first| first.0 > 1) })
    }
}

/// Where a turn's reading of its conversation begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadFrom {
    /// The turn's lane.
    pub lane: LaneId,
    /// It reads what comes after this event: that before the beginning of the newest compaction, else the start.
    pub after: EventSeq,
}

/// The first event that a turn of a lane reads: where the newest compaction that the lane's reader sees begins, else the
/// first of all.
async fn first_read(tx: &mut Tx, conversation: ConversationId, lane: LaneId) -> Result<EventSeq, StoreError> {
    for Stretch { lane, last } in lanes::seen_by(tx, conversation, lane).await?.into_iter().rev() {
        let newest = tx
            .fetch_optional(
                "select events.body, turns.first_seq
                from events
                join turns on turns.id = events.turn_id
                where events.conversation_id = $1
                    and events.lane_id = $2
                    and events.kind = 'context_compacted'
                    and events.seq <= $3
                order by events.seq desc
                limit 1",
                args![conversation, lane, last.0],
            )
            .await?;
        let Some(row) = newest else { continue };
        let event = serde_json::from_str(&row.text("body")?).map_err(|e| StoreError::inconsistent("events", e))?;
        let Event::ContextCompacted { begins, .. } = event else {
            return Err(StoreError::inconsistent("events", "the body is of another kind"));
        };
        // Whatever it says, a turn reads itself.
        return Ok(EventSeq(begins.0.clamp(1, row.int("first_seq")?.max(1))));
    }
    Ok(EventSeq(1))
}

impl Store {
    /// Where a turn's reading of its conversation begins.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such turn of this user's, or the database's failure.
    pub async fn read_from(&self, user: &UserId, turn: TurnId) -> Result<ReadFrom, StoreError> {
        let mut tx = self.engine().begin_read().await?;
        let row = tx
            .fetch_optional(
                "select conversation_id, lane_id
                from turns
                where id = $1
                    and user_id = $2",
                args![turn, user],
            )
            .await?
            .ok_or(StoreError::NotFound("execution"))?;
        let lane = LaneId::from_uuid(row.uuid("lane_id")?);
        let conversation = ConversationId::from_uuid(row.uuid("conversation_id")?);
        let first = first_read(&mut tx, conversation, lane).await?;
        Ok(ReadFrom { lane, after: EventSeq(first.0 - 1) })
    }
}

/// Refuses to go on with a conversation of which a turn would read as much as it may.
pub(crate) async fn check_room(
    tx: &mut Tx,
    conversation: ConversationId,
    lane: LaneId,
    limits: ConversationLimits,
) -> Result<(), StoreError> {
    let first = first_read(tx, conversation, lane).await?;
    let row = tx
        .fetch_optional(
            "select cast(coalesce(sum(case when first_seq >= $2 then log_bytes end), 0) as bigint) as log_bytes,
                cast(coalesce(sum(structured_bytes), 0) as bigint) as structured_bytes
            from turns
            where conversation_id = $1",
            args![conversation, first.0],
        )
        .await?;
    let Some(row) = row else { return Ok(()) };
    let held = |column| Ok::<_, StoreError>(u64::try_from(row.int(column)?).unwrap_or_default());
    for (what, setting, bytes, limit) in [
        ("messages and calls", "limits.conversation_mib", held("log_bytes")?, limits.log_bytes),
        ("results", "limits.conversation_results_mib", held("structured_bytes")?, limits.structured_bytes),
    ] {
        if bytes >= limit {
            return Err(StoreError::ConversationFull { what, setting, bytes });
        }
    }
    Ok(())
}

//! Reading the log.

use bricklayer_domain::{ConversationId, Event, EventSeq, StoredEvent, TurnId, UserId};

use crate::engine::{Row, Sql, args};
use crate::error::StoreError;
use crate::store::Store;

/// Most events of one read; protects memory. Readers go on after the last one they got.
pub const MAX_EVENT_PAGE: u32 = 1000;

/// How much of the log a reader wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// Everything that is stored. For a reader that follows a running turn.
    All,
    /// Without the deltas of steps that have ended and the progress of calls that have ended: their messages and
    /// results replace them. What a page shows when it is opened.
    Settled,
    /// Without any delta or progress. The model's context.
    NoDeltas,
}

fn event(row: &Row) -> Result<StoredEvent, StoreError> {
    let event: Event = serde_json::from_str(&row.text("body")?).map_err(|e| StoreError::inconsistent("events", e))?;
    Ok(StoredEvent {
        seq: EventSeq(row.int("seq")?),
        conversation: ConversationId::from_uuid(row.uuid("conversation_id")?),
        turn: TurnId::from_uuid(row.uuid("turn_id")?),
        at: row.time("at")?,
        event,
    })
}

/// The statement for a detail: conversation, user, after, up to, limit.
///
/// A text or thinking delta is settled once its step's message, retry, discard or turn's end follows it; progress is
/// settled once the next step or the turn's end follows it. Steps of a conversation come one after another, so what
/// comes last in the log decides for all of it.
const fn select(detail: Detail) -> Sql {
    Sql::Same(match detail {
        Detail::All => {
            "select conversation_id, seq, turn_id, body, at
            from events
            where conversation_id = $1
                and exists (select 1 from conversations where id = $1 and user_id = $2)
                and seq > $3
                and seq <= $4
            order by seq
            limit $5"
        }
        Detail::NoDeltas => {
            "select conversation_id, seq, turn_id, body, at
            from events
            where conversation_id = $1
                and exists (select 1 from conversations where id = $1 and user_id = $2)
                and seq > $3
                and seq <= $4
                and kind not in ('text_delta', 'thinking_delta', 'tool_progress')
            order by seq
            limit $5"
        }
        Detail::Settled => {
            "select conversation_id, seq, turn_id, body, at
            from events
            where conversation_id = $1
                and exists (select 1 from conversations where id = $1 and user_id = $2)
                and seq > $3
                and seq <= $4
                and (
                    kind not in ('text_delta', 'thinking_delta', 'tool_progress')
                    or (
                        kind in ('text_delta', 'thinking_delta')
                        and seq > coalesce((
                            select last.seq
                            from events as last
                            where last.conversation_id = $1
                                and last.kind in (
                                    'turn_started', 'assistant_message', 'model_retry', 'step_discarded',
                                    'turn_finished'
                                )
                            order by last.seq desc
                            limit 1
                        ), 0)
                    )
                    or (
                        kind = 'tool_progress'
                        and seq > coalesce((
                            select last.seq
                            from events as last
                            where last.conversation_id = $1
                                and last.kind in ('turn_started', 'step_started', 'turn_finished')
                            order by last.seq desc
                            limit 1
                        ), 0)
                    )
                )
            order by seq
            limit $5"
        }
    })
}

impl Store {
    /// Events of a conversation after `after`, in order, at most `limit` (and at most [`MAX_EVENT_PAGE`]). Fewer than
    /// that means: these were all.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such conversation of this user's, or the database's failure.
    pub async fn events_after(
        &self,
        user: &UserId,
        conversation: ConversationId,
        after: EventSeq,
        limit: u32,
        detail: Detail,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let events = self.read_events(user, conversation, after, EventSeq(i64::MAX), limit, detail).await?;
        if events.is_empty() {
            self.get_conversation(user, conversation).await?;
        }
        Ok(events)
    }

    /// Events of one turn after `after`, as [`Store::events_after`] does. The turn's last one is
    /// [`Event::TurnFinished`].
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such turn of this user's, or the database's failure.
    pub async fn turn_events_after(
        &self,
        user: &UserId,
        turn: TurnId,
        after: EventSeq,
        limit: u32,
        detail: Detail,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let row = self
            .engine()
            .fetch_optional(
                "select conversation_id, first_seq, last_seq
                from turns
                where id = $1
                    and user_id = $2",
                args![turn, user],
            )
            .await?
            .ok_or(StoreError::NotFound("execution"))?;
        let conversation = ConversationId::from_uuid(row.uuid("conversation_id")?);
        let after = after.max(EventSeq(row.int("first_seq")? - 1));
        self.read_events(user, conversation, after, EventSeq(row.int("last_seq")?), limit, detail).await
    }

    async fn read_events(
        &self,
        user: &UserId,
        conversation: ConversationId,
        after: EventSeq,
        up_to: EventSeq,
        limit: u32,
        detail: Detail,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let limit = i64::from(limit.clamp(1, MAX_EVENT_PAGE));
        let rows = self.engine().fetch_all(select(detail), args![conversation, user, after.0, up_to.0, limit]).await?;
        rows.iter().map(event).collect()
    }

    /// Deletes deltas and progress of turns that have ended, at most `limit` events at a time, the oldest turns
    /// first; returns how many. Their messages and results stay. Called in the background until it returns less
    /// than `limit`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn prune_deltas(
        &self,
        ended_before: chrono::DateTime<chrono::Utc>,
        limit: u32,
    ) -> Result<u64, StoreError> {
        let rows = self
            .engine()
            .write(
                "delete from events
                where (conversation_id, seq) in (
                        select events.conversation_id, events.seq
                        from events
                        join turns on turns.id = events.turn_id
                        where events.kind in ('text_delta', 'thinking_delta', 'tool_progress')
                            and turns.status in ('completed', 'failed', 'cancelled')
                            and turns.updated_at < $1
                        limit $2
                    )
                returning seq",
                args![ended_before, i64::from(limit)],
            )
            .await?;
        Ok(rows.len() as u64)
    }
}

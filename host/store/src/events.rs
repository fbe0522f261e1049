//! Reading the log.

use bricklayer_domain::{ConversationId, Event, EventSeq, StoredEvent, TurnId, UserId};
use chrono::{DateTime, Utc};

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

    /// Deletes the deltas and the progress of turns that ended before a time, of at most `max_turns` turns, the longest
    /// ended first; returns how many turns it went through. Their messages and results stay. Called in the
    /// background, a few turns at a time, until it returns less than `max_turns`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn prune_deltas(&self, ended_before: DateTime<Utc>, max_turns: u32) -> Result<u64, StoreError> {
        let mut tx = self.engine().begin().await?;
        let turns = tx
            .fetch_all(
                Sql::Each {
                    sqlite: "select id, conversation_id, first_seq, last_seq
                    from turns
                    where has_deltas
                        and status in ('completed', 'failed', 'cancelled')
                        and updated_at < $1
                    order by updated_at
                    limit $2",
                    postgres: "select id, conversation_id, first_seq, last_seq
                    from turns
                    where has_deltas
                        and status in ('completed', 'failed', 'cancelled')
                        and updated_at < $1
                    order by updated_at
                    limit $2
                    for update skip locked",
                },
                args![ended_before, i64::from(max_turns)],
            )
            .await?;
        for turn in &turns {
            tx.execute(
                "delete from events
                where conversation_id = $1
                    and seq >= $2
                    and seq <= $3
                    and kind in ('text_delta', 'thinking_delta', 'tool_progress')",
                args![turn.uuid("conversation_id")?, turn.int("first_seq")?, turn.int("last_seq")?],
            )
            .await?;
            tx.execute(
                "update turns
                set has_deltas = $1
                where id = $2",
                args![false, turn.uuid("id")?],
            )
            .await?;
        }
        tx.commit().await?;
        Ok(turns.len() as u64)
    }
}

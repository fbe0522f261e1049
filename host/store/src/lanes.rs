//! Lanes: a conversation's log is one order of events, of which each belongs to one lane. A fork reads what its parent
//! said up to its message and then its own; a subagent reads its own.

use std::collections::HashSet;

use bricklayer_domain::{ConversationId, EventSeq, Lane, LaneId, LaneParent, ToolCallId, TurnId, UserId};
use chrono::{DateTime, Utc};

use crate::engine::{Row, Tx, args};
use crate::error::{StoreError, again_on_conflict};
use crate::events::{Detail, EventPage, Span};
use crate::store::Store;

/// Most lanes of one conversation beside its main one; protects those who list them.
pub const MAX_LANES: u32 = 1_000;

/// How deep lanes may hang in one another: each earlier message that is said differently, once more was said after it,
/// is one deeper. Bounds how many parts a fork's log has.
pub const MAX_LANE_DEPTH: usize = 200;

/// A part of what a lane's reader sees: the events of one lane up to a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stretch {
    pub(crate) lane: LaneId,
    pub(crate) last: EventSeq,
}

fn lane(row: &Row) -> Result<Lane, StoreError> {
    let inside = LaneId::from_uuid(row.uuid("parent_lane_id")?);
    let parent = match (row.maybe_uuid("turn_id")?, row.maybe_int("through_seq")?) {
        (Some(turn), None) => {
            let call = String::from_utf8(row.bytes("call_id")?).map_err(|e| StoreError::inconsistent("lanes", e))?;
            LaneParent::Call { lane: inside, turn: TurnId::from_uuid(turn), call: ToolCallId(call) }
        }
        (None, Some(through)) => LaneParent::Message { lane: inside, through: EventSeq(through) },
        _ => return Err(StoreError::inconsistent("lanes", "a lane of a call and of a message, or of neither")),
    };
    Ok(Lane {
        id: LaneId::from_uuid(row.uuid("id")?),
        conversation: ConversationId::from_uuid(row.uuid("conversation_id")?),
        parent,
        created_at: row.time("created_at")?,
    })
}

/// A lane and those that it hangs in, itself first; none for the main lane.
pub(crate) async fn ancestry(tx: &mut Tx, conversation: ConversationId, id: LaneId) -> Result<Vec<Lane>, StoreError> {
    if id == LaneId::MAIN {
        return Ok(Vec::new());
    }
    let depth = i64::try_from(MAX_LANE_DEPTH).unwrap_or(i64::MAX);
    let rows = tx
        .fetch_all(
            "with recursive above (id, conversation_id, parent_lane_id, turn_id, call_id, through_seq, created_at, depth) as (
                select id, conversation_id, parent_lane_id, turn_id, call_id, through_seq, created_at, cast(1 as bigint)
                from lanes
                where conversation_id = $1
                    and id = $2
                union all
                select lanes.id, lanes.conversation_id, lanes.parent_lane_id, lanes.turn_id, lanes.call_id,
                    lanes.through_seq, lanes.created_at, above.depth + 1
                from above
                join lanes on lanes.id = above.parent_lane_id
                    and lanes.conversation_id = above.conversation_id
                where above.depth <= $3
            )
            select id, conversation_id, parent_lane_id, turn_id, call_id, through_seq, created_at
            from above
            order by depth",
            args![conversation, id, depth],
        )
        .await?;
    let lanes = rows.iter().map(lane).collect::<Result<Vec<_>, _>>()?;
    if lanes.len() > MAX_LANE_DEPTH {
        return Err(StoreError::inconsistent("lanes", "they hang in one another too deep"));
    }
    match lanes.last() {
        Some(top) if top.parent.lane() == LaneId::MAIN => Ok(lanes),
        Some(_) | None => Err(StoreError::NotFound("lane")),
    }
}

/// What the reader of a lane sees, in order; `ancestry` is the lane and those that it hangs in.
pub(crate) fn stretches(ancestry: &[Lane]) -> Vec<Stretch> {
    let end = EventSeq(i64::MAX);
    let mut seen = vec![Stretch { lane: LaneId::MAIN, last: end }];
    for lane in ancestry.iter().rev() {
        match lane.parent {
            LaneParent::Call { .. } => seen.clear(),
            LaneParent::Message { through, .. } => {
                // What begins after the message is not seen.
                let begun = seen.iter().take_while(|stretch| stretch.last < through).count();
                seen.truncate(begun.saturating_add(1));
                if let Some(stretch) = seen.last_mut() {
                    stretch.last = stretch.last.min(through);
                }
            }
        }
        seen.push(Stretch { lane: lane.id, last: end });
    }
    seen
}

/// Whether a lane is one of the conversation's.
pub(crate) async fn is_lane(tx: &mut Tx, conversation: ConversationId, id: LaneId) -> Result<bool, sqlx::Error> {
    if id == LaneId::MAIN {
        return Ok(true);
    }
    let row = tx
        .fetch_optional(
            "select id
            from lanes
            where conversation_id = $1
                and id = $2",
            args![conversation, id],
        )
        .await?;
    Ok(row.is_some())
}

/// Whether there is what a lane would belong to, in the lane that it would hang in; `above` is that one's ancestry.
async fn is_place(
    tx: &mut Tx,
    conversation: ConversationId,
    parent: &LaneParent,
    above: &[Lane],
) -> Result<bool, StoreError> {
    match parent {
        LaneParent::Call { turn, .. } => {
            let row = tx
                .fetch_optional(
                    "select id
                    from turns
                    where conversation_id = $1
                        and id = $2",
                    args![conversation, *turn],
                )
                .await?;
            Ok(row.is_some())
        }
        // Before the first message nothing was said.
        LaneParent::Message { lane: LaneId::MAIN, through: EventSeq::START } => Ok(true),
        LaneParent::Message { through, .. } => {
            let row = tx
                .fetch_optional(
                    "select lane_id
                    from events
                    where conversation_id = $1
                        and seq = $2",
                    args![conversation, through.0],
                )
                .await?;
            let Some(row) = row else { return Ok(false) };
            let of = LaneId::from_uuid(row.uuid("lane_id")?);
            Ok(stretches(above).iter().any(|stretch| stretch.lane == of && *through <= stretch.last))
        }
    }
}

/// Opens a lane in a conversation that is known to be the caller's.
pub(crate) async fn insert_lane(
    tx: &mut Tx,
    conversation: ConversationId,
    parent: &LaneParent,
    now: DateTime<Utc>,
) -> Result<Lane, StoreError> {
    let held = tx
        .fetch_optional(
            "select count(*) as lanes
            from lanes
            where conversation_id = $1",
            args![conversation],
        )
        .await?;
    let held = held.map_or(Ok(0), |row| row.int("lanes"))?;
    let above = ancestry(tx, conversation, parent.lane()).await?;
    if held >= i64::from(MAX_LANES) || above.len() >= MAX_LANE_DEPTH {
        return Err(StoreError::TooMany { what: "branches and subagents in this conversation", limit: MAX_LANES });
    }
    let (turn, call, through) = match parent {
        LaneParent::Call { turn, call, .. } => (Some(*turn), Some(call), None),
        LaneParent::Message { through, .. } => (None, None, Some(*through)),
    };
    if !is_place(tx, conversation, parent, &above).await? {
        return Err(StoreError::NotFound("place in that lane"));
    }
    let id = LaneId::new();
    tx.execute(
        "insert into lanes (id, conversation_id, parent_lane_id, turn_id, call_id, through_seq, created_at)
        values ($1, $2, $3, $4, $5, $6, $7)",
        args![
            id,
            conversation,
            parent.lane(),
            turn.map(|turn| turn.as_uuid()),
            call.map(|call| call.0.as_bytes()),
            through.map(|seq| seq.0),
            now
        ],
    )
    .await?;
    Ok(Lane { id, conversation, parent: parent.clone(), created_at: now })
}

/// What the reader of a lane sees, in order.
pub(crate) async fn seen_by(
    tx: &mut Tx,
    conversation: ConversationId,
    lane: LaneId,
) -> Result<Vec<Stretch>, StoreError> {
    Ok(stretches(&ancestry(tx, conversation, lane).await?))
}

impl Store {
    /// Opens a lane that hangs in another one.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such conversation of this user's, or in it no such lane, turn or event
    /// in that lane, [`StoreError::TooMany`], or the database's failure.
    pub async fn open_lane(
        &self,
        user: &UserId,
        conversation: ConversationId,
        parent: LaneParent,
    ) -> Result<Lane, StoreError> {
        let conversation = self.get_conversation(user, conversation).await?.id;
        again_on_conflict!(self.try_open_lane(conversation, &parent))
    }

    async fn try_open_lane(&self, conversation: ConversationId, parent: &LaneParent) -> Result<Lane, StoreError> {
        let mut tx = self.engine().begin().await?;
        let lane = insert_lane(&mut tx, conversation, parent, self.now()).await?;
        tx.commit().await?;
        Ok(lane)
    }

    /// The lanes of a conversation beside its main one, the oldest first: at most [`MAX_LANES`].
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such conversation of this user's, or the database's failure.
    pub async fn list_lanes(&self, user: &UserId, conversation: ConversationId) -> Result<Vec<Lane>, StoreError> {
        let conversation = self.get_conversation(user, conversation).await?.id;
        self.lanes_of(conversation).await
    }

    /// Those of a conversation that is known to be the caller's.
    async fn lanes_of(&self, conversation: ConversationId) -> Result<Vec<Lane>, StoreError> {
        let rows = self
            .engine()
            .fetch_all(
                "select id, conversation_id, parent_lane_id, turn_id, call_id, through_seq, created_at
                from lanes
                where conversation_id = $1
                order by created_at, id",
                args![conversation],
            )
            .await?;
        rows.iter().map(lane).collect()
    }

    /// The lanes of calls of these turns, the newest first.
    pub(crate) async fn lanes_of_calls(
        &self,
        conversation: ConversationId,
        turns: &HashSet<TurnId>,
    ) -> Result<Vec<Lane>, StoreError> {
        let of_turns = |lane: &Lane| matches!(&lane.parent, LaneParent::Call { turn, .. } if turns.contains(turn));
        Ok(self.lanes_of(conversation).await?.into_iter().rev().filter(of_turns).collect())
    }

    /// The lanes that events of a turn may belong to beside the main one: those of its calls, and its own.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such turn of this user's, or the database's failure.
    pub async fn turn_lanes(&self, user: &UserId, turn: TurnId) -> Result<Vec<Lane>, StoreError> {
        let rows = self
            .engine()
            .fetch_all(
                "select lanes.id, lanes.conversation_id, lanes.parent_lane_id, lanes.turn_id, lanes.call_id,
                    lanes.through_seq, lanes.created_at
                from lanes
                join turns on turns.conversation_id = lanes.conversation_id
                    and (lanes.turn_id = turns.id or lanes.id = turns.lane_id)
                where turns.id = $1
                    and turns.user_id = $2
                order by lanes.created_at, lanes.id",
                args![turn, user],
            )
            .await?;
        if rows.is_empty() {
            self.get_turn(user, turn).await?;
        }
        rows.iter().map(lane).collect()
    }

    /// What the reader of a lane sees after `after`, as [`Store::events_after`] does for the main lane: of a fork, the
    /// events of its parent up to its message come first. A page holds events of one lane; the next may hold another's.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such conversation of this user's or no such lane in it, or the
    /// database's failure.
    pub async fn lane_events_after(
        &self,
        user: &UserId,
        conversation: ConversationId,
        lane: LaneId,
        after: EventSeq,
        limit: u32,
        detail: Detail,
    ) -> Result<EventPage, StoreError> {
        if lane == LaneId::MAIN {
            return self.events_after(user, conversation, after, limit, detail).await;
        }
        self.get_conversation(user, conversation).await?;
        let seen = seen_by(&mut self.engine().begin_read().await?, conversation, lane).await?;
        let mut page = EventPage { events: Vec::new(), through: after, complete: true };
        for Stretch { lane, last } in seen {
            if last <= page.through {
                continue;
            }
            let first = EventSeq(page.through.0.saturating_add(1));
            page = self.page(user, conversation, Span { lane: Some(lane), first, last }, limit, detail).await?;
            if !page.events.is_empty() || last.0 == i64::MAX {
                page.complete = page.complete && last.0 == i64::MAX;
                return Ok(page);
            }
            page.through = last;
        }
        Ok(page)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lane(id: u128, parent: LaneParent) -> Lane {
        let (id, conversation) = (lane_id(id), ConversationId::new());
        Lane { id, conversation, parent, created_at: DateTime::UNIX_EPOCH }
    }

    fn lane_id(id: u128) -> LaneId {
        LaneId::from_uuid(uuid::Uuid::from_u128(id))
    }

    fn fork(lane: u128, through: i64) -> LaneParent {
        LaneParent::Message { lane: lane_id(lane), through: EventSeq(through) }
    }

    #[test]
    fn a_lane_shows_what_its_ancestors_said_up_to_it() {
        const END: i64 = i64::MAX;
        let call = LaneParent::Call { lane: lane_id(1), turn: TurnId::new(), call: ToolCallId("c".into()) };
        // Each with itself first.
        for (ancestry, expected) in [
            (vec![], vec![(0, END)]),
            (vec![lane(1, fork(0, 5))], vec![(0, 5), (1, END)]),
            (vec![lane(2, fork(1, 9)), lane(1, fork(0, 5))], vec![(0, 5), (1, 9), (2, END)]),
            // A fork of a fork at what the first one has from its parent.
            (vec![lane(2, fork(1, 3)), lane(1, fork(0, 5))], vec![(0, 3), (2, END)]),
            (vec![lane(2, fork(1, 5)), lane(1, fork(0, 5))], vec![(0, 5), (2, END)]),
            (vec![lane(2, call.clone()), lane(1, fork(0, 5))], vec![(2, END)]),
            (vec![lane(3, fork(2, 8)), lane(2, call), lane(1, fork(0, 5))], vec![(2, 8), (3, END)]),
        ] {
            let expected: Vec<_> = expected
                .into_iter()
                .map(|(lane, last)| Stretch { lane: lane_id(lane), last: EventSeq(last) })
                .collect();
            assert_eq!(stretches(&ancestry), expected);
        }
    }
}

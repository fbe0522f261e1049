//! Where in its conversation a message is said: at the end of a lane, or at an earlier place, which opens another lane.

use bricklayer_domain::{ConversationId, EventSeq, LaneId, LaneParent, TurnId};
use chrono::{DateTime, Utc};

use crate::engine::{Tx, args};
use crate::error::StoreError;
use crate::lanes::{ancestry, insert_lane};

/// Where in its conversation a message is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TurnPlace {
    /// After the conversation's newest turn, in that one's lane.
    Next,
    /// After the last turn of a lane.
    Lane(LaneId),
    /// In the place of a turn, as another version of it: what was said before it is read, it and what followed it is
    /// not, and both stay.
    InsteadOf(TurnId),
    /// After a turn, as if nothing had followed it.
    After(TurnId),
}

/// A turn in its lane.
struct Placed {
    lane: LaneId,
    first: EventSeq,
    last: EventSeq,
}

async fn find(tx: &mut Tx, conversation: ConversationId, turn: TurnId) -> Result<Placed, StoreError> {
    let row = tx
        .fetch_optional(
            "select lane_id, first_seq, last_seq
            from turns
            where conversation_id = $1
                and id = $2",
            args![conversation, turn],
        )
        .await?
        .ok_or(StoreError::NotFound("execution"))?;
    Ok(Placed {
        lane: LaneId::from_uuid(row.uuid("lane_id")?),
        first: EventSeq(row.int("first_seq")?),
        last: EventSeq(row.int("last_seq")?),
    })
}

/// The lane of the conversation's newest turn.
pub(crate) async fn newest_lane(tx: &mut Tx, conversation: ConversationId) -> Result<LaneId, StoreError> {
    let row = tx
        .fetch_optional(
            "select lane_id
            from turns
            where conversation_id = $1
            order by first_seq desc
            limit 1",
            args![conversation],
        )
        .await?;
    row.map_or(Ok(LaneId::MAIN), |row| Ok(LaneId::from_uuid(row.uuid("lane_id")?)))
}

/// What a version of a turn hangs in: what was said before it in its own lane, and as the first of its lane in what that
/// one hangs in, so that versions of one turn are beside one another.
async fn before(tx: &mut Tx, conversation: ConversationId, turn: &Placed) -> Result<LaneParent, StoreError> {
    let earlier = tx
        .fetch_optional(
            "select last_seq
            from turns
            where conversation_id = $1
                and lane_id = $2
                and first_seq < $3
            order by first_seq desc
            limit 1",
            args![conversation, turn.lane, turn.first.0],
        )
        .await?;
    if let Some(row) = earlier {
        return Ok(LaneParent::Message { lane: turn.lane, through: EventSeq(row.int("last_seq")?) });
    }
    let own = ancestry(tx, conversation, turn.lane).await?.into_iter().next();
    Ok(own.map_or(LaneParent::Message { lane: LaneId::MAIN, through: EventSeq::START }, |lane| lane.parent))
}

async fn is_last(tx: &mut Tx, conversation: ConversationId, turn: &Placed) -> Result<bool, StoreError> {
    let later = tx
        .fetch_optional(
            "select id
            from turns
            where conversation_id = $1
                and lane_id = $2
                and first_seq > $3
            limit 1",
            args![conversation, turn.lane, turn.first.0],
        )
        .await?;
    Ok(later.is_none())
}

/// The lane in which a message is said, which is opened when its place needs one.
pub(crate) async fn lane_of(
    tx: &mut Tx,
    conversation: ConversationId,
    place: TurnPlace,
    now: DateTime<Utc>,
) -> Result<LaneId, StoreError> {
    let parent = match place {
        TurnPlace::Next => return newest_lane(tx, conversation).await,
        TurnPlace::Lane(lane) => {
            let own = ancestry(tx, conversation, lane).await?.into_iter().next();
            return match own.map(|lane| lane.parent) {
                // Nobody but its call speaks to a subagent.
                Some(LaneParent::Call { .. }) => Err(StoreError::NotFound("lane")),
                Some(LaneParent::Message { .. }) | None => Ok(lane),
            };
        }
        TurnPlace::InsteadOf(turn) => {
            let turn = find(tx, conversation, turn).await?;
            before(tx, conversation, &turn).await?
        }
        TurnPlace::After(turn) => {
            let turn = find(tx, conversation, turn).await?;
            if is_last(tx, conversation, &turn).await? {
                return Ok(turn.lane);
            }
            LaneParent::Message { lane: turn.lane, through: turn.last }
        }
    };
    Ok(insert_lane(tx, conversation, &parent, now).await?.id)
}

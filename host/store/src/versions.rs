//! Versions of a turn: what was said in its place, each in a lane of its own.

use std::collections::{BTreeMap, HashMap};

use bricklayer_domain::{ConversationId, EventSeq, Lane, LaneId, LaneParent, TurnId, UserId};

use crate::engine::{Row, args};
use crate::error::StoreError;
use crate::lanes::{Stretch, stretches};
use crate::store::Store;

/// One of several turns that were said at one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version {
    /// The turn.
    pub turn: TurnId,
    /// Of the lanes whose reader sees it, the one that went on last.
    pub lane: LaneId,
}

/// A place of a conversation at which several turns were said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versions {
    /// The one that the reader of the lane sees.
    pub shown: TurnId,
    /// All of them, the oldest first.
    pub all: Vec<Version>,
}

/// A turn that is the first one after a place.
struct FirstTurn {
    id: TurnId,
    lane: LaneId,
    seq: EventSeq,
    /// The last event before the place.
    through: EventSeq,
}

fn first_turn(row: &Row) -> Result<FirstTurn, StoreError> {
    Ok(FirstTurn {
        id: TurnId::from_uuid(row.uuid("id")?),
        lane: LaneId::from_uuid(row.uuid("lane_id")?),
        seq: EventSeq(row.int("first_seq")?),
        through: EventSeq(row.int("through_seq")?),
    })
}

/// What the reader of each lane sees, each lane's parents being among them.
fn all_seen(lanes: &[Lane]) -> HashMap<LaneId, Vec<Stretch>> {
    let by_id: HashMap<LaneId, &Lane> = lanes.iter().map(|lane| (lane.id, lane)).collect();
    let seen = |id: LaneId| {
        let mut ancestry = Vec::new();
        let mut next = id;
        while let Some(lane) = by_id.get(&next)
            && ancestry.len() < lanes.len()
        {
            ancestry.push((*lane).clone());
            next = lane.parent.lane();
        }
        (id, stretches(&ancestry))
    };
    std::iter::once(LaneId::MAIN).chain(by_id.keys().copied()).map(seen).collect()
}

fn sees(stretches: &[Stretch], turn: &FirstTurn) -> bool {
    stretches.iter().any(|stretch| stretch.lane == turn.lane && turn.seq <= stretch.last)
}

impl Store {
    /// The places of what a lane's reader sees at which more than one turn was said, in order; at most
    /// [`MAX_LANES`](crate::MAX_LANES).
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such conversation of this user's, or the database's failure.
    pub async fn versions(
        &self,
        user: &UserId,
        conversation: ConversationId,
        lane: LaneId,
    ) -> Result<Vec<Versions>, StoreError> {
        let lanes = self.list_lanes(user, conversation).await?;
        if !lanes.iter().any(|lane| matches!(lane.parent, LaneParent::Message { .. })) {
            return Ok(Vec::new());
        }
        let seen = all_seen(&lanes);
        let newest = self.newest_turns(conversation).await?;
        let mut places: BTreeMap<EventSeq, BTreeMap<EventSeq, FirstTurn>> = BTreeMap::new();
        for turn in self.first_turns(conversation).await? {
            places.entry(turn.through).or_default().insert(turn.seq, turn);
        }
        let shown_by = |turn: &FirstTurn| {
            let lanes = seen.iter().filter(|(_, stretches)| sees(stretches, turn)).map(|(lane, _)| *lane);
            lanes.max_by_key(|lane| newest.get(lane).copied()).unwrap_or(turn.lane)
        };
        let here = seen.get(&lane).ok_or(StoreError::NotFound("lane"))?;
        let versions = places.into_values().filter(|turns| turns.len() > 1).filter_map(|turns| {
            let shown = turns.values().find(|turn| sees(here, turn))?.id;
            let version = |turn: &FirstTurn| Version { turn: turn.id, lane: shown_by(turn) };
            Some(Versions { shown, all: turns.values().map(version).collect() })
        });
        Ok(versions.collect())
    }

    /// The first turn after each place at which a lane begins: in that lane, and in the one that it hangs in.
    async fn first_turns(&self, conversation: ConversationId) -> Result<Vec<FirstTurn>, StoreError> {
        let rows = self
            .engine()
            .fetch_all(
                "select turns.id, turns.lane_id, turns.first_seq, lanes.through_seq
                from lanes
                join turns on turns.conversation_id = lanes.conversation_id
                    and turns.first_seq = (
                        select own.first_seq
                        from turns as own
                        where own.conversation_id = lanes.conversation_id
                            and own.lane_id = lanes.id
                            and own.first_seq > lanes.through_seq
                        order by own.first_seq
                        limit 1
                    )
                where lanes.conversation_id = $1
                    and lanes.through_seq is not null
                union
                select turns.id, turns.lane_id, turns.first_seq, lanes.through_seq
                from lanes
                left join events on events.conversation_id = lanes.conversation_id
                    and events.seq = lanes.through_seq
                join turns on turns.conversation_id = lanes.conversation_id
                    and turns.first_seq = (
                        select above.first_seq
                        from turns as above
                        where above.conversation_id = lanes.conversation_id
                            and above.lane_id = coalesce(events.lane_id, $2)
                            and above.first_seq > lanes.through_seq
                        order by above.first_seq
                        limit 1
                    )
                where lanes.conversation_id = $1
                    and lanes.through_seq is not null",
                args![conversation, LaneId::MAIN],
            )
            .await?;
        rows.iter().map(first_turn).collect()
    }

    /// The first event of each lane's newest turn.
    async fn newest_turns(&self, conversation: ConversationId) -> Result<HashMap<LaneId, EventSeq>, StoreError> {
        let rows = self
            .engine()
            .fetch_all(
                "select lane_id, max(first_seq) as first_seq
                from turns
                where conversation_id = $1
                group by lane_id",
                args![conversation],
            )
            .await?;
        rows.iter().map(|row| Ok((LaneId::from_uuid(row.uuid("lane_id")?), EventSeq(row.int("first_seq")?)))).collect()
    }
}

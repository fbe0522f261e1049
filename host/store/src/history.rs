//! A conversation's history in pages of turns, the newest first, and how much a conversation holds.

use std::collections::HashSet;

use bricklayer_domain::{ConversationId, Event, EventSeq, Lane, LaneId, StoredEvent, TurnId, UserId};

use crate::engine::{Tx, args};
use crate::error::StoreError;
use crate::events::{Detail, Span};
use crate::lanes::{self, Stretch};
use crate::limits::ConversationLimits;
use crate::places::newest_lane;
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
    /// Whose reader sees it.
    pub lane: LaneId,
    /// The lane of the newest turn.
    pub newest: LaneId,
    /// In order, see [`Detail::Settled`]. Whole turns; only when the newest one alone is larger than a page, it begins
    /// in the middle of that.
    pub events: Vec<StoredEvent>,
    /// Ask for what comes before this event; none when this page begins with the conversation's first turn.
    pub earlier: Option<EventSeq>,
    /// What subagents of these turns' calls did until the page's last event, the newest lane first: as many whole lanes
    /// as fit into a page of their own.
    pub of_calls: Vec<CallLane>,
}

/// What a subagent did.
#[derive(Debug, Clone, PartialEq)]
pub struct CallLane {
    /// Its lane.
    pub lane: Lane,
    /// In order, as in the page.
    pub events: Vec<StoredEvent>,
}

/// What a page of a history may still take.
struct Room {
    turns: usize,
    events: u32,
    bytes: u64,
}

impl Store {
    /// The newest turns that the reader of a lane (of that of the newest turn, when none is named) sees and that began
    /// before an event: as many as asked for (1 to [`MAX_HISTORY_TURNS`]), fewer when they take more than
    /// [`MAX_HISTORY_BYTES`] or [`MAX_HISTORY_EVENTS`].
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such conversation of this user's or no such lane in it, or the
    /// database's failure.
    pub async fn history_before(
        &self,
        user: &UserId,
        conversation: ConversationId,
        lane: Option<LaneId>,
        before: EventSeq,
        turns: u32,
    ) -> Result<HistoryPage, StoreError> {
        let conversation = self.get_conversation(user, conversation).await?.id;
        let (newest, lane, seen) = {
            let mut tx = self.engine().begin_read().await?;
            let newest = newest_lane(&mut tx, conversation).await?;
            let lane = lane.unwrap_or(newest);
            (newest, lane, lanes::seen_by(&mut tx, conversation, lane).await?)
        };
        let turns = turns.clamp(1, MAX_HISTORY_TURNS) as usize;
        let mut room = Room { turns, events: MAX_HISTORY_EVENTS, bytes: MAX_HISTORY_BYTES };
        let mut parts = Vec::new();
        for stretch in seen.into_iter().rev() {
            let before = EventSeq(before.0.min(stretch.last.0.saturating_add(1)));
            let Some(part) = self.part_before(user, conversation, stretch.lane, before, &mut room).await? else {
                continue;
            };
            let whole = part.whole;
            parts.push(part.events);
            if !whole {
                let earlier = parts.iter().rev().flatten().next().map(|stored| stored.seq);
                let events = in_order(parts);
                let of_calls = self.of_calls(user, conversation, &events).await?;
                return Ok(HistoryPage { lane, newest, events, earlier, of_calls });
            }
        }
        let events = in_order(parts);
        let of_calls = self.of_calls(user, conversation, &events).await?;
        Ok(HistoryPage { lane, newest, events, earlier: None, of_calls })
    }

    /// What subagents did in the turns of these events.
    async fn of_calls(
        &self,
        user: &UserId,
        conversation: ConversationId,
        events: &[StoredEvent],
    ) -> Result<Vec<CallLane>, StoreError> {
        let turns: HashSet<TurnId> = events.iter().map(|stored| stored.turn).collect();
        let Some(last) = events.last().map(|stored| stored.seq) else { return Ok(Vec::new()) };
        let (mut left, mut bytes) = (MAX_HISTORY_EVENTS, MAX_HISTORY_BYTES);
        let mut of_calls = Vec::new();
        for lane in self.lanes_of_calls(conversation, &turns).await? {
            let span = Span { lane: Some(lane.id), first: EventSeq::START, last };
            let Some(fit) = self.fit_back(user, conversation, span, left, bytes, Detail::Settled).await? else {
                continue;
            };
            if !fit.all {
                continue;
            }
            let events = self.read(user, conversation, span, left, Detail::Settled).await?;
            left = left.saturating_sub(u32::try_from(events.len()).unwrap_or(u32::MAX));
            bytes = bytes.saturating_sub(fit.bytes);
            of_calls.push(CallLane { lane, events });
        }
        Ok(of_calls)
    }

    /// What of a lane before an event goes into the room; none when it has nothing there.
    async fn part_before(
        &self,
        user: &UserId,
        conversation: ConversationId,
        lane: LaneId,
        before: EventSeq,
        room: &mut Room,
    ) -> Result<Option<Part>, StoreError> {
        // One more than asked, to learn whether these are all.
        let limit = i64::try_from(room.turns).unwrap_or(i64::MAX).saturating_add(1);
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
                args![conversation, user, before.0, limit, lane],
            )
            .await?;
        let mut begins = rows.iter().map(|row| row.int("first_seq")).collect::<Result<Vec<_>, _>>()?;
        if begins.is_empty() {
            return Ok(None);
        }
        let mut whole = begins.len() <= room.turns;
        begins.truncate(room.turns);
        let Some(oldest) = begins.last().copied() else { return Ok(Some(Part::NOTHING)) };
        let span = Span { lane: Some(lane), first: EventSeq(oldest), last: EventSeq(before.0 - 1) };
        let is_first = room.events == MAX_HISTORY_EVENTS;
        let (events, bytes) = (room.events, room.bytes);
        let fit = self.fit_back(user, conversation, span, events, bytes, Detail::Settled).await?;
        let first = match &fit {
            Some(fit) if !fit.all => {
                whole = false;
                // Whole turns: the oldest that begins within what fits.
                match begins.iter().copied().filter(|begin| *begin >= fit.last.0).min() {
                    Some(begin) => EventSeq(begin),
                    None if is_first => fit.last,
                    None => return Ok(Some(Part::NOTHING)),
                }
            }
            _ => span.first,
        };
        let events = self.read(user, conversation, Span { first, ..span }, events, Detail::Settled).await?;
        room.turns = room.turns.saturating_sub(begins.len());
        room.events = room.events.saturating_sub(u32::try_from(events.len()).unwrap_or(u32::MAX));
        room.bytes = room.bytes.saturating_sub(fit.map_or(0, |fit| fit.bytes));
        if room.events == 0 || room.bytes == 0 {
            room.turns = 0;
        }
        Ok(Some(Part { events, whole }))
    }
}

/// A part of a page, of one lane.
struct Part {
    events: Vec<StoredEvent>,
    /// Whether the lane has nothing before it.
    whole: bool,
}

impl Part {
    /// There is something, for which there is no room.
    const NOTHING: Self = Self { events: Vec::new(), whole: false };
}

/// The newest part is the first.
fn in_order(parts: Vec<Vec<StoredEvent>>) -> Vec<StoredEvent> {
    parts.into_iter().rev().flatten().collect()
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
    let mut log_bytes = 0;
    for Stretch { lane, last } in lanes::seen_by(tx, conversation, lane).await?.into_iter().rev() {
        if last < first {
            break;
        }
        let row = tx
            .fetch_optional(
                "select cast(coalesce(sum(log_bytes), 0) as bigint) as log_bytes
                from turns
                where conversation_id = $1
                    and lane_id = $2
                    and first_seq >= $3
                    and first_seq <= $4",
                args![conversation, lane, first.0, last.0],
            )
            .await?;
        let held = row.map_or(Ok(0), |row| row.int("log_bytes"))?;
        log_bytes = u64::saturating_add(log_bytes, u64::try_from(held).unwrap_or_default());
    }
    // What was made for people is kept whatever lane it is of.
    let row = tx
        .fetch_optional(
            "select cast(coalesce(sum(structured_bytes), 0) as bigint) as structured_bytes
            from turns
            where conversation_id = $1",
            args![conversation],
        )
        .await?;
    let structured_bytes = row.map_or(Ok(0), |row| row.int("structured_bytes"))?;
    let structured_bytes = u64::try_from(structured_bytes).unwrap_or_default();
    for (what, setting, bytes, limit) in [
        ("messages and calls", "limits.conversation_mib", log_bytes, limits.log_bytes),
        ("results", "limits.conversation_results_mib", structured_bytes, limits.structured_bytes),
    ] {
        if bytes >= limit {
            return Err(StoreError::ConversationFull { what, setting, bytes });
        }
    }
    Ok(())
}

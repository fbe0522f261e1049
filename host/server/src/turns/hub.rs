//! Live readers of a turn.
//!
//! A hub exists while a turn is driven here or read here. The driver publishes what it stored and previews of what it
//! will store; readers get both in order. A reader that is too slow loses its place in the channel, not its events:
//! it reads the store again from the last event it has.
//!
//! **Previews and the log.** A preview carries the position of the last stored event before it (its *base*). A reader
//! shows a preview only when it stands exactly there: any later event in the log already holds the preview's text, and
//! applying the preview after it would cut that text off again.
//!
//! **Lanes.** A turn's log holds the lanes of its subagents too, in one order. What one lane says voids nothing of
//! another, and each event tells its lane. A lane that was not heard of before sends readers to the store, where what it
//! belongs to is looked up.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use bricklayer_domain::{ConversationId, Event, EventSeq, LaneId, Piece, StoredEvent, TurnId, UserId, chain};
use bricklayer_store::{Store, StoreError};
use bytes::Bytes;
use tokio::sync::broadcast;

use super::lanes::{KnownLanes, ToldLane, ends_turn};
use super::replay::{ReplayPage, Replays};
use crate::events::{self, WireEvent};

/// Frames that a reader may lag behind before it is sent back to the store; about a megabyte of deltas at worst.
const CHANNEL_FRAMES: usize = 512;

/// What a reader is told.
#[derive(Debug, Clone)]
pub(crate) enum Item {
    /// An event was stored; its frames, ready to send.
    Stored {
        /// Its position.
        seq: EventSeq,
        /// Its frames.
        frames: Bytes,
        /// Whether it is the turn's last.
        terminal: bool,
    },
    /// A delta that will be stored.
    Preview {
        /// The last stored event before it.
        base: EventSeq,
        /// Its frame.
        frame: Bytes,
    },
    /// Another host stored something: read the store.
    Look,
}

/// All hubs of this process.
#[derive(Debug, Clone, Default)]
pub(crate) struct Hubs {
    hubs: Arc<Mutex<HashMap<TurnId, Weak<Hub>>>>,
}

/// One turn's readers and what they have not got from the store yet.
#[derive(Debug)]
pub(crate) struct Hub {
    turn: TurnId,
    sender: broadcast::Sender<Item>,
    state: Mutex<State>,
    lanes: KnownLanes,
    replays: Replays,
    all: Hubs,
}

#[derive(Debug, Default)]
struct State {
    /// The last event published here; 0 when this process does not drive the turn.
    last: Position,
    /// Streamed text that is not in the log yet.
    unstored: Vec<Streamed>,
}

/// A place in the log; the default is before its first event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Position(EventSeq);

impl Default for Position {
    fn default() -> Self {
        Self(EventSeq::START)
    }
}

/// Streamed text of one block from some offset on.
#[derive(Debug, Clone)]
struct Streamed {
    lane: LaneId,
    thinking: bool,
    step: u32,
    block: u32,
    offset: u64,
    text: String,
}

/// A reader's place at a hub.
#[derive(Debug)]
pub(crate) struct Subscription {
    /// Kept so that the hub stays while it is read.
    hub: Arc<Hub>,
    receiver: broadcast::Receiver<Item>,
}

impl Hubs {
    /// The hub of a turn, made when there is none.
    pub(crate) fn get(&self, turn: TurnId) -> Arc<Hub> {
        let mut hubs = self.hubs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(hub) = hubs.get(&turn).and_then(Weak::upgrade) {
            return hub;
        }
        let hub = Arc::new(Hub {
            turn,
            sender: broadcast::Sender::new(CHANNEL_FRAMES),
            state: Mutex::default(),
            lanes: KnownLanes::default(),
            replays: Replays::default(),
            all: self.clone(),
        });
        hubs.insert(turn, Arc::downgrade(&hub));
        hub
    }

    /// Tells a turn's readers, if any, to read the store.
    pub(crate) fn look(&self, turn: TurnId) {
        let hub = self.hubs.lock().unwrap_or_else(PoisonError::into_inner).get(&turn).and_then(Weak::upgrade);
        if let Some(hub) = hub {
            hub.look();
        }
    }

    /// Tells all readers to read the store.
    pub(crate) fn look_all(&self) {
        let hubs: Vec<_> = {
            let hubs = self.hubs.lock().unwrap_or_else(PoisonError::into_inner);
            hubs.values().filter_map(Weak::upgrade).collect()
        };
        for hub in hubs {
            hub.look();
        }
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        let mut hubs = self.all.hubs.lock().unwrap_or_else(PoisonError::into_inner);
        // A new hub may have taken the place already.
        if hubs.get(&self.turn).is_some_and(|hub| hub.strong_count() == 0) {
            hubs.remove(&self.turn);
        }
    }
}

impl Hub {
    fn look(&self) {
        self.replays.changed();
        let _ = self.sender.send(Item::Look);
    }

    /// Shows readers events that were stored.
    pub(crate) fn publish(&self, events: &[StoredEvent]) {
        self.replays.changed();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        for stored in events {
            state.last = Position(stored.seq);
            state.forget(stored);
            if self.sender.receiver_count() == 0 {
                continue;
            }
            let item = match self.lanes.find(stored.lane) {
                Some(lane) => Item::Stored {
                    seq: stored.seq,
                    frames: stored_frames(stored, &lane),
                    terminal: ends_turn(stored, &lane),
                },
                None => Item::Look,
            };
            let _ = self.sender.send(item);
        }
        // What was streamed beyond the stored text would be cut off by the stored delta, so it is shown again.
        let base = state.last.0;
        if self.sender.receiver_count() > 0
            && let Some(first) = events.first()
        {
            for frame in state.unstored.iter().filter_map(|piece| self.piece(first.conversation, piece)) {
                let _ = self.sender.send(Item::Preview { base, frame });
            }
        }
    }

    /// Shows readers a delta, or the progress of a call, that will be stored later.
    pub(crate) fn preview(&self, conversation: ConversationId, lane: LaneId, delta: &Event) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let base = state.last.0;
        if self.sender.receiver_count() > 0
            && let Some(frame) = self.frame(conversation, lane, delta)
        {
            let _ = self.sender.send(Item::Preview { base, frame });
        }
        // Of progress only the newest counts, and that is stored within moments: who joins reads it there.
        if let Some(piece) = Streamed::of(lane, delta) {
            state.remember(piece);
        }
    }

    /// The frame of what is not stored yet; none while its lane is not known, whose readers get it once it is stored.
    fn frame(&self, conversation: ConversationId, lane: LaneId, event: &Event) -> Option<Bytes> {
        let lane = self.lanes.find(lane)?;
        let frame = events::preview(conversation, self.turn, lane.as_ref(), event, bricklayer_domain::now())?;
        Some(encode(&frame, None))
    }

    fn piece(&self, conversation: ConversationId, piece: &Streamed) -> Option<Bytes> {
        self.frame(conversation, piece.lane, &piece.event())
    }

    /// The streamed text that is not stored yet, by block; reasoning apart.
    #[cfg(test)]
    pub(super) fn unstored(&self) -> std::collections::BTreeMap<(bool, u32), String> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.unstored.iter().map(|piece| ((piece.thinking, piece.block), piece.text.clone())).collect()
    }

    /// Joins: what is streamed and not stored yet, then everything that follows.
    pub(crate) fn subscribe(self: &Arc<Self>, conversation: ConversationId) -> (Vec<Item>, Subscription) {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let base = state.last.0;
        let tail = state
            .unstored
            .iter()
            .filter_map(|piece| self.piece(conversation, piece))
            .map(|frame| Item::Preview { base, frame })
            .collect();
        let subscription = Subscription { hub: Arc::clone(self), receiver: self.sender.subscribe() };
        (tail, subscription)
    }
}

impl State {
    /// Text that the log holds now, or that is void, need not be kept.
    fn forget(&mut self, stored: &StoredEvent) {
        if stored.event.kind().voids().all_of(Piece::Text) {
            self.unstored.retain(|piece| piece.lane != stored.lane);
        }
        if let Some(stored) = Streamed::of(stored.lane, &stored.event) {
            let end = stored.end();
            self.unstored.retain_mut(|piece| !stored.same_block(piece) || piece.cut_before(end));
        }
    }

    fn remember(&mut self, piece: Streamed) {
        match self.unstored.iter_mut().find(|known| known.same_block(&piece)) {
            Some(known) if known.end() == piece.offset => known.text.push_str(&piece.text),
            // A piece that does not continue begins the block anew, as after a retry.
            Some(known) => *known = piece,
            None => self.unstored.push(piece),
        }
    }
}

impl Streamed {
    fn of(lane: LaneId, event: &Event) -> Option<Self> {
        match event {
            Event::TextDelta { step, block, offset, text } => {
                Some(Self { lane, thinking: false, step: *step, block: *block, offset: *offset, text: text.clone() })
            }
            Event::ThinkingDelta { step, block, offset, text } => {
                Some(Self { lane, thinking: true, step: *step, block: *block, offset: *offset, text: text.clone() })
            }
            _ => None,
        }
    }

    fn same_block(&self, other: &Self) -> bool {
        (self.lane, self.thinking, self.step, self.block) == (other.lane, other.thinking, other.step, other.block)
    }

    fn end(&self) -> u64 {
        self.offset + self.text.chars().count() as u64
    }

    /// Drops the text before a position; false when nothing is left.
    fn cut_before(&mut self, position: u64) -> bool {
        let Some(surplus) = position.checked_sub(self.offset) else { return true };
        let surplus = usize::try_from(surplus).unwrap_or(usize::MAX);
        self.text = self.text.chars().skip(surplus).collect();
        self.offset = position;
        !self.text.is_empty()
    }

    fn event(&self) -> Event {
        let Self { lane: _, thinking, step, block, offset, text } = self.clone();
        if thinking {
            Event::ThinkingDelta { step, block, offset, text }
        } else {
            Event::TextDelta { step, block, offset, text }
        }
    }
}

impl Subscription {
    /// The next item; `Look` when this reader was too slow and lost some.
    pub(crate) async fn next(&mut self) -> Item {
        match self.receiver.recv().await {
            Ok(item) => item,
            Err(broadcast::error::RecvError::Lagged(_)) => Item::Look,
            // The subscription keeps the hub, and the hub the sender, so the channel cannot close.
            Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
        }
    }

    /// The next item if there is one already.
    pub(crate) fn try_next(&mut self) -> Option<Item> {
        match self.receiver.try_recv() {
            Ok(item) => Some(item),
            Err(broadcast::error::TryRecvError::Lagged(_)) => Some(Item::Look),
            Err(broadcast::error::TryRecvError::Empty | broadcast::error::TryRecvError::Closed) => None,
        }
    }

    /// What the log has after an event.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the turn is gone, or the database's failure.
    pub(crate) async fn replay(&self, store: &Store, user: &UserId, after: EventSeq) -> Result<ReplayPage, StoreError> {
        self.hub.replays.after(store, user, self.hub.turn, &self.hub.lanes, after).await
    }

    /// The turn that is read.
    pub(crate) fn turn(&self) -> TurnId {
        self.hub.turn
    }
}

/// The frames of a stored event; the last carries its id.
pub(super) fn stored_frames(stored: &StoredEvent, lane: &ToldLane) -> Bytes {
    let frames = events::frames(stored, lane.as_ref());
    let last = frames.len().saturating_sub(1);
    let mut out = Vec::with_capacity(256);
    for (index, frame) in frames.iter().enumerate() {
        write_frame(&mut out, frame, (index == last).then_some(stored.seq));
    }
    out.into()
}

/// One frame of a stream.
pub(crate) fn encode(frame: &WireEvent, id: Option<EventSeq>) -> Bytes {
    let mut out = Vec::with_capacity(256);
    write_frame(&mut out, frame, id);
    out.into()
}

fn write_frame(out: &mut Vec<u8>, frame: &WireEvent, id: Option<EventSeq>) {
    let before = out.len();
    if let Some(seq) = id {
        out.extend_from_slice(format!("id: {seq}\n").as_bytes());
    }
    out.extend_from_slice(b"data: ");
    // Serialised JSON holds no line breaks, so one data line is enough.
    if let Err(error) = serde_json::to_writer(&mut *out, frame) {
        tracing::error!(error = chain(&error), "a frame cannot be written");
        out.truncate(before);
        return;
    }
    out.extend_from_slice(b"\n\n");
}

#[cfg(test)]
mod tests {
    use bricklayer_domain::{Lane, LaneParent, ToolCallId, TurnEnd, Usage};

    use super::*;

    fn delta(offset: u64, text: &str) -> Event {
        Event::TextDelta { step: 0, block: 0, offset, text: text.into() }
    }

    fn stored(seq: i64, turn: TurnId, event: Event) -> StoredEvent {
        stored_in(LaneId::MAIN, seq, turn, event)
    }

    fn stored_in(lane: LaneId, seq: i64, turn: TurnId, event: Event) -> StoredEvent {
        StoredEvent {
            seq: EventSeq(seq),
            conversation: ConversationId::new(),
            lane,
            turn,
            at: bricklayer_domain::now(),
            event,
            structured_bytes: None,
        }
    }

    fn text(item: &Item) -> String {
        let (Item::Stored { frames, .. } | Item::Preview { frame: frames, .. }) = item else { return "look".into() };
        let line = std::str::from_utf8(frames).unwrap().lines().find_map(|line| line.strip_prefix("data: ")).unwrap();
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        format!("{}:{}", value["offset"], value["text"].as_str().unwrap_or_default())
    }

    #[tokio::test]
    async fn a_reader_who_joins_in_mid_block_gets_the_unstored_tail() {
        let hubs = Hubs::default();
        let (turn, conversation) = (TurnId::new(), ConversationId::new());
        let hub = hubs.get(turn);
        hub.preview(conversation, LaneId::MAIN, &delta(0, "añ"));
        hub.preview(conversation, LaneId::MAIN, &delta(2, "bc"));
        let (tail, mut live) = hub.subscribe(conversation);
        assert_eq!(tail.iter().map(text).collect::<Vec<_>>(), ["0:añbc"]);
        // The stored group ends before what was streamed: the rest is shown again on the new base.
        hub.publish(&[stored(5, turn, delta(0, "añb"))]);
        assert_eq!(text(&live.next().await), "0:añb");
        let rest = live.next().await;
        assert_eq!(text(&rest), "3:c");
        assert!(matches!(rest, Item::Preview { base: EventSeq(5), .. }));
        assert!(live.try_next().is_none());
    }

    #[tokio::test]
    async fn what_a_lane_says_voids_nothing_of_another() {
        let hubs = Hubs::default();
        let (turn, conversation) = (TurnId::new(), ConversationId::new());
        let hub = hubs.get(turn);
        let parent = LaneParent::Call { lane: LaneId::MAIN, turn, call: ToolCallId("c".into()) };
        let lane = Lane { id: LaneId::new(), conversation, parent, created_at: bricklayer_domain::now() };
        let (_, mut live) = hub.subscribe(conversation);
        let discarded = Event::StepDiscarded { step: 0 };
        hub.preview(conversation, LaneId::MAIN, &delta(0, "main"));
        assert_eq!(text(&live.next().await), "0:main");
        // A lane that was not heard of sends readers to the store.
        hub.preview(conversation, lane.id, &delta(0, "sub"));
        hub.publish(&[stored_in(lane.id, 5, turn, discarded.clone())]);
        assert!(matches!(live.next().await, Item::Look));
        assert_eq!(text(&live.next().await), "0:main", "nothing of the main lane is void");
        // From then on its events tell it.
        hub.lanes.learn(vec![lane.clone()]);
        hub.preview(conversation, lane.id, &delta(0, "sub"));
        let Item::Preview { base: EventSeq(5), frame } = live.next().await else { panic!("a preview") };
        let line = std::str::from_utf8(&frame).unwrap().strip_prefix("data: ").unwrap();
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        let expected = serde_json::json!({
            "id": lane.id.to_string(), "parent": {"execution_id": turn.to_string(), "tool_id": "c"},
        });
        assert_eq!(value["lane"], expected);
        // Its end is not the turn's.
        let end = Event::TurnFinished { end: TurnEnd::Completed, usage: Usage::default(), steps: 1, duration_ms: 1 };
        hub.publish(&[stored_in(lane.id, 6, turn, end.clone())]);
        assert!(matches!(live.next().await, Item::Stored { terminal: false, .. }));
        assert_eq!(text(&live.next().await), "0:main");
        hub.publish(&[stored(7, turn, end)]);
        assert!(matches!(live.next().await, Item::Stored { terminal: true, .. }));
        assert!(live.try_next().is_none());
    }

    #[tokio::test]
    async fn a_slow_reader_is_sent_to_the_store() {
        let hubs = Hubs::default();
        let (turn, conversation) = (TurnId::new(), ConversationId::new());
        let hub = hubs.get(turn);
        let (_, mut live) = hub.subscribe(conversation);
        for index in 0..=CHANNEL_FRAMES as u64 {
            hub.preview(conversation, LaneId::MAIN, &delta(index, "x"));
        }
        assert!(matches!(live.next().await, Item::Look));
    }

    #[test]
    fn nothing_is_left_behind() {
        let hubs = Hubs::default();
        let hub = hubs.get(TurnId::new());
        let (_, subscription) = hub.subscribe(ConversationId::new());
        drop(hub);
        assert_eq!(hubs.hubs.lock().unwrap().len(), 1);
        drop(subscription);
        assert_eq!(hubs.hubs.lock().unwrap().len(), 0);
    }
}

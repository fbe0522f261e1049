//! Reading the log, in pages that are bounded by bytes as well as by count.

use std::sync::LazyLock;

use bricklayer_domain::{
    ConversationId, Event, EventKind, EventSeq, LaneId, Piece, ResultRef, StoredEvent, ToolCallId, ToolFailure,
    ToolName, ToolOutcome, TurnId, UserId,
};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::engine::{Row, Sql, args};
use crate::error::StoreError;
use crate::store::Store;
use crate::writer::MAX_INLINE_STRUCTURED_BYTES;

/// Most events of one read; protects memory. Readers go on after the last one they got.
pub const MAX_EVENT_PAGE: u32 = 1000;

/// Most bytes of one read, unless a single event is larger; protects memory, of which parsed events take several times
/// as much.
pub const MAX_EVENT_PAGE_BYTES: u64 = 1024 * 1024;

/// Largest typed result that a turn gets with its conversation's log: what says which files the model has seen fits,
/// tables of results do not.
const MAX_WORKING_STRUCTURED_BYTES: usize = 8 * 1024;

/// How much of the log a reader wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// Every event. For a reader that follows a running turn.
    All,
    /// Without the deltas of steps that have ended and the progress of calls that have ended: their messages and
    /// results replace them. What a page shows when it is opened.
    Settled,
    /// As [`Detail::Settled`], with only the smallest typed results. What a turn goes on from.
    Working,
    /// Without any delta or progress.
    NoDeltas,
}

impl Detail {
    /// Largest typed result that comes with its event, in bytes.
    const fn inline_bytes(self) -> usize {
        match self {
            Self::All | Self::Settled | Self::NoDeltas => MAX_INLINE_STRUCTURED_BYTES,
            Self::Working => MAX_WORKING_STRUCTURED_BYTES,
        }
    }
}

/// Events of a part of a log.
#[derive(Debug, Clone, PartialEq)]
pub struct EventPage {
    /// In order.
    pub events: Vec<StoredEvent>,
    /// Where this page ends: the next one comes after it. Events may be missing before it, never in between pages.
    pub through: EventSeq,
    /// Whether nothing follows, as of now.
    pub complete: bool,
}

/// Which events of a conversation; both ends belong to it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    /// Those of this lane only; of all lanes when absent.
    pub(crate) lane: Option<LaneId>,
    pub(crate) first: EventSeq,
    pub(crate) last: EventSeq,
}

pub(crate) fn event(row: &Row, detail: Detail) -> Result<StoredEvent, StoreError> {
    let body = row.text("body")?;
    let wrong = |error: serde_json::Error| StoreError::inconsistent("events", error);
    let mut structured_bytes = row.maybe_int("structured_bytes")?.and_then(|bytes| u64::try_from(bytes).ok());
    let is_old_and_large = structured_bytes.is_none() && body.len() > detail.inline_bytes();
    let event = match row.maybe_text("structured")? {
        None if is_old_and_large && row.text("kind")? == EventKind::ToolFinished.as_str() => {
            let old = FinishedCall::parse(&body).map_err(wrong)?;
            structured_bytes = old.outcome.structured.map(|raw| raw.get().len() as u64);
            old.into_event(detail.inline_bytes()).map_err(wrong)?
        }
        structured => {
            let mut event: Event = serde_json::from_str(&body).map_err(wrong)?;
            if let (Event::ToolFinished { outcome, .. }, Some(text)) = (&mut event, structured) {
                outcome.structured = Some(serde_json::from_str(&text).map_err(wrong)?);
            }
            event
        }
    };
    let is_whole = matches!(&event, Event::ToolFinished { outcome, .. } if outcome.structured.is_some());
    Ok(StoredEvent {
        seq: EventSeq(row.int("seq")?),
        conversation: ConversationId::from_uuid(row.uuid("conversation_id")?),
        lane: LaneId::from_uuid(row.uuid("lane_id")?),
        turn: TurnId::from_uuid(row.uuid("turn_id")?),
        at: row.time("at")?,
        event,
        structured_bytes: structured_bytes.filter(|_| !is_whole),
    })
}

/// The end of a call as it was stored before typed results stood apart: read without making values of them.
#[derive(Deserialize)]
struct FinishedCall<'a> {
    call: ToolCallId,
    name: ToolName,
    #[serde(borrow)]
    outcome: FinishedOutcome<'a>,
    duration_ms: u64,
}

#[derive(Deserialize)]
struct FinishedOutcome<'a> {
    content: String,
    #[serde(borrow, default)]
    structured: Option<&'a RawValue>,
    #[serde(default)]
    failure: Option<ToolFailure>,
    #[serde(default)]
    results: Vec<ResultRef>,
}

impl<'a> FinishedCall<'a> {
    fn parse(body: &'a str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(body)
    }

    fn into_event(self, inline_bytes: usize) -> Result<Event, serde_json::Error> {
        let Self { call, name, outcome, duration_ms } = self;
        let FinishedOutcome { content, structured, failure, results } = outcome;
        let small = structured.filter(|raw| raw.get().len() <= inline_bytes);
        let structured = small.map(|raw| serde_json::from_str(raw.get())).transpose()?;
        let outcome = ToolOutcome { content, structured, failure, results, ..ToolOutcome::default() };
        Ok(Event::ToolFinished { call, name, outcome, duration_ms })
    }
}

/// The names of the kinds that fit, as a list in SQL. Names are constants of ours.
fn kinds(fits: impl Fn(EventKind) -> bool) -> String {
    let names = EventKind::ALL.iter().filter(|kind| fits(**kind)).map(|kind| format!("'{kind}'"));
    format!("({})", names.collect::<Vec<_>>().join(", "))
}

/// The kinds of events that go once what they belong to is whole.
static PIECES: LazyLock<String> = LazyLock::new(|| kinds(|kind| kind.piece().is_some()));

/// Which events a detail means: `$1` is the conversation, `$2` the user, `$3` and `$4` the first and the last event, `$6`
/// the lane, when only one is read.
///
/// A piece is settled once an event of its lane follows that voids it. Steps of a lane come one after another, so what
/// comes last in it decides for all of it; where lanes are read together, each piece is looked after by itself. The
/// progress of a call that ended while others of its step run is left to the reader.
fn condition(detail: Detail, of_one_lane: bool) -> String {
    match detail {
        Detail::All => "true".to_owned(),
        Detail::NoDeltas => format!("kind not in {}", *PIECES),
        Detail::Settled | Detail::Working => {
            let lives = Piece::ALL.map(|piece| {
                let pieces = kinds(|kind| kind.piece() == Some(piece));
                let voiding = kinds(|kind| kind.voids().all_of(piece));
                if of_one_lane {
                    format!(
                        "or (
                            kind in {pieces}
                            and seq > coalesce((
                                select last.seq
                                from events as last
                                where last.conversation_id = $1
                                    and last.lane_id = $6
                                    and last.kind in {voiding}
                                order by last.seq desc
                                limit 1
                            ), 0)
                        )"
                    )
                } else {
                    format!(
                        "or (
                            kind in {pieces}
                            and not exists (
                                select 1
                                from events as later
                                where later.conversation_id = $1
                                    and later.seq > events.seq
                                    and later.lane_id = events.lane_id
                                    and later.kind in {voiding}
                            )
                        )"
                    )
                }
            });
            format!("(kind not in {} {})", *PIECES, lives.join(" "))
        }
    }
}

macro_rules! statements {
    ($of_one_lane:literal) => {
        [
            LazyLock::new(|| Statements::new(Detail::All, $of_one_lane)),
            LazyLock::new(|| Statements::new(Detail::Settled, $of_one_lane)),
            LazyLock::new(|| Statements::new(Detail::Working, $of_one_lane)),
            LazyLock::new(|| Statements::new(Detail::NoDeltas, $of_one_lane)),
        ]
    };
}

/// The statements of one detail: what events take, from the oldest and from the newest on, and the events themselves.
struct Statements {
    sizes: Sql,
    sizes_back: Sql,
    events: Sql,
}

impl Statements {
    fn new(detail: Detail, of_one_lane: bool) -> Self {
        let select = |columns: &str, order: &str| {
            let (inline, condition) = (detail.inline_bytes(), condition(detail, of_one_lane));
            // The argument is there in any case.
            let lane = if of_one_lane { "lane_id = $6" } else { "(lane_id = $6 or true)" };
            // The lengths are known without reading the texts.
            let when = format!("case when octet_length(structured) <= {inline} then");
            let columns = columns
                .replace("{typed}", &format!("{when} structured end"))
                .replace("{typed_bytes}", &format!("{when} octet_length(structured) else 0 end"));
            let text = format!(
                "select {columns}
                from events
                where conversation_id = $1
                    and exists (select 1 from conversations where id = $1 and user_id = $2)
                    and seq >= $3
                    and seq <= $4
                    and {lane}
                    and {condition}
                order by seq {order}
                limit $5"
            );
            Sql::Built(text.into())
        };
        let sizes = "seq, cast(octet_length(body) + {typed_bytes} as bigint) as bytes";
        let events = "conversation_id, seq, lane_id, turn_id, kind, body, at, {typed} as structured,
            cast(octet_length(structured) as bigint) as structured_bytes";
        Self { sizes: select(sizes, ""), sizes_back: select(sizes, "desc"), events: select(events, "") }
    }

    fn of(detail: Detail, of_one_lane: bool) -> &'static Self {
        static ONE: [LazyLock<Statements>; 4] = statements!(true);
        static ALL: [LazyLock<Statements>; 4] = statements!(false);
        let [all, settled, working, no_deltas] = if of_one_lane { &ONE } else { &ALL };
        match detail {
            Detail::All => all,
            Detail::Settled => settled,
            Detail::Working => working,
            Detail::NoDeltas => no_deltas,
        }
    }
}

/// What fits into a page.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fit {
    /// The last event that fits, in the order that was asked.
    pub(crate) last: EventSeq,
    /// Whether all events fit.
    pub(crate) all: bool,
    /// The bytes of those that fit.
    pub(crate) bytes: u64,
}

static DELETE_PIECES: LazyLock<Sql> = LazyLock::new(|| {
    let text = format!(
        "delete from events
        where conversation_id = $1
            and seq >= $2
            and seq <= $3
            and kind in {}",
        *PIECES
    );
    Sql::Built(text.into())
});

impl Store {
    /// Events of a conversation's main lane after `after`, in order: at most `limit` and [`MAX_EVENT_PAGE`], and about
    /// [`MAX_EVENT_PAGE_BYTES`], but always one when there is one.
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
    ) -> Result<EventPage, StoreError> {
        let first = EventSeq(after.0.saturating_add(1));
        let span = Span { lane: Some(LaneId::MAIN), first, last: EventSeq(i64::MAX) };
        let page = self.page(user, conversation, span, limit, detail).await?;
        if page.events.is_empty() {
            self.get_conversation(user, conversation).await?;
        }
        Ok(page)
    }

    /// Events of one turn after `after`, as [`Store::events_after`] does: those of its own lane, of which the last one is
    /// [`Event::TurnFinished`], and among them those of the lanes that belong to its calls.
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
    ) -> Result<EventPage, StoreError> {
        let row = self
            .engine()
            .fetch_optional(
                "select conversation_id, lane_id, first_seq, last_seq,
                    exists (
                        select 1
                        from lanes
                        where lanes.conversation_id = turns.conversation_id
                            and lanes.turn_id = turns.id
                    ) as has_lanes
                from turns
                where id = $1
                    and user_id = $2",
                args![turn, user],
            )
            .await?
            .ok_or(StoreError::NotFound("execution"))?;
        let conversation = ConversationId::from_uuid(row.uuid("conversation_id")?);
        let first = EventSeq(after.0.saturating_add(1).max(row.int("first_seq")?));
        // No other turn of the conversation says anything meanwhile.
        let lane = if row.bool("has_lanes")? { None } else { Some(LaneId::from_uuid(row.uuid("lane_id")?)) };
        let span = Span { lane, first, last: EventSeq(row.int("last_seq")?) };
        self.page(user, conversation, span, limit, detail).await
    }

    pub(crate) async fn page(
        &self,
        user: &UserId,
        conversation: ConversationId,
        span: Span,
        limit: u32,
        detail: Detail,
    ) -> Result<EventPage, StoreError> {
        let limit = limit.clamp(1, MAX_EVENT_PAGE);
        let statement = &Statements::of(detail, span.lane.is_some()).sizes;
        let Some(fit) = self.fit(statement, user, conversation, span, limit, MAX_EVENT_PAGE_BYTES).await? else {
            return Ok(EventPage {
                events: Vec::new(),
                through: EventSeq(span.last.0.min(span.first.0 - 1)),
                complete: true,
            });
        };
        let events = self.read(user, conversation, Span { last: fit.last, ..span }, limit, detail).await?;
        Ok(EventPage { events, through: fit.last, complete: fit.all })
    }

    /// How far back from a span's end its events fit into so many events and bytes; none when there are none.
    pub(crate) async fn fit_back(
        &self,
        user: &UserId,
        conversation: ConversationId,
        span: Span,
        limit: u32,
        bytes: u64,
        detail: Detail,
    ) -> Result<Option<Fit>, StoreError> {
        self.fit(&Statements::of(detail, span.lane.is_some()).sizes_back, user, conversation, span, limit, bytes).await
    }

    async fn fit(
        &self,
        statement: &Sql,
        user: &UserId,
        conversation: ConversationId,
        span: Span,
        limit: u32,
        bytes: u64,
    ) -> Result<Option<Fit>, StoreError> {
        // One more than asked, to learn whether these are all.
        let args = args![
            conversation,
            user,
            span.first.0,
            span.last.0,
            i64::from(limit) + 1,
            span.lane.unwrap_or(LaneId::MAIN)
        ];
        let rows = self.engine().fetch_all(statement.clone(), args).await?;
        let mut fit: Option<Fit> = None;
        for (index, row) in rows.iter().enumerate() {
            let held = fit.map_or(0, |fit| fit.bytes);
            let total = held.saturating_add(u64::try_from(row.int("bytes")?).unwrap_or(u64::MAX));
            if index >= limit as usize || (index > 0 && total > bytes) {
                return Ok(fit.map(|fit| Fit { all: false, ..fit }));
            }
            fit = Some(Fit { last: EventSeq(row.int("seq")?), all: true, bytes: total });
        }
        Ok(fit)
    }

    pub(crate) async fn read(
        &self,
        user: &UserId,
        conversation: ConversationId,
        span: Span,
        limit: u32,
        detail: Detail,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let args =
            args![conversation, user, span.first.0, span.last.0, i64::from(limit), span.lane.unwrap_or(LaneId::MAIN)];
        let rows = self.engine().fetch_all(Statements::of(detail, span.lane.is_some()).events.clone(), args).await?;
        rows.iter().map(|row| event(row, detail)).collect()
    }

    /// The typed result of a turn's call as JSON text, whole; none when the call has none. A call that ended twice (its
    /// worker died in between) has its last one.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such turn of this user's, or the database's failure.
    pub async fn structured_result(
        &self,
        user: &UserId,
        turn: TurnId,
        call: &ToolCallId,
    ) -> Result<Option<String>, StoreError> {
        let turn = self.get_turn(user, turn).await?;
        let found = self
            .engine()
            .fetch_optional(
                "select structured
                from events
                where turn_id = $1
                    and call_id = $2
                    and structured is not null
                order by seq desc
                limit 1",
                args![turn.id, call.0.as_bytes()],
            )
            .await?;
        if let Some(row) = found {
            return Ok(Some(row.text("structured")?));
        }
        // From before typed results stood apart: as the event's JSON writes the call.
        let written = serde_json::to_string(call).map_err(|error| StoreError::inconsistent("events", error))?;
        let old = self
            .engine()
            .fetch_optional(
                Sql::Each {
                    sqlite: "select body
                    from events
                    where conversation_id = $1
                        and turn_id = $2
                        and kind = 'tool_finished'
                        and call_id is null
                        and instr(body, $3) > 0
                    order by seq desc
                    limit 1",
                    postgres: "select body
                    from events
                    where conversation_id = $1
                        and turn_id = $2
                        and kind = 'tool_finished'
                        and call_id is null
                        and position($3 in body) > 0
                    order by seq desc
                    limit 1",
                },
                args![turn.conversation, turn.id, format!("\"call\":{written}").as_str()],
            )
            .await?;
        let Some(row) = old else { return Ok(None) };
        let body = row.text("body")?;
        let finished = FinishedCall::parse(&body).map_err(|error| StoreError::inconsistent("events", error))?;
        let is_this = finished.call == *call;
        Ok(finished.outcome.structured.filter(|_| is_this).map(|raw| raw.get().to_owned()))
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
                DELETE_PIECES.clone(),
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

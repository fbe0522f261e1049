//! The group-commit writer: one task gathers the appends of all turns that wait and commits them together.
//!
//! Nothing waits for a batch to fill: the writer takes what is there. An idle store commits each append at once, and
//! the busier it is the more appends share a commit.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use bricklayer_domain::{
    ConversationId, Event, EventKind, EventSeq, LaneId, ProjectId, StoredEvent, ToolCallId, TurnId, TurnStatus, UserId,
    chain,
};
use chrono::{DateTime, Utc};
use tokio::sync::{mpsc, oneshot};

use crate::clock::{Clock, now};
use crate::engine::{Arg, Engine, Tx, args};
use crate::error::{CONFLICT_ATTEMPTS, NotCommitted, StoreError, pause_on_conflict};
use crate::fencing::Lease;
use crate::lease_clock::LeaseMoment;
use crate::lease_sql::on_lease_clock;
use crate::multi_insert::MultiInsert;
use crate::notices::{Notice, NoticeBoard};
use crate::paid::Paid;
use crate::postgres::silent;
use crate::rows::{status, to_json};

pub use bricklayer_domain::{MAX_APPEND_EVENTS, MAX_EVENT_BYTES};

/// Largest typed result, as JSON, that comes with its event; a larger one is read by itself, with
/// [`Store::structured_result`](crate::Store::structured_result).
pub const MAX_INLINE_STRUCTURED_BYTES: usize = 64 * 1024;

/// Appends that share one commit at most.
const MAX_BATCH_APPENDS: usize = 256;

/// Events that share one commit at most, give or take one append.
const MAX_BATCH_EVENTS: usize = 1024;

/// Least time that a batch is given, however short leases are.
const MIN_BATCH_TIME: Duration = Duration::from_secs(5);

/// What a writer is asked.
pub(crate) enum Command {
    Append(Append),
    /// Finish what is queued, then end.
    Close(oneshot::Sender<()>),
}

/// One append, checked and serialised by its caller.
pub(crate) struct Append {
    pub(crate) lease: Lease,
    /// Each with its lane; the turn's own when absent.
    pub(crate) events: Vec<(Option<LaneId>, Prepared)>,
    pub(crate) after: After,
    pub(crate) reply: oneshot::Sender<Result<Vec<StoredEvent>, StoreError>>,
}

/// An event with its JSON; a large typed result is text already.
pub(crate) struct Prepared {
    pub(crate) event: Event,
    /// Set when `event` lost its typed result.
    pub(crate) structured_bytes: Option<u64>,
    kind: EventKind,
    body: String,
    structured: Option<String>,
    call: Option<Vec<u8>>,
}

impl Prepared {
    /// Bytes that every later turn of the conversation reads again.
    pub(crate) fn log_bytes(&self) -> i64 {
        if self.kind.piece().is_some() { 0 } else { i64::try_from(self.body.len()).unwrap_or(i64::MAX) }
    }

    fn typed_bytes(&self) -> i64 {
        self.structured.as_ref().map_or(0, |text| i64::try_from(text.len()).unwrap_or(i64::MAX))
    }
}

/// Where the turn stands once the append is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum After {
    Running,
    Parked,
    Ended(TurnStatus),
}

impl After {
    const fn status(self) -> TurnStatus {
        match self {
            Self::Running => TurnStatus::Running,
            Self::Parked => TurnStatus::Waiting,
            Self::Ended(status) => status,
        }
    }
}

pub(crate) fn prepare(mut event: Event) -> Result<Prepared, StoreError> {
    let apart = match &mut event {
        Event::ToolFinished { call, outcome, .. } => {
            outcome.structured.take().map(|value| (call.0.clone().into_bytes(), value))
        }
        _ => None,
    };
    let body = to_json("events", &event)?;
    let (call, value) = apart.unzip();
    let structured = value.as_ref().map(|value| to_json("events", value)).transpose()?;
    let size = structured.as_ref().map_or(0, String::len);
    if body.len() + size > MAX_EVENT_BYTES {
        return Err(StoreError::TooLarge { what: "the event in bytes", limit: MAX_EVENT_BYTES });
    }
    let mut structured_bytes = None;
    if let Event::ToolFinished { outcome, .. } = &mut event {
        // A small one goes back to its event; a large one is text from here on.
        if size <= MAX_INLINE_STRUCTURED_BYTES {
            outcome.structured = value;
        } else {
            structured_bytes = Some(size as u64);
        }
    }
    Ok(Prepared { kind: event.kind(), body, structured, call, structured_bytes, event })
}

/// The task.
pub(crate) struct Writer {
    engine: Engine,
    notices: NoticeBoard,
    clock: Arc<dyn Clock>,
    lease: Duration,
}

/// A batch that was not committed.
struct BatchError {
    error: StoreError,
    /// Whether it is certain that nothing was stored, so that trying again is safe.
    undone: bool,
}

impl From<StoreError> for BatchError {
    fn from(error: StoreError) -> Self {
        Self { error, undone: true }
    }
}

impl From<NotCommitted> for BatchError {
    fn from(NotCommitted { error, undone }: NotCommitted) -> Self {
        Self { error: error.into(), undone }
    }
}

impl From<sqlx::Error> for BatchError {
    fn from(error: sqlx::Error) -> Self {
        StoreError::from(error).into()
    }
}

/// Where an append's first event went, or why it was refused.
type Placed = Result<Place, StoreError>;

impl Writer {
    pub(crate) const fn new(engine: Engine, notices: NoticeBoard, clock: Arc<dyn Clock>, lease: Duration) -> Self {
        Self { engine, notices, clock, lease }
    }

    pub(crate) async fn run(self, mut queue: mpsc::Receiver<Command>) {
        let mut closing = Vec::new();
        while let Some(command) = queue.recv().await {
            let mut batch = Vec::new();
            let mut events = 0;
            let mut next = Some(command);
            while let Some(command) = next {
                match command {
                    Command::Append(append) => {
                        events += append.events.len();
                        batch.push(append);
                    }
                    Command::Close(done) => {
                        // No more is accepted; what was is still received and written.
                        queue.close();
                        closing.push(done);
                    }
                }
                let full = batch.len() >= MAX_BATCH_APPENDS || events >= MAX_BATCH_EVENTS;
                next = if full { None } else { queue.try_recv().ok() };
            }
            self.write(batch).await;
        }
        for done in closing {
            let _ = done.send(());
        }
    }

    /// Writes a batch; when the database refuses it, writes each append alone, so that a bad one only hurts itself.
    async fn write(&self, mut batch: Vec<Append>) {
        if batch.is_empty() {
            return;
        }
        // Rows of turns are locked in one order everywhere; appends of one turn stay in theirs.
        batch.sort_by_key(|append| append.lease.turn.as_uuid());
        match self.write_in_time(&batch).await {
            Ok(placed) => answer(batch, placed),
            Err(failed) if failed.undone && batch.len() > 1 && !self.is_hopeless(&failed.error) => {
                tracing::warn!(
                    error = chain(&failed.error),
                    appends = batch.len(),
                    "a batch of events failed; writing each alone"
                );
                for append in batch {
                    let placed = self.write_in_time(std::slice::from_ref(&append)).await;
                    answer(vec![append], placed.unwrap_or_else(|failed| vec![Err(failed.error)]));
                }
            }
            Err(failed) => {
                let mut error = Some(failed.error);
                for append in batch {
                    // The cause goes to the first; it cannot be copied.
                    let error = error.take().unwrap_or_else(|| silent().into());
                    answer(vec![append], vec![Err(error)]);
                }
            }
        }
    }

    /// Writes a batch, again when others got in the way. The batch as a whole has a lease's time: its holders would have
    /// lost their turns after that.
    async fn write_in_time(&self, batch: &[Append]) -> Result<Vec<Placed>, BatchError> {
        let written = async {
            let mut failures = 1;
            loop {
                match self.try_write(batch).await {
                    Err(BatchError { error: StoreError::Conflict(_), undone: true })
                        if failures < CONFLICT_ATTEMPTS =>
                    {
                        pause_on_conflict(failures).await;
                        failures += 1;
                    }
                    done => return done,
                }
            }
        };
        let limit = self.lease.max(MIN_BATCH_TIME);
        tokio::time::timeout(limit, written)
            .await
            .unwrap_or_else(|_| Err(BatchError { error: silent().into(), undone: false }))
    }

    async fn try_write(&self, batch: &[Append]) -> Result<Vec<Placed>, BatchError> {
        let now = now(self.clock.as_ref());
        let mut tx = self.engine.begin().await?;
        let mut placed = Vec::with_capacity(batch.len());
        let mut rows = Vec::new();
        let mut notices = Vec::with_capacity(batch.len());
        let mut paid = Paid::default();
        for append in batch {
            match self.place(&mut tx, append, now).await? {
                Ok((project, user, first)) => {
                    let mut last = first.seq;
                    for (place, prepared) in first.and_on(&append.events, |(lane, prepared)| (*lane, prepared)) {
                        rows.push((place, prepared));
                        paid.count(place.conversation, &user, now, &prepared.event);
                        if let Event::ApprovalRequested { call, .. } = &prepared.event {
                            open_approval(&mut tx, place.turn, call, place.seq).await?;
                        }
                        last = place.seq;
                    }
                    let Place { conversation, turn, .. } = first;
                    notices.push(Notice::Appended { conversation, turn, seq: last, local: true });
                    if append.after != After::Running {
                        notices.push(Notice::ProjectChanged { project, conversation: Some(conversation) });
                    }
                    placed.push(Ok(first));
                }
                Err(refusal) => placed.push(Err(refusal)),
            }
        }
        self.notices.stage(&mut tx, &notices).await?;
        paid.add(&mut tx).await?;
        INSERT.execute_last(tx, &event_rows(&rows)).await?;
        self.notices.publish(&notices);
        Ok(placed)
    }

    /// Whether trying each append alone would only wait for the same failure again and again.
    fn is_hopeless(&self, error: &StoreError) -> bool {
        match error {
            StoreError::Closed | StoreError::FileGone | StoreError::ReadOnly(_) | StoreError::Corrupt(_) => true,
            // In SQLite it is the whole database that another process holds, in PostgreSQL a row.
            StoreError::Locked(_) => matches!(self.engine, Engine::Sqlite { .. }),
            StoreError::Unavailable(cause) => !matches!(**cause, sqlx::Error::Database(_)),
            _ => false,
        }
    }

    /// Checks the lease, takes sequence numbers and moves the turn, in one statement.
    async fn place(
        &self,
        tx: &mut Tx,
        append: &Append,
        now: DateTime<Utc>,
    ) -> Result<Result<(ProjectId, UserId, Place), StoreError>, BatchError> {
        let count = i64::try_from(append.events.len()).unwrap_or(i64::MAX);
        let going = append.after == After::Running;
        let updated = tx
            .fetch_optional(
                on_lease_clock!("update turns
                set last_seq = last_seq + $1,
                    status = $2,
                    updated_at = case when status = $2 then updated_at else $3 end,
                    lease_worker = case when $4 then lease_worker end,
                    lease_token = lease_token + $5,
                    lease_expires_at = " [6] ",
                    log_bytes = log_bytes + $10,
                    structured_bytes = structured_bytes + $11
                where id = $7
                    and lease_token = $8
                    and lease_worker = $9
                    and status = 'running'
                returning conversation_id, lane_id, project_id, user_id, last_seq"),
                args![
                    count,
                    append.after.status().as_str(),
                    now,
                    going,
                    i64::from(!going),
                    if going { LeaseMoment::in_future(now, self.lease) } else { LeaseMoment::now(now) },
                    append.lease.turn,
                    append.lease.token,
                    append.lease.worker,
                    append.events.iter().map(|(_, prepared)| prepared.log_bytes()).sum::<i64>(),
                    append.events.iter().map(|(_, prepared)| prepared.typed_bytes()).sum::<i64>(),
                ],
            )
            .await?;
        if let Some(row) = updated {
            let conversation = ConversationId::from_uuid(row.uuid("conversation_id")?);
            let project = ProjectId::from_uuid(row.uuid("project_id")?);
            let lane = LaneId::from_uuid(row.uuid("lane_id")?);
            let seq = EventSeq(row.int("last_seq")? - count + 1);
            let user = UserId::parse(&row.text("user_id")?).map_err(|e| StoreError::inconsistent("turns", e))?;
            return Ok(Ok((project, user, Place { conversation, lane, turn: append.lease.turn, seq, at: now })));
        }
        let turn = tx
            .fetch_optional(
                "select status
                from turns
                where id = $1",
                args![append.lease.turn],
            )
            .await?;
        let status = turn.map(|row| status(&row)).transpose()?;
        Ok(Err(match status {
            Some(status) if status.is_final() => StoreError::TurnEnded(status),
            _ => StoreError::LostLease,
        }))
    }
}

/// Answers each append. A caller that no longer waits is fine.
fn answer(batch: Vec<Append>, placed: Vec<Placed>) {
    for (append, placed) in batch.into_iter().zip(placed) {
        let answer = placed.map(|first| {
            first
                .and_on(append.events, |lane_and_event| lane_and_event)
                .map(|(place, prepared)| place.stored(prepared.event, prepared.structured_bytes))
                .collect()
        });
        let _ = append.reply.send(answer);
    }
}

/// A call id that was asked before (models make mistakes) is open again: its turn must not wait for nothing.
async fn open_approval(tx: &mut Tx, turn: TurnId, call: &ToolCallId, seq: EventSeq) -> Result<(), sqlx::Error> {
    tx.execute(
        "insert into approvals (turn_id, call_id, requested_seq)
        values ($1, $2, $3)
        on conflict (turn_id, call_id) do update
        set requested_seq = excluded.requested_seq,
            decision = null,
            answered_seq = null",
        args![turn, call.0.as_bytes(), seq.0],
    )
    .await?;
    Ok(())
}

/// Where an event stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) conversation: ConversationId,
    pub(crate) lane: LaneId,
    pub(crate) turn: TurnId,
    pub(crate) seq: EventSeq,
    pub(crate) at: DateTime<Utc>,
}

impl Place {
    /// The event in this place.
    pub(crate) const fn stored(self, event: Event, structured_bytes: Option<u64>) -> StoredEvent {
        let Self { conversation, lane, turn, seq, at } = self;
        StoredEvent { seq, conversation, lane, turn, at, event, structured_bytes }
    }

    /// Places for things in order, from this one on, each in its lane; in this one's when it names none.
    fn and_on<I: IntoIterator, T>(
        self,
        things: I,
        in_lane: impl Fn(I::Item) -> (Option<LaneId>, T),
    ) -> impl Iterator<Item = (Self, T)> {
        (self.seq.0..).zip(things).map(move |(seq, thing)| {
            let (lane, thing) = in_lane(thing);
            (Self { seq: EventSeq(seq), lane: lane.unwrap_or(self.lane), ..self }, thing)
        })
    }
}

static INSERT: LazyLock<MultiInsert<9>> = LazyLock::new(|| {
    MultiInsert::new(
        "insert into events (conversation_id, seq, lane_id, turn_id, kind, body, at, structured, call_id) values",
        "",
    )
});

fn event_rows<'a>(rows: &'a [(Place, &'a Prepared)]) -> Vec<[Arg<'a>; 9]> {
    rows.iter()
        .map(|(place, prepared)| {
            [
                place.conversation.into(),
                place.seq.0.into(),
                place.lane.into(),
                place.turn.into(),
                prepared.kind.as_str().into(),
                prepared.body.as_str().into(),
                place.at.into(),
                prepared.structured.as_deref().into(),
                prepared.call.as_deref().into(),
            ]
        })
        .collect()
}

/// Inserts one event in the caller's transaction.
pub(crate) async fn insert_event(tx: &mut Tx, place: Place, prepared: &Prepared) -> Result<(), sqlx::Error> {
    INSERT.execute(tx, &event_rows(&[(place, prepared)])).await
}

//! What a turn's holder adds to its log: the rules that hold whatever the database says, and the way to the writers.

use std::collections::{BTreeMap, BTreeSet};

use bricklayer_domain::{Event, EventKind, LaneId, StoredEvent, ToolCallId, TurnEnd, TurnId, TurnStatus};
use tokio::sync::oneshot;

use crate::engine::{Tx, args};
use crate::error::StoreError;
use crate::fencing::Lease;
use crate::lanes::is_lane;
use crate::store::Store;
use crate::writer::{After, Append, Command, MAX_APPEND_EVENTS, prepare};

/// The rules of the log that hold whatever the database says.
fn after(events: &[Event]) -> Result<After, StoreError> {
    if events.len() > MAX_APPEND_EVENTS {
        return Err(StoreError::TooLarge { what: "the number of events", limit: MAX_APPEND_EVENTS });
    }
    let mut after = After::Running;
    for event in events {
        if let After::Ended(_) = after {
            return Err(StoreError::InvalidAppend("nothing follows the event that ends the turn"));
        }
        match event {
            Event::TurnStarted { .. } => {
                return Err(StoreError::InvalidAppend("a turn begins once, through begin_turn"));
            }
            Event::ApprovalAnswered { .. } => {
                return Err(StoreError::InvalidAppend("approvals are answered through answer_approval"));
            }
            Event::ApprovalRequested { .. } => after = After::Parked,
            Event::TurnFinished { end, .. } => {
                after = After::Ended(match end {
                    TurnEnd::Completed => TurnStatus::Completed,
                    TurnEnd::Failed { .. } => TurnStatus::Failed,
                    TurnEnd::Cancelled => TurnStatus::Cancelled,
                });
            }
            Event::NotesRead { .. }
            | Event::StepStarted { .. }
            | Event::TextDelta { .. }
            | Event::ThinkingDelta { .. }
            | Event::ModelRetry { .. }
            | Event::StepDiscarded { .. }
            | Event::AssistantMessage { .. }
            | Event::ToolStarted { .. }
            | Event::ToolContinuation { .. }
            | Event::ToolProgress { .. }
            | Event::ToolFinished { .. }
            | Event::ContextCompacted { .. } => {}
        }
    }
    Ok(after)
}

impl Store {
    /// Appends events to a turn in order, all or none; returns them in their places once they are committed. Renews
    /// the lease.
    ///
    /// An append with a [`Event::TurnFinished`] ends the turn, and one with an [`Event::ApprovalRequested`] parks it
    /// until every open approval is answered: both give the lease back in the same transaction, so the requests of
    /// one step belong into one append, after everything else of the step. Dropping the future does not take an
    /// append back.
    ///
    /// # Errors
    /// [`StoreError::LostLease`] or [`StoreError::TurnEnded`]: stop driving the turn. [`StoreError::InvalidAppend`]
    /// or [`StoreError::TooLarge`]: nothing was stored and the lease is still good. The database's failure: see
    /// [`StoreError::Unavailable`].
    pub async fn append(&self, lease: &Lease, events: Vec<Event>) -> Result<Vec<StoredEvent>, StoreError> {
        let after = after(&events)?;
        self.append_to(lease, after, events.into_iter().map(|event| (None, event)).collect()).await
    }

    /// Appends events to other lanes of a turn's conversation, each to its own, as [`Store::append`] does to the turn's:
    /// those of subagents, say, whose own beginnings and ends are events like others there. A question parks the turn
    /// whatever its lane, so the questions of all lanes belong into one append, after everything else of the turn.
    ///
    /// # Errors
    /// As [`Store::append`]; [`StoreError::NotFound`] when the conversation has no such lane.
    pub async fn append_to_lanes(
        &self,
        lease: &Lease,
        events: Vec<(LaneId, Event)>,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        if events.len() > MAX_APPEND_EVENTS {
            return Err(StoreError::TooLarge { what: "the number of events", limit: MAX_APPEND_EVENTS });
        }
        let mut after = After::Running;
        for (_, event) in &events {
            match event.kind() {
                EventKind::ApprovalAnswered => {
                    return Err(StoreError::InvalidAppend("approvals are answered through answer_approval"));
                }
                EventKind::ApprovalRequested => after = After::Parked,
                _ => {}
            }
        }
        self.check_lanes(lease, &events).await?;
        self.append_to(lease, after, events.into_iter().map(|(lane, event)| (Some(lane), event)).collect()).await
    }

    /// Refuses lanes that are not there, and questions whose call has an open one in another lane: ids of calls are
    /// unique in their turn, and an answer names nothing else.
    async fn check_lanes(&self, lease: &Lease, events: &[(LaneId, Event)]) -> Result<(), StoreError> {
        let mut tx = self.engine().begin_read().await?;
        let lanes: BTreeSet<LaneId> = events.iter().map(|(lane, _)| *lane).collect();
        for lane in lanes {
            if !is_lane(&mut tx, lease.conversation, lane).await? {
                return Err(StoreError::NotFound("lane"));
            }
        }
        let mut asked = BTreeMap::new();
        for (lane, event) in events {
            let Event::ApprovalRequested { call, .. } = event else { continue };
            let known = match asked.insert(call, *lane) {
                None => open_question(&mut tx, lease.turn, call).await?,
                earlier => earlier,
            };
            if known.is_some_and(|known| known != *lane) {
                return Err(StoreError::InvalidAppend("the call's question is open in another lane"));
            }
        }
        Ok(())
    }

    async fn append_to(
        &self,
        lease: &Lease,
        after: After,
        events: Vec<(Option<LaneId>, Event)>,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        if events.is_empty() {
            return Ok(Vec::new());
        }
        let prepare = |(lane, event)| Ok::<_, StoreError>((lane, prepare(event)?));
        let events = events.into_iter().map(prepare).collect::<Result<_, _>>()?;
        let writers = self.writers();
        // One turn, one writer: its appends keep their order, and no two transactions here want the same row.
        let index = lease.turn.as_uuid().as_u64_pair().1 % (writers.len().max(1) as u64);
        let writer = usize::try_from(index).ok().and_then(|i| writers.get(i)).ok_or(StoreError::Closed)?;
        let (reply, answer) = oneshot::channel();
        let append = Append { lease: lease.clone(), events, after, reply };
        writer.send(Command::Append(append)).await.map_err(|_| StoreError::Closed)?;
        answer.await.map_err(|_| StoreError::Closed)?
    }
}

/// The lane in which a call waits for its answer.
async fn open_question(tx: &mut Tx, turn: TurnId, call: &ToolCallId) -> Result<Option<LaneId>, StoreError> {
    let row = tx
        .fetch_optional(
            "select events.lane_id
            from approvals
            join turns on turns.id = approvals.turn_id
            join events on events.conversation_id = turns.conversation_id
                and events.seq = approvals.requested_seq
            where approvals.turn_id = $1
                and approvals.call_id = $2
                and approvals.decision is null",
            args![turn, call.0.as_bytes()],
        )
        .await?;
    row.map(|row| Ok(LaneId::from_uuid(row.uuid("lane_id")?))).transpose()
}

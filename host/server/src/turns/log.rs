//! The log of one turn, as the agent sees it: the store, and readers told at once.

use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use bricklayer_agent::{LogError, TurnFailure, TurnLog};
use bricklayer_domain::{Event, LaneId, StandingPermission, StoredEvent, ToolCallId, UserId};
use bricklayer_results::Results;
use bricklayer_store::{Lease, Store, StoreError};
use serde_json::Value;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use super::hub::Hub;
use super::purse::Purse;
use super::slots::Appending;
use crate::config::UsedUp;

/// Appends under a lease.
#[derive(Debug)]
pub(super) struct StoreLog {
    pub(super) store: Store,
    pub(super) purse: Purse,
    pub(super) results: Results,
    pub(super) lease: Lease,
    /// The turn's own lane.
    pub(super) lane: LaneId,
    /// The lane of the turn's subagent whose log this is; none for the turn's own.
    pub(super) subagent: Option<LaneId>,
    pub(super) user: UserId,
    pub(super) hub: Arc<Hub>,
    /// Fires when the server is leaving: then nothing new begins, which is the turn's safe point.
    pub(super) leaving: CancellationToken,
    /// Told since when an append has not come back.
    pub(super) appending: Appending,
    /// Held from an append until readers were told of it, by one lane of the turn at a time: they are told in the log's
    /// order, and take what comes late for what they know.
    pub(super) in_order: Arc<Mutex<()>>,
}

impl StoreLog {
    /// Adds events to other lanes of the turn and tells its readers.
    ///
    /// # Errors
    /// As [`Store::append_to_lanes`].
    pub(super) async fn append_to_lanes(&self, events: Vec<(LaneId, Event)>) -> Result<(), StoreError> {
        let _in_order = self.in_order.lock().await;
        self.appending.set(Some(Instant::now()));
        let stored = self.store.append_to_lanes(&self.lease, events).await;
        self.appending.set(None);
        self.hub.publish(&stored?);
        Ok(())
    }
}

#[async_trait]
impl TurnLog for StoreLog {
    async fn append(&self, mut events: Vec<Event>) -> Result<Vec<StoredEvent>, LogError> {
        let keep = if self.leaving.is_cancelled() { events.iter().position(Event::begins_work) } else { None };
        if let Some(keep) = keep {
            // What was done is stored, what would begin now is not: whoever takes the turn over begins it.
            events.truncate(keep);
        }
        for event in &mut events {
            if let Event::ToolFinished { outcome, .. } = event {
                self.results.settle(outcome).await;
            }
        }
        if !events.is_empty() {
            let _in_order = self.in_order.lock().await;
            self.appending.set(Some(Instant::now()));
            let stored = match self.subagent {
                None => self.store.append(&self.lease, events).await,
                Some(lane) => {
                    let events = events.into_iter().map(|event| (lane, event)).collect();
                    self.store.append_to_lanes(&self.lease, events).await
                }
            };
            self.appending.set(None);
            let stored = stored.map_err(log_error)?;
            self.hub.publish(&stored);
            if keep.is_none() {
                return Ok(stored);
            }
        }
        if keep.is_some() { Err(LogError::LostLease) } else { Ok(Vec::new()) }
    }

    async fn standing_permissions(&self) -> Result<Vec<StandingPermission>, LogError> {
        self.store.standing_permissions(&self.user, self.lease.conversation).await.map_err(log_error)
    }

    async fn typed_result(&self, call: &ToolCallId) -> Result<Option<Value>, LogError> {
        let found = self.store.structured_result(&self.user, self.lease.turn, call).await.map_err(log_error)?;
        found
            .map(|text| serde_json::from_str(&text))
            .transpose()
            .map_err(|error| LogError::Unavailable(Box::new(error)))
    }

    async fn ask(&self, questions: Vec<(LaneId, Event)>) -> Result<(), LogError> {
        self.append_to_lanes(questions).await.map_err(log_error)
    }

    async fn overspent(&self) -> Result<Option<TurnFailure>, LogError> {
        let used_up = self.purse.used_up(&self.user, Some(self.lease.conversation)).await.map_err(log_error)?;
        Ok(used_up.map(|UsedUp { code, message }| TurnFailure { code: code.to_owned(), message }))
    }

    fn preview(&self, delta: &Event) {
        self.hub.preview(self.lease.conversation, self.subagent.unwrap_or(self.lane), delta);
    }
}

fn log_error(error: StoreError) -> LogError {
    match error {
        StoreError::LostLease | StoreError::TurnEnded(_) | StoreError::NotFound(_) | StoreError::Closed => {
            LogError::LostLease
        }
        error @ (StoreError::TooLarge { .. } | StoreError::InvalidAppend(_)) => LogError::Refused(Box::new(error)),
        other => LogError::Unavailable(Box::new(other)),
    }
}

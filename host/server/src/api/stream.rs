//! Watching a turn: first what the store has, then what happens, every event once, in order.
//!
//! A reader joins the turn's hub before it reads the store, so nothing falls between the two. It stands at a position
//! in the log (`last`); a stored event is sent when it is past that position, a preview when it belongs exactly there
//! (see [`crate::turns`]). A hub item that says `Look` sends the reader back to the store, which is also how a turn
//! that another host drives is followed.

use std::collections::VecDeque;
use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use bricklayer_domain::{EventSeq, Turn, TurnId, chain};
use bricklayer_store::StoreError;
use bytes::Bytes;
use http::HeaderMap;
use serde::Deserialize;
use tokio::time::Instant;
use utoipa::{IntoParams, ToSchema};

use super::extract::{OptionalBody, Path, Query};
use super::problem::Problem;
use super::sse;
use crate::app::AppState;
use crate::events::{WireBody, WireEvent};
use crate::identity::Caller;
use crate::turns::{Item, Subscription, encode};

/// Frames that are sent in one piece at most.
const MAX_COALESCED: usize = 64;
/// How often a reader looks into the store by itself: should a notice be lost on the way from another host, its turn
/// is seen a little later instead of never.
const LOOK_INTERVAL: Duration = Duration::from_secs(5);

/// Where a stream continues.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct StreamQuery {
    /// The last event that the reader has; `Last-Event-ID` says the same.
    #[param(minimum = 0)]
    after: Option<i64>,
}

/// Where a stream continues.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct StreamStart {
    /// The last event that the reader has.
    #[schema(minimum = 0)]
    last_event_id: Option<i64>,
    /// Accepted from older clients and ignored: a time names no place in a log.
    #[serde(rename = "last_event_timestamp")]
    #[schema(value_type = Option<f64>)]
    _last_event_timestamp: Option<serde_json::Value>,
}

/// Streams a turn's events (`EventSource`): those after `Last-Event-ID` or `after`, then what follows.
#[utoipa::path(get, path = "/api/stream_progress/{execution_id}", tag = "turns", operation_id = "follow_stream",
    params(("execution_id" = Uuid, Path, description = "The turn."), StreamQuery),
    responses((status = 200, description = "Server-sent events; each `data` is a WireEvent, after the last comes `[DONE]`.", body = WireEvent, content_type = "text/event-stream")))]
pub(crate) async fn follow_stream(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<TurnId>,
    Query(query): Query<StreamQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let header = match headers.get("last-event-id") {
        None => None,
        Some(value) => {
            let text = value.to_str().unwrap_or_default().trim();
            let wrong = || Problem::field("Last-Event-ID", "must be the id of an event, a whole number");
            if text.is_empty() { None } else { Some(text.parse().map_err(|_| wrong())?) }
        }
    };
    // A browser that reconnects sends the header and the address it began with: the header is newer.
    follow(app, caller, id, header.or(query.after)).await
}

/// Streams a turn's events to clients that cannot use `EventSource`: those after `last_event_id`, then what follows.
#[utoipa::path(post, path = "/api/stream_progress/{execution_id}", tag = "turns", operation_id = "post_follow_stream",
    params(("execution_id" = Uuid, Path, description = "The turn.")), request_body = Option<StreamStart>,
    responses((status = 200, description = "As with GET.", body = WireEvent, content_type = "text/event-stream")))]
pub(crate) async fn post_follow_stream(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<TurnId>,
    OptionalBody(body): OptionalBody<StreamStart>,
) -> Result<Response, Problem> {
    follow(app, caller, id, body.last_event_id).await
}

pub(super) async fn follow(app: AppState, caller: Caller, id: TurnId, after: Option<i64>) -> Result<Response, Problem> {
    if after.is_some_and(|after| after < 0) {
        return Err(Problem::field("after", "must not be negative"));
    }
    let place = sse::place(&app, &caller)?;
    let turn = app.store().get_turn(&caller.user, id).await?;
    let reader = Reader::new(app, turn, EventSeq(after.unwrap_or_default()));
    Ok(sse::answer(place, reader.closes_at, reader))
}

/// What a reader does next.
#[derive(Debug, PartialEq, Eq)]
enum Phase {
    /// Say how soon to connect again.
    Greet,
    /// Read the store.
    Replay,
    /// Wait for the hub.
    Live,
    /// The turn's last event was sent: say so.
    Leave,
    /// Nothing more.
    Done,
}

struct Reader {
    app: AppState,
    turn: Turn,
    live: Subscription,
    /// What was streamed and not stored when this reader joined.
    tail: VecDeque<Item>,
    /// The last event sent.
    last: EventSeq,
    phase: Phase,
    closes_at: Instant,
    /// When something last happened.
    active_at: Instant,
    looked_at: Instant,
    keep_alive_at: Instant,
}

impl sse::Source for Reader {
    /// The next piece to send; `None` closes the stream. Safe to drop at any point: the reader comes back with the
    /// last id it got.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            match self.phase {
                Phase::Greet => {
                    self.phase = Phase::Replay;
                    return Some(Bytes::from_static(b"retry: 1000\n\n"));
                }
                Phase::Replay => {
                    if let Some(chunk) = self.replay().await {
                        return Some(chunk);
                    }
                }
                Phase::Live => {
                    if let Some(chunk) = self.wait().await {
                        return Some(chunk);
                    }
                }
                Phase::Leave => {
                    self.phase = Phase::Done;
                    return Some(Bytes::from_static(DONE));
                }
                Phase::Done => return None,
            }
        }
    }

    fn goodbye(&mut self) -> Option<Bytes> {
        match std::mem::replace(&mut self.phase, Phase::Done) {
            Phase::Done => None,
            Phase::Leave => Some(Bytes::from_static(DONE)),
            Phase::Greet | Phase::Replay | Phase::Live => Some(self.reconnect()),
        }
    }
}

impl Reader {
    fn new(app: AppState, turn: Turn, last: EventSeq) -> Self {
        let (tail, live) = app.turns().follow(&turn);
        let now = Instant::now();
        Self {
            turn,
            live,
            tail: tail.into(),
            last,
            phase: Phase::Greet,
            closes_at: now + app.config().stream_window,
            active_at: now,
            looked_at: now,
            keep_alive_at: now + app.config().stream_keep_alive,
            app,
        }
    }

    /// One page of the store.
    async fn replay(&mut self) -> Option<Bytes> {
        let store = self.app.store();
        let page = self.live.replay(store, &self.turn.user, self.last).await;
        self.looked_at = Instant::now();
        let page = match page {
            Ok(page) => page,
            Err(StoreError::NotFound(_)) => {
                // Deleted under the reader: there is nothing left to say.
                self.phase = Phase::Done;
                return None;
            }
            Err(error) => {
                tracing::warn!(error = chain(&error), "a stream cannot be read from the store");
                self.phase = Phase::Done;
                return Some(self.reconnect());
            }
        };
        // What a page leaves out is settled, and void for whoever comes after it. A reader that claimed to be past the
        // log's end stands at its end now.
        let claimed = std::mem::replace(&mut self.last, page.through);
        if claimed > page.through && !self.turn.status.is_final() {
            // The turn may have ended since this reader asked for it: then nothing more will be said.
            match self.app.store().get_turn(&self.turn.user, self.turn.id).await {
                Ok(turn) => self.turn = turn,
                Err(error) => {
                    tracing::warn!(error = chain(&error), "a stream's turn cannot be read from the store");
                    self.phase = Phase::Done;
                    return Some(self.reconnect());
                }
            }
            if self.turn.status.is_final() {
                return None;
            }
        }
        if page.terminal {
            self.phase = Phase::Leave;
        } else if page.complete {
            self.phase = Phase::Live;
            // Everything there is was sent, and the turn had ended before: this reader has its last event already.
            if page.frames.is_empty() && self.turn.status.is_final() {
                self.phase = Phase::Done;
                return Some(Bytes::from_static(DONE));
            }
            let mut tail = Vec::new();
            while let Some(item) = self.tail.pop_front() {
                self.take(item, &mut tail);
            }
            if !tail.is_empty() {
                return self.sent([&page.frames, &tail[..]].concat().into());
            }
        }
        self.sent(page.frames)
    }

    /// What the hub says next, or a sign of life, or the end of the window.
    async fn wait(&mut self) -> Option<Bytes> {
        let look_at = self.looked_at + LOOK_INTERVAL;
        let leaving = self.app.turns().leaving().clone();
        let mut out = Vec::new();
        tokio::select! {
            biased;
            item = self.live.next() => {
                self.take(item, &mut out);
                for _ in 0..MAX_COALESCED {
                    if self.phase != Phase::Live {
                        break;
                    }
                    let Some(item) = self.live.try_next() else { break };
                    self.take(item, &mut out);
                }
                return self.sent(out.into());
            }
            () = leaving.cancelled() => {}
            () = tokio::time::sleep_until(self.closes_at) => {}
            () = tokio::time::sleep_until(self.keep_alive_at) => {
                self.keep_alive_at = Instant::now() + self.app.config().stream_keep_alive;
                let elapsed_since_last_event = self.active_at.elapsed().as_secs_f64();
                return Some(self.own_frame(WireBody::KeepAlive { elapsed_since_last_event }));
            }
            () = tokio::time::sleep_until(look_at) => {
                self.phase = Phase::Replay;
                return None;
            }
        }
        self.phase = Phase::Done;
        Some(self.reconnect())
    }

    fn take(&mut self, item: Item, out: &mut Vec<u8>) {
        match item {
            Item::Stored { seq, frames, terminal } if seq > self.last => {
                self.last = seq;
                out.extend_from_slice(&frames);
                if terminal {
                    out.extend_from_slice(DONE);
                    self.phase = Phase::Done;
                }
            }
            Item::Preview { base, frame } if base == self.last => out.extend_from_slice(&frame),
            // Sent from the store already, or streamed before what was sent.
            Item::Stored { .. } | Item::Preview { .. } => {}
            Item::Look => self.phase = Phase::Replay,
        }
    }

    fn sent(&mut self, out: Bytes) -> Option<Bytes> {
        if out.is_empty() {
            return None;
        }
        self.active_at = Instant::now();
        self.keep_alive_at = self.active_at + self.app.config().stream_keep_alive;
        Some(out)
    }

    fn reconnect(&self) -> Bytes {
        self.own_frame(WireBody::Reconnect { last_event_id: self.last.0 })
    }

    fn own_frame(&self, body: WireBody) -> Bytes {
        let execution_id = self.live.turn().to_string();
        encode(&WireEvent { body, seq: None, execution_id, at: bricklayer_domain::now(), lane: None }, None)
    }
}

/// After the terminal event.
const DONE: &[u8] = b"data: [DONE]\n\n";

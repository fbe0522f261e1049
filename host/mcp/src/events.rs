//! The newest events of streams, for clients whose connection broke: what was said meanwhile is said again, and what a
//! call brings after that is said to whoever came back.
//!
//! In memory, so a stream goes on at the host that holds its session; bounded for all of them together.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bricklayer_domain::McpSessionId;
use rmcp::model::ServerJsonRpcMessage;
use rmcp::transport::streamable_http_server::session::ServerSseMessage;
use rmcp::transport::streamable_http_server::session::{EventId, EventStore, EventStoreError, EventStream};
use tokio::sync::watch;
use tokio::time::Instant;

/// Events of one stream that are kept; a stream of a call has its progress and its end.
const MAX_EVENTS: usize = 64;

/// Bytes of all events that are kept; the oldest streams make room.
const MAX_BYTES: usize = 64 << 20;

/// How long a stream is kept that has ended.
const KEPT_FOR: Duration = Duration::from_secs(300);

/// What an event takes beside its message.
const EVENT_BYTES: usize = 256;

#[derive(Debug, Default)]
pub(crate) struct Events(Mutex<Table>);

#[derive(Debug, Default)]
struct Table {
    streams: HashMap<String, Stream>,
    /// The oldest first.
    order: VecDeque<String>,
    bytes: usize,
}

#[derive(Debug)]
struct Stream {
    /// Whose it is; none before its first event went out.
    session: Option<McpSessionId>,
    events: VecDeque<(u64, ServerSseMessage, usize)>,
    next: u64,
    ended: Option<Instant>,
    /// Counts its events.
    told: watch::Sender<u64>,
}

/// No events are kept of this stream, or it is another session's.
#[derive(Debug, thiserror::Error)]
#[error("there is no such event")]
pub(crate) struct NoEvent;

/// The stream and the place of an event.
fn parsed(id: &str) -> Option<(&str, u64)> {
    let (stream, place) = id.rsplit_once('/')?;
    Some((stream, place.parse().ok()?))
}

impl Events {
    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes whose stream an event is of.
    pub(crate) fn own(&self, event: &ServerSseMessage, session: McpSessionId) {
        let Some((stream, _)) = event.event_id.as_deref().and_then(parsed) else { return };
        if let Some(stream) = self.table().streams.get_mut(stream) {
            stream.session = Some(session);
        }
    }

    /// Whether an event is of a session's stream.
    pub(crate) fn is_of(&self, event: &str, session: McpSessionId) -> bool {
        let Some((stream, _)) = parsed(event) else { return false };
        self.table().streams.get(stream).is_some_and(|stream| stream.session == Some(session))
    }

    /// Forgets a session's streams.
    pub(crate) fn forget(&self, session: McpSessionId) {
        let mut table = self.table();
        let gone: Vec<String> = table
            .streams
            .iter()
            .filter(|(_, stream)| stream.session == Some(session))
            .map(|(id, _)| id.clone())
            .collect();
        for id in gone {
            table.remove(&id);
        }
    }
}

impl Table {
    fn remove(&mut self, id: &str) {
        if let Some(stream) = self.streams.remove(id) {
            self.bytes -= stream.events.iter().map(|(.., bytes)| bytes).sum::<usize>();
        }
    }

    /// Lets go of what is old or too much.
    fn sweep(&mut self, now: Instant) {
        while let Some(oldest) = self.order.front() {
            let is_over = |stream: &Stream| stream.ended.is_some_and(|ended| now - ended > KEPT_FOR);
            let over = self.streams.get(oldest).is_none_or(is_over) || self.bytes > MAX_BYTES;
            if !over {
                return;
            }
            let oldest = self.order.pop_front().unwrap_or_default();
            self.remove(&oldest);
        }
    }

    fn add(&mut self, id: &str, event: &ServerSseMessage, bytes: usize, now: Instant) -> String {
        if !self.streams.contains_key(id) {
            self.order.push_back(id.to_owned());
        }
        let stream = self.streams.entry(id.to_owned()).or_insert_with(|| Stream {
            // The stream that belongs to no call is named for its session.
            session: id.strip_suffix(":common").and_then(|session| session.parse().ok()),
            events: VecDeque::new(),
            next: 0,
            ended: None,
            told: watch::Sender::new(0),
        });
        let event_id = format!("{id}/{}", stream.next);
        let kept = {
            let mut kept = event.clone();
            kept.event_id = Some(event_id.clone());
            kept
        };
        if matches!(event.message.as_deref(), Some(ServerJsonRpcMessage::Response(_) | ServerJsonRpcMessage::Error(_)))
        {
            stream.ended = Some(now);
        }
        stream.events.push_back((stream.next, kept, bytes));
        stream.next += 1;
        self.bytes += bytes;
        if stream.events.len() > MAX_EVENTS
            && let Some((.., bytes)) = stream.events.pop_front()
        {
            self.bytes -= bytes;
        }
        stream.told.send_replace(stream.next);
        event_id
    }

    /// The first event from a place on, and whether there will be none.
    fn from(&self, id: &str, place: u64) -> (Option<(u64, ServerSseMessage)>, bool) {
        let Some(stream) = self.streams.get(id) else { return (None, true) };
        let found = stream.events.iter().find(|(at, ..)| *at >= place);
        (found.map(|(at, event, _)| (*at, event.clone())), stream.ended.is_some())
    }
}

#[async_trait]
impl EventStore for Events {
    async fn store_event(&self, stream_id: &str, event: &ServerSseMessage) -> Result<EventId, EventStoreError> {
        let message = event.message.as_deref().map(serde_json::to_vec).transpose()?;
        let bytes = EVENT_BYTES + message.map_or(0, |message| message.len());
        let (mut table, now) = (self.table(), Instant::now());
        let id = table.add(stream_id, event, bytes, now);
        table.sweep(now);
        Ok(id)
    }

    async fn replay_events_after(&self, _last_event_id: &str) -> Result<EventStream, EventStoreError> {
        // Only by `after`, which holds on to the table.
        Err(Box::new(NoEvent))
    }
}

/// All events after one, those of the past and those to come, until the stream has ended.
pub(crate) fn after(events: Arc<Events>, last: &str) -> Result<EventStream, NoEvent> {
    let (stream, place) = parsed(last).ok_or(NoEvent)?;
    let told = events.table().streams.get(stream).ok_or(NoEvent)?.told.subscribe();
    let reading = (events, stream.to_owned(), place.saturating_add(1), told);
    let stream = futures::stream::unfold(reading, |(events, stream, place, mut told)| async move {
        loop {
            told.borrow_and_update();
            let (found, ended) = events.table().from(&stream, place);
            if let Some((at, event)) = found {
                return Some((event, (events, stream, at + 1, told)));
            }
            if ended || told.changed().await.is_err() {
                return None;
            }
        }
    });
    Ok(Box::pin(stream))
}

#[cfg(test)]
mod tests {
    use futures::StreamExt as _;
    use rmcp::model::{EmptyResult, RequestId, ServerResult};

    use super::*;

    fn event() -> ServerSseMessage {
        ServerSseMessage::retry(Duration::from_secs(1))
    }

    fn end() -> ServerSseMessage {
        let result = ServerResult::EmptyResult(EmptyResult {});
        ServerSseMessage::from_message(ServerJsonRpcMessage::response(result, RequestId::Number(1)))
    }

    async fn rest(events: &Arc<Events>, after_event: &str) -> Vec<String> {
        let stream = after(Arc::clone(events), after_event).unwrap();
        stream.map(|event| event.event_id.unwrap()).collect().await
    }

    #[tokio::test]
    async fn what_follows_is_told_until_the_end() {
        let events = Arc::new(Events::default());
        let first = events.store_event("s", &event()).await.unwrap();
        let telling = async {
            tokio::task::yield_now().await;
            events.store_event("s", &event()).await.unwrap();
            events.store_event("other", &end()).await.unwrap();
            events.store_event("s", &end()).await.unwrap();
        };
        assert_eq!(tokio::join!(rest(&events, &first), telling).0, ["s/1", "s/2"]);
        assert_eq!(rest(&events, "s/1").await, ["s/2"]);
        assert_eq!(rest(&events, "s/2").await, Vec::<String>::new());
        for unknown in ["", "s", "s/x", "t/0", "/"] {
            assert!(after(Arc::clone(&events), unknown).is_err(), "{unknown}");
        }
    }

    #[tokio::test]
    async fn a_stream_is_one_sessions() {
        let (events, ours, theirs) = (Events::default(), McpSessionId::new(), McpSessionId::new());
        let id = events.store_event("s", &event()).await.unwrap();
        assert!(!events.is_of(&id, ours));
        let told = ServerSseMessage::priming(id.clone(), Duration::ZERO);
        events.own(&told, ours);
        assert!(events.is_of(&id, ours) && !events.is_of(&id, theirs));
        let common = events.store_event(&format!("{theirs}:common"), &event()).await.unwrap();
        assert!(events.is_of(&common, theirs) && !events.is_of(&common, ours));
        events.forget(ours);
        assert!(!events.is_of(&id, ours) && events.is_of(&common, theirs));
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let (mut table, now) = (Table::default(), Instant::now());
        for _ in 0..=MAX_EVENTS {
            table.add("long", &event(), 1, now);
        }
        assert_eq!((table.streams["long"].events.len(), table.bytes), (MAX_EVENTS, MAX_EVENTS));
        table.add("ended", &end(), 1, now);
        table.add("long", &end(), 1, now);
        table.sweep(now + KEPT_FOR);
        assert_eq!(table.streams.len(), 2);
        let later = now + KEPT_FOR + Duration::from_secs(1);
        table.add("new", &event(), 1, later);
        table.sweep(later);
        assert_eq!((table.streams.len(), table.order.len(), table.bytes), (1, 1, 1));
        // Too much at once: the oldest go.
        table.add("large", &event(), MAX_BYTES, later);
        table.sweep(later);
        assert!(!table.streams.contains_key("new") && table.streams.contains_key("large"));
    }
}

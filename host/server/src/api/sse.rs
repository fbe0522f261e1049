//! What all streams of server-sent events share: a place among those that are open, their headers, and an end in time
//! however slowly they are read.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures::StreamExt as _;
use http::{HeaderValue, StatusCode, header};
use tokio::time::Instant;

use super::problem::Problem;
use crate::app::AppState;
use crate::identity::Caller;
use crate::places::{NoPlace, Place};

/// Wait that a reader is told when no more streams are opened.
const RETRY_SECONDS: u64 = 5;
/// Bytes that are handed on at once at most. What is handed on is sent, even to a reader who takes a kilobyte in a
/// second, and the end of the stream's window is looked at in between.
const MAX_PIECE_BYTES: usize = 16 * 1024;

/// What a stream sends.
pub(super) trait Source: Send + 'static {
    /// The next frames, whole ones; nothing ends the stream. May be dropped while it waits.
    fn next(&mut self) -> impl Future<Output = Option<Bytes>> + Send;

    /// The last words of a stream whose window is over, when all that came before was sent.
    fn goodbye(&mut self) -> Option<Bytes>;
}

/// A place for one more stream of this user, given back with the stream's end.
///
/// # Errors
/// Too many are open.
pub(super) fn place(app: &AppState, caller: &Caller) -> Result<Place, Problem> {
    app.streams().take(&caller.user).map_err(|no| {
        let whose = match no {
            NoPlace::OfUser => "you have",
            NoPlace::InAll => "the server has",
        };
        let detail = format!("{whose} as many streams open as may be; close some pages");
        Problem::new(StatusCode::TOO_MANY_REQUESTS, "too-many-streams", detail).retry_after(RETRY_SECONDS)
    })
}

/// Sends what the source has until it ends, or until the window is over: then the reader comes again.
pub(super) fn answer(place: Place, closes_at: Instant, source: impl Source) -> Response {
    let pieces = Pieces { source, rest: Bytes::new(), closes_at, has_ended: false };
    let chunks = futures::stream::unfold((pieces, place), |(mut pieces, place)| async move {
        let piece = pieces.next().await?;
        Some((Ok::<_, std::convert::Infallible>(piece), (pieces, place)))
    });
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache, no-transform")),
        (header::HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
    ];
    (headers, Body::from_stream(chunks.fuse())).into_response()
}

/// The frames of a source in small pieces, until the window is over.
struct Pieces<S> {
    source: S,
    /// Of the last frames, what was not handed on yet.
    rest: Bytes,
    closes_at: Instant,
    has_ended: bool,
}

impl<S: Source> Pieces<S> {
    async fn next(&mut self) -> Option<Bytes> {
        if self.has_ended {
            return None;
        }
        let is_over = Instant::now() >= self.closes_at;
        if is_over {
            self.has_ended = true;
            // In the middle of what a slow reader takes there is nothing to say: it comes again after the last event
            // that it has whole.
            return if self.rest.is_empty() { self.source.goodbye() } else { None };
        }
        if self.rest.is_empty() {
            self.rest = self.source.next().await?;
        }
        Some(self.rest.split_to(self.rest.len().min(MAX_PIECE_BYTES)))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// So many frames of a size, one after the other without a pause.
    struct Frames {
        left: usize,
        bytes: usize,
    }

    impl Source for Frames {
        async fn next(&mut self) -> Option<Bytes> {
            self.left = self.left.checked_sub(1)?;
            Some(vec![b'x'; self.bytes].into())
        }

        fn goodbye(&mut self) -> Option<Bytes> {
            Some(Bytes::from_static(b"bye"))
        }
    }

    /// What a reader gets who has taken so many pieces when the window is over.
    async fn read(source: Frames, until_over: usize) -> Vec<Bytes> {
        let closes_at = Instant::now() + Duration::from_secs(3600);
        let mut pieces = Pieces { source, rest: Bytes::new(), closes_at, has_ended: false };
        let mut got = Vec::new();
        loop {
            if got.len() == until_over {
                pieces.closes_at = Instant::now();
            }
            let Some(piece) = pieces.next().await else { return got };
            assert!(piece.len() <= MAX_PIECE_BYTES);
            got.push(piece);
        }
    }

    #[tokio::test]
    async fn a_stream_ends_with_its_window_however_slowly_it_is_read() {
        let bytes = |pieces: &[Bytes]| pieces.iter().map(Bytes::len).sum::<usize>();
        // Who reads gets all of it, whole.
        let all = read(Frames { left: 3, bytes: 1_000_000 }, usize::MAX).await;
        assert_eq!(bytes(&all), 3_000_000);
        // Who is still in the middle of a frame is cut off there, without a word.
        let slow = read(Frames { left: 3, bytes: 1_000_000 }, 4).await;
        assert_eq!(bytes(&slow), 4 * MAX_PIECE_BYTES);
        // And so is, between two frames, who reads a log that does not end.
        let long = read(Frames { left: usize::MAX, bytes: 1_000 }, 50).await;
        assert_eq!((long.len(), long.last().map(|last| &last[..])), (51, Some(&b"bye"[..])));
    }
}

//! The socket of a connection: a client that does not take what it asked for loses it, and what a head held that the
//! parser drops is remembered.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep};

use super::MAX_HEAD_BYTES;

/// Slowest that a client may take what waits for it, in bytes per second: below any line that a page is usable on. One
/// that takes a byte now and then would otherwise never be seen to stall.
const LEAST_BYTES_PER_SECOND: u32 = 1024;

/// A socket whose writes do not wait for ever.
#[derive(Debug)]
pub(super) struct Socket {
    stream: TcpStream,
    write_time: Duration,
    /// Runs while something waits to be taken.
    waiting: Option<Pin<Box<Sleep>>>,
    heads: Heads,
}

impl Socket {
    pub(super) fn new(stream: TcpStream, write_time: Duration, heads: Heads) -> Self {
        Self { stream, write_time, waiting: None, heads }
    }

    fn written(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        match written {
            Poll::Ready(Ok(bytes)) => {
                if let Some(waiting) = &mut self.waiting {
                    let earned = Duration::from_secs(bytes as u64) / LEAST_BYTES_PER_SECOND;
                    let until = (waiting.deadline() + earned).min(Instant::now() + self.write_time);
                    waiting.as_mut().reset(until);
                }
                Poll::Ready(Ok(bytes))
            }
            Poll::Ready(error) => Poll::Ready(error),
            Poll::Pending => {
                let waiting = self.waiting.get_or_insert_with(|| Box::pin(tokio::time::sleep(self.write_time)));
                waiting.as_mut().poll(cx).map(|()| Err(io::ErrorKind::TimedOut.into()))
            }
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        let read = Pin::new(&mut this.stream).poll_read(cx, buf);
        if let Some(new) = buf.filled().get(before..) {
            this.heads.note(new);
        }
        read
    }
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write(cx, buf);
        this.written(cx, written)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write_vectored(cx, bufs);
        this.written(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // Asked once everything was written: nothing waits any more.
        let this = self.get_mut();
        this.waiting = None;
        Pin::new(&mut this.stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

/// The bytes of a request's head as they came: the parser drops a length that stands beside a transfer encoding, so that
/// nobody behind it could refuse the two, and it takes heads that are somewhat longer than its bound. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(super) struct Heads {
    seen: Arc<Mutex<Seen>>,
}

#[derive(Debug, Default)]
struct Seen {
    bytes: Vec<u8>,
    /// Set while a body is read: that is no head.
    paused: bool,
}

/// What a head says that the parser does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) has_length: bool,
    pub(super) is_too_long: bool,
}

impl Heads {
    fn note(&self, bytes: &[u8]) {
        let mut seen = self.seen();
        if !seen.paused {
            let room = MAX_HEAD_BYTES.saturating_sub(seen.bytes.len());
            seen.bytes.extend_from_slice(bytes.get(..room.min(bytes.len())).unwrap_or_default());
        }
    }

    /// The head that came last, whose request begins; what comes is not noted until [`Heads::next`].
    pub(super) fn take(&self) -> Head {
        let bytes = {
            let mut seen = self.seen();
            seen.paused = true;
            std::mem::take(&mut seen.bytes)
        };
        let is_full = bytes.len() >= MAX_HEAD_BYTES;
        let mut has_end = false;
        let mut has_length = false;
        for line in bytes.split(|byte| *byte == b'\n').skip(1).map(|line| line.strip_suffix(b"\r").unwrap_or(line)) {
            if line.is_empty() {
                has_end = true;
                break;
            }
            let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
            has_length |= name.trim_ascii().eq_ignore_ascii_case(b"content-length");
        }
        Head { has_length, is_too_long: is_full && !has_end }
    }

    /// The answer is out: what comes now is the next head. One that came before, in one piece with the last request, is
    /// not looked at; the parser does with it what the standard says.
    pub(super) fn next(&self) {
        *self.seen() = Seen::default();
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

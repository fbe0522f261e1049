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

/// The bytes of a request's head as they came, until its answer is asked for: the parser drops a length that stands
/// beside a transfer encoding, so that nobody behind it could refuse the two. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(super) struct Heads {
    seen: Arc<Mutex<Vec<u8>>>,
}

impl Heads {
    fn note(&self, bytes: &[u8]) {
        let mut seen = self.seen();
        let room = MAX_HEAD_BYTES.saturating_sub(seen.len());
        seen.extend_from_slice(bytes.get(..room.min(bytes.len())).unwrap_or_default());
    }

    /// Whether the head that came last has a `Content-Length`; forgets it.
    pub(super) fn take_has_length(&self) -> bool {
        let seen = std::mem::take(&mut *self.seen());
        let lines = seen.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
        // Of what was read before the head, at most the rest of a body, nothing counts but an empty line too early,
        // after which nothing is looked for: what is missed then, the parser resolves as the standard says.
        lines.skip(1).take_while(|line| !line.is_empty()).any(|line| {
            let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
            name.trim_ascii().eq_ignore_ascii_case(b"content-length")
        })
    }

    fn seen(&self) -> MutexGuard<'_, Vec<u8>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

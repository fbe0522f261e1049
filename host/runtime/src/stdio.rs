//! A guest's standard output and error: bounded. The tail is kept, because a panic's text is all that an author has to
//! go by, and each line goes to the log as it comes, where anybody looks at it: `bricklayer plugin dev` does.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::io::AsyncWrite;
use tracing::Level;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamError, StreamResult};

use crate::CallIdentity;
use crate::failure::LimitHit;
use crate::guest_log::{self, LinesLeft, MAX_LINE_BYTES};

/// How much of the end is kept.
const TAIL_BYTES: usize = 2048;

/// How much a guest may write at once.
const CHUNK_BYTES: usize = 64 * 1024;

/// Both streams of one call.
#[derive(Debug, Clone)]
pub(crate) struct StdioTail {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug)]
struct Inner {
    tail: VecDeque<u8>,
    left: usize,
    /// None where nobody looks.
    lines: Option<Lines>,
}

/// What is printed, line by line.
#[derive(Debug)]
struct Lines {
    who: Arc<CallIdentity>,
    left: LinesLeft,
    /// The line that has not ended.
    open: Vec<u8>,
}

impl Lines {
    fn push(&mut self, bytes: &[u8]) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let room = MAX_LINE_BYTES.saturating_sub(self.open.len());
            self.open.extend(piece.get(..room).unwrap_or(piece));
            if piece.ends_with(b"\n") {
                self.end();
            }
        }
    }

    fn end(&mut self) {
        let line = std::mem::take(&mut self.open);
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end();
        if !text.is_empty() {
            self.left.write(&self.who, Level::DEBUG, text);
        }
    }
}

impl StdioTail {
    /// Streams that take `max` bytes in all.
    pub(crate) fn new(max: usize, who: Arc<CallIdentity>) -> Self {
        let lines = guest_log::prints_are_seen().then(|| Lines { who, left: LinesLeft::default(), open: Vec::new() });
        Self { inner: Arc::new(Mutex::new(Inner { tail: VecDeque::new(), left: max, lines })) }
    }

    /// The call is over, and with it a line that nothing ended.
    pub(crate) fn end(&self) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lines) = &mut inner.lines {
            lines.end();
        }
    }

    /// The end of what was written, without control characters other than line breaks.
    pub(crate) fn text(&self) -> String {
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes: Vec<u8> = inner.tail.iter().copied().collect();
        String::from_utf8_lossy(&bytes).chars().filter(|c| !c.is_control() || *c == '\n').collect()
    }

    fn push(&self, bytes: &[u8]) -> Result<(), LimitHit> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.left = inner.left.checked_sub(bytes.len()).ok_or(LimitHit::Stdio)?;
        if let Some(lines) = &mut inner.lines {
            lines.push(bytes);
        }
        let kept = bytes.get(bytes.len().saturating_sub(TAIL_BYTES)..).unwrap_or_default();
        inner.tail.extend(kept);
        let excess = inner.tail.len().saturating_sub(TAIL_BYTES);
        inner.tail.drain(..excess);
        Ok(())
    }
}

impl IsTerminal for StdioTail {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for StdioTail {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

impl OutputStream for StdioTail {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.push(&bytes).map_err(|hit| StreamError::Trap(hit.into()))
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(CHUNK_BYTES)
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for StdioTail {
    async fn ready(&mut self) {}
}

impl AsyncWrite for StdioTail {
    fn poll_write(self: Pin<&mut Self>, _cx: &mut Context<'_>, buf: &[u8]) -> Poll<std::io::Result<usize>> {
        Poll::Ready(self.push(buf).map(|()| buf.len()).map_err(std::io::Error::other))
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

//! `progress` of the contract, thinned: a guest may report as often as it likes, the page hears it at most 20 times a second.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bricklayer_domain::{Progress, cut};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::contract::wit::progress as wit;
use super::{Frame, View};
use crate::context::ProgressSink;

/// Shortest time between two reports that are passed on.
const INTERVAL: Duration = Duration::from_millis(50);

/// Longest message, in characters.
const MAX_MESSAGE_CHARS: usize = 500;

/// Where a call's reports go.
pub(super) struct ProgressCtx(Arc<ProgressGate>);

impl ProgressCtx {
    pub(super) fn new(frame: &Frame) -> Self {
        Self(Arc::clone(&frame.progress))
    }
}

impl wit::Host for View<'_, ProgressCtx> {
    fn report(&mut self, message: String, done: Option<f64>, total: Option<f64>) -> wasmtime::Result<()> {
        self.count()?;
        self.own.0.report(&message, done, total);
        Ok(())
    }
}

/// Lets the first report through at once and of those that follow too soon the newest.
pub(crate) struct ProgressGate {
    sink: ProgressSink,
    inner: Mutex<Inner>,
    waiting: Notify,
}

#[derive(Default)]
struct Inner {
    last: Option<Instant>,
    pending: Option<Progress>,
}

impl ProgressGate {
    pub(crate) fn new(sink: ProgressSink) -> Self {
        Self { sink, inner: Mutex::default(), waiting: Notify::new() }
    }

    fn report(&self, message: &str, done: Option<f64>, total: Option<f64>) {
        let message = cut(message, MAX_MESSAGE_CHARS * 4).chars().take(MAX_MESSAGE_CHARS);
        let message = message.map(|c| if c.is_control() { ' ' } else { c }).collect();
        let number = |value: Option<f64>| value.filter(|value| value.is_finite());
        let progress = Progress { message, done: number(done), total: number(total) };
        let now = Instant::now();
        let pass = {
            let mut inner = self.lock();
            if inner.last.is_none_or(|last| now.duration_since(last) >= INTERVAL) {
                inner.last = Some(now);
                inner.pending = None;
                Some(progress)
            } else {
                inner.pending = Some(progress);
                None
            }
        };
        match pass {
            Some(progress) => (self.sink)(progress),
            None => self.waiting.notify_one(),
        }
    }

    /// Passes on held reports when their time has come; runs beside the guest and never ends.
    pub(crate) async fn pump(&self) {
        loop {
            self.waiting.notified().await;
            let due = self.lock().last.map(|last| last + INTERVAL);
            if let Some(due) = due {
                tokio::time::sleep_until(due).await;
            }
            self.flush();
        }
    }

    /// Passes on the held report, if there is one.
    pub(crate) fn flush(&self) {
        let pending = {
            let mut inner = self.lock();
            let pending = inner.pending.take();
            if pending.is_some() {
                inner.last = Some(Instant::now());
            }
            pending
        };
        if let Some(progress) = pending {
            (self.sink)(progress);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

//! `progress` of the contract, thinned: a guest may report as often as it likes, the page hears it at most 20 times a second.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bricklayer_domain::{MAX_PROGRESS_STEPS, Progress, ProgressStep, StepState, cut};
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
        self.own.0.report(&message, done, total, Vec::new());
        Ok(())
    }

    fn report_steps(&mut self, message: String, steps: Vec<wit::Step>) -> wasmtime::Result<()> {
        self.count()?;
        let count = |ended: bool| steps.iter().filter(|step| has_ended(step.state) || !ended).count();
        #[expect(clippy::cast_precision_loss, reason = "a number of steps is small")]
        let (done, total) = (count(true) as f64, count(false) as f64);
        let shown = steps.into_iter().take(MAX_PROGRESS_STEPS).map(step).collect();
        self.own.0.report(&message, Some(done), Some(total), shown);
        Ok(())
    }
}

/// Longest key of a step, in characters, and address, in bytes.
const MAX_KEY_CHARS: usize = 200;
const MAX_LINK_BYTES: usize = 2048;

const fn has_ended(state: wit::StepState) -> bool {
    !matches!(state, wit::StepState::Waiting | wit::StepState::Running)
}

/// A step as people see it: bounded, in one line, with an address of the web or none.
fn step(step: wit::Step) -> ProgressStep {
    let wit::Step { key, state, link, depends_on } = step;
    let key_of = |key: String| line(&key, MAX_KEY_CHARS);
    let is_address = |link: &String| {
        ["https://", "http://"].iter().any(|web| link.starts_with(web))
            && link.len() <= MAX_LINK_BYTES
            && link.bytes().all(|b| b.is_ascii_graphic())
    };
    ProgressStep {
        key: key_of(key),
        state: match state {
            wit::StepState::Waiting => StepState::Waiting,
            wit::StepState::Running => StepState::Running,
            wit::StepState::Succeeded => StepState::Succeeded,
            wit::StepState::Failed => StepState::Failed,
            wit::StepState::Skipped => StepState::Skipped,
        },
        link: link.filter(is_address),
        depends_on: depends_on.into_iter().take(MAX_PROGRESS_STEPS).map(key_of).collect(),
    }
}

fn line(text: &str, most_chars: usize) -> String {
    let chars = cut(text, most_chars * 4).chars().take(most_chars);
    chars.map(|c| if c.is_control() { ' ' } else { c }).collect()
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

    fn report(&self, message: &str, done: Option<f64>, total: Option<f64>, steps: Vec<ProgressStep>) {
        let message = line(message, MAX_MESSAGE_CHARS);
        let number = |value: Option<f64>| value.filter(|value| value.is_finite());
        let progress = Progress { message, done: number(done), total: number(total), steps };
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_one_bounded_line_with_an_address_of_the_web_or_none() {
        let told = |key: &str, link: &str| {
            let depends_on = vec!["b\nc".to_owned(); MAX_PROGRESS_STEPS + 1];
            step(wit::Step { key: key.into(), state: wit::StepState::Failed, link: Some(link.into()), depends_on })
        };
        let plain = told("load", "https://w.example/run/1");
        assert_eq!((plain.key.as_str(), plain.state), ("load", StepState::Failed));
        assert_eq!(plain.link.as_deref(), Some("https://w.example/run/1"));
        assert_eq!((plain.depends_on.len(), plain.depends_on[0].as_str()), (MAX_PROGRESS_STEPS, "b c"));
        assert_eq!(told(&"é".repeat(999), "").key.chars().count(), MAX_KEY_CHARS);
        let long = format!("https://w/{}", "x".repeat(MAX_LINK_BYTES));
        for link in ["", "javascript:alert(1)", "https://w/ x", "https://w/\n", &long] {
            assert_eq!(told("a", link).link, None, "{link}");
        }
    }
}

//! Parts of a longer chore: each says how it ended, and all together where the time went.

use std::time::{Duration, Instant};

use anyhow::Result;

use crate::processor;

/// The parts so far.
#[derive(Debug, Default)]
pub(crate) struct Stages {
    taken: Vec<(&'static str, Duration, Option<Duration>)>,
}

impl Stages {
    /// Runs one part; after a failure the table is told as far as it goes.
    pub(crate) fn run(&mut self, done: &'static str, work: impl FnOnce() -> Result<()>) -> Result<()> {
        let (began, before) = (Instant::now(), processor::of_ended_children());
        let outcome = stage(done, work);
        let used = before.and_then(|before| processor::of_ended_children()?.checked_sub(before));
        self.taken.push((done, began.elapsed(), used));
        if outcome.is_err() {
            self.tell("not all tests passed");
        }
        outcome
    }

    /// Where the time went, and how much of the machine was used meanwhile.
    pub(crate) fn tell(&self, summary: &str) {
        eprintln!();
        for (done, took, used) in &self.taken {
            eprintln!("{:>6} s  {:>10}  {done}", took.as_secs(), processor::share(*used, *took));
        }
        let all = self.taken.iter().map(|(_, took, _)| *took).sum::<Duration>();
        let used = self.taken.iter().map(|(_, _, used)| *used).sum::<Option<Duration>>();
        let used = used.map(|used| format!(", {} s of processor", used.as_secs())).unwrap_or_default();
        eprintln!("{summary} ({} s{used})", all.as_secs());
    }
}

/// Runs one part and says plainly how it ended.
pub(crate) fn stage(done: &str, work: impl FnOnce() -> Result<()>) -> Result<()> {
    let began = Instant::now();
    let outcome = work();
    let word = if outcome.is_ok() { "" } else { "NOT: " };
    eprintln!("── {word}{done} ({} s)", began.elapsed().as_secs());
    outcome
}

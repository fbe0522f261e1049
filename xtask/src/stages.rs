//! Parts of a longer chore: each says how it ended, and all together where the time went.

use std::time::{Duration, Instant};

use anyhow::Result;

/// The parts so far.
#[derive(Debug, Default)]
pub(crate) struct Stages {
    taken: Vec<(&'static str, Duration)>,
}

impl Stages {
    /// Runs one part; after a failure the table is told as far as it goes.
    pub(crate) fn run(&mut self, done: &'static str, work: impl FnOnce() -> Result<()>) -> Result<()> {
        let began = Instant::now();
        let outcome = stage(done, work);
        self.taken.push((done, began.elapsed()));
        if outcome.is_err() {
            self.tell("not all tests passed");
        }
        outcome
    }

    /// Where the time went.
    pub(crate) fn tell(&self, summary: &str) {
        eprintln!();
        for (done, took) in &self.taken {
            eprintln!("{:>6} s  {done}", took.as_secs());
        }
        eprintln!("{summary} ({} s)", self.taken.iter().map(|(_, took)| *took).sum::<Duration>().as_secs());
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

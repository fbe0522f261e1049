//! Which files the model has seen, as a fold of the conversation's log.
//!
//! Each successful Read, Write, Edit or NotebookEdit stores the file's path and the SHA-256 of its content at that moment in the
//! `structured` part of its outcome. Folding those tells, after a restart as before it, whether a file was read and
//! whether it has changed since. Pages of one unchanged file add up: when they cover every line, it counts as read.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bricklayer_domain::{Event, ToolName, ToolOutcome};
use serde_json::Value;

/// Files of which a ledger without a log knows at once; some hundred bytes each.
const MAX_UNLOGGED_FILES: usize = 5_000;

/// What the model knows of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) digest: String,
    pub(super) whole: bool,
    pages: Vec<(u64, u64)>,
}

/// The files that the model has seen in a conversation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileLedger {
    files: HashMap<String, Seen>,
}

impl FileLedger {
    /// Whether an event may tell of a file.
    #[must_use]
    pub(crate) fn tells(event: &Event) -> bool {
        match event {
            Event::ToolFinished { name, outcome, .. } => Self::is_told_by(name, outcome),
            Event::NotesRead { seen, .. } => seen.is_some(),
            _ => false,
        }
    }

    fn is_told_by(name: &ToolName, outcome: &ToolOutcome) -> bool {
        !outcome.is_error() && matches!(name.0.as_str(), "Read" | "Write" | "Edit" | "NotebookEdit")
    }

    /// Takes one event of the log.
    pub fn apply(&mut self, event: &Event) {
        if !Self::tells(event) {
            return;
        }
        match event {
            Event::ToolFinished { name, outcome, .. } => self.saw(name, outcome),
            Event::NotesRead { seen: Some(seen), .. } => self.saw_file(true, seen),
            _ => {}
        }
    }

    fn saw(&mut self, name: &ToolName, outcome: &ToolOutcome) {
        if let Some(result) = &outcome.structured {
            self.saw_file(name.0 == "Read", result);
        }
    }

    /// Takes what a tool told of a file.
    fn saw_file(&mut self, read: bool, result: &Value) {
        let text = |field: &str| result.get(field).and_then(Value::as_str);
        let number = |field: &str| result.get(field).and_then(Value::as_u64).unwrap_or(0);
        let (Some(path), Some(digest)) = (text("path"), text("digest")) else { return };
        let earlier = self.files.remove(path).filter(|seen| seen.digest == digest);
        let mut seen = earlier.unwrap_or_else(|| Seen { digest: digest.to_owned(), whole: false, pages: Vec::new() });
        if read && result.get("partial").and_then(Value::as_bool).unwrap_or(false) {
            if result.get("lines_cut").and_then(Value::as_bool) != Some(true) {
                seen.pages.push((number("start_line"), number("start_line").saturating_add(number("num_lines"))));
            }
            seen.whole = seen.whole || covers(&mut seen.pages, number("total_lines"));
        } else {
            seen.whole = true;
        }
        self.files.insert(path.to_owned(), seen);
    }

    pub(super) fn get(&self, path: &str) -> Option<&Seen> {
        self.files.get(path)
    }
}

/// The ledger of a conversation that goes on: the fold of its log writes it, calls of the file tools look into it. Clones
/// are the same ledger.
#[derive(Debug, Clone, Default)]
pub struct SeenFiles {
    now: Arc<Mutex<Arc<FileLedger>>>,
}

impl SeenFiles {
    /// Takes one event of the log.
    pub(crate) fn take(&self, event: &Event) {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            // What was read before is not in front of the model any more.
            Event::ContextCompacted { .. } => *now = Arc::default(),
            event if FileLedger::tells(event) => Arc::make_mut(&mut now).apply(event),
            _ => {}
        }
    }

    /// Takes what a call brought that no log tells of. Of so many files nothing is known any more, and they are read anew.
    pub fn saw(&self, name: &ToolName, outcome: &ToolOutcome) {
        if !FileLedger::is_told_by(name, outcome) {
            return;
        }
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        if now.files.len() >= MAX_UNLOGGED_FILES {
            *now = Arc::default();
        }
        Arc::make_mut(&mut now).saw(name, outcome);
    }

    /// A ledger of its own with what was seen until now.
    pub(crate) fn copy(&self) -> Self {
        Self { now: Arc::new(Mutex::new(self.now())) }
    }

    /// What was seen until now.
    pub(crate) fn now(&self) -> Arc<FileLedger> {
        Arc::clone(&self.now.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Whether half-open line ranges cover lines 1 to `total`.
fn covers(pages: &mut [(u64, u64)], total: u64) -> bool {
    pages.sort_unstable();
    let reached = pages.iter().fold(1, |next, (start, end)| if *start <= next { next.max(*end) } else { next });
    reached > total
}

//! What the scripted model says to the driver's users: a message's word chooses it. `turn` asks for one `execute_sql` and
//! then answers, `rows N` for one of N rows, `table bare` and `table kept` for a small table of the plugin with work,
//! `deltas N` streams N pieces that carry the time they were sent, `silent` says nothing until the bench lets go.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bricklayer_far_ends::{Asked, Between, Gate, Reply, Step};
use serde_json::json;

/// One delta in this time is faster than any model and slow enough that each is measured by itself.
const PACE: Duration = Duration::from_millis(2);

/// Rows of a small table.
const TABLE_ROWS: u32 = 10;

/// What the model and the driver share: the clock that both sides of a delta read, and the gate of silent turns.
#[derive(Debug)]
pub(crate) struct Shared {
    started: Instant,
    gate: Gate,
    /// Silent requests that have arrived.
    silent: AtomicUsize,
    calls: AtomicUsize,
}

impl Shared {
    pub(crate) fn new() -> Arc<Self> {
        let nought = || AtomicUsize::new(0);
        Arc::new(Self { started: Instant::now(), gate: Gate::new(), silent: nought(), calls: nought() })
    }

    /// Microseconds since the bench began.
    pub(crate) fn now_us(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// Ends all silent streams.
    pub(crate) fn release(&self) {
        self.gate.open_to(1);
    }

    pub(crate) fn silent(&self) -> usize {
        self.silent.load(Ordering::SeqCst)
    }

    pub(crate) fn reply(self: &Arc<Self>, asked: &Asked) -> Reply {
        if asked.results > 0 {
            return Reply::text("One row: 1.");
        }
        if asked.message.contains("silent") {
            self.silent.fetch_add(1, Ordering::SeqCst);
            return Reply::gated(vec!["done".to_owned()], &self.gate);
        }
        if asked.message.contains("deltas") {
            let count = asked.message.split_whitespace().filter_map(|word| word.parse().ok()).next().unwrap_or(100);
            let clock = Arc::clone(self);
            let piece = Step::SayNow(Arc::new(move || format!("t{} ", clock.now_us())));
            return Reply::Steps(
                (0..count).flat_map(|_: usize| [Step::Between(Between::Pause(PACE)), piece.clone()]).collect(),
            );
        }
        let id = format!("toolu_{:016x}", self.calls.fetch_add(1, Ordering::Relaxed));
        if let Some(kept) = asked.message.strip_prefix("table ") {
            let input = json!({"count": TABLE_ROWS, "kept": kept == "kept"});
            return Reply::tool(&id, tool(asked, "make_table"), input);
        }
        let statement = match asked.message.strip_prefix("rows ") {
            Some(rows) => format!("SELECT * FROM rows({rows})"),
            None => "SELECT 1 AS one".to_owned(),
        };
        let input = json!({"statement": statement, "warehouse_id": "fast"});
        Reply::tool(&id, tool(asked, "execute_sql"), input)
    }
}

/// The full name of a tool: one that the model is told of, or one that it could find, whose name stands in a description.
fn tool<'a>(asked: &'a Asked, name: &'a str) -> &'a str {
    let tools = || asked.request["tools"].as_array().into_iter().flatten();
    let told = tools().filter_map(|tool| tool["name"].as_str());
    let described = tools().filter_map(|tool| tool["description"].as_str());
    let words = described.flat_map(|text| text.split([',', ' ', '\n'])).filter(|word| word.starts_with("mcp__"));
    told.chain(words).find(|full| full.ends_with(name)).unwrap_or(name)
}

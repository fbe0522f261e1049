//! The scripted model as a program, for tests that are not written in Rust. Lines of JSON on both pipes: it says where
//! it listens, then what it is asked, one line for each call; the test answers by the call's number, and opens and closes
//! the gate that `hold` waits for. It ends when its input does.
//!
//! ```text
//! out  {"listening": "http://127.0.0.1:40123/"}
//! out  {"asked": 1, "message": "the user's last words", "results": 0}
//! in   {"reply": 1, "steps": [{"say": "Hello", "piece": 9}, {"think": "…"}, {"call": "Read", "input": {}}, {"hold": true}]}
//! in   {"reply": 2, "status": 529, "error": "overloaded"}
//! in   {"open": true}
//! ```

#![allow(clippy::print_stdout, reason = "its output is its protocol")]

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bricklayer_far_ends::{Asked, Between, Gate, Model, Reply, Step};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader, stdin};
use tokio::sync::oneshot;

/// Between two pieces of a text: faster than any model, and slow enough to be seen to stream.
const PACE: Duration = Duration::from_millis(2);
/// Characters of one piece, unless the step says otherwise.
const PIECE: usize = 9;

#[derive(Debug, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
enum Line {
    Steps { reply: u64, steps: Vec<Said> },
    Status { reply: u64, status: u16, error: String },
    Gate { open: bool },
}

#[derive(Debug, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
enum Said {
    Say { say: String, piece: Option<usize> },
    Think { think: String },
    Call { call: String, input: Value },
    Hold { hold: bool },
}

type Waiting = Arc<Mutex<HashMap<u64, oneshot::Sender<Line>>>>;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let port = std::env::args().nth(1).map_or(Ok(0), |port| port.parse()).map_err(std::io::Error::other)?;
    let (gate, waiting) = (Gate::new(), Waiting::default());
    let asking = Arc::new(Asking { next: AtomicU64::new(1), waiting: Arc::clone(&waiting), gate: gate.clone() });
    let decide = move |asked: Asked| {
        let asking = Arc::clone(&asking);
        Box::pin(async move { asking.reply(asked).await }) as _
    };
    let model = Model::deciding_at(port, decide).await;
    model.list(200, json!({"data": [{"id": "scripted"}, {"id": "scripted-small", "display_name": "Scripted, small"}]}));
    println!("{}", json!({"listening": model.url}));
    let mut lines = BufReader::new(stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        match serde_json::from_str::<Line>(&line).map_err(|error| std::io::Error::other(format!("{error}: {line}")))? {
            Line::Gate { open } => gate.open_to(usize::from(open)),
            answer @ (Line::Steps { reply, .. } | Line::Status { reply, .. }) => {
                let waits = waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(&reply);
                // Nobody waits any more when the host let go.
                waits.map(|waits| waits.send(answer));
            }
        }
    }
    Ok(())
}

struct Asking {
    next: AtomicU64,
    waiting: Waiting,
    gate: Gate,
}

impl Asking {
    async fn reply(&self, asked: Asked) -> Reply {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let (sender, answer) = oneshot::channel();
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).insert(id, sender);
        println!("{}", json!({"asked": id, "message": asked.message, "results": asked.results}));
        match answer.await {
            Ok(Line::Steps { steps, .. }) => {
                let steps =
                    steps.into_iter().enumerate().flat_map(|(at, said)| self.steps(said, &format!("{id}_{at}")));
                Reply::Steps(steps.collect())
            }
            Ok(Line::Status { status, error, .. }) => {
                let body = json!({"type": "error", "error": {"type": "invalid_request_error", "message": error}});
                Reply::Status(status, Vec::new(), body)
            }
            Ok(Line::Gate { .. }) | Err(_) => Reply::cut(),
        }
    }

    fn steps(&self, said: Said, id: &str) -> Vec<Step> {
        match said {
            Said::Say { say, piece } => pieces(&say, piece.unwrap_or(PIECE), Step::Say),
            Said::Think { think } => pieces(&think, PIECE, Step::Think),
            Said::Call { call, input } => vec![Step::Call { id: format!("toolu_{id}"), name: call, input }],
            Said::Hold { hold } => {
                hold.then(|| Step::Between(Between::Wait(self.gate.clone(), 1))).into_iter().collect()
            }
        }
    }
}

fn pieces(text: &str, length: usize, step: fn(String) -> Step) -> Vec<Step> {
    let chars: Vec<char> = text.chars().collect();
    chars
        .chunks(length.max(1))
        .flat_map(|piece| [step(piece.iter().collect()), Step::Between(Between::Pause(PACE))])
        .collect()
}

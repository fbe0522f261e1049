//! The parent's side: start, feed, listen for so long and so much, and end it whatever happens.

use std::os::unix::process::ExitStatusExt as _;
use std::process::{ExitStatus, Stdio};
use std::sync::Once;

use rustix::process::Signal;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::CompileWorker;
use super::worker::{Answer, AnswerKind, Order, Task};
use crate::LoadError;

/// How much of the child's complaints is kept: the end of a panic's text.
const COMPLAINT_BYTES: usize = 2048;

/// Longest text about a wrong component.
const REFUSAL_BYTES: u64 = 64 * 1024;

/// Compiles in a child that ends with this future.
pub(super) async fn compile(worker: &CompileWorker, component: &[u8], engine: u64) -> Result<Vec<u8>, LoadError> {
    let task = if worker.walls_required { Task::CompileWalledIn } else { Task::Compile };
    let (answer, payload) = ask(worker, component, task).await?;
    judge(worker, engine, answer, payload)
}

/// Where a child gets through the walls around it, one line each.
pub(super) async fn gaps(worker: &CompileWorker) -> Result<(bool, String), LoadError> {
    let (answer, payload) = ask(worker, &[], Task::TryTheWalls).await?;
    Ok((answer.walls.whole(), String::from_utf8_lossy(&payload).into_owned()))
}

async fn ask(worker: &CompileWorker, component: &[u8], task: Task) -> Result<(Answer, Vec<u8>), LoadError> {
    let mut command = Command::new(&worker.program);
    command.args(&worker.args).env_clear().current_dir("/").kill_on_drop(true);
    // The program's allocator would reserve a gigabyte of addresses at once, and the child's addresses are bounded.
    command.env("MIMALLOC_ARENA_RESERVE", "0");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| LoadError::CompileWorker(error.to_string()))?;
    let Ok(talked) = timeout(worker.wall, talk(worker, component, task, &mut child)).await else {
        let _ = child.kill().await;
        return Err(LoadError::CompileTime(worker.wall));
    };
    match talked {
        Said::Answer(answer, payload) => {
            let _ = child.kill().await;
            Ok((answer, payload))
        }
        Said::TooMuch => {
            let _ = child.kill().await;
            Err(LoadError::CompileSize { max: worker.code_bytes })
        }
        // It is leaving or has left; its status says why.
        Said::Nothing(complaint) => match timeout(worker.wall, child.wait()).await {
            Ok(Ok(status)) => Err(death(worker, status, &complaint)),
            _ => Err(LoadError::CompileCrash(complaint)),
        },
    }
}

/// Whether missing walls were told.
static SAID: Once = Once::new();

enum Said {
    Answer(Answer, Vec<u8>),
    TooMuch,
    /// It ended without an answer, with these last words.
    Nothing(String),
}

async fn talk(worker: &CompileWorker, component: &[u8], task: Task, child: &mut Child) -> Said {
    let (Some(mut stdin), Some(stdout), Some(stderr)) = (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        return Said::Nothing(String::new());
    };
    let order = Order {
        memory_bytes: worker.memory_bytes,
        cpu_seconds: worker.cpu.as_secs().max(1),
        length: component.len() as u64,
        task,
    };
    // A child that dies reads no further; why it died is told by its status and not by this pipe.
    let feed = async {
        let _ = stdin.write_all(&order.encode()).await;
        let _ = stdin.write_all(component).await;
        let _ = stdin.flush().await;
    };
    let ((), said, complaint) = tokio::join!(feed, listen(worker, stdout), tail(stderr));
    // Kept open until here: its end would tell the child to leave.
    drop(stdin);
    match said {
        Said::Nothing(_) => Said::Nothing(complaint),
        other => other,
    }
}

/// The answer; the length is checked before memory is taken for it.
async fn listen(worker: &CompileWorker, mut stdout: impl AsyncRead + Unpin) -> Said {
    let nothing = || Said::Nothing(String::new());
    let mut head = [0; Answer::BYTES];
    if stdout.read_exact(&mut head).await.is_err() {
        return nothing();
    }
    let Some(answer) = Answer::decode(&head) else { return nothing() };
    let max = match answer.kind {
        AnswerKind::Code => worker.code_bytes,
        AnswerKind::Refused => REFUSAL_BYTES,
        AnswerKind::Memory | AnswerKind::Unwalled => 0,
    };
    if answer.length > max {
        return Said::TooMuch;
    }
    let mut payload = Vec::with_capacity(usize::try_from(answer.length).unwrap_or_default());
    match stdout.take(answer.length).read_to_end(&mut payload).await {
        Ok(read) if read as u64 == answer.length => Said::Answer(answer, payload),
        _ => nothing(),
    }
}

/// The end of what the child complains about; reads all of it, so that a talkative child is not held up.
async fn tail(mut stderr: impl AsyncRead + Unpin) -> String {
    let mut kept = Vec::new();
    let mut buffer = [0; COMPLAINT_BYTES];
    while let Ok(read @ 1..) = stderr.read(&mut buffer).await {
        kept.extend_from_slice(buffer.get(..read).unwrap_or_default());
        let excess = kept.len().saturating_sub(COMPLAINT_BYTES);
        kept.drain(..excess);
    }
    String::from_utf8_lossy(&kept).chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn judge(worker: &CompileWorker, engine: u64, answer: Answer, payload: Vec<u8>) -> Result<Vec<u8>, LoadError> {
    if !answer.walls.whole() {
        // The system does not change while the host runs, so saying it once is enough.
        SAID.call_once(|| {
            tracing::warn!(walls = %answer.walls, "components are compiled within limits, but not behind all walls: this system does not have them");
        });
    }
    match answer.kind {
        AnswerKind::Code if answer.engine == engine => Ok(payload),
        AnswerKind::Code => Err(LoadError::CompileWorker("it is of another version than this host".to_owned())),
        AnswerKind::Refused => Err(LoadError::Compile(String::from_utf8_lossy(&payload).into_owned())),
        AnswerKind::Memory => Err(LoadError::CompileMemory { max: worker.memory_bytes }),
        AnswerKind::Unwalled => Err(LoadError::CompileWorker(format!(
            "this host compiles nothing without Landlock and a system-call filter, and this system gives it {}",
            answer.walls
        ))),
    }
}

/// What the death of a child means; Rust says on standard error when it found no memory, and only there.
fn death(worker: &CompileWorker, status: ExitStatus, complaint: &str) -> LoadError {
    if status.signal() == Some(Signal::XCPU.as_raw()) {
        return LoadError::CompileTime(worker.cpu);
    }
    const EXHAUSTED: [&str; 3] = ["memory allocation of", "Cannot allocate memory", "out of memory"];
    if EXHAUSTED.iter().any(|words| complaint.contains(words)) {
        return LoadError::CompileMemory { max: worker.memory_bytes };
    }
    if complaint.trim().is_empty() {
        LoadError::CompileCrash(status.to_string())
    } else {
        LoadError::CompileCrash(complaint.trim().to_owned())
    }
}

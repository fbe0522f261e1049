//! The child's side: limits and walls first, then one component in, machine code out, and the end.
//!
//! In: [`Order`], then the component. Out: [`Answer`], then its payload. All numbers are little-endian. Standard input stays
//! open until the parent is done: its end means that the parent is gone, and with it the reason to go on.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::{self, Read as _, Write as _};
use std::process::ExitCode;

use rustix::process::{Resource, Rlimit, setpriority_process, setrlimit};
use wasmtime::{Config, Engine};

use super::confine::{Walls, wall_in};
use super::probe;

/// Most files that the child may have open: its three streams, and what the standard library reads to count processors.
const MAX_FILES: u64 = 16;

/// How much the child steps back behind the host's own threads (0 to 19): enough that they go first, little enough that a
/// busy host still gets its plugins compiled.
const NICENESS: i32 = 5;

/// Stack of the thread that compiles; deeply nested code recurses.
const STACK_BYTES: usize = 64 * 1024 * 1024;

/// What the parent asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Order {
    pub(super) memory_bytes: u64,
    pub(super) cpu_seconds: u64,
    pub(super) length: u64,
    pub(super) task: Task,
}

/// What is to be done behind the walls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Task {
    /// Compile, behind whatever walls this system has.
    Compile,
    /// Compile behind all walls, or not at all.
    CompileWalledIn,
    /// Try to get through, and say where it went.
    TryTheWalls,
}

impl Order {
    pub(super) const BYTES: usize = 32;

    pub(super) fn encode(self) -> [u8; Self::BYTES] {
        let task = match self.task {
            Task::Compile => 0,
            Task::CompileWalledIn => 1,
            Task::TryTheWalls => 2,
        };
        encoded([self.memory_bytes, self.cpu_seconds, self.length, task])
    }

    fn decode(bytes: &[u8; Self::BYTES]) -> Option<Self> {
        let [memory_bytes, cpu_seconds, length, task] = numbers(bytes);
        let task = match task {
            0 => Task::Compile,
            1 => Task::CompileWalledIn,
            2 => Task::TryTheWalls,
            _ => return None,
        };
        Some(Self { memory_bytes, cpu_seconds, length, task })
    }
}

/// What kind of payload follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AnswerKind {
    /// Machine code.
    Code,
    /// A text that says what is wrong with the component.
    Refused,
    /// Nothing: there was not enough memory.
    Memory,
    /// Nothing: not all walls stand, and the order was to do nothing then.
    Unwalled,
}

/// How the child answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) kind: AnswerKind,
    pub(super) engine: u64,
    pub(super) length: u64,
    pub(super) walls: Walls,
}

impl Answer {
    pub(super) const BYTES: usize = 32;

    fn encode(self) -> [u8; Self::BYTES] {
        let kind = match self.kind {
            AnswerKind::Code => 1u64,
            AnswerKind::Refused => 2,
            AnswerKind::Memory => 3,
            AnswerKind::Unwalled => 4,
        };
        encoded([kind, self.engine, self.length, self.walls.encode()])
    }

    pub(super) fn decode(bytes: &[u8; Self::BYTES]) -> Option<Self> {
        let [kind, engine, length, walls] = numbers(bytes);
        let kind = match kind {
            1 => AnswerKind::Code,
            2 => AnswerKind::Refused,
            3 => AnswerKind::Memory,
            4 => AnswerKind::Unwalled,
            _ => return None,
        };
        Some(Self { kind, engine, length, walls: Walls::decode(walls) })
    }
}

fn encoded(numbers: [u64; 4]) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (place, number) in bytes.chunks_exact_mut(8).zip(numbers) {
        place.copy_from_slice(&number.to_le_bytes());
    }
    bytes
}

fn numbers(bytes: &[u8; 32]) -> [u64; 4] {
    let mut numbers = [0; 4];
    for (number, chunk) in numbers.iter_mut().zip(bytes.chunks_exact(8)) {
        *number = u64::from_le_bytes(chunk.try_into().unwrap_or_default());
    }
    numbers
}

/// The settings that decide which machine code comes out; the runtime adds only what concerns running it.
pub(crate) fn settings() -> Config {
    let mut settings = Config::new();
    settings.wasm_component_model(true).epoch_interruption(true);
    settings
}

/// A number that two engines share when one can load what the other compiled.
pub(crate) fn engine_hash(engine: &Engine) -> u64 {
    let mut hasher = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut hasher);
    hasher.finish()
}

/// The whole of a worker process: reads one component from standard input, compiles it within the limits that it is
/// given, writes the code to standard output. Call it before anything else; it reads no file, no variable and no
/// configuration, and needs none.
#[must_use]
pub fn compile_worker() -> ExitCode {
    let mut head = [0; Order::BYTES];
    if io::stdin().lock().read_exact(&mut head).is_err() {
        return complain("this command compiles components for a running host and is of no use by hand");
    }
    let Some(order) = Order::decode(&head) else { return complain("the host is of another version") };
    // Before a byte of the component is read. What cannot be limited is not compiled.
    if let Err(error) = limit(&order) {
        return complain(&format!("cannot limit itself: {error}"));
    }
    // What the compiler asks of the system once, such as its processors, it asks while it may.
    let engine = Engine::new(&settings());
    let walls = wall_in();
    match order.task {
        Task::CompileWalledIn if !walls.whole() => return told(answer(AnswerKind::Unwalled, 0, walls, &[])),
        Task::TryTheWalls => return told(answer(AnswerKind::Refused, 0, walls, probe::gaps().as_bytes())),
        Task::Compile | Task::CompileWalledIn => {}
    }
    let Ok(length) = usize::try_from(order.length) else { return ExitCode::FAILURE };
    let mut component = Vec::with_capacity(length);
    match io::stdin().lock().take(order.length).read_to_end(&mut component) {
        Ok(read) if read == length => {}
        _ => return complain("the component did not arrive"),
    }
    if let Err(error) = leave_with_parent() {
        return complain(&format!("cannot start a thread: {error}"));
    }
    let work = std::thread::Builder::new().stack_size(STACK_BYTES).spawn(move || compile(engine, walls, &component));
    match work.map(std::thread::JoinHandle::join) {
        Ok(Ok(answered)) => told(answered),
        Ok(Err(_)) => ExitCode::FAILURE,
        Err(error) => complain(&format!("cannot start a thread: {error}")),
    }
}

fn told(answered: io::Result<()>) -> ExitCode {
    match answered {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => complain(&format!("cannot answer: {error}")),
    }
}

fn complain(text: &str) -> ExitCode {
    let _ = writeln!(io::stderr(), "compile-worker: {text}");
    ExitCode::FAILURE
}

fn limit(order: &Order) -> io::Result<()> {
    let limit = |resource, soft: u64, hard: u64| {
        setrlimit(resource, Rlimit { current: Some(soft), maximum: Some(hard) }).map_err(io::Error::from)
    };
    limit(Resource::Core, 0, 0)?;
    limit(Resource::Fsize, 0, 0)?;
    limit(Resource::Nofile, MAX_FILES, MAX_FILES)?;
    // The soft limit ends it by a signal that says why, the hard one a second later for certain.
    limit(Resource::Cpu, order.cpu_seconds, order.cpu_seconds.saturating_add(1))?;
    limit(Resource::As, order.memory_bytes, order.memory_bytes)?;
    // Threads inherit it, so it comes before there are any.
    setpriority_process(None, NICENESS)?;
    Ok(())
}

/// Ends the process when its standard input ends.
fn leave_with_parent() -> io::Result<()> {
    let watch = || {
        let mut byte = [0];
        let _ = io::stdin().lock().read(&mut byte);
        std::process::exit(1);
    };
    std::thread::Builder::new().stack_size(64 * 1024).spawn(watch).map(drop)
}

fn compile(engine: wasmtime::Result<Engine>, walls: Walls, component: &[u8]) -> io::Result<()> {
    let compiled = engine.and_then(|engine| {
        let code = engine.precompile_component(component)?;
        Ok((engine_hash(&engine), code))
    });
    match compiled {
        Ok((engine, code)) => answer(AnswerKind::Code, engine, walls, &code),
        Err(error) => {
            let text = format!("{error:#}");
            let memory = ["Cannot allocate memory", "out of memory"].iter().any(|sign| text.contains(sign));
            let (kind, text) = if memory { (AnswerKind::Memory, "") } else { (AnswerKind::Refused, text.as_str()) };
            answer(kind, 0, walls, text.as_bytes())
        }
    }
}

fn answer(kind: AnswerKind, engine: u64, walls: Walls, payload: &[u8]) -> io::Result<()> {
    let head = Answer { kind, engine, length: payload.len() as u64, walls };
    let mut out = io::stdout().lock();
    out.write_all(&head.encode())?;
    out.write_all(payload)?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_and_answers_survive_their_encoding() {
        for task in [Task::Compile, Task::CompileWalledIn, Task::TryTheWalls] {
            let order = Order { memory_bytes: u64::MAX, cpu_seconds: 7, length: 1 << 40, task };
            assert_eq!(Order::decode(&order.encode()), Some(order));
        }
        assert_eq!(Order::decode(&[7; 32]), None);
        for kind in [AnswerKind::Code, AnswerKind::Refused, AnswerKind::Memory, AnswerKind::Unwalled] {
            for bits in 0..4 {
                let answer = Answer { kind, engine: u64::MAX, length: 3, walls: Walls::decode(bits) };
                assert_eq!(Answer::decode(&answer.encode()), Some(answer));
            }
        }
        assert_eq!(Answer::decode(&[0; 32]), None);
    }
}

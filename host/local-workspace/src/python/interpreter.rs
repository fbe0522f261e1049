//! One interpreter: a process that runs one piece of code after the other.

use std::{
    collections::{BTreeMap, HashMap},
    io,
    process::ExitStatus,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use serde_json::value::RawValue;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    process::{Child, ChildStderr, ChildStdin, ChildStdout},
    sync::mpsc,
    task::{AbortHandle, Id, JoinSet},
    time::{Instant, interval, sleep_until},
};
use tokio_util::sync::CancellationToken;

use super::{
    folder::Place,
    redacted::Secrets,
    services::{Services, answer},
    wire::{CallError, FromGuest, Raised, Ready, Run, Shown, ToGuest},
};
use crate::{notebook::Language, sql::session::Session};

/// The longest message of an interpreter in bytes: what it shows at once.
const LINE_BYTES: u64 = 64 * 1024 * 1024;

/// Messages of an interpreter that wait to be looked at; it waits with further ones.
const WAITING_LINES: usize = 16;

/// What one piece of code may ask for at once; more wait in it.
const CALLS: usize = 8;

/// Bytes of what one piece of code prints; the rest is left out, and the result says so.
const OUTPUT_BYTES: usize = 5 * 1024 * 1024;

/// Tables and pictures of one piece of code, and their bytes.
const SHOWN: usize = 64;
const SHOWN_BYTES: usize = 64 * 1024 * 1024;

/// How long code that was interrupted may take to end before its process is ended, and how often it is interrupted.
const INTERRUPTED: Duration = Duration::from_secs(3);
const INTERRUPT_INTERVAL: Duration = Duration::from_millis(500);

/// Bytes of standard error that are kept, to say why a process died.
const LAST_WORDS: usize = 2048;

/// A piece of code.
#[derive(Debug, Clone, Default)]
pub(crate) struct Code {
    pub(crate) text: String,
    /// SQL is sent and shown by the interpreter, so that it sees the code's own views.
    pub(crate) is_sql: bool,
    /// What traces call it.
    pub(crate) name: String,
    /// Whether the value of its last expression is printed.
    pub(crate) interactive: bool,
    /// `sys.argv`, from here on.
    pub(crate) arguments: Option<Vec<String>>,
    /// Values of widgets, from here on.
    pub(crate) parameters: Option<BTreeMap<String, String>>,
}

impl Code {
    /// A command or cell; none for a language that no interpreter runs.
    pub(crate) fn cell(language: Language, text: String, name: String) -> Option<Self> {
        let is_sql = match language {
            Language::Python => false,
            Language::Sql => true,
            Language::Scala | Language::R => return None,
        };
        Some(Self { text, is_sql, name, interactive: true, ..Self::default() })
    }
}

/// What stands around code: whose it is and what it may ask for.
#[derive(Debug, Clone)]
pub(crate) struct Surroundings {
    pub(crate) session: Session,
    pub(crate) services: Arc<dyn Services>,
    /// Whether values of tasks are kept.
    pub(crate) in_job: bool,
}

/// Why code failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    /// In one line: `ValueError: boom`.
    pub(crate) summary: String,
    /// The whole trace.
    pub(crate) trace: String,
}

/// How code ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ended {
    /// By itself; with what it gave to `dbutils.notebook.exit`.
    Well(Option<String>),
    /// With an exception.
    Failed(Failure),
    /// It was cancelled. `lost` says that its process had to be ended, and its variables with it.
    Canceled { lost: bool },
    /// Its time was over; `lost` likewise.
    OutOfTime { limit: Duration, lost: bool },
    /// Its process ended under it; the text says how.
    Died(String),
}

/// What became of a piece of code.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ran {
    pub(crate) ended: Ended,
    pub(crate) printed: Printed,
}

/// What code printed and showed.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Printed {
    pub(crate) text: String,
    pub(crate) shown: Vec<Shown>,
    /// Whether it printed or showed more.
    pub(crate) truncated: bool,
    shown_bytes: usize,
}

impl Printed {
    /// Adds text, as far as it fits.
    pub(super) fn print(&mut self, text: &str) {
        let room = OUTPUT_BYTES.saturating_sub(self.text.len());
        let end = text.floor_char_boundary(room);
        self.truncated |= end < text.len();
        self.text.push_str(text.get(..end).unwrap_or_default());
    }

    /// Adds a table or picture, as far as it fits.
    pub(super) fn show(&mut self, shown: Shown) {
        let bytes = match &shown {
            Shown::Table { rows, .. } => rows.iter().flatten().map(|cell| cell.as_ref().map_or(4, String::len)).sum(),
            Shown::Image { data, .. } => data.len(),
        };
        if self.shown.len() >= SHOWN || self.shown_bytes.saturating_add(bytes) > SHOWN_BYTES {
            self.truncated = true;
            return;
        }
        self.shown_bytes += bytes;
        self.shown.push(shown);
    }
}

/// Takes secrets out of what code printed and showed, and out of how it ended.
pub(super) fn redact(values: Vec<String>, ended: &mut Ended, printed: &mut Printed) {
    let secrets = Secrets::new(values);
    let clean = |text: &mut String| secrets.take_out_of(text);
    clean(&mut printed.text);
    for shown in &mut printed.shown {
        if let Shown::Table { rows, columns, .. } = shown {
            rows.iter_mut().flatten().flatten().for_each(clean);
            columns.iter_mut().for_each(|column| clean(&mut column.name));
        }
    }
    match ended {
        Ended::Well(exit) => exit.iter_mut().for_each(clean),
        Ended::Failed(failure) => [&mut failure.summary, &mut failure.trace].into_iter().for_each(clean),
        Ended::Died(how) => clean(how),
        Ended::Canceled { .. } | Ended::OutOfTime { .. } => {}
    }
}

/// Why the running code is being ended.
#[derive(Debug, Clone, Copy)]
enum Stop {
    Canceled,
    OutOfTime(Duration),
}

impl Stop {
    const fn ended(self, lost: bool) -> Ended {
        match self {
            Self::Canceled => Ended::Canceled { lost },
            Self::OutOfTime(limit) => Ended::OutOfTime { limit, lost },
        }
    }
}

/// An interpreter. Dropping it ends its process.
#[derive(Debug)]
pub(crate) struct Interpreter {
    child: Child,
    messages: mpsc::Receiver<FromGuest>,
    to_guest: mpsc::Sender<String>,
    last_words: Arc<Mutex<String>>,
    /// Its readers and writer; they end with it.
    _pipes: JoinSet<()>,
    runs: u64,
    is_alive: bool,
    place: Place,
}

impl Interpreter {
    /// Waits until a new process is ready.
    ///
    /// # Errors
    /// Why it is not, for the user.
    pub(super) async fn start(mut child: Child, place: Place) -> Result<(Self, Ready), String> {
        let (Some(stdin), Some(stdout), Some(stderr)) = (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err("its pipes are missing".to_owned());
        };
        let (lines, messages) = mpsc::channel(WAITING_LINES);
        // One answer for each call, and the code itself.
        let (to_guest, out) = mpsc::channel(CALLS + 1);
        let last_words = Arc::default();
        let mut pipes = JoinSet::new();
        pipes.spawn(read(stdout, lines));
        pipes.spawn(write(stdin, out));
        pipes.spawn(listen(stderr, Arc::clone(&last_words)));
        let mut interpreter =
            Self { child, messages, to_guest, last_words, _pipes: pipes, runs: 0, is_alive: true, place };
        match interpreter.messages.recv().await {
            Some(FromGuest::Ready(ready)) => Ok((interpreter, ready)),
            _ => Err(interpreter.how_it_died().await),
        }
    }

    /// Puts a file into its folder, where its code works.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub(super) async fn put(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        tokio::fs::write(self.place.folder.path().join(name), bytes).await
    }

    /// Whether it takes more code.
    pub(crate) fn is_alive(&self) -> bool {
        self.is_alive
    }

    /// Runs code to its end.
    pub(crate) async fn run(
        &mut self,
        code: &Code,
        around: &Surroundings,
        limit: Duration,
        cancel: &CancellationToken,
    ) -> Ran {
        let mut printed = Printed::default();
        let mut ended = self.run_into(&mut printed, code, around, limit, cancel).await;
        redact(around.services.revealed(), &mut ended, &mut printed);
        Ran { ended, printed }
    }

    /// The same; what it prints and shows goes behind what is there.
    pub(super) async fn run_into(
        &mut self,
        printed: &mut Printed,
        code: &Code,
        around: &Surroundings,
        limit: Duration,
        cancel: &CancellationToken,
    ) -> Ended {
        self.runs += 1;
        let run = Run {
            id: self.runs,
            language: if code.is_sql { "sql" } else { "python" },
            code: &code.text,
            filename: &code.name,
            interactive: code.interactive,
            argv: code.arguments.as_deref(),
            parameters: code.parameters.as_ref(),
            in_job: around.in_job,
            output_bytes: OUTPUT_BYTES,
        };
        if let Err(why) = self.send(ToGuest::Run(run)) {
            self.is_alive = false;
            return Ended::Died(why);
        }
        let mut calls = Calls::default();
        let deadline = sleep_until(Instant::now() + limit);
        tokio::pin!(deadline);
        let mut again = interval(INTERRUPT_INTERVAL);
        let mut stop: Option<(Stop, Instant)> = None;
        loop {
            tokio::select! {
                message = self.messages.recv() => match message {
                    None => {
                        let how = self.how_it_died().await;
                        return stop.map_or(Ended::Died(how), |(stop, _)| stop.ended(true));
                    }
                    Some(FromGuest::Done { id, error, exit }) if id == self.runs => return match (error, stop) {
                        (Some(Raised { class, .. }), Some((stop, _))) if class == "KeyboardInterrupt" => stop.ended(false),
                        (Some(Raised { summary, trace, .. }), _) => Ended::Failed(Failure { summary, trace }),
                        (None, _) => Ended::Well(exit),
                    },
                    Some(FromGuest::Out(text)) => printed.print(&text),
                    Some(FromGuest::Table { columns, rows, truncated }) => {
                        printed.show(Shown::Table { columns, rows, truncated });
                    }
                    Some(FromGuest::Image { media_type, data }) => printed.show(Shown::Image { media_type, data }),
                    Some(FromGuest::Drop { id }) => calls.give_up(id),
                    Some(FromGuest::Call { id, method, params }) => {
                        if calls.has_room() {
                            let around = around.clone();
                            calls.begin(id, async move {
                                answer(&around.session, &around.services, &method, params).await
                            });
                        } else {
                            let message = format!("the code asks for more than {CALLS} things at once");
                            let error = CallError { code: "RESOURCE_EXHAUSTED".to_owned(), message };
                            let _ = self.send(ToGuest::Answer { id, answer: Err(error) });
                        }
                    }
                    // What no code of ours sends at this point.
                    Some(FromGuest::Ready(_) | FromGuest::Done { .. }) => {}
                },
                Some((id, answer)) = calls.next(), if !calls.is_empty() => {
                    let _ = self.send(ToGuest::Answer { id, answer });
                }
                () = cancel.cancelled(), if stop.is_none() => {
                    stop = Some((Stop::Canceled, Instant::now()));
                    again.reset_immediately();
                }
                () = &mut deadline, if stop.is_none() => {
                    stop = Some((Stop::OutOfTime(limit), Instant::now()));
                    again.reset_immediately();
                }
                _ = again.tick() => if let Some((stop, since)) = stop {
                    if since.elapsed() >= INTERRUPTED {
                        self.kill().await;
                        return stop.ended(true);
                    }
                    self.interrupt();
                },
            }
        }
    }

    /// Ends its process.
    pub(crate) async fn kill(&mut self) {
        self.is_alive = false;
        if let Err(error) = self.child.kill().await {
            tracing::debug!(error = &error as &dyn std::error::Error, "a Python process had ended before it was ended");
        }
    }

    fn interrupt(&self) {
        #[cfg(unix)]
        if let Some(id) = self.child.id().and_then(|id| i32::try_from(id).ok())
            && let Some(id) = rustix::process::Pid::from_raw(id)
        {
            // It may end in this moment, which is what is wanted.
            let _ = rustix::process::kill_process(id, rustix::process::Signal::INT);
        }
    }

    fn send(&self, message: ToGuest<'_>) -> Result<(), String> {
        let line = message.line().map_err(|e| e.to_string())?;
        self.to_guest.try_send(line).map_err(|_| "the Python process takes no more code".to_owned())
    }

    /// The process has ended: how, for the user.
    async fn how_it_died(&mut self) -> String {
        self.is_alive = false;
        let _ = self.child.start_kill();
        let status = self.child.wait().await;
        let how = status.map_or_else(|error| error.to_string(), |status| in_words(status).to_string());
        let words = self.last_words.lock().unwrap_or_else(PoisonError::into_inner).trim().to_owned();
        let said = if words.is_empty() { String::new() } else { format!("; it said: {words}") };
        format!("the Python process ended ({how}){said}")
    }
}

fn in_words(status: ExitStatus) -> String {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return match signal {
            6 => "it aborted, as it does when it gets no more memory".to_owned(),
            9 => "it was killed".to_owned(),
            11 => "it crashed on a wrong address".to_owned(),
            25 => "it wrote a file that is too large".to_owned(),
            other => format!("by the signal {other}"),
        };
    }
    status.to_string()
}

type Answer = Result<Box<RawValue>, CallError>;

/// What the code waits for.
#[derive(Default)]
struct Calls {
    running: JoinSet<Answer>,
    ids: HashMap<Id, (u64, AbortHandle)>,
}

impl Calls {
    fn has_room(&self) -> bool {
        self.running.len() < CALLS
    }

    fn is_empty(&self) -> bool {
        self.running.is_empty()
    }

    fn begin(&mut self, id: u64, call: impl Future<Output = Answer> + Send + 'static) {
        let handle = self.running.spawn(call);
        self.ids.insert(handle.id(), (id, handle));
    }

    fn give_up(&mut self, id: u64) {
        for (_, handle) in self.ids.values().filter(|(call, _)| *call == id) {
            handle.abort();
        }
    }

    /// The next answer; none when what ended was given up.
    async fn next(&mut self) -> Option<(u64, Answer)> {
        loop {
            let (task, answer) = match self.running.join_next_with_id().await? {
                Ok((task, answer)) => (task, answer),
                Err(error) if error.is_cancelled() => {
                    self.ids.remove(&error.id());
                    continue;
                }
                Err(error) => {
                    tracing::error!(error = &error as &dyn std::error::Error, "a call of a Python program failed");
                    let message = "the local workspace failed on this call".to_owned();
                    (error.id(), Err(CallError { code: "INTERNAL_ERROR".to_owned(), message }))
                }
            };
            if let Some((id, _)) = self.ids.remove(&task) {
                return Some((id, answer));
            }
        }
    }
}

async fn read(stdout: ChildStdout, messages: mpsc::Sender<FromGuest>) {
    let mut stdout = BufReader::new(stdout);
    let mut line = Vec::new();
    loop {
        line.clear();
        // What is longer, or no message, is no longer the interpreter that we know: it ends.
        match (&mut stdout).take(LINE_BYTES).read_until(b'\n', &mut line).await {
            Ok(read) if read > 0 && line.ends_with(b"\n") => {}
            _ => return,
        }
        let Ok(message) = serde_json::from_slice(&line) else { return };
        if messages.send(message).await.is_err() {
            return;
        }
    }
}

async fn write(mut stdin: ChildStdin, mut lines: mpsc::Receiver<String>) {
    while let Some(line) = lines.recv().await {
        if stdin.write_all(line.as_bytes()).await.is_err() || stdin.flush().await.is_err() {
            return;
        }
    }
}

/// Keeps the end of what is said.
async fn listen(mut stderr: ChildStderr, words: Arc<Mutex<String>>) {
    let mut buffer = vec![0; LAST_WORDS];
    while let Some(said) = next_bytes(&mut stderr, &mut buffer).await {
        let mut words = words.lock().unwrap_or_else(PoisonError::into_inner);
        words.push_str(&String::from_utf8_lossy(said));
        let start = words.ceil_char_boundary(words.len().saturating_sub(LAST_WORDS));
        words.drain(..start);
    }
}

async fn next_bytes<'a>(source: &mut (impl AsyncRead + Unpin), buffer: &'a mut [u8]) -> Option<&'a [u8]> {
    let read = source.read(buffer).await.ok().filter(|read| *read > 0)?;
    buffer.get(..read)
}

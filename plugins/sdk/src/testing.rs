//! A scripted far end for native tests: answers in order, a clock that moves only by sleeping, everything recorded.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::time::Duration;

use crate::results::{Appended, ColumnValues, Finished, NewResult, Origin, ResultError};
use crate::{
    CallContext, CleanupHandle, Errand, LogLevel, Part, Platform, Probe, Request, Response, Step, TransportError,
    Upload, WebRequest,
};

/// What a scripted request does.
#[derive(Debug)]
enum Answer {
    Response(Response),
    Error(TransportError),
}

/// One expected request and its answer.
#[derive(Debug)]
struct Expected {
    /// `METHOD path?query` at the workspace, `METHOD https://host/path?query` at a public host.
    line: String,
    answer: Answer,
    /// How long the far end takes.
    takes: Duration,
    /// Answers any number of times once reached, until the next entry's line is asked for.
    repeats: bool,
}

/// The far end of a call, played from a list.
#[derive(Debug, Default)]
pub struct Script {
    expected: RefCell<VecDeque<Expected>>,
    sent: RefCell<Vec<Request>>,
    fetched: RefCell<Vec<WebRequest>>,
    uploaded: RefCell<Vec<(String, Vec<u8>)>>,
    project: PathBuf,
    clock: Cell<Duration>,
    sleeps: RefCell<Vec<Duration>>,
    progress: RefCell<Vec<String>>,
    context: CallContext,
    cleanups: RefCell<BTreeMap<u32, String>>,
    registered: Cell<u32>,
    continuations: RefCell<Vec<String>>,
    handed_back: RefCell<Vec<String>>,
    state: RefCell<BTreeMap<String, String>>,
    keeps_results: bool,
    /// Bytes that a result takes; all of them when absent.
    result_bytes: Option<usize>,
    results: RefCell<Vec<ScriptedResult>>,
}

/// A result that a call made.
#[derive(Debug, Clone, PartialEq)]
pub struct ScriptedResult {
    /// As it was opened.
    pub about: NewResult,
    /// What was appended, part by part.
    pub parts: Vec<String>,
    /// Whether it was finished whole, and with which origin.
    pub ended: Option<(bool, Option<Origin>)>,
}

/// When tests run, in seconds since 1970.
const TEST_EPOCH: u64 = 1_700_000_000;

impl Script {
    /// An empty script; calls have 120 s.
    #[must_use]
    pub fn new() -> Self {
        Self {
            context: CallContext { time_left: Duration::from_secs(120), ..CallContext::default() },
            ..Self::default()
        }
    }

    /// Expects `METHOD path?query` (the workspace) or `METHOD https://host/path?query` (a public host) next and
    /// answers it.
    #[must_use]
    pub fn on(self, line: &str, status: u16, body: &str) -> Self {
        self.push(line, Answer::Response(Response::new(status, body)), Duration::ZERO, false)
    }

    /// The same, answered after some time.
    #[must_use]
    pub fn slow(self, line: &str, takes: Duration, status: u16, body: &str) -> Self {
        self.push(line, Answer::Response(Response::new(status, body)), takes, false)
    }

    /// Answers every such request until another one comes.
    #[must_use]
    pub fn always(self, line: &str, status: u16, body: &str) -> Self {
        self.push(line, Answer::Response(Response::new(status, body)), Duration::ZERO, true)
    }

    /// Expects a request that gets no answer.
    #[must_use]
    pub fn fail(self, line: &str, error: TransportError) -> Self {
        self.push(line, Answer::Error(error), Duration::ZERO, false)
    }

    /// The context of the call.
    #[must_use]
    pub fn context(mut self, context: CallContext) -> Self {
        self.context = context;
        self
    }

    /// A value kept by an earlier call.
    #[must_use]
    pub fn state(self, key: &str, value: &str) -> Self {
        self.state_set(key, value);
        self
    }

    /// The project's folder, which a test made.
    #[must_use]
    pub fn project(self, folder: impl Into<PathBuf>) -> Self {
        Self { project: folder.into(), ..self }
    }

    /// Every upload, in order: its line and the bytes of its body.
    #[must_use]
    pub fn uploaded(&self) -> Vec<(String, Vec<u8>)> {
        self.uploaded.borrow().clone()
    }

    fn upload(&self, upload: &Upload) -> Result<Response, TransportError> {
        let line = format!("{} {}", upload.method.as_str(), upload.path);
        let mut body = Vec::new();
        for part in &upload.body {
            match part {
                Part::Bytes(bytes) => body.extend_from_slice(bytes),
                Part::File { file, bytes } => {
                    let read =
                        std::fs::read(self.project.join(file)).map_err(|e| TransportError::File(e.to_string()))?;
                    let part = read.get(..*bytes as usize);
                    body.extend_from_slice(part.ok_or_else(|| TransportError::File(format!("{file} is shorter")))?);
                }
            }
        }
        self.uploaded.borrow_mut().push((line.clone(), body));
        self.answer(&line)
    }

    fn download(&self, path: &str, file: &str) -> Result<Response, TransportError> {
        let mut answer = self.answer(&format!("GET {path}"))?;
        if answer.is_success() {
            let body = std::mem::take(&mut answer.body);
            std::fs::write(self.project.join(file), body).map_err(|e| TransportError::File(e.to_string()))?;
        }
        Ok(answer)
    }

    /// The call has a conversation: its results are kept.
    #[must_use]
    pub fn with_results(self) -> Self {
        Self { keeps_results: true, ..self }
    }

    /// The same, and each result is full after so many bytes.
    #[must_use]
    pub fn with_small_results(self, bytes: usize) -> Self {
        Self { keeps_results: true, result_bytes: Some(bytes), ..self }
    }

    /// The results that were made.
    #[must_use]
    pub fn results(&self) -> Vec<ScriptedResult> {
        self.results.borrow().clone()
    }

    fn append(&self, handle: u32, part: &[u8]) -> Result<Appended, ResultError> {
        let mut results = self.results.borrow_mut();
        let open = results.get_mut(handle as usize).filter(|result| result.ended.is_none());
        let Some(result) = open else { return Err(ResultError::Invalid("the handle is not open".to_owned())) };
        result.parts.push(String::from_utf8_lossy(part).into_owned());
        let bytes: usize = result.parts.iter().map(String::len).sum();
        match self.result_bytes.filter(|most| bytes > *most) {
            Some(most) => Ok(Appended::Full(format!("a result has at most {most} bytes"))),
            None => Ok(Appended::Taken),
        }
    }

    fn push(self, line: &str, answer: Answer, takes: Duration, repeats: bool) -> Self {
        self.expected.borrow_mut().push_back(Expected { line: line.to_owned(), answer, takes, repeats });
        self
    }

    /// Every request sent, in order.
    #[must_use]
    pub fn sent(&self) -> Vec<Request> {
        self.sent.borrow().clone()
    }

    /// Every request to a public host, in order.
    #[must_use]
    pub fn fetched(&self) -> Vec<WebRequest> {
        self.fetched.borrow().clone()
    }

    /// The JSON body of the n-th request.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    #[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test's helper")]
    pub fn body(&self, n: usize) -> serde_json::Value {
        serde_json::from_str(self.sent.borrow()[n].body.as_deref().unwrap()).unwrap()
    }

    /// Every pause.
    #[must_use]
    pub fn sleeps(&self) -> Vec<Duration> {
        self.sleeps.borrow().clone()
    }

    /// Every progress message.
    #[must_use]
    pub fn progress_messages(&self) -> Vec<String> {
        self.progress.borrow().clone()
    }

    /// Clean-up requests that are registered at this moment.
    #[must_use]
    pub fn cleanups(&self) -> Vec<String> {
        self.cleanups.borrow().values().cloned().collect()
    }

    /// `tool input (requests that end it)` of everything that was handed back, in order.
    #[must_use]
    pub fn handed_back(&self) -> Vec<String> {
        self.handed_back.borrow().clone()
    }

    /// `tool input` of every continuation offered, and `withdrawn` for each one taken back, in order.
    #[must_use]
    pub fn continuations(&self) -> Vec<String> {
        self.continuations.borrow().clone()
    }

    /// How many clean-ups were registered in all.
    #[must_use]
    pub fn registered(&self) -> u32 {
        self.registered.get()
    }

    #[expect(clippy::panic, reason = "an unexpected request fails the test")]
    fn answer(&self, line: &str) -> Result<Response, TransportError> {
        let mut expected = self.expected.borrow_mut();
        while expected.front().is_some_and(|next| next.repeats && next.line != line) {
            expected.pop_front();
        }
        let Some(next) = expected.front() else { panic!("nothing more was expected, but came: {line}") };
        assert_eq!(next.line, line, "another request was expected");
        self.clock.set(self.clock.get() + next.takes);
        let answer = match &next.answer {
            Answer::Response(response) => Ok(response.clone()),
            Answer::Error(error) => Err(error.clone()),
        };
        if !next.repeats {
            expected.pop_front();
        }
        answer
    }

    /// Asserts that every expected request came.
    ///
    /// # Panics
    /// When one did not.
    pub fn done(&self) {
        let left: Vec<_> = self.expected.borrow().iter().filter(|e| !e.repeats).map(|e| e.line.clone()).collect();
        assert!(left.is_empty(), "these requests were not sent: {left:#?}");
    }
}

impl Platform for Script {
    fn send(&self, request: &Request) -> Result<Response, TransportError> {
        self.sent.borrow_mut().push(request.clone());
        self.answer(&format!("{} {}", request.method.as_str(), request.path))
    }

    fn run_each(
        &self,
        errands: &mut dyn Iterator<Item = Errand>,
        _ahead: usize,
        take: &mut dyn FnMut(Result<Response, TransportError>) -> bool,
    ) {
        for errand in errands {
            let answer = match errand {
                Errand::Send(request) => self.send(&request),
                Errand::Follow { url, .. } => self.answer(&format!("FOLLOW {url}")),
                Errand::Upload(upload) => self.upload(&upload),
                Errand::Download { path, file } => self.download(&path, &file),
            };
            if !take(answer) {
                break;
            }
        }
    }

    fn probe(&self, paths: &[String], wait: Duration) -> Vec<Probe> {
        let began = self.clock.get();
        let mut longest = Duration::ZERO;
        let ask = |path: &String| {
            self.clock.set(began);
            let answer = self.answer(&format!("GET {path}"));
            let took = self.clock.get() - began;
            longest = longest.max(took.min(wait));
            let answer = if took > wait { Err(TransportError::Timeout("no answer".to_owned())) } else { answer };
            Probe { answer, took: took.min(wait) }
        };
        let all = paths.iter().map(ask).collect();
        self.clock.set(began + longest);
        all
    }

    fn fetch(&self, request: &WebRequest) -> Result<Response, TransportError> {
        self.fetched.borrow_mut().push(request.clone());
        self.answer(&format!("{} {}", request.method.as_str(), request.url))
    }

    fn project(&self) -> PathBuf {
        self.project.clone()
    }

    fn now(&self) -> Duration {
        self.clock.get()
    }

    fn unix_seconds(&self) -> u64 {
        TEST_EPOCH + self.clock.get().as_secs()
    }

    fn sleep(&self, duration: Duration) {
        self.sleeps.borrow_mut().push(duration);
        self.clock.set(self.clock.get() + duration);
    }

    fn progress_steps(&self, message: &str, steps: Vec<Step>) {
        let told: Vec<String> = steps.iter().map(|step| format!("{}:{:?}", step.key, step.state)).collect();
        self.progress.borrow_mut().push(format!("{message} [{}]", told.join(" ")));
    }

    fn progress(&self, message: &str, _done: Option<f64>, _total: Option<f64>) {
        self.progress.borrow_mut().push(message.to_owned());
    }

    fn log(&self, _level: LogLevel, _message: &str) {}

    fn context(&self) -> CallContext {
        let mut context = self.context.clone();
        context.time_left = context.time_left.saturating_sub(self.clock.get());
        context
    }

    fn register_cleanup(&self, request: &Request) -> Option<CleanupHandle> {
        let handle = self.registered.get();
        self.registered.set(handle + 1);
        self.cleanups.borrow_mut().insert(handle, format!("{} {}", request.method.as_str(), request.path));
        Some(CleanupHandle(handle))
    }

    fn withdraw_cleanup(&self, handle: CleanupHandle) {
        self.cleanups.borrow_mut().remove(&handle.0);
    }

    fn offer_continuation(&self, tool: &str, input: &str) -> bool {
        self.continuations.borrow_mut().push(format!("{tool} {input}"));
        true
    }

    fn hand_back(&self, tool: &str, input: &str) -> bool {
        let ends = self.cleanups.borrow().len();
        self.handed_back.borrow_mut().push(format!("{tool} {input} ({ends})"));
        true
    }

    fn withdraw_continuation(&self) {
        self.continuations.borrow_mut().push("withdrawn".to_owned());
    }

    fn open_result(&self, about: &NewResult) -> Result<(u32, String), ResultError> {
        if !self.keeps_results {
            return Err(ResultError::Unavailable("this call belongs to no conversation".to_owned()));
        }
        let mut results = self.results.borrow_mut();
        let number = results.len() as u32;
        results.push(ScriptedResult { about: about.clone(), parts: Vec::new(), ended: None });
        Ok((number, format!("result-{number}")))
    }

    fn append_rows(&self, handle: u32, rows: &[u8]) -> Result<Appended, ResultError> {
        self.append(handle, rows)
    }

    fn append_columns(&self, handle: u32, columns: &[ColumnValues]) -> Result<Appended, ResultError> {
        self.append(handle, format!("{columns:?}").as_bytes())
    }

    fn append_bytes(&self, handle: u32, bytes: &[u8]) -> Result<Appended, ResultError> {
        self.append(handle, bytes)
    }

    fn finish_result(&self, handle: u32, whole: bool, origin: Option<&Origin>) -> Result<Finished, ResultError> {
        self.append(handle, b"")?;
        let mut results = self.results.borrow_mut();
        let result = results.get_mut(handle as usize);
        let Some(result) = result else { return Err(ResultError::Invalid("the handle is not open".to_owned())) };
        result.parts.pop();
        result.ended = Some((whole, origin.cloned()));
        let rows = result.parts.iter().filter_map(|part| serde_json::from_str::<Vec<serde_json::Value>>(part).ok());
        Ok(Finished {
            rows: rows.map(|rows| rows.len() as u64).sum(),
            bytes: result.parts.iter().map(|part| part.len() as u64).sum(),
            cut: None,
        })
    }

    fn state_get(&self, key: &str) -> Option<String> {
        self.state.borrow().get(key).cloned()
    }

    fn state_set(&self, key: &str, value: &str) {
        self.state.borrow_mut().insert(key.to_owned(), value.to_owned());
    }

    fn state_delete(&self, key: &str) {
        self.state.borrow_mut().remove(key);
    }

    fn state_keys(&self) -> Vec<String> {
        self.state.borrow().keys().cloned().collect()
    }
}

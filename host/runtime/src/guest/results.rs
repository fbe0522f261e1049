//! `results` of the contract: what a call makes for people, kept whole while it runs.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bricklayer_domain::{
    CallAgain, ColumnType, MAX_CALL_RESULTS, ResultColumn, ResultContent, ResultHead, ResultOrigin, chain, cut,
};
use chrono::DateTime;
use serde_json::Value;
use tokio::runtime::Handle;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

use super::contract::wit::results as wit;
use super::{Frame, View};
use crate::convert;
use crate::profile::Profile;
use crate::results::{Appending, CallResult, CallResultEnd, KeptResult, OpenResult, ResultFault, ResultStore};

/// Bytes of a statement that an origin tells, as the contract states them; protects the database.
const MAX_STATEMENT_BYTES: usize = 256 * 1024;
/// Bytes of parameters that an origin tells, as the contract states them; protects the database.
const MAX_PARAMETER_BYTES: usize = 64 * 1024;
/// Bytes of the arguments of the call that makes a result again, as the contract states them.
const MAX_AGAIN_BYTES: usize = 256 * 1024;
/// Bytes that are appended on the guest's own time; more of them are read, and packed, beside it.
const HERE_BYTES: usize = 64 * 1024;
/// Longest that the end of a call waits for what it left open to be stored; whoever stops a call is answered within half
/// a second. What takes longer is stored all the same.
const CLOSED_WITHIN: Duration = Duration::from_millis(300);

/// What a call keeps, and the tools that could make it again.
pub(super) struct ResultsCtx {
    results: Arc<CallResults>,
    plugin: Arc<Profile>,
}

impl ResultsCtx {
    pub(super) fn new(frame: &Frame) -> Self {
        Self { results: Arc::clone(&frame.results), plugin: Arc::clone(&frame.plugin) }
    }
}

/// The results of one call; they outlive the guest.
pub(crate) struct CallResults {
    store: Option<Arc<dyn ResultStore>>,
    /// Where appending goes on beside the guest, whose time it is not.
    tasks: TaskTracker,
    held: Mutex<Held>,
}

struct Held {
    /// In the order in which they were begun; a handle is a place here.
    slots: Vec<Slot>,
    bytes_left: u64,
    /// Set when the call is over.
    closed: bool,
}

enum Slot {
    Open(Arc<Opened>),
    Ended(KeptResult),
    /// It could not be kept.
    Gone,
}

struct Opened {
    columns: usize,
    /// Gone when it ended.
    result: tokio::sync::Mutex<Option<Box<dyn OpenResult>>>,
    so_far: Mutex<Option<KeptResult>>,
}

/// Work that goes on by itself when whoever waits for it is gone.
struct ToItsEnd<F>
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    /// Gone when it is done.
    work: Option<Pin<Box<F>>>,
    tasks: TaskTracker,
    runtime: Handle,
}

impl<F> Future for ToItsEnd<F>
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let Some(work) = &mut self.work else { return Poll::Pending };
        let done = work.as_mut().poll(context);
        if done.is_ready() {
            self.work = None;
        }
        done
    }
}

impl<F> Drop for ToItsEnd<F>
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    fn drop(&mut self) {
        if let Some(work) = self.work.take() {
            self.tasks.spawn_on(work, &self.runtime);
        }
    }
}

/// What is appended.
enum Part {
    Rows(Vec<u8>),
    Bytes(Vec<u8>),
}

fn invalid<T>(why: &str) -> Result<T, wit::ResultError> {
    Err(wit::ResultError::Invalid(why.to_owned()))
}

fn not_open<T>() -> Result<T, wit::ResultError> {
    invalid("the handle is not open")
}

impl CallResults {
    pub(crate) fn new(store: Option<Arc<dyn ResultStore>>, tasks: TaskTracker, bytes: u64) -> Self {
        Self { store, tasks, held: Mutex::new(Held { slots: Vec::new(), bytes_left: bytes, closed: false }) }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open(&self, result: CallResult) -> Result<wit::Opened, wit::ResultError> {
        let Some(store) = &self.store else {
            let why = "this call belongs to no conversation, so there is nowhere to keep a result";
            return Err(wit::ResultError::Unavailable(why.to_owned()));
        };
        let mut held = self.held();
        if held.closed {
            return invalid("the call is over");
        }
        if held.slots.len() >= MAX_CALL_RESULTS {
            let why = format!("a call keeps at most {MAX_CALL_RESULTS} results");
            return Err(wit::ResultError::TooMany(why));
        }
        let columns = result.head.columns.len();
        let opened = store.open(result).map_err(told)?;
        let id = opened.id().to_string();
        held.slots.push(Slot::Open(Arc::new(Opened {
            columns,
            result: tokio::sync::Mutex::new(Some(opened)),
            so_far: Mutex::default(),
        })));
        Ok(wit::Opened { handle: u32::try_from(held.slots.len()).unwrap_or(u32::MAX), id })
    }

    fn opened(&self, handle: u32) -> Result<Arc<Opened>, wit::ResultError> {
        match self.held().slots.get(place(handle)) {
            Some(Slot::Open(opened)) => Ok(Arc::clone(opened)),
            Some(Slot::Ended(_) | Slot::Gone) | None => not_open(),
        }
    }

    fn charge(&self, bytes: usize) -> Result<(), wit::ResultError> {
        let mut held = self.held();
        match held.bytes_left.checked_sub(bytes as u64) {
            Some(left) => held.bytes_left = left,
            None => {
                let why = "the call has appended as many bytes to its results as a call may";
                return Err(wit::ResultError::TooMany(why.to_owned()));
            }
        }
        Ok(())
    }

    async fn append(&self, handle: u32, part: Part) -> Result<wit::Appended, wit::ResultError> {
        let opened = self.opened(handle)?;
        let (Part::Rows(bytes) | Part::Bytes(bytes)) = &part;
        let size = bytes.len();
        self.charge(size)?;
        let work = async move {
            let mut result = opened.result.lock().await;
            let Some(result) = result.as_mut() else { return not_open() };
            let appended = match part {
                Part::Rows(rows) => result.append_rows(&rows).await,
                Part::Bytes(bytes) => result.append_bytes(&bytes).await,
            };
            *opened.so_far.lock().unwrap_or_else(PoisonError::into_inner) = result.so_far();
            appended.map_err(told)
        };
        let appended = if size <= HERE_BYTES { self.here(work).await } else { self.beside(work).await };
        Ok(match appended? {
            Appending::Taken => wit::Appended::Taken,
            Appending::Full(cut) => wit::Appended::Full(cut.advice().to_owned()),
        })
    }

    async fn finish(&self, handle: u32, end: CallResultEnd) -> Result<wit::Finished, wit::ResultError> {
        let opened = self.opened(handle)?;
        let ended = self.here(async move {
            let Some(result) = opened.result.lock().await.take() else { return not_open() };
            result.finish(end).await.map_err(told)
        });
        let ended = ended.await;
        let slot = ended.as_ref().map_or(Slot::Gone, |kept| Slot::Ended(kept.clone()));
        if let Some(place) = self.held().slots.get_mut(place(handle)) {
            *place = slot;
        }
        let reference = ended?.reference;
        Ok(wit::Finished {
            rows: reference.rows as f64,
            bytes: reference.bytes as f64,
            cut: reference.cut.map(|cut| cut.advice().to_owned()),
        })
    }

    /// Runs work to its end whatever becomes of the guest, on the guest's own time: a task of its own costs more than
    /// small work does.
    fn here<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, wit::ResultError>> + Send + 'static,
    ) -> impl Future<Output = Result<T, wit::ResultError>> + Send {
        ToItsEnd { work: Some(Box::pin(work)), tasks: self.tasks.clone(), runtime: Handle::current() }
    }

    /// The same beside the guest.
    async fn beside<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, wit::ResultError>> + Send + 'static,
    ) -> Result<T, wit::ResultError> {
        let broken = |_| wit::ResultError::Unavailable("the host leaves".to_owned());
        self.tasks.spawn(work).await.map_err(broken)?
    }

    /// Ends what is open as far as it came, and tells what the call leaves.
    pub(crate) async fn close(&self) -> Vec<KeptResult> {
        let slots = {
            let mut held = self.held();
            held.closed = true;
            std::mem::take(&mut held.slots)
        };
        let deadline = Instant::now() + CLOSED_WITHIN;
        let mut left = Vec::new();
        for slot in slots {
            match slot {
                Slot::Ended(kept) => left.push(kept),
                Slot::Gone => {}
                Slot::Open(opened) => {
                    let work = Arc::clone(&opened);
                    let ending = self.tasks.spawn(async move {
                        let result = work.result.lock().await.take()?;
                        // What holds nothing leaves nothing.
                        result.so_far()?;
                        result.finish(CallResultEnd::default()).await.ok()
                    });
                    let ended = tokio::time::timeout_at(deadline, ending).await;
                    let so_far = || opened.so_far.lock().unwrap_or_else(PoisonError::into_inner).clone();
                    left.extend(ended.ok().and_then(Result::ok).flatten().or_else(so_far));
                }
            }
        }
        left
    }
}

fn place(handle: u32) -> usize {
    usize::try_from(handle).unwrap_or(usize::MAX).wrapping_sub(1)
}

fn told(fault: ResultFault) -> wit::ResultError {
    match fault {
        ResultFault::Invalid(why) => wit::ResultError::Invalid(why),
        ResultFault::Unavailable(error) => {
            tracing::warn!(error = chain(&*error), "a result was not kept");
            wit::ResultError::Unavailable("the host's database does not take it now".to_owned())
        }
    }
}

impl wit::Host for View<'_, ResultsCtx> {
    async fn open(&mut self, about: wit::NewResult) -> wasmtime::Result<Result<wit::Opened, wit::ResultError>> {
        self.count()?;
        let ResultsCtx { results, plugin } = &*self.own;
        Ok(described(plugin, about).and_then(|result| results.open(result)))
    }

    async fn append_rows(
        &mut self,
        handle: u32,
        rows: Vec<u8>,
    ) -> wasmtime::Result<Result<wit::Appended, wit::ResultError>> {
        self.count()?;
        Ok(self.own.results.append(handle, Part::Rows(rows)).await)
    }

    async fn append_columns(
        &mut self,
        handle: u32,
        columns: Vec<wit::ColumnValues>,
    ) -> wasmtime::Result<Result<wit::Appended, wit::ResultError>> {
        self.count()?;
        let rows = self.own.results.opened(handle).and_then(|opened| rows_of(&columns, opened.columns));
        Ok(match rows {
            Ok(rows) => self.own.results.append(handle, Part::Rows(rows)).await,
            Err(error) => Err(error),
        })
    }

    async fn append_bytes(
        &mut self,
        handle: u32,
        bytes: Vec<u8>,
    ) -> wasmtime::Result<Result<wit::Appended, wit::ResultError>> {
        self.count()?;
        Ok(self.own.results.append(handle, Part::Bytes(bytes)).await)
    }

    async fn finish(
        &mut self,
        handle: u32,
        whole: bool,
        origin: Option<wit::Origin>,
    ) -> wasmtime::Result<Result<wit::Finished, wit::ResultError>> {
        self.count()?;
        let end = CallResultEnd { whole, origin: origin.map(origin_of) };
        Ok(self.own.results.finish(handle, end).await)
    }
}

fn described(plugin: &Profile, about: wit::NewResult) -> Result<CallResult, wit::ResultError> {
    let wit::NewResult { content, title, media_type, file_name, columns, origin, again } = about;
    let again = again.map(|again| again_of(plugin, again)).transpose()?;
    let column = |wit::Column { name, type_text }| ResultColumn {
        name,
        kind: ColumnType::of_source(&type_text),
        source_type: Some(type_text),
    };
    let content = match content {
        wit::Content::Table => ResultContent::Table,
        wit::Content::Text => ResultContent::Text,
        wit::Content::Image => ResultContent::Image,
        wit::Content::File => ResultContent::File,
    };
    Ok(CallResult {
        head: ResultHead { content, title, media_type, file_name, columns: columns.into_iter().map(column).collect() },
        origin: ResultOrigin { again, ..origin_of(origin) },
    })
}

fn again_of(plugin: &Profile, again: wit::Again) -> Result<CallAgain, wit::ResultError> {
    let wit::Again { tool, input } = again;
    if input.len() > MAX_AGAIN_BYTES {
        return invalid("the input of the call that makes it again has more than 262144 bytes");
    }
    let Some((spec, entry)) = plugin.find(&tool) else {
        return invalid(&format!("the plugin has no tool `{tool}`"));
    };
    let Ok(input @ Value::Object(_)) = serde_json::from_str(&input) else {
        return invalid("the input of the call that makes it again is no JSON object");
    };
    match convert::arguments(&entry.function, &input) {
        Ok(_) => Ok(CallAgain { tool: spec.name.0.clone(), input }),
        Err(fault) => invalid(&fault.to_string()),
    }
}

fn origin_of(origin: wit::Origin) -> ResultOrigin {
    let count = |number: Option<f64>| number.filter(|number| *number >= 0.0 && number.is_finite()).map(|n| n as u64);
    let moment = |millis: f64| DateTime::from_timestamp_millis(millis as i64);
    let short = |text: Option<String>| text.filter(|text| text.len() <= MAX_PARAMETER_BYTES);
    ResultOrigin {
        statement_id: short(origin.statement_id),
        statement: origin.statement.map(|text| cut(&text, MAX_STATEMENT_BYTES).to_owned()),
        parameters: short(origin.parameters).and_then(|text| serde_json::from_str(&text).ok()),
        warehouse_id: short(origin.warehouse),
        catalog: short(origin.catalog),
        schema: short(origin.schema),
        started_at: origin.started_ms.and_then(moment),
        duration_ms: count(origin.duration_ms),
        rows: count(origin.rows),
        bytes: count(origin.bytes),
        truncated: origin.truncated,
        ..ResultOrigin::default()
    }
}

/// Columns as the JSON of their rows.
fn rows_of(columns: &[wit::ColumnValues], expected: usize) -> Result<Vec<u8>, wit::ResultError> {
    if columns.len() != expected {
        return invalid(&format!("{} columns are given, and the table has {expected}", columns.len()));
    }
    let length = columns.first().map_or(0, rows_in);
    if columns.iter().any(|column| rows_in(column) != length) {
        return invalid("the columns are not of one length");
    }
    let mut json = vec![b'['];
    for row in 0..length {
        json.extend_from_slice(if row == 0 { b"[" } else { b",[" });
        for (number, column) in columns.iter().enumerate() {
            if number > 0 {
                json.push(b',');
            }
            cell(column, row, &mut json);
        }
        json.push(b']');
    }
    json.push(b']');
    Ok(json)
}

fn rows_in(column: &wit::ColumnValues) -> usize {
    match column {
        wit::ColumnValues::Texts(values) => values.len(),
        wit::ColumnValues::Numbers(values) => values.len(),
        wit::ColumnValues::Integers(values) => values.len(),
        wit::ColumnValues::Booleans(values) => values.len(),
    }
}

fn cell(column: &wit::ColumnValues, row: usize, json: &mut Vec<u8>) {
    let value = match column {
        wit::ColumnValues::Texts(values) => values.get(row).cloned().flatten().map(Value::String),
        wit::ColumnValues::Numbers(values) => values.get(row).copied().flatten().map(number),
        wit::ColumnValues::Integers(values) => values.get(row).copied().flatten().map(Value::from),
        wit::ColumnValues::Booleans(values) => values.get(row).copied().flatten().map(Value::from),
    };
    // Writing to a list of bytes does not fail.
    let _ = serde_json::to_writer(json, &value);
}

/// A number as JSON: whole ones without a point, so that they fit columns of whole numbers, and those that JSON has not
/// as text.
fn number(number: f64) -> Value {
    /// Up to here every whole number is one of its own.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if !number.is_finite() {
        let text = if number.is_nan() {
            "NaN"
        } else if number > 0.0 {
            "Infinity"
        } else {
            "-Infinity"
        };
        return Value::from(text);
    }
    let is_negative_zero = number == 0.0 && number.is_sign_negative();
    if number.fract() == 0.0 && number.abs() <= EXACT && !is_negative_zero {
        return Value::from(number as i64);
    }
    Value::from(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(columns: &[wit::ColumnValues]) -> Result<String, String> {
        let rows = rows_of(columns, columns.len()).map_err(|error| error.to_string())?;
        Ok(String::from_utf8(rows).unwrap())
    }

    #[test]
    fn columns_become_rows() {
        let columns = [
            wit::ColumnValues::Texts(vec![Some("a\"".to_owned()), None]),
            wit::ColumnValues::Numbers(vec![Some(3.0), Some(f64::NAN)]),
            wit::ColumnValues::Integers(vec![None, Some(-1)]),
            wit::ColumnValues::Booleans(vec![Some(true), None]),
        ];
        assert_eq!(rows(&columns).unwrap(), r#"[["a\"",3,null,true],[null,"NaN",-1,null]]"#);
        let fractions = wit::ColumnValues::Numbers(vec![Some(0.1), Some(-0.0), Some(1e300), Some(f64::NEG_INFINITY)]);
        assert_eq!(rows(&[fractions]).unwrap(), r#"[[0.1],[-0.0],[1e+300],["-Infinity"]]"#);
        assert_eq!(rows(&[]).unwrap(), "[]");
    }

    #[test]
    fn columns_of_other_lengths_are_refused() {
        let one = wit::ColumnValues::Integers(vec![Some(1)]);
        let two = wit::ColumnValues::Integers(vec![Some(1), Some(2)]);
        assert!(rows(&[one.clone(), two]).is_err());
        assert!(rows_of(&[one], 2).is_err());
    }
}

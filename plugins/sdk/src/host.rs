//! [`Platform`] over the host's interfaces and WASI.

use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::bindings::bricklayer::host;
use crate::results::{Appended, ColumnValues, Content, Finished, NewResult, Origin, ResultError};
use crate::{
    CallContext, CleanupHandle, Errand, LogLevel, Platform, Probe, Request, Response, Step, TransportError, WebRequest,
    project, wasi_http,
};

/// The real host. One per call.
#[derive(Debug, Clone, Copy)]
pub struct Host {
    started: Instant,
}

impl Host {
    /// Starts the call's clock.
    #[must_use]
    pub fn start() -> Self {
        Self { started: Instant::now() }
    }
}

impl Platform for Host {
    fn send(&self, request: &Request) -> Result<Response, TransportError> {
        wasi_http::send(request)
    }

    fn run_each(
        &self,
        errands: &mut dyn Iterator<Item = Errand>,
        ahead: usize,
        take: &mut dyn FnMut(Result<Response, TransportError>) -> bool,
    ) {
        wasi_http::run_each(errands, ahead, take);
    }

    fn probe(&self, paths: &[String], wait: Duration) -> Vec<Probe> {
        wasi_http::probe(paths, wait)
    }

    fn fetch(&self, request: &WebRequest) -> Result<Response, TransportError> {
        wasi_http::fetch(request)
    }

    fn project(&self) -> PathBuf {
        PathBuf::from(project::MOUNT)
    }

    fn now(&self) -> Duration {
        self.started.elapsed()
    }

    fn unix_seconds(&self) -> u64 {
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
    }

    fn sleep(&self, duration: Duration) {
        std::thread::sleep(duration);
    }

    fn progress(&self, message: &str, done: Option<f64>, total: Option<f64>) {
        host::progress::report(message, done, total);
    }

    fn progress_steps(&self, message: &str, steps: Vec<Step>) {
        host::progress::report_steps(message, &steps);
    }

    fn log(&self, level: LogLevel, message: &str) {
        let level = match level {
            LogLevel::Debug => host::log::Level::Debug,
            LogLevel::Info => host::log::Level::Info,
            LogLevel::Warn => host::log::Level::Warn,
            LogLevel::Error => host::log::Level::Error,
        };
        host::log::write(level, message);
    }

    fn context(&self) -> CallContext {
        host::context::get().into()
    }

    fn register_cleanup(&self, request: &Request) -> Option<CleanupHandle> {
        let Request { method, path, body } = request.clone();
        let request = host::cleanup::Request { method: method.as_str().to_owned(), path, body };
        match host::cleanup::register(&request) {
            Ok(handle) => Some(CleanupHandle(handle)),
            Err(error) => {
                self.log(LogLevel::Warn, &format!("the clean-up request was not registered: {error}"));
                None
            }
        }
    }

    fn withdraw_cleanup(&self, handle: CleanupHandle) {
        host::cleanup::withdraw(handle.0);
    }

    fn offer_continuation(&self, tool: &str, input: &str) -> bool {
        match host::continuation::offer(tool, input) {
            Ok(()) => true,
            Err(error) => {
                self.log(LogLevel::Debug, &format!("no continuation is kept: {error}"));
                false
            }
        }
    }

    fn withdraw_continuation(&self) {
        host::continuation::withdraw();
    }

    fn hand_back(&self, tool: &str, input: &str) -> bool {
        match host::continuation::hand_back(tool, input) {
            Ok(()) => true,
            Err(error) => {
                self.log(LogLevel::Debug, &format!("no operation is kept: {error}"));
                false
            }
        }
    }

    fn open_result(&self, about: &NewResult) -> Result<(u32, String), ResultError> {
        let opened = host::results::open(&new_result(about)).map_err(result_error)?;
        Ok((opened.handle, opened.id))
    }

    fn append_rows(&self, handle: u32, rows: &[u8]) -> Result<Appended, ResultError> {
        host::results::append_rows(handle, rows).map(appended).map_err(result_error)
    }

    fn append_columns(&self, handle: u32, columns: &[ColumnValues]) -> Result<Appended, ResultError> {
        let columns: Vec<_> = columns.iter().map(column_values).collect();
        host::results::append_columns(handle, &columns).map(appended).map_err(result_error)
    }

    fn append_bytes(&self, handle: u32, bytes: &[u8]) -> Result<Appended, ResultError> {
        host::results::append_bytes(handle, bytes).map(appended).map_err(result_error)
    }

    fn finish_result(&self, handle: u32, whole: bool, origin: Option<&Origin>) -> Result<Finished, ResultError> {
        let origin = origin.map(origin_of);
        let finished = host::results::finish(handle, whole, origin.as_ref()).map_err(result_error)?;
        Ok(Finished { rows: finished.rows as u64, bytes: finished.bytes as u64, cut: finished.cut })
    }

    fn state_get(&self, key: &str) -> Option<String> {
        host::state::get(key).ok().flatten()
    }

    fn state_set(&self, key: &str, value: &str) {
        if let Err(error) = host::state::set(key, value) {
            self.log(LogLevel::Warn, &format!("a value was not kept: {error}"));
        }
    }

    fn state_delete(&self, key: &str) {
        let _ = host::state::delete(key);
    }

    fn state_keys(&self) -> Vec<String> {
        host::state::list_keys().unwrap_or_default()
    }
}

fn new_result(about: &NewResult) -> host::results::NewResult {
    let column = |column: &crate::results::Column| host::results::Column {
        name: column.name.clone(),
        type_text: column.type_text.clone(),
    };
    host::results::NewResult {
        content: match about.content {
            Content::Table => host::results::Content::Table,
            Content::Text => host::results::Content::Text,
            Content::Image => host::results::Content::Image,
            Content::File => host::results::Content::File,
        },
        title: about.title.clone(),
        media_type: about.media_type.clone(),
        file_name: about.file_name.clone(),
        columns: about.columns.iter().map(column).collect(),
        origin: origin_of(&about.origin),
        again: about
            .again
            .as_ref()
            .map(|(tool, input)| host::results::Again { tool: tool.clone(), input: input.clone() }),
    }
}

fn origin_of(origin: &Origin) -> host::results::Origin {
    let millis = |duration: Duration| duration.as_secs_f64() * 1000.0;
    host::results::Origin {
        statement_id: origin.statement_id.clone(),
        statement: origin.statement.clone(),
        parameters: origin.parameters.clone(),
        warehouse: origin.warehouse.clone(),
        catalog: origin.catalog.clone(),
        schema: origin.schema.clone(),
        started_ms: origin.started.map(millis),
        duration_ms: origin.took.map(millis),
        rows: origin.rows.map(|rows| rows as f64),
        bytes: origin.bytes.map(|bytes| bytes as f64),
        truncated: origin.truncated,
    }
}

fn column_values(column: &ColumnValues) -> host::results::ColumnValues {
    match column {
        ColumnValues::Texts(values) => host::results::ColumnValues::Texts(values.clone()),
        ColumnValues::Numbers(values) => host::results::ColumnValues::Numbers(values.clone()),
        ColumnValues::Integers(values) => host::results::ColumnValues::Integers(values.clone()),
        ColumnValues::Booleans(values) => host::results::ColumnValues::Booleans(values.clone()),
    }
}

fn appended(appended: host::results::Appended) -> Appended {
    match appended {
        host::results::Appended::Taken => Appended::Taken,
        host::results::Appended::Full(why) => Appended::Full(why),
    }
}

fn result_error(error: host::results::ResultError) -> ResultError {
    match error {
        host::results::ResultError::Unavailable(why) => ResultError::Unavailable(why),
        host::results::ResultError::Invalid(why) => ResultError::Invalid(why),
        host::results::ResultError::TooMany(why) => ResultError::TooMany(why),
    }
}

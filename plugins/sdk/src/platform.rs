//! The outside world of one call, as a tool sees it.

use std::path::PathBuf;
use std::time::Duration;

use crate::bindings::bricklayer::host::context as wit;
use crate::results::{Appended, ColumnValues, Finished, NewResult, Origin, ResultError};
use crate::{Errand, Probe, Request, Response, TransportError, WebRequest};

/// How much a log line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogLevel {
    /// For the plugin's author.
    Debug,
    /// Normal course of things.
    Info,
    /// Odd, survived.
    Warn,
    /// Makes the call fail.
    Error,
}

/// On whose behalf and where a call runs; see `context` in `wit/host.wit`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CallContext {
    /// Id of the project (a UUID); empty where there is none.
    pub project: String,
    /// Id of the conversation; empty when the call belongs to none.
    pub conversation: String,
    /// Who the call runs for.
    pub user: Option<String>,
    /// The workspace's host name, for showing.
    pub workspace_host: Option<String>,
    /// The warehouse that the user chose.
    pub warehouse: Option<String>,
    /// The catalog for unqualified names that the user chose.
    pub catalog: Option<String>,
    /// The schema for unqualified names that the user chose.
    pub schema: Option<String>,
    /// The cluster for code that the user chose.
    pub cluster: Option<String>,
    /// The folder in the workspace, an absolute path, for what is uploaded.
    pub workspace_folder: Option<String>,
    /// Wall time until the host ends this call.
    pub time_left: Duration,
}

impl From<wit::CallContext> for CallContext {
    fn from(context: wit::CallContext) -> Self {
        let wit::CallContext {
            project,
            conversation,
            user,
            workspace_host,
            warehouse,
            catalog,
            schema,
            cluster,
            workspace_folder,
            seconds_left,
        } = context;
        let time_left = Duration::try_from_secs_f64(seconds_left).unwrap_or(Duration::ZERO);
        Self {
            project,
            conversation,
            user,
            workspace_host,
            warehouse,
            catalog,
            schema,
            cluster,
            workspace_folder,
            time_left,
        }
    }
}

/// A step of work that the user follows, and where it stands; see `progress` in `wit/host.wit`.
pub use crate::bindings::bricklayer::host::progress::{Step, StepState};

/// A registered clean-up request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CleanupHandle(pub u32);

/// What a call can do outside itself: over the host's interfaces in a component, over a script in native tests.
pub trait Platform {
    /// Sends a request to the caller's workspace and reads the whole answer.
    ///
    /// # Errors
    /// When no complete answer came; an error status is an answer.
    fn send(&self, request: &Request) -> Result<Response, TransportError>;

    /// Runs errands, up to `ahead` of them at once, and hands each whole answer to `take` in the order of the errands,
    /// until it says that it has enough.
    fn run_each(
        &self,
        errands: &mut dyn Iterator<Item = Errand>,
        ahead: usize,
        take: &mut dyn FnMut(Result<Response, TransportError>) -> bool,
    );

    /// Asks the workspace for all these paths at once, waits for each at most so long, and says how long each took; in
    /// their order. For signs of life: at most as many as a call may send at once.
    fn probe(&self, paths: &[String], wait: Duration) -> Vec<Probe>;

    /// Sends a request to a public host and reads the whole answer.
    ///
    /// # Errors
    /// When no complete answer came; an error status is an answer.
    fn fetch(&self, request: &WebRequest) -> Result<Response, TransportError>;

    /// The project's folder, to be used with `std::fs`; needs `files` in `plugin.toml`. Nothing leads out of it.
    fn project(&self) -> PathBuf;

    /// A clock that only goes forward, from any start.
    fn now(&self) -> Duration;

    /// Seconds since 1970, for what is kept between calls.
    fn unix_seconds(&self) -> u64;

    /// Waits.
    fn sleep(&self, duration: Duration);

    /// Tells the user how far the call is.
    fn progress(&self, message: &str, done: Option<f64>, total: Option<f64>);

    /// Tells the user how far work of several steps is: all of them each time, at most 100.
    fn progress_steps(&self, message: &str, steps: Vec<Step>);

    /// Writes a line to the operator's log; nothing that belongs to the user.
    fn log(&self, level: LogLevel, message: &str);

    /// The call's context.
    fn context(&self) -> CallContext;

    /// Registers the request that ends remote work, to be sent if this call is cut off. `None` when the host
    /// refused: the work then goes on after a cut, which is worth a log line and no failure.
    fn register_cleanup(&self, request: &Request) -> Option<CleanupHandle>;

    /// Withdraws a registered request.
    fn withdraw_cleanup(&self, handle: CleanupHandle);

    /// Says that a call of `tool`, which only reads, with these JSON arguments brings to its end all that this call has
    /// started, should the host be restarted. Whether the host keeps it; without, the work is cleaned up as ever.
    fn offer_continuation(&self, tool: &str, input: &str) -> bool;

    /// Takes the offer back before the call begins something else: once this returns, nobody continues the call by it.
    fn withdraw_continuation(&self);

    /// Says, before the call returns and before it withdraws what ends its work, that this goes on: a call of `tool` with
    /// these arguments waits for it. Whether the host keeps it as an operation.
    fn hand_back(&self, tool: &str, input: &str) -> bool;

    /// Begins a result; its handle and its id. [`results`](crate::results) is more pleasant.
    ///
    /// # Errors
    /// [`ResultError`].
    fn open_result(&self, about: &NewResult) -> Result<(u32, String), ResultError>;

    /// Appends a JSON array of rows to a result; waits while the host's database is behind.
    ///
    /// # Errors
    /// [`ResultError`].
    fn append_rows(&self, handle: u32, rows: &[u8]) -> Result<Appended, ResultError>;

    /// Appends rows, given as columns, to a result.
    ///
    /// # Errors
    /// [`ResultError`].
    fn append_columns(&self, handle: u32, columns: &[ColumnValues]) -> Result<Appended, ResultError>;

    /// Appends bytes to a result.
    ///
    /// # Errors
    /// [`ResultError`].
    fn append_bytes(&self, handle: u32, bytes: &[u8]) -> Result<Appended, ResultError>;

    /// Ends a result.
    ///
    /// # Errors
    /// [`ResultError`].
    fn finish_result(&self, handle: u32, whole: bool, origin: Option<&Origin>) -> Result<Finished, ResultError>;

    /// A value kept for this project; `None` when there is none or the store cannot be reached.
    fn state_get(&self, key: &str) -> Option<String>;

    /// Keeps a value for this project, as far as the store can be reached.
    fn state_set(&self, key: &str, value: &str);

    /// Forgets a value.
    fn state_delete(&self, key: &str);

    /// Keys kept for this project.
    fn state_keys(&self) -> Vec<String>;
}

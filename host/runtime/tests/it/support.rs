//! What the tests share: guests built once, a runtime, a far end, and the canary that must never show.

mod far_end;
mod guests;

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use bricklayer_domain::{
    CallPreview, CallReview, CallSite, Caller, ConversationId, LaneId, Progress, ProjectId, ToolCallId, ToolErrorKind,
    ToolOutcome, TurnId, TurnSetting, TurnSettings, UserId,
};
use bricklayer_runtime::{
    AuditSink, CallContext, CallRecord, Grants, Limits, MemoryState, Plugin, RequestRecord, Runtime, RuntimeConfig,
    ToolNamespace, WorkspaceTarget,
};
use secrecy::SecretString;
use serde_json::Value;

pub(crate) use far_end::FarEnd;
pub(crate) use guests::{hostile, noop, package_of, package_with};

/// The caller's token: must appear in the far end's `authorization` and nowhere else.
pub(crate) const CANARY: &str = "dapi-canary-5d41402abc4b2a76";

/// Audit records of one bench: of requests, and of calls; and how often the workspace did not know the caller.
#[derive(Debug, Default)]
pub(crate) struct Audit(Mutex<Vec<RequestRecord>>, Mutex<Vec<CallRecord>>, AtomicUsize);

impl Audit {
    /// Records of requests.
    pub(crate) fn requests(&self) -> Vec<RequestRecord> {
        self.0.lock().unwrap().clone()
    }

    /// Records of calls.
    pub(crate) fn calls(&self) -> Vec<CallRecord> {
        self.1.lock().unwrap().clone()
    }

    /// How often the workspace did not know the caller.
    pub(crate) fn unknown_callers(&self) -> usize {
        self.2.load(Ordering::SeqCst)
    }
}

impl AuditSink for Audit {
    fn request(&self, record: RequestRecord) {
        self.0.lock().unwrap().push(record);
    }

    fn call(&self, record: CallRecord) {
        self.1.lock().unwrap().push(record);
    }

    fn unknown_caller(&self) {
        self.2.fetch_add(1, Ordering::SeqCst);
    }
}

/// One runtime with one plugin and one far end.
pub(crate) struct Bench {
    pub(crate) runtime: Arc<Runtime>,
    pub(crate) plugin: Arc<Plugin>,
    pub(crate) far_end: FarEnd,
    pub(crate) project: tempfile::TempDir,
    pub(crate) audit: Arc<Audit>,
    pub(crate) progress: Arc<Mutex<Vec<Progress>>>,
    state: Arc<MemoryState>,
    project_id: ProjectId,
    looked: Mutex<Looked>,
}

pub(crate) fn cache_dir() -> PathBuf {
    guests::target_dir().join("guests/compiled")
}

impl Bench {
    /// With the default limits and the hostile guest.
    pub(crate) async fn new() -> Self {
        Self::with(Limits::default(), hostile()).await
    }

    pub(crate) async fn with(limits: Limits, package: Vec<u8>) -> Self {
        Self::configured(package, |config| RuntimeConfig { limits, ..config }).await
    }

    pub(crate) async fn configured(package: Vec<u8>, change: impl FnOnce(RuntimeConfig) -> RuntimeConfig) -> Self {
        logs();
        let far_end = FarEnd::start().await;
        let config = RuntimeConfig {
            operator_hosts: vec![far_end.url()],
            max_concurrent_calls: 8,
            ..RuntimeConfig::new(cache_dir())
        };
        let runtime = Runtime::new(change(config)).unwrap();
        let plugin = runtime.load(package, ToolNamespace::databricks()).await.unwrap();
        Self {
            runtime: Arc::new(runtime),
            plugin,
            far_end,
            project: tempfile::tempdir().unwrap(),
            audit: Arc::default(),
            progress: Arc::default(),
            state: Arc::default(),
            project_id: ProjectId::new(),
            looked: Mutex::default(),
        }
    }

    /// A call's context with everything that the plugin asks for but more memory.
    pub(crate) fn ctx(&self) -> CallContext {
        let progress = Arc::clone(&self.progress);
        let site = CallSite::Turn { conversation: ConversationId::new(), turn: TurnId::new(), lane: LaneId::MAIN };
        let caller = Caller::new(UserId::parse("ada@example.com").unwrap(), self.project_id, site);
        CallContext {
            project_dir: Some(self.project.path().to_owned()),
            workspace: Some(WorkspaceTarget::named(self.far_end.url(), SecretString::from(CANARY).into())),
            settings: TurnSettings { warehouse_id: TurnSetting::parse("wh-1").unwrap(), ..TurnSettings::default() },
            grants: Arc::new(Grants { memory_mib: None, ..Grants::from_request(self.plugin.manifest()) }),
            state: Arc::clone(&self.state) as _,
            progress: Arc::new(move |report| progress.lock().unwrap().push(report)),
            audit: Arc::clone(&self.audit) as _,
            ..CallContext::new(Caller { tool_call: Some(ToolCallId("call-1".to_owned())), ..caller })
        }
    }

    pub(crate) async fn call(&self, tool: &str, input: Value) -> ToolOutcome {
        self.call_with(tool, input, self.ctx()).await
    }

    pub(crate) async fn call_with(&self, tool: &str, input: Value, ctx: CallContext) -> ToolOutcome {
        let outcome = self.runtime.call(&self.plugin, tool, &input, ctx).await;
        self.no_canary(&outcome);
        outcome
    }

    /// What the plugin says that the call would do.
    pub(crate) async fn review(&self, tool: &str, input: Value) -> Option<CallReview> {
        self.runtime.review(&self.plugin.tool(tool)?.prepare(&input), self.ctx()).await
    }

    /// What the plugin finds that the call would meet.
    pub(crate) async fn preview(&self, tool: &str, input: Value) -> Option<CallPreview> {
        self.runtime.preview(&self.plugin.tool(tool)?.prepare(&input), self.ctx()).await
    }

    /// The call must succeed; its typed result.
    #[track_caller]
    pub(crate) fn ok(outcome: &ToolOutcome) -> Value {
        assert!(outcome.failure.is_none(), "{outcome:?}");
        outcome.structured.clone().unwrap_or_else(|| Value::String(outcome.content.clone()))
    }

    /// A neighbour answers, so the host is well.
    pub(crate) async fn neighbour_answers(&self) {
        let outcome = self.call("reported", serde_json::json!({"rows": 7})).await;
        assert_eq!(outcome.content, "**7** rows");
    }

    /// The token is nowhere but at the far end. What earlier calls left was looked through after them: a thousand calls
    /// would else read each record a thousand times.
    #[track_caller]
    fn no_canary(&self, outcome: &ToolOutcome) {
        let mut places = serde_json::to_string(outcome).unwrap();
        let mut looked = self.looked.lock().unwrap();
        write_new(&mut places, &self.audit.0.lock().unwrap(), &mut looked.requests);
        write_new(&mut places, &self.audit.1.lock().unwrap(), &mut looked.calls);
        write_new(&mut places, &self.progress.lock().unwrap(), &mut looked.progress);
        let _ = write!(places, "{:?}", self.ctx());
        places.push_str(&new_logs());
        assert!(!places.contains(CANARY), "the token leaked");
    }

    /// The record of the latest call, once the records of `calls` are there.
    pub(crate) async fn last_call(&self, calls: usize) -> CallRecord {
        until("the call's record", || {
            let records = self.audit.1.lock().unwrap();
            if records.len() == calls { Ok(records.last().cloned().unwrap()) } else { Err(format!("{records:?}")) }
        })
        .await
    }

    pub(crate) fn audit(&self) -> Vec<RequestRecord> {
        self.audit.0.lock().unwrap().clone()
    }
}

/// How many of each are known to hold no token.
#[derive(Debug, Default)]
struct Looked {
    requests: usize,
    calls: usize,
    progress: usize,
}

fn write_new<T: std::fmt::Debug>(places: &mut String, all: &[T], looked: &mut usize) {
    for new in all.get(*looked..).unwrap_or_default() {
        let _ = write!(places, "{new:?}");
    }
    *looked = all.len();
}

/// What was logged since the last call of any test, with as much before it as may be the beginning of a token.
fn new_logs() -> String {
    static LOOKED: AtomicUsize = AtomicUsize::new(0);
    let logs = logs().lock().unwrap();
    let from = LOOKED.swap(logs.len(), Ordering::SeqCst).saturating_sub(CANARY.len());
    logs[logs.floor_char_boundary(from)..].to_owned()
}

/// The call failed with this kind, and its message says this.
#[track_caller]
pub(crate) fn failed(outcome: &ToolOutcome, kind: ToolErrorKind, says: &str) {
    let failure = outcome.failure.as_ref().unwrap_or_else(|| panic!("it succeeded: {outcome:?}"));
    assert_eq!(failure.kind, kind, "{}", failure.message);
    assert!(failure.message.contains(says), "{:?} does not say {says:?}", failure.message);
    assert!(outcome.content.starts_with(&failure.message), "the model reads the message: {}", outcome.content);
}

/// Waits until something is so; reports what it last saw.
pub(crate) async fn until<T: std::fmt::Debug>(what: &str, mut look: impl FnMut() -> Result<T, String>) -> T {
    let mut last = String::new();
    for _ in 0..500 {
        match look() {
            Ok(value) => return value,
            Err(seen) => last = seen,
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{what} did not happen; last seen: {last}");
}

/// Everything that the process logs, collected.
pub(crate) fn logs() -> &'static Arc<Mutex<String>> {
    static LOGS: OnceLock<Arc<Mutex<String>>> = OnceLock::new();
    LOGS.get_or_init(|| {
        let logs: Arc<Mutex<String>> = Arc::default();
        let writer = Arc::clone(&logs);
        tracing_subscriber::fmt()
            .with_max_level(tracing::Level::DEBUG)
            .with_ansi(false)
            // Fields that are recorded late are seen when a span ends.
            .with_span_events(tracing_subscriber::fmt::format::FmtSpan::CLOSE)
            .with_writer(move || Collector(Arc::clone(&writer)))
            .init();
        logs
    })
}

struct Collector(Arc<Mutex<String>>);

impl std::io::Write for Collector {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().push_str(&String::from_utf8_lossy(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

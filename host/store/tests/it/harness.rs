//! What every case needs: a fresh database, a clock to move, short ways to say things.

use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bricklayer_domain::{
    Block, Conversation, ConversationId, Event, EventSeq, Project, StopReason, StoredEvent, Title, ToolCallId,
    ToolName, ToolOutcome, Turn, TurnEnd, TurnSettings, Usage, UserId,
};
use bricklayer_store::{Begun, Clock, Detail, Lease, NewTurn, Store, StoreOptions, StoreUrl, TurnPlace, WorkerId};
use chrono::{DateTime, Utc};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, SqliteConnection};

/// Runs each case once per engine.
macro_rules! on_both_engines {
    ($($case:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                super::$case(crate::harness::World::sqlite()).await;
            })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                super::$case(crate::harness::World::postgres().await).await;
            })*
        }
    };
}
pub(crate) use on_both_engines;

/// A clock that stands still until it is moved.
#[derive(Debug)]
pub(crate) struct TestClock(Mutex<DateTime<Utc>>);

impl TestClock {
    pub(crate) fn advance(&self, by: Duration) {
        *self.0.lock().unwrap() += by;
    }
}

impl Clock for TestClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }
}

/// A fresh database and how to open it.
pub(crate) struct World {
    pub(crate) url: StoreUrl,
    pub(crate) clock: Arc<TestClock>,
    _folder: tempfile::TempDir,
}

impl World {
    pub(crate) fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self::at(StoreUrl::sqlite(folder.path().join("store.db")), folder)
    }

    pub(crate) async fn postgres() -> Self {
        let url = bricklayer_store::test_support::postgres_url().await.unwrap_or_else(|e| panic!("{e}"));
        Self::at(url.parse().unwrap(), tempfile::tempdir().unwrap())
    }

    fn at(url: StoreUrl, folder: tempfile::TempDir) -> Self {
        let start = DateTime::from_timestamp(1_750_000_000, 123_456_789).unwrap();
        Self { url, clock: Arc::new(TestClock(Mutex::new(start))), _folder: folder }
    }

    pub(crate) fn options(&self) -> StoreOptions {
        StoreOptions { clock: self.clock.clone(), postgres_connections: 8, ..StoreOptions::default() }
    }

    pub(crate) async fn store(&self) -> Store {
        Store::connect(&self.url, self.options()).await.unwrap()
    }

    /// Lets time pass on the clock of leases: with PostgreSQL it is the database's, which nobody can move, so the leases'
    /// ends move instead.
    pub(crate) async fn pass(&self, time: Duration) {
        self.clock.advance(time);
        if matches!(self.url, StoreUrl::Postgres(_)) {
            let moved = time.as_millis();
            let back = format!("lease_expires_at = lease_expires_at - interval '{moved} milliseconds'");
            self.raw(&format!("update turns set {back} where status = 'running'")).await;
        }
    }

    /// A clock that is off by so many seconds from this world's.
    pub(crate) fn clock_off_by(&self, seconds: i64) -> Arc<TestClock> {
        Arc::new(TestClock(Mutex::new(self.clock.now() + chrono::TimeDelta::seconds(seconds))))
    }

    /// Changes rows behind the store's back; says how many.
    pub(crate) async fn raw(&self, sql: &str) -> u64 {
        let sql = AssertSqlSafe(sql.to_owned());
        match &self.url {
            StoreUrl::Sqlite(path) => {
                let mut connection = SqliteConnection::connect(&format!("sqlite://{}", path.display())).await.unwrap();
                let done = sqlx::query(sql).execute(&mut connection).await.unwrap().rows_affected();
                connection.close().await.unwrap();
                done
            }
            StoreUrl::Postgres(url) => {
                let mut connection = PgConnection::connect(url).await.unwrap();
                let done = sqlx::query(sql).execute(&mut connection).await.unwrap().rows_affected();
                connection.close().await.unwrap();
                done
            }
        }
    }

    /// Another fresh database of the same engine.
    pub(crate) async fn sibling(&self) -> Self {
        match self.url {
            StoreUrl::Sqlite(_) => Self::sqlite(),
            StoreUrl::Postgres(_) => Self::postgres().await,
        }
    }

    /// For a connection beside the store's.
    pub(crate) fn postgres_address(&self) -> String {
        match &self.url {
            StoreUrl::Postgres(url) => url.clone(),
            StoreUrl::Sqlite(_) => panic!("not PostgreSQL"),
        }
    }

    /// A store with a user, a project and a conversation.
    pub(crate) async fn scene(&self) -> Scene {
        let store = self.store().await;
        let user = user("ann@example.com");
        let project = store.create_project(&user, &title("taxi")).await.unwrap();
        let conversation = store.create_conversation(&user, project.id, None).await.unwrap();
        Scene { store, user, project, conversation, worker: WorkerId::new() }
    }
}

/// A store in use.
pub(crate) struct Scene {
    pub(crate) store: Store,
    pub(crate) user: UserId,
    pub(crate) project: Project,
    pub(crate) conversation: Conversation,
    pub(crate) worker: WorkerId,
}

impl Scene {
    pub(crate) fn message(&self, text: &str) -> NewTurn {
        NewTurn {
            project: self.project.id,
            conversation: Some(self.conversation.id),
            place: TurnPlace::Next,
            message: text.into(),
            settings: TurnSettings::default(),
            client_message_id: None,
            rerun_of: None,
        }
    }

    pub(crate) async fn begin(&self) -> (Turn, Lease) {
        self.begin_in(self.conversation.id).await
    }

    pub(crate) async fn begin_in(&self, conversation: ConversationId) -> (Turn, Lease) {
        let new = NewTurn { conversation: Some(conversation), ..self.message("hello") };
        match self.store.begin_turn(&self.user, self.worker, new).await.unwrap() {
            Begun::New { turn, lease, .. } => (turn, lease),
            Begun::Repeated { .. } => panic!("a new message made no new turn"),
        }
    }

    pub(crate) async fn events(&self, detail: Detail) -> Vec<StoredEvent> {
        self.store.events_after(&self.user, self.conversation.id, EventSeq::START, 1000, detail).await.unwrap().events
    }
}

pub(crate) fn user(name: &str) -> UserId {
    UserId::parse(name).unwrap()
}

pub(crate) fn title(text: &str) -> Title {
    Title::parse(text).unwrap()
}

pub(crate) fn call(id: &str) -> ToolCallId {
    ToolCallId(id.into())
}

pub(crate) fn step_started(step: u32) -> Event {
    Event::StepStarted { step, model: "test".into(), context: None }
}

pub(crate) fn text_delta(step: u32, offset: u64, text: &str) -> Event {
    Event::TextDelta { step, block: 0, offset, text: text.into() }
}

pub(crate) fn assistant(step: u32, text: &str) -> Event {
    Event::AssistantMessage {
        step,
        blocks: vec![Block::Text { text: text.into() }],
        stop_reason: StopReason::EndTurn,
        usage: Usage::default(),
        model: String::new(),
        aborted: false,
        calls: Vec::new(),
    }
}

pub(crate) fn tool_progress(id: &str) -> Event {
    let progress =
        bricklayer_domain::Progress { message: "half".into(), done: Some(1.0), total: Some(2.0), ..Default::default() };
    Event::ToolProgress { call: call(id), progress }
}

pub(crate) fn tool_finished(id: &str) -> Event {
    Event::ToolFinished {
        call: call(id),
        name: ToolName("Read".into()),
        outcome: ToolOutcome::text("ok"),
        duration_ms: 1,
    }
}

pub(crate) fn approval_requested(id: &str) -> Event {
    Event::ApprovalRequested {
        call: call(id),
        name: ToolName("drop".into()),
        input: serde_json::json!({"table": "t"}),
        reason: "it destroys".into(),
        review: Default::default(),
        standing: None,
        later_changes: Vec::new(),
        questions: Vec::new(),
        proposal: None,
    }
}

pub(crate) fn finished(end: TurnEnd) -> Event {
    Event::TurnFinished { end, usage: Usage::default(), steps: 1, duration_ms: 5 }
}

pub(crate) fn completed() -> Event {
    finished(TurnEnd::Completed)
}

/// Asserts that a result is an error of a kind.
macro_rules! assert_refused {
    ($result:expr, $pattern:pat $(if $guard:expr)?) => {
        match $result {
            Err($pattern) $(if $guard)? => {}
            other => panic!("expected {}, got {other:?}", stringify!($pattern)),
        }
    };
}
pub(crate) use assert_refused;

/// Waits for something that another task or process brings about; says what was missing when it does not come.
pub(crate) async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(Duration::from_secs(60), future).await {
        Ok(value) => value,
        Err(_) => panic!("{what} did not come within 20 seconds"),
    }
}

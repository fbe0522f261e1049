//! A server of the test's own.

use std::path::{Path, PathBuf};
use std::time::Duration;

use bricklayer_agent::COMPACT_ABOVE_TOKENS;
use bricklayer_domain::RuleSet;
use bricklayer_mcp::SessionLimits;
use bricklayer_runtime::{Compiler, FairnessLimits};
use bricklayer_server::app::{App, AppState};
use bricklayer_server::config::{
    Config, DatabaseConfig, HooksConfig, IdentityMode, ModelConfig, ModelCredential, PermissionBounds, PluginsConfig,
    PublicOrigin, ResultsConfig, SkillsConfig, SpendingConfig, TurnTimes, WorkspaceConfig,
};
use bricklayer_server::lifecycle::{Lifecycle, Shutdown};
use bricklayer_store::ConversationLimits;
use secrecy::{ExposeSecret, SecretString};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::{Api, Model, Workspace};
use crate::shared::guests::target_dir;

/// The database engines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
}

/// Runs a test once per engine.
pub(crate) fn both_engines<F>(test: impl Fn(Engine) -> F)
where
    F: Future<Output = ()>,
{
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(test(engine));
        runtime.shutdown_timeout(Duration::from_secs(5));
    }
}

/// What outlives a server: its data and its far ends.
#[derive(Debug)]
pub(crate) struct World {
    data: TempDir,
    database: Option<SecretString>,
    pub(crate) workspace: Workspace,
    pub(crate) model: Model,
    pub(crate) lease: Duration,
    pub(crate) times: TurnTimes,
    pub(crate) stream_window: Duration,
    pub(crate) stream_keep_alive: Duration,
    pub(crate) public_origins: Vec<PublicOrigin>,
    pub(crate) running_turns: usize,
    pub(crate) running_turns_per_user: usize,
    pub(crate) compact_above_tokens: u64,
    pub(crate) conversation_limits: ConversationLimits,
    pub(crate) results: ResultsConfig,
    pub(crate) permissions: PermissionBounds,
    pub(crate) rules: RuleSet,
    pub(crate) spending: SpendingConfig,
    pub(crate) hooks: HooksConfig,
    pub(crate) projects_per_user: u32,
    pub(crate) plugins: PluginsConfig,
    pub(crate) fairness: FairnessLimits,
    pub(crate) mcp: SessionLimits,
}

/// Lets all hosts keep compiled code in one place, as hosts of one user may: one that is not optimised takes seconds to
/// make it.
pub(crate) fn keep_compiled_code(data_dir: &Path) {
    let (cache, kept) = (data_dir.join("cache"), target_dir().join("guests/compiled"));
    if !cache.exists() {
        std::fs::create_dir_all(&cache).unwrap();
        std::fs::create_dir_all(&kept).unwrap();
        std::os::unix::fs::symlink(kept, cache.join("code")).unwrap();
    }
}

impl World {
    pub(crate) async fn new(engine: Engine) -> Self {
        let world = Self::bare(engine).await;
        keep_compiled_code(world.data_dir());
        world
    }

    /// On SQLite, whose hosts make all code anew.
    pub(crate) async fn without_compiled_code() -> Self {
        Self::bare(Engine::Sqlite).await
    }

    async fn bare(engine: Engine) -> Self {
        let database = match engine {
            Engine::Sqlite => None,
            Engine::Postgres => Some(bricklayer_store::test_support::postgres_url().await.unwrap().into()),
        };
        Self {
            data: tempfile::tempdir().unwrap(),
            database,
            workspace: Workspace::start().await,
            model: Model::start().await,
            lease: Duration::from_secs(30),
            times: TurnTimes::default(),
            stream_window: Duration::from_secs(50),
            stream_keep_alive: Duration::from_secs(15),
            public_origins: Vec::new(),
            running_turns: 100,
            running_turns_per_user: 50,
            compact_above_tokens: COMPACT_ABOVE_TOKENS,
            conversation_limits: ConversationLimits::default(),
            results: ResultsConfig::default(),
            permissions: PermissionBounds::default(),
            rules: RuleSet::default(),
            spending: SpendingConfig::default(),
            hooks: HooksConfig::default(),
            projects_per_user: 2_000,
            plugins: PluginsConfig::new(IdentityMode::Proxy),
            fairness: FairnessLimits::default(),
            mcp: SessionLimits::default(),
        }
    }

    pub(crate) async fn sqlite() -> Self {
        Self::new(Engine::Sqlite).await
    }

    /// The address of its PostgreSQL; none for SQLite.
    pub(crate) fn database_url(&self) -> Option<&str> {
        self.database.as_ref().map(ExposeSecret::expose_secret)
    }

    pub(crate) fn data_dir(&self) -> &Path {
        self.data.path()
    }

    pub(crate) fn project_dir(&self, project: &str) -> PathBuf {
        self.data.path().join("projects").join(project)
    }

    /// Behind a proxy, on the scripted workspace, with the scripted model.
    pub(crate) fn config(&self) -> Config {
        Config {
            listen: ([127, 0, 0, 1], 0).into(),
            data_dir: self.data.path().to_owned(),
            database: match &self.database {
                None => DatabaseConfig::Sqlite(self.data.path().join("bricklayer.db")),
                Some(url) => DatabaseConfig::Postgres(url.clone()),
            },
            workspace: WorkspaceConfig::Remote { host: self.workspace.url.clone(), token: None },
            model: ModelConfig::Anthropic {
                base_url: self.model.url.clone(),
                credential: ModelCredential::AuthToken("canary-model-token".into()),
                model: "scripted".into(),
            },
            identity: IdentityMode::Proxy,
            public_origins: self.public_origins.clone(),
            running_turns: self.running_turns,
            running_turns_per_user: self.running_turns_per_user,
            compact_above_tokens: self.compact_above_tokens,
            steps: bricklayer_agent::MAX_STEPS,
            hooks: self.hooks.clone(),
            spending: self.spending.clone().into(),
            subagents: bricklayer_agent::MAX_SUBAGENTS,
            repeats: Default::default(),
            conversation_limits: self.conversation_limits,
            lease: self.lease,
            statement_limit: None,
            times: self.times,
            results: self.results,
            permissions: self.permissions,
            rules: self.rules.clone().into(),
            projects_per_user: self.projects_per_user,
            stream_window: self.stream_window,
            stream_keep_alive: self.stream_keep_alive,
            skills: SkillsConfig::default(),
            // Trusted components, many test servers: no process for each.
            compiler: Compiler::InProcess,
            plugins: self.plugins.clone(),
            fairness: self.fairness.clone(),
            mcp: self.mcp,
        }
    }

    pub(crate) async fn serve(&self) -> Server {
        Server::start(self.config()).await
    }

    /// A further host on the same PostgreSQL, with a data folder of its own.
    pub(crate) async fn serve_beside(&self, name: &str) -> Server {
        self.serve_beside_with(name, |_| {}).await
    }

    pub(crate) async fn serve_beside_with(&self, name: &str, change: impl FnOnce(&mut Config)) -> Server {
        Server::start(self.config_beside(name, change)).await
    }

    pub(crate) fn config_beside(&self, name: &str, change: impl FnOnce(&mut Config)) -> Config {
        let mut config = self.config();
        config.data_dir = self.data.path().join("hosts").join(name);
        // Compiled code is shared, as hosts of one user may.
        let (own, shared) = (config.data_dir.join("cache"), self.data.path().join("cache/code"));
        std::fs::create_dir_all(&shared).unwrap();
        std::fs::create_dir_all(&own).unwrap();
        if !own.join("code").exists() {
            std::os::unix::fs::symlink(shared, own.join("code")).unwrap();
        }
        change(&mut config);
        config
    }
}

/// A running server.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) base: String,
    pub(crate) app: AppState,
    lifecycle: Lifecycle,
    serving: JoinSet<Shutdown>,
}

impl Server {
    pub(crate) async fn start(config: Config) -> Self {
        let listener = TcpListener::bind(config.listen).await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let lifecycle = Lifecycle::new();
        let app = App::build(config, lifecycle.clone()).await.unwrap();
        let mut serving = JoinSet::new();
        let served = app.clone();
        serving.spawn(async move { served.serve(listener).await });
        Self { base, app, lifecycle, serving }
    }

    /// Talks to it as a user whom the proxy names.
    pub(crate) fn as_user(&self, user: &str) -> Api {
        let token = format!("canary-token-of-{user}");
        Api::new(&self.base)
            .with("x-forwarded-email", &format!("{user}@example.com"))
            .with("x-forwarded-access-token", &token)
    }

    /// Talks to it as nobody.
    pub(crate) fn as_nobody(&self) -> Api {
        Api::new(&self.base)
    }

    /// Until all that was driven here has ended or was dropped.
    pub(crate) fn tasks_ended(&self) -> impl Future<Output = ()> + use<> {
        let lifecycle = self.lifecycle.clone();
        async move {
            lifecycle.hard().cancelled().await;
            super::eventually("the end of the tasks", async || match lifecycle.task_count() {
                0 => Ok(()),
                other => Err(format!("{other} tasks")),
            })
            .await;
        }
    }

    /// Leaves as on SIGTERM.
    pub(crate) async fn stop(mut self) -> Shutdown {
        self.lifecycle.begin_shutdown();
        self.serving.join_next().await.unwrap().unwrap()
    }

    /// Dies as on SIGKILL: nothing is released, nothing is said.
    pub(crate) async fn kill(mut self) {
        self.serving.abort_all();
        while self.serving.join_next().await.is_some() {}
        self.app.die().await;
    }
}

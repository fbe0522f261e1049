//! Everything, built once from the configuration.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use bricklayer_agent::model::{ModelProvider, ModelSetupError};
use bricklayer_agent::{BuiltInTools, TurnLimits};
use bricklayer_domain::UserId;
use bricklayer_plugins::PluginService;
use bricklayer_results::Results;
use bricklayer_store::{Store, StoreError, StoreOptions, StoreUrl};
use secrecy::ExposeSecret;
use tokio::sync::OnceCell;

use crate::author::AuthorHooks;
use crate::config::{Config, DatabaseConfig, IdentityMode, WorkspaceConfig};
use crate::folder_lock::{FolderLock, LockError};
use crate::health::HealthCheck;
use crate::hooks::OperatorHooks;
use crate::identity::{Caller, Credentials, Identity, LOCAL_USER, TokenOwners};
use crate::lifecycle::Lifecycle;
use crate::mcp::Mcp;
use crate::models::ModelLists;
use crate::places::Places;
use crate::plugins::{PluginSetupError, Plugins};
use crate::projects::ProjectFolders;
use crate::retention;
use crate::skills::{HostSkillsError, Skills};
use crate::turns::{TurnEnvironment, Turns};
use crate::workspace::{LocalWorkspace, Workspace, WorkspaceClient};

/// Why the server does not start, in words that say what to do.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data folder cannot be used.
    #[error("the data folder {path} cannot be used; choose another with --data-dir")]
    DataDir {
        /// The folder.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// Another host uses the data folder.
    #[error("the data folder {path} is in use by {holder}; stop that one, or choose another folder with --data-dir")]
    DataDirTaken {
        /// The folder.
        path: String,
        /// Who has it.
        holder: String,
    },
    /// The database cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The database's address makes no sense.
    #[error("`database.url` makes no sense")]
    StoreUrl(#[from] bricklayer_store::StoreUrlError),
    /// The plugins cannot be set up.
    #[error(transparent)]
    Plugins(#[from] PluginSetupError),
    /// The client for the workspace or the model cannot be made.
    #[error("outgoing HTTPS cannot be set up: {0}")]
    Http(String),
    /// The model's client cannot be made.
    #[error("the model cannot be reached")]
    Model(#[from] ModelSetupError),
    /// The host's skills cannot be used.
    #[error(transparent)]
    Skills(#[from] HostSkillsError),
    /// A built-in name is wrong.
    #[error(transparent)]
    Id(#[from] bricklayer_domain::IdError),
}

/// Packages that one user sends at once: a person sends one, a script some.
const UPLOADS_PER_USER: usize = 4;
/// Packages that are sent at once; each takes room on disk until it was looked at.
const UPLOADS: usize = 16;
/// Streams that one user has open at once: some for each page that is open, of which people have dozens.
const STREAMS_PER_USER: usize = 256;
/// Streams that are open at once; below what the connections are, so that there is always room for requests.
const STREAMS: usize = 6_000;

/// Questions about results that one user has under way at once: a page asks for rows and for several columns.
const RESULT_QUESTIONS_PER_USER: usize = 16;
/// Questions about results that are under way at once; each may read a whole column.
const RESULT_QUESTIONS: usize = 128;
/// Whole results that one user downloads at once.
const DOWNLOADS_PER_USER: usize = 4;
/// Whole results that are downloaded at once; each holds some pieces.
const DOWNLOADS: usize = 32;

/// The server's parts.
#[derive(Debug)]
pub struct App {
    config: Config,
    lifecycle: Lifecycle,
    store: Store,
    workspace: Workspace,
    workspace_client: WorkspaceClient,
    identity: Identity,
    plugins: Arc<Plugins>,
    folders: ProjectFolders,
    skills: Skills,
    model: Arc<dyn ModelProvider>,
    model_lists: ModelLists,
    turns: Turns,
    mcp: Mcp,
    results: Results,
    uploads: Places,
    result_questions: Places,
    downloads: Places,
    streams: Places,
    health: HealthCheck,
    /// Let go when the server has left.
    folder: Mutex<Option<FolderLock>>,
}

/// What handlers get; cheap to clone.
pub type AppState = Arc<App>;

impl App {
    /// Builds everything: opens the database, loads the plugins, starts the local workspace and the background tasks.
    /// The local workspace need not be ready yet; calls wait for it.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn build(config: Config, lifecycle: Lifecycle) -> Result<AppState, StartError> {
        Self::build_for_author(config, lifecycle, AuthorHooks::default()).await
    }

    /// The same for a host that belongs to a plugin's author.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn build_for_author(
        config: Config,
        lifecycle: Lifecycle,
        hooks: AuthorHooks,
    ) -> Result<AppState, StartError> {
        // Fails when a provider is installed already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let data_dir = data_dir(&config.data_dir)?;
        let in_data_dir = |source| StartError::DataDir { path: data_dir.display().to_string(), source };
        let folder = lock(&data_dir)?;
        let store = open_store(&config).await?;
        let folders = ProjectFolders::new(&data_dir.join("projects")).map_err(in_data_dir)?;
        let skill_folders = ProjectFolders::new(&data_dir.join("skills")).map_err(in_data_dir)?;
        let skills = Skills::load(&config.skills, &data_dir, skill_folders, store.clone())?;
        let workspace = match &config.workspace {
            WorkspaceConfig::Remote { host, .. } => Workspace::Remote(host.clone()),
            WorkspaceConfig::Local { binary } => {
                let folder = data_dir.join("workspace");
                std::fs::create_dir_all(&folder).map_err(in_data_dir)?;
                Workspace::Local(LocalWorkspace::start(&lifecycle, binary.clone(), folder, LOCAL_USER))
            }
        };
        let plugins = Arc::new(Plugins::new(&config, store.clone(), &data_dir.join("cache/code"), hooks)?);
        plugins.service().start().await?;
        lifecycle.spawn("plugins", plugins.service().clone().run(lifecycle.soft().clone()));
        let retention = retention::run(store.clone(), config.plugins.retention_days, lifecycle.soft().clone());
        lifecycle.spawn("audit retention", retention);
        let results = Results::new(store.clone(), config.results.settings);
        lifecycle.spawn("results", results.clone().run(lifecycle.soft().clone()));
        let identity = identity(&config, &workspace)?;
        let standing = match &identity {
            Identity::Local(caller) => Some(caller.clone()),
            Identity::Proxy(_) | Identity::Token { .. } => None,
        };
        let model = crate::models::model(&config)?;
        let environment = TurnEnvironment {
            workspace: workspace.clone(),
            plugins: Arc::clone(&plugins),
            folders: folders.clone(),
            results: results.clone(),
            credentials: Credentials::new(matches!(identity, Identity::Proxy(_))),
            model: Arc::clone(&model),
            built_ins: BuiltInTools::new(config.skills.limits),
            skills: skills.clone(),
            limits: TurnLimits {
                compact_above_tokens: Some(config.compact_above_tokens),
                max_steps: config.steps,
                budget: config.spending.turn,
                max_subagents: config.subagents,
                repeats: config.repeats,
                max_turn_time: config.times.turn,
                max_model_call_time: config.times.model_call,
                ..TurnLimits::default()
            },
            sign_in_wait: config.times.sign_in,
            project_bytes: config.plugins.project_bytes,
            permissions: config.permissions,
            rules: Arc::clone(&config.rules),
            spending: Arc::clone(&config.spending),
            hooks: OperatorHooks::new(&config.hooks, lifecycle.clone())
                .map_err(|error| StartError::Http(error.to_string()))?,
        };
        let limits = (config.running_turns, config.running_turns_per_user);
        let turns = Turns::start(store.clone(), lifecycle.clone(), environment, limits, standing);
        let mcp = Mcp::new(store.clone(), turns.clone(), config.mcp, lifecycle.soft()).await?;
        let workspace_client = WorkspaceClient::new().map_err(|error| StartError::Http(error.to_string()))?;
        let (health, folder) = (HealthCheck::default(), Mutex::new(Some(folder)));
        Ok(Arc::new(Self {
            config,
            lifecycle,
            store,
            workspace,
            workspace_client,
            identity,
            plugins,
            folders,
            skills,
            model,
            model_lists: ModelLists::default(),
            turns,
            mcp,
            results,
            result_questions: Places::new(RESULT_QUESTIONS_PER_USER, RESULT_QUESTIONS),
            downloads: Places::new(DOWNLOADS_PER_USER, DOWNLOADS),
            uploads: Places::new(UPLOADS_PER_USER, UPLOADS),
            streams: Places::new(STREAMS_PER_USER, STREAMS),
            health,
            folder,
        }))
    }

    /// What tools produced, whole.
    #[must_use]
    pub const fn results(&self) -> &Results {
        &self.results
    }

    /// Who asks about results now.
    pub(crate) const fn result_questions(&self) -> &Places {
        &self.result_questions
    }

    /// Who downloads results now.
    pub(crate) const fn downloads(&self) -> &Places {
        &self.downloads
    }

    /// Who sends packages now.
    pub(crate) const fn uploads(&self) -> &Places {
        &self.uploads
    }

    /// Who has streams open now.
    pub(crate) const fn streams(&self) -> &Places {
        &self.streams
    }

    /// The configuration.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// The tasks.
    #[must_use]
    pub const fn lifecycle(&self) -> &Lifecycle {
        &self.lifecycle
    }

    /// The database.
    #[must_use]
    pub const fn store(&self) -> &Store {
        &self.store
    }

    /// The workspace.
    #[must_use]
    pub const fn workspace(&self) -> &Workspace {
        &self.workspace
    }

    /// Asks the workspace.
    #[must_use]
    pub const fn workspace_client(&self) -> &WorkspaceClient {
        &self.workspace_client
    }

    /// How users are known.
    #[must_use]
    pub const fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The plugins.
    #[must_use]
    pub fn plugins(&self) -> &PluginService {
        self.plugins.service()
    }

    /// The projects' folders.
    pub(crate) const fn folders(&self) -> &ProjectFolders {
        &self.folders
    }

    /// The skills.
    pub(crate) const fn skills(&self) -> &Skills {
        &self.skills
    }

    /// The model.
    pub(crate) fn model(&self) -> &dyn ModelProvider {
        &*self.model
    }

    /// The models that may be chosen.
    pub(crate) const fn model_lists(&self) -> &ModelLists {
        &self.model_lists
    }

    /// The turns.
    #[must_use]
    pub const fn turns(&self) -> &Turns {
        &self.turns
    }

    /// What MCP clients have of this host.
    pub(crate) const fn mcp(&self) -> &Mcp {
        &self.mcp
    }

    /// Whether the server can do its work.
    pub(crate) const fn health(&self) -> &HealthCheck {
        &self.health
    }

    /// Drops everything where it stands, as the death of the process would; for tests of exactly that.
    pub async fn die(&self) {
        self.lifecycle.die().await;
        self.store.close().await;
        self.let_go();
    }

    /// Lets another host have the data folder.
    pub(crate) fn let_go(&self) {
        drop(self.folder.lock().unwrap_or_else(PoisonError::into_inner).take());
    }
}

fn lock(data_dir: &Path) -> Result<FolderLock, StartError> {
    let path = || data_dir.display().to_string();
    FolderLock::take(data_dir).map_err(|error| match error {
        LockError::Taken(holder) => StartError::DataDirTaken { path: path(), holder },
        LockError::Io(source) => StartError::DataDir { path: path(), source },
    })
}

fn data_dir(path: &Path) -> Result<std::path::PathBuf, StartError> {
    let failed = |source| StartError::DataDir { path: path.display().to_string(), source };
    make_private(path).map_err(failed)?;
    // Absolute, so that nothing depends on the working directory later.
    path.canonicalize().map_err(failed)
}

/// Makes the data folder one that only this user can read: it holds what users wrote and own. One that was there before
/// and is not ours alone keeps its mode, which is then said.
fn make_private(path: &Path) -> std::io::Result<()> {
    let existed = path.is_dir();
    std::fs::create_dir_all(path)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        /// Set on folders that all users of a machine share.
        const STICKY: u32 = 0o1000;
        let mode = std::fs::metadata(path)?.permissions().mode();
        if mode & 0o077 == 0 {
            return Ok(());
        }
        let is_ours = !existed || path.join("projects").is_dir();
        if is_ours && mode & STICKY == 0 {
            return std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700));
        }
        tracing::warn!(
            path = %path.display(), mode = format!("{:o}", mode & 0o7777),
            "others on this machine can reach the data folder; close it with chmod 700, or choose another"
        );
    }
    Ok(())
}

/// Opens the database and the plugin service for a command that runs beside the host, or without one: nothing is loaded
/// and nothing follows the database.
///
/// # Errors
/// [`StartError`].
pub(crate) async fn open_plugins(config: &Config) -> Result<(Store, PluginService), StartError> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let data_dir = data_dir(&config.data_dir)?;
    let store = open_store(config).await?;
    let plugins = Plugins::new(config, store.clone(), &data_dir.join("cache/code"), AuthorHooks::default())?;
    Ok((store, plugins.service().clone()))
}

async fn open_store(config: &Config) -> Result<Store, StartError> {
    let url: StoreUrl = match &config.database {
        DatabaseConfig::Sqlite(path) => {
            if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
                std::fs::create_dir_all(folder)
                    .map_err(|source| StartError::DataDir { path: folder.display().to_string(), source })?;
            }
            StoreUrl::sqlite(path)
        }
        DatabaseConfig::Postgres(url) => url.expose_secret().parse()?,
    };
    let options = StoreOptions {
        lease: config.lease,
        statement_limit: config.statement_limit,
        staged_bytes: config.plugins.staged_bytes,
        conversation_limits: config.conversation_limits,
        result_limits: config.results.limits,
        projects_per_user: config.projects_per_user,
        ..StoreOptions::default()
    };
    Ok(Store::connect(&url, options).await?)
}

fn identity(config: &Config, workspace: &Workspace) -> Result<Identity, StartError> {
    Ok(match (config.identity, workspace, &config.workspace) {
        (IdentityMode::Proxy, _, _) => Identity::Proxy(TokenOwners::default()),
        (IdentityMode::Development, Workspace::Local(local), _) => {
            Identity::Local(Caller { user: UserId::parse(LOCAL_USER)?, credential: local.token().clone() })
        }
        (IdentityMode::Development, Workspace::Remote(_), WorkspaceConfig::Remote { token: Some(token), .. }) => {
            Identity::Token { credential: token.clone(), owner: OnceCell::new() }
        }
        // The configuration refuses a remote workspace without a token in development.
        (IdentityMode::Development, Workspace::Remote(_), _) => Identity::Proxy(TokenOwners::default()),
    })
}

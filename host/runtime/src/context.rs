//! What a call gets from whoever makes it: identity, workspace, grants, and where its traces go.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bricklayer_domain::{Caller, CleanUp, OperationId, PluginName, Progress, ProjectId, TurnSettings};
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::{AuditSink, Credential, Grants, NoAudit, ResultStore};

/// Takes progress of a running call; cheap, never blocks.
pub type ProgressSink = Arc<dyn Fn(Progress) + Send + Sync>;

/// On whose behalf a call runs, where, and with which powers.
#[derive(Clone)]
pub struct CallContext {
    /// Who calls.
    pub caller: Caller,
    /// The project's folder; the plugin sees it as `/project` when its grants say so.
    pub project_dir: Option<PathBuf>,
    /// The user's workspace, when one is connected.
    pub workspace: Option<WorkspaceTarget>,
    /// What the user chose.
    pub settings: TurnSettings,
    /// What the plugin may do.
    pub grants: Arc<Grants>,
    /// The key-value store behind the plugin's `state`.
    pub state: Arc<dyn StateStore>,
    /// Where progress goes.
    pub progress: ProgressSink,
    /// Ends the call within 500 ms.
    pub cancel: CancellationToken,
    /// Where the call and each of its requests leave their records.
    pub audit: Arc<dyn AuditSink>,
    /// Where it leaves how its remote work is continued; none when nobody would continue it.
    pub handover: Option<Arc<dyn Handover>>,
    /// Where it keeps what it makes for people; none when it belongs to no conversation.
    pub results: Option<Arc<dyn ResultStore>>,
    /// Where it leaves what goes on when it returns; none where nobody would ask for it.
    pub operations: Option<Arc<dyn OperationStore>>,
    /// The longest that it may take, when that is less than its tool's own limit.
    pub within: Option<Duration>,
}

impl CallContext {
    /// A call with nothing: no folder, no workspace, no powers, a store of its own in memory, and nobody who hears of
    /// it. What a call is to have is set on top.
    #[must_use]
    pub fn new(caller: Caller) -> Self {
        Self {
            caller,
            project_dir: None,
            workspace: None,
            settings: TurnSettings::default(),
            grants: Arc::default(),
            state: Arc::new(MemoryState::default()),
            progress: Arc::new(|_| {}),
            cancel: CancellationToken::new(),
            audit: Arc::new(NoAudit),
            handover: None,
            results: None,
            operations: None,
            within: None,
        }
    }
}

/// What continues the remote work of a call: another tool of the same plugin, with these arguments.
#[derive(Debug, Clone, PartialEq)]
pub struct Continuation {
    /// The tool's short name.
    pub tool: String,
    /// Its arguments.
    pub input: Value,
    /// The clean-up requests that the call has registered and not withdrawn.
    pub clean_up: Vec<CleanUp>,
}

/// Takes over what a call started when the host leaves. Implemented by the server over the turn's log.
#[async_trait]
pub trait Handover: Send + Sync {
    /// Keeps how the call is continued, durably, in the place of what was kept before; none for not at all.
    ///
    /// # Errors
    /// When it could not be stored.
    async fn keep(&self, continuation: Option<Continuation>) -> Result<(), Box<dyn std::error::Error + Send + Sync>>;

    /// Whether this host leaves, so that a call that it drops is continued elsewhere.
    fn is_leaving(&self) -> bool;
}

/// Keeps what goes on at a far end when its call returns. Implemented by the server over its database.
#[async_trait]
pub trait OperationStore: Send + Sync {
    /// Keeps, durably, an operation that another call of the plugin waits for, and gives its handle; the same one for
    /// the same call.
    ///
    /// # Errors
    /// When it could not be stored.
    async fn handed_back(&self, by: Continuation) -> Result<OperationId, Box<dyn std::error::Error + Send + Sync>>;
}

impl fmt::Debug for CallContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallContext")
            .field("caller", &self.caller)
            .field("workspace", &self.workspace)
            .field("grants", &self.grants)
            .finish_non_exhaustive()
    }
}

/// A workspace and the caller's credential for it.
#[derive(Debug, Clone)]
pub struct WorkspaceTarget {
    /// Scheme, host and port; the path is ignored.
    pub base_url: Url,
    /// Sent as `authorization: Bearer …` by the host, after the request was checked. Never seen by a plugin.
    /// A newer one of the same user is taken at the next request.
    pub credential: Credential,
    /// Whether the operator named this very address, which may then be private and its scheme http. Any other is
    /// refused unless it is a Databricks domain over https.
    pub named: bool,
}

impl WorkspaceTarget {
    /// A workspace at a Databricks domain; any other address is refused when a request is made.
    #[must_use]
    pub fn new(base_url: Url, credential: Credential) -> Self {
        Self { base_url, credential, named: false }
    }

    /// A workspace that the operator named, or the local one.
    #[must_use]
    pub fn named(base_url: Url, credential: Credential) -> Self {
        Self { base_url, credential, named: true }
    }
}

/// Whose key-value store.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct StateScope {
    /// The project.
    pub project: ProjectId,
    /// The plugin.
    pub plugin: PluginName,
}

/// Why the key-value store refused. Sizes of keys and values are checked before it is asked.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The scope holds as many keys as it may.
    #[error("too many keys")]
    TooManyKeys,
    /// The database failed.
    #[error("the state store cannot be reached")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Where plugins keep what outlives a call. Implemented by the server over its database.
#[async_trait]
pub trait StateStore: Send + Sync {
    /// The value under a key.
    ///
    /// # Errors
    /// [`StateError`].
    async fn get(&self, scope: &StateScope, key: &str) -> Result<Option<String>, StateError>;

    /// Stores a value; refuses a new key when the scope already holds `max_keys`.
    ///
    /// # Errors
    /// [`StateError`].
    async fn set(&self, scope: &StateScope, key: &str, value: &str, max_keys: usize) -> Result<(), StateError>;

    /// Removes a key; one that is not there is no error.
    ///
    /// # Errors
    /// [`StateError`].
    async fn delete(&self, scope: &StateScope, key: &str) -> Result<(), StateError>;

    /// All keys, ordered by their bytes.
    ///
    /// # Errors
    /// [`StateError`].
    async fn list_keys(&self, scope: &StateScope) -> Result<Vec<String>, StateError>;
}

/// A state store in memory, for tools and tests; it ends with the process.
#[derive(Debug, Default)]
pub struct MemoryState {
    scopes: Mutex<HashMap<StateScope, BTreeMap<String, String>>>,
}

impl MemoryState {
    fn with<T>(&self, scope: &StateScope, work: impl FnOnce(&mut BTreeMap<String, String>) -> T) -> T {
        let mut scopes = self.scopes.lock().unwrap_or_else(PoisonError::into_inner);
        work(scopes.entry(scope.clone()).or_default())
    }
}

#[async_trait]
impl StateStore for MemoryState {
    async fn get(&self, scope: &StateScope, key: &str) -> Result<Option<String>, StateError> {
        Ok(self.with(scope, |keys| keys.get(key).cloned()))
    }

    async fn set(&self, scope: &StateScope, key: &str, value: &str, max_keys: usize) -> Result<(), StateError> {
        self.with(scope, |keys| {
            if keys.len() >= max_keys && !keys.contains_key(key) {
                return Err(StateError::TooManyKeys);
            }
            keys.insert(key.to_owned(), value.to_owned());
            Ok(())
        })
    }

    async fn delete(&self, scope: &StateScope, key: &str) -> Result<(), StateError> {
        self.with(scope, |keys| keys.remove(key));
        Ok(())
    }

    async fn list_keys(&self, scope: &StateScope) -> Result<Vec<String>, StateError> {
        Ok(self.with(scope, |keys| keys.keys().cloned().collect()))
    }
}

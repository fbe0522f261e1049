//! Configuration: what the operator wants, parsed once into types that prove it.
//!
//! Layers, the first that speaks wins: command-line flag, environment, `.env.local`, `config.yaml` (with
//! `${VAR:default}`), defaults that just work. An unknown key is an error that names the nearest known one.

mod dotenv;
mod foreign;
mod hooks;
mod layers;
mod models;
mod permissions;
mod plugins;
mod profiles;
mod results;
mod settings;
mod skills;
mod spending;
mod yaml;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bricklayer_agent::model::{FIRST_BYTE_TIMEOUT, PINGS_ONLY_TIMEOUT};
use bricklayer_agent::{
    COMPACT_ABOVE_TOKENS, MAX_MODEL_CALL_TIME, MAX_STEPS, MAX_SUBAGENTS, MAX_TURN_TIME, RepeatBounds,
};
use bricklayer_domain::RuleSet;
use bricklayer_mcp::SessionLimits;
use bricklayer_runtime::{CompileWorker, Compiler, FairnessLimits};
use bricklayer_store::ConversationLimits;
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

pub use crate::origin::PublicOrigin;

pub use hooks::{HooksConfig, OnFailure};
pub use layers::{Layers, Source};
pub use models::{ModelConfig, ModelCredential};
pub use permissions::{LOOSEST_MODE, PermissionBounds};
pub use plugins::PluginsConfig;
pub use results::ResultsConfig;
pub use settings::{SETTINGS, Setting};
pub use skills::SkillsConfig;
pub use spending::{SpendingConfig, UsedUp};

/// The hidden subcommand that compiles components in a process of its own.
pub const COMPILE_WORKER: &str = "compile-worker";
/// The port when nobody chose one.
const DEFAULT_PORT: u16 = 8000;
/// Turns that run at once on one host when nobody chose; each holds its conversation in memory.
const DEFAULT_RUNNING_TURNS: usize = 1_000;
/// Turns of one user that run at once on one host when nobody chose; keeps one user from taking all of the above.
const DEFAULT_RUNNING_TURNS_PER_USER: usize = 200;

/// How long a host may be silent before another takes its turns over, when nobody chose: with the sweep a dead host's
/// turns go on within ten seconds.
const DEFAULT_LEASE: Duration = Duration::from_secs(8);
/// Age at which a stream asks its reader to connect again, when nobody chose: the proxy of Databricks Apps cuts at 60
/// seconds.
const DEFAULT_STREAM_WINDOW: Duration = Duration::from_secs(50);
/// Silence after which a stream sends a sign of life, when nobody chose; proxies take a silent minute for a dead peer.
const DEFAULT_STREAM_KEEP_ALIVE: Duration = Duration::from_secs(15);

/// A wrong configuration, in words that say which key, where it was set and what to write instead.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ConfigError {
    /// A key that no setting has.
    #[error("{place}: unknown setting `{key}`{}", nearest.as_ref().map_or_else(String::new, |n| format!(", did you mean `{n}`?")))]
    UnknownKey {
        /// The key.
        key: String,
        /// The file or layer.
        place: String,
        /// The most similar known key, when one is similar.
        nearest: Option<String>,
    },
    /// A value that its setting cannot take.
    #[error("{place}: `{key}` {problem}")]
    WrongValue {
        /// The key.
        key: String,
        /// The file or layer.
        place: String,
        /// What is wrong and the way out.
        problem: String,
    },
    /// A file that cannot be read or parsed.
    #[error("{path}: {problem}")]
    File {
        /// The file.
        path: String,
        /// What is wrong.
        problem: String,
    },
}

/// Where events and conversations are kept.
#[derive(Debug, Clone)]
pub enum DatabaseConfig {
    /// A file in the data folder.
    Sqlite(PathBuf),
    /// A PostgreSQL that several hosts may share.
    Postgres(SecretString),
}

/// Which Databricks workspace the agent works on.
#[derive(Debug, Clone)]
pub enum WorkspaceConfig {
    /// The embedded one, started as a child process.
    Local {
        /// The `bricklayer-workspace` binary; searched beside this one when absent.
        binary: Option<PathBuf>,
    },
    /// A real one.
    Remote {
        /// Its address, without a path.
        host: Url,
        /// The developer's token; absent in production, where each user brings their own.
        token: Option<SecretString>,
    },
}

/// How a request's user is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdentityMode {
    /// One developer on this machine: the local workspace's user, or the owner of `databricks.token`.
    Development,
    /// The proxy in front names the user of each request.
    Proxy,
}

/// Everything the server needs to know before it starts.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Folder for the database, project folders, the local workspace and caches.
    pub data_dir: PathBuf,
    /// Where events and conversations are kept.
    pub database: DatabaseConfig,
    /// Which workspace.
    pub workspace: WorkspaceConfig,
    /// Which model.
    pub model: ModelConfig,
    /// How users are known.
    pub identity: IdentityMode,
    /// The addresses that browsers know this server by, when a proxy gives it others than its own.
    pub public_origins: Vec<PublicOrigin>,
    /// Turns that run at once on this host.
    pub running_turns: usize,
    /// Turns of one user that run at once on this host.
    pub running_turns_per_user: usize,
    /// Tokens of a conversation above which a summary takes the place of what was said before.
    pub compact_above_tokens: u64,
    /// Model calls of one turn.
    pub steps: u32,
    /// The operator's hooks.
    pub hooks: HooksConfig,
    /// What models cost and may cost.
    pub spending: Arc<SpendingConfig>,
    /// Subagents of one turn side by side; with 0 there are none.
    pub subagents: usize,
    /// How often the agent may do the same to the same end.
    pub repeats: RepeatBounds,
    /// How much one conversation may hold.
    pub conversation_limits: ConversationLimits,
    /// How results are kept.
    pub results: ResultsConfig,
    /// How much agents may do without asking.
    pub permissions: PermissionBounds,
    /// What the operator says of calls.
    pub rules: Arc<RuleSet>,
    /// Age at which a stream asks its reader to connect again.
    pub stream_window: Duration,
    /// Silence after which a stream sends a sign of life.
    pub stream_keep_alive: Duration,
    /// Projects of one user at most.
    pub projects_per_user: u32,
    /// How long a host may be silent before another takes its turns over.
    pub lease: Duration,
    /// Longest that a statement which turns stand on may take at PostgreSQL; a third of the lease when absent.
    pub statement_limit: Option<Duration>,
    /// How long turns and model calls may take.
    pub times: TurnTimes,
    /// Which skills there are.
    pub skills: SkillsConfig,
    /// Where plugins are compiled: in a child process, unless there is a reason not to.
    pub compiler: Compiler,
    /// Who may install which plugins.
    pub plugins: PluginsConfig,
    /// What one user's tool calls may take of this host.
    pub fairness: FairnessLimits,
    /// How many sessions of MCP clients there are, and for how long.
    pub mcp: SessionLimits,
}

/// Longest a call waits for its user to come back with a newer token, unless the operator says otherwise. An open page
/// brings one each time its stream reconnects, which is more often than once a minute.
const SIGN_IN_WAIT: Duration = Duration::from_secs(120);

/// How long a turn and its model calls may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TurnTimes {
    /// A turn, waits for the user left out.
    pub turn: Duration,
    /// One model call with all its attempts.
    pub model_call: Duration,
    /// Until the first byte of an answer.
    pub first_byte: Duration,
    /// Within an answer, with nothing but signs of life.
    pub silence: Duration,
    /// Until a user whose token has ended is back with a newer one, before the turn is let go.
    pub sign_in: Duration,
}

impl Default for TurnTimes {
    fn default() -> Self {
        Self {
            turn: MAX_TURN_TIME,
            model_call: MAX_MODEL_CALL_TIME,
            first_byte: FIRST_BYTE_TIMEOUT,
            silence: PINGS_ONLY_TIMEOUT,
            sign_in: SIGN_IN_WAIT,
        }
    }
}

impl TurnTimes {
    fn from_layers(layers: &Layers) -> Result<Self, ConfigError> {
        let usual = Self::default();
        Ok(Self {
            turn: seconds(layers, "limits.turn_seconds", usual.turn)?,
            model_call: seconds(layers, "limits.model_call_seconds", usual.model_call)?,
            first_byte: seconds(layers, "limits.model_first_byte_seconds", usual.first_byte)?,
            silence: seconds(layers, "limits.model_silence_seconds", usual.silence)?,
            sign_in: seconds(layers, "limits.sign_in_seconds", usual.sign_in)?,
        })
    }
}

impl Config {
    /// Turns the layers into a configuration.
    ///
    /// # Errors
    /// A value that its setting cannot take, or settings that contradict each other.
    pub fn from_layers(layers: &Layers) -> Result<Self, ConfigError> {
        let app_name = layers.get("databricks.app_name");
        let identity = match layers.get("identity") {
            None if app_name.is_some() => IdentityMode::Proxy,
            None => IdentityMode::Development,
            Some(value) => match value.text.as_str() {
                "proxy" => IdentityMode::Proxy,
                "development" => IdentityMode::Development,
                _ => return Err(layers.wrong("identity", "must be `development` or `proxy`")),
            },
        };
        let listen = listen_address(layers, identity)?;
        if identity == IdentityMode::Development && !listen.ip().is_loopback() {
            return Err(layers.wrong(
                "listen",
                &format!(
                    "is {listen}, which other machines can reach, but in development every request counts as you; \
                     listen on 127.0.0.1, or set `identity: proxy` behind a proxy that names the user"
                ),
            ));
        }
        let data_dir = layers.get("data_dir").map_or_else(|| PathBuf::from("data"), |value| value.text.into());
        let workspace = workspace(layers, identity)?;
        Ok(Self {
            listen,
            database: database(layers, &data_dir)?,
            model: ModelConfig::from_layers(layers, &workspace)?,
            workspace,
            identity,
            public_origins: public_origins(layers)?,
            running_turns: count(layers, "limits.running_turns", DEFAULT_RUNNING_TURNS)?,
            running_turns_per_user: count(layers, "limits.running_turns_per_user", DEFAULT_RUNNING_TURNS_PER_USER)?,
            compact_above_tokens: compact_above_tokens(layers)?,
            steps: times(layers, "limits.steps", MAX_STEPS)?,
            hooks: HooksConfig::from_layers(layers)?,
            spending: Arc::new(SpendingConfig::from_layers(layers)?),
            subagents: subagents(layers)?,
            repeats: repeats(layers)?,
            conversation_limits: conversation_limits(layers)?,
            results: ResultsConfig::from_layers(layers)?,
            permissions: PermissionBounds::from_layers(layers)?,
            rules: Arc::new(permissions::rules_from_layers(layers)?),
            projects_per_user: u32::try_from(count(
                layers,
                "limits.projects_per_user",
                bricklayer_store::DEFAULT_PROJECTS_PER_USER as usize,
            )?)
            .unwrap_or(u32::MAX),
            stream_window: seconds(layers, "stream.window_seconds", DEFAULT_STREAM_WINDOW)?,
            stream_keep_alive: seconds(layers, "stream.keep_alive_seconds", DEFAULT_STREAM_KEEP_ALIVE)?,
            lease: seconds(layers, "limits.lease_seconds", DEFAULT_LEASE)?,
            statement_limit: match layers.get("database.statement_seconds") {
                None => None,
                Some(_) => Some(seconds(layers, "database.statement_seconds", DEFAULT_LEASE)?),
            },
            times: TurnTimes::from_layers(layers)?,
            skills: SkillsConfig::from_layers(layers)?,
            compiler: compiler(layers)?,
            plugins: PluginsConfig::from_layers(layers, identity)?,
            fairness: fairness(layers)?,
            mcp: mcp(layers)?,
            data_dir,
        })
    }
}

/// This program again, as a worker. A system that does not tell which program this is gets no plugins compiled, and says
/// so for each: compiling strangers' components in this process is no way out.
fn compiler(layers: &Layers) -> Result<Compiler, ConfigError> {
    let args = [COMPILE_WORKER.into()];
    let worker = CompileWorker::of_this_program(args.clone());
    let mut worker = worker.unwrap_or_else(|_| CompileWorker::new("bricklayer", args));
    worker.walls_required = match layers.get("plugins.compile_walls").map(|value| value.text).as_deref() {
        None | Some("try") => false,
        Some("require") => true,
        Some(_) => return Err(layers.wrong("plugins.compile_walls", "must be `try` or `require`")),
    };
    Ok(Compiler::Child(worker))
}

fn listen_address(layers: &Layers, identity: IdentityMode) -> Result<SocketAddr, ConfigError> {
    if let Some(value) = layers.get("listen") {
        let text = value.text.strip_prefix("localhost:").map_or(value.text.clone(), |port| format!("127.0.0.1:{port}"));
        return text
            .parse()
            .map_err(|_| layers.wrong("listen", "must be an address with a port, such as 127.0.0.1:8000"));
    }
    let port = match layers.get("databricks.app_port") {
        None => DEFAULT_PORT,
        Some(value) => value
            .text
            .parse()
            .map_err(|_| layers.wrong("databricks.app_port", "must be a port number between 1 and 65535"))?,
    };
    let ip = match identity {
        IdentityMode::Development => Ipv4Addr::LOCALHOST,
        // The proxy of a Databricks app reaches its container from outside.
        IdentityMode::Proxy => Ipv4Addr::UNSPECIFIED,
    };
    Ok(SocketAddr::new(IpAddr::V4(ip), port))
}

fn database(layers: &Layers, data_dir: &std::path::Path) -> Result<DatabaseConfig, ConfigError> {
    let Some(value) = layers.get("database.url") else {
        return Ok(DatabaseConfig::Sqlite(data_dir.join("bricklayer.db")));
    };
    if value.text.starts_with("postgres://") || value.text.starts_with("postgresql://") {
        return Ok(DatabaseConfig::Postgres(value.text.into()));
    }
    if let Some(path) = value.text.strip_prefix("sqlite://").or_else(|| value.text.strip_prefix("sqlite:")) {
        if path.is_empty() || path.starts_with(":memory:") {
            return Err(layers.wrong("database.url", "must name a file: sqlite:path/to/bricklayer.db"));
        }
        return Ok(DatabaseConfig::Sqlite(path.into()));
    }
    Err(layers.wrong("database.url", "must begin with postgres:// or sqlite:"))
}

fn workspace(layers: &Layers, identity: IdentityMode) -> Result<WorkspaceConfig, ConfigError> {
    let binary = layers.get("workspace.binary").map(|value| value.text.into());
    if let (IdentityMode::Proxy, Some(_)) = (identity, layers.get("databricks.profile")) {
        return Err(layers.wrong(
            "databricks.profile",
            "is of no use behind a proxy, where each user brings their own token; unset it, and set DATABRICKS_HOST",
        ));
    }
    if let Some(profile) = layers.profile() {
        return profiled(layers, profile);
    }
    let token = header_secret(layers, "databricks.token")?;
    let Some(value) = layers.get("databricks.host") else {
        if token.is_some() {
            return Err(layers.wrong(
                "databricks.token",
                "is set but `databricks.host` (DATABRICKS_HOST) is not; set both for a real workspace, or neither \
                 for the local one",
            ));
        }
        if identity == IdentityMode::Proxy {
            return Err(layers.wrong(
                "databricks.host",
                "is not set; behind a proxy each user works on a real workspace, so set DATABRICKS_HOST",
            ));
        }
        return Ok(WorkspaceConfig::Local { binary });
    };
    let host = workspace_host(&value.text).map_err(|problem| layers.wrong("databricks.host", &problem))?;
    if identity == IdentityMode::Development && token.is_none() {
        return Err(layers.wrong(
            "databricks.token",
            "is not set but `databricks.host` is; set DATABRICKS_TOKEN to a personal access token of that workspace, or \
             DATABRICKS_CONFIG_PROFILE to a profile that has one",
        ));
    }
    // In production a user's own token is the only credential, so the app's is not even kept.
    let token = match identity {
        IdentityMode::Development => token,
        IdentityMode::Proxy => None,
    };
    Ok(WorkspaceConfig::Remote { host, token })
}

/// The workspace of a profile; what is set beside it must agree.
fn profiled(layers: &Layers, profile: &profiles::Profile) -> Result<WorkspaceConfig, ConfigError> {
    let host = workspace_host(&profile.host)
        .map_err(|problem| layers.wrong("databricks.profile", &format!("has a `host` that {problem}")))?;
    if let Some(value) = layers.get("databricks.host")
        && workspace_host(&value.text).as_ref() != Ok(&host)
    {
        let problem = format!(
            "names the profile `{}` of {host}, and `databricks.host` another workspace; unset one of them",
            profile.name
        );
        return Err(layers.wrong("databricks.profile", &problem));
    }
    let token = header_secret(layers, "databricks.token")?.unwrap_or_else(|| profile.token.clone());
    if !is_header_text(token.expose_secret()) {
        return Err(layers.wrong("databricks.profile", "has a `token` that is not one line of plain characters"));
    }
    Ok(WorkspaceConfig::Remote { host, token: Some(token) })
}

/// A secret that travels in a header.
fn header_secret(layers: &Layers, key: &str) -> Result<Option<SecretString>, ConfigError> {
    let Some(value) = layers.get(key) else { return Ok(None) };
    if !is_header_text(&value.text) {
        return Err(layers.wrong(
            key,
            "holds a line break, a blank or another character that a token never has; copy it again, as one line",
        ));
    }
    Ok(Some(value.text.into()))
}

fn is_header_text(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn public_origins(layers: &Layers) -> Result<Vec<PublicOrigin>, ConfigError> {
    let Some(value) = layers.get("server.public_url") else { return Ok(Vec::new()) };
    PublicOrigin::parse_all(&value.text).map_err(|problem| layers.wrong("server.public_url", &problem))
}

/// Parses a workspace address; Databricks Apps give it without a scheme.
fn workspace_host(text: &str) -> Result<Url, String> {
    let text = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
    let url =
        Url::parse(&text).map_err(|_| "must be an address such as https://adb-1.2.azuredatabricks.net".to_owned())?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must not hold a user name or password".into());
    }
    if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
        return Err("must be the workspace's address without a path".into());
    }
    let loopback = match url.host() {
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => return Err("has no host".into()),
    };
    match url.scheme() {
        "https" => Ok(url),
        "http" if loopback => Ok(url),
        "http" => Err("must use https; http would send tokens in the clear".into()),
        _ => Err("must begin with https://".into()),
    }
}

fn mcp(layers: &Layers) -> Result<SessionLimits, ConfigError> {
    let usual = SessionLimits::default();
    Ok(SessionLimits {
        sessions: count(layers, "mcp.sessions", usual.sessions)?,
        sessions_per_user: count(layers, "mcp.sessions_per_user", usual.sessions_per_user)?,
        idle: seconds(layers, "mcp.idle_seconds", usual.idle)?,
    })
}

fn fairness(layers: &Layers) -> Result<FairnessLimits, ConfigError> {
    let usual = FairnessLimits::default();
    let per_minute = usize::try_from(usual.user_plugin_calls_per_minute).unwrap_or(usize::MAX);
    let mib = usize::try_from(usual.user_egress_bytes_per_minute >> 20).unwrap_or(usize::MAX);
    let per_minute = count(layers, "limits.calls_per_minute", per_minute)?;
    let mib = count(layers, "limits.egress_mib_per_minute", mib)?;
    Ok(FairnessLimits {
        user_calls: count(layers, "limits.calls_per_user", usual.user_calls)?,
        user_plugin_calls: count(layers, "limits.calls_per_user_and_plugin", usual.user_plugin_calls)?,
        user_queue: count(layers, "limits.queued_calls_per_user", usual.user_queue)?,
        user_plugin_calls_per_minute: u32::try_from(per_minute).unwrap_or(u32::MAX),
        user_egress_bytes_per_minute: (mib as u64) << 20,
    })
}

fn repeats(layers: &Layers) -> Result<RepeatBounds, ConfigError> {
    let usual = RepeatBounds::default();
    let told = times(layers, "limits.repeats_told", usual.told)?;
    Ok(RepeatBounds { told, ended: times(layers, "limits.repeats", usual.ended)? })
}

fn times(layers: &Layers, key: &'static str, usual: u32) -> Result<u32, ConfigError> {
    let number = count(layers, key, usize::try_from(usual).unwrap_or(usize::MAX))?;
    Ok(u32::try_from(number).unwrap_or(u32::MAX))
}

/// Most subagents that one turn may have side by side: each waits for the model.
const MAX_SUBAGENTS_AT_ONCE: usize = 100;

fn subagents(layers: &Layers) -> Result<usize, ConfigError> {
    const KEY: &str = "limits.subagents";
    let Some(value) = layers.get(KEY) else { return Ok(MAX_SUBAGENTS) };
    let number = value.text.parse().ok().filter(|number| (0..=MAX_SUBAGENTS_AT_ONCE).contains(number));
    let wrong = || layers.wrong(KEY, &format!("must be a whole number between 0 and {MAX_SUBAGENTS_AT_ONCE}"));
    number.ok_or_else(wrong)
}

fn compact_above_tokens(layers: &Layers) -> Result<u64, ConfigError> {
    let usual = usize::try_from(COMPACT_ABOVE_TOKENS).unwrap_or(usize::MAX);
    count(layers, "limits.compact_above_tokens", usual).map(|tokens| tokens as u64)
}

fn conversation_limits(layers: &Layers) -> Result<ConversationLimits, ConfigError> {
    let usual = ConversationLimits::default();
    let mib = |key, default: u64| {
        let default = usize::try_from(default >> 20).unwrap_or(usize::MAX);
        count(layers, key, default).map(|mib| (mib as u64) << 20)
    };
    Ok(ConversationLimits {
        log_bytes: mib("limits.conversation_mib", usual.log_bytes)?,
        structured_bytes: mib("limits.conversation_results_mib", usual.structured_bytes)?,
    })
}

fn count(layers: &Layers, key: &str, default: usize) -> Result<usize, ConfigError> {
    let Some(value) = layers.get(key) else { return Ok(default) };
    value
        .text
        .parse()
        .ok()
        .filter(|number| (1..=1_000_000).contains(number))
        .ok_or_else(|| layers.wrong(key, "must be a whole number between 1 and 1000000"))
}

fn seconds(layers: &Layers, key: &str, default: Duration) -> Result<Duration, ConfigError> {
    let number = count(layers, key, usize::try_from(default.as_secs()).unwrap_or(usize::MAX))?;
    Ok(Duration::from_secs(number as u64))
}

#[cfg(test)]
mod tests;

//! What the service needs to know to start.

use std::{fmt, net::SocketAddr, path::PathBuf};

/// A token and the user whose requests carry it.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    pub(crate) secret: String,
    pub(crate) user: String,
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("user", &self.user).finish_non_exhaustive()
    }
}

impl Token {
    /// The user of a token that names none.
    pub const DEFAULT_USER: &'static str = "developer@local.workspace";

    /// Pairs a token with its user.
    #[must_use]
    pub fn new(secret: impl Into<String>, user: impl Into<String>) -> Self {
        Self { secret: secret.into(), user: user.into() }
    }

    /// Reads `TOKEN`, `NAME=TOKEN`, or `TOKEN=user@name`: of two parts the user is the one with an `@`, else the first.
    ///
    /// # Errors
    /// An empty token or user; the text is not repeated, as it may be a secret.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let (user, secret) = match text.split_once('=') {
            None => (Self::DEFAULT_USER, text),
            Some((secret, user)) if user.contains('@') && !secret.contains('@') => (user, secret),
            Some(pair) => pair,
        };
        if secret.trim().is_empty() || user.trim().is_empty() {
            return Err("expected TOKEN, NAME=TOKEN or TOKEN=user@name".to_owned());
        }
        Ok(Self::new(secret.trim(), user.trim()))
    }
}

/// A machine's identity: it gets tokens that expire by its client secret (OAuth client credentials).
#[derive(Clone, PartialEq, Eq)]
pub struct ServicePrincipal {
    pub(crate) application_id: String,
    pub(crate) secret: String,
}

impl fmt::Debug for ServicePrincipal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServicePrincipal").field("application_id", &self.application_id).finish_non_exhaustive()
    }
}

impl ServicePrincipal {
    /// Pairs an application's id, which is the client's id, with its client secret.
    #[must_use]
    pub fn new(application_id: impl Into<String>, secret: impl Into<String>) -> Self {
        Self { application_id: application_id.into(), secret: secret.into() }
    }

    /// Reads `APPLICATION_ID=SECRET`.
    ///
    /// # Errors
    /// An empty id or secret; the text is not repeated, as it may be a secret.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text.trim().split_once('=') {
            Some((id, secret)) if !id.trim().is_empty() && !secret.is_empty() => Ok(Self::new(id.trim(), secret)),
            _ => Err("expected APPLICATION_ID=SECRET".to_owned()),
        }
    }
}

/// Settings of one workspace.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Folder of all data; made if it does not exist, locked while in use.
    pub data_dir: PathBuf,
    /// Whether all data is in a temporary folder in `data_dir` instead, and goes with the workspace.
    pub ephemeral: bool,
    /// Who may call. The user of the first token is the workspace's administrator.
    pub tokens: Vec<Token>,
    /// Machines that may get tokens.
    pub service_principals: Vec<ServicePrincipal>,
    /// How long such a token is valid, in seconds.
    pub oauth_token_seconds: u64,
    /// Memory limit of the SQL engine in MiB.
    pub engine_memory_mib: u64,
    /// Worker threads of the SQL engine.
    pub engine_threads: usize,
    /// The program that holds Python programs: `bricklayer-workspace`, which reads [`Confined`](crate::Confined) from its
    /// command line. Without it no Python runs.
    pub launcher: Option<PathBuf>,
    /// The Python interpreter; `python3` of the search path when absent.
    pub python: Option<PathBuf>,
    /// Memory limit of one Python process in MiB.
    pub python_memory_mib: u64,
    /// For tests: whether rules of [faults](crate::Faults) are taken and requests recorded.
    pub faults: bool,
    /// For tests: whether each token has a workspace of its own. `TOKEN:NAME` is its user's in the workspace of that
    /// name, which all tokens share that name it.
    pub isolated: bool,
    /// Isolated workspaces at most; each has an engine with its own memory limit.
    pub isolated_most: usize,
}

impl Config {
    /// The user who may do everything.
    pub(crate) fn admin(&self) -> Option<&str> {
        self.tokens.first().map(|token| token.user.as_str())
    }

    /// Isolated workspaces at most, unless said otherwise.
    pub const ISOLATED_MOST: usize = 64;

    /// A workspace on a free loopback port.
    #[must_use]
    pub fn new(data_dir: impl Into<PathBuf>, tokens: Vec<Token>) -> Self {
        let threads = std::thread::available_parallelism().map_or(2, usize::from);
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            data_dir: data_dir.into(),
            ephemeral: false,
            tokens,
            service_principals: Vec::new(),
            oauth_token_seconds: 3_600,
            engine_memory_mib: 1024,
            engine_threads: threads.min(8),
            launcher: None,
            python: None,
            python_memory_mib: 1024,
            faults: false,
            isolated: false,
            isolated_most: Self::ISOLATED_MOST,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_name_their_users() {
        for (text, expected) in [
            ("dev", Some((Token::DEFAULT_USER, "dev"))),
            ("ann=s3cret", Some(("ann", "s3cret"))),
            ("ann@example.com=s3cret", Some(("ann@example.com", "s3cret"))),
            ("s3cret=ann@example.com", Some(("ann@example.com", "s3cret"))),
            (" s3cret = ann@example.com ", Some(("ann@example.com", "s3cret"))),
            ("", None),
            ("=x", None),
            ("x=", None),
        ] {
            let token = Token::parse(text).ok();
            let read = token.as_ref().map(|token| (token.user.as_str(), token.secret.as_str()));
            assert_eq!(read, expected, "{text}");
        }
    }
}

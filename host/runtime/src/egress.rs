//! The one door through which a plugin's HTTP leaves.
//!
//! A request is checked as parsed ([`check`]), stripped of any authority that the guest set ([`headers`]), given the
//! caller's credential only then, sent over a pooled connection to a vetted address ([`pool`], [`address`]), and its
//! answer is bounded and scanned for the credential ([`body`], [`redact`]) before the guest sees a byte of it. Every
//! request leaves an audit record, refused ones included.

mod address;
mod body;
mod check;
mod cleanup;
mod exchange;
mod headers;
mod hooks;
mod links;
mod listen;
mod plain;
mod pool;
mod record;
mod redact;
mod send;
mod settle;

use std::sync::atomic::{AtomicU32, AtomicU64};
use std::sync::{Arc, Mutex, PoisonError};

use bricklayer_domain::Redactor;
use tokio::sync::Semaphore;
use url::Url;

pub(crate) use cleanup::check_form;
pub(crate) use hooks::EgressHooks;
pub(crate) use plain::{PlainFault, PlainRequest};
pub(crate) use send::Unsent;
pub(crate) use settle::Settling;

use crate::context::{CallContext, WorkspaceTarget};
use crate::credential::{Credential, Issued};
use crate::fairness::Gate;
use crate::tally::Tally;
use crate::{FarEnd, Grants, Limits, RuntimeConfig};
use links::Links;
use pool::Pool;

/// What all calls share: connections, and what the operator named.
pub(crate) struct Broker {
    pool: Pool,
    /// Besides workspaces, which each call names for itself.
    named: Vec<Origin>,
    far_end: Option<Arc<dyn FarEnd>>,
    gate: Arc<Gate>,
}

impl Broker {
    pub(crate) fn new(config: &RuntimeConfig, gate: Arc<Gate>) -> Result<Self, String> {
        let named = config.operator_hosts.iter().map(|url| {
            let origin = Origin::of(url).ok_or_else(|| format!("`{url}` is no http or https origin"))?;
            Ok(Origin { named: true, ..origin })
        });
        let named = named.collect::<Result<_, String>>()?;
        Ok(Self { pool: Pool::new(config.limits.http_connect)?, named, far_end: config.far_end.clone(), gate })
    }

    /// Who answers for this host in the place of the network.
    fn played(&self, host: &str) -> Option<&Arc<dyn FarEnd>> {
        self.far_end.as_ref().filter(|far_end| far_end.plays(host))
    }

    /// Who wants to hear what the network answers.
    fn listener(&self) -> Option<&Arc<dyn FarEnd>> {
        self.far_end.as_ref().filter(|far_end| far_end.listens())
    }
}

/// A far end.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Origin {
    https: bool,
    /// Lower case; an IPv6 literal in brackets.
    host: String,
    port: u16,
    /// Whether the operator named it, so that it may be reached at a private address.
    named: bool,
}

impl Origin {
    fn of(url: &Url) -> Option<Self> {
        let https = match url.scheme() {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        Some(Self { https, host: url.host_str()?.to_lowercase(), port: url.port_or_known_default()?, named: false })
    }

    fn public(host: &str) -> Self {
        Self { https: true, host: host.to_owned(), port: 443, named: false }
    }

    fn scheme(&self) -> &'static str {
        if self.https { "https" } else { "http" }
    }

    /// As a URI has it: the port only where it is not the scheme's own.
    fn authority(&self) -> String {
        let default = if self.https { 443 } else { 80 };
        if self.port == default { self.host.clone() } else { format!("{}:{}", self.host, self.port) }
    }
}

/// Tokens of one call that its answers are looked through for. A token lives for many minutes, so this is more than a
/// call can see.
const MAX_TOKENS: usize = 8;

/// The caller's workspace, or why it cannot be used.
enum Workspace {
    Connected { origin: Origin, credential: Credential },
    Refused(String),
    Missing,
}

/// One call's egress: its rules, its credential, its counters.
pub(crate) struct CallEgress {
    broker: Arc<Broker>,
    grants: Arc<Grants>,
    workspace: Workspace,
    /// The tokens that this call's requests may have carried, the newest last: any of them may come back.
    tokens: Mutex<Vec<Arc<Issued>>>,
    limits: Limits,
    tally: Arc<Tally>,
    requests: AtomicU32,
    bytes: Arc<AtomicU64>,
    parallel: Arc<Semaphore>,
    /// What the workspace named to this call.
    links: Arc<Links>,
    pub(crate) settling: Settling,
}

/// Bytes of one body where an author's tests or recorder stand at the network: their memory.
const HELD_BODY_BYTES: u64 = 32 * 1024 * 1024;

impl CallEgress {
    pub(crate) fn new(broker: Arc<Broker>, ctx: &CallContext, tally: Arc<Tally>, limits: Limits) -> Self {
        let workspace = match &ctx.workspace {
            Some(target) => workspace(target),
            None => Workspace::Missing,
        };
        let tokens = ctx.workspace.iter().map(|target| target.credential.now()).collect();
        // Who plays or hears the network holds bodies whole.
        let most = if broker.far_end.is_some() { HELD_BODY_BYTES } else { u64::MAX };
        let limits = Limits {
            http_request_bytes: limits.http_request_bytes.min(most),
            http_response_bytes: limits.http_response_bytes.min(most),
            ..limits
        };
        Self {
            workspace,
            tokens: Mutex::new(tokens),
            grants: Arc::clone(&ctx.grants),
            tally,
            requests: AtomicU32::new(0),
            bytes: Arc::new(AtomicU64::new(0)),
            parallel: Arc::new(Semaphore::new(limits.http_parallel)),
            links: Arc::default(),
            settling: Settling::default(),
            limits,
            broker,
        }
    }

    /// The newest token of the caller, which a request is about to carry.
    fn newest_token(&self) -> Option<Arc<Issued>> {
        let Workspace::Connected { credential, .. } = &self.workspace else { return None };
        let newest = credential.now();
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        if !tokens.last().is_some_and(|last| Arc::ptr_eq(last, &newest)) {
            if tokens.len() >= MAX_TOKENS {
                tokens.remove(0);
            }
            tokens.push(Arc::clone(&newest));
        }
        Some(newest)
    }

    /// What must not be in an answer.
    fn redactors(&self) -> Vec<Arc<Redactor>> {
        let tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.iter().map(|token| Arc::clone(&token.redactor)).filter(|redactor| !redactor.is_idle()).collect()
    }
}

/// The domains of Databricks workspaces on the three clouds.
const WORKSPACE_DOMAINS: [&str; 3] = [".cloud.databricks.com", ".azuredatabricks.net", ".gcp.databricks.com"];

fn workspace(target: &WorkspaceTarget) -> Workspace {
    let WorkspaceTarget { base_url, credential, named } = target;
    let Some(origin) = Origin::of(base_url) else {
        return Workspace::Refused("the workspace's address is no http or https origin".to_owned());
    };
    let official = origin.https
        && origin.port == 443
        && WORKSPACE_DOMAINS.iter().any(|domain| origin.host.len() > domain.len() && origin.host.ends_with(domain));
    if !official && !named {
        return Workspace::Refused(format!(
            "{} is neither a Databricks domain nor an origin that the operator named",
            origin.authority()
        ));
    }
    let origin = Origin { named: *named, ..origin };
    if credential.now().authorization.is_none() {
        return Workspace::Refused("the credential holds characters that no header may hold".to_owned());
    }
    Workspace::Connected { origin, credential: credential.clone() }
}

#[cfg(test)]
mod tests {
    use secrecy::SecretString;

    use super::*;

    #[track_caller]
    fn check(url: &str, named: bool, connected: bool) {
        let credential = Credential::from(SecretString::from("dapi-0123456789"));
        let found = workspace(&WorkspaceTarget { base_url: Url::parse(url).unwrap(), credential, named });
        assert_eq!(matches!(found, Workspace::Connected { .. }), connected, "{url}");
    }

    #[test]
    fn a_workspace_is_a_databricks_domain_or_named_by_the_operator() {
        check("https://dbc-1.cloud.databricks.com", false, true);
        check("https://adb-1.2.azuredatabricks.net/?o=1", false, true);
        check("https://1.2.gcp.databricks.com", false, true);
        check("http://dbc-1.cloud.databricks.com", false, false);
        check("https://dbc-1.cloud.databricks.com:8443", false, false);
        check("https://cloud.databricks.com.evil.example", false, false);
        check("https://evilcloud.databricks.com", false, false);
        check("https://169.254.169.254", false, false);
        check("http://127.0.0.1:8111", false, false);
        check("http://127.0.0.1:8111", true, true);
        check("ftp://127.0.0.1", true, false);
    }
}

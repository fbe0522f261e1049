//! What the operator wants of plugins: who may install what from where, and how much it may ask for.

use std::collections::BTreeSet;

use bricklayer_domain::UserId;
use bricklayer_plugins::{Admins, Ceilings, Installers, Policy};
use bricklayer_runtime::{DEFAULT_CACHE_BYTES, Limits};
use bricklayer_sources::{SignaturePolicy, SourcePolicy, TrustedKeys};
use bricklayer_store::DEFAULT_STAGED_BYTES;

use super::{ConfigError, IdentityMode, Layers};

/// Days that audit records are kept when nobody chose: as long as a quarter's review needs.
const DEFAULT_RETENTION_DAYS: u32 = 180;
/// Most administrators; more is a group, which the proxy does not tell.
const MAX_ADMINS: usize = 100;

/// Least room for inspected packages: one of the largest size fits with another.
const LEAST_STAGED_MIB: u32 = 64;
/// Least room for compiled code: the families that ship with the host and an interpreter fit.
const LEAST_CODE_CACHE_MIB: u32 = 256;
/// Least room for a project: a few tables of results.
const LEAST_PROJECT_MIB: u32 = 16;
/// Most room for any of them, 16 TiB: a number beyond it is a slip.
const MOST_MIB: u32 = 16 * 1024 * 1024;

/// The operator's wishes for plugins.
#[derive(Debug, Clone)]
pub struct PluginsConfig {
    /// Who may install what.
    pub policy: Policy,
    /// Whether packages may come over plain http from this machine's loopback: a developer's own registry.
    pub allow_loopback_http: bool,
    /// Days that audit records are kept.
    pub retention_days: u32,
    /// Most bytes of packages that were inspected and not installed.
    pub staged_bytes: u64,
    /// Most bytes of compiled code on disk.
    pub code_cache_bytes: u64,
    /// Most bytes of a project's folder that plugins may fill.
    pub project_bytes: u64,
}

impl PluginsConfig {
    /// The defaults: on a developer's machine everybody who reaches it is its owner; behind a proxy nobody is an
    /// administrator until the operator names one.
    #[must_use]
    pub fn new(identity: IdentityMode) -> Self {
        let development = identity == IdentityMode::Development;
        Self {
            policy: Policy {
                installers: if development { Installers::Everyone } else { Installers::Admins },
                admins: if development { Admins::Everyone } else { Admins::Listed(BTreeSet::new()) },
                sources: SourcePolicy::default(),
                signatures: SignaturePolicy::default(),
                trusted_keys: TrustedKeys::default(),
                ceilings: Ceilings::default(),
            },
            allow_loopback_http: development,
            retention_days: DEFAULT_RETENTION_DAYS,
            staged_bytes: DEFAULT_STAGED_BYTES,
            code_cache_bytes: DEFAULT_CACHE_BYTES,
            project_bytes: Limits::default().project_bytes,
        }
    }

    pub(super) fn from_layers(layers: &Layers, identity: IdentityMode) -> Result<Self, ConfigError> {
        let mut config = Self::new(identity);
        let policy = &mut config.policy;
        if let Some(value) = layers.get("plugins.installers") {
            policy.installers = match value.text.as_str() {
                "everyone" => Installers::Everyone,
                "admins" => Installers::Admins,
                "nobody" => Installers::Nobody,
                _ => return Err(layers.wrong("plugins.installers", "must be `everyone`, `admins` or `nobody`")),
            };
        }
        if let Some(value) = layers.get("plugins.admins") {
            policy.admins =
                Admins::Listed(admins(&value.text).map_err(|problem| layers.wrong("plugins.admins", &problem))?);
        }
        if let Some(value) = layers.get("plugins.sources") {
            // The word for a host that takes uploads only.
            let text = if value.text == "none" { "" } else { value.text.as_str() };
            policy.sources = SourcePolicy::parse(text)
                .map_err(|error| layers.wrong("plugins.sources", &format!("is wrong: {error}")))?;
        }
        if let Some(value) = layers.get("plugins.trusted_keys") {
            policy.trusted_keys = TrustedKeys::parse(&value.text)
                .map_err(|error| layers.wrong("plugins.trusted_keys", &format!("is wrong: {error}")))?;
        }
        if let Some(value) = layers.get("plugins.signatures") {
            policy.signatures = value
                .text
                .parse()
                .map_err(|_| layers.wrong("plugins.signatures", "must be `require`, `warn` or `allow`"))?;
        }
        if policy.signatures == SignaturePolicy::Require && policy.trusted_keys.is_empty() {
            return Err(layers.wrong(
                "plugins.signatures",
                "is `require` but `plugins.trusted_keys` names no key, so that nothing could be installed; name a \
                 publisher's key, or write `warn`",
            ));
        }
        let most = Ceilings::default();
        let ceilings = &mut policy.ceilings;
        ceilings.memory_mib = number(layers, "plugins.max_memory_mib", 64, most.memory_mib)?;
        ceilings.cpu_seconds = number(layers, "plugins.max_cpu_seconds", 2, most.cpu_seconds)?;
        ceilings.time_limit_seconds = number(layers, "plugins.max_time_limit_seconds", 60, most.time_limit_seconds)?;
        config.staged_bytes = mebibytes(layers, "plugins.staged_mib", LEAST_STAGED_MIB, config.staged_bytes)?;
        config.code_cache_bytes =
            mebibytes(layers, "plugins.code_cache_mib", LEAST_CODE_CACHE_MIB, config.code_cache_bytes)?;
        config.project_bytes = mebibytes(layers, "plugins.project_mib", LEAST_PROJECT_MIB, config.project_bytes)?;
        if let Some(value) = layers.get("audit.retention_days") {
            config.retention_days =
                value.text.parse().ok().filter(|days| (1..=36_500).contains(days)).ok_or_else(|| {
                    layers.wrong("audit.retention_days", "must be a whole number between 1 and 36500")
                })?;
        }
        Ok(config)
    }
}

fn admins(text: &str) -> Result<BTreeSet<UserId>, String> {
    let names = text.split(',').map(str::trim).filter(|name| !name.is_empty());
    let admins: BTreeSet<UserId> = names
        .map(|name| {
            UserId::parse(name).map_err(|error| format!("must be e-mail addresses separated by commas: {error}"))
        })
        .collect::<Result<_, _>>()?;
    if admins.len() > MAX_ADMINS {
        return Err(format!("names more than {MAX_ADMINS} people"));
    }
    Ok(admins)
}

/// A number in its range; the most when nobody chose. For a ceiling that is not below what every plugin gets unasked,
/// and not above what the sandbox can give.
fn number(layers: &Layers, key: &str, least: u32, most: u32) -> Result<u32, ConfigError> {
    let Some(value) = layers.get(key) else { return Ok(most) };
    let number = value.text.parse().ok().filter(|number| (least..=most).contains(number));
    number.ok_or_else(|| layers.wrong(key, &format!("must be a whole number between {least} and {most}")))
}

/// A room on disk in MiB, as bytes.
fn mebibytes(layers: &Layers, key: &str, least: u32, default: u64) -> Result<u64, ConfigError> {
    if layers.get(key).is_none() {
        return Ok(default);
    }
    Ok(u64::from(number(layers, key, least, MOST_MIB)?) << 20)
}

//! The plugins of this server: the service over its database and sandbox.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bricklayer_devkit::CODE_CACHE_BYTES;
use bricklayer_plugins::{PluginParts, PluginService};
use bricklayer_runtime::{Ceilings, Limits, Runtime, RuntimeConfig};
use bricklayer_sources::{Fetcher, FetcherSettings};
use bricklayer_store::Store;

use crate::author::{AuthorHooks, Spectator};
use crate::config::Config;
use crate::embedded::Embedded;

/// Why the plugins cannot be set up, in words that say what to do.
#[derive(Debug, thiserror::Error)]
pub enum PluginSetupError {
    /// The sandbox cannot be set up.
    #[error(transparent)]
    Runtime(#[from] bricklayer_runtime::RuntimeError),
    /// A package inside this program is none.
    #[error("this program was built with a broken plugin; build it again")]
    ShippedPlugin(#[source] bricklayer_package::PackageError),
}

/// All plugins.
#[derive(Debug)]
pub struct Plugins {
    service: PluginService,
    /// Who watches, when this host belongs to a plugin's author.
    spectator: Option<Spectator>,
}

impl Plugins {
    /// Sets up the sandbox and the service; nothing is loaded yet.
    ///
    /// # Errors
    /// When the sandbox cannot be set up, or a package inside this program is none.
    pub fn new(config: &Config, store: Store, cache_dir: &Path, hooks: AuthorHooks) -> Result<Self, PluginSetupError> {
        let AuthorHooks { far_end, spectator, code_cache } = hooks;
        let mut runtime = RuntimeConfig { far_end, ..runtime_config(config, cache_dir) };
        if let Some(cache_dir) = code_cache {
            runtime = RuntimeConfig { cache_bytes: CODE_CACHE_BYTES, cache_dir, ..runtime };
        }
        let runtime = Arc::new(Runtime::new(runtime)?);
        let config = &config.plugins;
        let fetcher = Fetcher::new(FetcherSettings {
            policy: config.policy.sources.clone(),
            allow_loopback_http: config.allow_loopback_http,
            ..FetcherSettings::default()
        });
        let parts = PluginParts { store, runtime, fetcher, policy: config.policy.clone(), shipped: shipped() };
        let service = PluginService::new(parts).map_err(PluginSetupError::ShippedPlugin)?;
        Ok(Self { service, spectator })
    }

    /// Everything that happens to plugins.
    #[must_use]
    pub const fn service(&self) -> &PluginService {
        &self.service
    }

    /// Who watches the calls; nobody on a host that serves others.
    pub(crate) const fn spectator(&self) -> Option<&Spectator> {
        self.spectator.as_ref()
    }
}

fn runtime_config(config: &Config, cache_dir: &Path) -> RuntimeConfig {
    let ceilings = config.plugins.policy.ceilings;
    RuntimeConfig {
        ceilings: Ceilings {
            memory_bytes: usize::try_from(ceilings.memory_mib).unwrap_or(usize::MAX).saturating_mul(1024 * 1024),
            cpu: Duration::from_secs(ceilings.cpu_seconds.into()),
            wall: Duration::from_secs(ceilings.time_limit_seconds.into()),
        },
        compiler: config.compiler.clone(),
        fairness: config.fairness.clone(),
        cache_bytes: config.plugins.code_cache_bytes,
        limits: Limits { project_bytes: config.plugins.project_bytes, ..Limits::default() },
        ..RuntimeConfig::new(cache_dir)
    }
}

/// The packages inside this program, in the order of their names.
pub(crate) fn shipped() -> Vec<Vec<u8>> {
    let mut names: Vec<_> = Embedded::Plugins.list().into_iter().filter(|name| name.ends_with(".wasm")).collect();
    names.sort();
    if names.is_empty() {
        tracing::warn!("no plugins are built: run `cargo xtask build`; the agent has only its built-in tools");
    }
    names.iter().filter_map(|name| Some(Embedded::Plugins.get(name)?.into_owned())).collect()
}

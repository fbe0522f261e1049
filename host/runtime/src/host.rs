//! What `wit/host.wit` promises, behind one module; nothing else names generated paths.

mod continuation;
mod http;
mod progress;

use std::sync::PoisonError;

use bricklayer_package::Power;
use tokio::time::Instant;
use tracing::Level;
use wasmtime::component::HasSelf;

use crate::call::CallState;
use crate::context::{StateError, StateScope};
use crate::denial::{Asked, Denial, Missing};
use crate::egress::CleanupRequest;
use crate::fault::LimitHit;

pub(crate) use progress::ProgressGate;

/// Limits of the interfaces, as `wit/host.wit` states them.
const MAX_KEY_BYTES: usize = 256;
const MAX_VALUE_BYTES: usize = 65_536;
const MAX_KEYS: usize = 256;
const MAX_CLEANUPS: usize = 8;

#[allow(clippy::all, unused_qualifications, unreachable_pub, missing_debug_implementations, reason = "generated")]
mod generated {
    wasmtime::component::bindgen!({
        path: "../../wit/host.wit",
        world: "plugin",
        imports: {
            "bricklayer:host/state": async | trappable,
            "bricklayer:host/http": async | trappable,
            "bricklayer:host/continuation": async | trappable,
            default: trappable,
        },
    });
}

use generated::bricklayer::host as wit;

/// The generated glue.
pub(crate) mod bindings {
    use super::{CallState, HasSelf, generated};

    pub(crate) fn add_to_linker(linker: &mut wasmtime::component::Linker<CallState>) -> wasmtime::Result<()> {
        generated::Plugin::add_to_linker::<_, HasSelf<CallState>>(linker, |state| state)
    }
}

impl CallState {
    /// Counts a call of a host function; floods end the call.
    fn count(&mut self) -> wasmtime::Result<()> {
        self.host_calls_left = self.host_calls_left.checked_sub(1).ok_or(LimitHit::HostCalls)?;
        Ok(())
    }

    fn state_scope(&self) -> Option<StateScope> {
        self.call.ctx.grants.state.then(|| StateScope {
            project: self.call.ctx.caller.project,
            plugin: self.call.tally.identity.plugin.clone(),
        })
    }
}

impl wit::progress::Host for CallState {
    fn report(&mut self, message: String, done: Option<f64>, total: Option<f64>) -> wasmtime::Result<()> {
        self.count()?;
        self.call.progress.report(message, done, total);
        Ok(())
    }
}

impl wit::log::Host for CallState {
    fn write(&mut self, level: wit::log::Level, message: String) -> wasmtime::Result<()> {
        self.count()?;
        let level = match level {
            wit::log::Level::Debug => Level::DEBUG,
            wit::log::Level::Info => Level::INFO,
            wit::log::Level::Warn => Level::WARN,
            wit::log::Level::Error => Level::ERROR,
        };
        self.log_lines.write(&self.call.tally.identity, level, &message);
        Ok(())
    }
}

impl wit::context::Host for CallState {
    fn get(&mut self) -> wasmtime::Result<wit::context::CallContext> {
        self.count()?;
        let ctx = &self.call.ctx;
        let settings = ctx.settings.clone();
        let workspace_host = ctx.workspace.as_ref().and_then(|workspace| {
            let host = workspace.base_url.host_str()?;
            Some(workspace.base_url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
        });
        Ok(wit::context::CallContext {
            project: ctx.caller.project.to_string(),
            // A caller without a conversation has something else that ties its calls together.
            conversation: ctx.caller.site.thread().to_string(),
            user: Some(ctx.caller.user.to_string()),
            workspace_host,
            warehouse: settings.warehouse_id,
            catalog: settings.default_catalog,
            schema: settings.default_schema,
            cluster: settings.cluster_id,
            workspace_folder: settings.workspace_folder,
            seconds_left: self.call.deadline.saturating_duration_since(Instant::now()).as_secs_f64(),
        })
    }
}

fn state_error(error: StateError) -> wit::state::StateError {
    match error {
        StateError::TooManyKeys => wit::state::StateError::TooManyKeys,
        StateError::Unavailable(source) => {
            tracing::error!(error = %source, "the state store failed");
            wit::state::StateError::Unavailable("the host's database cannot be reached".to_owned())
        }
    }
}

impl CallState {
    fn state_access(&mut self, key: &str) -> wasmtime::Result<Result<StateScope, wit::state::StateError>> {
        self.count()?;
        let Some(scope) = self.state_scope() else {
            let missing = Some(Missing::Power(Power::State));
            self.call.tally.denied(Denial::new(Asked::State, "the plugin was not given its key-value store", missing));
            return Ok(Err(wit::state::StateError::Denied));
        };
        self.call.tally.used(&Power::State);
        if key.is_empty() || key.len() > MAX_KEY_BYTES {
            return Ok(Err(wit::state::StateError::InvalidKey));
        }
        Ok(Ok(scope))
    }
}

impl wit::state::Host for CallState {
    async fn get(&mut self, key: String) -> wasmtime::Result<Result<Option<String>, wit::state::StateError>> {
        let scope = match self.state_access(&key)? {
            Ok(scope) => scope,
            Err(error) => return Ok(Err(error)),
        };
        Ok(self.call.ctx.state.get(&scope, &key).await.map_err(state_error))
    }

    async fn set(&mut self, key: String, value: String) -> wasmtime::Result<Result<(), wit::state::StateError>> {
        let scope = match self.state_access(&key)? {
            Ok(scope) => scope,
            Err(error) => return Ok(Err(error)),
        };
        if value.len() > MAX_VALUE_BYTES {
            return Ok(Err(wit::state::StateError::ValueTooLarge));
        }
        Ok(self.call.ctx.state.set(&scope, &key, &value, MAX_KEYS).await.map_err(state_error))
    }

    async fn delete(&mut self, key: String) -> wasmtime::Result<Result<(), wit::state::StateError>> {
        let scope = match self.state_access(&key)? {
            Ok(scope) => scope,
            Err(error) => return Ok(Err(error)),
        };
        Ok(self.call.ctx.state.delete(&scope, &key).await.map_err(state_error))
    }

    async fn list_keys(&mut self) -> wasmtime::Result<Result<Vec<String>, wit::state::StateError>> {
        let scope = match self.state_access("-")? {
            Ok(scope) => scope,
            Err(error) => return Ok(Err(error)),
        };
        Ok(self.call.ctx.state.list_keys(&scope).await.map_err(state_error))
    }
}

impl wit::cleanup::Host for CallState {
    fn register(
        &mut self,
        request: wit::cleanup::Request,
    ) -> wasmtime::Result<Result<u32, wit::cleanup::CleanupError>> {
        use wit::cleanup::CleanupError;

        self.count()?;
        let request = CleanupRequest { method: request.method, path: request.path, body: request.body };
        if let Err(reason) = request.check_form() {
            return Ok(Err(CleanupError::Invalid(reason)));
        }
        if let Err(denial) = self.call.egress.may_clean_up(&request) {
            return Ok(Err(CleanupError::Denied(self.call.tally.denied(*denial).said.clone())));
        }
        let mut cleanups = self.call.cleanups.lock().unwrap_or_else(PoisonError::into_inner);
        if cleanups.open.len() >= MAX_CLEANUPS {
            return Ok(Err(CleanupError::TooMany));
        }
        cleanups.next += 1;
        let handle = cleanups.next;
        cleanups.open.push((handle, request));
        Ok(Ok(handle))
    }

    fn withdraw(&mut self, handle: u32) -> wasmtime::Result<()> {
        self.count()?;
        let mut cleanups = self.call.cleanups.lock().unwrap_or_else(PoisonError::into_inner);
        cleanups.open.retain(|(open, _)| *open != handle);
        Ok(())
    }
}

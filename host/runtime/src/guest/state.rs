//! `state` of the contract: the key-value store of a project and a plugin.

use std::sync::Arc;

use bricklayer_domain::chain;
use bricklayer_package::Power;

use super::contract::wit::state as wit;
use super::{Frame, View};
use crate::context::{StateError, StateScope, StateStore};
use crate::failure::{Asked, Denial, Missing};
use crate::tally::Tally;

/// Limits of the interface, as `wit/host.wit` states them.
const MAX_KEY_BYTES: usize = 256;
const MAX_VALUE_BYTES: usize = 65_536;
const MAX_KEYS: usize = 256;

/// The store, and whose part of it.
pub(super) struct StateCtx {
    store: Arc<dyn StateStore>,
    /// None when the plugin was not given it.
    scope: Option<StateScope>,
    tally: Arc<Tally>,
}

impl StateCtx {
    pub(super) fn new(frame: &Frame) -> Self {
        let scope = frame
            .call
            .grants
            .state
            .then(|| StateScope { project: frame.call.caller.project, plugin: frame.plugin.name().clone() });
        Self { store: Arc::clone(&frame.call.state), scope, tally: Arc::clone(&frame.tally) }
    }
}

impl View<'_, StateCtx> {
    fn access(&mut self, key: &str) -> wasmtime::Result<Result<&StateScope, wit::StateError>> {
        self.count()?;
        let tally = &self.own.tally;
        let Some(scope) = &self.own.scope else {
            let missing = Some(Missing::Power(Power::State));
            let said = "the plugin was not given its key-value store";
            tally.course.denied(Denial::new(Asked::State, said, missing));
            return Ok(Err(wit::StateError::Denied));
        };
        tally.used(&Power::State);
        if key.is_empty() || key.len() > MAX_KEY_BYTES {
            return Ok(Err(wit::StateError::InvalidKey));
        }
        Ok(Ok(scope))
    }
}

impl wit::Host for View<'_, StateCtx> {
    async fn get(&mut self, key: String) -> wasmtime::Result<Result<Option<String>, wit::StateError>> {
        let store = Arc::clone(&self.own.store);
        match self.access(&key)? {
            Ok(scope) => Ok(store.get(scope, &key).await.map_err(state_error)),
            Err(error) => Ok(Err(error)),
        }
    }

    async fn set(&mut self, key: String, value: String) -> wasmtime::Result<Result<(), wit::StateError>> {
        let store = Arc::clone(&self.own.store);
        match self.access(&key)? {
            Ok(_) if value.len() > MAX_VALUE_BYTES => Ok(Err(wit::StateError::ValueTooLarge)),
            Ok(scope) => Ok(store.set(scope, &key, &value, MAX_KEYS).await.map_err(state_error)),
            Err(error) => Ok(Err(error)),
        }
    }

    async fn delete(&mut self, key: String) -> wasmtime::Result<Result<(), wit::StateError>> {
        let store = Arc::clone(&self.own.store);
        match self.access(&key)? {
            Ok(scope) => Ok(store.delete(scope, &key).await.map_err(state_error)),
            Err(error) => Ok(Err(error)),
        }
    }

    async fn list_keys(&mut self) -> wasmtime::Result<Result<Vec<String>, wit::StateError>> {
        let store = Arc::clone(&self.own.store);
        match self.access("-")? {
            Ok(scope) => Ok(store.list_keys(scope).await.map_err(state_error)),
            Err(error) => Ok(Err(error)),
        }
    }
}

fn state_error(error: StateError) -> wit::StateError {
    match error {
        StateError::TooManyKeys => wit::StateError::TooManyKeys,
        StateError::Unavailable(source) => {
            tracing::error!(error = chain(&*source), "the state store failed");
            wit::StateError::Unavailable("the host's database cannot be reached".to_owned())
        }
    }
}

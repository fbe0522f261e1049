//! The key-value store behind a plugin's `state`, kept in the database for one user.

use async_trait::async_trait;
use bricklayer_domain::UserId;
use bricklayer_runtime::{StateError, StateScope, StateStore};
use bricklayer_store::{PluginStateError, Store};

/// State of one user's plugins.
#[derive(Debug)]
pub(super) struct StoreState {
    pub(super) store: Store,
    pub(super) user: UserId,
}

#[async_trait]
impl StateStore for StoreState {
    async fn get(&self, scope: &StateScope, key: &str) -> Result<Option<String>, StateError> {
        self.store.get_plugin_state(&self.user, scope.project, &scope.plugin, key).await.map_err(state_error)
    }

    async fn set(&self, scope: &StateScope, key: &str, value: &str, _max_keys: usize) -> Result<(), StateError> {
        // The store's own bound on keys is the same number, kept where two hosts cannot both add the last one.
        self.store.set_plugin_state(&self.user, scope.project, &scope.plugin, key, value).await.map_err(state_error)
    }

    async fn delete(&self, scope: &StateScope, key: &str) -> Result<(), StateError> {
        self.store.delete_plugin_state(&self.user, scope.project, &scope.plugin, key).await.map_err(state_error)
    }

    async fn list_keys(&self, scope: &StateScope) -> Result<Vec<String>, StateError> {
        self.store.list_plugin_state_keys(&self.user, scope.project, &scope.plugin).await.map_err(state_error)
    }
}

fn state_error(error: PluginStateError) -> StateError {
    match error {
        PluginStateError::TooManyKeys => StateError::TooManyKeys,
        other => StateError::Unavailable(Box::new(other)),
    }
}

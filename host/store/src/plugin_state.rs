//! A plugin's key-value state, one small store per project and plugin. Source of the limits: `wit/host.wit`.

use bricklayer_domain::{PluginName, ProjectId, UserId};

use crate::engine::{Sql, args};
use crate::error::{StoreError, is_foreign_key_violation};
use crate::store::Store;

/// Longest key, in bytes.
pub const MAX_STATE_KEY_BYTES: usize = 256;

/// Largest value, in bytes.
pub const MAX_STATE_VALUE_BYTES: usize = 65_536;

/// Most keys of one plugin in one project.
pub const MAX_STATE_KEYS: usize = 256;

/// Why state was refused.
#[derive(Debug, thiserror::Error)]
pub enum PluginStateError {
    /// The key is empty or too long.
    #[error("a key has 1 to {MAX_STATE_KEY_BYTES} bytes")]
    InvalidKey,
    /// The value is too long.
    #[error("a value has at most {MAX_STATE_VALUE_BYTES} bytes")]
    ValueTooLarge,
    /// The store is full.
    #[error("there are {MAX_STATE_KEYS} keys already")]
    TooManyKeys,
    /// The database failed, or the project is gone or another user's.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for PluginStateError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

const fn check_key(key: &str) -> Result<(), PluginStateError> {
    if key.is_empty() || key.len() > MAX_STATE_KEY_BYTES { Err(PluginStateError::InvalidKey) } else { Ok(()) }
}

fn utf8(bytes: Vec<u8>) -> Result<String, StoreError> {
    String::from_utf8(bytes).map_err(|e| StoreError::inconsistent("plugin_state", e))
}

impl Store {
    /// The value under a key.
    ///
    /// # Errors
    /// [`PluginStateError`]; an unknown project or another user's looks empty.
    pub async fn get_plugin_state(
        &self,
        user: &UserId,
        project: ProjectId,
        plugin: &PluginName,
        key: &str,
    ) -> Result<Option<String>, PluginStateError> {
        check_key(key)?;
        let row = self
            .engine()
            .fetch_optional(
                "select value
                from plugin_state
                where project_id = $1
                    and plugin = $2
                    and key = $3
                    and exists (select 1 from projects where id = $1 and user_id = $4)",
                args![project, plugin.as_str(), key.as_bytes(), user],
            )
            .await?;
        row.map(|row| Ok(utf8(row.bytes("value")?)?)).transpose()
    }

    /// Stores a value, replacing an earlier one.
    ///
    /// # Errors
    /// [`PluginStateError`].
    pub async fn set_plugin_state(
        &self,
        user: &UserId,
        project: ProjectId,
        plugin: &PluginName,
        key: &str,
        value: &str,
    ) -> Result<(), PluginStateError> {
        check_key(key)?;
        if value.len() > MAX_STATE_VALUE_BYTES {
            return Err(PluginStateError::ValueTooLarge);
        }
        let mut tx = self.engine().begin().await?;
        // Locks the project, so that two calls cannot both take the last free key.
        let owned = tx
            .fetch_optional(
                Sql::Each {
                    sqlite: "select id
                    from projects
                    where id = $1
                        and user_id = $2",
                    postgres: "select id
                    from projects
                    where id = $1
                        and user_id = $2
                    for no key update",
                },
                args![project, user],
            )
            .await?;
        if owned.is_none() {
            return Err(StoreError::NotFound("project").into());
        }
        let others = tx
            .fetch_optional(
                "select count(*) as others
                from plugin_state
                where project_id = $1
                    and plugin = $2
                    and key <> $3",
                args![project, plugin.as_str(), key.as_bytes()],
            )
            .await?
            .map_or(Ok(0), |row| row.int("others"))?;
        if others >= MAX_STATE_KEYS as i64 {
            return Err(PluginStateError::TooManyKeys);
        }
        tx.execute(
            "insert into plugin_state (project_id, plugin, key, value, updated_at)
            values ($1, $2, $3, $4, $5)
            on conflict (project_id, plugin, key) do update
            set value = excluded.value,
                updated_at = excluded.updated_at",
            args![project, plugin.as_str(), key.as_bytes(), value.as_bytes(), self.now()],
        )
        .await
        .map_err(|error| {
            if is_foreign_key_violation(&error) { StoreError::NotFound("project") } else { error.into() }
        })?;
        tx.commit().await?;
        Ok(())
    }

    /// Removes a key; one that is not there is no error.
    ///
    /// # Errors
    /// [`PluginStateError`].
    pub async fn delete_plugin_state(
        &self,
        user: &UserId,
        project: ProjectId,
        plugin: &PluginName,
        key: &str,
    ) -> Result<(), PluginStateError> {
        check_key(key)?;
        self.engine()
            .write(
                "delete from plugin_state
                where project_id = $1
                    and plugin = $2
                    and key = $3
                    and exists (select 1 from projects where id = $1 and user_id = $4)",
                args![project, plugin.as_str(), key.as_bytes(), user],
            )
            .await?;
        Ok(())
    }

    /// All keys, in the order of their bytes.
    ///
    /// # Errors
    /// [`PluginStateError`]; an unknown project or another user's looks empty.
    pub async fn list_plugin_state_keys(
        &self,
        user: &UserId,
        project: ProjectId,
        plugin: &PluginName,
    ) -> Result<Vec<String>, PluginStateError> {
        let rows = self
            .engine()
            .fetch_all(
                "select key
                from plugin_state
                where project_id = $1
                    and plugin = $2
                    and exists (select 1 from projects where id = $1 and user_id = $3)
                order by key
                limit $4",
                args![project, plugin.as_str(), user, MAX_STATE_KEYS as i64],
            )
            .await?;
        rows.iter().map(|row| Ok(utf8(row.bytes("key")?)?)).collect()
    }
}

//! What is given, and where a plugin is on.

use bricklayer_domain::{InstallationId, PluginName, ProjectId, UserId};

use super::change::Change;
use super::{GivenPowers, InstallationError, InstallationRow};
use crate::audit::AuditEntry;
use crate::engine::args;
use crate::error::StoreError;
use crate::store::Store;

/// Most switches of one project for plugins that come with the host; there are about a dozen such plugins.
const MAX_SHIPPED_SWITCHES: i64 = 256;

impl Store {
    /// Replaces what is given in one project of `by`, or everywhere; an empty list takes all of it back.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the project is not the user's; [`InstallationError::NotFound`], also for a
    /// project when the plugin is another user's own; the database's failure.
    pub async fn set_plugin_grants(
        &self,
        id: InstallationId,
        project: Option<ProjectId>,
        powers: &[String],
        by: &UserId,
        record: &AuditEntry,
    ) -> Result<InstallationRow, InstallationError> {
        let mut change = Change::begin(self, "grants", record).await?;
        if let Some(project) = project {
            change.check_project(by, project).await?;
            change.check_visible(by, id).await?;
        }
        let now = change.now;
        let found = change
            .write(
                "installations",
                "update plugin_installations
                set updated_at = $2
                where id = $1",
                args![id, now],
            )
            .await?;
        if found == 0 {
            return Err(InstallationError::NotFound);
        }
        if powers.is_empty() {
            change.drop_grant(id, project).await?;
        } else {
            change.set_grant(id, &GivenPowers { project, powers: powers.to_vec() }, by).await?;
        }
        change.finish(id).await
    }

    /// Lets a plugin be used, or not, anywhere.
    ///
    /// # Errors
    /// [`InstallationError::NotFound`] or the database's failure.
    pub async fn set_plugin_enabled(
        &self,
        id: InstallationId,
        enabled: bool,
        record: &AuditEntry,
    ) -> Result<InstallationRow, InstallationError> {
        let mut change = Change::begin(self, "enabled", record).await?;
        let now = change.now;
        let found = change
            .write(
                "installations",
                "update plugin_installations
                set enabled = $2,
                    updated_at = $3
                where id = $1",
                args![id, enabled, now],
            )
            .await?;
        if found == 0 {
            return Err(InstallationError::NotFound);
        }
        change.finish(id).await
    }

    /// Switches a plugin on or off in one project of the user, or takes the switch away.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the project is not the user's; [`InstallationError::NotFound`], also when the
    /// plugin is another user's own; the database's failure.
    pub async fn set_plugin_switch(
        &self,
        user: &UserId,
        id: InstallationId,
        project: ProjectId,
        enabled: Option<bool>,
        record: &AuditEntry,
    ) -> Result<InstallationRow, InstallationError> {
        let mut change = Change::begin(self, "switch", record).await?;
        change.check_project(user, project).await?;
        change.check_visible(user, id).await?;
        change
            .write(
                "drop_switches",
                "delete from plugin_switches
                where installation_id = $1
                    and project_id = $2",
                args![id, project],
            )
            .await?;
        if let Some(enabled) = enabled {
            change
                .write(
                    "switches",
                    "insert into plugin_switches (installation_id, project_id, enabled)
                    values ($1, $2, $3)",
                    args![id, project, enabled],
                )
                .await?;
        }
        change.finish(id).await
    }

    /// Switches a plugin that comes with the host on or off in one project of the user, or takes the switch away.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the project is not the user's, or the database's failure.
    pub async fn set_shipped_plugin_switch(
        &self,
        user: &UserId,
        name: &PluginName,
        project: ProjectId,
        enabled: Option<bool>,
        record: &AuditEntry,
    ) -> Result<(), InstallationError> {
        let mut change = Change::begin(self, "switch", record).await?;
        change.check_project(user, project).await?;
        change
            .write(
                "drop_switches",
                "delete from shipped_plugin_switches
                where project_id = $1
                    and name = $2",
                args![project, name.as_str()],
            )
            .await?;
        if let Some(enabled) = enabled {
            let others = change
                .tx
                .fetch_optional(
                    "select count(*) as others from shipped_plugin_switches where project_id = $1",
                    args![project],
                )
                .await?
                .map_or(Ok(0), |row| row.int("others"))?;
            if others >= MAX_SHIPPED_SWITCHES {
                let limit = usize::try_from(MAX_SHIPPED_SWITCHES).unwrap_or(usize::MAX);
                return Err(StoreError::TooLarge { what: "the number of switches", limit }.into());
            }
            change
                .write(
                    "switches",
                    "insert into shipped_plugin_switches (project_id, name, enabled)
                    values ($1, $2, $3)",
                    args![project, name.as_str(), enabled],
                )
                .await?;
        }
        change.commit().await?;
        Ok(())
    }
}

impl Change<'_> {
    async fn drop_grant(&mut self, id: InstallationId, project: Option<ProjectId>) -> Result<(), sqlx::Error> {
        match project {
            Some(project) => {
                self.write(
                    "drop_grants",
                    "delete from plugin_grants
                    where installation_id = $1
                        and project_id = $2",
                    args![id, project],
                )
                .await?
            }
            None => {
                self.write(
                    "drop_grants",
                    "delete from plugin_grants
                    where installation_id = $1
                        and project_id is null",
                    args![id],
                )
                .await?
            }
        };
        Ok(())
    }
}

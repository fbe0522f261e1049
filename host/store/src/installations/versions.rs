//! Installing, new versions, going back, removing.

use bricklayer_domain::{InstallationId, PackageDigest, PluginOwner, UserId, cut};

use super::change::{Change, Slot};
use super::read::{read_grant, read_installations};
use super::{
    GivenPowers, InstallationError, InstallationRow, MAX_INSTALLATIONS_PER_OWNER, MAX_PROBLEM_BYTES, NewInstallation,
    VersionRow, clean, owner_text,
};
use crate::audit::AuditEntry;
use crate::engine::args;
use crate::store::Store;

impl Store {
    /// Installs a staged package. What an earlier plugin of the same owner and name left in its state is removed: a
    /// name may change hands. The record gets the new id.
    ///
    /// # Errors
    /// [`InstallationError::NameTaken`], [`InstallationError::TooMany`], [`InstallationError::UnknownPackage`], a
    /// project of a grant that is not the user's, or the database's failure.
    pub async fn install_plugin(
        &self,
        new: NewInstallation,
        record: &AuditEntry,
    ) -> Result<InstallationRow, InstallationError> {
        let id = InstallationId::new();
        let record = &AuditEntry { installation: Some(id), ..record.clone() };
        let owner = owner_text(&new.owner);
        let mut change = Change::begin(self, "install", record).await?;
        let now = change.now;
        let others = change
            .tx
            .fetch_optional(
                "select count(*) as others from plugin_installations where owner = $1",
                args![owner.as_str()],
            )
            .await?
            .map_or(Ok(0), |row| row.int("others"))?;
        if others >= MAX_INSTALLATIONS_PER_OWNER as i64 {
            return Err(InstallationError::TooMany);
        }
        change.take_package(&new.version.digest).await?;
        // Before the row is there: an everyone's plugin does not clear the projects of those who have their own.
        change.clear_old_state(&new).await?;
        let inserted = change
            .write(
                "installations",
                "insert into plugin_installations (
                    id, owner, name, enabled, last_problem, revision, created_at, updated_at
                )
                values ($1, $2, $3, $4, null, 1, $5, $5)
                on conflict (owner, name) do nothing",
                args![id, owner.as_str(), new.name.as_str(), true, now],
            )
            .await?;
        if inserted == 0 {
            return Err(InstallationError::NameTaken);
        }
        change.insert_version(id, Slot::Active, &new.version).await?;
        for given in &new.grants {
            change.add_grant(id, given, &new.version.installed_by).await?;
        }
        change.finish(id).await
    }

    /// Makes a staged package the active version: the active one becomes the previous one, the pending one goes. What
    /// is given with it, by `by`, is added to what was given in that place: a consent is one decision.
    ///
    /// # Errors
    /// [`InstallationError::Changed`] when the revision is another, [`InstallationError::NotFound`],
    /// [`InstallationError::UnknownPackage`], a project of the grant that is not the user's, or the database's
    /// failure.
    pub async fn activate_version(
        &self,
        id: InstallationId,
        expect_revision: i64,
        version: &VersionRow,
        also_give: Option<&GivenPowers>,
        by: &UserId,
        record: &AuditEntry,
    ) -> Result<InstallationRow, InstallationError> {
        let mut change = Change::begin(self, "activate", record).await?;
        change.expect_revision(id, expect_revision, true).await?;
        change.take_package(&version.digest).await?;
        change
            .write(
                "drop_versions",
                "delete from plugin_versions
                where installation_id = $1
                    and slot in ('previous', 'pending')",
                args![id],
            )
            .await?;
        change
            .write(
                "keep_previous",
                "update plugin_versions
                set slot = 'previous'
                where installation_id = $1
                    and slot = 'active'",
                args![id],
            )
            .await?;
        change.insert_version(id, Slot::Active, version).await?;
        if let Some(given) = also_give {
            change.add_grant(id, given, by).await?;
        }
        change.drop_packages().await?;
        change.finish(id).await
    }

    /// Lets a version wait for consent, or none any more.
    ///
    /// # Errors
    /// [`InstallationError::Changed`] when the revision is another, [`InstallationError::NotFound`],
    /// [`InstallationError::UnknownPackage`], or the database's failure.
    pub async fn set_pending_version(
        &self,
        id: InstallationId,
        expect_revision: i64,
        version: Option<&VersionRow>,
        record: &AuditEntry,
    ) -> Result<InstallationRow, InstallationError> {
        let mut change = Change::begin(self, "pending", record).await?;
        change.expect_revision(id, expect_revision, false).await?;
        if let Some(version) = version {
            change.take_package(&version.digest).await?;
        }
        change
            .write(
                "drop_versions",
                "delete from plugin_versions
                where installation_id = $1
                    and slot = 'pending'",
                args![id],
            )
            .await?;
        if let Some(version) = version {
            change.insert_version(id, Slot::Pending, version).await?;
        }
        change.drop_packages().await?;
        change.finish(id).await
    }

    /// Goes back to the previous version; the active one is forgotten, so that going back twice does not bring it
    /// again. A version that waits for consent stays.
    ///
    /// # Errors
    /// [`InstallationError::Changed`] when `expect_active` is not active, that is when somebody else went back or on
    /// before; [`InstallationError::NoPrevious`], [`InstallationError::NotFound`], or the database's failure.
    pub async fn roll_back_plugin(
        &self,
        id: InstallationId,
        expect_active: &PackageDigest,
        problem: &str,
        record: &AuditEntry,
    ) -> Result<InstallationRow, InstallationError> {
        let problem = cut(&clean(problem), MAX_PROBLEM_BYTES).to_owned();
        let mut change = Change::begin(self, "roll_back", record).await?;
        let now = change.now;
        let changed = change
            .write(
                "installations",
                "update plugin_installations
                set revision = revision + 1,
                    last_problem = $3,
                    updated_at = $4
                where id = $1
                    and exists (
                        select 1
                        from plugin_versions
                        where installation_id = $1
                            and slot = 'active'
                            and digest = $2
                    )",
                args![id, expect_active, problem.as_str(), now],
            )
            .await?;
        if changed == 0 {
            return Err(change.missing_or_changed(id).await?);
        }
        change
            .write(
                "drop_versions",
                "delete from plugin_versions
                where installation_id = $1
                    and slot = 'active'",
                args![id],
            )
            .await?;
        let restored = change
            .write(
                "versions",
                "update plugin_versions
                set slot = 'active'
                where installation_id = $1
                    and slot = 'previous'",
                args![id],
            )
            .await?;
        if restored == 0 {
            return Err(InstallationError::NoPrevious);
        }
        change.drop_packages().await?;
        change.finish(id).await
    }

    /// Removes a plugin and everything of it: versions, grants, switches, its state in the projects of its owner (of
    /// everybody without a plugin of the same name of their own, when it was everyone's), and packages that nothing
    /// else uses. Audit records stay. Returns what was removed.
    ///
    /// A call that is running may write state after this; installing the name again removes that too.
    ///
    /// # Errors
    /// [`InstallationError::NotFound`] or the database's failure.
    pub async fn remove_plugin(
        &self,
        id: InstallationId,
        record: &AuditEntry,
    ) -> Result<InstallationRow, InstallationError> {
        let mut change = Change::begin(self, "remove", record).await?;
        let row = read_installations(&mut change.tx, Some(id)).await?.pop().ok_or(InstallationError::NotFound)?;
        change.drop_state(&row.owner, &row.name).await?;
        change.write("installations", "delete from plugin_installations where id = $1", args![id]).await?;
        change.drop_packages().await?;
        change.commit().await?;
        Ok(row)
    }
}

impl Change<'_> {
    /// Adds to what was given in one place.
    async fn add_grant(
        &mut self,
        id: InstallationId,
        given: &GivenPowers,
        by: &UserId,
    ) -> Result<(), InstallationError> {
        if let Some(project) = given.project {
            self.check_project(by, project).await?;
            self.check_visible(by, id).await?;
        }
        let mut all = given.clone();
        if let Some(before) = read_grant(&mut self.tx, id, given.project).await? {
            all.powers.extend(before);
        }
        self.set_grant(id, &all, by).await
    }

    /// A new plugin begins with nothing. A user's own begins beside an everyone's of the same name, whose state in the
    /// user's projects is not its to remove.
    async fn clear_old_state(&mut self, new: &NewInstallation) -> Result<(), InstallationError> {
        if let PluginOwner::User(_) = new.owner {
            let everyone = owner_text(&PluginOwner::Everyone);
            let shared = self
                .tx
                .fetch_optional(
                    "select id from plugin_installations where owner = $1 and name = $2",
                    args![everyone.as_str(), new.name.as_str()],
                )
                .await?;
            if shared.is_some() {
                return Ok(());
            }
        }
        self.drop_state(&new.owner, &new.name).await?;
        Ok(())
    }
}

//! One change: a transaction that queues with all others, names its writes, writes itself down, and tells everybody
//! when it is done.

use bricklayer_domain::{InstallationId, PackageDigest, PluginName, PluginOwner, ProjectId, UserId};
use chrono::{DateTime, SubsecRound as _, Utc};
use uuid::Uuid;

use super::read::read_installations;
use super::{GivenPowers, InstallationError, InstallationRow, MAX_VERSION_BYTES, VersionRow, clean, powers_text};
use crate::audit::AuditEntry;
use crate::crash_points;
use crate::engine::{Arg, Sql, Tx, args};
use crate::error::StoreError;
use crate::notices::Notice;
use crate::store::Store;

/// A change under way; dropping it undoes it.
pub(super) struct Change<'a> {
    store: &'a Store,
    pub(super) tx: Tx,
    name: &'static str,
    record: &'a AuditEntry,
    pub(super) now: DateTime<Utc>,
}

/// Where a new version goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Slot {
    Active,
    Pending,
}

impl Slot {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Pending => "pending",
        }
    }
}

impl<'a> Change<'a> {
    /// Begins, and waits until every change before this one is done. `record` is written down with it: there is no
    /// change without its record and no record without its change.
    pub(super) async fn begin(
        store: &'a Store,
        name: &'static str,
        record: &'a AuditEntry,
    ) -> Result<Self, sqlx::Error> {
        let tx = store.engine().begin().await?;
        let mut change = Self { store, tx, name, record, now: store.now() };
        change.write("generation", "update plugin_generation set generation = generation + 1", &[]).await?;
        Ok(change)
    }

    /// One write, under its name (`crash_points::POINTS`); says how many rows it touched.
    pub(super) async fn write(
        &mut self,
        step: &str,
        sql: impl Into<Sql>,
        args: &[Arg<'_>],
    ) -> Result<u64, sqlx::Error> {
        crash_points::step(self.name, step);
        self.tx.execute(sql, args).await
    }

    /// Writes the change down and commits both. The record comes last, so that the chain's row, which the records of
    /// calls wait for, is held for no longer than the commit takes. Everybody locks the generation first and a chain
    /// second, and nobody the other way round.
    pub(super) async fn commit(mut self) -> Result<(), StoreError> {
        crash_points::step(self.name, "record");
        self.store.append_in(&mut self.tx, std::slice::from_ref(self.record)).await?;
        let notices = [Notice::PluginsChanged];
        self.store.notices().stage(&mut self.tx, &notices).await?;
        crash_points::step(self.name, "commit");
        self.tx.commit().await?;
        crash_points::step(self.name, "committed");
        self.store.notices().publish(&notices);
        Ok(())
    }

    /// Commits, and returns the installation as it is then.
    pub(super) async fn finish(mut self, id: InstallationId) -> Result<InstallationRow, InstallationError> {
        let row = read_installations(&mut self.tx, Some(id)).await?.pop().ok_or(InstallationError::NotFound)?;
        self.commit().await?;
        Ok(row)
    }

    /// Takes a staged package: it is no longer anybody's to sweep.
    pub(super) async fn take_package(&mut self, digest: &PackageDigest) -> Result<(), InstallationError> {
        let taken = self
            .write(
                "packages",
                "update plugin_packages
                set staged_at = null
                where digest = $1
                    and complete",
                args![digest],
            )
            .await?;
        if taken == 0 { Err(InstallationError::UnknownPackage) } else { Ok(()) }
    }

    /// Removes packages that nothing refers to any more, except those that somebody staged.
    pub(super) async fn drop_packages(&mut self) -> Result<(), sqlx::Error> {
        self.write(
            "drop_packages",
            "delete from plugin_packages
            where staged_at is null
                and not exists (select 1 from plugin_versions where plugin_versions.digest = plugin_packages.digest)",
            &[],
        )
        .await?;
        Ok(())
    }

    /// Counts the revision up when it is the expected one. A version that takes over leaves old problems behind.
    pub(super) async fn expect_revision(
        &mut self,
        id: InstallationId,
        revision: i64,
        takes_over: bool,
    ) -> Result<(), InstallationError> {
        let now = self.now;
        let changed = self
            .write(
                "installations",
                "update plugin_installations
                set revision = revision + 1,
                    last_problem = case when $4 then null else last_problem end,
                    updated_at = $3
                where id = $1
                    and revision = $2",
                args![id, revision, now, takes_over],
            )
            .await?;
        if changed == 0 { Err(self.missing_or_changed(id).await?) } else { Ok(()) }
    }

    /// Why a conditional write touched nothing.
    pub(super) async fn missing_or_changed(&mut self, id: InstallationId) -> Result<InstallationError, sqlx::Error> {
        let there = self.tx.fetch_optional("select id from plugin_installations where id = $1", args![id]).await?;
        Ok(if there.is_some() { InstallationError::Changed } else { InstallationError::NotFound })
    }

    pub(super) async fn insert_version(
        &mut self,
        id: InstallationId,
        slot: Slot,
        version: &VersionRow,
    ) -> Result<(), InstallationError> {
        let requests = powers_text(&version.requests)?;
        let texts = [&version.version, &version.manifest, &requests, &version.source, &version.pinned];
        let bytes: usize = texts.iter().map(|text| text.len()).sum();
        if bytes > MAX_VERSION_BYTES {
            return Err(StoreError::TooLarge { what: "the version's texts in bytes", limit: MAX_VERSION_BYTES }.into());
        }
        self.write(
            "versions",
            "insert into plugin_versions (
                installation_id, slot, digest, version, manifest, requests, source, pinned, signature, publisher,
                installed_at, installed_by
            )
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
            args![
                id,
                slot.as_str(),
                &version.digest,
                clean(&version.version).as_str(),
                clean(&version.manifest).as_str(),
                requests.as_str(),
                clean(&version.source).as_str(),
                clean(&version.pinned).as_str(),
                clean(&version.signature).as_str(),
                Arg::MaybeText(version.publisher.as_deref().map(clean).as_deref()),
                version.installed_at.trunc_subsecs(6),
                &version.installed_by,
            ],
        )
        .await?;
        Ok(())
    }

    /// Stores what is given in one place, in place of what was.
    pub(super) async fn set_grant(
        &mut self,
        id: InstallationId,
        given: &GivenPowers,
        by: &UserId,
    ) -> Result<(), InstallationError> {
        // Two unique indexes, because nulls never equal each other.
        let sql = match given.project {
            Some(_) => {
                "insert into plugin_grants (id, installation_id, project_id, powers, given_by, given_at)
                values ($1, $2, $3, $4, $5, $6)
                on conflict (installation_id, project_id) where project_id is not null do update
                set powers = excluded.powers,
                    given_by = excluded.given_by,
                    given_at = excluded.given_at"
            }
            None => {
                "insert into plugin_grants (id, installation_id, project_id, powers, given_by, given_at)
                values ($1, $2, $3, $4, $5, $6)
                on conflict (installation_id) where project_id is null do update
                set powers = excluded.powers,
                    given_by = excluded.given_by,
                    given_at = excluded.given_at"
            }
        };
        let project = Arg::MaybeUuid(given.project.map(|project| project.as_uuid()));
        let powers = powers_text(&given.powers)?;
        let now = self.now;
        self.write("grants", sql, args![Uuid::now_v7(), id, project, powers.as_str(), by, now]).await?;
        Ok(())
    }

    /// Refuses a project that is not the user's, and keeps it from being deleted until the change is done.
    pub(super) async fn check_project(&mut self, user: &UserId, project: ProjectId) -> Result<(), InstallationError> {
        let sql = Sql::Each {
            sqlite: "select id from projects where id = $1 and user_id = $2",
            postgres: "select id from projects where id = $1 and user_id = $2 for key share",
        };
        match self.tx.fetch_optional(sql, args![project, user]).await? {
            Some(_) => Ok(()),
            None => Err(StoreError::NotFound("project").into()),
        }
    }

    /// Refuses an installation that is neither everyone's nor the user's own.
    pub(super) async fn check_visible(&mut self, user: &UserId, id: InstallationId) -> Result<(), InstallationError> {
        let own = super::owner_text(&PluginOwner::User(user.clone()));
        let everyone = super::owner_text(&PluginOwner::Everyone);
        let row = self
            .tx
            .fetch_optional(
                "select id
                from plugin_installations
                where id = $1
                    and owner in ($2, $3)",
                args![id, own.as_str(), everyone.as_str()],
            )
            .await?;
        if row.is_some() { Ok(()) } else { Err(InstallationError::NotFound) }
    }

    /// Removes what a plugin of this name kept in the projects where this owner's is the one that is used: the own
    /// projects of a user, or those of everybody who has no plugin of the name of their own.
    pub(super) async fn drop_state(&mut self, owner: &PluginOwner, name: &PluginName) -> Result<(), sqlx::Error> {
        match owner {
            PluginOwner::User(user) => {
                self.write(
                    "state",
                    "delete from plugin_state
                    where plugin = $1
                        and project_id in (select id from projects where user_id = $2)",
                    args![name.as_str(), user],
                )
                .await?
            }
            PluginOwner::Everyone => {
                self.write(
                    "state",
                    "delete from plugin_state
                    where plugin = $1
                        and not exists (
                            select 1
                            from projects
                                join plugin_installations on plugin_installations.owner = 'user:' || projects.user_id
                            where projects.id = plugin_state.project_id
                                and plugin_installations.name = $1
                        )",
                    args![name.as_str()],
                )
                .await?
            }
        };
        Ok(())
    }
}

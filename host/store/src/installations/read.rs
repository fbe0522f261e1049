//! Reading installations, whole and at one moment.

use std::collections::HashMap;

use bricklayer_domain::{InstallationId, PackageDigest, PluginName, PluginOwner, ProjectId, UserId};
use uuid::Uuid;

use super::{GrantRow, InstallationRow, PluginSnapshot, VersionRow};
use crate::engine::{Arg, Row, Tx, args};
use crate::error::StoreError;
use crate::store::Store;

impl Store {
    /// Everything about plugins, at one moment.
    ///
    /// # Errors
    /// When the database fails or holds what this program would never write.
    pub async fn plugin_snapshot(&self) -> Result<PluginSnapshot, StoreError> {
        let mut tx = self.engine().begin_read().await?;
        let generation = generation(tx.fetch_optional(GENERATION, &[]).await?)?;
        let installations = read_installations(&mut tx, None).await?;
        let switches = tx
            .fetch_all(
                "select project_id, name, enabled
                from shipped_plugin_switches
                order by project_id, name",
                &[],
            )
            .await?;
        let shipped_switches = switches
            .iter()
            .map(|row| {
                let name = PluginName::parse(&row.text("name")?)
                    .map_err(|e| StoreError::inconsistent("shipped_plugin_switches", e))?;
                Ok((ProjectId::from_uuid(row.uuid("project_id")?), name, row.bool("enabled")?))
            })
            .collect::<Result<_, StoreError>>()?;
        Ok(PluginSnapshot { generation, installations, shipped_switches })
    }

    /// All installations, by name, then owner (everyone's first).
    ///
    /// # Errors
    /// When the database fails or holds what this program would never write.
    pub async fn list_installations(&self) -> Result<Vec<InstallationRow>, StoreError> {
        read_installations(&mut self.engine().begin_read().await?, None).await
    }

    /// One installation, whoever's it is: callers decide who may see it.
    ///
    /// # Errors
    /// When the database fails or holds what this program would never write.
    pub async fn get_installation(&self, id: InstallationId) -> Result<Option<InstallationRow>, StoreError> {
        Ok(read_installations(&mut self.engine().begin_read().await?, Some(id)).await?.pop())
    }

    /// A number that grows with every change of plugins, by any process. One small read.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn plugin_generation(&self) -> Result<i64, StoreError> {
        generation(self.engine().fetch_optional(GENERATION, &[]).await?)
    }
}

const GENERATION: &str = "select generation from plugin_generation";

fn generation(row: Option<Row>) -> Result<i64, StoreError> {
    Ok(row.ok_or_else(|| StoreError::inconsistent("plugin_generation", "its row is missing"))?.int("generation")?)
}

/// What was given in one place.
pub(super) async fn read_grant(
    tx: &mut Tx,
    id: InstallationId,
    project: Option<ProjectId>,
) -> Result<Option<Vec<String>>, StoreError> {
    let row = match project {
        Some(project) => {
            tx.fetch_optional(
                "select powers from plugin_grants where installation_id = $1 and project_id = $2",
                args![id, project],
            )
            .await?
        }
        None => {
            tx.fetch_optional(
                "select powers from plugin_grants where installation_id = $1 and project_id is null",
                args![id],
            )
            .await?
        }
    };
    row.map(|row| powers(&row, "powers", "plugin_grants")).transpose()
}

/// One installation or all, in the caller's transaction.
pub(super) async fn read_installations(
    tx: &mut Tx,
    id: Option<InstallationId>,
) -> Result<Vec<InstallationRow>, StoreError> {
    let only = [Arg::MaybeUuid(id.map(|id| id.as_uuid()))];
    let rows = tx
        .fetch_all(
            "select id, owner, name, enabled, last_problem, revision, created_at, updated_at
            from plugin_installations
            where id = coalesce($1, id)
            order by name, owner",
            &only,
        )
        .await?;
    let mut parts = Parts::read(tx, &only).await?;
    rows.iter().map(|row| parts.assemble(row)).collect()
}

/// What belongs to installations, by their ids.
#[derive(Default)]
struct Parts {
    versions: HashMap<(Uuid, String), VersionRow>,
    grants: HashMap<Uuid, Vec<GrantRow>>,
    switches: HashMap<Uuid, Vec<(ProjectId, bool)>>,
}

impl Parts {
    async fn read(tx: &mut Tx, only: &[Arg<'_>]) -> Result<Self, StoreError> {
        let mut parts = Self::default();
        let versions = tx
            .fetch_all(
                "select installation_id, slot, digest, version, manifest, requests, source, pinned, signature,
                    publisher, installed_at, installed_by
                from plugin_versions
                where installation_id = coalesce($1, installation_id)",
                only,
            )
            .await?;
        for row in &versions {
            parts.versions.insert((row.uuid("installation_id")?, row.text("slot")?), version(row)?);
        }
        let grants = tx
            .fetch_all(
                "select installation_id, project_id, powers, given_by, given_at
                from plugin_grants
                where installation_id = coalesce($1, installation_id)
                order by project_id is not null, project_id",
                only,
            )
            .await?;
        for row in &grants {
            parts.grants.entry(row.uuid("installation_id")?).or_default().push(grant(row)?);
        }
        let switches = tx
            .fetch_all(
                "select installation_id, project_id, enabled
                from plugin_switches
                where installation_id = coalesce($1, installation_id)
                order by project_id",
                only,
            )
            .await?;
        for row in &switches {
            let switch = (ProjectId::from_uuid(row.uuid("project_id")?), row.bool("enabled")?);
            parts.switches.entry(row.uuid("installation_id")?).or_default().push(switch);
        }
        Ok(parts)
    }

    fn assemble(&mut self, row: &Row) -> Result<InstallationRow, StoreError> {
        let id = row.uuid("id")?;
        let mut slot = |slot: &str| self.versions.remove(&(id, slot.to_owned()));
        let active = slot("active")
            .ok_or_else(|| StoreError::inconsistent("plugin_versions", format!("{id} has no active version")))?;
        Ok(InstallationRow {
            id: InstallationId::from_uuid(id),
            owner: owner(&row.text("owner")?)?,
            name: PluginName::parse(&row.text("name")?)
                .map_err(|e| StoreError::inconsistent("plugin_installations", e))?,
            enabled: row.bool("enabled")?,
            active,
            previous: slot("previous"),
            pending: slot("pending"),
            last_problem: row.maybe_text("last_problem")?,
            grants: self.grants.remove(&id).unwrap_or_default(),
            switches: self.switches.remove(&id).unwrap_or_default(),
            revision: row.int("revision")?,
            created_at: row.time("created_at")?,
            updated_at: row.time("updated_at")?,
        })
    }
}

fn owner(text: &str) -> Result<PluginOwner, StoreError> {
    match text.strip_prefix("user:") {
        Some(user) => {
            Ok(PluginOwner::User(UserId::parse(user).map_err(|e| StoreError::inconsistent("plugin_installations", e))?))
        }
        None if text == "everyone" => Ok(PluginOwner::Everyone),
        None => Err(StoreError::inconsistent("plugin_installations", format!("unknown owner {text}"))),
    }
}

fn version(row: &Row) -> Result<VersionRow, StoreError> {
    let wrong = |e| StoreError::inconsistent("plugin_versions", e);
    Ok(VersionRow {
        digest: PackageDigest::parse(&row.text("digest")?).map_err(wrong)?,
        version: row.text("version")?,
        manifest: row.text("manifest")?,
        requests: powers(row, "requests", "plugin_versions")?,
        source: row.text("source")?,
        pinned: row.text("pinned")?,
        signature: row.text("signature")?,
        publisher: row.maybe_text("publisher")?,
        installed_at: row.time("installed_at")?,
        installed_by: UserId::parse(&row.text("installed_by")?).map_err(wrong)?,
    })
}

fn grant(row: &Row) -> Result<GrantRow, StoreError> {
    Ok(GrantRow {
        project: row.maybe_uuid("project_id")?.map(ProjectId::from_uuid),
        powers: powers(row, "powers", "plugin_grants")?,
        given_by: UserId::parse(&row.text("given_by")?).map_err(|e| StoreError::inconsistent("plugin_grants", e))?,
        at: row.time("given_at")?,
    })
}

fn powers(row: &Row, column: &str, table: &'static str) -> Result<Vec<String>, StoreError> {
    serde_json::from_str(&row.text(column)?).map_err(|e| StoreError::inconsistent(table, e))
}

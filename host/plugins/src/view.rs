//! Installations as people see them.

use std::sync::Arc;

use bricklayer_domain::{InstallationId, PackageDigest, PluginName, PluginOwner, ProjectId, ToolSpec, UserId};
use bricklayer_package::{Manifest, PackageContents, Power, Powers};
use bricklayer_store::{InstallationRow, VersionRow};
use chrono::{DateTime, Utc};

use crate::PluginError;
use crate::catalogue::VersionDiff;
use crate::live::{self, Live};
use crate::policy::Actor;
use crate::service::PluginService;

/// Whose a plugin is, for the one who looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Part of the host.
    Shipped,
    /// Installed for all users.
    Everyone,
    /// One person's own.
    Mine,
}

/// How a plugin fares on this host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PluginStatus {
    /// Its active version serves.
    Active,
    /// It serves, and an update waits for consent.
    UpdateWaiting,
    /// Its active version does not load here; the last good one serves, when there is one.
    Failing,
    /// Somebody disabled it.
    Disabled,
}

/// Where a power that is asked for was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Given {
    /// In all projects.
    Everywhere,
    /// In the project in question.
    Project,
    /// Not.
    No,
}

/// An update that waits.
#[derive(Debug, Clone)]
pub struct PendingView {
    /// Its package.
    pub digest: PackageDigest,
    /// Its version.
    pub version: String,
    /// What it changes; without its tools when its package cannot be read now.
    pub diff: VersionDiff,
}

/// An installation as a person sees it.
#[derive(Debug, Clone)]
pub struct PluginView {
    /// Its id.
    pub id: InstallationId,
    /// Its name.
    pub name: PluginName,
    /// Whose it is.
    pub scope: Scope,
    /// The active version's manifest.
    pub manifest: Manifest,
    /// The active version's package.
    pub digest: PackageDigest,
    /// Where it came from, as asked.
    pub source: String,
    /// The same, pinned.
    pub pinned: String,
    /// What its signature was worth: a word.
    pub signature: String,
    /// Who signed it, when that is known.
    pub publisher: Option<String>,
    /// Whether it may be used at all.
    pub enabled: bool,
    /// Whether it is on in the project in question.
    pub project_enabled: bool,
    /// How it fares here.
    pub status: PluginStatus,
    /// What is wrong, or was.
    pub problem: Option<String>,
    /// The tools that serve.
    pub tools: Vec<ToolSpec>,
    /// What it asks for, and where that was given.
    pub requests: Vec<(Power, Given)>,
    /// The update that waits.
    pub pending: Option<PendingView>,
    /// The version to go back to: package and version.
    pub previous: Option<(PackageDigest, String)>,
    /// When it was installed; none for what ships with the host.
    pub installed_at: Option<DateTime<Utc>>,
    /// When it was last changed.
    pub updated_at: Option<DateTime<Utc>>,
    /// Who brought the active version.
    pub installed_by: Option<UserId>,
    /// Whether the one who looks may change it.
    pub can_manage: bool,
}

impl PluginService {
    /// All that the actor sees: the shipped families, everyone's, and their own. With a project, as it is there.
    ///
    /// # Errors
    /// [`PluginError::NoProject`], or the database's failure.
    pub async fn list(&self, actor: &Actor, project: Option<ProjectId>) -> Result<Vec<PluginView>, PluginError> {
        if let Some(project) = project {
            self.own_project(actor, project).await?;
        }
        let table = self.inner.table.load_full();
        let visible: Vec<Arc<Live>> = match actor {
            Actor::User(user) => table.visible(user).into_iter().cloned().collect(),
            Actor::Operator(_) => {
                let mut installed: Vec<_> = table.installed().cloned().collect();
                installed.sort_by(|a, b| (&a.name, &a.owner).cmp(&(&b.name, &b.owner)));
                table.shipped().iter().cloned().chain(installed).collect()
            }
        };
        let mut views = Vec::with_capacity(visible.len());
        for live in visible {
            views.extend(self.view_of(actor, &live, project).await);
        }
        Ok(views)
    }

    /// One of these.
    ///
    /// # Errors
    /// [`PluginError::NotFound`], [`PluginError::NoProject`], or the database's failure.
    pub async fn view(
        &self,
        actor: &Actor,
        id: InstallationId,
        project: Option<ProjectId>,
    ) -> Result<PluginView, PluginError> {
        let live = self.seen_or_stored(actor, id).await?;
        if let Some(project) = project {
            self.own_project(actor, project).await?;
        }
        self.view_of(actor, &live, project).await.ok_or(PluginError::NotFound)
    }

    /// What the active version's package holds: its picture and its description for people.
    ///
    /// # Errors
    /// [`PluginError`].
    pub async fn package_contents(
        &self,
        actor: &Actor,
        id: InstallationId,
    ) -> Result<Arc<PackageContents>, PluginError> {
        let live = self.seen_or_stored(actor, id).await?;
        if let Some(row) = live.row() {
            return self.contents(&row.active.digest).await;
        }
        let index = self.inner.shipped_names.iter().position(|name| *name == live.name);
        let bytes = index.and_then(|index| self.inner.shipped.get(index)).ok_or(PluginError::NotFound)?;
        Ok(Arc::new(bricklayer_package::read(bytes)?))
    }

    /// The installation from memory; from the database when another host installed it a moment ago.
    pub(crate) async fn seen_or_stored(&self, actor: &Actor, id: InstallationId) -> Result<Arc<Live>, PluginError> {
        match self.seen(actor, id) {
            Err(PluginError::NotFound) => {
                let row = self.inner.store.get_installation(id).await?.ok_or(PluginError::NotFound)?;
                if !self.inner.policy.sees(actor, &row.owner) {
                    return Err(PluginError::NotFound);
                }
                self.show_change().await;
                self.seen(actor, id)
            }
            seen => seen,
        }
    }

    async fn view_of(&self, actor: &Actor, live: &Live, project: Option<ProjectId>) -> Option<PluginView> {
        let serving = live.serving.as_ref();
        let tools = serving
            .map(|serving| serving.plugin.tools().iter().map(|spec| spec.as_ref().clone()).collect())
            .unwrap_or_default();
        let project_enabled = project.is_none_or(|project| live.on_in(project));
        let Some(row) = live.row() else {
            let serving = serving?;
            let manifest = serving.plugin.manifest().clone();
            return Some(PluginView {
                id: live.id,
                name: live.name.clone(),
                scope: Scope::Shipped,
                requests: manifest.requests().iter().map(|power| (power.clone(), Given::Everywhere)).collect(),
                manifest,
                digest: serving.digest.clone(),
                source: "shipped".to_owned(),
                pinned: "shipped".to_owned(),
                signature: "trusted".to_owned(),
                publisher: None,
                enabled: true,
                project_enabled,
                status: PluginStatus::Active,
                problem: None,
                tools,
                pending: None,
                previous: None,
                installed_at: None,
                updated_at: None,
                installed_by: None,
                can_manage: false,
            });
        };
        let manifest = Manifest::parse(&row.active.manifest).ok();
        let manifest = manifest.or_else(|| serving.map(|serving| serving.plugin.manifest().clone()))?;
        Some(PluginView {
            id: live.id,
            name: live.name.clone(),
            scope: if live.owner == PluginOwner::Everyone { Scope::Everyone } else { Scope::Mine },
            manifest,
            digest: row.active.digest.clone(),
            source: row.active.source.clone(),
            pinned: row.active.pinned.clone(),
            signature: row.active.signature.clone(),
            publisher: row.active.publisher.clone(),
            enabled: live.enabled,
            project_enabled,
            status: status(live, row),
            problem: live.problem.clone().or_else(|| row.last_problem.clone()),
            tools,
            requests: requests(row, project),
            pending: match &row.pending {
                Some(pending) => Some(self.pending(&row.active, pending).await),
                None => None,
            },
            previous: row.previous.as_ref().map(|version| (version.digest.clone(), version.version.clone())),
            installed_at: Some(row.created_at),
            updated_at: Some(row.updated_at),
            installed_by: Some(row.active.installed_by.clone()),
            can_manage: self.inner.policy.may_manage(actor, &live.owner).is_ok(),
        })
    }

    async fn pending(&self, active: &VersionRow, pending: &VersionRow) -> PendingView {
        let old = self.tools_of_version(active).await.unwrap_or_default();
        let new = self.tools_of_version(pending).await.unwrap_or_default();
        PendingView {
            digest: pending.digest.clone(),
            version: pending.version.clone(),
            diff: VersionDiff::between((&live::requests(active), &old), (&live::requests(pending), &new)),
        }
    }
}

fn status(live: &Live, row: &InstallationRow) -> PluginStatus {
    if !live.enabled {
        PluginStatus::Disabled
    } else if live.problem.is_some() {
        PluginStatus::Failing
    } else if row.pending.is_some() {
        PluginStatus::UpdateWaiting
    } else {
        PluginStatus::Active
    }
}

fn requests(row: &InstallationRow, project: Option<ProjectId>) -> Vec<(Power, Given)> {
    let everywhere = live::given(row, None);
    let here = project.map(|project| live::given(row, Some(project))).unwrap_or_default();
    let given = |power: &Power| match power {
        power if everywhere.covers(power) => Given::Everywhere,
        power if here.covers(power) => Given::Project,
        _ => Given::No,
    };
    let requests: Powers = live::requests(&row.active);
    requests.iter().map(|power| (power.clone(), given(power))).collect()
}

//! One installation as it serves now: its code, its powers, its switches. Immutable; a change makes a new one.

use std::collections::HashMap;
use std::sync::Arc;

use bricklayer_domain::{InstallationId, PackageDigest, PluginName, PluginOwner, ProjectId};
use bricklayer_package::Powers;
use bricklayer_runtime::{Grants, Plugin};
use bricklayer_store::{InstallationRow, VersionRow};

use crate::policy::Policy;
use crate::trial::Trial;

/// Where an installation comes from.
#[derive(Debug, Clone)]
pub(crate) enum Origin {
    /// Part of the host: everyone's, all it asks for is given, cannot be removed.
    Shipped,
    /// Somebody installed it.
    Installed(Arc<InstallationRow>),
}

/// The code that serves.
#[derive(Debug, Clone)]
pub(crate) struct Serving {
    pub(crate) plugin: Arc<Plugin>,
    pub(crate) digest: PackageDigest,
    /// Outlives changes of grants and switches, ends with the version.
    pub(crate) trial: Arc<Trial>,
}

/// One installation as it serves now.
#[derive(Debug)]
pub(crate) struct Live {
    pub(crate) id: InstallationId,
    pub(crate) name: PluginName,
    pub(crate) owner: PluginOwner,
    pub(crate) origin: Origin,
    /// None when no version of it could be loaded here.
    pub(crate) serving: Option<Serving>,
    /// Why the active version does not serve here, when it does not.
    pub(crate) problem: Option<String>,
    pub(crate) enabled: bool,
    switches: HashMap<ProjectId, bool>,
    /// What calls may do where the project gives nothing of its own.
    everywhere: Arc<Grants>,
    /// What calls may do in the projects that give something of their own.
    in_projects: HashMap<ProjectId, Arc<Grants>>,
}

impl Live {
    /// A family that ships with the host; all it asks for is given, because who runs the host gave it by running it.
    pub(crate) fn shipped(id: InstallationId, serving: Serving, switches: HashMap<ProjectId, bool>) -> Self {
        Self {
            id,
            name: serving.plugin.name().clone(),
            owner: PluginOwner::Everyone,
            origin: Origin::Shipped,
            problem: None,
            enabled: true,
            switches,
            everywhere: Arc::new(Grants::from_powers(&serving.plugin.manifest().requests())),
            in_projects: HashMap::new(),
            serving: Some(serving),
        }
    }

    /// An installation with the code that serves it, which is not that of the active version when `problem` says so.
    /// What is given counts only as far as that very code asks for it.
    pub(crate) fn installed(
        row: Arc<InstallationRow>,
        serving: Option<Serving>,
        problem: Option<String>,
        policy: &Policy,
    ) -> Self {
        let requests = serving.as_ref().map(|serving| serving.plugin.manifest().requests()).unwrap_or_default();
        let grants = |given: &Powers| effective(given, &requests, policy);
        let everywhere = given(&row, None);
        let in_projects = row
            .grants
            .iter()
            .filter_map(|grant| grant.project)
            .map(|project| (project, grants(&everywhere.union(&given(&row, Some(project))))))
            .collect();
        Self {
            id: row.id,
            name: row.name.clone(),
            owner: row.owner.clone(),
            problem,
            enabled: row.enabled,
            switches: row.switches.iter().copied().collect(),
            everywhere: grants(&everywhere),
            in_projects,
            origin: Origin::Installed(row),
            serving,
        }
    }

    /// Whether the project uses it: on, unless switched off there.
    pub(crate) fn on_in(&self, project: ProjectId) -> bool {
        self.switches.get(&project).copied().unwrap_or(true)
    }

    /// What a call in the project may do; without a project, what it may do everywhere.
    pub(crate) fn grants(&self, project: Option<ProjectId>) -> &Arc<Grants> {
        project.and_then(|project| self.in_projects.get(&project)).unwrap_or(&self.everywhere)
    }

    /// What a call of this code, which may be another version than the one that serves, may do in the project.
    pub(crate) fn grants_of(&self, plugin: &Plugin, project: Option<ProjectId>, policy: &Policy) -> Arc<Grants> {
        let Origin::Installed(row) = &self.origin else { return Arc::clone(self.grants(project)) };
        if self.serving.as_ref().is_some_and(|serving| std::ptr::eq(&*serving.plugin, plugin)) {
            return Arc::clone(self.grants(project));
        }
        let everywhere = given(row, None);
        let given = if project.is_some() { everywhere.union(&given(row, project)) } else { everywhere };
        effective(&given, &plugin.manifest().requests(), policy)
    }

    /// The stored row of an installed one.
    pub(crate) const fn row(&self) -> Option<&Arc<InstallationRow>> {
        match &self.origin {
            Origin::Shipped => None,
            Origin::Installed(row) => Some(row),
        }
    }
}

/// What code that asks for these powers may do when it was given those.
fn effective(given: &Powers, requests: &Powers, policy: &Policy) -> Arc<Grants> {
    Arc::new(Grants::from_powers(&policy.within_ceilings(&Powers::effective(given, requests))))
}

/// The powers given everywhere, or in one project. An id that this build cannot read (a newer host's) gives nothing.
pub(crate) fn given(row: &InstallationRow, project: Option<ProjectId>) -> Powers {
    row.grants
        .iter()
        .filter(|grant| grant.project == project)
        .flat_map(|grant| grant.powers.iter().filter_map(|id| bricklayer_package::Power::parse(id).ok()))
        .collect()
}

/// What a stored version asks for. An id that this build cannot read asks for nothing that could be given.
pub(crate) fn requests(version: &VersionRow) -> Powers {
    version.requests.iter().filter_map(|id| bricklayer_package::Power::parse(id).ok()).collect()
}

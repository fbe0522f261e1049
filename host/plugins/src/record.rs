//! What is written down about every change, with the change itself: who, what, which digests, which powers.

use bricklayer_domain::{AuditBody, ChangeAudit, InstallationId, PackageDigest, PluginName, PluginOwner, ProjectId};
use bricklayer_store::{AuditEntry, InstallationRow};

use crate::live::Live;
use crate::policy::Actor;
use crate::service::PluginService;

/// What was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChangeKind {
    Installed,
    Updated,
    Waiting,
    Consented,
    Rejected,
    RolledBack,
    RolledBackByItself,
    Granted,
    Enabled,
    Disabled,
    SwitchedOn,
    SwitchedOff,
    Removed,
}

impl ChangeKind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Installed => "installed",
            Self::Updated => "updated",
            Self::Waiting => "update-waiting",
            Self::Consented => "consented",
            Self::Rejected => "update-rejected",
            Self::RolledBack => "rolled-back",
            Self::RolledBackByItself => "rolled-back-by-itself",
            Self::Granted => "granted",
            Self::Enabled => "enabled",
            Self::Disabled => "disabled",
            Self::SwitchedOn => "switched-on",
            Self::SwitchedOff => "switched-off",
            Self::Removed => "removed",
        }
    }
}

/// One change's particulars.
#[derive(Debug)]
pub(crate) struct Change<'a> {
    /// None while it is being installed: the store gives the id.
    pub(crate) id: Option<InstallationId>,
    pub(crate) name: &'a PluginName,
    pub(crate) owner: &'a PluginOwner,
    pub(crate) project: Option<ProjectId>,
    /// The version that serves, or waits, from now on.
    pub(crate) digest: Option<&'a PackageDigest>,
    /// The version that served until now.
    pub(crate) before: Option<&'a PackageDigest>,
    /// The powers that were given, or that are asked for in addition.
    pub(crate) powers: Vec<String>,
    pub(crate) problem: Option<String>,
}

impl<'a> Change<'a> {
    pub(crate) fn of(row: &'a InstallationRow) -> Self {
        Self { id: Some(row.id), ..Self::new(&row.name, &row.owner) }
    }

    pub(crate) fn of_live(live: &'a Live) -> Self {
        Self { id: Some(live.id), ..Self::new(&live.name, &live.owner) }
    }

    pub(crate) const fn new(name: &'a PluginName, owner: &'a PluginOwner) -> Self {
        Self { id: None, name, owner, project: None, digest: None, before: None, powers: Vec::new(), problem: None }
    }

    /// The record that the store appends in the transaction of the change.
    pub(crate) fn by(self, actor: &Actor, kind: ChangeKind) -> AuditEntry {
        let owner = match self.owner {
            PluginOwner::Everyone => "everyone",
            PluginOwner::User(user) => user.as_str(),
        };
        AuditEntry {
            at: bricklayer_domain::now(),
            user: actor.user().clone(),
            project: self.project,
            turn: None,
            plugin: self.name.clone(),
            installation: self.id,
            digest: self.digest.cloned(),
            tool: String::new(),
            outcome: kind.as_str().to_owned(),
            body: AuditBody::Change(ChangeAudit {
                owner: owner.to_owned(),
                before: self.before.cloned(),
                powers: self.powers,
                problem: self.problem,
            }),
        }
    }
}

impl PluginService {
    /// Shows a change that the store made and wrote down in the catalogue, and tells the operator's log of it.
    pub(crate) async fn made(&self, record: &AuditEntry) {
        tracing::info!(
            user.id = %record.user, plugin.name = %record.plugin, change = record.outcome,
            plugin.digest = record.digest.as_ref().map(tracing::field::display), "plugins changed"
        );
        self.show_change().await;
    }
}

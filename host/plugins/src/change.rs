//! Changing what is installed: each change is checked, prepared, and then published by one transaction of the store,
//! its audit record with it.
//!
//! Nothing is published that did not compile, link and start here. A process that dies in between leaves what was
//! before; a package that was staged and not published is swept.

use std::sync::Arc;

use bricklayer_domain::{InstallationId, PackageDigest, PluginOwner, ProjectId};
use bricklayer_package::{PackageError, Powers};
use bricklayer_runtime::{Plugin, ToolNamespace};
use bricklayer_store::{GivenPowers, InstallationError, InstallationRow, NewInstallation, VersionRow};

use crate::PluginError;
use crate::catalogue::{VersionDiff, tools_of};
use crate::inspect::{Candidate, Gathered, UPLOAD};
use crate::live::{self, Live};
use crate::policy::Actor;
use crate::record::{Change, ChangeKind};
use crate::service::PluginService;

/// Where an update comes from.
#[derive(Debug, Clone)]
pub enum UpdateFrom {
    /// The installation's own source, looked at again.
    OwnSource,
    /// Another source, as a person wrote it. Asking for it by the installation's id is what keeps the grants.
    Source(String),
    /// What the actor inspected.
    Staged(PackageDigest),
}

/// What became of an update.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpdateOutcome {
    /// It is the version that serves.
    Unchanged,
    /// It serves from now on.
    Swapped,
    /// It asks for more than the version that serves, and waits for consent.
    Waiting,
}

impl PluginService {
    /// Installs what the actor inspected, with the powers that they give, everywhere or in one of their projects.
    ///
    /// # Errors
    /// [`PluginError`]; nothing is installed then.
    pub async fn install(
        &self,
        actor: &Actor,
        staged: &PackageDigest,
        owner: PluginOwner,
        grants: &[String],
        project: Option<ProjectId>,
    ) -> Result<InstallationId, PluginError> {
        self.inner.policy.may_install_for(actor, &owner)?;
        if let Some(project) = project {
            self.own_project(actor, project).await?;
        }
        let candidate = self.judge(self.staged(actor, staged).await?, None).await?.accepted()?;
        let given = asked_for(grants, &candidate.requests())?;
        self.prepare(&candidate).await?;
        let version = candidate.version(actor.user());
        let name = candidate.name().clone();
        let grants = if given.is_empty() { vec![] } else { vec![GivenPowers { project, powers: given.ids() }] };
        let change =
            Change { digest: Some(&version.digest), project, powers: given.ids(), ..Change::new(&name, &owner) };
        let record = change.by(actor, ChangeKind::Installed);
        let new = NewInstallation { owner, name: name.clone(), version, grants };
        let row = self.inner.store.install_plugin(new, &record).await.map_err(|error| match error {
            InstallationError::NameTaken => PluginError::NameTaken(name.to_string()),
            error => error.into(),
        })?;
        self.made(&record).await;
        Ok(row.id)
    }

    /// Brings another version of an installation. The same one changes nothing; one that asks for no more than the
    /// version that serves takes its place at once, and calls that run finish on the old one; one that asks for more
    /// waits for consent; one that does not work is refused, and the version that serves stays.
    ///
    /// # Errors
    /// [`PluginError`]; nothing is changed then.
    pub async fn update(
        &self,
        actor: &Actor,
        id: InstallationId,
        from: UpdateFrom,
    ) -> Result<UpdateOutcome, PluginError> {
        let row = self.managed(actor, id).await?;
        self.inner.policy.may_install_for(actor, &row.owner).map_err(|error| match error {
            // The actor manages it, so that only the right to bring new code can be missing.
            PluginError::NotFound => PluginError::Conflict,
            error => error,
        })?;
        let candidate = self.candidate(actor, &row, from).await?;
        if candidate.digest == row.active.digest {
            return Ok(UpdateOutcome::Unchanged);
        }
        if *candidate.name() != row.name {
            let (expected, found) = (row.name.to_string(), candidate.name().to_string());
            return Err(PluginError::OtherPlugin { expected, found });
        }
        let candidate = candidate.accepted()?;
        self.prepare(&candidate).await?;
        self.inner.store.put_package(&candidate.digest, &candidate.bytes).await?;
        let version = candidate.version(actor.user());
        let old = self.tools_of_version(&row.active).await?;
        let new = tools_of(&candidate.contents);
        let diff = VersionDiff::between((&live::requests(&row.active), &old), (&candidate.requests(), &new));
        let change = Change { digest: Some(&version.digest), before: Some(&row.active.digest), ..Change::of(&row) };
        if diff.needs_consent() || loses_publisher(&row.active, &version) {
            let record = Change { powers: diff.powers.added.ids(), ..change }.by(actor, ChangeKind::Waiting);
            self.inner.store.set_pending_version(id, row.revision, Some(&version), &record).await?;
            self.made(&record).await;
            return Ok(UpdateOutcome::Waiting);
        }
        let record = change.by(actor, ChangeKind::Updated);
        self.inner.store.activate_version(id, row.revision, &version, None, actor.user(), &record).await?;
        self.made(&record).await;
        Ok(UpdateOutcome::Swapped)
    }

    /// Agrees to the update that waits, and gives it powers in addition to what was given. `digest` is the update that
    /// the person saw.
    ///
    /// # Errors
    /// [`PluginError`]; nothing is changed then.
    pub async fn consent(
        &self,
        actor: &Actor,
        id: InstallationId,
        digest: &PackageDigest,
        grants: &[String],
        project: Option<ProjectId>,
    ) -> Result<(), PluginError> {
        let row = self.managed(actor, id).await?;
        if let Some(project) = project {
            self.own_project(actor, project).await?;
        }
        let pending = row.pending.as_ref().ok_or(PluginError::NothingPending)?;
        if pending.digest != *digest {
            return Err(PluginError::PendingChanged);
        }
        // The policy may have changed since, a key may have expired, and this host may be another one.
        let candidate = self.judge(self.stored(pending).await?, None).await?;
        let candidate = self.accepted_again(candidate, pending)?;
        let given = asked_for(grants, &candidate.requests())?;
        self.prepare(&candidate).await?;
        let give = (!given.is_empty()).then(|| GivenPowers { project, powers: given.ids() });
        let before = Some(&row.active.digest);
        let change = Change { digest: Some(digest), before, project, powers: given.ids(), ..Change::of(&row) };
        let record = change.by(actor, ChangeKind::Consented);
        let store = &self.inner.store;
        store.activate_version(id, row.revision, pending, give.as_ref(), actor.user(), &record).await?;
        self.made(&record).await;
        Ok(())
    }

    /// Refuses the update that waits.
    ///
    /// # Errors
    /// [`PluginError`].
    pub async fn reject(&self, actor: &Actor, id: InstallationId) -> Result<(), PluginError> {
        let row = self.managed(actor, id).await?;
        let pending = row.pending.as_ref().ok_or(PluginError::NothingPending)?;
        let record = Change { digest: Some(&pending.digest), ..Change::of(&row) }.by(actor, ChangeKind::Rejected);
        self.inner.store.set_pending_version(id, row.revision, None, &record).await?;
        self.made(&record).await;
        Ok(())
    }

    /// Goes back to the version before.
    ///
    /// # Errors
    /// [`PluginError::NothingBefore`] and the like.
    pub async fn roll_back(&self, actor: &Actor, id: InstallationId) -> Result<(), PluginError> {
        let row = self.managed(actor, id).await?;
        let previous = row.previous.as_ref().ok_or(PluginError::NothingBefore)?;
        let problem = format!("version {} was rolled back by {}", row.active.version, actor.user());
        let (digest, before) = (Some(&previous.digest), Some(&row.active.digest));
        let record = Change { digest, before, ..Change::of(&row) }.by(actor, ChangeKind::RolledBack);
        self.inner.store.roll_back_plugin(id, &row.active.digest, &problem, &record).await?;
        self.made(&record).await;
        Ok(())
    }

    /// Goes back because the version keeps trapping. Of many hosts that find so, one does it.
    pub(crate) async fn roll_back_by_itself(&self, live: &Live, trapping: &PackageDigest) -> Result<(), PluginError> {
        let Some(row) = live.row() else { return Ok(()) };
        let Some(previous) = &row.previous else { return Ok(()) };
        let problem = format!(
            "version {} crashed {} times in a row and was rolled back to {}",
            row.active.version,
            crate::trial::TRAPS_IN_A_ROW,
            previous.version
        );
        // Written down for whom it concerns.
        let actor = match &live.owner {
            PluginOwner::Everyone => Actor::operator()?,
            PluginOwner::User(user) => Actor::User(user.clone()),
        };
        let (digest, before) = (Some(&previous.digest), Some(trapping));
        let change = Change { digest, before, problem: Some(problem.clone()), ..Change::of(row) };
        let record = change.by(&actor, ChangeKind::RolledBackByItself);
        match self.inner.store.roll_back_plugin(live.id, trapping, &problem, &record).await {
            Ok(_) => {}
            // Another host was first, or a person did something about it.
            Err(InstallationError::Changed | InstallationError::NoPrevious | InstallationError::NotFound) => {
                self.show_change().await;
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        }
        tracing::error!(plugin.name = %live.name, plugin.digest = %trapping, problem, "a plugin was rolled back");
        self.made(&record).await;
        Ok(())
    }

    /// Sets what is given everywhere, or in one of the actor's projects in addition. Calls that begin afterwards have
    /// exactly that, on this host at once and on others within seconds.
    ///
    /// # Errors
    /// [`PluginError`]; nothing is changed then.
    pub async fn set_grants(
        &self,
        actor: &Actor,
        id: InstallationId,
        project: Option<ProjectId>,
        grants: &[String],
    ) -> Result<(), PluginError> {
        let row = self.visible(actor, id).await?;
        let given = asked_for(grants, &live::requests(&row.active))?;
        match project {
            None => self.inner.policy.may_manage(actor, &row.owner)?,
            Some(project) => {
                self.own_project(actor, project).await?;
                // Taking back what one gave needs nobody's leave.
                if !live::given(&row, Some(project)).covers_all(&given) {
                    self.inner.policy.may_give_in_project(actor, &row.owner)?;
                }
            }
        }
        let record = Change { project, powers: given.ids(), ..Change::of(&row) }.by(actor, ChangeKind::Granted);
        self.inner.store.set_plugin_grants(id, project, &given.ids(), actor.user(), &record).await?;
        self.made(&record).await;
        Ok(())
    }

    /// Lets an installation be used, or not, in all projects.
    ///
    /// # Errors
    /// [`PluginError`].
    pub async fn set_enabled(&self, actor: &Actor, id: InstallationId, enabled: bool) -> Result<(), PluginError> {
        let row = self.managed(actor, id).await?;
        let record = Change::of(&row).by(actor, if enabled { ChangeKind::Enabled } else { ChangeKind::Disabled });
        self.inner.store.set_plugin_enabled(id, enabled, &record).await?;
        self.made(&record).await;
        Ok(())
    }

    /// Switches a plugin on or off in one of the actor's projects; the only thing that can be done to one that ships
    /// with the host.
    ///
    /// # Errors
    /// [`PluginError`].
    pub async fn set_switch(
        &self,
        actor: &Actor,
        id: InstallationId,
        project: ProjectId,
        enabled: bool,
    ) -> Result<(), PluginError> {
        let live = self.seen_or_stored(actor, id).await?;
        self.own_project(actor, project).await?;
        let kind = if enabled { ChangeKind::SwitchedOn } else { ChangeKind::SwitchedOff };
        let record = Change { project: Some(project), ..Change::of_live(&live) }.by(actor, kind);
        let (store, user) = (&self.inner.store, actor.user());
        match live.row() {
            None => store.set_shipped_plugin_switch(user, &live.name, project, Some(enabled), &record).await?,
            Some(_) => {
                store.set_plugin_switch(user, id, project, Some(enabled), &record).await?;
            }
        }
        self.made(&record).await;
        Ok(())
    }

    /// Removes an installation with its grants, switches and state. Calls that run finish; none begins any more.
    ///
    /// # Errors
    /// [`PluginError`].
    pub async fn remove(&self, actor: &Actor, id: InstallationId) -> Result<(), PluginError> {
        let row = self.managed(actor, id).await?;
        let change = Change { before: Some(&row.active.digest), ..Change::of(&row) };
        let record = change.by(actor, ChangeKind::Removed);
        self.inner.store.remove_plugin(id, &record).await?;
        self.made(&record).await;
        Ok(())
    }

    /// The stored installation, when the actor may see it. Read from the database: another host may have changed it a
    /// moment ago.
    pub(crate) async fn visible(&self, actor: &Actor, id: InstallationId) -> Result<InstallationRow, PluginError> {
        if self.inner.table.load().get(id).is_some_and(|live| live.is_shipped()) {
            return Err(PluginError::Shipped);
        }
        let row = self.inner.store.get_installation(id).await?.ok_or(PluginError::NotFound)?;
        if self.inner.policy.sees(actor, &row.owner) { Ok(row) } else { Err(PluginError::NotFound) }
    }

    /// As [`Self::visible`], when the actor may change it.
    async fn managed(&self, actor: &Actor, id: InstallationId) -> Result<InstallationRow, PluginError> {
        let row = self.visible(actor, id).await?;
        self.inner.policy.may_manage(actor, &row.owner)?;
        Ok(row)
    }

    /// The package of an update, read and judged.
    async fn candidate(
        &self,
        actor: &Actor,
        row: &InstallationRow,
        from: UpdateFrom,
    ) -> Result<Candidate, PluginError> {
        let gathered = match from {
            UpdateFrom::Staged(digest) => return self.judge(self.staged(actor, &digest).await?, None).await,
            UpdateFrom::OwnSource if row.active.source == UPLOAD => return Err(PluginError::NoSource),
            UpdateFrom::OwnSource => self.fetch(actor, &row.active.source).await?,
            UpdateFrom::Source(text) => self.fetch(actor, &text).await?,
        };
        match self.judge(gathered.clone(), None).await {
            // A component that got its manifest on the side gets the same one again.
            Err(PluginError::Package(PackageError::Section { name: "bricklayer-manifest", .. })) => {
                self.judge(gathered, Some(row.active.manifest.clone())).await
            }
            judged => judged,
        }
    }

    /// A stored version as it was brought.
    async fn stored(&self, version: &VersionRow) -> Result<Gathered, PluginError> {
        let bytes = self.inner.store.get_package(&version.digest).await?;
        let bytes = bytes.ok_or_else(|| PluginError::NotStaged(version.digest.to_string()))?;
        Ok(Gathered { bytes, provenance: crate::inspect::Provenance::of(version) })
    }

    /// Judges a stored version again. A signature that lay beside the package is not stored, so for one that was
    /// trusted it counts that its publisher still is.
    fn accepted_again(&self, mut candidate: Candidate, version: &VersionRow) -> Result<Candidate, PluginError> {
        let lay_beside = candidate.contents.signature.is_none();
        let mut publishers = self.inner.policy.trusted_keys.publishers();
        let still = |name: &String| publishers.any(|publisher| publisher.as_str() == name);
        if lay_beside && version.publisher.as_ref().is_some_and(still) {
            candidate.unsigned = None;
        }
        candidate.accepted()
    }

    /// Compiles, links and starts a package before it is published.
    async fn prepare(&self, candidate: &Candidate) -> Result<Arc<Plugin>, PluginError> {
        let namespace = ToolNamespace::plugin(candidate.name());
        let (runtime, digest) = (&self.inner.runtime, &candidate.digest);
        self.inner.loaded.prepare(runtime, digest, candidate.bytes.clone(), namespace).await
    }
}

/// The powers of these ids, when all are asked for.
fn asked_for(ids: &[String], requests: &Powers) -> Result<Powers, PluginError> {
    let given = Powers::parse(ids)?;
    let strange: Vec<String> = given.iter().filter(|power| !requests.covers(power)).map(ToString::to_string).collect();
    if strange.is_empty() { Ok(given) } else { Err(PluginError::NotRequested(strange)) }
}

/// Whether a version that a trusted publisher vouches for would give way to one that this publisher does not.
fn loses_publisher(old: &VersionRow, new: &VersionRow) -> bool {
    old.publisher.is_some() && old.publisher != new.publisher
}

//! The operator's policy: who may install what from where, and how much it may ask for.
//!
//! Every decision about a person is made here, once; the callers turn a refusal into their answer.

use std::collections::BTreeSet;

use bricklayer_domain::{PluginOwner, UserId};
use bricklayer_package::{MAX_CPU_SECONDS, MAX_MEMORY_MIB, MAX_TIME_LIMIT_SECONDS, Manifest, Power, Powers};
use bricklayer_sources::{SignaturePolicy, SourcePolicy, TrustedKeys};

use crate::PluginError;

/// The name under which the operator's own changes are recorded. No user has it: the names that a proxy forwards hold
/// neither blanks nor brackets.
const OPERATOR: &str = "operator (command line)";

/// Who may install plugins for themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Installers {
    /// Every user.
    Everyone,
    /// Administrators only.
    Admins,
    /// No user; only the operator, at the host's own command line.
    Nobody,
}

/// Who administers the plugins of everyone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Admins {
    /// Every user: a developer's own machine.
    Everyone,
    /// These people.
    Listed(BTreeSet<UserId>),
}

/// The most that a plugin may ask for on this host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ceilings {
    /// Memory of one call, in MiB.
    pub memory_mib: u32,
    /// CPU time of one call, in seconds.
    pub cpu_seconds: u32,
    /// Wall time of one call, in seconds.
    pub time_limit_seconds: u32,
}

impl Default for Ceilings {
    fn default() -> Self {
        Self { memory_mib: MAX_MEMORY_MIB, cpu_seconds: MAX_CPU_SECONDS, time_limit_seconds: MAX_TIME_LIMIT_SECONDS }
    }
}

/// The operator's policy.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Who may install for themselves.
    pub installers: Installers,
    /// Who may install for everyone.
    pub admins: Admins,
    /// Where packages may come from.
    pub sources: SourcePolicy,
    /// What a missing or unknown signature means.
    pub signatures: SignaturePolicy,
    /// Whose signatures count.
    pub trusted_keys: TrustedKeys,
    /// The most that may be asked for.
    pub ceilings: Ceilings,
}

/// Who asks for a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// A user of the host.
    User(UserId),
    /// Whoever runs the host, at its own command line: bound by the rules for packages, not by those for people.
    Operator(UserId),
}

impl Actor {
    /// The operator, under a name of their own in the records.
    ///
    /// # Errors
    /// Never in practice; the name is fixed.
    pub fn operator() -> Result<Self, bricklayer_domain::IdError> {
        UserId::parse(OPERATOR).map(Self::Operator)
    }

    /// The name that records carry.
    #[must_use]
    pub const fn user(&self) -> &UserId {
        match self {
            Self::User(user) | Self::Operator(user) => user,
        }
    }
}

impl Policy {
    /// Whether this is an administrator.
    #[must_use]
    pub fn is_admin(&self, actor: &Actor) -> bool {
        match (actor, &self.admins) {
            (Actor::Operator(_), _) | (_, Admins::Everyone) => true,
            (Actor::User(user), Admins::Listed(admins)) => admins.contains(user),
        }
    }

    /// Whether the actor may install for themselves.
    ///
    /// # Errors
    /// [`PluginError::Forbidden`] with the reason and the way out.
    pub fn may_install(&self, actor: &Actor) -> Result<(), PluginError> {
        match (actor, self.installers) {
            (Actor::Operator(_), _) | (_, Installers::Everyone) => Ok(()),
            (_, Installers::Admins) if self.is_admin(actor) => Ok(()),
            (_, Installers::Admins) => Err(PluginError::Forbidden(
                "only an administrator may install plugins here (plugins.installers); ask one of them".to_owned(),
            )),
            (_, Installers::Nobody) => Err(PluginError::Forbidden(
                "plugins cannot be installed here (plugins.installers is nobody); ask the operator to run \
                 `bricklayer plugin add`"
                    .to_owned(),
            )),
        }
    }

    /// Whether the actor may install for an owner.
    ///
    /// # Errors
    /// [`PluginError::Forbidden`] with the reason and the way out.
    pub fn may_install_for(&self, actor: &Actor, owner: &PluginOwner) -> Result<(), PluginError> {
        self.may_install(actor)?;
        match owner {
            PluginOwner::Everyone if self.is_admin(actor) => Ok(()),
            PluginOwner::Everyone => Err(PluginError::Forbidden(
                "only an administrator may install a plugin for everyone (plugins.admins); install it for yourself, \
                 or ask one of them"
                    .to_owned(),
            )),
            PluginOwner::User(owner) if owner == actor.user() || matches!(actor, Actor::Operator(_)) => Ok(()),
            PluginOwner::User(_) => Err(PluginError::NotFound),
        }
    }

    /// Whether the actor sees an owner's installations at all.
    #[must_use]
    pub fn sees(&self, actor: &Actor, owner: &PluginOwner) -> bool {
        match (actor, owner) {
            (Actor::Operator(_), _) | (_, PluginOwner::Everyone) => true,
            (Actor::User(user), PluginOwner::User(owner)) => user == owner,
        }
    }

    /// Whether the actor may update, enable, disable and remove an owner's installations, and give powers in all
    /// projects. What one does not see does not exist.
    ///
    /// # Errors
    /// [`PluginError::NotFound`], [`PluginError::Forbidden`].
    pub fn may_manage(&self, actor: &Actor, owner: &PluginOwner) -> Result<(), PluginError> {
        if !self.sees(actor, owner) {
            return Err(PluginError::NotFound);
        }
        match owner {
            PluginOwner::Everyone if !self.is_admin(actor) => Err(PluginError::Forbidden(
                "this plugin is everyone's, and only an administrator may change it (plugins.admins); you can switch \
                 it off in your own projects"
                    .to_owned(),
            )),
            PluginOwner::Everyone | PluginOwner::User(_) => Ok(()),
        }
    }

    /// Whether the actor, who owns the project, may give powers there. Who may not install may not widen what an
    /// administrator installed either.
    ///
    /// # Errors
    /// [`PluginError::NotFound`], [`PluginError::Forbidden`].
    pub fn may_give_in_project(&self, actor: &Actor, owner: &PluginOwner) -> Result<(), PluginError> {
        if !self.sees(actor, owner) {
            return Err(PluginError::NotFound);
        }
        match owner {
            PluginOwner::Everyone if !self.is_admin(actor) && self.installers != Installers::Everyone => {
                Err(PluginError::Forbidden(
                    "only an administrator may give this plugin more (plugins.installers); you can switch it off, and \
                     take back what you gave"
                        .to_owned(),
                ))
            }
            PluginOwner::Everyone | PluginOwner::User(_) => Ok(()),
        }
    }

    /// What a manifest asks for beyond this host's ceilings, in words; empty when all is well.
    #[must_use]
    pub fn above_ceilings(&self, manifest: &Manifest) -> Vec<String> {
        let ceilings = self.ceilings;
        let mut refusals = Vec::new();
        for power in manifest.requests().iter() {
            match power {
                Power::Memory { mib } if *mib > ceilings.memory_mib => refusals.push(format!(
                    "it asks for {mib} MiB of memory and this host gives at most {} (plugins.max_memory_mib)",
                    ceilings.memory_mib
                )),
                Power::Cpu { seconds } if *seconds > ceilings.cpu_seconds => refusals.push(format!(
                    "it asks for {seconds} seconds of CPU time and this host gives at most {} (plugins.max_cpu_seconds)",
                    ceilings.cpu_seconds
                )),
                Power::Memory { .. }
                | Power::Cpu { .. }
                // What a user's plugins carry is bounded by the minute (limits.egress_mib_per_minute).
                | Power::Transfer { .. }
                | Power::Http { .. }
                | Power::ReadFiles
                | Power::WriteFiles
                | Power::State => {}
            }
        }
        for (tool, annotations) in &manifest.tools {
            if let Some(limit) = annotations.time_limit_seconds.filter(|limit| *limit > ceilings.time_limit_seconds) {
                refusals.push(format!(
                    "its tool `{tool}` asks for {limit} seconds and this host gives at most {} \
                     (plugins.max_time_limit_seconds)",
                    ceilings.time_limit_seconds
                ));
            }
        }
        refusals
    }

    /// The powers without what is above the ceilings; for a ceiling that was lowered after the installation.
    #[must_use]
    pub fn within_ceilings(&self, powers: &Powers) -> Powers {
        let clamp = |power: &Power| match power {
            Power::Memory { mib } => Power::Memory { mib: (*mib).min(self.ceilings.memory_mib) },
            Power::Cpu { seconds } => Power::Cpu { seconds: (*seconds).min(self.ceilings.cpu_seconds) },
            Power::Transfer { .. } | Power::Http { .. } | Power::ReadFiles | Power::WriteFiles | Power::State => {
                power.clone()
            }
        };
        powers.iter().map(clamp).collect()
    }
}

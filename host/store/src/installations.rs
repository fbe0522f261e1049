//! Installed plugins: which versions, what was given to them, where they are switched off.
//!
//! A change is one transaction that begins by counting the generation up. That row is where all changes of all hosts
//! queue, so a change sees everything before it and no two interleave; a process that dies leaves the old state or the
//! new. Where two hosts may decide the same thing (a new version, a consent, a roll-back) the caller says what it
//! decided upon, and only one of them finds it unchanged.
//!
//! Every change takes the record of itself and appends it to the audit log in the same transaction: what is refused or
//! dies leaves neither, and a change that cannot be written down is not made.

use bricklayer_domain::{InstallationId, PackageDigest, PluginName, PluginOwner, ProjectId, UserId};
use chrono::{DateTime, Utc};

use crate::error::StoreError;

mod change;
mod grants;
mod read;
mod versions;

/// Most installations of one owner; protects the catalogue, which every host holds whole.
pub const MAX_INSTALLATIONS_PER_OWNER: usize = 200;

/// Most powers of one request list or one grant. A manifest has fewer than a hundred.
pub const MAX_GRANT_POWERS: usize = 1024;

/// Longest texts of one version together (manifest, requests, sources), in bytes; protects the catalogue.
pub const MAX_VERSION_BYTES: usize = 512 * 1024;

/// Longest power id, in bytes.
const MAX_POWER_BYTES: usize = 4096;

/// Longest problem kept, in bytes; longer ones are cut.
const MAX_PROBLEM_BYTES: usize = 4096;

/// Why a change of installed plugins was refused. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum InstallationError {
    /// The owner has a plugin of this name.
    #[error("a plugin of this name is installed already")]
    NameTaken,
    /// The owner has as many as are allowed.
    #[error("there are {MAX_INSTALLATIONS_PER_OWNER} plugins already")]
    TooMany,
    /// The version's package is not in the store, or was swept: stage it again.
    #[error("the package is not staged")]
    UnknownPackage,
    /// The bytes have another digest.
    #[error("the package has another digest")]
    WrongDigest,
    /// Too many packages, or too large ones, wait to be installed, and people look at all of them.
    #[error("too many packages, or too large ones, wait to be installed already")]
    TooManyStaged,
    /// There is no such installation, or not any more.
    #[error("no such plugin")]
    NotFound,
    /// Somebody else changed its versions first: look again.
    #[error("the plugin was changed meanwhile")]
    Changed,
    /// There is no version to go back to.
    #[error("there is no previous version")]
    NoPrevious,
    /// The database failed, a text is too long, or the project is gone or another user's.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for InstallationError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// One version of a plugin: what the lock table holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionRow {
    /// Its package.
    pub digest: PackageDigest,
    /// As the manifest says.
    pub version: String,
    /// TOML.
    pub manifest: String,
    /// What it asks for, as power ids.
    pub requests: Vec<String>,
    /// Where it came from, as asked.
    pub source: String,
    /// The same place, pinned by digest.
    pub pinned: String,
    /// What the signature was worth: a word.
    pub signature: String,
    /// Who signed it, when that is known.
    pub publisher: Option<String>,
    /// When it was brought here.
    pub installed_at: DateTime<Utc>,
    /// Who brought it.
    pub installed_by: UserId,
}

/// What was given to a plugin in one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantRow {
    /// In this project, or in all.
    pub project: Option<ProjectId>,
    /// Power ids, sorted.
    pub powers: Vec<String>,
    /// Who gave them last.
    pub given_by: UserId,
    /// When.
    pub at: DateTime<Utc>,
}

/// An installed plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstallationRow {
    /// Its id.
    pub id: InstallationId,
    /// Whose it is; unique together with the name.
    pub owner: PluginOwner,
    /// Its name.
    pub name: PluginName,
    /// Whether it may be used at all.
    pub enabled: bool,
    /// What is used.
    pub active: VersionRow,
    /// What was used before; rolling back takes it again.
    pub previous: Option<VersionRow>,
    /// What asks for more than was given, and waits for consent.
    pub pending: Option<VersionRow>,
    /// Why the last version was taken back.
    pub last_problem: Option<String>,
    /// What was given: everywhere first, then by project.
    pub grants: Vec<GrantRow>,
    /// Where somebody decided: on or off. By project.
    pub switches: Vec<(ProjectId, bool)>,
    /// Grows with each change of the versions.
    pub revision: i64,
    /// When it was installed.
    pub created_at: DateTime<Utc>,
    /// When it was last changed, switches of projects aside.
    pub updated_at: DateTime<Utc>,
}

/// Powers given in one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenPowers {
    /// In this project, which must be the giver's, or in all.
    pub project: Option<ProjectId>,
    /// Power ids.
    pub powers: Vec<String>,
}

/// A plugin to install.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewInstallation {
    /// Whose it will be.
    pub owner: PluginOwner,
    /// Its name.
    pub name: PluginName,
    /// What is installed. Its `installed_by` gives the grants.
    pub version: VersionRow,
    /// What is given to it at once.
    pub grants: Vec<GivenPowers>,
}

/// Everything about plugins at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginSnapshot {
    /// Counts changes; the same number means the same content.
    pub generation: i64,
    /// By name, then owner (everyone's first).
    pub installations: Vec<InstallationRow>,
    /// Plugins that come with the host, switched on or off in a project. By project and name.
    pub shipped_switches: Vec<(ProjectId, PluginName, bool)>,
}

/// The owner as text.
fn owner_text(owner: &PluginOwner) -> String {
    match owner {
        PluginOwner::Everyone => "everyone".to_owned(),
        PluginOwner::User(user) => format!("user:{user}"),
    }
}

/// A text that both engines take: PostgreSQL's holds everything but NUL.
fn clean(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// Powers as they are stored: sorted, each once, as a JSON list.
fn powers_text<'a>(powers: impl IntoIterator<Item = &'a String>) -> Result<String, StoreError> {
    let powers: std::collections::BTreeSet<&String> = powers.into_iter().collect();
    if powers.len() > MAX_GRANT_POWERS {
        return Err(StoreError::TooLarge { what: "the number of powers", limit: MAX_GRANT_POWERS });
    }
    if powers.iter().any(|power| power.len() > MAX_POWER_BYTES) {
        return Err(StoreError::TooLarge { what: "a power's id in bytes", limit: MAX_POWER_BYTES });
    }
    serde_json::to_string(&powers).map_err(|e| StoreError::inconsistent("plugin_grants", e))
}

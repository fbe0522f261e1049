//! What can go wrong with an installation, each with the way out.

use bricklayer_domain::IdError;
use bricklayer_package::{PackageError, PowerError};
use bricklayer_sources::{PolicyRefusal, SourceError, SourceParseError};
use bricklayer_store::{InstallationError, MAX_INSTALLATIONS_PER_OWNER, StoreError};

/// Why a plugin was not inspected, installed or changed. Nothing happened.
#[derive(Debug, thiserror::Error)]
pub enum PluginError {
    /// There is none of this id that the actor may see.
    #[error("there is no such plugin")]
    NotFound,
    /// There is no such project of the actor's.
    #[error("there is no such project")]
    NoProject,
    /// The policy does not let this person do it.
    #[error("{0}")]
    Forbidden(String),
    /// A text that names no source.
    #[error(transparent)]
    SourceText(#[from] SourceParseError),
    /// The policy does not allow the source.
    #[error(transparent)]
    SourceRefused(#[from] PolicyRefusal),
    /// The package could not be fetched.
    #[error(transparent)]
    Fetch(#[from] SourceError),
    /// The signature is wrong or too old, or the policy requires one.
    #[error("{0}")]
    Signature(String),
    /// The bytes are no package.
    #[error(transparent)]
    Package(#[from] PackageError),
    /// A good package that this host refuses, each reason in words.
    #[error("the host refuses this plugin: {}", .0.join("; "))]
    Refused(Vec<String>),
    /// A good package whose code does not compile, link or start.
    #[error("the plugin does not work on this host: {0}")]
    Broken(String),
    /// Nothing of this digest was inspected by this person, or it was too long ago.
    #[error("no package {0} is staged by you; inspect it again")]
    NotStaged(String),
    /// A plugin of this name is installed there.
    #[error("a plugin called `{0}` is installed already; update or remove that one")]
    NameTaken(String),
    /// The package is another plugin than the installed one.
    #[error("the package is the plugin `{found}` and not `{expected}`; install it as a plugin of its own")]
    OtherPlugin {
        /// The installed one's name.
        expected: String,
        /// The package's.
        found: String,
    },
    /// A text that is no power.
    #[error(transparent)]
    Power(#[from] PowerError),
    /// Powers that the plugin did not ask for cannot be given.
    #[error("the plugin does not ask for {}; give it only what it asks for", .0.join(", "))]
    NotRequested(Vec<String>),
    /// It has no source to look at again.
    #[error("this plugin was uploaded, so there is no source to look at again; upload the new version")]
    NoSource,
    /// No update waits.
    #[error("no update of this plugin waits for consent")]
    NothingPending,
    /// Another update waits than the one agreed to.
    #[error("the update that waits is no longer the one that you saw; look again")]
    PendingChanged,
    /// There is no version to go back to.
    #[error("there is no earlier version to go back to")]
    NothingBefore,
    /// A part of the host.
    #[error("this plugin ships with the host; it can be switched off for a project, and nothing else")]
    Shipped,
    /// As many as there may be.
    #[error("{0}")]
    TooMany(String),
    /// Somebody else changed it at the same moment.
    #[error("somebody changed this plugin at the same moment; look again")]
    Conflict,
    /// The host is shutting down, or could not look at the package for a reason of its own.
    #[error("the host cannot do this now: {0}; try again")]
    Unavailable(String),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<InstallationError> for PluginError {
    fn from(error: InstallationError) -> Self {
        match error {
            InstallationError::NameTaken => Self::NameTaken("that".to_owned()),
            InstallationError::TooMany => {
                Self::TooMany(format!("there are {MAX_INSTALLATIONS_PER_OWNER} plugins already; remove one first"))
            }
            InstallationError::TooManyStaged => Self::TooMany(
                "too many inspected packages wait to be installed on this host, and people are looking at all of them; \
                 try again in some minutes"
                    .to_owned(),
            ),
            InstallationError::UnknownPackage => {
                Self::Unavailable("the package was removed meanwhile; inspect it again".to_owned())
            }
            InstallationError::WrongDigest => Self::Unavailable("the package was damaged on its way".to_owned()),
            InstallationError::NotFound => Self::NotFound,
            InstallationError::Changed => Self::Conflict,
            InstallationError::NoPrevious => Self::NothingBefore,
            InstallationError::Store(StoreError::NotFound("project")) => Self::NoProject,
            InstallationError::Store(error) => Self::Store(error),
        }
    }
}

impl From<IdError> for PluginError {
    fn from(error: IdError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

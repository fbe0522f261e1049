//! What is shown of plugins: the list, one of them, a package that was looked at. Nothing here comes in.

mod records;

use bricklayer_domain::{PluginOwner, ToolSpec};
use bricklayer_package::{Manifest, Power, Powers};
use bricklayer_plugins::{Actor, Given, Inspection, PendingView, PluginStatus, PluginView, Policy, Scope, VersionDiff};
use bricklayer_sources::{SignaturePolicy, SignatureStatus};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

pub(super) use self::records::{PluginAudit, PluginFault, PluginRecord, PluginUsage};
use crate::api::tools::Tool;

/// A plugin as the caller sees it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Plugin {
    /// Its id.
    id: Uuid,
    /// Its name, the middle of its tools' names.
    name: String,
    /// The active version.
    version: String,
    /// One line.
    description: String,
    /// Who made it.
    authors: Vec<String>,
    /// An SPDX expression; empty when it names none.
    licence: String,
    /// Where to read more.
    #[serde(skip_serializing_if = "Option::is_none")]
    homepage: Option<String>,
    /// Whose it is.
    scope: PluginScope,
    /// SHA-256 of the active version's package.
    digest: String,
    /// Where it came from, as asked: an address, `upload`, or `shipped`.
    source: String,
    /// The same, pinned by digest.
    pinned: String,
    /// Who vouches for it.
    signature: Signature,
    /// Whether it may be used at all.
    enabled: bool,
    /// Whether it is on in the project that was asked for; true without one.
    project_enabled: bool,
    /// How it fares on this host.
    status: Status,
    /// What is wrong, or why a version was taken back.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
    /// The tools that serve.
    tools: Vec<Tool>,
    /// What it asks for.
    requests: Vec<PowerRequest>,
    /// What it was used for in the last seven days: by everybody for who may change it, else by the caller.
    pub(super) usage: PluginUsage,
    /// What went wrong last, newest first, likewise.
    pub(super) last_errors: Vec<PluginFault>,
    /// The update that waits for consent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pending: Option<PendingUpdate>,
    /// The version to go back to.
    #[serde(skip_serializing_if = "Option::is_none")]
    previous: Option<PreviousVersion>,
    /// When it was installed; null for what ships with the host.
    #[schema(required = true)]
    installed_at: Option<DateTime<Utc>>,
    /// When it was last changed.
    #[schema(required = true)]
    updated_at: Option<DateTime<Utc>>,
    /// Who brought the active version.
    #[schema(required = true)]
    installed_by: Option<String>,
    /// Whether the caller may change it.
    can_manage: bool,
    /// Whether there is a picture.
    has_icon: bool,
    /// Whether there is a description for people.
    has_readme: bool,
}

/// Whose a plugin is.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum PluginScope {
    /// Part of the host; can be switched off for a project.
    Shipped,
    /// Installed for all users.
    Everyone,
    /// The caller's own.
    Mine,
}

/// How a plugin fares.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = PluginStatus)]
pub(crate) enum Status {
    /// Its active version serves.
    Active,
    /// It serves, and an update waits for consent.
    UpdateWaiting,
    /// Its active version does not load; the last good one serves, when there is one.
    Failing,
    /// Somebody disabled it.
    Disabled,
}

/// Who vouches for a package.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PluginSignature)]
pub(crate) struct Signature {
    /// `trusted`, `unknown-key`, `unsigned`, `expired` or `invalid`.
    status: String,
    /// The publisher, when the operator trusts the key.
    #[serde(skip_serializing_if = "Option::is_none")]
    publisher: Option<String>,
    /// What is to be known about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

/// One power that a plugin asks for.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PluginRequest)]
pub(crate) struct PowerRequest {
    /// Its id: what `grants` take.
    id: String,
    /// `http`, `files`, `state` or `limit`.
    kind: &'static str,
    /// For people.
    words: String,
    /// Whether requests carry the caller's identity.
    identity: bool,
    /// Where it was given.
    given: GivenWhere,
}

/// Where a power was given.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum GivenWhere {
    /// In all projects.
    Everywhere,
    /// In the project that was asked for.
    Project,
    /// Not.
    No,
}

/// An update that waits for consent.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PendingUpdate {
    /// Its package; what a consent names.
    digest: String,
    /// Its version.
    version: String,
    #[serde(flatten)]
    diff: Diff,
}

/// What a new version changes.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PluginDiff)]
pub(crate) struct Diff {
    /// Powers that it asks for in addition.
    added: Vec<PowerRequest>,
    /// Powers that it no longer asks for.
    removed: Vec<PowerRequest>,
    /// Tools that are new.
    tools_added: Vec<String>,
    /// Tools that are gone.
    tools_removed: Vec<String>,
    /// Tools whose description, schemas or annotations changed.
    tools_changed: Vec<String>,
    /// Tools that would ask less often, or call themselves harmless, than before.
    tools_less_careful: Vec<String>,
}

/// A version to go back to.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PreviousVersion {
    /// Its package.
    digest: String,
    /// Its version.
    version: String,
}

/// All plugins that the caller sees, and what they may do about it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PluginList {
    /// What ships with the host, then the others by name.
    pub(super) plugins: Vec<Plugin>,
    /// The operator's policy.
    pub(super) policy: PluginPolicy,
}

/// The operator's policy, for the caller.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PluginPolicy {
    /// Whether the caller may install plugins for themselves.
    may_install: bool,
    /// Whether the caller may install and change everyone's.
    may_install_for_everyone: bool,
    /// Where packages may come from, as the operator wrote it; besides, a file can be uploaded.
    sources: Vec<String>,
    /// `require`, `warn` or `allow`: what is done about packages that nobody known has signed.
    signatures: &'static str,
    /// The most that a plugin may ask for.
    ceilings: PolicyCeilings,
}

/// The most that a plugin may ask for.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PolicyCeilings {
    /// Memory of a call, in MiB.
    memory_mib: u32,
    /// Processor time of a call, in seconds.
    cpu_seconds: u32,
    /// Wall time of a call, in seconds.
    time_limit_seconds: u32,
}

/// A package that was looked at; nothing of it ran.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PluginInspection {
    /// What to install it by; good for a day, and for the caller only.
    staged: String,
    /// The plugin's name.
    name: String,
    /// Its version.
    version: String,
    /// One line.
    description: String,
    /// Who made it.
    authors: Vec<String>,
    /// An SPDX expression; empty when it names none.
    licence: String,
    /// Where to read more.
    #[serde(skip_serializing_if = "Option::is_none")]
    homepage: Option<String>,
    /// SHA-256 of the package.
    digest: String,
    /// Its length.
    size_bytes: usize,
    /// Where it came from, as asked.
    source: String,
    /// The same, pinned by digest.
    pinned: String,
    /// Who vouches for it.
    signature: Signature,
    /// Its tools.
    tools: Vec<Tool>,
    /// What it asks for.
    requests: Vec<PowerRequest>,
    /// Why this host would not install it; empty when it would.
    refusals: Vec<String>,
    /// What to know before installing it.
    warnings: Vec<String>,
    /// The installation of this name that the caller has.
    #[serde(skip_serializing_if = "Option::is_none")]
    installed: Option<InstalledVersion>,
    /// What it would change there.
    #[serde(skip_serializing_if = "Option::is_none")]
    diff: Option<Diff>,
}

/// An installation of the same name.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct InstalledVersion {
    /// Its id.
    id: Uuid,
    /// Its version.
    version: String,
    /// Whose it is.
    scope: PluginScope,
}

fn request(power: &Power, given: Given) -> PowerRequest {
    PowerRequest {
        id: power.id(),
        kind: power.kind().as_str(),
        words: power.words(),
        identity: power.identity(),
        given: match given {
            Given::Everywhere => GivenWhere::Everywhere,
            Given::Project => GivenWhere::Project,
            Given::No => GivenWhere::No,
        },
    }
}

fn ungiven(powers: &Powers) -> Vec<PowerRequest> {
    powers.iter().map(|power| request(power, Given::No)).collect()
}

fn tools(specs: &[ToolSpec]) -> Vec<Tool> {
    specs.iter().map(Tool::from).collect()
}

impl From<VersionDiff> for Diff {
    fn from(diff: VersionDiff) -> Self {
        Self {
            added: ungiven(&diff.powers.added),
            removed: ungiven(&diff.powers.removed),
            tools_added: diff.tools_added,
            tools_removed: diff.tools_removed,
            tools_changed: diff.tools_changed,
            tools_less_careful: diff.tools_less_careful,
        }
    }
}

impl From<PendingView> for PendingUpdate {
    fn from(pending: PendingView) -> Self {
        Self { digest: pending.digest.to_string(), version: pending.version, diff: pending.diff.into() }
    }
}

impl From<PluginView> for Plugin {
    fn from(view: PluginView) -> Self {
        let Manifest { version, description, authors, licence, homepage, icon, readme, .. } = view.manifest;
        Self {
            id: view.id.as_uuid(),
            name: view.name.to_string(),
            version,
            description,
            authors,
            licence,
            homepage,
            scope: match view.scope {
                Scope::Shipped => PluginScope::Shipped,
                Scope::Everyone => PluginScope::Everyone,
                Scope::Mine => PluginScope::Mine,
            },
            digest: view.digest.to_string(),
            source: view.source,
            pinned: view.pinned,
            signature: Signature { status: view.signature, publisher: view.publisher, detail: None },
            enabled: view.enabled,
            project_enabled: view.project_enabled,
            status: match view.status {
                PluginStatus::Active => Status::Active,
                PluginStatus::UpdateWaiting => Status::UpdateWaiting,
                PluginStatus::Failing => Status::Failing,
                PluginStatus::Disabled => Status::Disabled,
            },
            problem: view.problem,
            tools: tools(&view.tools),
            requests: view.requests.iter().map(|(power, given)| request(power, *given)).collect(),
            usage: PluginUsage::default(),
            last_errors: Vec::new(),
            pending: view.pending.map(PendingUpdate::from),
            previous: view.previous.map(|(digest, version)| PreviousVersion { digest: digest.to_string(), version }),
            installed_at: view.installed_at,
            updated_at: view.updated_at,
            installed_by: view.installed_by.map(|user| user.to_string()),
            can_manage: view.can_manage,
            has_icon: icon.is_some(),
            has_readme: readme.is_some(),
        }
    }
}

impl From<&SignatureStatus> for Signature {
    fn from(status: &SignatureStatus) -> Self {
        Self {
            status: status.word().to_owned(),
            publisher: status.publisher().map(ToString::to_string),
            detail: match status {
                SignatureStatus::Unsigned | SignatureStatus::Trusted { .. } => None,
                SignatureStatus::UnknownKey { key_id } => Some(format!("signed with the key {key_id}")),
                SignatureStatus::Expired { publisher, on } => Some(format!("the key of {publisher} expired on {on}")),
                SignatureStatus::Invalid { reason } => Some(reason.clone()),
            },
        }
    }
}

impl From<Inspection> for PluginInspection {
    fn from(inspection: Inspection) -> Self {
        let manifest = inspection.contents.manifest.clone();
        Self {
            staged: inspection.staged.to_string(),
            name: manifest.name.to_string(),
            version: manifest.version,
            description: manifest.description,
            authors: manifest.authors,
            licence: manifest.licence,
            homepage: manifest.homepage,
            digest: inspection.staged.to_string(),
            size_bytes: inspection.contents.size_bytes,
            source: inspection.source,
            pinned: inspection.pinned,
            signature: Signature::from(&inspection.signature),
            tools: tools(&inspection.tools),
            requests: ungiven(&inspection.requests),
            refusals: inspection.refusals,
            warnings: inspection.warnings,
            installed: inspection.installed.map(|installed| InstalledVersion {
                id: installed.id.as_uuid(),
                version: installed.version,
                scope: match installed.owner {
                    PluginOwner::Everyone => PluginScope::Everyone,
                    PluginOwner::User(_) => PluginScope::Mine,
                },
            }),
            diff: inspection.diff.map(Diff::from),
        }
    }
}

impl PluginPolicy {
    pub(super) fn of(policy: &Policy, actor: &Actor) -> Self {
        let ceilings = policy.ceilings;
        Self {
            may_install: policy.may_install(actor).is_ok(),
            may_install_for_everyone: policy.may_install_for(actor, &PluginOwner::Everyone).is_ok(),
            sources: policy.sources.words(),
            signatures: match policy.signatures {
                SignaturePolicy::Require => "require",
                SignaturePolicy::Warn => "warn",
                SignaturePolicy::Allow => "allow",
            },
            ceilings: PolicyCeilings {
                memory_mib: ceilings.memory_mib,
                cpu_seconds: ceilings.cpu_seconds,
                time_limit_seconds: ceilings.time_limit_seconds,
            },
        }
    }
}

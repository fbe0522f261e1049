//! What comes in about plugins: the bodies of requests.

use bricklayer_domain::ProjectId;
use serde::Deserialize;
use utoipa::ToSchema;

/// What to install.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct InstallPlugin {
    /// What an inspection of the caller's answered.
    #[schema(min_length = 64, max_length = 64, pattern = "^[0-9a-f]{64}$")]
    pub(super) staged: String,
    /// For whom.
    pub(super) scope: InstallScope,
    /// Ids of the powers that are given, of those asked for.
    #[serde(default)]
    pub(super) grants: Vec<String>,
    /// Gives them in this project only; else everywhere.
    #[schema(value_type = Option<Uuid>)]
    pub(super) project_id: Option<ProjectId>,
}

/// For whom a plugin is installed.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum InstallScope {
    /// All users of the host.
    Everyone,
    /// The caller.
    Me,
}

/// Where an update comes from; nothing means the plugin's own source.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpdatePlugin {
    /// Another source.
    #[schema(min_length = 1, max_length = 2048)]
    pub(super) source: Option<String>,
    /// What an inspection of the caller's answered.
    #[schema(min_length = 64, max_length = 64, pattern = "^[0-9a-f]{64}$")]
    pub(super) staged: Option<String>,
}

/// A consent to the update that waits.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConsentPlugin {
    /// The update that the caller saw.
    #[schema(min_length = 64, max_length = 64, pattern = "^[0-9a-f]{64}$")]
    pub(super) digest: String,
    /// Ids of the powers that are given in addition.
    #[serde(default)]
    pub(super) grants: Vec<String>,
    /// Gives them in this project only; else everywhere.
    #[schema(value_type = Option<Uuid>)]
    pub(super) project_id: Option<ProjectId>,
}

/// What a plugin may do.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetGrants {
    /// In this project, in addition to what is given everywhere; else everywhere.
    #[schema(value_type = Option<Uuid>)]
    pub(super) project_id: Option<ProjectId>,
    /// Ids of all powers that are given there; what is not named is taken back.
    pub(super) grants: Vec<String>,
}

/// On or off.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetEnabled {
    /// Whether it may be used.
    pub(super) enabled: bool,
}

/// A package that a source names.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct InspectPlugin {
    /// `oci://registry/repository:tag`, `https://host/path.wasm#sha256=<digest>`, or for an administrator a path on the
    /// host.
    #[schema(min_length = 1, max_length = 2048)]
    pub(super) source: String,
    /// A manifest (TOML) for a component that has none.
    pub(super) manifest: Option<String>,
}

/// A package that is sent.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the form, which is read field by field")]
pub(crate) struct UploadPlugin {
    /// The package, or a bare component.
    #[schema(value_type = String, format = Binary)]
    pub(super) package: Vec<u8>,
    /// A manifest (TOML) for a component that has none.
    pub(super) manifest: Option<String>,
}

//! Everything that a plugin can be allowed, on one screen. Nothing is allowed by default.

use bricklayer_package::{FilesGrant, HttpRule, Manifest};

/// The powers given to a plugin for one call. What it asked for is in its [`Manifest`]; what it gets is decided by
/// the user or operator, and is here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grants {
    /// Outgoing HTTP: a request passes when one rule allows it.
    pub http: Vec<HttpRule>,
    /// The project's folder as `/project`.
    pub files: FilesGrant,
    /// The key-value store of the project and the plugin.
    pub state: bool,
}

impl Grants {
    /// Everything that the manifest asks for.
    #[must_use]
    pub fn from_request(manifest: &Manifest) -> Self {
        let asked = &manifest.grants;
        Self { http: asked.http.clone(), files: asked.files, state: asked.state }
    }
}

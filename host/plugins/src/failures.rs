//! Versions that do not load on this host.

use std::collections::HashMap;

use bricklayer_domain::{InstallationId, PackageDigest};

/// Versions that do not load here, and why: they are tried again when the installation changes, and now and then.
#[derive(Debug, Default)]
pub(crate) struct Failures {
    pub(crate) lasting: HashMap<(InstallationId, PackageDigest), String>,
}

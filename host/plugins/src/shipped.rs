//! The families that ship with the host: installed by being there, given what they ask for, switched per project only.

use std::collections::HashMap;
use std::sync::Arc;

use bricklayer_domain::{InstallationId, PackageDigest, PluginName, ProjectId, chain};
use bricklayer_runtime::ToolNamespace;
use sha2::{Digest as _, Sha256};
use uuid::{Builder, Uuid};

use crate::live::{Live, Serving};
use crate::service::Inner;

/// The id of a shipped family: made from its name, so that it is the same in every host and release.
pub(crate) fn id_of(name: &PluginName) -> InstallationId {
    let mut bytes = [0; 16];
    let digest = Sha256::digest(format!("bricklayer shipped plugin {name}"));
    for (byte, hashed) in bytes.iter_mut().zip(digest) {
        *byte = hashed;
    }
    let uuid: Uuid = Builder::from_custom_bytes(bytes).into_uuid();
    InstallationId::from_uuid(uuid)
}

/// Loads the families, in the order in which they ship. One that cannot be loaded is left out and logged: the others,
/// and the page, are worth more than a host that does not start.
pub(crate) async fn load(inner: &Inner) -> Vec<Arc<Live>> {
    let mut loaded = Vec::with_capacity(inner.shipped.len());
    for bytes in &inner.shipped {
        let plugin = match inner.runtime.load(bytes.clone(), ToolNamespace::databricks()).await {
            Ok(plugin) => plugin,
            Err(error) => {
                tracing::error!(error = chain(&error), "a plugin that ships with the host cannot be loaded");
                continue;
            }
        };
        let Ok(digest) = PackageDigest::parse(plugin.digest()) else { continue };
        let id = id_of(plugin.name());
        let serving = Serving { plugin, digest, trial: Arc::default() };
        loaded.push(Arc::new(Live::shipped(id, serving, HashMap::new())));
    }
    loaded
}

/// The same families with the switches as they are stored now.
pub(crate) fn switched(before: &[Arc<Live>], switches: &[(ProjectId, PluginName, bool)]) -> Vec<Arc<Live>> {
    let again = |live: &Arc<Live>| {
        let serving = live.serving.clone()?;
        let own = switches.iter().filter(|(_, name, _)| *name == live.name);
        let switches = own.map(|(project, _, enabled)| (*project, *enabled)).collect();
        Some(Arc::new(Live::shipped(live.id, serving, switches)))
    };
    before.iter().filter_map(again).collect()
}

//! What of a bundle is in the workspace, with links.

use bricklayer_bundle::Bundle;

use crate::desired::{What, owner, what};
use crate::store;
use crate::world::{Fault, World};

/// Where a resource stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is in the bundle and was deployed.
    Deployed,
    /// It is in the bundle and was not deployed yet.
    New,
    /// It was deployed and is in the bundle no more; the next deploy deletes it.
    Removed,
}

/// A resource of a summary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summed {
    /// Its kind, such as `jobs`.
    pub kind: String,
    /// Its key.
    pub key: String,
    /// Its name, where it has one.
    pub name: String,
    /// Its id in the workspace.
    pub id: Option<String>,
    /// Its page, from the workspace's address.
    pub page: Option<String>,
    /// Where it stands.
    pub standing: Standing,
}

/// Sums up a bundle: its resources, then those that only the state has.
///
/// # Errors
/// A state that cannot be read or is not used.
pub fn summary(world: &dyn World, bundle: &Bundle) -> Result<Vec<Summed>, Fault> {
    let state = store::load(world, bundle.workspace_path("state_path"), false)?.state;
    let page = |key: &str, id: &str| match what(key) {
        Some(What::Resource(kind)) => kind.page_of(id),
        _ => None,
    };
    let mut summed: Vec<Summed> = bundle
        .resources()
        .map(|resource| {
            let key = format!("resources.{}.{}", resource.kind, resource.key);
            let id = state.resources.get(&key).map(|saved| saved.id.clone());
            let names = ["name", "display_name", "cluster_name"];
            let name = names.iter().find_map(|name| resource.value.text_at(&[name]));
            Summed {
                kind: resource.kind.to_owned(),
                key: resource.key.to_owned(),
                name: name.unwrap_or_default().to_owned(),
                page: id.as_deref().and_then(|id| page(&key, id)),
                standing: if id.is_some() { Standing::Deployed } else { Standing::New },
                id,
            }
        })
        .collect();
    for (key, saved) in state.resources.iter().filter(|(key, _)| owner(key).is_none()) {
        let mut parts = key.trim_start_matches("resources.").splitn(2, '.');
        let (Some(kind), Some(own)) = (parts.next(), parts.next()) else { continue };
        if !summed.iter().any(|one| one.kind == kind && one.key == own) {
            summed.push(Summed {
                kind: kind.to_owned(),
                key: own.to_owned(),
                name: String::new(),
                id: Some(saved.id.clone()),
                page: page(key, &saved.id),
                standing: Standing::Removed,
            });
        }
    }
    Ok(summed)
}

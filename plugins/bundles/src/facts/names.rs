//! What ids in settings are called: a bundle looks them up by name, so that it works in another workspace.

use std::collections::{BTreeMap, BTreeSet};

use bricklayer_generator::{Named, Names};
use bricklayer_sdk::Platform;

use super::{items, reads, text};

/// Where each kind is listed: kind, path, array, fields of id and name.
const LISTS: [(Named, &str, &str, &str, &str); 5] = [
    (Named::Warehouse, "/api/2.0/sql/warehouses", "warehouses", "id", "name"),
    (Named::Cluster, "/api/2.1/clusters/list?page_size=100", "clusters", "cluster_id", "cluster_name"),
    (Named::ClusterPolicy, "/api/2.0/policies/clusters/list", "policies", "policy_id", "name"),
    (Named::InstancePool, "/api/2.0/instance-pools/list", "instance_pools", "instance_pool_id", "instance_pool_name"),
    (
        Named::NotificationDestination,
        "/api/2.0/notification-destinations?page_size=100",
        "results",
        "id",
        "display_name",
    ),
];

/// The names of ids, as far as the workspace lists them whole and gives each to one thing alone. A list that may not be read
/// leaves its ids without names.
pub(crate) fn names(platform: &impl Platform, ids: &BTreeSet<(Named, String)>) -> Names {
    let wanted: Vec<_> = LISTS.iter().filter(|(kind, ..)| ids.iter().any(|(of, _)| of == kind)).collect();
    let paths: Vec<String> = wanted.iter().map(|(_, path, ..)| (*path).to_owned()).collect();
    let mut names = Names::new();
    for ((kind, _, array, id, name), answer) in wanted.into_iter().zip(reads(platform, &paths)) {
        let Ok(listed) = answer else { continue };
        // Whether a name is one thing's alone is known of whole lists only.
        if text(&listed, "next_page_token").is_some() {
            continue;
        }
        let mut by_name: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for entry in items(&listed, array) {
            if let (Some(id), Some(name)) = (text(entry, id), text(entry, name)) {
                by_name.entry(name).or_default().push(id);
            }
        }
        for (name, of) in by_name {
            if let [one] = of.as_slice()
                && ids.contains(&(*kind, (*one).to_owned()))
            {
                names.insert((*kind, (*one).to_owned()), name.to_owned());
            }
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use bricklayer_sdk::testing::Script;

    use super::*;

    #[test]
    fn names_that_are_one_things_alone_are_known() {
        let warehouses =
            r#"{"warehouses":[{"id":"1","name":"A"},{"id":"2","name":"B"},{"id":"3","name":"B"},{"id":"4"}]}"#;
        let script = Script::new()
            .on("GET /api/2.0/sql/warehouses", 200, warehouses)
            .on(
                "GET /api/2.1/clusters/list?page_size=100",
                200,
                r#"{"clusters":[{"cluster_id":"c","cluster_name":"C"}],"next_page_token":"t"}"#,
            )
            .on("GET /api/2.0/policies/clusters/list", 403, r#"{"error_code":"PERMISSION_DENIED","message":"no"}"#);
        let ids =
            [(Named::Warehouse, "1"), (Named::Warehouse, "2"), (Named::Cluster, "c"), (Named::ClusterPolicy, "p")];
        let found = names(&script, &ids.map(|(kind, id)| (kind, id.to_owned())).into_iter().collect());
        assert_eq!(found, Names::from([((Named::Warehouse, "1".to_owned()), "A".to_owned())]));
        script.done();
    }
}

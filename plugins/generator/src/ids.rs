//! Ids within settings: of warehouses, clusters and the like, which another workspace has under other numbers.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::source::Named;

/// Fields that hold an id, and of what.
const FIELDS: [(&str, Named); 5] = [
    ("warehouse_id", Named::Warehouse),
    ("existing_cluster_id", Named::Cluster),
    ("policy_id", Named::ClusterPolicy),
    ("instance_pool_id", Named::InstancePool),
    ("driver_instance_pool_id", Named::InstancePool),
];

/// Maps of notifications, whose lists have items with the id of a destination.
const DESTINATIONS: &str = "webhook_notifications";

/// What the ids of settings name, each once: what can be looked up before a bundle is made.
#[must_use]
pub fn ids(settings: &Value) -> BTreeSet<(Named, String)> {
    let mut found = BTreeSet::new();
    visit(&mut settings.clone(), "", false, &mut |kind, id, _| {
        found.insert((kind, id.clone()));
    });
    found
}

/// Visits each id with its kind and place.
pub(crate) fn visit(value: &mut Value, place: &str, notified: bool, found: &mut dyn FnMut(Named, &mut String, &str)) {
    match value {
        Value::Object(map) => {
            for (field, inner) in map {
                let place = if place.is_empty() { field.clone() } else { format!("{place}.{field}") };
                let kind = FIELDS.iter().find(|(name, _)| name == field).map(|(_, kind)| *kind);
                match (inner, kind) {
                    (Value::String(id), Some(kind)) if !id.is_empty() => found(kind, id, &place),
                    (Value::String(id), None) if notified && field == "id" => {
                        found(Named::NotificationDestination, id, &place);
                    }
                    (inner, _) => visit(inner, &place, notified || field == DESTINATIONS, found),
                }
            }
        }
        Value::Array(items) => {
            for (i, item) in items.iter_mut().enumerate() {
                visit(item, &format!("{place}[{i}]"), notified, found);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn ids_are_found_wherever_they_are() {
        let settings = json!({
            "tasks": [{"sql_task": {"warehouse_id": "w"}, "new_cluster": {"policy_id": "p", "instance_pool_id": "i"}},
                {"existing_cluster_id": "c", "for_each_task": {"task": {"dbt_task": {"warehouse_id": "w2"}}}}],
            "webhook_notifications": {"on_failure": [{"id": "n"}]}, "trigger": {"id": "no"},
        });
        let found: Vec<_> = ids(&settings).into_iter().map(|(kind, id)| (kind.word(), id)).collect();
        let expected = [
            ("warehouse", "w"),
            ("warehouse", "w2"),
            ("cluster", "c"),
            ("cluster_policy", "p"),
            ("instance_pool", "i"),
            ("notification_destination", "n"),
        ];
        assert_eq!(found, expected.map(|(kind, id)| (kind, id.to_owned())));
    }
}

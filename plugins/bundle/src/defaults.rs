//! What resources have when nothing is said.

use crate::presets::{UNNAMED_JOB, of_kind};
use crate::value::Value;

/// Minutes without work after which a cluster of the bundle ends.
const CLUSTER_IDLE_MINUTES: i64 = 60;

/// Minutes without work after which a warehouse of the bundle stops.
const WAREHOUSE_IDLE_MINUTES: i64 = 120;

/// Fills in defaults. Presets come before, so that they win.
pub(crate) fn apply(root: &mut Value) {
    let state_path = root.text_at(&["workspace", "state_path"]).unwrap_or_default().to_owned();
    let deployment = || {
        Value::map([
            ("kind", Value::text("BUNDLE")),
            ("metadata_file_path", Value::text(format!("{state_path}/metadata.json"))),
        ])
    };
    for job in of_kind(root, "jobs") {
        job.set_default("name", Value::text(UNNAMED_JOB));
        job.set_default("max_concurrent_runs", Value::int(1));
        job.set_default("queue", Value::map([("enabled", Value::bool(true))]));
        for field in ["schedule", "trigger", "continuous"] {
            if let Some(trigger) = job.get_mut(&[field]).filter(|value| value.as_map().is_some()) {
                trigger.set_default("pause_status", Value::text("UNPAUSED"));
            }
        }
        job.set("format", Value::text("MULTI_TASK"));
        job.set("edit_mode", Value::text("UI_LOCKED"));
        job.set("deployment", deployment());
    }
    for pipeline in of_kind(root, "pipelines") {
        pipeline.set_default("edition", Value::text("ADVANCED"));
        pipeline.set_default("channel", Value::text("CURRENT"));
        pipeline.set("deployment", deployment());
    }
    for cluster in of_kind(root, "clusters") {
        cluster.set_default("autotermination_minutes", Value::int(CLUSTER_IDLE_MINUTES));
    }
    for warehouse in of_kind(root, "sql_warehouses") {
        warehouse.set_default("auto_stop_mins", Value::int(WAREHOUSE_IDLE_MINUTES));
        warehouse.set_default("enable_photon", Value::bool(true));
        warehouse.set_default("max_num_clusters", Value::int(1));
        warehouse.set_default("spot_instance_policy", Value::text("COST_OPTIMIZED"));
    }
    for volume in of_kind(root, "volumes") {
        volume.set_default("volume_type", Value::text("MANAGED"));
    }
}

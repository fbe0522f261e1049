//! What clusters can be made of.

use axum::Json;
use serde_json::{Value, json};

use crate::compute::clusters::{NODE_TYPES, VERSIONS};

/// GET list-node-types
pub(in crate::compute) async fn node_types() -> Json<Value> {
    let shown = NODE_TYPES.iter().map(|kind| {
        json!({
            "node_type_id": kind.id, "instance_type_id": kind.id, "memory_mb": kind.memory_mb, "num_cores": kind.cores,
            "num_gpus": 0, "category": kind.category, "description": kind.id, "is_deprecated": false,
            "is_hidden": false, "is_io_cache_enabled": true, "support_cluster_tags": true, "support_port_forwarding": true,
        })
    });
    Json(json!({"node_types": shown.collect::<Vec<_>>()}))
}

/// GET list-zones
pub(in crate::compute) async fn zones() -> Json<Value> {
    Json(json!({"zones": ["local-1a"], "default_zone": "local-1a"}))
}

/// GET spark-versions
pub(in crate::compute) async fn spark_versions() -> Json<Value> {
    let shown = VERSIONS.iter().map(|(key, name)| json!({"key": key, "name": name}));
    Json(json!({"versions": shown.collect::<Vec<_>>()}))
}

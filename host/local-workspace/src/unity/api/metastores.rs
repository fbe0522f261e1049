//! The one metastore that the workspace has.

use axum::{Json, extract::State};
use serde::Serialize;
use uuid::Uuid;

use crate::unity::Unity;

#[derive(Debug, Serialize)]
pub(crate) struct Assignment {
    metastore_id: Uuid,
    workspace_id: u64,
    default_catalog_name: &'static str,
}

#[derive(Debug, Serialize)]
pub(crate) struct Metastore {
    metastore_id: Uuid,
    name: &'static str,
    region: &'static str,
    cloud: &'static str,
    global_metastore_id: String,
    owner: &'static str,
    privilege_model_version: &'static str,
}

#[derive(Debug, Serialize)]
pub(crate) struct List {
    metastores: [Metastore; 1],
}

pub(crate) async fn assignment(State(unity): State<Unity>) -> Json<Assignment> {
    let workspace = unity.workspace();
    Json(Assignment { metastore_id: workspace.metastore_id, workspace_id: workspace.id, default_catalog_name: "main" })
}

pub(crate) async fn summary(State(unity): State<Unity>) -> Json<Metastore> {
    Json(metastore(unity.workspace().metastore_id))
}

pub(crate) async fn list(State(unity): State<Unity>) -> Json<List> {
    Json(List { metastores: [metastore(unity.workspace().metastore_id)] })
}

fn metastore(id: Uuid) -> Metastore {
    Metastore {
        metastore_id: id,
        name: "local",
        region: "local",
        cloud: "local",
        global_metastore_id: format!("local:local:{id}"),
        owner: "System user",
        privilege_model_version: "1.0",
    }
}

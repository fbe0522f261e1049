//! Data folders of versions that kept all objects in one JSON file: they are taken over once.

use std::{collections::BTreeMap, fs, io, path::Path};

use anyhow::Context;
use serde::Deserialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::{
    catalog::{self, CatalogTree, Grant, Workspace},
    database::Database,
    sql::warehouses::{self, Settings, Warehouse},
};

/// The file of earlier versions.
const FILE: &str = "metastore.json";

/// Its name once it was taken over; kept for those who want to look back.
const TAKEN: &str = "metastore.json.taken-over";

#[derive(Debug, Deserialize)]
struct State {
    metastore_id: Uuid,
    workspace_id: u64,
    catalogs: BTreeMap<String, CatalogTree>,
    #[serde(default)]
    grants: Vec<Grant>,
    #[serde(default)]
    warehouses: Vec<OldWarehouse>,
}

#[derive(Debug, Deserialize)]
struct OldWarehouse {
    id: String,
    creator: String,
    running: bool,
    settings: Map<String, Value>,
}

/// Puts what an earlier version's file holds into the database, in one transaction, if there is such a file.
///
/// # Errors
/// A file that cannot be read or is damaged, a database that cannot be written.
pub(crate) async fn take_over(database: &Database, folder: &Path) -> anyhow::Result<()> {
    let path = folder.join(FILE);
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(e) => return Err(e).with_context(|| format!("cannot read {}", path.display())),
    };
    // A process that ended between the two left a file that is in the database already.
    let taken: Option<i64> = sqlx::query_scalar("SELECT 1 FROM workspace").fetch_optional(database.read()).await?;
    if taken.is_none() {
        let state: State = serde_json::from_slice(&bytes)
            .with_context(|| format!("the catalog file {} is damaged", path.display()))?;
        let mut change = database.change().await?;
        let workspace = Workspace { metastore_id: state.metastore_id, id: state.workspace_id };
        catalog::import(&mut change, workspace, &state.catalogs, &state.grants).await?;
        for OldWarehouse { id, creator, running, settings } in state.warehouses {
            let settings = typed(settings);
            warehouses::add(&mut change, &Warehouse { id, creator, running, settings }).await?;
        }
        change.commit().await?;
        tracing::info!(file = %path.display(), "the catalog of an earlier version is taken over");
    }
    fs::rename(&path, folder.join(TAKEN)).with_context(|| format!("cannot rename {}", path.display()))
}

/// Settings were not checked for their types: one that does not fit gets its default.
fn typed(settings: Map<String, Value>) -> Settings {
    let mut fitting = Map::new();
    for (key, value) in settings {
        let alone = Map::from_iter([(key.clone(), value.clone())]);
        if serde_json::from_value::<Settings>(Value::Object(alone)).is_ok() {
            fitting.insert(key, value);
        }
    }
    serde_json::from_value(Value::Object(fitting)).unwrap_or_default()
}

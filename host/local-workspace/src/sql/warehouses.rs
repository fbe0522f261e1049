//! SQL warehouses: settings and state. All of them run on the one engine; a stopped one starts when a statement comes,
//! as in Databricks.

use std::sync::Arc;

use rand::Rng;
use serde_json::{Map, Value, json};

use crate::{catalog::WarehouseInfo, sql::engine::Engine};

/// Name of the warehouse that a fresh workspace has.
const FIRST_WAREHOUSE: &str = "Local Warehouse";

/// Warehouses one workspace may have; a bound against scripts gone wild.
const MAX_WAREHOUSES: usize = 100;

const SIZES: [&str; 10] =
    ["2X-Small", "X-Small", "Small", "Medium", "Large", "X-Large", "2X-Large", "3X-Large", "4X-Large", "5X-Large"];

/// Why a change was refused.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// No warehouse has this id.
    Unknown(String),
    /// A setting is not allowed; the text says which and why.
    Invalid(String),
}

/// All warehouses of the workspace.
#[derive(Debug)]
pub(crate) struct Warehouses {
    engine: Arc<Engine>,
}

impl Warehouses {
    pub(crate) fn new(engine: Arc<Engine>) -> Self {
        engine.metastore().write(|state| {
            if state.warehouses.is_empty() {
                let settings = with_defaults(Map::from_iter([("name".to_owned(), json!(FIRST_WAREHOUSE))]));
                let creator = "System user".to_owned();
                state.warehouses.push(WarehouseInfo { id: new_id(), creator, running: true, settings });
            }
        });
        Self { engine }
    }

    pub(crate) fn list(&self) -> Vec<WarehouseInfo> {
        self.engine.metastore().read(|state| state.warehouses.clone())
    }

    pub(crate) fn get(&self, id: &str) -> Result<WarehouseInfo, Refused> {
        let found = self.engine.metastore().read(|state| state.warehouses.iter().find(|w| w.id == id).cloned());
        found.ok_or_else(|| Refused::Unknown(id.to_owned()))
    }

    pub(crate) fn create(&self, settings: Map<String, Value>, creator: &str) -> Result<WarehouseInfo, Refused> {
        let settings = with_defaults(settings);
        check(&settings)?;
        self.engine.metastore().write(|state| {
            let name = settings.get("name").cloned().unwrap_or_default();
            if state.warehouses.iter().any(|w| w.settings.get("name") == Some(&name)) {
                return Err(Refused::Invalid(format!("A SQL warehouse with the name {name} already exists.")));
            }
            if state.warehouses.len() >= MAX_WAREHOUSES {
                return Err(Refused::Invalid(format!("This workspace holds at most {MAX_WAREHOUSES} SQL warehouses.")));
            }
            let warehouse = WarehouseInfo { id: new_id(), creator: creator.to_owned(), running: true, settings };
            state.warehouses.push(warehouse.clone());
            Ok(warehouse)
        })
    }

    pub(crate) fn edit(&self, id: &str, settings: Map<String, Value>) -> Result<(), Refused> {
        self.change(id, |warehouse| {
            let mut merged = warehouse.settings.clone();
            merged.extend(settings);
            check(&merged)?;
            warehouse.settings = merged;
            Ok(())
        })
    }

    /// Starts or stops; doing it twice is doing it once.
    pub(crate) fn set_running(&self, id: &str, running: bool) -> Result<(), Refused> {
        self.change(id, |warehouse| {
            warehouse.running = running;
            Ok(())
        })
    }

    /// Starts a stopped warehouse that a statement was sent to.
    pub(crate) fn wake(&self, id: &str) -> Result<(), Refused> {
        if self.get(id)?.running { Ok(()) } else { self.set_running(id, true) }
    }

    pub(crate) fn delete(&self, id: &str) -> Result<(), Refused> {
        self.get(id)?;
        self.engine.metastore().write(|state| state.warehouses.retain(|w| w.id != id));
        Ok(())
    }

    fn change(&self, id: &str, change: impl FnOnce(&mut WarehouseInfo) -> Result<(), Refused>) -> Result<(), Refused> {
        self.engine.metastore().write(|state| match state.warehouses.iter_mut().find(|w| w.id == id) {
            Some(warehouse) => change(warehouse),
            None => Err(Refused::Unknown(id.to_owned())),
        })
    }
}

fn new_id() -> String {
    format!("{:016x}", rand::rng().random::<u64>())
}

/// Keeps the settings the API knows and adds what was left out.
fn with_defaults(given: Map<String, Value>) -> Map<String, Value> {
    let defaults = json!({
        "name": "", "cluster_size": "2X-Small", "auto_stop_mins": 120, "min_num_clusters": 1, "max_num_clusters": 1,
        "enable_photon": true, "enable_serverless_compute": true, "warehouse_type": "PRO",
        "spot_instance_policy": "COST_OPTIMIZED", "channel": {"name": "CHANNEL_NAME_CURRENT"}, "tags": {},
    });
    let mut settings = defaults.as_object().cloned().unwrap_or_default();
    for (key, value) in given {
        if settings.contains_key(&key) || key == "statement_timeout" {
            settings.insert(key, value);
        }
    }
    settings
}

fn check(settings: &Map<String, Value>) -> Result<(), Refused> {
    let invalid = |text: String| Err(Refused::Invalid(text));
    let number = |key: &str| settings.get(key).and_then(Value::as_i64);
    let name = settings.get("name").and_then(Value::as_str).unwrap_or_default();
    if name.is_empty() || name.chars().count() >= 100 {
        return invalid("A SQL warehouse needs a name of fewer than 100 characters.".to_owned());
    }
    let size = settings.get("cluster_size").and_then(Value::as_str).unwrap_or_default();
    if !SIZES.contains(&size) {
        return invalid(format!("Invalid cluster size '{size}'. Supported values: {}.", SIZES.join(", ")));
    }
    match number("auto_stop_mins") {
        Some(minutes) if minutes == 0 || minutes >= 10 => {}
        _ => return invalid("auto_stop_mins must be 0 or at least 10.".to_owned()),
    }
    let (Some(min), Some(max)) = (number("min_num_clusters"), number("max_num_clusters")) else {
        return invalid("min_num_clusters and max_num_clusters must be whole numbers.".to_owned());
    };
    if !(1..=40).contains(&max) || min < 1 || min > max.min(30) {
        return invalid(
            "min_num_clusters must be from 1 to max_num_clusters (at most 30), which is at most 40.".to_owned(),
        );
    }
    Ok(())
}

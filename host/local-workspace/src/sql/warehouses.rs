//! SQL warehouses: settings and state. All of them run on the one engine; a stopped one starts when a statement comes,
//! as in Databricks.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use rand::Rng;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::SqliteConnection;

use crate::database::{self, Database};

/// Name of the warehouse that a fresh workspace has.
const FIRST_WAREHOUSE: &str = "Local Warehouse";

/// Warehouses one workspace may have; a bound against scripts gone wild.
const MAX_WAREHOUSES: usize = 100;

const SIZES: [&str; 10] =
    ["2X-Small", "X-Small", "Small", "Medium", "Large", "X-Large", "2X-Large", "3X-Large", "4X-Large", "5X-Large"];

/// Why a change was refused.
#[derive(Debug)]
pub(crate) enum Refused {
    /// No warehouse has this id.
    Unknown(String),
    /// A setting is not allowed; the text says which and why.
    Invalid(String),
    /// The database failed.
    Objects(database::Error),
}

impl From<database::Error> for Refused {
    fn from(error: database::Error) -> Self {
        Self::Objects(error)
    }
}

impl From<sqlx::Error> for Refused {
    fn from(error: sqlx::Error) -> Self {
        Self::Objects(error.into())
    }
}

impl From<serde_json::Error> for Refused {
    fn from(error: serde_json::Error) -> Self {
        Self::Objects(error.into())
    }
}

/// A SQL warehouse.
#[derive(Debug, Clone)]
pub(crate) struct Warehouse {
    pub(crate) id: String,
    pub(crate) creator: String,
    pub(crate) running: bool,
    pub(crate) settings: Settings,
}

/// A warehouse's settings as the API gives them, and as they are stored: fields may be added, never renamed.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Settings {
    pub(crate) name: String,
    pub(crate) cluster_size: String,
    pub(crate) auto_stop_mins: i64,
    pub(crate) min_num_clusters: i64,
    pub(crate) max_num_clusters: i64,
    pub(crate) enable_photon: bool,
    pub(crate) enable_serverless_compute: bool,
    pub(crate) warehouse_type: String,
    pub(crate) spot_instance_policy: String,
    pub(crate) channel: Value,
    pub(crate) tags: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) statement_timeout: Option<Value>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            name: String::new(),
            cluster_size: "2X-Small".to_owned(),
            auto_stop_mins: 120,
            min_num_clusters: 1,
            max_num_clusters: 1,
            enable_photon: true,
            enable_serverless_compute: true,
            warehouse_type: "PRO".to_owned(),
            spot_instance_policy: "COST_OPTIMIZED".to_owned(),
            channel: serde_json::json!({ "name": "CHANNEL_NAME_CURRENT" }),
            tags: serde_json::json!({}),
            statement_timeout: None,
        }
    }
}

/// The settings that a caller gives, for a new warehouse or as a change; what the API does not know is left out.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct SettingsChange {
    pub(crate) name: Option<String>,
    cluster_size: Option<String>,
    auto_stop_mins: Option<i64>,
    min_num_clusters: Option<i64>,
    max_num_clusters: Option<i64>,
    enable_photon: Option<bool>,
    enable_serverless_compute: Option<bool>,
    warehouse_type: Option<String>,
    spot_instance_policy: Option<String>,
    channel: Option<Value>,
    tags: Option<Value>,
    statement_timeout: Option<Value>,
}

impl SettingsChange {
    /// The settings after the change.
    fn applied_to(self, old: Settings) -> Settings {
        Settings {
            name: self.name.unwrap_or(old.name),
            cluster_size: self.cluster_size.unwrap_or(old.cluster_size),
            auto_stop_mins: self.auto_stop_mins.unwrap_or(old.auto_stop_mins),
            min_num_clusters: self.min_num_clusters.unwrap_or(old.min_num_clusters),
            max_num_clusters: self.max_num_clusters.unwrap_or(old.max_num_clusters),
            enable_photon: self.enable_photon.unwrap_or(old.enable_photon),
            enable_serverless_compute: self.enable_serverless_compute.unwrap_or(old.enable_serverless_compute),
            warehouse_type: self.warehouse_type.unwrap_or(old.warehouse_type),
            spot_instance_policy: self.spot_instance_policy.unwrap_or(old.spot_instance_policy),
            channel: self.channel.unwrap_or(old.channel),
            tags: self.tags.unwrap_or(old.tags),
            statement_timeout: self.statement_timeout.or(old.statement_timeout),
        }
    }
}

/// All warehouses of the workspace; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Warehouses {
    database: Database,
    /// Ids of those that run, so that a statement need not ask the database.
    awake: Arc<Mutex<HashSet<String>>>,
}

type Row = (String, String, bool, String);

const ALL: &str = "SELECT id, creator, running, settings FROM warehouses ORDER BY position";
const ONE: &str = "SELECT id, creator, running, settings FROM warehouses WHERE id = ?";

fn warehouse((id, creator, running, settings): Row) -> database::Result<Warehouse> {
    Ok(Warehouse { id, creator, running, settings: serde_json::from_str(&settings)? })
}

impl Warehouses {
    /// Opens the list; a workspace without a warehouse gets one.
    ///
    /// # Errors
    /// A database that cannot be read or written.
    pub(crate) async fn open(database: Database) -> database::Result<Self> {
        let warehouses = Self { database, awake: Arc::default() };
        let known = warehouses.list().await?;
        warehouses.awake().extend(known.iter().filter(|w| w.running).map(|w| w.id.clone()));
        if known.is_empty() {
            let settings = Settings { name: FIRST_WAREHOUSE.to_owned(), ..Settings::default() };
            let first = Warehouse { id: new_id(), creator: "System user".to_owned(), running: true, settings };
            let mut change = warehouses.database.change().await?;
            add(&mut change, &first).await?;
            change.commit().await?;
            warehouses.awake().insert(first.id);
        }
        Ok(warehouses)
    }

    fn awake(&self) -> MutexGuard<'_, HashSet<String>> {
        self.awake.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) async fn list(&self) -> database::Result<Vec<Warehouse>> {
        let rows: Vec<Row> = sqlx::query_as(ALL).fetch_all(self.database.read()).await?;
        rows.into_iter().map(warehouse).collect()
    }

    pub(crate) async fn get(&self, id: &str) -> Result<Warehouse, Refused> {
        let row = sqlx::query_as(ONE).bind(id).fetch_optional(self.database.read()).await?;
        Ok(warehouse(row.ok_or_else(|| Refused::Unknown(id.to_owned()))?)?)
    }

    pub(crate) async fn create(&self, given: SettingsChange, creator: &str) -> Result<Warehouse, Refused> {
        let settings = given.applied_to(Settings::default());
        check(&settings)?;
        let mut change = self.database.change().await?;
        let rows: Vec<Row> = sqlx::query_as(ALL).fetch_all(&mut *change).await?;
        let known: Vec<_> = rows.into_iter().map(warehouse).collect::<Result<_, _>>()?;
        if known.iter().any(|w| w.settings.name == settings.name) {
            let message = format!("A SQL warehouse with the name \"{}\" already exists.", settings.name);
            return Err(Refused::Invalid(message));
        }
        if known.len() >= MAX_WAREHOUSES {
            return Err(Refused::Invalid(format!("This workspace holds at most {MAX_WAREHOUSES} SQL warehouses.")));
        }
        let warehouse = Warehouse { id: new_id(), creator: creator.to_owned(), running: true, settings };
        add(&mut change, &warehouse).await?;
        change.commit().await?;
        self.awake().insert(warehouse.id.clone());
        Ok(warehouse)
    }

    pub(crate) async fn edit(&self, id: &str, given: SettingsChange) -> Result<(), Refused> {
        let mut change = self.database.change().await?;
        let row = sqlx::query_as(ONE).bind(id).fetch_optional(&mut *change).await?;
        let known = warehouse(row.ok_or_else(|| Refused::Unknown(id.to_owned()))?)?;
        let settings = given.applied_to(known.settings);
        check(&settings)?;
        sqlx::query("UPDATE warehouses SET settings = ? WHERE id = ?")
            .bind(serde_json::to_string(&settings)?)
            .bind(id)
            .execute(&mut *change)
            .await?;
        change.commit().await?;
        Ok(())
    }

    /// Starts or stops; doing it twice is doing it once.
    pub(crate) async fn set_running(&self, id: &str, running: bool) -> Result<(), Refused> {
        let mut change = self.database.change().await?;
        let update = sqlx::query("UPDATE warehouses SET running = ? WHERE id = ?").bind(running).bind(id);
        if update.execute(&mut *change).await?.rows_affected() == 0 {
            return Err(Refused::Unknown(id.to_owned()));
        }
        change.commit().await?;
        if running {
            self.awake().insert(id.to_owned());
        } else {
            self.awake().remove(id);
        }
        Ok(())
    }

    /// Starts a stopped warehouse that a statement was sent to.
    pub(crate) async fn wake(&self, id: &str) -> Result<(), Refused> {
        if self.awake().contains(id) { Ok(()) } else { self.set_running(id, true).await }
    }

    pub(crate) async fn delete(&self, id: &str) -> Result<(), Refused> {
        let mut change = self.database.change().await?;
        let delete = sqlx::query("DELETE FROM warehouses WHERE id = ?").bind(id);
        if delete.execute(&mut *change).await?.rows_affected() == 0 {
            return Err(Refused::Unknown(id.to_owned()));
        }
        change.commit().await?;
        self.awake().remove(id);
        Ok(())
    }
}

/// Adds a warehouse behind the others.
pub(crate) async fn add(change: &mut SqliteConnection, warehouse: &Warehouse) -> database::Result<()> {
    sqlx::query("INSERT INTO warehouses (id, creator, running, settings) VALUES (?, ?, ?, ?)")
        .bind(&warehouse.id)
        .bind(&warehouse.creator)
        .bind(warehouse.running)
        .bind(serde_json::to_string(&warehouse.settings)?)
        .execute(change)
        .await?;
    Ok(())
}

fn new_id() -> String {
    format!("{:016x}", rand::rng().random::<u64>())
}

fn check(settings: &Settings) -> Result<(), Refused> {
    let invalid = |text: String| Err(Refused::Invalid(text));
    if settings.name.is_empty() || settings.name.chars().count() >= 100 {
        return invalid("A SQL warehouse needs a name of fewer than 100 characters.".to_owned());
    }
    let size = settings.cluster_size.as_str();
    if !SIZES.contains(&size) {
        return invalid(format!("Invalid cluster size '{size}'. Supported values: {}.", SIZES.join(", ")));
    }
    let minutes = settings.auto_stop_mins;
    if minutes != 0 && minutes < 10 {
        return invalid("auto_stop_mins must be 0 or at least 10.".to_owned());
    }
    let (min, max) = (settings.min_num_clusters, settings.max_num_clusters);
    if !(1..=40).contains(&max) || min < 1 || min > max.min(30) {
        return invalid(
            "min_num_clusters must be from 1 to max_num_clusters (at most 30), which is at most 40.".to_owned(),
        );
    }
    Ok(())
}

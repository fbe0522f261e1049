//! Clusters in the database of objects, and what may be done to them.

use rand::Rng;
use serde_json::Value;
use sqlx::SqliteConnection;

use super::model::{Cluster, Spec, State};
use crate::{
    clock::now,
    database::{self, Database},
};

/// Name of the cluster that a fresh workspace has.
const FIRST_CLUSTER: &str = "Shared Local Cluster";

/// Clusters one workspace may have; a bound against scripts gone wild.
const MAX_CLUSTERS: usize = 200;

/// The version that the first cluster has, one of [`VERSIONS`].
const LTS: &str = "16.4.x-scala2.12";

/// Versions of the runtime: key and name.
pub(crate) const VERSIONS: [(&str, &str); 6] = [
    ("17.3.x-scala2.13", "17.3 LTS (includes Apache Spark 4.0.0, Scala 2.13)"),
    (LTS, "16.4 LTS (includes Apache Spark 3.5.2, Scala 2.12)"),
    ("16.4.x-cpu-ml-scala2.12", "16.4 LTS ML (includes Apache Spark 3.5.2, Scala 2.12)"),
    ("15.4.x-scala2.12", "15.4 LTS (includes Apache Spark 3.5.0, Scala 2.12)"),
    ("14.3.x-scala2.12", "14.3 LTS (includes Apache Spark 3.5.0, Scala 2.12)"),
    ("9.1.x-scala2.12", "9.1 LTS (includes Apache Spark 3.1.2, Scala 2.12)"),
];

/// A kind of machine.
#[derive(Debug)]
pub(crate) struct NodeType {
    pub(crate) id: &'static str,
    pub(crate) memory_mb: u32,
    pub(crate) cores: f32,
    pub(crate) category: &'static str,
}

/// Kinds of machines; all of them are this one.
pub(crate) const NODE_TYPES: [NodeType; 4] = [
    NodeType { id: "i3.xlarge", memory_mb: 31_232, cores: 4.0, category: "Storage Optimized" },
    NodeType { id: "m5d.large", memory_mb: 8_192, cores: 2.0, category: "General Purpose" },
    NodeType { id: "m5d.xlarge", memory_mb: 16_384, cores: 4.0, category: "General Purpose" },
    NodeType { id: "r5d.2xlarge", memory_mb: 65_536, cores: 8.0, category: "Memory Optimized" },
];

/// Why something was not done.
#[derive(Debug)]
pub(crate) enum Refused {
    /// No cluster has this id.
    Unknown(String),
    /// A setting is not allowed; the text says which and why.
    Invalid(String),
    /// It cannot be done where the cluster is in its life.
    State(String),
    /// The cluster is another user's.
    Denied(String),
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

/// All clusters of the workspace; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Clusters {
    database: Database,
}

const ALL: &str = "SELECT cluster FROM clusters ORDER BY position DESC";
const ONE: &str = "SELECT cluster FROM clusters WHERE id = ?";

fn millis() -> i64 {
    now().timestamp_millis()
}

fn read(text: &str) -> database::Result<Cluster> {
    Ok(serde_json::from_str::<Cluster>(text)?.at(millis()))
}

impl Clusters {
    /// Opens the list; a workspace without a cluster gets one.
    ///
    /// # Errors
    /// A database that cannot be read or written.
    pub(crate) async fn open(database: Database) -> database::Result<Self> {
        let clusters = Self { database };
        if clusters.list().await?.is_empty() {
            let mut change = clusters.database.change().await?;
            let spec = serde_json::json!({
                "cluster_name": FIRST_CLUSTER, "spark_version": LTS, "node_type_id": "m5d.large",
                "num_workers": 0, "autotermination_minutes": 0, "data_security_mode": "USER_ISOLATION",
            });
            let spec = spec.as_object().cloned().unwrap_or_default();
            add(&mut change, &Cluster::new(new_id(), "System user".to_owned(), spec, millis())).await?;
            change.commit().await?;
        }
        Ok(clusters)
    }

    /// All of them, the newest first.
    pub(crate) async fn list(&self) -> database::Result<Vec<Cluster>> {
        let rows: Vec<(String,)> = sqlx::query_as(ALL).fetch_all(self.database.read()).await?;
        rows.iter().map(|(text,)| read(text)).collect()
    }

    pub(crate) async fn get(&self, id: &str) -> Result<Cluster, Refused> {
        let row: Option<(String,)> = sqlx::query_as(ONE).bind(id).fetch_optional(self.database.read()).await?;
        Ok(read(&row.ok_or_else(|| Refused::Unknown(id.to_owned()))?.0)?)
    }

    pub(crate) async fn create(&self, spec: Spec, creator: &str) -> Result<Cluster, Refused> {
        let spec = completed(spec, creator)?;
        let mut change = self.database.change().await?;
        let (known,): (i64,) = sqlx::query_as("SELECT count(*) FROM clusters").fetch_one(&mut *change).await?;
        if usize::try_from(known).unwrap_or(usize::MAX) >= MAX_CLUSTERS {
            return Err(Refused::Invalid(format!("This workspace holds at most {MAX_CLUSTERS} clusters.")));
        }
        let cluster = Cluster::new(new_id(), creator.to_owned(), spec, millis());
        add(&mut change, &cluster).await?;
        change.commit().await?;
        Ok(cluster)
    }

    /// Changes a cluster that may be changed so.
    pub(crate) async fn change(
        &self,
        id: &str,
        edit: impl FnOnce(&mut Cluster, i64) -> Result<(), Refused> + Send,
    ) -> Result<(), Refused> {
        let mut change = self.database.change().await?;
        let row: Option<(String,)> = sqlx::query_as(ONE).bind(id).fetch_optional(&mut *change).await?;
        let mut cluster = read(&row.ok_or_else(|| Refused::Unknown(id.to_owned()))?.0)?;
        edit(&mut cluster, millis())?;
        let update = sqlx::query("UPDATE clusters SET cluster = ? WHERE id = ?");
        update.bind(serde_json::to_string(&cluster)?).bind(id).execute(&mut *change).await?;
        change.commit().await?;
        Ok(())
    }

    pub(crate) async fn remove(&self, id: &str) -> Result<(), Refused> {
        let mut change = self.database.change().await?;
        let gone = sqlx::query("DELETE FROM clusters WHERE id = ?").bind(id).execute(&mut *change).await?;
        if gone.rows_affected() == 0 {
            return Err(Refused::Unknown(id.to_owned()));
        }
        change.commit().await?;
        Ok(())
    }

    /// A cluster on which this user may run code now; it counts as used.
    pub(crate) async fn take(&self, id: &str, user: &str) -> Result<(), Refused> {
        let user = user.to_owned();
        self.change(id, move |cluster, now| {
            let owner = cluster.text("single_user_name");
            if !owner.is_empty() && owner != user {
                return Err(Refused::Denied(format!(
                    "Single-user check failed: user '{user}' attempted to run a command on single-user cluster {}, but the \
                     single user of this cluster is '{owner}'.",
                    cluster.id
                )));
            }
            expect(cluster, &[State::Running, State::Resizing])?;
            cluster.used(now);
            Ok(())
        })
        .await
    }
}

/// Refuses what does not go in this state.
pub(crate) fn expect(cluster: &Cluster, states: &[State]) -> Result<(), Refused> {
    if states.contains(&cluster.state()) {
        return Ok(());
    }
    Err(Refused::State(format!("Cluster {} is in unexpected state {}.", cluster.id, cluster.state().word())))
}

async fn add(change: &mut SqliteConnection, cluster: &Cluster) -> database::Result<()> {
    let insert = sqlx::query("INSERT INTO clusters (id, cluster) VALUES (?, ?)").bind(&cluster.id);
    insert.bind(serde_json::to_string(cluster)?).execute(change).await?;
    Ok(())
}

/// As the service makes them: month, day and time, and eight letters.
fn new_id() -> String {
    const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    let mut random = rand::rng();
    let letter = |_| LETTERS.get(random.random_range(0..LETTERS.len())).map_or('x', |letter| char::from(*letter));
    let letters: String = (0..8).map(letter).collect();
    format!("{}-{letters}", now().format("%m%d-%H%M%S"))
}

/// What a caller gave, checked, and what the service adds to it.
pub(crate) fn completed(mut spec: Spec, creator: &str) -> Result<Spec, Refused> {
    let invalid = |text: String| Err(Refused::Invalid(text));
    for only_given in ["cluster_id", "clone_from", "apply_policy_default_values"] {
        spec.remove(only_given);
    }
    let text = |spec: &Spec, name: &str| spec.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let version = text(&spec, "spark_version");
    if version.is_empty() {
        return invalid("Missing required field: spark_version".to_owned());
    }
    if !VERSIONS.iter().any(|(key, _)| *key == version) {
        return invalid(format!("Invalid spark version {version}."));
    }
    let node_type = text(&spec, "node_type_id");
    if node_type.is_empty() {
        if text(&spec, "instance_pool_id").is_empty() {
            return invalid("Exactly one of node_type_id and instance_pool_id must be specified.".to_owned());
        }
        return invalid("The local workspace does not support instance pools.".to_owned());
    }
    if !NODE_TYPES.iter().any(|known| known.id == node_type) {
        return invalid(format!("Node type {node_type} is not supported."));
    }
    match (spec.get("num_workers").map(Value::as_i64), spec.get("autoscale")) {
        (Some(Some(0..=100_000)), None) => {}
        (Some(_), None) => return invalid("num_workers must be a whole number that is not negative.".to_owned()),
        (None, Some(scale)) => {
            let number = |name: &str| scale.get(name).and_then(Value::as_i64);
            let fits = matches!((number("min_workers"), number("max_workers")), (Some(min), Some(max)) if min >= 0 && max >= min);
            if !fits {
                return invalid("autoscale needs min_workers and max_workers, in this order of size.".to_owned());
            }
        }
        (Some(_), Some(_)) => return invalid("Only one of num_workers and autoscale may be specified.".to_owned()),
        (None, None) => drop(spec.insert("num_workers".to_owned(), 0.into())),
    }
    let minutes = spec.get("autotermination_minutes").and_then(Value::as_i64).unwrap_or_default();
    if minutes != 0 && !(10..=10_000).contains(&minutes) {
        return invalid(format!(
            "The cluster auto-termination minutes must be between 10 and 10000, or 0 for none, and not {minutes}."
        ));
    }
    if !spec.contains_key("autotermination_minutes") {
        spec.insert("autotermination_minutes".to_owned(), 60.into());
    }
    if text(&spec, "driver_node_type_id").is_empty() {
        spec.insert("driver_node_type_id".to_owned(), node_type.into());
    }
    let mode = text(&spec, "data_security_mode");
    let is_single = ["SINGLE_USER", "LEGACY_SINGLE_USER", "DATA_SECURITY_MODE_DEDICATED"].contains(&mode.as_str());
    if is_single && text(&spec, "single_user_name").is_empty() {
        spec.insert("single_user_name".to_owned(), creator.into());
    }
    if !spec.contains_key("enable_elastic_disk") {
        spec.insert("enable_elastic_disk".to_owned(), false.into());
    }
    Ok(spec)
}

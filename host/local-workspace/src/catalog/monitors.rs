//! Quality monitors of tables in the database.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{names::TableName, rows::document, store::Catalog};
use crate::database::Result;

/// A table's monitor as it is stored. Fields may be added (with a default), never renamed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct MonitorInfo {
    pub(crate) output_schema_name: String,
    pub(crate) assets_dir: String,
    /// What is measured: the field's name, `snapshot`, `time_series` or `inference_log`, and its settings.
    pub(crate) profile: (String, Value),
    #[serde(default)]
    pub(crate) schedule: Option<Value>,
    #[serde(default)]
    pub(crate) slicing_exprs: Vec<String>,
    /// Counts changes.
    pub(crate) version: u64,
    /// Newest last.
    #[serde(default)]
    pub(crate) refreshes: Vec<Refresh>,
}

/// One time that a monitor was asked to measure.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Refresh {
    pub(crate) refresh_id: i64,
    pub(crate) state: String,
    pub(crate) message: String,
    pub(crate) trigger: String,
    pub(crate) start_time_ms: i64,
    pub(crate) end_time_ms: i64,
}

impl Catalog {
    pub(crate) async fn monitor(&self, table: &TableName) -> Result<Option<MonitorInfo>> {
        let found = sqlx::query_scalar("SELECT info FROM monitors WHERE catalog = ? AND schema = ? AND name = ?");
        let found = found.bind(&table.catalog).bind(&table.schema).bind(&table.table);
        document(found.fetch_optional(self.database.read()).await?)
    }

    /// Adds a monitor; whether the table had none.
    pub(crate) async fn create_monitor(&self, table: &TableName, info: &MonitorInfo) -> Result<bool> {
        let mut change = self.database.change().await?;
        let put = sqlx::query(
            "INSERT INTO monitors (catalog, schema, name, info) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
        );
        let put = put.bind(&table.catalog).bind(&table.schema).bind(&table.table).bind(serde_json::to_string(info)?);
        let made = put.execute(&mut *change).await?.rows_affected();
        change.commit().await?;
        Ok(made > 0)
    }

    /// Changes a monitor, and gives it; none where there is none.
    pub(crate) async fn edit_monitor(
        &self,
        table: &TableName,
        edit: impl FnOnce(&mut MonitorInfo) + Send,
    ) -> Result<Option<MonitorInfo>> {
        let mut change = self.database.change().await?;
        let found = sqlx::query_scalar("SELECT info FROM monitors WHERE catalog = ? AND schema = ? AND name = ?");
        let found = found.bind(&table.catalog).bind(&table.schema).bind(&table.table);
        let Some(mut info) = document::<MonitorInfo>(found.fetch_optional(&mut *change).await?)? else {
            return Ok(None);
        };
        edit(&mut info);
        let put = sqlx::query("UPDATE monitors SET info = ? WHERE catalog = ? AND schema = ? AND name = ?");
        let put = put.bind(serde_json::to_string(&info)?);
        put.bind(&table.catalog).bind(&table.schema).bind(&table.table).execute(&mut *change).await?;
        change.commit().await?;
        Ok(Some(info))
    }

    /// Takes a table's monitor away; whether there was one.
    pub(crate) async fn drop_monitor(&self, table: &TableName) -> Result<bool> {
        let mut change = self.database.change().await?;
        let gone = sqlx::query("DELETE FROM monitors WHERE catalog = ? AND schema = ? AND name = ?");
        let gone = gone.bind(&table.catalog).bind(&table.schema).bind(&table.table);
        let gone = gone.execute(&mut *change).await?.rows_affected();
        change.commit().await?;
        Ok(gone > 0)
    }
}

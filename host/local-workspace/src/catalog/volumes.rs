//! Volumes in the database: what exists and whose it is. What is in them are files.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    model::Audit,
    names::{SchemaName, TableName},
    rows::{document, forget_grants, named},
    store::Catalog,
};
use crate::database::Result;

/// A volume as it is stored. Fields may be added (with a default), never renamed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct VolumeInfo {
    pub(crate) id: Uuid,
    pub(crate) audit: Audit,
    #[serde(default)]
    pub(crate) comment: Option<String>,
}

impl VolumeInfo {
    pub(crate) fn new(user: &str, comment: Option<String>) -> Self {
        Self { id: Uuid::new_v4(), audit: Audit::new(user), comment }
    }
}

impl Catalog {
    pub(crate) async fn volumes(&self, schema: &SchemaName) -> Result<Vec<(String, VolumeInfo)>> {
        let rows = sqlx::query_as("SELECT name, info FROM volumes WHERE catalog = ? AND schema = ? ORDER BY name");
        named(rows.bind(&schema.catalog).bind(&schema.schema).fetch_all(self.database.read()).await?)
    }

    /// The ids of all volumes, in any schema.
    pub(crate) async fn volume_ids(&self) -> Result<Vec<String>> {
        let ids = sqlx::query_scalar("SELECT json_extract(info, '$.id') FROM volumes");
        Ok(ids.fetch_all(self.database.read()).await?)
    }

    pub(crate) async fn volume(&self, name: &TableName) -> Result<Option<VolumeInfo>> {
        let found = sqlx::query_scalar("SELECT info FROM volumes WHERE catalog = ? AND schema = ? AND name = ?");
        let found = found.bind(&name.catalog).bind(&name.schema).bind(&name.table);
        document(found.fetch_optional(self.database.read()).await?)
    }

    /// Adds a volume; whether there was none of that name.
    pub(crate) async fn create_volume(&self, name: &TableName, info: &VolumeInfo) -> Result<bool> {
        let mut change = self.database.change().await?;
        let put =
            sqlx::query("INSERT INTO volumes (catalog, schema, name, info) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING");
        let put = put.bind(&name.catalog).bind(&name.schema).bind(&name.table).bind(serde_json::to_string(info)?);
        let made = put.execute(&mut *change).await?.rows_affected();
        change.commit().await?;
        Ok(made > 0)
    }

    /// Changes what is known of a volume; without one of that name nothing happens.
    pub(crate) async fn edit_volume(&self, name: &TableName, edit: impl FnOnce(&mut VolumeInfo) + Send) -> Result<()> {
        let mut change = self.database.change().await?;
        let found = sqlx::query_scalar("SELECT info FROM volumes WHERE catalog = ? AND schema = ? AND name = ?");
        let found = found.bind(&name.catalog).bind(&name.schema).bind(&name.table);
        if let Some(mut info) = document::<VolumeInfo>(found.fetch_optional(&mut *change).await?)? {
            edit(&mut info);
            let put = sqlx::query("UPDATE volumes SET info = ? WHERE catalog = ? AND schema = ? AND name = ?");
            let put = put.bind(serde_json::to_string(&info)?);
            put.bind(&name.catalog).bind(&name.schema).bind(&name.table).execute(&mut *change).await?;
        }
        Ok(change.commit().await?)
    }

    /// Takes a volume away; what was known of it.
    pub(crate) async fn drop_volume(&self, name: &TableName) -> Result<Option<VolumeInfo>> {
        let mut change = self.database.change().await?;
        let gone =
            sqlx::query_scalar("DELETE FROM volumes WHERE catalog = ? AND schema = ? AND name = ? RETURNING info");
        let gone = gone.bind(&name.catalog).bind(&name.schema).bind(&name.table);
        let gone = document(gone.fetch_optional(&mut *change).await?)?;
        forget_grants(&mut change, &name.full_name()).await?;
        change.commit().await?;
        Ok(gone)
    }
}

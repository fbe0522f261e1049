//! SQL queries that people saved, for jobs and for reading them again. Rules: Queries API (`/api/2.0/sql/queries`).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::database::{self, Database};

/// Queries of one workspace; a bound against scripts gone wild.
const MAX_QUERIES: i64 = 10_000;

/// A saved query: what the API does not need here is kept as it was given.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct SavedQuery {
    pub(crate) id: Uuid,
    pub(crate) owner_user_name: String,
    pub(crate) display_name: String,
    pub(crate) query_text: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) warehouse_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) catalog: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) schema: Option<String>,
    pub(crate) lifecycle_state: String,
    pub(crate) create_time: String,
    pub(crate) update_time: String,
    #[serde(flatten)]
    pub(crate) rest: Map<String, Value>,
}

/// All saved queries; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Queries {
    database: Database,
}

impl Queries {
    pub(crate) const fn new(database: Database) -> Self {
        Self { database }
    }

    /// Keeps a new query, unless there are as many as there may be.
    pub(crate) async fn add(&self, query: &SavedQuery) -> database::Result<bool> {
        let mut change = self.database.change().await?;
        let count: i64 = sqlx::query_scalar("SELECT count(*) FROM saved_queries").fetch_one(&mut *change).await?;
        if count >= MAX_QUERIES {
            return Ok(false);
        }
        sqlx::query("INSERT INTO saved_queries (id, owner, query) VALUES (?, ?, ?)")
            .bind(query.id.to_string())
            .bind(&query.owner_user_name)
            .bind(serde_json::to_string(query)?)
            .execute(&mut *change)
            .await?;
        change.commit().await?;
        Ok(true)
    }

    /// A user's query.
    pub(crate) async fn get(&self, id: &str, owner: &str) -> database::Result<Option<SavedQuery>> {
        let text: Option<String> = sqlx::query_scalar("SELECT query FROM saved_queries WHERE id = ? AND owner = ?")
            .bind(id)
            .bind(owner)
            .fetch_optional(self.database.read())
            .await?;
        Ok(text.map(|text| serde_json::from_str(&text)).transpose()?)
    }

    /// A user's queries, oldest first.
    pub(crate) async fn list(&self, owner: &str) -> database::Result<Vec<SavedQuery>> {
        let texts: Vec<String> =
            sqlx::query_scalar("SELECT query FROM saved_queries WHERE owner = ? ORDER BY position")
                .bind(owner)
                .fetch_all(self.database.read())
                .await?;
        texts.iter().map(|text| Ok(serde_json::from_str(text)?)).collect()
    }

    pub(crate) async fn save(&self, query: &SavedQuery) -> database::Result<()> {
        let mut change = self.database.change().await?;
        sqlx::query("UPDATE saved_queries SET query = ? WHERE id = ?")
            .bind(serde_json::to_string(query)?)
            .bind(query.id.to_string())
            .execute(&mut *change)
            .await?;
        change.commit().await?;
        Ok(())
    }

    pub(crate) async fn delete(&self, id: Uuid) -> database::Result<()> {
        let mut change = self.database.change().await?;
        sqlx::query("DELETE FROM saved_queries WHERE id = ?").bind(id.to_string()).execute(&mut *change).await?;
        change.commit().await?;
        Ok(())
    }
}

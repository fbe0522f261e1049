//! Pipelines, their updates, events and tables in the database of objects.

use sqlx::{QueryBuilder, Sqlite, SqliteConnection};

use super::{
    filter::{EventFilter, PipelineFilter},
    model::{Event, Pipeline, Update},
};
use crate::database::{self, Database};

/// Updates of one pipeline that are kept; the oldest go first.
const KEPT_UPDATES: i64 = 500;

/// Events of one pipeline that are kept; the oldest go first.
const KEPT_EVENTS: i64 = 20_000;

/// Failures of one update that are told at once.
const MAX_FAILURES: i64 = 100;

/// Tables of one pipeline that are looked at.
const MAX_TABLES: i64 = 10_000;

/// A part of a list.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    /// Entries come behind this place; none for the list's beginning.
    pub(crate) after: Option<i64>,
    pub(crate) limit: i64,
}

/// An entry with its place in its list.
#[derive(Debug, Clone)]
pub(crate) struct Placed<T> {
    pub(crate) position: i64,
    pub(crate) item: T,
}

/// In what order pipelines are listed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum PipelineOrder {
    /// Newest first.
    #[default]
    Newest,
    Id {
        descending: bool,
    },
    Name {
        descending: bool,
    },
}

/// Why a pipeline is not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotKept {
    /// Another one of this owner has its name.
    Name,
    /// There are as many as there may be.
    Full,
}

/// All pipelines; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    database: Database,
}

impl Store {
    pub(crate) const fn new(database: Database) -> Self {
        Self { database }
    }

    /// Adds a pipeline.
    pub(crate) async fn add(
        &self,
        pipeline: &Pipeline,
        allow_duplicate: bool,
        most: i64,
    ) -> database::Result<Result<(), NotKept>> {
        let mut change = self.database.change().await?;
        let count: i64 = sqlx::query_scalar("SELECT count(*) FROM pipelines").fetch_one(&mut *change).await?;
        if count >= most {
            return Ok(Err(NotKept::Full));
        }
        if !allow_duplicate && name_is_taken(&mut change, pipeline).await? {
            return Ok(Err(NotKept::Name));
        }
        sqlx::query("INSERT INTO pipelines (id, owner, name, pipeline) VALUES (?, ?, ?, ?)")
            .bind(&pipeline.id)
            .bind(&pipeline.owner)
            .bind(&pipeline.name)
            .bind(serde_json::to_string(pipeline)?)
            .execute(&mut *change)
            .await?;
        change.commit().await?;
        Ok(Ok(()))
    }

    /// Puts a pipeline in the place of the one with its id.
    pub(crate) async fn save(
        &self,
        pipeline: &Pipeline,
        allow_duplicate: bool,
    ) -> database::Result<Result<(), NotKept>> {
        let mut change = self.database.change().await?;
        if !allow_duplicate && name_is_taken(&mut change, pipeline).await? {
            return Ok(Err(NotKept::Name));
        }
        sqlx::query("UPDATE pipelines SET name = ?, pipeline = ? WHERE id = ?")
            .bind(&pipeline.name)
            .bind(serde_json::to_string(pipeline)?)
            .bind(&pipeline.id)
            .execute(&mut *change)
            .await?;
        change.commit().await?;
        Ok(Ok(()))
    }

    pub(crate) async fn pipeline(&self, id: &str) -> database::Result<Option<Pipeline>> {
        let query = sqlx::query_scalar("SELECT pipeline FROM pipelines WHERE id = ?").bind(id);
        let text: Option<String> = query.fetch_optional(self.database.read()).await?;
        Ok(text.map(|text| serde_json::from_str(&text)).transpose()?)
    }

    /// A user's pipelines, from `offset` on, with one more than asked for when there are more.
    pub(crate) async fn pipelines(
        &self,
        owner: &str,
        filter: &PipelineFilter,
        order: PipelineOrder,
        offset: i64,
        limit: i64,
    ) -> database::Result<Vec<Pipeline>> {
        let mut query = QueryBuilder::<Sqlite>::new("SELECT pipeline FROM pipelines WHERE owner = ");
        query.push_bind(owner);
        match filter {
            PipelineFilter::All => {}
            PipelineFilter::Name(pattern) => {
                // As in Databricks letters' case counts, which it does not in SQLite's LIKE: GLOB is made of the pattern.
                query.push(" AND name GLOB ").push_bind(pattern.glob());
            }
            PipelineFilter::Notebook(path) => {
                query.push(
                    " AND EXISTS (SELECT 1 FROM json_each(pipeline, '$.spec.libraries') AS l \
                     WHERE l.value ->> '$.notebook.path' = ",
                );
                query.push_bind(path).push(")");
            }
        }
        query.push(match order {
            PipelineOrder::Newest => " ORDER BY position DESC",
            PipelineOrder::Id { descending: false } => " ORDER BY id",
            PipelineOrder::Id { descending: true } => " ORDER BY id DESC",
            PipelineOrder::Name { descending: false } => " ORDER BY name, position",
            PipelineOrder::Name { descending: true } => " ORDER BY name DESC, position",
        });
        query.push(" LIMIT ").push_bind(limit + 1).push(" OFFSET ").push_bind(offset);
        let texts: Vec<String> = query.build_query_scalar().fetch_all(self.database.read()).await?;
        texts.iter().map(|text| Ok(serde_json::from_str(text)?)).collect()
    }

    /// Removes a pipeline with all that belongs to it, but no table.
    pub(crate) async fn delete(&self, id: &str) -> database::Result<()> {
        let mut change = self.database.change().await?;
        sqlx::query("DELETE FROM pipeline_tables WHERE pipeline_id = ?").bind(id).execute(&mut *change).await?;
        sqlx::query("DELETE FROM pipelines WHERE id = ?").bind(id).execute(&mut *change).await?;
        change.commit().await?;
        Ok(())
    }

    /// Keeps a new update with its first event, and forgets the oldest ones that are too many.
    pub(crate) async fn add_update(&self, update: &Update, event: &Event) -> database::Result<()> {
        let mut change = self.database.change().await?;
        sqlx::query("INSERT INTO pipeline_updates (id, pipeline_id, ended_at, body) VALUES (?, ?, ?, ?)")
            .bind(&update.id)
            .bind(&update.pipeline_id)
            .bind(update.ended_at)
            .bind(serde_json::to_string(update)?)
            .execute(&mut *change)
            .await?;
        add_event(&mut change, event).await?;
        sqlx::query(
            "DELETE FROM pipeline_updates WHERE pipeline_id = ?1 AND ended_at IS NOT NULL AND position <= (SELECT position \
             FROM pipeline_updates WHERE pipeline_id = ?1 ORDER BY position DESC LIMIT 1 OFFSET ?2)",
        )
        .bind(&update.pipeline_id)
        .bind(KEPT_UPDATES)
        .execute(&mut *change)
        .await?;
        sqlx::query(
            "DELETE FROM pipeline_events WHERE pipeline_id = ?1 AND position <= (SELECT position FROM pipeline_events \
             WHERE pipeline_id = ?1 ORDER BY position DESC LIMIT 1 OFFSET ?2)",
        )
        .bind(&update.pipeline_id)
        .bind(KEPT_EVENTS)
        .execute(&mut *change)
        .await?;
        change.commit().await?;
        Ok(())
    }

    /// Keeps where an update stands, together with the event that tells of it.
    pub(crate) async fn save_update(&self, update: &Update, event: &Event) -> database::Result<()> {
        let mut change = self.database.change().await?;
        sqlx::query("UPDATE pipeline_updates SET ended_at = ?, body = ? WHERE id = ?")
            .bind(update.ended_at)
            .bind(serde_json::to_string(update)?)
            .bind(&update.id)
            .execute(&mut *change)
            .await?;
        add_event(&mut change, event).await?;
        change.commit().await?;
        Ok(())
    }

    pub(crate) async fn update(&self, pipeline_id: &str, id: &str) -> database::Result<Option<Update>> {
        let query = sqlx::query_scalar("SELECT body FROM pipeline_updates WHERE id = ? AND pipeline_id = ?");
        let text: Option<String> = query.bind(id).bind(pipeline_id).fetch_optional(self.database.read()).await?;
        Ok(text.map(|text| serde_json::from_str(&text)).transpose()?)
    }

    /// A pipeline's updates, newest first, with one more than asked for when there are more.
    pub(crate) async fn updates(&self, pipeline_id: &str, window: Window) -> database::Result<Vec<Placed<Update>>> {
        let mut query = QueryBuilder::<Sqlite>::new("SELECT position, body FROM pipeline_updates WHERE pipeline_id = ");
        query.push_bind(pipeline_id);
        if let Some(after) = window.after {
            query.push(" AND position < ").push_bind(after);
        }
        query.push(" ORDER BY position DESC LIMIT ").push_bind(window.limit + 1);
        placed(query.build_query_as().fetch_all(self.database.read()).await?)
    }

    /// Every update that goes on, oldest first.
    pub(crate) async fn under_way(&self) -> database::Result<Vec<Update>> {
        let query = sqlx::query_scalar("SELECT body FROM pipeline_updates WHERE ended_at IS NULL ORDER BY position");
        let texts: Vec<String> = query.fetch_all(self.database.read()).await?;
        texts.iter().map(|text| Ok(serde_json::from_str(text)?)).collect()
    }

    pub(crate) async fn add_event(&self, event: &Event) -> database::Result<()> {
        let mut change = self.database.change().await?;
        add_event(&mut change, event).await?;
        change.commit().await?;
        Ok(())
    }

    /// A pipeline's events in the order of the log or against it, with one more than asked for when there are more.
    pub(crate) async fn events(
        &self,
        pipeline_id: &str,
        filter: &EventFilter,
        oldest_first: bool,
        window: Window,
    ) -> database::Result<Vec<Placed<Event>>> {
        let mut query = QueryBuilder::<Sqlite>::new("SELECT position, event FROM pipeline_events WHERE pipeline_id = ");
        query.push_bind(pipeline_id);
        filter.push(&mut query);
        if let Some(after) = window.after {
            query.push(if oldest_first { " AND position > " } else { " AND position < " }).push_bind(after);
        }
        query.push(if oldest_first { " ORDER BY position LIMIT " } else { " ORDER BY position DESC LIMIT " });
        query.push_bind(window.limit + 1);
        placed(query.build_query_as().fetch_all(self.database.read()).await?)
    }

    /// What the failed flows of an update said; what the update itself said where none failed.
    pub(crate) async fn failures(&self, pipeline_id: &str, update_id: &str) -> database::Result<Vec<String>> {
        let query = sqlx::query_scalar(
            "SELECT event FROM pipeline_events WHERE pipeline_id = ? AND update_id = ? AND level = 'ERROR' \
             ORDER BY position LIMIT ?",
        );
        let texts: Vec<String> =
            query.bind(pipeline_id).bind(update_id).bind(MAX_FAILURES).fetch_all(self.database.read()).await?;
        let events = texts.iter().map(|text| Ok(serde_json::from_str::<Event>(text)?));
        let events = events.collect::<database::Result<Vec<_>>>()?;
        let of_flows = events.iter().any(|event| event.event_type == "flow_progress");
        let wanted = if of_flows { "flow_progress" } else { "update_progress" };
        Ok(events.into_iter().filter(|event| event.event_type == wanted).map(|event| event.message).collect())
    }

    /// The pipeline that a table belongs to.
    pub(crate) async fn pipeline_of(&self, full_name: &str) -> database::Result<Option<String>> {
        let query = sqlx::query_scalar("SELECT pipeline_id FROM pipeline_tables WHERE full_name = ?");
        Ok(query.bind(full_name).fetch_optional(self.database.read()).await?)
    }

    /// Names of all tables of a pipeline.
    pub(crate) async fn tables(&self, pipeline_id: &str) -> database::Result<Vec<String>> {
        let query = sqlx::query_scalar("SELECT full_name FROM pipeline_tables WHERE pipeline_id = ? LIMIT ?");
        Ok(query.bind(pipeline_id).bind(MAX_TABLES).fetch_all(self.database.read()).await?)
    }

    /// Keeps whose a table is.
    pub(crate) async fn add_table(&self, full_name: &str, pipeline_id: &str) -> database::Result<()> {
        let mut change = self.database.change().await?;
        sqlx::query("INSERT OR REPLACE INTO pipeline_tables (full_name, pipeline_id) VALUES (?, ?)")
            .bind(full_name)
            .bind(pipeline_id)
            .execute(&mut *change)
            .await?;
        change.commit().await?;
        Ok(())
    }
}

async fn name_is_taken(change: &mut SqliteConnection, pipeline: &Pipeline) -> database::Result<bool> {
    let query = sqlx::query_scalar("SELECT count(*) FROM pipelines WHERE owner = ? AND name = ? AND id <> ?");
    let count: i64 = query.bind(&pipeline.owner).bind(&pipeline.name).bind(&pipeline.id).fetch_one(change).await?;
    Ok(count > 0)
}

async fn add_event(change: &mut SqliteConnection, event: &Event) -> database::Result<()> {
    let at = chrono::DateTime::parse_from_rfc3339(&event.timestamp).map_or(0, |at| at.timestamp_millis());
    sqlx::query("INSERT INTO pipeline_events (id, pipeline_id, update_id, level, at, event) VALUES (?, ?, ?, ?, ?, ?)")
        .bind(&event.id)
        .bind(&event.origin.pipeline_id)
        .bind(&event.origin.update_id)
        .bind(event.level.word())
        .bind(at)
        .bind(serde_json::to_string(event)?)
        .execute(change)
        .await?;
    Ok(())
}

fn placed<T: serde::de::DeserializeOwned>(rows: Vec<(i64, String)>) -> database::Result<Vec<Placed<T>>> {
    let read = |(position, text): (i64, String)| Ok(Placed { position, item: serde_json::from_str(&text)? });
    rows.into_iter().map(read).collect()
}

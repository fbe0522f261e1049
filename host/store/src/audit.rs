//! Audit records: what left the host on a user's behalf.

use bricklayer_domain::{PluginName, ProjectId, TurnId, UserId};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::engine::{Arg, Row, args};
use crate::error::StoreError;
use crate::page::{Cursor, Page, PageRequest};
use crate::store::Store;

/// Longest text of a field, in bytes; a plugin chooses the path and must not fill the disk with it.
const MAX_FIELD_BYTES: usize = 2048;

/// One request of a plugin, made or refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRecord {
    /// When it ended.
    pub at: DateTime<Utc>,
    /// For whom.
    pub user: UserId,
    /// In which project.
    pub project: ProjectId,
    /// In which turn, when it belongs to one.
    pub turn: Option<TurnId>,
    /// By which plugin.
    pub plugin: PluginName,
    /// By which tool.
    pub tool: String,
    /// HTTP method.
    pub method: String,
    /// Host it was meant for.
    pub host: String,
    /// Path without the query, which may hold data.
    pub path: String,
    /// What the broker decided: `allowed`, or the word of the refusal.
    pub decision: String,
    /// HTTP status; absent when no answer came.
    pub status: Option<u16>,
    /// Body bytes sent.
    pub bytes_sent: u64,
    /// Body bytes received.
    pub bytes_received: u64,
    /// Until the last byte.
    pub duration_ms: u64,
}

/// A text that both engines take, cut to the bound.
fn field(text: &str) -> String {
    let mut end = text.len().min(MAX_FIELD_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    // PostgreSQL's text holds everything but NUL.
    text.get(..end).unwrap_or_default().replace('\0', "\u{fffd}")
}

fn saturate(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn record(row: &Row) -> Result<AuditRecord, StoreError> {
    let unsigned = |column| Ok::<_, sqlx::Error>(row.int(column)?.try_into().unwrap_or_default());
    Ok(AuditRecord {
        at: row.time("at")?,
        user: UserId::parse(&row.text("user_id")?).map_err(|e| StoreError::inconsistent("audit", e))?,
        project: ProjectId::from_uuid(row.uuid("project_id")?),
        turn: row.maybe_uuid("turn_id")?.map(TurnId::from_uuid),
        plugin: PluginName::parse(&row.text("plugin")?).map_err(|e| StoreError::inconsistent("audit", e))?,
        tool: row.text("tool")?,
        method: row.text("method")?,
        host: row.text("host")?,
        path: row.text("path")?,
        decision: row.text("decision")?,
        status: row.maybe_int("status")?.and_then(|status| status.try_into().ok()),
        bytes_sent: unsigned("bytes_sent")?,
        bytes_received: unsigned("bytes_received")?,
        duration_ms: unsigned("duration_ms")?,
    })
}

impl Store {
    /// Stores records in one transaction. They outlive their project.
    ///
    /// # Errors
    /// When the database fails; none is stored.
    pub async fn append_audit(&self, records: &[AuditRecord]) -> Result<(), StoreError> {
        if records.is_empty() {
            return Ok(());
        }
        let mut tx = self.engine().begin().await?;
        for record in records {
            tx.execute(
                "insert into audit (
                    id, at, user_id, project_id, turn_id, plugin, tool, method, host, path, decision, status,
                    bytes_sent, bytes_received, duration_ms
                )
                values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
                args![
                    Uuid::now_v7(),
                    record.at,
                    &record.user,
                    record.project,
                    Arg::MaybeUuid(record.turn.map(|turn| turn.as_uuid())),
                    record.plugin.as_str(),
                    field(&record.tool).as_str(),
                    field(&record.method).as_str(),
                    field(&record.host).as_str(),
                    field(&record.path).as_str(),
                    field(&record.decision).as_str(),
                    Arg::MaybeInt(record.status.map(i64::from)),
                    saturate(record.bytes_sent),
                    saturate(record.bytes_received),
                    saturate(record.duration_ms),
                ],
            )
            .await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// A user's records of one project, the newest first; empty for a project that never was theirs.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list_audit(
        &self,
        user: &UserId,
        project: ProjectId,
        page: PageRequest,
    ) -> Result<Page<AuditRecord>, StoreError> {
        let start = page.start();
        let rows = self
            .engine()
            .fetch_all(
                "select id, at, user_id, project_id, turn_id, plugin, tool, method, host, path, decision, status,
                    bytes_sent, bytes_received, duration_ms
                from audit
                where user_id = $1
                    and project_id = $2
                    and id < $3
                order by id desc
                limit $4",
                args![user, project, start.id, page.fetch_limit()],
            )
            .await?;
        let items =
            rows.iter().map(|row| Ok((row.uuid("id")?, record(row)?))).collect::<Result<Vec<_>, StoreError>>()?;
        let page = page.page(items, |(id, record): &(Uuid, AuditRecord)| Cursor { at: record.at, id: *id });
        Ok(Page { items: page.items.into_iter().map(|(_, record)| record).collect(), next: page.next })
    }
}

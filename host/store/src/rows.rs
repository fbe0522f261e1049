//! What several modules read from rows, or write into them.

use bricklayer_domain::{ConversationId, ProjectId, Turn, TurnId, TurnStatus, UserId};

use crate::engine::Row;
use crate::error::StoreError;

/// A value for a column of JSON text.
pub(crate) fn to_json<T: serde::Serialize>(table: &'static str, value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|e| StoreError::inconsistent(table, e))
}

/// Where a turn stands.
pub(crate) fn status(row: &Row) -> Result<TurnStatus, StoreError> {
    let text = row.text("status")?;
    TurnStatus::parse(&text).ok_or_else(|| StoreError::inconsistent("turns", format!("status {text}")))
}

/// A turn.
pub(crate) fn turn(row: &Row) -> Result<Turn, StoreError> {
    Ok(Turn {
        id: TurnId::from_uuid(row.uuid("id")?),
        conversation: ConversationId::from_uuid(row.uuid("conversation_id")?),
        project: ProjectId::from_uuid(row.uuid("project_id")?),
        user: UserId::parse(&row.text("user_id")?).map_err(|e| StoreError::inconsistent("turns", e))?,
        status: status(row)?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
    })
}

//! Operations: work at a far end that goes on after the call that began it.

use bricklayer_domain::{
    ContinuingCall, ConversationId, OperationId, OperationOrigin, OperationState, PluginName, ProjectId,
    RemoteOperation, ToolCallId, ToolName, TurnId, UserId, argument_digest, cut,
};
use chrono::TimeDelta;
use serde_json::json;
use uuid::Uuid;

use crate::engine::{Row, args};
use crate::error::StoreError;
use crate::rows::to_json;
use crate::store::Store;

/// Operations of one project.
pub const MAX_OPERATIONS: u32 = 500;

/// How long the end of an operation is told.
const KEPT_ENDED: TimeDelta = TimeDelta::days(7);

/// How long an operation is kept that nobody has looked at; no far end runs work for longer.
const KEPT_UNSEEN: TimeDelta = TimeDelta::days(30);

/// Bytes of what an end said that are kept.
pub const MAX_OUTCOME_BYTES: usize = 8 * 1024;

/// The statement that reads operations of a project (`$1`) of a user (`$2`), with what follows.
macro_rules! select_operations {
    ($rest:literal) => {
        concat!(
            "select o.id, o.project_id, p.user_id, o.plugin, o.tool, o.conversation_id, o.turn_id, o.call_id,
                o.continues_with, o.state, o.since, o.seen_at, o.outcome
            from operations as o
            join projects as p on p.id = o.project_id
            where o.project_id = $1
                and p.user_id = $2
            ",
            $rest
        )
    };
}

fn operation(row: &Row) -> Result<RemoteOperation, StoreError> {
    let inconsistent = |reason: String| StoreError::inconsistent("operations", reason);
    let call = row.maybe_bytes("call_id")?.map(String::from_utf8).transpose();
    let state = row.text("state")?;
    Ok(RemoteOperation {
        id: OperationId::from_uuid(row.uuid("id")?),
        origin: OperationOrigin {
            user: UserId::parse(&row.text("user_id")?).map_err(|error| inconsistent(error.to_string()))?,
            project: ProjectId::from_uuid(row.uuid("project_id")?),
            plugin: PluginName::parse(&row.text("plugin")?).map_err(|error| inconsistent(error.to_string()))?,
            tool: ToolName(row.text("tool")?),
            conversation: row.maybe_uuid("conversation_id")?.map(ConversationId::from_uuid),
            turn: row.maybe_uuid("turn_id")?.map(TurnId::from_uuid),
            call: call.map_err(|error| inconsistent(error.to_string()))?.map(ToolCallId),
        },
        continued_by: serde_json::from_str(&row.text("continues_with")?)
            .map_err(|error| inconsistent(error.to_string()))?,
        state: OperationState::parse(&state).ok_or_else(|| inconsistent(format!("state {state}")))?,
        since: row.time("since")?,
        seen_at: row.time("seen_at")?,
        outcome: row.maybe_text("outcome")?,
    })
}

impl Store {
    /// Keeps an operation that a call hands back, and gives its handle. One that is known already, because the call that
    /// waits for it is the same, goes on under its own handle and keeps the requests that end it unless there are new
    /// ones. Operations that ended long ago, or that nobody asked for in a month, make room.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such project of this user's, [`StoreError::TooMany`] when it has as
    /// many operations as it may, or the database's failure.
    pub async fn keep_operation(
        &self,
        origin: &OperationOrigin,
        by: &ContinuingCall,
    ) -> Result<OperationId, StoreError> {
        let OperationOrigin { user, project, plugin, tool, conversation, turn, call } = origin;
        let work = argument_digest(&json!([by.name, by.input]));
        let now = self.now();
        let mut tx = self.engine().begin().await?;
        let owned =
            tx.fetch_optional("select id from projects where id = $1 and user_id = $2", args![*project, user]).await?;
        if owned.is_none() {
            return Err(StoreError::NotFound("project"));
        }
        let known = tx
            .fetch_optional(
                "select id, continues_with from operations where project_id = $1 and work = $2",
                args![*project, work.as_str()],
            )
            .await?;
        let id = match known {
            Some(row) => {
                let id = row.uuid("id")?;
                if !by.clean_up.is_empty() {
                    let json = to_json("operations", by)?;
                    tx.execute("update operations set continues_with = $2 where id = $1", args![id, json.as_str()])
                        .await?;
                }
                tx.execute(
                    "update operations set state = 'running', outcome = null, seen_at = $2 where id = $1",
                    args![id, now],
                )
                .await?;
                OperationId::from_uuid(id)
            }
            None => {
                tx.execute(
                    "delete from operations
                    where project_id = $1
                        and ((state <> 'running' and seen_at < $2) or seen_at < $3)",
                    args![*project, now - KEPT_ENDED, now - KEPT_UNSEEN],
                )
                .await?;
                let count = tx
                    .fetch_optional(
                        "select count(*) as operations from operations where project_id = $1",
                        args![*project],
                    )
                    .await?;
                if count.map_or(Ok(0), |row| row.int("operations"))? >= i64::from(MAX_OPERATIONS) {
                    return Err(StoreError::TooMany { what: "operations", limit: MAX_OPERATIONS });
                }
                let id = OperationId::new();
                let json = to_json("operations", by)?;
                let (conversation, turn): (Option<Uuid>, Option<Uuid>) =
                    (conversation.map(|id| id.as_uuid()), turn.map(|id| id.as_uuid()));
                // Another host may keep the same one at this moment.
                let kept = tx
                    .fetch_optional(
                        "insert into operations (
                        id, project_id, work, plugin, tool, conversation_id, turn_id, call_id, continues_with, state,
                        since, seen_at
                    )
                    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'running', $10, $10)
                    on conflict (project_id, work) do update
                    set seen_at = excluded.seen_at
                    returning id",
                        args![
                            id,
                            *project,
                            work.as_str(),
                            plugin.as_str(),
                            tool.0.as_str(),
                            conversation,
                            turn,
                            call.as_ref().map(|id| id.0.as_bytes()),
                            json.as_str(),
                            now
                        ],
                    )
                    .await?;
                kept.map_or(Ok(id), |row| row.uuid("id").map(OperationId::from_uuid))?
            }
        };
        tx.commit().await?;
        Ok(id)
    }

    /// One operation.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when this user's project has none of the id, or the database's failure.
    pub async fn get_operation(
        &self,
        user: &UserId,
        project: ProjectId,
        id: OperationId,
    ) -> Result<RemoteOperation, StoreError> {
        let row = self.engine().fetch_optional(select_operations!("and o.id = $3"), args![project, user, id]).await?;
        operation(&row.ok_or(StoreError::NotFound("operation"))?)
    }

    /// The operations of a project, the newest first; at most `limit`.
    ///
    /// # Errors
    /// When the database fails. A project that is not this user's has none.
    pub async fn list_operations(
        &self,
        user: &UserId,
        project: ProjectId,
        limit: u32,
    ) -> Result<Vec<RemoteOperation>, StoreError> {
        let limit = i64::from(limit.min(MAX_OPERATIONS));
        let rows = self
            .engine()
            .fetch_all(select_operations!("order by o.since desc, o.id desc limit $3"), args![project, user, limit])
            .await?;
        rows.iter().map(operation).collect()
    }

    /// Says how an operation ended, and what its end said, of which the first 8 KiB are kept.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when this user's project has none of the id, or the database's failure.
    pub async fn settle_operation(
        &self,
        user: &UserId,
        project: ProjectId,
        id: OperationId,
        state: OperationState,
        outcome: &str,
    ) -> Result<(), StoreError> {
        let settled = self
            .engine()
            .write(
                "update operations
                set state = $4,
                    outcome = $5,
                    seen_at = $6
                where id = $3
                    and project_id = (select id from projects where id = $1 and user_id = $2)
                returning id",
                args![project, user, id, state.as_str(), cut(outcome, MAX_OUTCOME_BYTES), self.now()],
            )
            .await?;
        if settled.is_empty() { Err(StoreError::NotFound("operation")) } else { Ok(()) }
    }
}

//! Standing permissions: what a user allowed for the rest of a conversation, until they take it back.

use bricklayer_domain::{
    CallEffect, CallReview, ConversationId, StandingPermission, StandingPermissionId, StandingScope, ToolName, UserId,
};
use chrono::{DateTime, Utc};

use crate::engine::{Row, Tx, args};
use crate::error::StoreError;
use crate::rows::to_json;
use crate::store::Store;

/// Standing permissions of one conversation; a person who gives more wants another permission mode.
pub const MAX_STANDING_PERMISSIONS: usize = 200;

fn permission(row: &Row) -> Result<StandingPermission, StoreError> {
    let effect = row.text("effect")?;
    let inconsistent = |reason: String| StoreError::inconsistent("standing_permissions", reason);
    Ok(StandingPermission {
        id: StandingPermissionId::from_uuid(row.uuid("id")?),
        tool: ToolName(row.text("tool")?),
        scope: StandingScope {
            verb: row.text("verb")?,
            objects: serde_json::from_str(&row.text("objects")?).map_err(|e| inconsistent(e.to_string()))?,
        },
        effect: CallEffect::parse(&effect).ok_or_else(|| inconsistent(format!("effect {effect}")))?,
        since: row.time("since")?,
    })
}

/// Keeps what an answer "for this conversation" covers; one that covers the same is replaced.
pub(crate) async fn grant(
    tx: &mut Tx,
    conversation: ConversationId,
    tool: &ToolName,
    scope: &StandingScope,
    review: &CallReview,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let objects = to_json("standing_permissions", &scope.objects)?;
    tx.execute(
        "delete from standing_permissions
        where conversation_id = $1
            and tool = $2
            and verb = $3
            and objects = $4",
        args![conversation, tool.0.as_str(), scope.verb.as_str(), objects.as_str()],
    )
    .await?;
    let count = tx
        .fetch_optional(
            "select count(*) as permissions
            from standing_permissions
            where conversation_id = $1",
            args![conversation],
        )
        .await?;
    if count.map_or(Ok(0), |row| row.int("permissions"))? >= MAX_STANDING_PERMISSIONS as i64 {
        let what = "the number of standing permissions of a conversation";
        return Err(StoreError::TooLarge { what, limit: MAX_STANDING_PERMISSIONS });
    }
    let covered = review.operations.iter().filter(|operation| scope.covers(operation));
    let effect = covered.map(|operation| operation.effect).max().unwrap_or(CallEffect::Reads);
    tx.execute(
        "insert into standing_permissions (id, conversation_id, tool, verb, objects, effect, since)
        values ($1, $2, $3, $4, $5, $6, $7)",
        args![
            StandingPermissionId::new(),
            conversation,
            tool.0.as_str(),
            scope.verb.as_str(),
            objects.as_str(),
            effect.as_str(),
            now
        ],
    )
    .await?;
    Ok(())
}

impl Store {
    /// What a user allowed for the rest of a conversation, in the order in which it was given.
    ///
    /// # Errors
    /// When the database fails. A conversation that is not this user's has none.
    pub async fn standing_permissions(
        &self,
        user: &UserId,
        conversation: ConversationId,
    ) -> Result<Vec<StandingPermission>, StoreError> {
        let rows = self
            .engine()
            .fetch_all(
                "select p.id, p.tool, p.verb, p.objects, p.effect, p.since
                from standing_permissions as p
                join conversations as c on c.id = p.conversation_id
                where p.conversation_id = $1
                    and c.user_id = $2
                order by p.id
                limit $3",
                args![conversation, user, MAX_STANDING_PERMISSIONS as i64],
            )
            .await?;
        rows.iter().map(permission).collect()
    }

    /// Takes a standing permission back; the next decision asks again, also of a turn that runs.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when this user's conversation has no such permission, or the database's failure.
    pub async fn revoke_standing_permission(
        &self,
        user: &UserId,
        conversation: ConversationId,
        id: StandingPermissionId,
    ) -> Result<(), StoreError> {
        let revoked = self
            .engine()
            .write(
                "delete from standing_permissions
                where id = $1
                    and conversation_id = (
                        select id
                        from conversations
                        where id = $2
                            and user_id = $3
                    )
                returning id",
                args![id, conversation, user],
            )
            .await?;
        if revoked.is_empty() { Err(StoreError::NotFound("standing permission")) } else { Ok(()) }
    }
}

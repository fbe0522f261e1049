//! Results whose writer is gone, and those that are kept no longer.

use bricklayer_domain::{ResultId, UserId};
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::engine::{Sql, args};
use crate::error::{StoreError, again_on_conflict};
use crate::store::Store;

/// How long nobody may have seen to an open result before it counts as left behind: several times the interval in which
/// hosts see to theirs, and more than their clocks differ.
const ABANDONED_AFTER: TimeDelta = TimeDelta::minutes(10);

/// Results that one sweep removes in one transaction; in SQLite other writers wait meanwhile.
const EXPIRE_BATCH: i64 = 8;

impl Store {
    /// Says that somebody still writes these results.
    ///
    /// # Errors
    /// The database's failure.
    pub async fn touch_results(&self, ids: &[ResultId]) -> Result<(), StoreError> {
        let now = self.now();
        for id in ids {
            self.prompt()
                .write(
                    "update results
                    set written_at = $1
                    where id = $2
                        and state = 'open'",
                    args![now, *id],
                )
                .await?;
        }
        Ok(())
    }

    /// Notes that results have lost their writer: their turn has ended, or no host saw to them for a while. Says how
    /// many.
    ///
    /// # Errors
    /// The database's failure.
    pub async fn settle_lost_results(&self) -> Result<u64, StoreError> {
        let now = self.now();
        let rows = self
            .engine()
            .write(
                "update results
                set state = 'partial',
                    cut = 'lost',
                    finished_at = $1
                where state = 'open'
                    and (
                        written_at < $2
                        or exists (
                            select 1
                            from turns
                            where turns.id = results.turn_id
                                and turns.status in ('completed', 'failed', 'cancelled')
                        )
                    )
                returning id",
                args![now, now - ABANDONED_AFTER],
            )
            .await?;
        Ok(rows.len() as u64)
    }

    /// Removes results that were begun before a time and are no longer open; says how many.
    ///
    /// # Errors
    /// The database's failure; what was removed until then stays removed.
    pub async fn expire_results(&self, before: DateTime<Utc>) -> Result<u64, StoreError> {
        // Ids begin with the time, so that no index by time is needed.
        let first_kept = Uuid::from_u128(u128::from(before.timestamp_millis().max(0).unsigned_abs()) << 80);
        let mut expired = 0;
        loop {
            let rows = self
                .engine()
                .fetch_all(
                    "select id, user_id
                    from results
                    where id < $1
                        and state <> 'open'
                    order by id
                    limit $2",
                    args![first_kept, EXPIRE_BATCH],
                )
                .await?;
            if rows.is_empty() {
                return Ok(expired);
            }
            for row in &rows {
                let user =
                    UserId::parse(&row.text("user_id")?).map_err(|error| StoreError::inconsistent("results", error))?;
                let id = ResultId::from_uuid(row.uuid("id")?);
                match self.delete_result(&user, id).await {
                    Ok(()) => expired += 1,
                    // Somebody else was there first.
                    Err(StoreError::NotFound(_)) => {}
                    Err(error) => return Err(error),
                }
            }
        }
    }

    /// Deletes a result with its bytes, unless another result of its conversation has the same ones.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none of this user's, or the database's failure.
    pub async fn delete_result(&self, user: &UserId, id: ResultId) -> Result<(), StoreError> {
        again_on_conflict!(self.try_delete_result(user, id))
    }

    async fn try_delete_result(&self, user: &UserId, id: ResultId) -> Result<(), StoreError> {
        let conversation = self.get_result(user, id).await?.conversation;
        let mut tx = self.patient().begin().await?;
        // First, as whoever appends does.
        tx.fetch_optional(
            Sql::Each {
                sqlite: "select stored_bytes
                from result_usage
                where conversation_id = $1",
                postgres: "select stored_bytes
                from result_usage
                where conversation_id = $1
                for update",
            },
            args![conversation],
        )
        .await?;
        let deleted = tx
            .fetch_optional(
                "delete from results
                where id = $1
                    and user_id = $2
                returning stored_bytes",
                args![id, user],
            )
            .await?
            .ok_or(StoreError::NotFound("result"))?;
        tx.execute(
            "update result_usage
            set stored_bytes = stored_bytes - $1
            where conversation_id = $2",
            args![deleted.int("stored_bytes")?, conversation],
        )
        .await?;
        tx.execute(
            "delete from result_blobs
            where conversation_id = $1
                and not exists (
                    select 1
                    from result_pieces
                    where result_pieces.conversation_id = $1
                        and result_pieces.digest = result_blobs.digest
                )",
            args![conversation],
        )
        .await?;
        tx.commit().await?;
        Ok(())
    }
}

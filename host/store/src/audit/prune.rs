//! Retention: old records go, and the chain's row remembers the hash of the last one gone, so that the rest still
//! verifies.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::engine::{Sql, args};
use crate::error::StoreError;
use crate::store::Store;

/// Records that go in one transaction; in SQLite other writes wait meanwhile.
const BATCH: i64 = 1000;

/// Chains that are held at once.
const CHAIN_PAGE: i64 = 500;

const SECONDS_PER_DAY: i64 = 86_400;

impl Store {
    /// Removes records from the beginning of each chain up to the first that is not older than `before`, and usage of
    /// days before it; says how many records. In steps that each leave a log that verifies: an error or a dropped
    /// future leaves the rest for the next time.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn prune_audit(&self, before: DateTime<Utc>) -> Result<u64, StoreError> {
        let mut pruned = 0;
        let mut number = 0;
        loop {
            let chains = self
                .engine()
                .fetch_all(
                    "select chain, number
                    from audit_chains
                    where number > $1
                        and first_seq <= last_seq
                    order by number
                    limit $2",
                    args![number, CHAIN_PAGE],
                )
                .await?;
            if chains.is_empty() {
                break;
            }
            for row in &chains {
                number = row.int("number")?;
                let chain = row.uuid("chain")?;
                loop {
                    let removed = self.prune_step(chain, before).await?;
                    pruned += removed;
                    if removed == 0 {
                        break;
                    }
                }
            }
        }
        let day = before.timestamp().div_euclid(SECONDS_PER_DAY);
        self.engine().write("delete from installation_usage where day < $1", args![day]).await?;
        // What was counted before installations were told apart.
        self.engine().write("delete from plugin_usage where day < $1", args![day]).await?;
        Ok(pruned)
    }

    async fn prune_step(&self, chain: Uuid, before: DateTime<Utc>) -> Result<u64, StoreError> {
        let mut tx = self.engine().begin().await?;
        let lock = Sql::Each {
            sqlite: "select first_seq from audit_chains where chain = $1",
            postgres: "select first_seq from audit_chains where chain = $1 for update",
        };
        let Some(head) = tx.fetch_optional(lock, args![chain]).await? else { return Ok(0) };
        let first = head.int("first_seq")?;
        let rows = tx
            .fetch_all(
                "select seq, at, hash
                from audit_log
                where chain = $1
                    and seq >= $2
                order by seq
                limit $3",
                args![chain, first, BATCH],
            )
            .await?;
        let mut last = None;
        for (row, expected) in rows.iter().zip(first..) {
            // A gap stays to be found.
            if row.int("seq")? != expected || row.time("at")? >= before {
                break;
            }
            last = Some((expected, row.bytes("hash")?));
        }
        let Some((last, hash)) = last else { return Ok(0) };
        let removed = tx
            .execute(
                "delete from audit_log
                where chain = $1
                    and seq >= $2
                    and seq <= $3",
                args![chain, first, last],
            )
            .await?;
        tx.execute(
            "update audit_chains
            set first_seq = $2,
                anchor_hash = $3
            where chain = $1",
            args![chain, last + 1, hash.as_slice()],
        )
        .await?;
        tx.commit().await?;
        Ok(removed)
    }
}

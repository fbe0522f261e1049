//! Recording.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use bricklayer_domain::{AuditBody, cut};
use chrono::{DateTime, SubsecRound as _, Utc};

use super::AuditEntry;
use super::chain::{Hash, StoredRecord, genesis};
use super::usage::{UsageKey, UsageRow, count};
use crate::audit_chain::AuditChain;
use crate::engine::{Arg, Sql, Tx, args};
use crate::error::StoreError;
use crate::multi_insert::MultiInsert;
use crate::store::Store;

/// Most records of one append; protects the writers from one caller holding all others up.
pub const MAX_AUDIT_BATCH: usize = 1024;

/// Largest body as JSON; of a larger one only the size is kept. Nothing in it should come near.
pub const MAX_AUDIT_BODY_BYTES: usize = 16 * 1024;

/// Longest text of a column, in bytes; a plugin must not fill the disk with what it chooses.
const MAX_FIELD_BYTES: usize = 2048;

/// Says that a chain is being opened, to other hosts: chains are numbered without gaps.
const OPEN_LOCK: i64 = 0x6272_6963_6b61_7564;

/// A text that both engines take (PostgreSQL's holds everything but NUL), cut to the bound.
fn field(text: &str) -> String {
    cut(text, MAX_FIELD_BYTES).replace('\0', "\u{fffd}")
}

fn stored(chain: AuditChain, entry: &AuditEntry) -> StoredRecord {
    let mut body = entry.body.to_json();
    if body.len() > MAX_AUDIT_BODY_BYTES {
        body = AuditBody::Omitted { kind: entry.kind(), omitted_bytes: body.len() as u64 }.to_json();
    }
    StoredRecord {
        chain: chain.as_uuid(),
        seq: 0,
        at: entry.at.trunc_subsecs(6),
        user: entry.user.as_str().to_owned(),
        project: entry.project.map(|id| id.as_uuid()),
        turn: entry.turn.map(|id| id.as_uuid()),
        kind: entry.kind().as_str().to_owned(),
        plugin: entry.plugin.as_str().to_owned(),
        installation: entry.installation.map(|id| id.as_uuid()),
        digest: entry.digest.as_ref().map(|digest| digest.as_str().to_owned()),
        tool: field(&entry.tool),
        outcome: field(&entry.outcome),
        body,
    }
}

/// Where a chain ends.
struct Head {
    seq: i64,
    hash: Hash,
}

impl Store {
    /// Records entries in order, all or none, at the end of this handle's chain. They outlive their project.
    ///
    /// # Errors
    /// [`StoreError::TooLarge`] past [`MAX_AUDIT_BATCH`], or the database's failure; none is stored, except after
    /// [`StoreError::Unavailable`], when all may be.
    pub async fn append_audit(&self, entries: &[AuditEntry]) -> Result<(), StoreError> {
        if entries.is_empty() {
            return Ok(());
        }
        if entries.len() > MAX_AUDIT_BATCH {
            return Err(StoreError::TooLarge { what: "the number of audit records", limit: MAX_AUDIT_BATCH });
        }
        let mut tx = self.engine().begin().await?;
        self.append_in(&mut tx, entries).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Records entries in a transaction that does something else as well. Where the chain ends is known to the
    /// database alone and read under the lock of its row: a transaction that is undone leaves the chain as it was, and
    /// whoever waits to append sees what the one before committed.
    pub(crate) async fn append_in(&self, tx: &mut Tx, entries: &[AuditEntry]) -> Result<(), StoreError> {
        let chain = self.audit_chain();
        let mut records: Vec<StoredRecord> = entries.iter().map(|entry| stored(chain, entry)).collect();
        let mut usage = BTreeMap::new();
        for entry in entries {
            count(&mut usage, entry);
        }
        let mut head = match head(tx, chain).await? {
            Some(head) => head,
            None => open_chain(tx, chain, self.now()).await?,
        };
        let before = head.seq;
        let mut hashes = Vec::with_capacity(records.len());
        for record in &mut records {
            head.seq += 1;
            record.seq = head.seq;
            let hash = record.hash(&head.hash);
            hashes.push((head.hash, hash));
            head.hash = hash;
        }
        insert_records(tx, &records, &hashes).await?;
        let moved = tx
            .execute(
                "update audit_chains
                set last_seq = $2,
                    last_hash = $3
                where chain = $1
                    and last_seq = $4",
                args![chain.as_uuid(), head.seq, head.hash.as_slice(), before],
            )
            .await?;
        if moved == 0 {
            return Err(StoreError::inconsistent("audit_chains", "a chain moved while it was locked"));
        }
        add_usage(tx, chain, &usage).await?;
        Ok(())
    }
}

/// The end of the chain, which nobody else moves until the transaction ends.
async fn head(tx: &mut Tx, chain: AuditChain) -> Result<Option<Head>, StoreError> {
    let sql = Sql::Each {
        sqlite: "select last_seq, last_hash from audit_chains where chain = $1",
        postgres: "select last_seq, last_hash from audit_chains where chain = $1 for update",
    };
    let Some(row) = tx.fetch_optional(sql, args![chain.as_uuid()]).await? else { return Ok(None) };
    Ok(Some(Head { seq: row.int("last_seq")?, hash: as_hash(row.bytes("last_hash")?)? }))
}

fn as_hash(bytes: Vec<u8>) -> Result<Hash, StoreError> {
    bytes.try_into().map_err(|_| StoreError::inconsistent("audit_chains", "a hash does not have 32 bytes"))
}

/// Opens the chain unless another task of this process just did.
async fn open_chain(tx: &mut Tx, chain: AuditChain, now: DateTime<Utc>) -> Result<Head, StoreError> {
    let lock = Sql::Each {
        // The transaction began as the only one that writes.
        sqlite: "select $1 as locked",
        postgres: "select pg_advisory_xact_lock($1) is null as locked",
    };
    tx.fetch_optional(lock, args![OPEN_LOCK]).await?;
    if let Some(head) = head(tx, chain).await? {
        return Ok(head);
    }
    let last = tx
        .fetch_optional(
            "select number, genesis
            from audit_chains
            order by number desc
            limit 1",
            &[],
        )
        .await?;
    let (number, before) = match last {
        Some(row) => (row.int("number")? + 1, Some(as_hash(row.bytes("genesis")?)?)),
        None => (1, None),
    };
    let genesis = genesis(chain.as_uuid(), number, now, before.as_ref());
    let hash = genesis.as_slice();
    tx.execute(
        "insert into audit_chains (
            chain, number, opened_at, genesis, first_seq, anchor_hash, last_seq, last_hash
        )
        values ($1, $2, $3, $4, 1, $4, 0, $4)",
        args![chain.as_uuid(), number, now, hash],
    )
    .await?;
    Ok(Head { seq: 0, hash: genesis })
}

static INSERT_RECORDS: LazyLock<MultiInsert<15>> = LazyLock::new(|| {
    MultiInsert::new(
        "insert into audit_log (
            chain, seq, at, user_id, project_id, turn_id, kind, plugin, digest, tool, outcome, body, prev_hash, hash,
            installation_id
        )
        values",
        "",
    )
});

async fn insert_records(tx: &mut Tx, records: &[StoredRecord], hashes: &[(Hash, Hash)]) -> Result<(), sqlx::Error> {
    let rows: Vec<[Arg<'_>; 15]> = records
        .iter()
        .zip(hashes)
        .map(|(record, (before, hash))| {
            [
                record.chain.into(),
                record.seq.into(),
                record.at.into(),
                record.user.as_str().into(),
                record.project.into(),
                record.turn.into(),
                record.kind.as_str().into(),
                record.plugin.as_str().into(),
                record.digest.as_deref().into(),
                record.tool.as_str().into(),
                record.outcome.as_str().into(),
                record.body.as_str().into(),
                before.as_slice().into(),
                hash.as_slice().into(),
                record.installation.into(),
            ]
        })
        .collect();
    INSERT_RECORDS.execute(tx, &rows).await
}

static ADD_USAGE: LazyLock<MultiInsert<11>> = LazyLock::new(|| {
    MultiInsert::new(
        "insert into installation_usage (
            installation_id, user_id, day, chain, calls, errors, cpu_us, requests, bytes_sent, bytes_received, last_at
        )
        values",
        "on conflict (installation_id, user_id, day, chain) do update
        set calls = installation_usage.calls + excluded.calls,
            errors = installation_usage.errors + excluded.errors,
            cpu_us = installation_usage.cpu_us + excluded.cpu_us,
            requests = installation_usage.requests + excluded.requests,
            bytes_sent = installation_usage.bytes_sent + excluded.bytes_sent,
            bytes_received = installation_usage.bytes_received + excluded.bytes_received,
            last_at = excluded.last_at",
    )
});

async fn add_usage(
    tx: &mut Tx,
    chain: AuditChain,
    usage: &BTreeMap<UsageKey<'_>, UsageRow>,
) -> Result<(), sqlx::Error> {
    let rows: Vec<[Arg<'_>; 11]> = usage
        .iter()
        .map(|((installation, user, day), row)| {
            [
                (*installation).into(),
                (*user).into(),
                (*day).into(),
                chain.as_uuid().into(),
                row.calls.into(),
                row.errors.into(),
                row.cpu_us.into(),
                row.requests.into(),
                row.bytes_sent.into(),
                row.bytes_received.into(),
                row.last_at.into(),
            ]
        })
        .collect();
    ADD_USAGE.execute(tx, &rows).await
}

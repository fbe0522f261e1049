//! Looking for changes: every chain from its beginning to its end, a page at a time.

use std::fmt;

use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::chain::{Hash, StoredRecord, genesis};
use crate::audit_chain::AuditChain;
use crate::engine::{Row, Tx, args};
use crate::error::StoreError;
use crate::store::Store;

/// Records that are held at once, of at most about 25 KiB each.
const PAGE: i64 = 500;

/// Chains that are held at once.
const CHAIN_PAGE: i64 = 500;

/// Broken chains that are reported; past it they are only counted.
const MAX_REPORTED: usize = 100;

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuditFault {
    /// The record is not what was hashed.
    Changed,
    /// The record does not follow the one before it (or, for the first, what the chain's row says): one of them was
    /// changed, moved or inserted.
    BrokenLink,
    /// Records are missing before this one.
    Missing,
    /// The record is before the chain's first or after its last.
    Unexpected,
    /// The chain's row says that there are records up to this one.
    TailMissing,
    /// The chain's row has another hash of its last record.
    HeadDiffers,
    /// The chain's row is not what it was when it was opened.
    ChainChanged,
    /// Chains before this one are missing.
    ChainMissing,
    /// There are records of a chain that was never opened.
    ChainUnknown,
    /// The record or the chain's row holds what this program would never write.
    Unreadable(String),
}

impl fmt::Display for AuditFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Changed => f.write_str("the record was changed"),
            Self::BrokenLink => f.write_str("the record does not follow the one before it"),
            Self::Missing => f.write_str("records before it are missing"),
            Self::Unexpected => f.write_str("the record is outside of its chain"),
            Self::TailMissing => f.write_str("the last records are missing"),
            Self::HeadDiffers => f.write_str("the chain ends with another record than it should"),
            Self::ChainChanged => f.write_str("the chain's own row was changed"),
            Self::ChainMissing => f.write_str("a chain before it is missing"),
            Self::ChainUnknown => f.write_str("its chain was removed or never opened"),
            Self::Unreadable(why) => write!(f, "it cannot be read: {why}"),
        }
    }
}

/// A chain in which something is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokenChain {
    /// Which.
    pub chain: AuditChain,
    /// The first record with a fault; 0 when it is the chain's row.
    pub seq: i64,
    /// What is wrong with it.
    pub fault: AuditFault,
}

/// What verifying found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditReport {
    /// Records that were looked at.
    pub records: u64,
    /// Chains that were looked at.
    pub chains: u64,
    /// Records that were pruned before, by what the chains' rows say.
    pub pruned: u64,
    /// Broken chains.
    pub broken_chains: u64,
    /// The first fault of each, of the first 100.
    pub broken: Vec<BrokenChain>,
    /// SHA-256 over the ends of all chains, in hexadecimal: the same log has the same. Note it elsewhere, together
    /// with a copy of the table `audit_chains`, to recognise a log that was rewritten as a whole.
    pub heads: String,
}

impl AuditReport {
    /// Whether nothing was found.
    #[must_use]
    pub const fn is_intact(&self) -> bool {
        self.broken_chains == 0
    }
}

/// A chain's row.
struct Head {
    chain: Uuid,
    number: i64,
    genesis: Hash,
    first_seq: i64,
    anchor: Hash,
    last_seq: i64,
    last_hash: Hash,
}

fn unreadable(error: &sqlx::Error) -> AuditFault {
    AuditFault::Unreadable(error.to_string())
}

fn hash(row: &Row, column: &str) -> Result<Hash, AuditFault> {
    let bytes = row.bytes(column).map_err(|e| unreadable(&e))?;
    bytes.try_into().map_err(|_| AuditFault::Unreadable(format!("{column} does not have 32 bytes")))
}

impl Head {
    /// Reads a chain's row; `before` is the genesis of the chain before, when there is one and it was readable.
    fn read(row: &Row) -> Result<Self, AuditFault> {
        let int = |column| row.int(column).map_err(|e| unreadable(&e));
        Ok(Self {
            chain: row.uuid("chain").map_err(|e| unreadable(&e))?,
            number: int("number")?,
            genesis: hash(row, "genesis")?,
            first_seq: int("first_seq")?,
            anchor: hash(row, "anchor_hash")?,
            last_seq: int("last_seq")?,
            last_hash: hash(row, "last_hash")?,
        })
    }
}

const HEAD_COLUMNS: &str = "chain, number, opened_at, genesis, first_seq, anchor_hash, last_seq, last_hash";

/// The work under way.
struct Verifier {
    report: AuditReport,
    heads: Sha256,
}

impl Verifier {
    fn fault(&mut self, chain: Uuid, seq: i64, fault: AuditFault) {
        self.report.broken_chains += 1;
        if self.report.broken.len() < MAX_REPORTED {
            self.report.broken.push(BrokenChain { chain: AuditChain(chain), seq, fault });
        }
    }
}

impl Store {
    /// Looks at every record of every chain, in bounded memory, while others append and prune. Costs a full read of
    /// the log.
    ///
    /// # Errors
    /// When the database fails. What is wrong with the log is in the report.
    pub async fn verify_audit(&self) -> Result<AuditReport, StoreError> {
        let report = AuditReport {
            records: 0,
            chains: 0,
            pruned: 0,
            broken_chains: 0,
            broken: Vec::new(),
            heads: String::new(),
        };
        let mut verifier = Verifier { report, heads: Sha256::new() };
        let mut number = 0;
        let mut before: Option<Hash> = None;
        loop {
            let rows = self
                .engine()
                .fetch_all(
                    crate::engine::Sql::Built(
                        format!("select {HEAD_COLUMNS} from audit_chains where number > $1 order by number limit $2")
                            .into(),
                    ),
                    args![number, CHAIN_PAGE],
                )
                .await?;
            if rows.is_empty() {
                break;
            }
            for row in &rows {
                let chain = row.uuid("chain")?;
                let expected = number + 1;
                number = row.int("number")?;
                verifier.report.chains += 1;
                let head = Head::read(row);
                let fault = match &head {
                    Err(fault) => Some(fault.clone()),
                    Ok(head) if head.number != expected => Some(AuditFault::ChainMissing),
                    Ok(head) => match row.time("opened_at") {
                        Err(error) => Some(unreadable(&error)),
                        Ok(at) if genesis(chain, head.number, at, before.as_ref()) != head.genesis => {
                            Some(AuditFault::ChainChanged)
                        }
                        Ok(_) => None,
                    },
                };
                before = head.as_ref().ok().map(|head| head.genesis);
                match fault {
                    Some(fault) => verifier.fault(chain, 0, fault),
                    None => self.verify_chain(&mut verifier, chain).await?,
                }
            }
        }
        self.find_unknown_chains(&mut verifier).await?;
        verifier.report.heads = hex::encode(verifier.heads.finalize());
        Ok(verifier.report)
    }

    async fn verify_chain(&self, verifier: &mut Verifier, chain: Uuid) -> Result<(), StoreError> {
        let mut walk = Walk { position: None, hash: [0; 32], pruned: 0 };
        let found = loop {
            // The chain's row and some records, of one moment: others append and prune meanwhile.
            let mut tx = self.engine().begin_read().await?;
            let (head, rows) = page(&mut tx, chain, walk.position).await?;
            drop(tx);
            let Some(head) = head else { break Err((0, AuditFault::ChainUnknown)) };
            match head {
                Err(fault) => break Err((0, fault)),
                Ok(head) => {
                    if let Err(found) = walk.page(&head, &rows, &mut verifier.report.records) {
                        break Err(found);
                    }
                    if rows.is_empty() {
                        break walk.end(&head).map(|()| head);
                    }
                }
            }
            tokio::task::yield_now().await;
        };
        match found {
            Ok(head) => {
                verifier.report.pruned += walk.pruned;
                verifier.heads.update(head.chain.as_bytes());
                verifier.heads.update(head.last_seq.to_be_bytes());
                verifier.heads.update(head.last_hash);
            }
            Err((seq, fault)) => verifier.fault(chain, seq, fault),
        }
        Ok(())
    }

    /// Records whose chain has no row.
    async fn find_unknown_chains(&self, verifier: &mut Verifier) -> Result<(), StoreError> {
        let mut last = Uuid::nil();
        loop {
            let row = self
                .engine()
                .fetch_optional(
                    "select chain, seq
                    from audit_log
                    where chain > $1
                    order by chain, seq
                    limit 1",
                    args![last],
                )
                .await?;
            let Some(row) = row else { return Ok(()) };
            last = row.uuid("chain")?;
            let known =
                self.engine().fetch_optional("select chain from audit_chains where chain = $1", args![last]).await?;
            if known.is_none() {
                verifier.fault(last, row.int("seq")?, AuditFault::ChainUnknown);
            }
        }
    }
}

/// A chain's row and the records after a position.
async fn page(
    tx: &mut Tx,
    chain: Uuid,
    position: Option<i64>,
) -> Result<(Option<Result<Head, AuditFault>>, Vec<Row>), StoreError> {
    let head = tx
        .fetch_optional(
            crate::engine::Sql::Built(format!("select {HEAD_COLUMNS} from audit_chains where chain = $1").into()),
            args![chain],
        )
        .await?;
    let rows = tx
        .fetch_all(
            "select chain, seq, at, user_id, project_id, turn_id, kind, plugin, digest, tool, outcome, body,
                prev_hash, hash, installation_id
            from audit_log
            where chain = $1
                and seq > $2
            order by seq
            limit $3",
            args![chain, position.unwrap_or(i64::MIN), PAGE],
        )
        .await?;
    Ok((head.map(|row| Head::read(&row)), rows))
}

/// The way along one chain.
struct Walk {
    /// The last record that was looked at.
    position: Option<i64>,
    /// Its hash.
    hash: Hash,
    pruned: u64,
}

impl Walk {
    fn page(&mut self, head: &Head, rows: &[Row], records: &mut u64) -> Result<(), (i64, AuditFault)> {
        // At the beginning, or when older records were pruned up to beyond this position.
        if self.position.is_none_or(|position| position < head.first_seq - 1) {
            (self.position, self.hash) = (Some(head.first_seq - 1), head.anchor);
            self.pruned = u64::try_from(head.first_seq - 1).unwrap_or_default();
            if head.first_seq == 1 && head.anchor != head.genesis {
                return Err((0, AuditFault::ChainChanged));
            }
        }
        for row in rows {
            let seq = row.int("seq").map_err(|e| (0, unreadable(&e)))?;
            *records += 1;
            self.record(head, seq, row).map_err(|fault| (seq, fault))?;
        }
        Ok(())
    }

    fn record(&mut self, head: &Head, seq: i64, row: &Row) -> Result<(), AuditFault> {
        let expected = self.position.map_or(1, |position| position + 1);
        if seq < expected || seq > head.last_seq {
            return Err(AuditFault::Unexpected);
        }
        if seq > expected {
            return Err(AuditFault::Missing);
        }
        let record = StoredRecord::read(row).map_err(|e| unreadable(&e))?;
        if hash(row, "prev_hash")? != self.hash {
            return Err(AuditFault::BrokenLink);
        }
        let computed = record.hash(&self.hash);
        if computed != hash(row, "hash")? {
            return Err(AuditFault::Changed);
        }
        (self.position, self.hash) = (Some(seq), computed);
        Ok(())
    }

    /// When no records are left.
    fn end(&self, head: &Head) -> Result<(), (i64, AuditFault)> {
        let position = self.position.unwrap_or_default();
        if position < head.last_seq {
            return Err((head.last_seq, AuditFault::TailMissing));
        }
        if position > head.last_seq {
            return Err((0, AuditFault::ChainChanged));
        }
        if self.hash != head.last_hash {
            return Err((position, AuditFault::HeadDiffers));
        }
        Ok(())
    }
}

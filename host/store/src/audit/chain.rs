//! The hashes of a chain.
//!
//! A record's hash is the SHA-256 of: the name of this encoding, the hash of the record before, and every column in
//! the order of the table, the installation last. Numbers and times (microseconds since 1970) are 8 bytes, big end first; ids are 16 bytes;
//! a text is its length in bytes (8 bytes) and its UTF-8; a column that may be absent has a byte before it, 0 or 1, and
//! is written like a text.
//! A record without an installation has the encoding from before there were any, under its own name.
//! Nothing is ambiguous, so no two records have the same bytes.

use chrono::{DateTime, Utc};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::engine::Row;

/// SHA-256.
pub(super) type Hash = [u8; 32];

/// Names the encoding of records; another encoding gets another name.
const RECORD: &[u8] = b"bricklayer audit record 1";

/// With the installation at the end.
const RECORD_OF_INSTALLATION: &[u8] = b"bricklayer audit record 2";

/// Names the encoding of a chain's beginning.
const GENESIS: &[u8] = b"bricklayer audit chain 1";

/// A record as it is stored: what is hashed is what the database holds, not what it means.
#[derive(Debug)]
pub(super) struct StoredRecord {
    pub(super) chain: Uuid,
    pub(super) seq: i64,
    pub(super) at: DateTime<Utc>,
    pub(super) user: String,
    pub(super) project: Option<Uuid>,
    pub(super) turn: Option<Uuid>,
    pub(super) kind: String,
    pub(super) plugin: String,
    pub(super) installation: Option<Uuid>,
    pub(super) digest: Option<String>,
    pub(super) tool: String,
    pub(super) outcome: String,
    pub(super) body: String,
}

impl StoredRecord {
    pub(super) fn read(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            chain: row.uuid("chain")?,
            seq: row.int("seq")?,
            at: row.time("at")?,
            user: row.text("user_id")?,
            project: row.maybe_uuid("project_id")?,
            turn: row.maybe_uuid("turn_id")?,
            kind: row.text("kind")?,
            plugin: row.text("plugin")?,
            installation: row.maybe_uuid("installation_id")?,
            digest: row.maybe_text("digest")?,
            tool: row.text("tool")?,
            outcome: row.text("outcome")?,
            body: row.text("body")?,
        })
    }

    /// The hash of this record after one with the hash `before`.
    pub(super) fn hash(&self, before: &Hash) -> Hash {
        let mut hash = Encoder(Sha256::new());
        hash.text(if self.installation.is_some() { RECORD_OF_INSTALLATION } else { RECORD });
        hash.0.update(before);
        hash.0.update(self.chain.as_bytes());
        hash.number(self.seq);
        hash.number(self.at.timestamp_micros());
        hash.text(self.user.as_bytes());
        hash.maybe(self.project.as_ref().map(|id| id.as_bytes().as_slice()));
        hash.maybe(self.turn.as_ref().map(|id| id.as_bytes().as_slice()));
        hash.text(self.kind.as_bytes());
        hash.text(self.plugin.as_bytes());
        hash.maybe(self.digest.as_ref().map(String::as_bytes));
        hash.text(self.tool.as_bytes());
        hash.text(self.outcome.as_bytes());
        hash.text(self.body.as_bytes());
        if let Some(installation) = self.installation {
            hash.0.update(installation.as_bytes());
        }
        hash.0.finalize().into()
    }
}

/// The hash before a chain's first record: made from the chain and from the beginning of the chain before it, so that
/// no chain can be taken out.
pub(super) fn genesis(chain: Uuid, number: i64, opened_at: DateTime<Utc>, before: Option<&Hash>) -> Hash {
    let mut hash = Encoder(Sha256::new());
    hash.text(GENESIS);
    hash.0.update(chain.as_bytes());
    hash.number(number);
    hash.number(opened_at.timestamp_micros());
    hash.maybe(before.map(Hash::as_slice));
    hash.0.finalize().into()
}

struct Encoder(Sha256);

impl Encoder {
    fn number(&mut self, number: i64) {
        self.0.update(number.to_be_bytes());
    }

    fn text(&mut self, text: &[u8]) {
        self.0.update((text.len() as u64).to_be_bytes());
        self.0.update(text);
    }

    fn maybe(&mut self, value: Option<&[u8]>) {
        match value {
            None => self.0.update([0]),
            Some(value) => {
                self.0.update([1]);
                self.text(value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> StoredRecord {
        StoredRecord {
            chain: Uuid::from_u128(1),
            seq: 2,
            at: DateTime::from_timestamp_micros(1_750_000_000_123_456).unwrap(),
            user: "ann@example.com".into(),
            project: Some(Uuid::from_u128(3)),
            turn: None,
            kind: "call".into(),
            plugin: "weather".into(),
            installation: None,
            digest: Some("ab".into()),
            tool: "forecast".into(),
            outcome: "ok".into(),
            body: "{}".into(),
        }
    }

    /// What was written once must verify for ever: a changed encoding needs a new name.
    #[test]
    fn the_encoding_does_not_change() {
        assert_eq!(
            hex::encode(record().hash(&[7; 32])),
            "2f2d3d4e2b815d55cbd7e8a50aff4e60d9260387e94ff6b07d646e706d6c9a06"
        );
        let installed = StoredRecord { installation: Some(Uuid::from_u128(4)), ..record() };
        assert_eq!(
            hex::encode(installed.hash(&[7; 32])),
            "a2e7e2df808fd0f3c3ba0d91c129b5ca5aac8547f007c782a61b34f12571f060"
        );
    }

    #[test]
    fn every_column_counts() {
        let base = record().hash(&[7; 32]);
        type Change = fn(&mut StoredRecord);
        let changes: [Change; 15] = [
            |r| r.chain = Uuid::from_u128(9),
            |r| r.seq = 3,
            |r| r.at += chrono::TimeDelta::microseconds(1),
            |r| r.user.push('x'),
            |r| r.project = None,
            |r| r.turn = Some(Uuid::from_u128(3)),
            |r| (r.project, r.turn) = (r.turn, r.project),
            |r| r.kind = "change".into(),
            |r| r.plugin.push('x'),
            |r| r.digest = None,
            |r| r.installation = Some(Uuid::nil()),
            |r| r.tool.push('x'),
            |r| r.outcome.push('x'),
            |r| r.body.push(' '),
            // The same letters elsewhere.
            |r| (r.tool, r.outcome) = ("forecasto".into(), "k".into()),
        ];
        for (index, change) in changes.into_iter().enumerate() {
            let mut changed = record();
            change(&mut changed);
            assert_ne!(changed.hash(&[7; 32]), base, "change {index}");
        }
        assert_ne!(record().hash(&[8; 32]), base);
    }
}

//! What a result's digest is over: its columns and values, however they were cut into pieces.

use bricklayer_domain::{ColumnType, ResultColumn};
use sha2::{Digest as _, Sha256};

use crate::column::{Column, Rows, Value};
use crate::error::Broken;

/// Counts up while a result is written: each column on its own, so that rows may come in any pieces.
#[derive(Clone)]
pub(crate) enum ContentDigest {
    Table { columns: Vec<(String, ColumnType, Sha256)>, rows: u64 },
    Bytes(Sha256),
}

impl ContentDigest {
    pub(crate) fn of_table(columns: &[ResultColumn]) -> Self {
        let columns = columns.iter().map(|column| (column.name.clone(), column.kind, Sha256::new()));
        Self::Table { columns: columns.collect(), rows: 0 }
    }

    pub(crate) fn of_bytes() -> Self {
        Self::Bytes(Sha256::new())
    }

    pub(crate) fn add_bytes(&mut self, bytes: &[u8]) {
        if let Self::Bytes(hash) = self {
            hash.update(bytes);
        }
    }

    pub(crate) fn add_rows(&mut self, added: &Rows) -> Result<(), Broken> {
        let Self::Table { columns, rows } = self else { return Ok(()) };
        *rows += added.count as u64;
        let mut room = Vec::new();
        for ((_, kind, hash), array) in columns.iter_mut().zip(&added.columns) {
            room.clear();
            Column::of(*kind, array)?.values().for_each(|value| write(value, &mut room));
            hash.update(&room);
        }
        Ok(())
    }

    /// In hexadecimal digits.
    pub(crate) fn finish(self) -> String {
        match self {
            Self::Bytes(hash) => hex::encode(hash.finalize()),
            Self::Table { columns, rows } => {
                let mut whole = Sha256::new();
                whole.update(rows.to_le_bytes());
                for (name, kind, hash) in columns {
                    whole.update((name.len() as u64).to_le_bytes());
                    whole.update(name);
                    whole.update(format!("{kind:?}"));
                    whole.update(hash.finalize());
                }
                hex::encode(whole.finalize())
            }
        }
    }
}

/// A short digest, for telling apart what is of one result: 128 bits of SHA-256.
pub(crate) fn short(bytes: &[u8]) -> u128 {
    Sha256::digest(bytes).iter().take(16).fold(0, |number, byte| (number << 8) | u128::from(*byte))
}

/// A value so that no two lists of values look alike: a mark, then as many bytes as its type or its length says.
pub(crate) fn write(value: Value<'_>, out: &mut Vec<u8>) {
    if value.is_null() {
        out.push(0);
        return;
    }
    out.push(1);
    let sized = |bytes: &[u8], out: &mut Vec<u8>| {
        out.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
        out.extend_from_slice(bytes);
    };
    match value {
        Value::Null => {}
        Value::Integer(number) | Value::Timestamp(number) | Value::TimestampNtz(number) => {
            out.extend_from_slice(&number.to_le_bytes());
        }
        Value::Decimal(number, _) => out.extend_from_slice(&number.to_le_bytes()),
        Value::Double(number) => out.extend_from_slice(&number.to_bits().to_le_bytes()),
        Value::Float(number) => out.extend_from_slice(&number.to_bits().to_le_bytes()),
        Value::Boolean(truth) => out.push(truth.into()),
        Value::Text(text) => sized(text.as_bytes(), out),
        Value::Binary(bytes) => sized(bytes, out),
        Value::Date(days) => out.extend_from_slice(&days.to_le_bytes()),
    }
}

//! Columns of stored results: whatever is in the database is a column, or is refused.

use bricklayer_domain::ColumnType;
use bricklayer_results::unpack_any;

const KINDS: [ColumnType; 11] = [
    ColumnType::Integer,
    ColumnType::Decimal { precision: 38, scale: 10 },
    ColumnType::Double,
    ColumnType::Float,
    ColumnType::Boolean,
    ColumnType::String,
    ColumnType::Binary,
    ColumnType::Date,
    ColumnType::Timestamp,
    ColumnType::TimestampNtz,
    ColumnType::Json,
];

/// A byte that says which type, then a section of a piece.
pub fn pieces(data: &[u8]) {
    let Some((kind, section)) = data.split_first() else { return };
    let Some(kind) = KINDS.get(usize::from(*kind) % KINDS.len()) else { return };
    // What is refused is refused with words; nothing else may come of it.
    if let Err(error) = unpack_any(*kind, section) {
        assert!(!error.to_string().is_empty());
    }
}

//! Columns of stored results: whatever is in the database is a column, or is refused.

use bricklayer_domain::ColumnType;
use bricklayer_results::unpack_any;

/// A byte that says which type, then a section of a piece.
pub fn pieces(data: &[u8]) {
    let Some((kind, section)) = data.split_first() else { return };
    let Some(kind) = ColumnType::EXAMPLES.get(usize::from(*kind) % ColumnType::EXAMPLES.len()) else { return };
    // What is refused is refused with words; nothing else may come of it.
    if let Err(error) = unpack_any(*kind, section) {
        assert!(!error.to_string().is_empty());
    }
}

//! The order of rows by some columns. Each is read alone, the last first: a stable sort by the earlier ones then keeps
//! what the later ones decided.

use std::cmp::Ordering;

use arrow_array::ArrayRef;
use arrow_select::concat::concat;
use bricklayer_domain::{ColumnType, ResultColumn};

use crate::column::{Column, Value};
use crate::error::{Broken, ResultsError};

/// Columns of one sort; each is a pass over the rows.
const MAX_KEYS: usize = 8;

/// A column to sort by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct SortKey {
    pub(crate) column: usize,
    pub(crate) descending: bool,
}

impl SortKey {
    /// The order of two values: none comes last either way.
    pub(crate) fn order(self, a: Value<'_>, b: Value<'_>) -> Ordering {
        if self.descending && !a.is_null() && !b.is_null() { b.order(&a) } else { a.order(&b) }
    }

    /// Reads `2:desc,0`.
    ///
    /// # Errors
    /// What is wrong.
    pub(crate) fn parse(text: &str, columns: &[ResultColumn]) -> Result<Vec<Self>, ResultsError> {
        let wrong = |what: &str| ResultsError::query("sort", format!("{what}; it reads like `2:desc,0:asc`"));
        let mut keys = Vec::new();
        for part in text.split(',').filter(|part| !part.is_empty()) {
            let (column, order) = part.split_once(':').unwrap_or((part, "asc"));
            let column = column.parse().ok().filter(|column| *column < columns.len());
            let column = column.ok_or_else(|| wrong("must name columns by their places, from 0"))?;
            let descending = match order {
                "asc" => false,
                "desc" => true,
                _ => return Err(wrong("must say `asc` or `desc`")),
            };
            keys.push(Self { column, descending });
        }
        if keys.len() > MAX_KEYS {
            return Err(wrong(&format!("must have at most {MAX_KEYS} columns")));
        }
        Ok(keys)
    }
}

/// Sorts places of rows by the values of a column, which are in pieces.
pub(crate) fn sort(order: &mut [u32], key: SortKey, kind: ColumnType, pieces: &[ArrayRef]) -> Result<(), Broken> {
    let arrays: Vec<&dyn arrow_array::Array> = pieces.iter().map(AsRef::as_ref).collect();
    if arrays.is_empty() {
        return Ok(());
    }
    let whole = concat(&arrays).map_err(|_| Broken("a column cannot be put together"))?;
    let column = Column::of(kind, &whole)?;
    let value = |place: &u32| column.value(usize::try_from(*place).unwrap_or(usize::MAX));
    order.sort_by(|a, b| key.order(value(a), value(b)));
    Ok(())
}

//! Keyset pages: a page is what comes after the last item seen, so inserts and deletes never shift it.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use uuid::Uuid;

/// Most items of one page of projects, conversations, turns or audit records; protects memory and the reply's size.
pub const MAX_PAGE: u32 = 200;

/// Where the next page begins. Opaque to clients; its text form fits a query parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    pub(crate) at: DateTime<Utc>,
    pub(crate) id: Uuid,
}

/// The text is no cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a page cursor")]
pub struct CursorError;

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.at.timestamp_micros(), self.id.simple())
    }
}

impl FromStr for Cursor {
    type Err = CursorError;

    fn from_str(text: &str) -> Result<Self, CursorError> {
        let (at, id) = text.split_once('.').ok_or(CursorError)?;
        let at = at.parse().ok().and_then(DateTime::from_timestamp_micros).ok_or(CursorError)?;
        let id = Uuid::try_parse(id).map_err(|_| CursorError)?;
        Ok(Self { at, id })
    }
}

/// Later than any row, and of the width that SQLite's text comparison needs: the end of the year 9999.
pub(crate) fn latest() -> DateTime<Utc> {
    const LATEST_MICROS: i64 = 253_402_300_799_000_000;
    DateTime::from_timestamp_micros(LATEST_MICROS).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// Which page is wanted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PageRequest {
    /// Continue here; the first page when absent.
    pub after: Option<Cursor>,
    /// At most so many items, 1 to [`MAX_PAGE`]; anything else is moved into that range, 0 is [`MAX_PAGE`].
    pub limit: u32,
}

impl PageRequest {
    /// One more than asked, to learn whether there is a next page.
    pub(crate) fn fetch_limit(self) -> i64 {
        i64::from(self.effective_limit()) + 1
    }

    fn effective_limit(self) -> u32 {
        if self.limit == 0 { MAX_PAGE } else { self.limit.min(MAX_PAGE) }
    }

    /// Before everything, for lists that run from the newest to the oldest.
    pub(crate) fn start(self) -> Cursor {
        self.after.unwrap_or_else(|| Cursor { at: latest(), id: Uuid::max() })
    }

    /// Cuts the extra item off and says where the next page begins.
    pub(crate) fn page<T>(self, mut items: Vec<T>, cursor: impl Fn(&T) -> Cursor) -> Page<T> {
        let limit = self.effective_limit() as usize;
        let more = items.len() > limit;
        items.truncate(limit);
        let next = if more { items.last().map(cursor) } else { None };
        Page { items, next }
    }
}

/// Some items, and where to continue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// In the list's order.
    pub items: Vec<T>,
    /// Absent on the last page.
    pub next: Option<Cursor>,
}

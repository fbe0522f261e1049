//! What came: the newest requests, in their order.

use std::collections::VecDeque;

use axum::http::{Method, StatusCode};
use serde::Serialize;

/// Requests that are kept; older ones are counted and forgotten.
const MOST: usize = 10_000;

/// A request as it came, and what its caller got.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Arrived {
    /// Counts from 1 in the order of arrival.
    pub number: u64,
    /// `GET` and so on.
    pub method: String,
    /// Without the query, as it was on the wire.
    pub path: String,
    /// Whose token it carried; absent where none is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Absent while there is no answer: under way, cut, or given up by its caller.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The rule that met it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<u64>,
}

/// The newest requests.
#[derive(Debug, Default)]
pub(super) struct Record {
    kept: VecDeque<Arrived>,
    /// Numbers given so far.
    count: u64,
}

impl Record {
    /// Takes a request down; its number.
    pub(super) fn arrived(&mut self, method: &Method, path: &str, user: Option<&str>, fault: Option<u64>) -> u64 {
        if self.kept.len() >= MOST {
            self.kept.pop_front();
        }
        self.count += 1;
        let (method, path, user) = (method.to_string(), path.to_owned(), user.map(str::to_owned));
        self.kept.push_back(Arrived { number: self.count, method, path, user, status: None, fault });
        self.count
    }

    /// Notes what the caller of a request got, if the request is still kept.
    pub(super) fn answered(&mut self, number: u64, status: StatusCode) {
        let first = self.kept.front().map_or(0, |first| first.number);
        let index = number.checked_sub(first).and_then(|index| usize::try_from(index).ok());
        if let Some(arrived) = index.and_then(|index| self.kept.get_mut(index)) {
            arrived.status = Some(status.as_u16());
        }
    }

    /// Those after a number, oldest first.
    pub(super) fn after(&self, number: u64) -> Vec<Arrived> {
        self.kept.iter().filter(|arrived| arrived.number > number).cloned().collect()
    }

    pub(super) fn clear(&mut self) {
        self.kept.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_are_kept_and_numbers_go_on() {
        let mut record = Record::default();
        for _ in 0..MOST + 5 {
            record.arrived(&Method::GET, "/x", None, None);
        }
        record.answered(3, StatusCode::OK);
        record.answered(7, StatusCode::NOT_FOUND);
        let kept = record.after(0);
        assert_eq!((kept.len(), kept[0].number, kept[0].status), (MOST, 6, None));
        assert_eq!(kept[1].status, Some(404));
        record.clear();
        record.answered(7, StatusCode::OK);
        assert_eq!(record.arrived(&Method::GET, "/x", None, None), MOST as u64 + 6);
        assert_eq!(record.after(MOST as u64).len(), 1);
    }
}

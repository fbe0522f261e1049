//! The rules of one workspace and the record of its requests.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::http::{Method, StatusCode};
use serde::Serialize;

use super::{
    record::{Arrived, Record},
    rule::{Fault, FaultError, Rule},
};

/// Rules at a time: each is looked at for each request.
const MOST_RULES: usize = 1_000;

/// Rules and record; cheap to clone, clones are the same.
#[derive(Debug, Clone, Default)]
pub struct Faults(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    rules: Vec<Entry>,
    /// Identifiers given so far.
    ids: u64,
    record: Record,
}

#[derive(Debug)]
struct Entry {
    id: u64,
    fault: Fault,
    rule: Arc<Rule>,
    /// Requests that fitted while it was not used up.
    fitted: u64,
    met: u64,
}

/// A rule with what it has done.
#[derive(Debug, Serialize)]
pub(super) struct Known {
    id: u64,
    /// Requests that it met.
    met: u64,
    #[serde(flatten)]
    fault: Fault,
}

impl Faults {
    /// Adds a rule behind those that are there; its identifier.
    ///
    /// # Errors
    /// A rule that makes no sense, and one too many.
    pub fn add(&self, fault: Fault) -> Result<u64, FaultError> {
        let rule = Arc::new(Rule::try_from(&fault)?);
        let mut state = self.lock();
        if state.rules.len() >= MOST_RULES {
            return Err(FaultError(format!("there are {MOST_RULES} rules already; remove some")));
        }
        state.ids += 1;
        let id = state.ids;
        state.rules.push(Entry { id, fault, rule, fitted: 0, met: 0 });
        Ok(id)
    }

    /// Removes a rule; whether it was there.
    pub fn remove(&self, id: u64) -> bool {
        let mut state = self.lock();
        let before = state.rules.len();
        state.rules.retain(|entry| entry.id != id);
        state.rules.len() < before
    }

    /// Removes all rules.
    pub fn clear(&self) {
        self.lock().rules.clear();
    }

    /// The newest requests after a number (0 for all), oldest first; at most ten thousand are kept.
    #[must_use]
    pub fn requests(&self, after: u64) -> Vec<Arrived> {
        self.lock().record.after(after)
    }

    /// Forgets the requests so far; numbers go on.
    pub fn forget_requests(&self) {
        self.lock().record.clear();
    }

    pub(super) fn known(&self) -> Vec<Known> {
        let known = |entry: &Entry| Known { id: entry.id, met: entry.met, fault: entry.fault.clone() };
        self.lock().rules.iter().map(known).collect()
    }

    /// Takes a request down; its number, and the rule that meets it.
    pub(super) fn arrived(&self, method: &Method, path: &str, user: Option<&str>) -> (u64, Option<Arc<Rule>>) {
        let mut state = self.lock();
        let mut meeting = None;
        for entry in &mut state.rules {
            let used_up = entry.rule.times.is_some_and(|times| entry.met >= times);
            if used_up || !entry.rule.fits(method, path, user) {
                continue;
            }
            entry.fitted += 1;
            if entry.fitted > entry.rule.skip {
                entry.met += 1;
                meeting = Some((entry.id, Arc::clone(&entry.rule)));
                break;
            }
        }
        let (id, rule) = meeting.unzip();
        (state.record.arrived(method, path, user, id), rule)
    }

    pub(super) fn answered(&self, number: u64, status: StatusCode) {
        self.lock().record.answered(number, status);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::faults::Outcome;

    #[test]
    fn rules_skip_meet_and_are_used_up_in_their_order() {
        let faults = Faults::default();
        let rule = |skip, times| Fault { skip, times, ..Fault::at("/x", Outcome::Cut) };
        let first = faults.add(rule(1, Some(2))).unwrap();
        let second = faults.add(rule(1, Some(1))).unwrap();
        for _ in 0..5 {
            faults.arrived(&Method::GET, "/x", None);
        }
        faults.arrived(&Method::GET, "/y", None);
        let met: Vec<_> = faults.requests(0).iter().map(|arrived| arrived.fault).collect();
        assert_eq!(met, [None, Some(first), Some(first), Some(second), None, None]);
        assert!(faults.remove(first) && !faults.remove(first));
        faults.clear();
        assert!(faults.known().is_empty() && !faults.remove(second));
    }

    #[test]
    fn rules_are_bounded() {
        let faults = Faults::default();
        for _ in 0..MOST_RULES {
            faults.add(Fault::at("/x", Outcome::Cut)).unwrap();
        }
        let error = faults.add(Fault::at("/x", Outcome::Cut)).unwrap_err().to_string();
        assert!(error.contains("rules already"), "{error}");
    }
}

//! The write-ahead record: what a deploy has changed so far, a line each, so that one that is cut off loses nothing.
//!
//! The first line says which state the lines go on from; each further one has a resource's key and what it is now, or no
//! value when it is gone.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::state::{Saved, State, StateError};

/// The record's name, in the bundle's cache in the project.
pub const WAL_FILE: &str = "resources.json.wal";

/// Where lines go that make no sense.
pub const CORRUPTED_FILE: &str = "resources.json.wal.corrupted";

/// Bytes of one line: the settings of a resource.
const MAX_LINE_BYTES: usize = 10 * 1024 * 1024;

/// What a record comes to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Replay {
    /// The state with the record's changes.
    pub state: State,
    /// Whether there were any.
    pub changed: bool,
    /// Lines that make no sense, to be kept aside.
    pub corrupted: Vec<String>,
}

/// Why a record is not replayed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WalError {
    /// It belongs to deploys of another history.
    Foreign {
        /// The record's lineage.
        record: String,
        /// The state's.
        state: String,
    },
    /// It goes on from a state that is not there.
    Ahead {
        /// The serial that the record makes.
        record: u64,
        /// The state's.
        state: u64,
    },
}

impl std::fmt::Display for WalError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Foreign { record, state } => write!(
                f,
                "the record of an unfinished deploy ({WAL_FILE}) belongs to other deploys ({record}) than the state ({state}); move it away if its objects are not needed"
            ),
            Self::Ahead { record, state } => write!(
                f,
                "the record of an unfinished deploy ({WAL_FILE}) makes state {record}, and the project has state {state}; bring back the project's {} that belongs to it",
                crate::state::STATE_FILE
            ),
        }
    }
}

impl From<WalError> for StateError {
    fn from(error: WalError) -> Self {
        Self::Malformed(error.to_string())
    }
}

/// The first line of a record that goes on from a state.
#[must_use]
pub(crate) fn header(lineage: &str, serial: u64) -> Vec<u8> {
    line(&json!({"lineage": lineage, "serial": serial}))
}

/// The line that says what a resource is now, or that it is gone.
#[must_use]
pub(crate) fn change(key: &str, saved: Option<&Saved>) -> Vec<u8> {
    line(&match saved {
        Some(saved) => json!({"k": key, "v": saved.to_json()}),
        None => json!({"k": key}),
    })
}

fn line(value: &Value) -> Vec<u8> {
    let mut line = value.to_string().into_bytes();
    line.push(b'\n');
    line
}

/// Replays a record on the project's state. `None` for one that is stale: the state has gone on without it.
///
/// # Errors
/// A record of other deploys, or one whose state is not there.
pub(crate) fn replay(state: &State, record: &[u8]) -> Result<Option<Replay>, WalError> {
    let mut corrupted = Vec::new();
    let mut lines = record.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty());
    let first = lines.next().unwrap_or_default();
    let Some((lineage, serial)) = read_header(first) else {
        // Without its header nobody knows what the lines go on from.
        let kept = std::iter::once(first).chain(lines).filter(|line| !line.is_empty()).map(lossy).collect::<Vec<_>>();
        return Ok((!kept.is_empty()).then(|| Replay { state: state.clone(), changed: false, corrupted: kept }));
    };
    if !state.is_new() && lineage != state.lineage {
        return Err(WalError::Foreign { record: lineage, state: state.lineage.clone() });
    }
    if serial <= state.serial {
        return Ok(None);
    }
    if serial > state.serial + 1 {
        return Err(WalError::Ahead { record: serial, state: state.serial });
    }
    let mut resources: BTreeMap<String, Saved> = state.resources.clone();
    let mut changed = false;
    for line in lines {
        match read_change(line) {
            Some((key, Some(saved))) => {
                resources.insert(key, saved);
                changed = true;
            }
            Some((key, None)) => {
                resources.remove(&key);
                changed = true;
            }
            None => corrupted.push(lossy(line)),
        }
    }
    let mut replayed = State { resources, ..state.clone() };
    if changed {
        (replayed.lineage, replayed.serial) = (lineage, serial);
    }
    Ok(Some(Replay { state: replayed, changed, corrupted }))
}

fn lossy(line: &[u8]) -> String {
    String::from_utf8_lossy(line).into_owned()
}

fn read_header(line: &[u8]) -> Option<(String, u64)> {
    let header: Value = serde_json::from_slice(line).ok()?;
    let lineage = header.get("lineage")?.as_str().filter(|lineage| !lineage.is_empty())?;
    Some((lineage.to_owned(), header.get("serial")?.as_u64()?))
}

fn read_change(line: &[u8]) -> Option<(String, Option<Saved>)> {
    if line.len() > MAX_LINE_BYTES {
        return None;
    }
    let change: Value = serde_json::from_slice(line).ok()?;
    let key = change.get("k")?.as_str().filter(|key| !key.is_empty())?.to_owned();
    match change.get("v") {
        None | Some(Value::Null) => Some((key, None)),
        Some(value) => Some((key, Some(Saved::from_json(value)?))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn saved(id: &str) -> Saved {
        Saved { id: id.to_owned(), state: json!({"name": id}), depends_on: Vec::new() }
    }

    fn state(lineage: &str, serial: u64) -> State {
        let mut state = State { lineage: lineage.to_owned(), serial, ..State::default() };
        if !lineage.is_empty() {
            state.resources.insert("resources.jobs.old".to_owned(), saved("1"));
        }
        state
    }

    fn record(lineage: &str, serial: u64, rest: &[&[u8]]) -> Vec<u8> {
        [&[header(lineage, serial).as_slice()], rest].concat().concat()
    }

    #[test]
    fn changes_are_replayed_in_their_order() {
        let lines = [
            change("resources.jobs.a", Some(&saved("2"))),
            change("resources.jobs.old", None),
            change("resources.jobs.a", Some(&saved("3"))),
        ];
        let lines: Vec<&[u8]> = lines.iter().map(Vec::as_slice).collect();
        for (from, lineage) in [(state("l", 4), "l"), (state("", 0), "l")] {
            let replay = replay(&from, &record(lineage, from.serial + 1, &lines)).unwrap().unwrap();
            let ids: Vec<_> =
                replay.state.resources.iter().map(|(key, saved)| (key.as_str(), saved.id.as_str())).collect();
            assert_eq!(ids, [("resources.jobs.a", "3")]);
            assert_eq!((replay.state.serial, replay.state.lineage.as_str()), (from.serial + 1, "l"));
            assert!(replay.changed && replay.corrupted.is_empty());
        }
    }

    #[test]
    fn records_of_other_states_are_told_from_this_ones() {
        let one = change("resources.jobs.a", Some(&saved("2")));
        let stale = replay(&state("l", 4), &record("l", 4, &[&one]));
        assert_eq!(stale, Ok(None));
        let ahead = replay(&state("l", 4), &record("l", 6, &[&one]));
        assert_eq!(ahead, Err(WalError::Ahead { record: 6, state: 4 }));
        let foreign = replay(&state("l", 4), &record("m", 5, &[&one]));
        assert!(matches!(foreign, Err(WalError::Foreign { .. })));
        let only_header = replay(&state("l", 4), &record("l", 5, &[])).unwrap().unwrap();
        assert_eq!((only_header.changed, only_header.state), (false, state("l", 4)));
        assert_eq!(replay(&state("l", 4), b""), Ok(None));
    }

    #[test]
    fn lines_that_make_no_sense_are_kept_aside() {
        let good = change("resources.jobs.a", Some(&saved("2")));
        let cut = good.get(..good.len() / 2).unwrap();
        let found = replay(&state("l", 4), &record("l", 5, &[b"nonsense\n", &good, b"{\"v\":1}\n", cut])).unwrap();
        let found = found.unwrap();
        assert_eq!((found.corrupted.len(), found.state.resources.len()), (3, 2));
        let headless = replay(&state("l", 4), &good).unwrap().unwrap();
        assert_eq!((headless.changed, headless.corrupted.len()), (false, 1));
    }

    /// A record cut anywhere is replayed as far as its whole lines go.
    #[test]
    fn a_cut_record_loses_its_last_line_at_most() {
        let lines: Vec<Vec<u8>> = (0..4).map(|n| change(&format!("resources.jobs.j{n}"), Some(&saved("7")))).collect();
        let whole = record("l", 5, &lines.iter().map(Vec::as_slice).collect::<Vec<_>>());
        for length in 0..=whole.len() {
            let cut = whole.get(..length).unwrap();
            let ends = |byte: &&u8| **byte == b'\n';
            let complete = cut.iter().filter(ends).count().saturating_sub(1);
            let replayed = replay(&state("l", 4), cut).unwrap();
            let made = replayed.map_or(0, |replay| replay.state.resources.len() - 1);
            assert!(made == complete || made == complete + 1 && cut.last() == Some(&b'}'), "{length}: {made}");
        }
    }
}

//! An agent that goes in circles: the same calls with the same arguments and the same outcome, again and again.
//!
//! A step counts as a repetition when each of its calls was made before in the turn and came to the same. So work that
//! gets on between two looks at the same thing is none, and a circle of several steps is one. Ids that a call makes anew
//! each time, such as those of results and statements, make no other outcome.

use std::collections::HashMap;

use bricklayer_domain::{ToolCall, ToolOutcome};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::settings::RepeatBounds;

type Fingerprint = [u8; 32];

/// Begins what is put behind an outcome; what follows it is the host's, and no part of the outcome.
const NOTE: &str = "\n\n[Bricklayer: ";

/// What the calls of a turn came to.
#[derive(Debug, Clone, Default)]
pub(super) struct Repeats {
    /// The last outcome of each call, by its tool and arguments, in the steps before.
    outcomes: HashMap<Fingerprint, Fingerprint>,
    /// Those of the step that goes on.
    step: HashMap<Fingerprint, Fingerprint>,
    /// Steps in a row that were repetitions.
    in_a_row: u32,
}

impl Repeats {
    /// Takes the outcome of a call.
    pub(super) fn take(&mut self, call: &ToolCall, outcome: &ToolOutcome) {
        self.step.insert(of_call(call), of_outcome(outcome));
    }

    /// All calls of the step have ended.
    pub(super) fn end_step(&mut self) {
        let step = std::mem::take(&mut self.step);
        let is_repetition = step.iter().all(|(call, outcome)| self.outcomes.get(call) == Some(outcome));
        self.in_a_row = if is_repetition { self.in_a_row.saturating_add(1) } else { 0 };
        self.outcomes.extend(step);
    }

    /// Tells the model beside an outcome that it repeats itself, when it does so for the `told`th time.
    pub(super) fn tell(&self, bounds: RepeatBounds, call: &ToolCall, outcome: &mut ToolOutcome) {
        let repeated = self.in_a_row.saturating_add(1);
        let is_known = || self.outcomes.get(&of_call(call)) == Some(&of_outcome(outcome));
        if repeated < bounds.told || !is_known() {
            return;
        }
        outcome.content.push_str(NOTE);
        outcome.content.push_str(
            "you made this call before, with the same arguments, and it came to the same. Making it again will not \
             change that: do something else, or say what stands in the way.]",
        );
    }

    /// What the user is told when it went on for too long.
    pub(super) fn end(&self, bounds: RepeatBounds) -> Option<String> {
        (self.in_a_row >= bounds.ended).then(|| {
            format!(
                "The agent made the same calls {} times in a row, and they came to the same (the operator's setting \
                 limits.repeats). What it did is kept; say in other words what you want, or say \"continue\" to let it \
                 go on.",
                self.in_a_row.saturating_add(1)
            )
        })
    }
}

fn of_call(call: &ToolCall) -> Fingerprint {
    Sha256::new().chain_update(&call.name.0).chain_update([0]).chain_update(call.input.to_string()).finalize().into()
}

fn of_outcome(outcome: &ToolOutcome) -> Fingerprint {
    let said = outcome.content.rsplit_once(NOTE).map_or(outcome.content.as_str(), |(said, _)| said);
    let mut hash = Sha256::new().chain_update([u8::from(outcome.failure.is_some())]);
    hash.update(said.len().to_le_bytes());
    // A fold looks at every outcome of a conversation, so of a long one its beginning and its length have to do.
    let said = said.get(..said.floor_char_boundary(LOOKED_AT_BYTES)).unwrap_or(said);
    for piece in said.split_inclusive(|c: char| !is_of_id(c)) {
        let word = piece.trim_end_matches(|c: char| !is_of_id(c));
        let is_id = word.len() == UUID_CHARS && Uuid::try_parse(word).is_ok();
        hash.update(if is_id { piece.get(UUID_CHARS..).unwrap_or_default() } else { piece });
    }
    hash.finalize().into()
}

/// Bytes of an outcome that are compared; that of a statement has its rows in them.
const LOOKED_AT_BYTES: usize = 16 * 1024;

/// Characters of an id as results and statements have it.
const UUID_CHARS: usize = 36;

const fn is_of_id(c: char) -> bool {
    c.is_ascii_hexdigit() || c == '-'
}

#[cfg(test)]
mod tests {
    use bricklayer_domain::{ToolCallId, ToolName};
    use serde_json::json;

    use super::*;

    const BOUNDS: RepeatBounds = RepeatBounds { told: 2, ended: 3 };

    /// Takes steps of calls with their outcomes; whether each call was told, and whether the turn ends after the step.
    fn course(steps: &[&[(&str, &str)]]) -> Vec<(Vec<bool>, bool)> {
        let mut repeats = Repeats::default();
        let mut seen = Vec::new();
        for step in steps {
            let mut told = Vec::new();
            for (path, content) in *step {
                let input = json!({"path": path});
                let call = ToolCall { id: ToolCallId("c".into()), name: ToolName("Read".into()), input };
                let mut outcome = ToolOutcome::text(*content);
                repeats.tell(BOUNDS, &call, &mut outcome);
                told.push(outcome.content.contains(NOTE));
                repeats.take(&call, &outcome);
            }
            repeats.end_step();
            seen.push((told, repeats.end(BOUNDS).is_some()));
        }
        seen
    }

    #[test]
    fn circles_are_told_and_then_ended() {
        let a: &[_] = &[("a", "x")];
        let b: &[_] = &[("b", "x")];
        let (no, told, end) = ((vec![false], false), (vec![true], false), (vec![true], true));
        assert_eq!(course(&[a, a, a, a]), [no.clone(), no.clone(), told.clone(), end.clone()]);
        assert_eq!(course(&[a, b, a, b, a]), [no.clone(), no.clone(), no.clone(), told, end], "a circle of two");
        // Work that gets on between is none, nor is a call that comes to something else.
        assert!(course(&[a, b, &[("c", "x")], a, b, &[("d", "x")], a, b]).iter().all(|(_, ended)| !ended));
        let states = [[("run", "PENDING")], [("run", "RUNNING")], [("run", "running")], [("run", "RUNNING")]];
        assert!(course(&states.each_ref().map(|step| step.as_slice())).iter().all(|seen| *seen == no));
    }

    #[test]
    fn ids_made_anew_make_no_other_outcome() {
        let of = |text: &str| of_outcome(&ToolOutcome::text(text));
        let (one, two) = (Uuid::from_u128(1), Uuid::from_u128(0xabc << 90));
        assert_eq!(of(&format!("3 rows (result {one})")), of(&format!("3 rows (result {two})")));
        assert_ne!(of(&format!("3 rows (result {one})")), of(&format!("4 rows (result {one})")));
        assert_ne!(of("a"), of("b"));
        assert_eq!(of("a"), of(&format!("a{NOTE}again]")), "a note is no part of it");
        let failed =
            ToolOutcome::failed(bricklayer_domain::ToolFailure::new(bricklayer_domain::ToolErrorKind::NotRun, "a"));
        assert_ne!(of("a"), of_outcome(&failed));
    }
}

//! Before an outcome that tells of results is kept, what it tells is settled.

use bricklayer_domain::ToolOutcome;

use crate::results::Results;
use crate::storing::Stored;

/// What the model is told in the place of a result that was not kept.
const NOT_KEPT: &str = "\n[A result of this call could not be kept: the host's database did not take it. Make the call \
                        again if the user needs it.]";

impl Results {
    /// Waits until what a call's outcome tells of is stored, and puts right what it says where that came otherwise. Done
    /// before the outcome is kept or shown to anybody but the model.
    pub async fn settle(&self, outcome: &mut ToolOutcome) {
        let mut results = Vec::with_capacity(outcome.results.len());
        for reference in std::mem::take(&mut outcome.results) {
            let (told, kept) = match self.shared().settled(reference.id).await {
                None | Some((_, Stored::AsTold | Stored::Pending)) => {
                    results.push(reference);
                    continue;
                }
                Some((told, Stored::Otherwise(written))) => (told, Some(written)),
                Some((told, Stored::NotKept)) => (told, None),
            };
            let now = kept.as_ref().map_or(NOT_KEPT, |kept| kept.told.as_str());
            if outcome.content.contains(&told) {
                outcome.content = outcome.content.replace(&told, now);
            } else {
                // Somebody else tells of it, in words of their own.
                outcome.content.push_str(now);
            }
            match kept {
                Some(kept) => results.push(kept.reference),
                None => outcome.shown.retain(|shown| *shown != reference.id),
            }
        }
        outcome.results = results;
    }
}

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
            let (told, written) = match self.shared().settled(reference.id).await {
                None | Some((_, Stored::AsTold | Stored::Pending)) => {
                    results.push(reference);
                    continue;
                }
                Some((told, Stored::Otherwise(written))) => (told, Some(written)),
                Some((told, Stored::NotKept)) => (told, None),
            };
            let now = written.as_ref().map_or(NOT_KEPT, |written| written.told.as_str());
            outcome.content = outcome.content.replace(&told, now);
            results.extend(written.map(|written| written.reference));
        }
        outcome.results = results;
    }
}

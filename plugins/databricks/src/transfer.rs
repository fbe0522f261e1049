//! How files that were to be moved fared, one by one.

use bricklayer_sdk::Failure;

/// How one file fared.
#[derive(Debug, Clone, PartialEq)]
pub enum State {
    /// It was moved.
    Done,
    /// It was there already, and the same.
    Unchanged,
    /// It was not moved, and why.
    Failed(Failure),
    /// The call's time was over before its turn.
    NotTried,
}

/// One file.
#[derive(Debug, Clone, PartialEq)]
pub struct Transfer {
    /// Path in the project.
    pub local: String,
    /// Path at the other side.
    pub remote: String,
    /// How it fared.
    pub state: State,
    /// Bytes that were moved.
    pub bytes: u64,
}

/// How all files fared.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Report {
    /// One by one.
    pub transfers: Vec<Transfer>,
    /// What else is to be said, such as a folder that could not be looked into. Each keeps the report from being whole.
    pub missing: Vec<String>,
}

/// Files that a report names: what a person looks through, and a model reads.
const MAX_NAMED: usize = 200;

/// Failures that the text repeats.
const MAX_TOLD: usize = 10;

impl Report {
    fn count(&self, is: impl Fn(&State) -> bool) -> u32 {
        self.transfers.iter().filter(|transfer| is(&transfer.state)).count() as u32
    }

    /// Files that were moved.
    #[must_use]
    pub fn done(&self) -> u32 {
        self.count(|state| *state == State::Done)
    }

    /// Files that were there already.
    #[must_use]
    pub fn unchanged(&self) -> u32 {
        self.count(|state| *state == State::Unchanged)
    }

    /// Files that were not moved.
    #[must_use]
    pub fn failed(&self) -> u32 {
        self.count(|state| matches!(state, State::Failed(_)))
    }

    /// Files that the call's time did not reach.
    #[must_use]
    pub fn not_tried(&self) -> u32 {
        self.count(|state| *state == State::NotTried)
    }

    /// Bytes that were moved.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.transfers.iter().map(|transfer| transfer.bytes).sum()
    }

    /// Whether all files are where they should be.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.failed() == 0 && self.not_tried() == 0 && self.missing.is_empty()
    }

    /// The counts in words, what failed, and what to do next. `did` is what was done: `Uploaded`.
    #[must_use]
    pub fn text(&self, did: &str, to: &str) -> String {
        let mut text = match self.transfers.as_slice() {
            [one] if one.state == State::Done => {
                format!("{did} {} to {} ({} bytes).", one.from(did), one.to(did), one.bytes)
            }
            all => format!("{did} {} of {} files to {to} ({} bytes).", self.done(), all.len(), self.bytes()),
        };
        if self.unchanged() > 0 {
            text.push_str(&format!(" {} were there already and the same.", self.unchanged()));
        }
        let told = |transfer: &Transfer| match &transfer.state {
            State::Failed(why) => Some(format!("\n- {}: {}", transfer.from(did), why.message)),
            _ => None,
        };
        let failed: Vec<_> = self.transfers.iter().filter_map(told).collect();
        if !failed.is_empty() {
            text.push_str(&format!("\n{} failed:", failed.len()));
            text.extend(failed.iter().take(MAX_TOLD).map(String::as_str));
            if failed.len() > MAX_TOLD {
                text.push_str(&format!("\n- and {} more", failed.len() - MAX_TOLD));
            }
        }
        for missing in self.missing.iter().take(MAX_TOLD) {
            text.push_str(&format!("\n{missing}"));
        }
        if self.not_tried() > 0 {
            let left = self.not_tried();
            text.push_str(&format!(
                "\nThe call's time was over: {left} were not tried. Call again with the same arguments to go on."
            ));
        }
        text
    }

    /// The files to be named, failed ones first, then those that were not tried.
    #[must_use]
    pub fn named(mut self) -> Vec<Transfer> {
        self.transfers.sort_by_key(|transfer| match transfer.state {
            State::Failed(_) => 0,
            State::NotTried => 1,
            State::Done => 2,
            State::Unchanged => 3,
        });
        self.transfers.truncate(MAX_NAMED);
        self.transfers
    }
}

impl Transfer {
    fn from(&self, did: &str) -> &str {
        if did == "Downloaded" { &self.remote } else { &self.local }
    }

    fn to(&self, did: &str) -> &str {
        if did == "Downloaded" { &self.local } else { &self.remote }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_tells_what_failed_and_how_to_go_on() {
        let one =
            |local: &str, state| Transfer { local: local.to_owned(), remote: format!("/r/{local}"), state, bytes: 2 };
        let transfers = vec![
            one("a", State::Done),
            one("b", State::Failed(Failure::new(bricklayer_sdk::Kind::Failed, "no"))),
            one("c", State::NotTried),
            one("d", State::Unchanged),
        ];
        let report = Report { transfers, missing: vec!["/r/x could not be listed".to_owned()] };
        assert_eq!(
            report.text("Uploaded", "/r"),
            "Uploaded 1 of 4 files to /r (8 bytes). 1 were there already and the same.\n1 failed:\n- b: no\n/r/x could not be \
             listed\nThe call's time was over: 1 were not tried. Call again with the same arguments to go on."
        );
        assert!(!report.is_complete());
        let named: Vec<_> = report.named().into_iter().map(|transfer| transfer.local).collect();
        assert_eq!(named, ["b", "c", "a", "d"]);
        let single = Report { transfers: vec![one("a", State::Done)], missing: vec![] };
        assert_eq!(single.text("Downloaded", "x"), "Downloaded /r/a to a (2 bytes).");
        assert!(single.is_complete());
    }
}

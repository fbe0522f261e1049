//! A failure on one line, for logs.

use std::error::Error;

/// An error and all its causes, the outermost first. One that repeats what was just said is not said twice.
///
/// Logs are for operators: what a user is told must not hold it.
#[must_use]
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut last = text.clone();
    let mut source = error.source();
    while let Some(cause) = source {
        let said = cause.to_string();
        if !last.ends_with(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        last = said;
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{text}")]
    struct Fault {
        text: &'static str,
        source: Option<Box<Fault>>,
    }

    fn fault(words: &[&'static str]) -> Option<Box<Fault>> {
        let (text, rest) = words.split_first()?;
        Some(Box::new(Fault { text, source: fault(rest) }))
    }

    #[test]
    fn every_cause_is_said_once() {
        for (words, line) in [
            (&["no answer"][..], "no answer"),
            (&["the store failed", "timed out", "os error 110"], "the store failed: timed out: os error 110"),
            // Some say their cause themselves, and some are nothing but their cause.
            (
                &["the store failed: timed out", "timed out", "os error 110"],
                "the store failed: timed out: os error 110",
            ),
            (&["timed out", "timed out", "os error 110"], "timed out: os error 110"),
        ] {
            assert_eq!(chain(&*fault(words).unwrap()), line);
        }
    }
}

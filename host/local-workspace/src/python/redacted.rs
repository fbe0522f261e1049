//! Secrets that code has read are not in what it leaves: the service's own rule for notebooks. A value is looked for as
//! it is; code that changes it before it prints it is not held up.

/// What stands in the place of a secret.
const REDACTED: &str = "[REDACTED]";

/// Values that are taken out of texts.
pub(super) struct Secrets(Vec<String>);

impl Secrets {
    pub(super) fn new(mut values: Vec<String>) -> Self {
        values.retain(|value| !value.is_empty());
        // A value that holds another one goes first, so that nothing of it stays.
        values.sort_by_key(|value| std::cmp::Reverse(value.len()));
        Self(values)
    }

    pub(super) fn take_out_of(&self, text: &mut String) {
        for value in &self.0 {
            if text.contains(value.as_str()) {
                *text = text.replace(value.as_str(), REDACTED);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::python::{Ended, Failure, Printed, Shown, interpreter::redact};

    #[test]
    fn values_are_nowhere_in_what_is_left() {
        let values = || vec!["hunter2".to_owned(), "hunter2-long".to_owned(), String::new()];
        let mut text = "a hunter2-long b hunter2".to_owned();
        Secrets::new(values()).take_out_of(&mut text);
        assert_eq!(text, "a [REDACTED] b [REDACTED]");
        let mut printed = Printed::default();
        printed.text.push_str("hunter2");
        let rows = vec![vec![Some("xhunter2".to_owned()), None]];
        printed.shown.push(Shown::Table { columns: Vec::new(), rows, truncated: false });
        let mut ended = Ended::Failed(Failure { summary: "E: hunter2".to_owned(), trace: "hunter2-long".to_owned() });
        redact(values(), &mut ended, &mut printed);
        assert_eq!(printed.text, "[REDACTED]");
        assert!(matches!(&printed.shown[0], Shown::Table { rows, .. } if rows[0][0].as_deref() == Some("x[REDACTED]")));
        let clean = Failure { summary: "E: [REDACTED]".to_owned(), trace: "[REDACTED]".to_owned() };
        assert_eq!(ended, Ended::Failed(clean));
        let mut ended = Ended::Well(Some("hunter2".to_owned()));
        redact(values(), &mut ended, &mut printed);
        assert_eq!(ended, Ended::Well(Some("[REDACTED]".to_owned())));
    }
}

//! What one call of a tool would do, as families answer it: the parts, their bounds, and the export
//! ([`operations!`](crate::operations!)). The rules are those of `operations` in `wit/host.wit`.

/// Bytes of an object's name in an answer; a little less than the contract's bound.
pub const MAX_OBJECT_BYTES: usize = 1_000;

/// Bytes of settings and arguments that an answer repeats; what is longer counts as destroying, since nobody can look at
/// it. Less than the contract's bound of all texts.
pub const MAX_TEXT_BYTES: usize = 200 * 1024;

/// How grave a part is, from harmless to grave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// Changes nothing that outlives it.
    Reads,
    /// Adds or changes something that can be put back.
    Writes,
    /// Gives rights away, makes something reachable for others, or reaches out of the workspace.
    Shares,
    /// May remove or overwrite what cannot be put back, or is not known.
    Destroys,
}

/// One part of what a call would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// How grave it is.
    pub effect: Effect,
    /// How people say it: `DROP TABLE`.
    pub verb: String,
    /// What it does it to, and everything else that makes it another operation; empty when nobody can allow it for later.
    pub objects: Vec<String>,
    /// Its exact text.
    pub text: Option<String>,
    /// One line more for the one who decides.
    pub detail: Option<String>,
}

impl Operation {
    /// A part of which no more is to be said.
    #[must_use]
    pub fn new(effect: Effect, verb: &str, objects: Vec<String>) -> Self {
        Self { effect, verb: verb.to_owned(), objects, text: None, detail: None }
    }

    /// What cannot be told: the call of another tool, arguments that make no sense.
    #[must_use]
    pub fn unknown() -> Self {
        Self::new(Effect::Destroys, "UNKNOWN", Vec::new())
    }

    /// The same with its text; one that is too long to be shown whole makes it grave and nameless. `what` says what the
    /// text is: `settings`.
    #[must_use]
    pub fn showing(mut self, what: &str, text: String) -> Self {
        if text.len() <= MAX_TEXT_BYTES {
            return Self { text: Some(text), ..self };
        }
        self.detail = Some(format!("too long to be shown whole: {what} of {} bytes", text.len()));
        Self { effect: Effect::Destroys, objects: Vec::new(), ..self }
    }
}

/// Exports a family's `operations`, answered by a function from the tool's name and its JSON arguments.
#[macro_export]
macro_rules! operations {
    ($function:path) => {
        impl wit::exports::bricklayer::host::operations::Guest for Component {
            fn operations_of(
                tool: String,
                input: String,
            ) -> Vec<wit::exports::bricklayer::host::operations::Operation> {
                use wit::exports::bricklayer::host::operations as exported;
                let told = |found: $crate::operations::Operation| exported::Operation {
                    effect: match found.effect {
                        $crate::operations::Effect::Reads => exported::Effect::Reads,
                        $crate::operations::Effect::Writes => exported::Effect::Writes,
                        $crate::operations::Effect::Shares => exported::Effect::Shares,
                        $crate::operations::Effect::Destroys => exported::Effect::Destroys,
                    },
                    verb: found.verb,
                    objects: found.objects,
                    text: found.text,
                    detail: found.detail,
                };
                $function(&tool, &input).into_iter().map(told).collect()
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_long_is_grave_and_nameless() {
        let made = || Operation::new(Effect::Writes, "CREATE JOB", vec!["job 'n'".to_owned()]);
        assert_eq!(made().showing("settings", "{}".to_owned()).text.as_deref(), Some("{}"));
        let long = made().showing("settings", "x".repeat(MAX_TEXT_BYTES + 1));
        assert_eq!((long.effect, long.objects.len(), long.text), (Effect::Destroys, 0, None));
        assert_eq!(long.detail.as_deref(), Some("too long to be shown whole: settings of 204801 bytes"));
    }
}

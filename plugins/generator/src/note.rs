//! What a reader of a bundle should know: what was guessed, what was left out and why.

/// One remark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// What it is about: `job nightly`, a path, a variable.
    pub about: String,
    /// What is to be known, in one sentence.
    pub text: String,
}

/// Remarks of one bundle, each once.
#[derive(Debug, Default)]
pub(crate) struct Notes(Vec<Note>);

impl Notes {
    pub(crate) fn add(&mut self, about: &str, text: impl Into<String>) {
        let note = Note { about: about.to_owned(), text: text.into() };
        if !self.0.contains(&note) {
            self.0.push(note);
        }
    }

    pub(crate) fn into_inner(self) -> Vec<Note> {
        self.0
    }
}

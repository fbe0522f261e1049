//! Taking a credential out of what a far end says, however it is spelled there.
//!
//! A server that echoes a request must not hand the credential in it to a plugin, a log or a page. It is looked for as
//! it was sent and in the encodings that echoes usually have ([`spelling`] lists them). What is found is overwritten
//! with asterisks of the same number, so that lengths stay true.

mod spelling;

use spelling::{Attempt, Pattern, Starts};

/// Shorter texts are no credentials, and would blot out ordinary answers.
const MIN_SECRET_BYTES: usize = 8;

/// Knows what to look for; made once for each credential.
#[derive(Default)]
pub struct Redactor {
    patterns: Vec<Pattern>,
    starts: Starts,
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The patterns are the credential.
        f.write_str("Redactor")
    }
}

impl Redactor {
    /// Looks for `secret`; one of fewer than 8 bytes is none, and nothing is found.
    #[must_use]
    pub fn new(secret: &str) -> Self {
        if secret.len() < MIN_SECRET_BYTES {
            return Self::default();
        }
        let patterns = spelling::patterns(secret.as_bytes());
        let starts = Starts::of(&patterns);
        Self { patterns, starts }
    }

    /// Whether there is anything to look for.
    #[must_use]
    pub const fn is_idle(&self) -> bool {
        self.patterns.is_empty()
    }

    /// Overwrites every occurrence and says from where on the end of `bytes` may be the beginning of one: those must
    /// wait for what follows. At the end of everything that place means nothing.
    pub fn blot(&self, bytes: &mut [u8]) -> usize {
        let mut at = 0;
        // The first place that may be a beginning; a whole occurrence in another spelling may still follow it.
        let mut held = None;
        while let Some(next) = self.starts.next(bytes, at) {
            at = next.at;
            let rest = bytes.get(at..).unwrap_or_default();
            let mut longest = 0;
            for pattern in next.candidates(&self.patterns) {
                match pattern.attempt(rest) {
                    Attempt::Match(length) => longest = longest.max(length),
                    Attempt::Begun => held = held.or(Some(at)),
                    Attempt::No => {}
                }
            }
            if longest > 0 {
                if let Some(found) = bytes.get_mut(at..at + longest) {
                    found.fill(b'*');
                }
                // What was begun at or before this place held the credential and is gone now.
                held = None;
                at += longest;
            } else {
                at += 1;
            }
        }
        held.unwrap_or(bytes.len())
    }

    /// Whether an occurrence is in `bytes`.
    #[must_use]
    pub fn finds(&self, bytes: &[u8]) -> bool {
        let mut copy = bytes.to_vec();
        self.blot(&mut copy);
        copy != bytes
    }

    /// A text without the credential.
    #[must_use]
    pub fn text(&self, text: &str) -> String {
        let mut bytes = text.as_bytes().to_vec();
        self.blot(&mut bytes);
        String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
    }
}

#[cfg(test)]
mod tests;

//! Taking the caller's credential out of answers: an echoing server must not hand it to the plugin.
//!
//! Every occurrence is overwritten with asterisks of the same number, so that lengths stay true. What is looked for is
//! the credential as it was sent; a server that transforms it (reverses, encrypts, encodes it) is not recognised.

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderValue};
use memchr::memmem::Finder;

/// Shorter texts are no credentials, and would blot out ordinary answers.
const MIN_SECRET_BYTES: usize = 8;

/// Knows what to look for.
pub(super) struct Redactor {
    finder: Option<Finder<'static>>,
}

impl Redactor {
    pub(super) fn new(secret: &str) -> Self {
        let finder = (secret.len() >= MIN_SECRET_BYTES).then(|| Finder::new(secret.as_bytes()).into_owned());
        Self { finder }
    }

    /// Overwrites every occurrence in whole values.
    pub(super) fn headers(&self, headers: &mut HeaderMap) {
        let Some(finder) = &self.finder else { return };
        for value in headers.values_mut() {
            if finder.find(value.as_bytes()).is_some() {
                let mut bytes = value.as_bytes().to_vec();
                blot(finder, &mut bytes);
                *value = HeaderValue::from_bytes(&bytes).unwrap_or_else(|_| HeaderValue::from_static("redacted"));
            }
        }
    }

    /// A scanner for one body.
    pub(super) fn scanner(self: &std::sync::Arc<Self>) -> Scanner {
        Scanner { redactor: std::sync::Arc::clone(self), held: BytesMut::new() }
    }
}

fn blot(finder: &Finder<'_>, bytes: &mut [u8]) {
    let length = finder.needle().len();
    let mut from = 0;
    while let Some(rest) = bytes.get_mut(from..) {
        let Some(at) = finder.find(rest) else { return };
        if let Some(found) = rest.get_mut(at..at + length) {
            found.fill(b'*');
        }
        from += at + length;
    }
}

/// Goes over a body chunk by chunk. Holds back the end of a chunk only where a credential may have begun in it.
pub(super) struct Scanner {
    redactor: std::sync::Arc<Redactor>,
    held: BytesMut,
}

impl Scanner {
    /// What may be passed on now; possibly nothing.
    pub(super) fn push(&mut self, chunk: Bytes) -> Bytes {
        let Some(finder) = &self.redactor.finder else { return chunk };
        let clean = self.held.is_empty() && finder.find(&chunk).is_none();
        if clean && begun(finder.needle(), &chunk) == 0 {
            return chunk;
        }
        let mut bytes = std::mem::take(&mut self.held);
        bytes.extend_from_slice(&chunk);
        blot(finder, &mut bytes);
        let keep = begun(finder.needle(), &bytes);
        self.held = bytes.split_off(bytes.len() - keep);
        bytes.freeze()
    }

    /// What was held back, at the body's end.
    pub(super) fn finish(&mut self) -> Bytes {
        std::mem::take(&mut self.held).freeze()
    }
}

/// The length of the longest end of `bytes` that is a true beginning of `needle`.
fn begun(needle: &[u8], bytes: &[u8]) -> usize {
    let longest = needle.len().saturating_sub(1).min(bytes.len());
    (1..=longest).rev().find(|length| needle.get(..*length) == bytes.get(bytes.len() - length..)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;

    const SECRET: &str = "dapi-canary-dapi-canary-7";

    fn scan(chunks: &[&[u8]]) -> Vec<u8> {
        let mut scanner = Arc::new(Redactor::new(SECRET)).scanner();
        let mut out = Vec::new();
        for chunk in chunks {
            out.extend_from_slice(&scanner.push(Bytes::copy_from_slice(chunk)));
        }
        out.extend_from_slice(&scanner.finish());
        out
    }

    proptest! {
        #[test]
        fn a_secret_is_found_however_it_is_cut(
            before in "[a-z-]{0,40}", after in "[a-z-]{0,40}", cuts in prop::collection::vec(0usize..140, 0..6)
        ) {
            let text = format!("{before}{SECRET}{after}{SECRET}{before}");
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(text.len())).chain([0, text.len()]).collect();
            cuts.sort_unstable();
            let chunks: Vec<&[u8]> = cuts.windows(2).map(|pair| &text.as_bytes()[pair[0]..pair[1]]).collect();
            let out = String::from_utf8(scan(&chunks)).unwrap();
            prop_assert!(!out.contains(SECRET));
            prop_assert_eq!(out.len(), text.len());
            let stars = "*".repeat(SECRET.len());
            let expect = text.replace(SECRET, &stars);
            prop_assert_eq!(out, expect);
        }
    }

    #[test]
    fn ordinary_bodies_pass_untouched() {
        assert_eq!(scan(&[b"dapi-can", b"apes", b""]), b"dapi-canapes");
    }

    #[test]
    fn headers_are_redacted() {
        let mut headers = HeaderMap::new();
        headers.insert("x-echo", HeaderValue::from_str(&format!("Bearer {SECRET}")).unwrap());
        Redactor::new(SECRET).headers(&mut headers);
        assert!(!headers["x-echo"].to_str().unwrap().contains("canary"));
    }
}

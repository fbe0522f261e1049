//! Taking the caller's credential out of answers: an echoing server must not hand it to the plugin, in whatever
//! spelling ([`Redactor`] says which are known).

use std::sync::Arc;

use bricklayer_domain::Redactor;
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderValue};

/// Overwrites every occurrence in whole values, and drops headers whose name holds one.
pub(super) fn headers(redactors: &[Arc<Redactor>], headers: &mut HeaderMap) {
    if redactors.is_empty() {
        return;
    }
    let is_odd = |text: &str| redactors.iter().any(|redactor| redactor.finds(text.as_bytes()));
    let odd: Vec<_> = headers.keys().filter(|name| is_odd(name.as_str())).cloned().collect();
    for name in odd {
        headers.remove(name);
    }
    for value in headers.values_mut() {
        let mut bytes = value.as_bytes().to_vec();
        for redactor in redactors {
            redactor.blot(&mut bytes);
        }
        if bytes != value.as_bytes() {
            *value = HeaderValue::from_bytes(&bytes).unwrap_or_else(|_| HeaderValue::from_static("redacted"));
        }
    }
}

/// Goes over a body chunk by chunk. Holds back the end of a chunk only where a credential may have begun in it.
pub(super) struct Scanner {
    redactors: Vec<Arc<Redactor>>,
    held: BytesMut,
}

impl Scanner {
    pub(super) fn new(redactors: Vec<Arc<Redactor>>) -> Self {
        Self { redactors, held: BytesMut::new() }
    }

    /// What may be passed on now; possibly nothing.
    pub(super) fn push(&mut self, chunk: Bytes) -> Bytes {
        if self.redactors.is_empty() {
            return chunk;
        }
        let mut bytes = if self.held.is_empty() {
            // Taken over without a copy when nobody else holds the chunk, as is usual.
            BytesMut::from(chunk)
        } else {
            let mut bytes = std::mem::take(&mut self.held);
            bytes.extend_from_slice(&chunk);
            bytes
        };
        let begun = self.redactors.iter().map(|redactor| redactor.blot(&mut bytes)).min();
        let passed = begun.unwrap_or(bytes.len());
        self.held = bytes.split_off(passed);
        bytes.freeze()
    }

    /// What was held back, at the body's end.
    pub(super) fn finish(&mut self) -> Bytes {
        std::mem::take(&mut self.held).freeze()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECRET: &str = "dapi-canary-dapi-canary-7";

    fn scan(chunks: &[&[u8]]) -> Vec<u8> {
        let mut scanner = Scanner::new(vec![Arc::new(Redactor::new(SECRET))]);
        let mut out = Vec::new();
        for chunk in chunks {
            out.extend_from_slice(&scanner.push(Bytes::copy_from_slice(chunk)));
        }
        out.extend_from_slice(&scanner.finish());
        out
    }

    fn percent(text: &str) -> String {
        text.bytes().map(|byte| format!("%{byte:02x}")).collect()
    }

    /// The secret after `user:`, and what of it the bytes around do not decide.
    const ENCODED: &str = "dXNlcjpkYXBpLWNhbmFyeS1kYXBpLWNhbmFyeS03";

    proptest! {
        #[test]
        fn a_secret_is_found_however_it_is_cut(
            before in "[a-z-]{0,40}", after in "[a-z-]{0,40}", cuts in prop::collection::vec(0usize..240, 0..6)
        ) {
            let text = format!("{before}{SECRET}{after}{}{before} {ENCODED} {after}", percent(SECRET));
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(text.len())).chain([0, text.len()]).collect();
            cuts.sort_unstable();
            let chunks: Vec<&[u8]> = cuts.windows(2).map(|pair| &text.as_bytes()[pair[0]..pair[1]]).collect();
            let out = String::from_utf8(scan(&chunks)).unwrap();
            let stars = |count| "*".repeat(count);
            let expect = format!(
                "{before}{}{after}{}{before} dXNlcjp{} {after}",
                stars(SECRET.len()), stars(SECRET.len() * 3), stars(33)
            );
            prop_assert_eq!(out, expect);
        }
    }

    #[test]
    fn ordinary_bodies_pass_untouched() {
        assert_eq!(scan(&[b"dapi-can", b"apes", b""]), b"dapi-canapes");
    }

    #[test]
    fn headers_are_redacted() {
        let mut map = HeaderMap::new();
        map.insert("x-echo", HeaderValue::from_str(&format!("Bearer {SECRET}")).unwrap());
        map.insert("x-basic", HeaderValue::from_str(&format!("Basic {ENCODED}")).unwrap());
        map.insert("x-dapi-canary-dapi-canary-7", HeaderValue::from_static("named"));
        map.insert("x-other", HeaderValue::from_static("stays"));
        headers(&[Arc::new(Redactor::new(SECRET))], &mut map);
        let text = format!("{map:?}");
        assert!(!text.contains("canary") && !text.contains("LWNhb") && text.contains("stays"), "{text}");
    }
}

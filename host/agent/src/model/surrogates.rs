//! Halves of UTF-16 pairs in JSON escapes: `\ud83d` alone is no character, and a JSON reader refuses the whole text for
//! it. A model's text may be cut between the halves, so that one ends a piece and the other begins the next.

use std::borrow::Cow;

/// What stands for a half that has no other half.
const REPLACEMENT: &str = "\\ufffd";

/// A piece of JSON without lone halves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mended<'a> {
    /// JSON that a reader takes, as far as halves are concerned.
    pub(super) json: Cow<'a, str>,
    /// The second half that began a string; it is left out of `json`.
    pub(super) begins: Option<u16>,
    /// The first half that ended a string; it is left out of `json`.
    pub(super) ends: Option<u16>,
}

/// Replaces lone halves inside strings by U+FFFD, and takes out those at the ends of a string, which may find their
/// other half in the piece before or after. Text without lone halves comes back as it was.
pub(super) fn mend(json: &str) -> Mended<'_> {
    scan(json, true)
}

/// Replaces every lone half by U+FFFD: in a text that is whole, no other half will come.
pub(super) fn mend_whole(json: &str) -> Cow<'_, str> {
    scan(json, false).json
}

fn scan(json: &str, may_join: bool) -> Mended<'_> {
    let mut mended = Mended { json: Cow::Borrowed(json), begins: None, ends: None };
    let mut out = String::new();
    let mut copied = 0;
    let mut at = 0;
    let bytes = json.as_bytes();
    while let Some(byte) = bytes.get(at) {
        if *byte != b'\\' {
            at += 1;
            continue;
        }
        let Some(unit) = escaped_unit(bytes, at) else {
            // Another escape, or no JSON: the reader judges.
            at += 2;
            continue;
        };
        let high = (0xd800..0xdc00).contains(&unit);
        let low = (0xdc00..0xe000).contains(&unit);
        if high && escaped_unit(bytes, at + 6).is_some_and(|next| (0xdc00..0xe000).contains(&next)) {
            at += 12;
            continue;
        }
        if high || low {
            out.push_str(json.get(copied..at).unwrap_or_default());
            let opens = at.checked_sub(1).and_then(|before| bytes.get(before)) == Some(&b'"');
            let closes = bytes.get(at + 6) == Some(&b'"');
            match (high, opens, closes) {
                (true, _, true) if may_join => mended.ends = Some(unit),
                (false, true, _) if may_join => mended.begins = Some(unit),
                _ => out.push_str(REPLACEMENT),
            }
            copied = at + 6;
        }
        at += 6;
    }
    if copied > 0 {
        out.push_str(json.get(copied..).unwrap_or_default());
        mended.json = Cow::Owned(out);
    }
    mended
}

/// The code unit of a `\uXXXX` escape at a place.
fn escaped_unit(bytes: &[u8], at: usize) -> Option<u16> {
    let escape = bytes.get(at..at.checked_add(6)?)?;
    let digits = escape.strip_prefix(b"\\u")?;
    if !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

/// Halves joined over the pieces of one text.
#[derive(Debug, Default)]
pub(super) struct Joiner {
    waiting: Option<u16>,
}

impl Joiner {
    /// The next piece with what the halves at its ends make of it.
    pub(super) fn join(&mut self, begins: Option<u16>, piece: &str, ends: Option<u16>) -> String {
        let mut text = String::with_capacity(piece.len().saturating_add(4));
        match (self.waiting.take(), begins) {
            (Some(high), Some(low)) => text.extend(char::decode_utf16([high, low]).map(|c| c.unwrap_or('\u{fffd}'))),
            // An empty piece decides nothing.
            (Some(high), None) if piece.is_empty() && ends.is_none() => self.waiting = Some(high),
            (Some(_), None) | (None, Some(_)) => text.push('\u{fffd}'),
            (None, None) => {}
        }
        text.push_str(piece);
        self.waiting = ends.or(self.waiting);
        text
    }

    /// What is left when no more comes.
    pub(super) fn finish(&mut self) -> &'static str {
        if self.waiting.take().is_some() { "\u{fffd}" } else { "" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[track_caller]
    fn check(json: &str, expected: &str, begins: Option<u16>, ends: Option<u16>) {
        let mended = mend(json);
        assert_eq!((mended.json.as_ref(), mended.begins, mended.ends), (expected, begins, ends));
        let read: Result<Value, _> = serde_json::from_str(&mended.json);
        assert!(read.is_ok(), "{json}: {read:?}");
    }

    #[test]
    fn lone_halves_are_replaced_inside_and_taken_out_at_the_ends() {
        check(r#"{"t":"plain \n \\ud83d"}"#, r#"{"t":"plain \n \\ud83d"}"#, None, None);
        check(r#""a\ud83d\ude00b""#, r#""a\ud83d\ude00b""#, None, None);
        check(r#""a\ud83db""#, r#""a\ufffdb""#, None, None);
        check(r#""a\ude00b""#, r#""a\ufffdb""#, None, None);
        check(r#""\ud83d\ud83dx""#, r#""\ufffd\ufffdx""#, None, None);
        check(r#""a\uD83D""#, r#""a""#, None, Some(0xd83d));
        check(r#""\uDE00 b""#, r#"" b""#, Some(0xde00), None);
        check(r#""\ude00\ud83d""#, r#""""#, Some(0xde00), Some(0xd83d));
        check(r#""\ude00\ud83d\ude00""#, r#""\ud83d\ude00""#, Some(0xde00), None);
        assert_eq!(mend_whole(r#""\ude00 a\ud83d""#), r#""\ufffd a\ufffd""#);
    }

    #[test]
    fn no_json_is_left_to_its_reader() {
        for text in ["\\", "\\u", "\\ud83", "\\ud83\u{e9}", "\"\\ud83d", ""] {
            let _ = mend(text);
        }
    }

    #[test]
    fn pieces_are_joined() {
        let mut joiner = Joiner::default();
        let pieces =
            [(None, "a", Some(0xd83d)), (None, "", None), (Some(0xde00), "b", None), (Some(0xde00), "c", Some(0xd83d))];
        let text: String = pieces.iter().map(|(begins, piece, ends)| joiner.join(*begins, piece, *ends)).collect();
        assert_eq!(text + joiner.finish(), "a😀b\u{fffd}c\u{fffd}");
        assert_eq!(joiner.finish(), "");
    }
}

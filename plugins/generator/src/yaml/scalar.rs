//! Scalars: when a text can stand as it is, and how it is quoted.

use std::fmt::Write as _;

/// Texts that a reader of YAML 1.1 or 1.2 takes for null, a truth value, a merge or a default, in lower case.
const WORDS: [&str; 12] = ["null", "~", "true", "false", "yes", "no", "on", "off", "y", "n", "<<", "="];

/// What no plain text begins with. A hyphen, question mark or colon may where a letter follows; quoting costs nothing.
const INDICATORS: &str = "-?:,[]{}#&*!|>'\"%@`";

/// Bytes of a key up to which readers take it without the mark of a long key; their own bound is 1024 characters.
pub(super) const MAX_KEY_BYTES: usize = 512;

/// One line for a text, quoted where it must be.
pub(super) fn text(text: &str) -> String {
    if is_plain(text) { text.to_owned() } else { quoted(text) }
}

/// One line in double quotes.
pub(super) fn quoted(text: &str) -> String {
    let mut line = String::with_capacity(text.len() + 2);
    line.push('"');
    for c in text.chars() {
        match c {
            '"' => line.push_str("\\\""),
            '\\' => line.push_str("\\\\"),
            '\n' => line.push_str("\\n"),
            '\r' => line.push_str("\\r"),
            '\t' => line.push_str("\\t"),
            _ if is_printable(c) => line.push(c),
            // Writing to a text cannot fail.
            _ if u32::from(c) <= 0xffff => drop(write!(line, "\\u{:04x}", u32::from(c))),
            _ => drop(write!(line, "\\U{:08x}", u32::from(c))),
        }
    }
    line.push('"');
    line
}

/// The header and lines of a text of several lines as a block, or none where only quotes keep it as it is.
pub(super) fn block(text: &str) -> Option<(&'static str, Vec<&str>)> {
    let (header, body) = match text.strip_suffix('\n') {
        Some(body) => ("|", body),
        None => ("|-", text),
    };
    // A block's indentation is told by its first line, and what spaces are left of a blank line is told differently.
    let fits = |line: &str| line.chars().all(|c| is_printable(c) || c == '\t') && (line.is_empty() || !is_blank(line));
    let lines: Vec<&str> = body.split('\n').collect();
    let starts = lines.first().is_some_and(|first| !first.is_empty() && !first.starts_with([' ', '\t']));
    let ends = lines.last().is_some_and(|last| !last.is_empty());
    (text.contains('\n') && starts && ends && lines.iter().all(|line| fits(line))).then_some((header, lines))
}

fn is_blank(line: &str) -> bool {
    line.chars().all(|c| c == ' ' || c == '\t')
}

fn is_plain(text: &str) -> bool {
    let Some(first) = text.chars().next() else { return false };
    !INDICATORS.contains(first)
        && !text.starts_with("---")
        && !text.starts_with("...")
        && text.trim_matches([' ', '\t']) == text
        && text.chars().all(is_printable)
        && !text.contains(": ")
        && !text.ends_with(':')
        && !text.contains(" #")
        && !WORDS.contains(&text.to_lowercase().as_str())
        && !could_be_number(text)
}

/// Whether some reader might take it for a number or a time: it begins as one and has no letter that none has.
fn could_be_number(text: &str) -> bool {
    let begins = text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '.'));
    begins && text.chars().all(|c| c.is_ascii_hexdigit() || "+-._: xXoOtTzZ".contains(c))
        || matches!(text.trim_start_matches(['+', '-']).to_lowercase().as_str(), ".inf" | ".nan")
}

/// Whether readers agree that it may stand unescaped: no control, no line break of any kind, no mark that is not seen.
fn is_printable(c: char) -> bool {
    let unseen = matches!(
        c,
        '\u{85}' | '\u{a0}' | '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
            | '\u{feff}' | '\u{fffe}' | '\u{ffff}' | '\u{e000}'..='\u{f8ff}'
    );
    !c.is_control() && !unseen && u32::from(c) & 0xffff < 0xfffe
}

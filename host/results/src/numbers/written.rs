//! Numbers as people and programs write them in text.

use super::Digits;

/// Longest number that is read.
const MAX_DIGITS: usize = 36;

/// A number as it was written: its digits, how many of them are after the point, and whether it is a percentage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WrittenNumber {
    digits: i128,
    scale: u32,
    is_percent: bool,
}

/// Between groups of three digits: a comma, a space, a thin or a narrow one, one that does not break.
const fn is_separator(c: char) -> bool {
    matches!(c, ',' | ' ' | '\u{2009}' | '\u{202f}' | '\u{a0}' | '_' | '\'')
}

impl WrittenNumber {
    /// Reads `1,234.5`, `-3`, `12 %`; none when it is no number, or one of more than 36 digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (text, is_percent) = match text.strip_suffix('%') {
            Some(rest) => (rest.trim_end(), true),
            None => (text, false),
        };
        let (negative, text) = match text.strip_prefix(['-', '\u{2212}']) {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let mut groups = whole.split(is_separator);
        let first = groups.next()?;
        let rest: Vec<&str> = groups.collect();
        let grouped = rest.is_empty() || (first.len() <= 3 && rest.iter().all(|group| group.len() == 3));
        if first.is_empty()
            || !is_digits(first)
            || !grouped
            || !rest.iter().all(|group| is_digits(group))
            || !is_digits(fraction)
        {
            return None;
        }
        let all: String = std::iter::once(first).chain(rest).chain([fraction]).collect();
        if all.len() > MAX_DIGITS {
            return None;
        }
        let digits: i128 = all.parse().ok()?;
        let digits = if negative { -digits } else { digits };
        Some(Self { digits, scale: u32::try_from(fraction.len()).ok()?, is_percent })
    }

    /// The values that it may stand for, each without its point and with the digits after it: a percentage is also its
    /// hundredth.
    pub(super) fn readings(&self) -> impl Iterator<Item = (i128, u32)> {
        let hundredth = self.is_percent.then_some((self.digits, self.scale + 2));
        std::iter::once((self.digits, self.scale)).chain(hundredth)
    }
}

/// Shows the numbers of a text that stand by themselves, in each way that they can be read: `1,234` is one number, or two.
pub(super) fn each_number(text: &str, mut show: impl FnMut(Digits)) {
    let is_part = |c: char| c.is_ascii_digit() || matches!(c, '.' | ',');
    let mut rest = text;
    let mut before = None;
    while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
        let (skipped, tail) = rest.split_at(at);
        before = skipped.chars().next_back().or(before);
        let end = tail.find(|c| !is_part(c)).unwrap_or(tail.len());
        let (token, after) = tail.split_at(end);
        let is_word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        let token = token.trim_end_matches(['.', ',']);
        if !is_word(before) && !is_word(after.chars().next()) {
            let sign = if matches!(before, Some('-' | '\u{2212}')) { -1 } else { 1 };
            let mut see = |text: &str| {
                if let Some(number) = WrittenNumber::parse(text) {
                    show(Digits::Exact(number.digits, number.scale));
                    // A hyphen may as well join two words.
                    if sign < 0 {
                        show(Digits::Exact(-number.digits, number.scale));
                    }
                }
            };
            see(token);
            if token.contains(',') {
                token.split(',').for_each(see);
            }
        }
        before = token.chars().next_back();
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_or_is_no_number() {
        let read =
            |text: &str| WrittenNumber::parse(text).map(|number| (number.digits, number.scale, number.is_percent));
        for (text, expected) in [
            ("1,234.5", (12_345, 1, false)),
            ("1 234", (1_234, 0, false)),
            ("-0.50", (-50, 2, false)),
            ("\u{2212}7", (-7, 0, false)),
            ("12 %", (12, 0, true)),
            ("+3", (3, 0, false)),
            ("1234567", (1_234_567, 0, false)),
        ] {
            assert_eq!(read(text), Some(expected), "{text}");
        }
        for text in ["", "-", ".5", "1,23", "12,34,567", "1e5", "abc", "1.2.3", "%", "1,,234", &"9".repeat(37)] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}

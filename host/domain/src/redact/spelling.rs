//! How a credential may be spelled in an echo.
//!
//! - As it is, in any case, spread over lines, or in two or four bytes for each character.
//! - With some or all characters escaped: `%2D`, `%252D`, `%u002D`, `\u002d`, `\u{2d}`, `\x2d`, `\055`, `\-`, `&#45;`,
//!   `&#x2d;`, `=2D`.
//! - In base64 (both alphabets, with and without padding, in lines) and base32, alone or within something longer, so at
//!   each of the alignments that it can have there; those characters may themselves be escaped.
//! - In hexadecimal digits (`64617069`, `64:61:70:69`, `0x64, 0x61`), in decimal numbers (`[100, 97, 112]`).
//! - Backwards.
//!
//! A match is tried at each place where one can begin, and never looks further than the longest spelling.

/// Bytes between two characters of a credential that are passed over: line ends, indentation, the zeros of wide
/// characters. More of them end the attempt, which bounds how much of a body may be held back.
const MAX_GAP: usize = 64;
/// Backslashes before one escaped character, as when JSON is quoted in JSON; 8 are three times.
const MAX_BACKSLASHES: usize = 8;
/// Times a percent sign is escaped itself.
const MAX_PERCENTS: usize = 3;
/// Digits of a numeric character reference, leading zeros included.
const MAX_REFERENCE_DIGITS: usize = 8;

/// One spelling of a credential.
pub(super) struct Pattern {
    form: Form,
    /// What follows one another: bytes, characters of an alphabet, digits, numbers.
    symbols: Box<[u8]>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// Exactly these bytes.
    Exact,
    /// Characters that may be escaped, in any case.
    Folded,
    /// Characters that may be escaped, `+` as good as `-` and `/` as `_`.
    Base64,
    /// Hexadecimal digits, two for each byte.
    Hex,
    /// Decimal numbers.
    Decimal,
}

/// What came of looking for a spelling at one place.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Attempt {
    /// It is there, with so many bytes.
    Match(usize),
    /// The bytes ended before it did.
    Begun,
    /// It is not there.
    No,
}

/// Every spelling that is looked for.
pub(super) fn patterns(secret: &[u8]) -> Vec<Pattern> {
    let pattern = |form, symbols: Vec<u8>| Pattern { form, symbols: symbols.into() };
    let backwards: Vec<u8> = secret.iter().rev().copied().collect();
    let mut all = vec![
        pattern(Form::Exact, secret.to_vec()),
        pattern(Form::Folded, secret.to_vec()),
        pattern(Form::Folded, backwards),
        pattern(Form::Hex, radix(secret, 0, 4, b"0123456789abcdef")),
        pattern(Form::Decimal, secret.to_vec()),
    ];
    let base64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    all.extend((0..3).map(|before| pattern(Form::Base64, radix(secret, before, 6, base64))));
    let base32 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    all.extend((0..5).map(|before| pattern(Form::Folded, radix(secret, before, 5, base32))));
    all
}

/// The digits that `secret` alone decides when it is written in digits of `bits` bits after `before` other bytes.
fn radix(secret: &[u8], before: usize, bits: usize, alphabet: &[u8]) -> Vec<u8> {
    let first = (before * 8).div_ceil(bits);
    let end = (before + secret.len()) * 8 / bits;
    let bit = |at: usize| secret.get(at / 8 - before).map_or(0, |byte| usize::from(byte >> (7 - at % 8) & 1));
    let digit = |index: usize| (index * bits..(index + 1) * bits).fold(0, |value, at| value << 1 | bit(at));
    (first..end).filter_map(|index| alphabet.get(digit(index)).copied()).collect()
}

impl Pattern {
    /// Looks for this spelling at the beginning of `bytes`.
    pub(super) fn attempt(&self, bytes: &[u8]) -> Attempt {
        match self.form {
            Form::Exact => exact(&self.symbols, bytes),
            Form::Decimal => decimal(&self.symbols, bytes),
            Form::Folded | Form::Base64 | Form::Hex => self.characters(bytes),
        }
    }

    fn characters(&self, bytes: &[u8]) -> Attempt {
        let mut at = 0;
        for (index, symbol) in self.symbols.iter().enumerate() {
            let mut gap = 0;
            at += loop {
                let rest = bytes.get(at..).unwrap_or_default();
                let read = read(rest);
                match read {
                    Read::More => return Attempt::Begun,
                    Read::Byte(value, length) if self.is(*symbol, value) => break length,
                    Read::Byte(..) => {}
                }
                // Nothing is passed over before the first character.
                let passed = if index == 0 { None } else { self.passed(index, rest, &read) };
                let Some(passed) = passed.filter(|passed| gap + passed <= MAX_GAP) else { return Attempt::No };
                gap += passed;
                at += passed;
            };
        }
        Attempt::Match(at)
    }

    fn is(&self, symbol: u8, value: u8) -> bool {
        match self.form {
            Form::Base64 => symbol == value || matches!((symbol, value), (b'+', b'-') | (b'/', b'_')),
            Form::Folded | Form::Hex => symbol.eq_ignore_ascii_case(&value),
            Form::Exact | Form::Decimal => symbol == value,
        }
    }

    /// How many bytes may be passed over before the symbol at `index`.
    fn passed(&self, index: usize, rest: &[u8], read: &Read) -> Option<usize> {
        if self.form == Form::Hex && index.is_multiple_of(2) {
            if let [b'0', b'x' | b'X', ..] = rest {
                return Some(2);
            }
            if let [b':' | b'-' | b',' | b'.' | b'_' | b';' | b'"' | b'\'', ..] = rest {
                return Some(1);
            }
        }
        match read {
            Read::Byte(value, length) if is_blank(*value) => Some(*length),
            Read::Byte(..) | Read::More => None,
        }
    }

    /// Bytes that a match may begin with, escapes apart.
    fn first(&self) -> Vec<u8> {
        let first = self.symbols.first().copied().unwrap_or_default();
        match self.form {
            Form::Exact => vec![first],
            Form::Folded | Form::Hex => vec![first.to_ascii_lowercase(), first.to_ascii_uppercase()],
            Form::Base64 => (0..=u8::MAX).filter(|value| self.is(first, *value)).collect(),
            Form::Decimal => first.to_string().bytes().take(1).collect(),
        }
    }

    const fn may_be_escaped(&self) -> bool {
        matches!(self.form, Form::Folded | Form::Base64)
    }

    /// Whether a match may go on with this byte after an unescaped first one.
    fn goes_on(&self, byte: u8) -> bool {
        let second = self.symbols.get(1).copied().unwrap_or_default();
        match self.form {
            Form::Exact => byte == second,
            Form::Decimal => true,
            Form::Hex => self.is(second, byte) || is_blank(byte) || is_escape(byte),
            Form::Folded | Form::Base64 => self.is(second, byte) || is_blank(byte) || is_escape(byte),
        }
    }
}

fn exact(symbols: &[u8], bytes: &[u8]) -> Attempt {
    if bytes.starts_with(symbols) {
        Attempt::Match(symbols.len())
    } else if bytes.len() < symbols.len() && symbols.starts_with(bytes) {
        Attempt::Begun
    } else {
        Attempt::No
    }
}

/// Numbers with anything but digits and letters between them.
fn decimal(symbols: &[u8], bytes: &[u8]) -> Attempt {
    let mut at = 0;
    for (index, symbol) in symbols.iter().enumerate() {
        let rest = bytes.get(at..).unwrap_or_default();
        if index > 0 {
            let between = rest.iter().take_while(|byte| !byte.is_ascii_alphanumeric()).count();
            if between == rest.len() && between <= MAX_GAP {
                return Attempt::Begun;
            }
            if between == 0 || between > MAX_GAP {
                return Attempt::No;
            }
            at += between;
        }
        let rest = bytes.get(at..).unwrap_or_default();
        match exact(symbol.to_string().as_bytes(), rest) {
            Attempt::Match(length) => at += length,
            other => return other,
        }
    }
    Attempt::Match(at)
}

const fn is_blank(byte: u8) -> bool {
    matches!(byte, 0 | b'\t' | b'\n' | 0x0b | 0x0c | b'\r' | b' ')
}

const fn is_escape(byte: u8) -> bool {
    matches!(byte, b'%' | b'\\' | b'&' | b'=')
}

/// One character of a text.
enum Read {
    /// Which, and how many bytes it is spelled with.
    Byte(u8, usize),
    /// The bytes ended within it.
    More,
}

/// Reads a character, escaped or not. What looks like an escape and is none is the byte itself.
fn read(bytes: &[u8]) -> Read {
    let Some(first) = bytes.first().copied() else { return Read::More };
    let escaped = match first {
        b'%' => percent(bytes),
        b'\\' => backslash(bytes),
        b'&' => reference(bytes),
        b'=' => quoted_printable(bytes),
        _ => None,
    };
    escaped.unwrap_or(Read::Byte(first, 1))
}

/// A number in the digits at `at`: exactly `count` of them.
fn number(bytes: &[u8], at: usize, count: usize, radix: u32) -> Option<Read> {
    let digits = bytes.get(at..).unwrap_or_default();
    let digits = digits.get(..count.min(digits.len())).unwrap_or_default();
    let mut value: u32 = 0;
    for digit in digits {
        value = value.checked_mul(radix)?.checked_add(char::from(*digit).to_digit(radix)?)?;
    }
    if digits.len() < count {
        return Some(Read::More);
    }
    u8::try_from(value).ok().map(|value| Read::Byte(value, at + count))
}

/// `%2D`, `%252D`, `%u002D`.
fn percent(bytes: &[u8]) -> Option<Read> {
    let mut at = 1;
    for _ in 0..MAX_PERCENTS {
        match bytes.get(at..) {
            Some([]) => return Some(Read::More),
            Some([b'u' | b'U', ..]) => return number(bytes, at + 1, 4, 16),
            // `%25` is a percent sign that escapes the next two, unless those are no digits.
            Some([b'2', b'5', rest @ ..]) if rest.iter().take(2).all(u8::is_ascii_hexdigit) => at += 2,
            _ => break,
        }
    }
    number(bytes, at, 2, 16)
}

/// `\u002d`, `\u{2d}`, `\U0000002d`, `\x2d`, `\055`, `\n`, `\-`.
fn backslash(bytes: &[u8]) -> Option<Read> {
    let at = bytes.iter().take(MAX_BACKSLASHES).take_while(|byte| **byte == b'\\').count();
    let Some(kind) = bytes.get(at).copied() else { return Some(Read::More) };
    match kind {
        b'u' if bytes.get(at + 1) == Some(&b'{') => {
            let digits = bytes.get(at + 2..).unwrap_or_default();
            let count = digits.iter().take(MAX_REFERENCE_DIGITS).take_while(|byte| byte.is_ascii_hexdigit()).count();
            match digits.get(count) {
                None => Some(Read::More),
                Some(b'}') => longer(number(bytes, at + 2, count, 16)?, 1),
                Some(_) => None,
            }
        }
        b'u' => number(bytes, at + 1, 4, 16),
        b'U' => number(bytes, at + 1, 8, 16),
        b'x' => number(bytes, at + 1, 2, 16),
        b'0'..=b'7' => number(bytes, at, 3, 8),
        b'n' => Some(Read::Byte(b'\n', at + 1)),
        b'r' => Some(Read::Byte(b'\r', at + 1)),
        b't' => Some(Read::Byte(b'\t', at + 1)),
        // A line that goes on, and punctuation that was escaped without need.
        kind if !kind.is_ascii_alphanumeric() => Some(Read::Byte(kind, at + 1)),
        _ => None,
    }
}

/// `&#45;`, `&#x2d;`, also where the ampersand is escaped itself.
fn reference(bytes: &[u8]) -> Option<Read> {
    let mut at = 1;
    for escape in [b"amp;", b"amp;"] {
        match exact(escape, bytes.get(at..).unwrap_or_default()) {
            Attempt::Match(length) => at += length,
            Attempt::Begun => return Some(Read::More),
            Attempt::No => break,
        }
    }
    match bytes.get(at) {
        None => return Some(Read::More),
        Some(b'#') => at += 1,
        Some(_) => return None,
    }
    let radix = match bytes.get(at) {
        None => return Some(Read::More),
        Some(b'x' | b'X') => {
            at += 1;
            16
        }
        Some(_) => 10,
    };
    let digits = bytes.get(at..).unwrap_or_default();
    let is_digit = |byte: &&u8| char::from(**byte).is_digit(radix);
    let count = digits.iter().take(MAX_REFERENCE_DIGITS).take_while(is_digit).count();
    match digits.get(count) {
        None => Some(Read::More),
        Some(b';') if count > 0 => longer(number(bytes, at, count, radix)?, 1),
        Some(_) => None,
    }
}

/// `=2D`, and the `=` at the end of a line that goes on.
fn quoted_printable(bytes: &[u8]) -> Option<Read> {
    match bytes.get(1..) {
        Some([b'\r', b'\n', ..]) => Some(Read::Byte(b'\n', 3)),
        Some([b'\n', ..]) => Some(Read::Byte(b'\n', 2)),
        Some([b'\r']) => Some(Read::More),
        _ => number(bytes, 1, 2, 16),
    }
}

/// The same character with so many more bytes.
#[expect(clippy::unnecessary_wraps, reason = "as the other readers answer")]
fn longer(read: Read, by: usize) -> Option<Read> {
    Some(match read {
        Read::Byte(value, length) => Read::Byte(value, length + by),
        Read::More => Read::More,
    })
}

/// Where matches can begin, by the first two bytes: one bit for each pattern.
#[derive(Default)]
pub(super) struct Starts {
    first: Vec<u32>,
    second: Vec<u32>,
    escaped: u32,
}

/// A place where matches can begin.
pub(super) struct Start {
    pub(super) at: usize,
    which: u32,
}

impl Start {
    pub(super) fn candidates<'a>(&self, patterns: &'a [Pattern]) -> impl Iterator<Item = &'a Pattern> + use<'a> {
        let which = self.which;
        patterns.iter().enumerate().filter(move |(index, _)| which >> index & 1 == 1).map(|(_, pattern)| pattern)
    }
}

impl Starts {
    pub(super) fn of(patterns: &[Pattern]) -> Self {
        debug_assert!(patterns.len() <= 32, "one bit for each");
        let mut starts = Self { first: vec![0; 256], second: vec![0; 256], escaped: 0 };
        for (index, pattern) in patterns.iter().enumerate() {
            let bit = 1 << index;
            for byte in pattern.first() {
                if let Some(mask) = starts.first.get_mut(usize::from(byte)) {
                    *mask |= bit;
                }
            }
            for byte in (0..=u8::MAX).filter(|byte| pattern.goes_on(*byte)) {
                if let Some(mask) = starts.second.get_mut(usize::from(byte)) {
                    *mask |= bit;
                }
            }
            if pattern.may_be_escaped() {
                starts.escaped |= bit;
            }
        }
        starts
    }

    /// The first place from `from` on.
    pub(super) fn next(&self, bytes: &[u8], from: usize) -> Option<Start> {
        if self.first.is_empty() {
            return None;
        }
        let rest = bytes.get(from..)?;
        let mask = |table: &[u32], byte: u8| table.get(usize::from(byte)).copied().unwrap_or_default();
        rest.iter().enumerate().find_map(|(offset, byte)| {
            let mut which = mask(&self.first, *byte);
            if which != 0
                && let Some(next) = rest.get(offset + 1)
            {
                which &= mask(&self.second, *next);
            }
            if is_escape(*byte) {
                which |= self.escaped;
            }
            (which != 0).then_some(Start { at: from + offset, which })
        })
    }
}

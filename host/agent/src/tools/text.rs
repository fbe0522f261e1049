//! A text file as the tools see it: its text, and the form in which its bytes keep it. Read, Write, Edit and Grep all
//! decode through here, so that what one of them shows another finds and a third puts back as it was.

use std::fmt;

use bricklayer_domain::{ToolErrorKind, ToolFailure};

/// UTF-8's byte order mark.
const UTF8_MARK: &[u8] = b"\xef\xbb\xbf";

/// How text is kept as bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Utf8,
    /// Little-endian; always with a byte order mark, since nothing else tells it.
    Utf16Le,
    /// Big-endian; always with a byte order mark.
    Utf16Be,
    /// One byte per character, which every sequence of bytes is: what is not Unicode is shown so, and comes back as
    /// the same bytes.
    Latin1,
}

/// How lines end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LineEnds {
    /// `\n`, or no line break at all.
    Lf,
    /// `\r\n` everywhere.
    CrLf,
    /// Some of each.
    Mixed,
}

/// The form of a text file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Form {
    pub(super) encoding: Encoding,
    /// Whether a byte order mark comes first.
    pub(super) mark: bool,
    pub(super) line_ends: LineEnds,
}

impl Form {
    /// What new files have.
    pub(super) const PLAIN: Self = Self { encoding: Encoding::Utf8, mark: false, line_ends: LineEnds::Lf };
}

/// What is worth saying about a form, such as `UTF-16 LE, CRLF line ends`; empty for the usual one.
impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let encoding = match (self.encoding, self.mark) {
            (Encoding::Utf8, false) => None,
            (Encoding::Utf8, true) => Some("UTF-8 with byte order mark"),
            (Encoding::Utf16Le, _) => Some("UTF-16 LE"),
            (Encoding::Utf16Be, _) => Some("UTF-16 BE"),
            (Encoding::Latin1, _) => Some("not Unicode, read as Latin-1"),
        };
        let line_ends = match self.line_ends {
            LineEnds::Lf => None,
            LineEnds::CrLf => Some("CRLF line ends"),
            LineEnds::Mixed => Some("mixed line ends"),
        };
        let parts: Vec<&str> = encoding.into_iter().chain(line_ends).collect();
        f.write_str(&parts.join(", "))
    }
}

/// A file's text, without its byte order mark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TextFile {
    pub(super) text: String,
    pub(super) form: Form,
}

/// Why bytes are no text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotText {
    /// A NUL byte, and where the first is.
    Nul(usize),
    /// UTF-16 that breaks off or holds halves of characters.
    BrokenUtf16,
    Utf32,
}

impl NotText {
    /// For a tool's answer.
    pub(super) fn failure(self, shown: &str, size: usize) -> ToolFailure {
        let message = match self {
            Self::Nul(at) => format!(
                "`{shown}` is a binary file of {size} bytes (a NUL byte at {at}); the file tools take text only. To \
                 replace it, write a file of another name"
            ),
            Self::BrokenUtf16 => format!("`{shown}` begins as UTF-16 but is none; the file tools cannot take it"),
            Self::Utf32 => format!("`{shown}` is UTF-32, which the file tools do not take; convert it to UTF-8"),
        };
        ToolFailure::new(ToolErrorKind::Failed, message)
    }
}

impl TextFile {
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, NotText> {
        if bytes.starts_with(b"\xff\xfe\0\0") || bytes.starts_with(b"\0\0\xfe\xff") {
            return Err(NotText::Utf32);
        }
        let (text, encoding, mark) = if let Some(rest) = bytes.strip_prefix(b"\xff\xfe") {
            (utf16(rest, u16::from_le_bytes)?, Encoding::Utf16Le, true)
        } else if let Some(rest) = bytes.strip_prefix(b"\xfe\xff") {
            (utf16(rest, u16::from_be_bytes)?, Encoding::Utf16Be, true)
        } else {
            if let Some(at) = bytes.iter().position(|byte| *byte == 0) {
                return Err(NotText::Nul(at));
            }
            let (rest, mark) = match bytes.strip_prefix(UTF8_MARK) {
                Some(rest) => (rest, true),
                None => (bytes, false),
            };
            match std::str::from_utf8(rest) {
                Ok(text) => (text.to_owned(), Encoding::Utf8, mark),
                // The mark, if there is one, is then text as well: every byte comes back as it was.
                Err(_) => (bytes.iter().copied().map(char::from).collect(), Encoding::Latin1, false),
            }
        };
        if let Some(at) = text.find('\0') {
            return Err(NotText::Nul(at));
        }
        let form = Form { encoding, mark, line_ends: line_ends(&text) };
        Ok(Self { text, form })
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, NotText> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(NotText::BrokenUtf16);
    }
    char::decode_utf16(pairs.iter().copied().map(unit)).collect::<Result<_, _>>().map_err(|_| NotText::BrokenUtf16)
}

fn line_ends(text: &str) -> LineEnds {
    let all = text.matches('\n').count();
    match text.matches("\r\n").count() {
        0 => LineEnds::Lf,
        crlf if crlf == all => LineEnds::CrLf,
        _ => LineEnds::Mixed,
    }
}

/// The bytes that keep a text in a form, line ends as they stand in the text. A character that the form cannot keep
/// comes back as the fault.
pub(super) fn encode(text: &str, form: Form) -> Result<Vec<u8>, char> {
    // A text that brings its own mark does not get a second one.
    let text = if form.mark { text.strip_prefix('\u{feff}').unwrap_or(text) } else { text };
    let mut bytes = Vec::with_capacity(text.len().saturating_add(4));
    match form.encoding {
        Encoding::Utf8 => {
            if form.mark {
                bytes.extend_from_slice(UTF8_MARK);
            }
            bytes.extend_from_slice(text.as_bytes());
        }
        Encoding::Utf16Le => {
            bytes.extend_from_slice(b"\xff\xfe");
            bytes.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
        }
        Encoding::Utf16Be => {
            bytes.extend_from_slice(b"\xfe\xff");
            bytes.extend(text.encode_utf16().flat_map(u16::to_be_bytes));
        }
        Encoding::Latin1 => {
            for c in text.chars() {
                bytes.push(u8::try_from(c).map_err(|_| c)?);
            }
        }
    }
    Ok(bytes)
}

/// New text for a file of this form: where every line ends with CRLF, the lines that a model writes do as well.
pub(super) fn with_line_ends(text: &str, form: Form) -> String {
    if form.line_ends == LineEnds::CrLf && !text.contains('\r') { text.replace('\n', "\r\n") } else { text.to_owned() }
}

/// The fault of a text that the file's form cannot keep.
pub(super) fn cannot_keep(shown: &str, form: Form, c: char) -> ToolFailure {
    let message = format!(
        "`{shown}` is {form}, and the character {c:?} (U+{:04X}) cannot be kept so; nothing was changed. Leave it out, or \
         write a new file, which is UTF-8",
        u32::from(c)
    );
    ToolFailure::new(ToolErrorKind::Failed, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bytes: &[u8], text: &str, form: &str) {
        let file = TextFile::decode(bytes).unwrap();
        assert_eq!((file.text.as_str(), file.form.to_string().as_str()), (text, form));
        assert_eq!(encode(&file.text, file.form).unwrap(), bytes, "{text}");
    }

    #[test]
    fn every_form_comes_back_as_the_same_bytes() {
        check(b"", "", "");
        check(b"a\nb\n", "a\nb\n", "");
        check("für ☃".as_bytes(), "für ☃", "");
        check(b"a\r\nb\r\n", "a\r\nb\r\n", "CRLF line ends");
        check(b"a\r\nb\n", "a\r\nb\n", "mixed line ends");
        check(b"\xef\xbb\xbfa\r\n", "a\r\n", "UTF-8 with byte order mark, CRLF line ends");
        check(b"\xff\xfea\0\r\0\n\0", "a\r\n", "UTF-16 LE, CRLF line ends");
        check(b"\xfe\xff\0a\xd8\x3d\xde\x00", "a😀", "UTF-16 BE");
        check(b"caf\xe9", "café", "not Unicode, read as Latin-1");
        check(b"\xef\xbb\xbfcaf\xe9", "ï»¿café", "not Unicode, read as Latin-1");
    }

    #[test]
    fn what_is_no_text_is_named() {
        assert_eq!(TextFile::decode(b"ab\0c"), Err(NotText::Nul(2)));
        assert_eq!(TextFile::decode(b"\xff\xfea"), Err(NotText::BrokenUtf16));
        assert_eq!(TextFile::decode(b"\xff\xfe\x3d\xd8"), Err(NotText::BrokenUtf16));
        assert_eq!(TextFile::decode(b"\xff\xfe\0\0a\0\0\0"), Err(NotText::Utf32));
        assert_eq!(TextFile::decode(b"\xfe\xff\0\0"), Err(NotText::Nul(0)));
        let latin1 = TextFile::decode(b"\xe9").unwrap().form;
        assert_eq!(encode("☃", latin1), Err('☃'));
    }

    #[test]
    fn a_mark_is_not_doubled() {
        let marked = Form { mark: true, ..Form::PLAIN };
        assert_eq!(encode("\u{feff}a", marked).unwrap(), b"\xef\xbb\xbfa");
        assert_eq!(encode("\u{feff}a", Form::PLAIN).unwrap(), b"\xef\xbb\xbfa");
    }
}

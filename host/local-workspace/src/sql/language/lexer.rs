//! Splits Databricks SQL into tokens, aware of quotes and comments. Only the catalog statements and the heads of DDL
//! statements are parsed from these tokens; expressions go to polyglot-sql as text.
//!
//! Rules: Databricks SQL reference, "Lexical structure" (string literals in single or double quotes with backslash
//! escapes, `r'...'` raw literals, back-quoted identifiers, nested bracketed comments).

use super::error::SqlError;

/// What a token is; `Word` and `Ident` both name things, only `Word` can be a keyword.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Word,
    /// A back-quoted identifier; the text is its content.
    Ident,
    /// A string literal; the text is its value.
    Text,
    Number,
    Symbol,
}

/// One token with its place in the source, in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) text: String,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Token {
    /// Whether this is the keyword (or symbol), letter case aside.
    pub(crate) fn is(&self, word: &str) -> bool {
        matches!(self.kind, Kind::Word | Kind::Symbol) && self.text.eq_ignore_ascii_case(word)
    }
}

/// Splits `source` into tokens.
///
/// # Errors
/// `PARSE_SYNTAX_ERROR` for a literal, identifier or comment that is never closed.
pub(crate) fn tokenize(source: &str) -> Result<Vec<Token>, SqlError> {
    let mut scanner = Scanner { source, at: 0 };
    let mut tokens = Vec::new();
    while let Some(token) = scanner.next_token()? {
        tokens.push(token);
    }
    Ok(tokens)
}

struct Scanner<'a> {
    source: &'a str,
    at: usize,
}

impl Scanner<'_> {
    fn rest(&self) -> &str {
        self.source.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn bump(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn next_token(&mut self) -> Result<Option<Token>, SqlError> {
        self.skip_blank()?;
        let start = self.at;
        let Some(c) = self.peek() else {
            return Ok(None);
        };
        let raw = (c == 'r' || c == 'R') && matches!(self.rest().as_bytes().get(1), Some(b'\'' | b'"'));
        let (kind, text) = match c {
            _ if raw => {
                self.bump();
                (Kind::Text, self.quoted(false)?)
            }
            '\'' | '"' => (Kind::Text, self.quoted(true)?),
            '`' => (Kind::Ident, self.back_quoted()?),
            '$' if self.rest().starts_with("$$") => (Kind::Text, self.dollar_quoted()?),
            c if c.is_ascii_digit() => (Kind::Number, self.take(|c| c.is_alphanumeric() || c == '.' || c == '_')),
            c if c.is_alphabetic() || c == '_' => (Kind::Word, self.take(|c| c.is_alphanumeric() || c == '_')),
            c => {
                self.bump();
                (Kind::Symbol, c.to_string())
            }
        };
        Ok(Some(Token { kind, text, start, end: self.at }))
    }

    fn take(&mut self, accept: impl Fn(char) -> bool) -> String {
        let start = self.at;
        while self.peek().is_some_and(&accept) {
            self.bump();
        }
        self.source.get(start..self.at).unwrap_or_default().to_owned()
    }

    fn skip_blank(&mut self) -> Result<(), SqlError> {
        loop {
            let rest = self.rest();
            if rest.starts_with("--") {
                self.at += rest.find('\n').unwrap_or(rest.len());
            } else if rest.starts_with("/*") {
                self.skip_comment()?;
            } else if rest.starts_with(char::is_whitespace) {
                self.bump();
            } else {
                return Ok(());
            }
        }
    }

    fn skip_comment(&mut self) -> Result<(), SqlError> {
        let start = self.at;
        let mut depth = 0_usize;
        loop {
            if self.rest().starts_with("/*") {
                depth += 1;
                self.at += 2;
            } else if self.rest().starts_with("*/") {
                depth -= 1;
                self.at += 2;
                if depth == 0 {
                    return Ok(());
                }
            } else if self.bump().is_none() {
                return Err(SqlError::unclosed("bracketed comment", self.source, start));
            }
        }
    }

    /// Reads a literal in the quote at hand. Two literals side by side are one in Databricks SQL, and so is a doubled quote.
    fn quoted(&mut self, escapes: bool) -> Result<String, SqlError> {
        let start = self.at;
        let quote = self.bump();
        let mut value = String::new();
        loop {
            let Some(c) = self.bump() else {
                return Err(SqlError::unclosed("string literal", self.source, start));
            };
            if Some(c) == quote {
                if self.peek() != quote {
                    return Ok(value);
                }
                self.bump();
                value.push(c);
            } else if c == '\\' && escapes {
                value.push_str(&self.escape());
            } else {
                value.push(c);
            }
        }
    }

    fn escape(&mut self) -> String {
        match self.bump() {
            Some('n') => "\n".to_owned(),
            Some('t') => "\t".to_owned(),
            Some('r') => "\r".to_owned(),
            Some(first @ '0'..='3') => self.octal(first),
            Some('b') => "\u{8}".to_owned(),
            Some('Z') => "\u{1a}".to_owned(),
            Some('u') => self.code_point(4).unwrap_or_else(|| "u".to_owned()),
            Some('U') => self.code_point(8).unwrap_or_else(|| "U".to_owned()),
            // The LIKE escapes keep their backslash.
            Some(c @ ('%' | '_')) => format!("\\{c}"),
            Some(c) => c.to_string(),
            None => "\\".to_owned(),
        }
    }

    /// `\u00e9` and `\U0001f600`: so many hexadecimal digits of a code point. Half of a surrogate pair takes the other
    /// half with it; alone it is no character and becomes U+FFFD.
    fn code_point(&mut self, digits: usize) -> Option<String> {
        let take = |scanner: &mut Self| {
            let text = scanner.rest().get(..digits)?;
            let value = u32::from_str_radix(text, 16).ok().filter(|_| text.bytes().all(|b| b.is_ascii_hexdigit()))?;
            scanner.at += digits;
            Some(value)
        };
        let first = take(self)?;
        if (0xd800..0xdc00).contains(&first) && self.rest().starts_with("\\u") {
            let before = self.at;
            self.at += 2;
            if let Some(second @ 0xdc00..0xe000) = take(self) {
                let joined = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                return char::from_u32(joined).map(String::from);
            }
            self.at = before;
        }
        Some(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER).to_string())
    }

    /// `\101`: three octal digits are a character; a `0` alone is NUL, other digits alone are themselves.
    fn octal(&mut self, first: char) -> String {
        let digits = self.rest().get(..2).filter(|text| text.bytes().all(|b| (b'0'..b'8').contains(&b)));
        let value = digits.and_then(|digits| u32::from_str_radix(&format!("{first}{digits}"), 8).ok());
        match value.and_then(char::from_u32) {
            Some(c) => {
                self.at += 2;
                c.to_string()
            }
            None if first == '0' => "\0".to_owned(),
            None => first.to_string(),
        }
    }

    fn back_quoted(&mut self) -> Result<String, SqlError> {
        let start = self.at;
        self.bump();
        let mut value = String::new();
        loop {
            match self.bump() {
                Some('`') if self.peek() == Some('`') => {
                    self.bump();
                    value.push('`');
                }
                Some('`') => return Ok(value),
                Some(c) => value.push(c),
                None => return Err(SqlError::unclosed("quoted identifier", self.source, start)),
            }
        }
    }

    fn dollar_quoted(&mut self) -> Result<String, SqlError> {
        let start = self.at;
        self.at += 2;
        let Some(length) = self.rest().find("$$") else {
            return Err(SqlError::unclosed("string literal", self.source, start));
        };
        let value = self.rest().get(..length).unwrap_or_default().to_owned();
        self.at += length + 2;
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(source: &str, expect: &[&str]) {
        let texts: Vec<_> = tokenize(source).unwrap().into_iter().map(|t| t.text).collect();
        assert_eq!(texts, expect, "{source}");
    }

    #[test]
    fn tokens_know_quotes_and_comments() {
        check("SELECT 'a;''b' -- x;\n, \"q\\\"r\"", &["SELECT", "a;'b", ",", "q\"r"]);
        check("a /* x /* y */ ; */ b", &["a", "b"]);
        check("`a``b`.c", &["a`b", ".", "c"]);
        check("r'\\d' '\\n'", &["\\d", "\n"]);
        check("$$ ' ; $$ 1.5e3", &[" ' ; ", "1.5e3"]);
    }

    #[test]
    fn escapes_are_those_of_spark() {
        check(r"'\u00e9\101\0\Z\q\%\_\'\\'", &["éA\0\u{1a}q\\%\\_'\\"]);
        check(r"'\U0001f600' '\ud83d\ude00' '\ud83d' '\u12'", &["😀", "😀", "\u{fffd}", "u12"]);
        check(r"r'\u00e9' '\4\18'", &["\\u00e9", "418"]);
    }

    #[test]
    fn unclosed_quotes_are_syntax_errors() {
        for source in ["'abc", "`abc", "/* abc", "$$ abc"] {
            assert_eq!(tokenize(source).unwrap_err().class, "PARSE_SYNTAX_ERROR", "{source}");
        }
    }
}

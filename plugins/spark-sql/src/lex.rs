//! The words of Databricks SQL: enough of its lexer to find where statements end and what they do.
//!
//! Follows Spark's `SqlBaseLexer`: longest match; keywords in any case, where `ı` and `ſ` count as I and S (Spark reads
//! upper-cased characters); string literals in either quote with backslash escapes, raw strings (`r'…'`), backtick
//! identifiers, dollar-quoted bodies, numbers (`1.`, `1e-5`), addresses (`s3://…` outside quotes is one word), `--`
//! comments (a backslash before the line end continues them), `/* */` comments. Comments and white space are left out;
//! a hint (`/*+ … */`) is no comment: its words are tokens between [`HINT_START`] and [`HINT_END`].
//!
//! Where another release of the lexer could read a text differently, [`Scan::doubt`] says so: what looks harmless to us
//! may be a change to the one who runs it.

use std::borrow::Cow;

/// Begins a hint.
pub const HINT_START: &str = "/*+";

/// Ends a hint.
pub const HINT_END: &str = "*/";

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A keyword, a bare name or an address outside quotes.
    Word,
    /// A number, unless its letters and digits are a word as well.
    Number,
    /// A name in backticks.
    QuotedName,
    /// A string literal or a dollar-quoted body.
    Text,
    /// One other character, or the beginning or the end of a hint.
    Symbol,
}

/// A token with its place in the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token<'a> {
    pub kind: Kind,
    pub text: &'a str,
    pub start: usize,
}

impl<'a> Token<'a> {
    /// Whether it is this keyword (given in upper case), in any case.
    pub fn is(&self, word: &str) -> bool {
        self.kind == Kind::Word
            && (self.text.eq_ignore_ascii_case(word) || (!self.text.is_ascii() && self.text.to_uppercase() == word))
    }

    /// Whether it is one of these keywords.
    pub fn is_any(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.is(word))
    }

    /// Whether it is this character outside quotes.
    pub fn is_symbol(&self, symbol: &str) -> bool {
        self.kind == Kind::Symbol && self.text == symbol
    }

    /// A name without its backticks.
    pub fn name(&self) -> Option<Cow<'a, str>> {
        match self.kind {
            Kind::Word => Some(Cow::Borrowed(self.text)),
            Kind::QuotedName => {
                let inner = self.text.strip_prefix('`').unwrap_or(self.text);
                Some(Cow::Owned(inner.strip_suffix('`').unwrap_or(inner).replace("``", "`")))
            }
            Kind::Number | Kind::Text | Kind::Symbol => None,
        }
    }

    /// A string literal without its quotes, its escapes as written; a dollar-quoted body without its tags.
    pub fn literal(&self) -> Option<&'a str> {
        if self.kind != Kind::Text {
            return None;
        }
        if let Some(after) = self.text.strip_prefix('$') {
            let (tag, rest) = after.split_once('$')?;
            let end =
                rest.strip_suffix('$').and_then(|rest| rest.strip_suffix(tag)).and_then(|rest| rest.strip_suffix('$'));
            return Some(end.unwrap_or(rest));
        }
        let quoted = self.text.trim_start_matches(['r', 'R']);
        let quote = quoted.chars().next()?;
        let inner = quoted.strip_prefix(quote)?;
        Some(inner.strip_suffix(quote).unwrap_or(inner))
    }

    /// Where the token ends in the source.
    pub fn end(&self) -> usize {
        self.start + self.text.len()
    }
}

/// A source read as tokens.
#[derive(Debug)]
pub struct Scan<'a> {
    /// In order; hints and their words included.
    pub tokens: Vec<Token<'a>>,
    /// Why the text may be read differently by the one who runs it, when it may.
    pub doubt: Option<&'static str>,
}

impl<'a> Scan<'a> {
    /// The tokens outside hints.
    pub fn without_hints(&self) -> Vec<Token<'a>> {
        let mut inside = false;
        let mut kept = Vec::with_capacity(self.tokens.len());
        for token in &self.tokens {
            if token.is_symbol(HINT_START) {
                inside = true;
            } else if token.is_symbol(HINT_END) {
                inside = false;
            } else if !inside {
                kept.push(*token);
            }
        }
        kept
    }
}

/// The tokens of a source. Total: what is not closed runs to the end.
pub fn lex(source: &str) -> Vec<Token<'_>> {
    scan(source).tokens
}

/// The tokens of a source, and whether it is in doubt.
pub fn scan(source: &str) -> Scan<'_> {
    let mut lexer = Lexer { source, at: 0, doubt: None, in_hint: false };
    let mut tokens: Vec<Token<'_>> = Vec::new();
    while let Some(token) = lexer.next_token() {
        if token.is_symbol(HINT_START) {
            // Hints stand behind SELECT; elsewhere releases differ.
            if lexer.in_hint || !tokens.last().is_some_and(|before| before.is("SELECT")) {
                lexer.doubts("it has a hint (/*+) in an odd place");
            }
            lexer.in_hint = true;
        } else if token.is_symbol(HINT_END) {
            if !lexer.in_hint {
                lexer.doubts("it ends a comment that it never began");
            }
            lexer.in_hint = false;
        }
        tokens.push(token);
    }
    if lexer.in_hint {
        lexer.doubts("it has a hint (/*+) without an end");
    }
    Scan { tokens, doubt: lexer.doubt }
}

struct Lexer<'a> {
    source: &'a str,
    at: usize,
    doubt: Option<&'static str>,
    in_hint: bool,
}

impl<'a> Lexer<'a> {
    fn next_token(&mut self) -> Option<Token<'a>> {
        self.skip_blank();
        let start = self.at;
        let first = self.peek()?;
        let kind = match first {
            '\'' | '"' => {
                self.quoted(first, true);
                Kind::Text
            }
            '`' => {
                self.backticks();
                Kind::QuotedName
            }
            '$' if self.dollar_body() => Kind::Text,
            c if is_word(c) || c == '.' => self.word_or_number(start),
            _ if self.rest().starts_with(HINT_START) => {
                self.at += HINT_START.len();
                Kind::Symbol
            }
            _ if self.rest().starts_with(HINT_END) => {
                self.at += HINT_END.len();
                Kind::Symbol
            }
            c => {
                if c == '$' && self.rest().starts_with("${") {
                    self.doubts("it has a ${…} that is replaced before it runs");
                }
                if !c.is_ascii() || c.is_ascii_control() {
                    self.doubts("it has a character that is no SQL outside quotes");
                }
                self.at += c.len_utf8();
                Kind::Symbol
            }
        };
        Some(Token { kind, text: self.slice(start), start })
    }

    fn doubts(&mut self, why: &'static str) {
        self.doubt.get_or_insert(why);
    }

    fn rest(&self) -> &'a str {
        self.source.get(self.at..).unwrap_or("")
    }

    fn slice(&self, start: usize) -> &'a str {
        self.source.get(start..self.at).unwrap_or("")
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn take_while(&mut self, keep: impl Fn(char) -> bool) {
        while let Some(c) = self.peek().filter(|c| keep(*c)) {
            self.at += c.len_utf8();
        }
    }

    /// The longest of a word, a number, an address and, at `r'`, a raw string; a dot alone is a symbol.
    fn word_or_number(&mut self, start: usize) -> Kind {
        let rest = self.rest();
        let number = number_len(rest);
        self.take_while(is_word);
        let word = self.at - start;
        if number > word {
            self.at = start + number;
            return Kind::Number;
        }
        if word == 0 {
            self.at += 1;
            return Kind::Symbol;
        }
        if self.rest().starts_with("://") && self.slice(start).chars().all(char::is_alphabetic) {
            self.doubts("it has an address outside quotes");
            let before = self.at;
            self.at += "://".len();
            self.take_while(|c| is_word(c) || matches!(c, '/' | '-' | '.' | '?' | '=' | '&' | '#' | '%'));
            if self.at == before + "://".len() {
                self.at = before;
            }
            return Kind::Word;
        }
        match self.peek() {
            // r'…': no escapes inside.
            Some(quote @ ('\'' | '"')) if self.slice(start).eq_ignore_ascii_case("r") => {
                self.quoted(quote, false);
                Kind::Text
            }
            _ => Kind::Word,
        }
    }

    /// To behind the first occurrence of `end`, or to the end of the source.
    fn skip_past(&mut self, end: &str) {
        let rest = self.rest();
        match rest.find(end) {
            Some(found) => self.at += found + end.len(),
            None => {
                self.at += rest.len();
                self.doubts("something in it is opened and not closed");
            }
        }
    }

    fn skip_blank(&mut self) {
        loop {
            self.take_while(is_blank);
            if self.rest().starts_with("--") {
                self.line_comment();
            } else if self.rest().starts_with("/*") && !self.rest().starts_with(HINT_START) {
                self.block_comment();
            } else {
                return;
            }
        }
    }

    fn line_comment(&mut self) {
        let start = self.at;
        let mut before = ' ';
        while let Some(c) = self.peek() {
            self.at += c.len_utf8();
            if matches!(c, '\r' | '\n') && before == '\\' {
                self.doubts("a comment in it may go on behind its line");
            }
            if c == '\r' {
                match self.peek() {
                    Some('\n') => self.at += 1,
                    _ => self.doubts("a comment in it ends at a lone carriage return"),
                }
                break;
            }
            if c == '\n' && before != '\\' {
                break;
            }
            before = c;
        }
        self.comment_within(start, 2);
    }

    /// Nests, except that a hint does not begin within a comment.
    fn block_comment(&mut self) {
        let start = self.at;
        let mut depth = 0_usize;
        while let Some(c) = self.peek() {
            if self.rest().starts_with("/*") && !self.rest().starts_with(HINT_START) {
                depth += 1;
                self.at += 2;
            } else if self.rest().starts_with("*/") {
                depth = depth.saturating_sub(1);
                self.at += 2;
                if depth == 0 {
                    break;
                }
            } else {
                self.at += c.len_utf8();
            }
        }
        if depth > 0 {
            self.doubts("a comment in it has no end");
        }
        self.comment_within(start, 2);
    }

    /// Lexers differ over what a comment within a comment is, and nobody needs one.
    fn comment_within(&mut self, start: usize, behind: usize) {
        if self.in_hint || self.slice(start + behind).contains("/*") {
            self.doubts("a comment in it begins within another comment");
        }
    }

    fn quoted(&mut self, quote: char, escapes: bool) {
        self.at += 1;
        while let Some(c) = self.peek() {
            self.at += c.len_utf8();
            if c == quote {
                return;
            }
            if c == '\\' && escapes {
                self.at += self.peek().map_or(0, char::len_utf8);
            }
        }
        self.doubts("something in it is opened and not closed");
    }

    fn backticks(&mut self) {
        loop {
            self.at += 1;
            self.skip_past("`");
            // A doubled backtick is one within the name.
            if self.peek() != Some('`') {
                return;
            }
        }
    }

    /// `$$ … $$` or `$tag$ … $tag$`; false, and nothing taken, when it is only a dollar sign.
    fn dollar_body(&mut self) -> bool {
        let rest = self.rest();
        let Some(tag_len) = rest.get(1..).and_then(|after| after.find('$')) else { return false };
        let Some(tag) = rest.get(..tag_len + 2) else { return false };
        let name = tag.trim_matches('$');
        if !name.chars().all(is_word) || name.starts_with(|c: char| c.is_ascii_digit()) {
            return false;
        }
        if !name.chars().all(|c| c.is_ascii_alphabetic()) {
            self.doubts("it has a dollar-quoted text with an odd tag");
        }
        self.at += tag.len();
        self.skip_past(tag);
        true
    }
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || (!c.is_ascii() && c.is_alphabetic())
}

/// What Spark's lexer takes as white space.
fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\u{c}' | '\r' | '\u{b}' | '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}')
        || matches!(c, '\u{2028}' | '\u{202f}' | '\u{205f}' | '\u{3000}')
}

/// Bytes of the longest number that a text begins with, 0 for none. One with a dot counts only when no letter, digit or
/// underscore follows it.
fn number_len(text: &str) -> usize {
    let bytes = text.as_bytes();
    let digits =
        |from: usize| bytes.get(from..).map_or(0, |rest| rest.iter().take_while(|b| b.is_ascii_digit()).count());
    let is_one_of = |at: usize, set: &[u8]| bytes.get(at).is_some_and(|b| set.contains(b));
    // `E`, a sign and digits.
    let exponent = |from: usize| {
        let sign = usize::from(is_one_of(from + 1, b"+-"));
        let count = if is_one_of(from, b"eE") { digits(from + 1 + sign) } else { 0 };
        if count > 0 { 1 + sign + count } else { 0 }
    };
    let suffix = |from: usize| match bytes.get(from) {
        Some(b'f' | b'F' | b'd' | b'D') => 1,
        Some(b'b' | b'B') if is_one_of(from + 1, b"dD") => 2,
        _ => 0,
    };
    let whole = digits(0);
    let mut longest = whole;
    if whole > 0 {
        let end = whole + exponent(whole);
        longest = longest.max(end + suffix(end));
    }
    if is_one_of(whole, b".") {
        let fraction = digits(whole + 1);
        let end = whole + 1 + fraction;
        if whole + fraction > 0 {
            let with_exponent = end + exponent(end);
            for candidate in [end, end + suffix(end), with_exponent, with_exponent + suffix(with_exponent)] {
                let next = text.get(candidate..).and_then(|rest| rest.chars().next());
                // `ı` and `ſ` are read as I and S.
                let goes_on = next.is_some_and(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | 'ı' | 'ſ'));
                if !goes_on {
                    longest = longest.max(candidate);
                }
            }
        }
    }
    longest
}

#[cfg(test)]
mod tests;

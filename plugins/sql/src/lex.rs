//! The words of Databricks SQL: enough of its lexer to find where statements end and what they do.
//!
//! Follows Spark's `SqlBaseLexer`: string literals in either quote with backslash escapes, raw strings (`r'…'`),
//! backtick identifiers, dollar-quoted bodies, `--` comments (a backslash before the line end continues them), nested
//! `/* */` comments. Comments and white space are left out; hints are comments here.

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A keyword, a bare name or a number.
    Word,
    /// A name in backticks.
    QuotedName,
    /// A string literal or a dollar-quoted body.
    Text,
    /// One other character.
    Symbol,
}

/// A token with its place in the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token<'a> {
    pub(crate) kind: Kind,
    pub(crate) text: &'a str,
    pub(crate) start: usize,
}

impl Token<'_> {
    /// Whether it is this keyword, in any case.
    pub(crate) fn is(&self, word: &str) -> bool {
        self.kind == Kind::Word && self.text.eq_ignore_ascii_case(word)
    }

    /// Whether it is one of these keywords.
    pub(crate) fn is_any(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.is(word))
    }

    /// Whether it is this character outside quotes.
    pub(crate) fn is_symbol(&self, symbol: &str) -> bool {
        self.kind == Kind::Symbol && self.text == symbol
    }

    /// A name without its backticks.
    pub(crate) fn name(&self) -> Option<String> {
        match self.kind {
            Kind::Word => Some(self.text.to_owned()),
            Kind::QuotedName => {
                let inner = self.text.strip_prefix('`').unwrap_or(self.text);
                Some(inner.strip_suffix('`').unwrap_or(inner).replace("``", "`"))
            }
            Kind::Text | Kind::Symbol => None,
        }
    }

    /// Where the token ends in the source.
    pub(crate) fn end(&self) -> usize {
        self.start + self.text.len()
    }
}

/// The tokens of a source. Total: what is not closed runs to the end.
pub(crate) fn lex(source: &str) -> Vec<Token<'_>> {
    let mut lexer = Lexer { source, at: 0 };
    let mut tokens = Vec::new();
    while let Some(token) = lexer.next_token() {
        tokens.push(token);
    }
    tokens
}

struct Lexer<'a> {
    source: &'a str,
    at: usize,
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
            c if is_word(c) => {
                self.take_while(is_word);
                match self.peek() {
                    // r'…': no escapes inside.
                    Some(quote @ ('\'' | '"')) if self.slice(start).eq_ignore_ascii_case("r") => {
                        self.quoted(quote, false);
                        Kind::Text
                    }
                    _ => Kind::Word,
                }
            }
            c => {
                self.at += c.len_utf8();
                Kind::Symbol
            }
        };
        Some(Token { kind, text: self.slice(start), start })
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

    /// To behind the first occurrence of `end`, or to the end of the source.
    fn skip_past(&mut self, end: &str) {
        let rest = self.rest();
        self.at += rest.find(end).map_or(rest.len(), |found| found + end.len());
    }

    fn skip_blank(&mut self) {
        loop {
            self.take_while(|c| c.is_whitespace() || c == '\u{feff}');
            if self.rest().starts_with("--") {
                self.line_comment();
            } else if self.rest().starts_with("/*") {
                self.block_comment();
            } else {
                return;
            }
        }
    }

    fn line_comment(&mut self) {
        let mut before = ' ';
        while let Some(c) = self.peek() {
            self.at += c.len_utf8();
            if c == '\r' || (c == '\n' && before != '\\') {
                return;
            }
            before = c;
        }
    }

    fn block_comment(&mut self) {
        let mut depth = 0_usize;
        while let Some(c) = self.peek() {
            if self.rest().starts_with("/*") {
                depth += 1;
                self.at += 2;
            } else if self.rest().starts_with("*/") {
                depth -= 1;
                self.at += 2;
                if depth == 0 {
                    return;
                }
            } else {
                self.at += c.len_utf8();
            }
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
        self.at += tag.len();
        self.skip_past(tag);
        true
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(source: &str, expect: &[&str]) {
        let texts: Vec<_> = lex(source).into_iter().map(|token| token.text).collect();
        assert_eq!(texts, expect, "{source}");
    }

    #[test]
    fn keeps_quotes_whole() {
        check(r"select 'a;''b\';' x", &["select", "'a;'", r"'b\';'", "x"]);
        check(r#"select "a\";" , `b``;`"#, &["select", r#""a\";""#, ",", "`b``;`"]);
        check(r"select r'\' ; x", &["select", r"r'\'", ";", "x"]);
        check("as $$ a; 'b $$ ;", &["as", "$$ a; 'b $$", ";"]);
        check("as $py$ $$ ; $py$ ;", &["as", "$py$ $$ ; $py$", ";"]);
        check("$1 + $2", &["$", "1", "+", "$", "2"]);
    }

    #[test]
    fn leaves_comments_out() {
        check("a -- b ; c\n d", &["a", "d"]);
        check("a -- b \\\n still ; a comment\n d", &["a", "d"]);
        check("a /* x /* y; */ z */ b", &["a", "b"]);
        check("a /* open ;", &["a"]);
        check("'-- no' /*+ hint */ x", &["'-- no'", "x"]);
    }

    #[test]
    fn takes_what_is_not_closed_to_the_end() {
        check("a 'b ; c", &["a", "'b ; c"]);
        check("a `b ; c", &["a", "`b ; c"]);
        check("a $$ b ; c", &["a", "$$ b ; c"]);
        check("a '\\", &["a", "'\\"]);
        check("é`", &["é", "`"]);
    }

    #[test]
    fn names_lose_their_backticks() {
        let names: Vec<_> = lex("`a``b`.c").iter().filter_map(Token::name).collect();
        assert_eq!(names, ["a`b", "c"]);
    }
}

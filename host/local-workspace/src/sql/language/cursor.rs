//! A reading position in a token list, with the small steps that every catalog statement is parsed by.

use super::{
    error::SqlError,
    lexer::{Kind, Token, tokenize},
};

/// Tokens of one statement and how far they were read.
#[derive(Debug)]
pub(crate) struct Cursor<'a> {
    source: &'a str,
    tokens: Vec<Token>,
    at: usize,
}

impl<'a> Cursor<'a> {
    /// Reads one statement; a single closing semicolon is dropped.
    ///
    /// # Errors
    /// Unclosed quotes, an empty statement, and more than one statement.
    pub(crate) fn new(source: &'a str) -> Result<Self, SqlError> {
        let mut tokens = tokenize(source)?;
        while tokens.last().is_some_and(|t| t.is(";")) {
            tokens.pop();
        }
        if tokens.is_empty() {
            return Err(SqlError::empty_statement());
        }
        if let Some(position) = tokens.iter().position(|t| t.is(";")) {
            let next = tokens.get(position + 1);
            let (text, start) = next.map_or(("", source.len()), |t| (t.text.as_str(), t.start));
            return Err(SqlError::syntax(text, source, start));
        }
        Ok(Self { source, tokens, at: 0 })
    }

    pub(crate) fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    pub(crate) fn peek_at(&self, offset: usize) -> Option<&Token> {
        self.tokens.get(self.at + offset)
    }

    pub(crate) fn advance(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned()?;
        self.at += 1;
        Some(token)
    }

    pub(crate) fn is_done(&self) -> bool {
        self.at >= self.tokens.len()
    }

    pub(crate) fn position(&self) -> usize {
        self.at
    }

    pub(crate) fn rewind(&mut self, position: usize) {
        self.at = position;
    }

    /// Takes the words if they come next, all or none.
    pub(crate) fn take(&mut self, words: &[&str]) -> bool {
        let matches = words.iter().enumerate().all(|(i, word)| self.peek_at(i).is_some_and(|t| t.is(word)));
        if matches {
            self.at += words.len();
        }
        matches
    }

    /// Takes one of the words if it comes next, and says which.
    pub(crate) fn take_any(&mut self, words: &[&'static str]) -> Option<&'static str> {
        let found = words.iter().copied().find(|word| self.peek().is_some_and(|t| t.is(word)))?;
        self.at += 1;
        Some(found)
    }

    pub(crate) fn sees(&self, words: &[&str]) -> bool {
        words.iter().enumerate().all(|(i, word)| self.peek_at(i).is_some_and(|t| t.is(word)))
    }

    pub(crate) fn expect(&mut self, words: &[&str]) -> Result<(), SqlError> {
        if self.take(words) { Ok(()) } else { Err(self.unexpected()) }
    }

    /// Refuses what is left over.
    pub(crate) fn end(&self) -> Result<(), SqlError> {
        if self.is_done() { Ok(()) } else { Err(self.unexpected()) }
    }

    /// A syntax error at the current token.
    pub(crate) fn unexpected(&self) -> SqlError {
        match self.peek() {
            Some(token) => SqlError::syntax(self.slice(token.start, token.end), self.source, token.start),
            None => SqlError::syntax("", self.source, self.source.len()),
        }
    }

    /// One identifier.
    pub(crate) fn identifier(&mut self) -> Result<String, SqlError> {
        match self.peek() {
            Some(token) if matches!(token.kind, Kind::Word | Kind::Ident) => {
                let text = token.text.clone();
                self.at += 1;
                Ok(text)
            }
            _ => Err(self.unexpected()),
        }
    }

    /// An identifier of one or more parts.
    pub(crate) fn name(&mut self) -> Result<Vec<String>, SqlError> {
        if self.sees(&["IDENTIFIER", "("]) {
            return self.identifier_clause();
        }
        let mut parts = vec![self.identifier()?];
        while self.take(&["."]) {
            parts.push(self.identifier()?);
        }
        Ok(parts)
    }

    /// `IDENTIFIER('a.b.c')`; parameters in it were put in by the caller before.
    fn identifier_clause(&mut self) -> Result<Vec<String>, SqlError> {
        self.expect(&["IDENTIFIER", "("])?;
        let text = self.text()?;
        self.expect(&[")"])?;
        let mut inner = Cursor::new(&text)?;
        let parts = inner.name()?;
        inner.end()?;
        Ok(parts)
    }

    /// A string literal's value.
    pub(crate) fn text(&mut self) -> Result<String, SqlError> {
        match self.peek() {
            Some(token) if token.kind == Kind::Text => {
                let text = token.text.clone();
                self.at += 1;
                Ok(text)
            }
            _ => Err(self.unexpected()),
        }
    }

    /// A string literal if one comes next.
    pub(crate) fn take_text(&mut self) -> Option<String> {
        let text = self.peek().filter(|t| t.kind == Kind::Text)?.text.clone();
        self.at += 1;
        Some(text)
    }

    /// Skips a bracketed group, the opening bracket being next, and gives its inner text.
    pub(crate) fn group(&mut self) -> Result<&'a str, SqlError> {
        let open = self.peek().filter(|t| t.is("(")).map(|t| t.end).ok_or_else(|| self.unexpected())?;
        let mut depth = 0_usize;
        while let Some(token) = self.advance() {
            if token.is("(") {
                depth += 1;
            } else if token.is(")") {
                depth -= 1;
                if depth == 0 {
                    return Ok(self.slice(open, token.start));
                }
            }
        }
        Err(self.unexpected())
    }

    /// The source text between two byte positions.
    pub(crate) fn slice(&self, start: usize, end: usize) -> &'a str {
        self.source.get(start..end).unwrap_or_default()
    }

    /// Byte position where the next token starts (or the statement ends).
    pub(crate) fn start(&self) -> usize {
        self.peek().map_or_else(|| self.tokens.last().map_or(0, |t| t.end), |t| t.start)
    }

    /// Byte position where the last read token ends.
    pub(crate) fn last_end(&self) -> usize {
        self.at.checked_sub(1).and_then(|i| self.tokens.get(i)).map_or(0, |t| t.end)
    }

    /// What is not read yet, as text, without a closing semicolon; everything counts as read afterwards.
    pub(crate) fn rest(&mut self) -> &'a str {
        let end = self.tokens.last().map_or(0, |t| t.end);
        let text = self.slice(self.start(), end);
        self.at = self.tokens.len();
        text
    }
}

//! The words of Scala and R: names, texts with what is put into them, numbers and symbols. Comments are left out.

use crate::analysis::Language;

/// Comments within comments that are followed.
const MAX_COMMENT_DEPTH: usize = 1_000;

/// A part of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    Literal(String),
    /// What is put in: a name, or an expression as it is written.
    Hole(String),
}

/// A word with its line, from 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Word {
    Name { text: String, line: u32 },
    Number { line: u32 },
    Text { pieces: Vec<Part>, line: u32 },
    Symbol { symbol: char, line: u32 },
}

impl Word {
    pub(super) fn line(&self) -> u32 {
        match self {
            Self::Name { line, .. } | Self::Number { line } | Self::Text { line, .. } | Self::Symbol { line, .. } => {
                *line
            }
        }
    }
}

/// The words of a text, and the line of what is opened and not closed.
pub(super) fn words(text: &str, language: Language) -> (Vec<Word>, Option<u32>) {
    let mut reader = Reader { rest: text, line: 0, language, open: None };
    let mut words = Vec::new();
    while let Some(word) = reader.next() {
        words.push(word);
    }
    let mut brackets: Vec<(char, u32)> = Vec::new();
    for word in &words {
        let Word::Symbol { symbol, line } = word else { continue };
        let opens = match symbol {
            ')' => '(',
            ']' => '[',
            '}' => '{',
            '(' | '[' | '{' => {
                brackets.push((*symbol, *line));
                continue;
            }
            _ => continue,
        };
        if brackets.pop().is_none_or(|(open, _)| open != opens) {
            reader.open.get_or_insert(*line);
        }
    }
    let open = reader.open.or_else(|| brackets.first().map(|(_, line)| *line));
    (words, open)
}

struct Reader<'t> {
    rest: &'t str,
    line: u32,
    language: Language,
    open: Option<u32>,
}

impl<'t> Reader<'t> {
    fn take(&mut self, bytes: usize) -> &'t str {
        let (taken, rest) = self.rest.split_at_checked(bytes).unwrap_or((self.rest, ""));
        self.line = self.line.saturating_add(u32::try_from(taken.matches('\n').count()).unwrap_or(u32::MAX));
        self.rest = rest;
        taken
    }

    /// To behind `end`, without it; the rest where it does not come.
    fn take_until(&mut self, end: &str) -> &'t str {
        match self.rest.find(end) {
            Some(at) => {
                let taken = self.take(at);
                self.take(end.len());
                taken
            }
            None => {
                self.open.get_or_insert(self.line);
                self.take(self.rest.len())
            }
        }
    }

    fn next(&mut self) -> Option<Word> {
        self.skip_blank();
        let line = self.line;
        let first = self.rest.chars().next()?;
        let is_name = |c: char| c.is_alphanumeric() || c == '_' || (c == '.' && self.language == Language::R);
        if first.is_alphabetic() || first == '_' {
            let long = self.rest.chars().take_while(|c| is_name(*c)).map(char::len_utf8).sum();
            let text = self.take(long);
            return Some(self.after_name(text, line));
        }
        if first.is_ascii_digit() {
            let long = self.rest.chars().take_while(|c| c.is_alphanumeric() || *c == '.').map(char::len_utf8).sum();
            self.take(long);
            return Some(Word::Number { line });
        }
        Some(match first {
            '"' => Word::Text { pieces: vec![Part::Literal(self.quoted())], line },
            '\'' if self.language == Language::R => Word::Text { pieces: vec![Part::Literal(self.quoted())], line },
            '\'' => {
                self.character();
                Word::Number { line }
            }
            '`' => {
                self.take(1);
                let text = self.take_until("`").to_owned();
                Word::Name { text, line }
            }
            symbol => {
                self.take(symbol.len_utf8());
                Word::Symbol { symbol, line }
            }
        })
    }

    /// A name, or the text that it begins: `s"…"`, `r"(…)"`.
    fn after_name(&mut self, text: &str, line: u32) -> Word {
        if self.rest.starts_with('"') && self.language == Language::Scala {
            let inner = self.quoted();
            let pieces =
                if matches!(text, "s" | "f" | "raw") { interpolated(&inner) } else { vec![Part::Literal(inner)] };
            return Word::Text { pieces, line };
        }
        if matches!(text, "r" | "R")
            && self.language == Language::R
            && (self.rest.starts_with("\"(") || self.rest.starts_with("'("))
        {
            let end = if self.rest.starts_with('"') { ")\"" } else { ")'" };
            self.take(2);
            let inner = self.take_until(end).to_owned();
            return Word::Text { pieces: vec![Part::Literal(inner)], line };
        }
        Word::Name { text: text.to_owned(), line }
    }

    fn quoted(&mut self) -> String {
        if self.language == Language::Scala && self.rest.starts_with("\"\"\"") {
            self.take(3);
            return self.take_until("\"\"\"").to_owned();
        }
        let Some(quote) = self.rest.chars().next() else { return String::new() };
        self.take(1);
        let mut text = String::new();
        loop {
            match self.rest.chars().next() {
                None => break,
                Some('\n') if self.language == Language::Scala => break,
                Some(c) if c == quote => {
                    self.take(1);
                    return text;
                }
                Some('\\') => {
                    self.take(1);
                    if let Some(c) = self.rest.chars().next() {
                        self.take(c.len_utf8());
                        text.push(match c {
                            'n' => '\n',
                            't' => '\t',
                            other => other,
                        });
                    }
                }
                Some(c) => {
                    self.take(c.len_utf8());
                    text.push(c);
                }
            }
        }
        self.open.get_or_insert(self.line);
        text
    }

    /// `'x'`, or the sign in front of a symbol's name.
    fn character(&mut self) {
        self.take(1);
        let mut chars = self.rest.chars();
        let escaped = chars.next() == Some('\\');
        let long: usize = self.rest.chars().take(if escaped { 2 } else { 1 }).map(char::len_utf8).sum();
        if self.rest.get(long..).is_some_and(|rest| rest.starts_with('\'')) {
            self.take(long + 1);
        }
    }

    fn skip_blank(&mut self) {
        loop {
            let blank = self.rest.len() - self.rest.trim_start().len();
            self.take(blank);
            let comment = if self.language == Language::R { "#" } else { "//" };
            if self.rest.starts_with(comment) {
                let end = self.rest.find('\n').unwrap_or(self.rest.len());
                self.take(end);
            } else if self.language == Language::Scala && self.rest.starts_with("/*") {
                self.block_comment();
            } else {
                return;
            }
        }
    }

    fn block_comment(&mut self) {
        let line = self.line;
        let mut depth = 0_usize;
        while !self.rest.is_empty() {
            if self.rest.starts_with("/*") && depth < MAX_COMMENT_DEPTH {
                depth += 1;
                self.take(2);
            } else if self.rest.starts_with("*/") {
                depth -= 1;
                self.take(2);
                if depth == 0 {
                    return;
                }
            } else {
                let long = self.rest.chars().next().map_or(0, char::len_utf8);
                self.take(long);
            }
        }
        self.open.get_or_insert(line);
    }
}

/// `$name` and `${expression}` in a text.
fn interpolated(text: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((before, found)) = rest.split_once('$') {
        parts.push(Part::Literal(before.to_owned()));
        if let Some((inner, behind)) = found.strip_prefix('{').and_then(|inner| inner.split_once('}')) {
            parts.push(Part::Hole(inner.trim().to_owned()));
            rest = behind;
        } else if let Some(behind) = found.strip_prefix('$') {
            parts.push(Part::Literal("$".to_owned()));
            rest = behind;
        } else {
            let long = found.chars().take_while(|c| c.is_alphanumeric() || *c == '_').map(char::len_utf8).sum();
            let (name, behind) = found.split_at_checked(long).unwrap_or((found, ""));
            parts.push(Part::Hole(name.to_owned()));
            rest = behind;
        }
    }
    parts.push(Part::Literal(rest.to_owned()));
    parts.retain(|part| !matches!(part, Part::Literal(text) if text.is_empty()));
    parts
}

//! What cells of Scala and R do, told from their words: comments and texts are told apart, constants are followed, and
//! calls are known by their names. There is no parser of either that a plugin could carry.

mod calls;
mod values;
mod words;

use crate::analysis::{CellError, Language, Place};
use crate::facts::Facts;
use crate::text::Text;
use values::Values;
use words::{Word, words};

/// Words of one call's arguments that are looked at: what is longer is a program of its own.
const MAX_SPAN: usize = 1_000;

/// Reads the cells of one language; constants are known in those that follow.
#[derive(Debug, Default)]
pub(crate) struct Script {
    values: Values,
}

impl Script {
    /// Reads a cell whose text begins at `first`.
    pub(crate) fn cell(
        &mut self,
        facts: &mut Facts,
        language: Language,
        text: &str,
        first: Place,
    ) -> Option<CellError> {
        let (words, open) = words(text, language);
        let mut cell = Cell { facts, language, words: &words, first, values: &mut self.values };
        cell.read();
        open.map(|line| CellError {
            line: first.line.saturating_add(line),
            message: "a text, a comment or a bracket is not closed".to_owned(),
        })
    }
}

/// A cell that is being read.
struct Cell<'r> {
    facts: &'r mut Facts,
    language: Language,
    words: &'r [Word],
    first: Place,
    values: &'r mut Values,
}

impl Cell<'_> {
    fn read(&mut self) {
        for at in 0..self.words.len() {
            self.go_to(at);
            if let Some(Word::Text { pieces, .. }) = self.words.get(at) {
                for piece in pieces {
                    if let words::Part::Literal(text) = piece {
                        self.facts.look_at(text);
                    }
                }
            }
            self.import(at);
            self.assignment(at);
            self.call(at);
        }
        self.facts.at = self.first;
    }

    fn go_to(&mut self, at: usize) {
        let line = self.words.get(at).map_or(0, Word::line);
        self.facts.at = Place { line: self.first.line.saturating_add(line), ..self.first };
    }

    fn name(&self, at: usize) -> Option<&str> {
        match self.words.get(at)? {
            Word::Name { text, .. } => Some(text),
            _ => None,
        }
    }

    fn is(&self, at: usize, symbol: char) -> bool {
        matches!(self.words.get(at), Some(Word::Symbol { symbol: found, .. }) if *found == symbol)
    }

    /// Where the bracket at `open` is closed.
    fn closing(&self, open: usize) -> usize {
        let mut depth = 0_usize;
        let last = self.words.len().min(open + MAX_SPAN);
        for at in open..last {
            match self.words.get(at) {
                Some(Word::Symbol { symbol: '(' | '[' | '{', .. }) => depth += 1,
                Some(Word::Symbol { symbol: ')' | ']' | '}', .. }) => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        return at;
                    }
                }
                _ => {}
            }
        }
        last
    }

    /// The words of each argument of the call whose bracket is at `open`, with its name where it has one.
    fn arguments(&self, open: usize) -> Vec<(Option<String>, std::ops::Range<usize>)> {
        let end = self.closing(open);
        let mut arguments = Vec::new();
        let mut start = open + 1;
        let mut depth = 0_usize;
        for at in open + 1..=end.min(self.words.len()) {
            match self.words.get(at) {
                Some(Word::Symbol { symbol: '(' | '[' | '{', .. }) => depth += 1,
                Some(Word::Symbol { symbol: ')' | ']' | '}', .. }) if at < end => depth = depth.saturating_sub(1),
                Some(Word::Symbol { symbol: ',', .. }) if depth == 0 => {
                    arguments.push(start..at);
                    start = at + 1;
                }
                _ => {}
            }
        }
        if start < end {
            arguments.push(start..end);
        }
        let named = |range: std::ops::Range<usize>| match (self.name(range.start), self.is(range.start + 1, '=')) {
            (Some(name), true) if !self.is(range.start + 2, '=') => (Some(name.to_owned()), range.start + 2..range.end),
            _ => (None, range),
        };
        arguments.into_iter().map(named).collect()
    }

    /// What an expression is, as a text.
    fn value(&mut self, range: std::ops::Range<usize>) -> Text {
        let words = self.words.get(range.clone()).unwrap_or_default();
        if let Some(name) = self.widget(range.start) {
            self.facts.asks(&name, crate::analysis::ParameterKind::Undeclared, None);
            return Text::parameter(&name);
        }
        self.values.of(words, self.language)
    }

    /// The name of the widget that is asked for at `at`: `dbutils.widgets.get("day")`.
    fn widget(&self, at: usize) -> Option<String> {
        let path = ["dbutils", "widgets", "get"];
        let follows = path.iter().enumerate().all(|(step, name)| {
            self.name(at + 2 * step) == Some(name) && (step == 2 || self.is(at + 2 * step + 1, '.'))
        });
        let open = match self.name(at) {
            _ if follows => at + 5,
            // R writes it as one name.
            Some("getArgument" | "dbutils.widgets.get") => at + 1,
            _ => return None,
        };
        match (self.is(open, '('), self.words.get(open + 1)) {
            (true, Some(Word::Text { pieces, .. })) => match pieces.as_slice() {
                [words::Part::Literal(name)] => Some(name.clone()),
                _ => None,
            },
            _ => None,
        }
    }

    /// `val x = …`, `x <- …`.
    fn assignment(&mut self, at: usize) {
        let Some(name) = self.name(at).map(str::to_owned) else { return };
        let declared = at
            .checked_sub(1)
            .and_then(|before| self.name(before))
            .is_some_and(|word| matches!(word, "val" | "var" | "def"));
        let start = match self.language {
            Language::R if self.is(at + 1, '<') && self.is(at + 2, '-') => at + 3,
            Language::R if self.is(at + 1, '=') && !self.is(at + 2, '=') && self.starts_line(at) => at + 2,
            Language::Scala if declared && self.is(at + 1, '=') => at + 2,
            Language::Scala if declared && self.is(at + 1, ':') && self.is(at + 3, '=') => at + 4,
            _ => return,
        };
        let line = self.words.get(start).map(Word::line);
        let mut end = start;
        let mut depth = 0_usize;
        while let Some(word) = self.words.get(end) {
            match word {
                Word::Symbol { symbol: '(' | '[' | '{', .. } => depth += 1,
                Word::Symbol { symbol: ')' | ']' | '}', .. } if depth == 0 => break,
                Word::Symbol { symbol: ')' | ']' | '}', .. } => depth -= 1,
                Word::Symbol { symbol: ';', .. } => break,
                _ => {}
            }
            let continues = depth > 0 || end.checked_sub(1).is_some_and(|before| self.is(before, '+'));
            if Some(word.line()) != line && !continues && !matches!(word, Word::Symbol { symbol: '+' | '.', .. }) {
                break;
            }
            end += 1;
        }
        let value = self.value(start..end);
        self.facts.look_at_named(&name, &value);
        self.values.set(&name, value.computed());
    }

    fn starts_line(&self, at: usize) -> bool {
        let line = |at: usize| self.words.get(at).map(Word::line);
        at.checked_sub(1).is_none_or(|before| line(before) != line(at))
    }
}

#[cfg(test)]
mod tests;

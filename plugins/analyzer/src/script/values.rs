//! Constants: texts that names stand for.

use std::collections::BTreeMap;

use super::words::{Part, Word};
use crate::analysis::Language;
use crate::text::{Piece, Text};

/// What names stand for.
#[derive(Debug, Default)]
pub(super) struct Values(BTreeMap<String, Text>);

impl Values {
    pub(super) fn set(&mut self, name: &str, value: Text) {
        self.0.insert(name.to_owned(), value);
    }

    fn of_name(&self, name: &str) -> Text {
        self.0.get(name).cloned().unwrap_or_else(|| Text::unknown(name))
    }

    /// What an expression is: texts, names and what `+` or `paste0` puts together.
    pub(super) fn of(&self, words: &[Word], language: Language) -> Text {
        match words {
            [Word::Text { pieces, .. }] => self.of_text(pieces),
            [Word::Name { text, .. }] => self.of_name(text),
            [
                Word::Name { text, .. },
                Word::Symbol { symbol: '(', .. },
                inner @ ..,
                Word::Symbol { symbol: ')', .. },
            ] if language == Language::R && matches!(text.as_str(), "paste0" | "paste" | "glue") => {
                let separator = if text == "paste" { " " } else { "" };
                self.joined(inner, ',', separator)
            }
            [Word::Text { .. } | Word::Name { .. }, Word::Symbol { symbol: '+', .. }, ..]
                if language == Language::Scala =>
            {
                self.joined(words, '+', "")
            }
            // A text with a method: stripMargin, trim.
            [Word::Text { pieces, .. }, Word::Symbol { symbol: '.', .. }, Word::Name { text, .. }]
                if matches!(text.as_str(), "stripMargin" | "trim") =>
            {
                let margin = text == "stripMargin";
                let text = self.of_text(pieces);
                if margin { text.map(|part| part.replace("\n|", "\n")) } else { text }
            }
            _ => Text::unknown(&shown(words)),
        }
    }

    fn of_text(&self, pieces: &[Part]) -> Text {
        let mut text = Text::default();
        for piece in pieces {
            match piece {
                Part::Literal(literal) => text.append(&Text::literal(literal)),
                Part::Hole(name) => text.append(&self.of_name(name).computed()),
            }
        }
        text
    }

    fn joined(&self, words: &[Word], by: char, separator: &str) -> Text {
        let mut whole = Text::default();
        let parts = words.split(|word| matches!(word, Word::Symbol { symbol, .. } if *symbol == by));
        for (at, part) in parts.enumerate() {
            if at > 0 {
                whole.append(&Text::literal(separator));
            }
            match part {
                [Word::Text { pieces, .. }] => whole.append(&self.of_text(pieces)),
                [Word::Name { text, .. }] => whole.append(&self.of_name(text)),
                // sep = ""
                [Word::Name { .. }, Word::Symbol { symbol: '=', .. }, ..] => {}
                other => whole.push(Piece::Unknown(shown(other))),
            }
        }
        whole
    }
}

/// An expression for people: its names.
fn shown(words: &[Word]) -> String {
    let mut shown = String::new();
    for word in words.iter().take(8) {
        match word {
            Word::Name { text, .. } => shown.push_str(text),
            Word::Symbol { symbol: '.' | '(' | ')', .. } => {
                shown.push(if let Word::Symbol { symbol, .. } = word { *symbol } else { '.' })
            }
            _ => shown.push('…'),
        }
    }
    if shown.is_empty() { "…".to_owned() } else { shown }
}

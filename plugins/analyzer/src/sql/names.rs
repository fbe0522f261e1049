//! Names, markers and constant expressions among the words.

use bricklayer_spark_sql::lex::{Kind, Token};

use super::Reader;
use crate::text::{Piece, Text};

/// Words behind a parenthesis that are looked at for its end.
const MAX_SPAN: usize = 1_000;

/// The name of the marker (`:day`) that begins at a token. `a:b` reads a field and `a::int` casts.
pub(super) fn marker<'a>(tokens: &[Token<'a>], at: usize) -> Option<&'a str> {
    let colon = tokens.get(at).filter(|token| token.is_symbol(":"))?;
    let name = tokens.get(at + 1).filter(|name| name.kind == Kind::Word && name.start == colon.end())?;
    let before = at.checked_sub(1).and_then(|before| tokens.get(before));
    let reads = before.is_some_and(|before| {
        before.end() == colon.start
            && (matches!(before.kind, Kind::Word | Kind::QuotedName) || matches!(before.text, ")" | "]" | ":"))
    });
    (!reads).then_some(name.text)
}

/// Where the parenthesis at `open` is closed; where the looking ends when it is not.
pub(super) fn closing(tokens: &[Token<'_>], open: usize) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().skip(open).take(MAX_SPAN) {
        if token.is_symbol("(") {
            depth += 1;
        } else if token.is_symbol(")") {
            depth = depth.saturating_sub(1);
            if depth == 0 {
                return at;
            }
        }
    }
    tokens.len().min(open + MAX_SPAN)
}

impl<'a> Reader<'_, 'a> {
    /// A name at `at`, and where it ends. None where no name stands.
    pub(super) fn name(&self, tokens: &[Token<'a>], at: usize) -> Option<(Text, usize)> {
        let mut name = Text::default();
        let mut at = at;
        loop {
            let token = tokens.get(at)?;
            if token.is("IDENTIFIER") && tokens.get(at + 1).is_some_and(|next| next.is_symbol("(")) {
                let end = closing(tokens, at + 1);
                name.append(&self.constant(tokens.get(at + 2..end).unwrap_or_default()));
                at = end + 1;
            } else {
                name.append(&self.part(token)?);
                at += 1;
            }
            let dot = tokens.get(at).filter(|dot| dot.is_symbol("."));
            let Some(dot) = dot else { return Some((name, at)) };
            name.append(&Text::literal(dot.text));
            at += 1;
        }
    }

    fn part(&self, token: &Token<'a>) -> Option<Text> {
        let start = self.start + token.start;
        match token.kind {
            Kind::Word | Kind::Number => Some(self.source.meaning(token.text, start)),
            Kind::QuotedName => {
                let inner = token.name()?;
                let mut quoted = Text::literal("`");
                quoted.append(&self.source.meaning(&inner, start));
                quoted.append(&Text::literal("`"));
                Some(quoted)
            }
            Kind::Text | Kind::Symbol => None,
        }
    }

    /// A text in quotes.
    pub(super) fn literal(&self, token: &Token<'a>) -> Option<Text> {
        Some(self.source.meaning(token.literal()?, self.start + token.start))
    }

    /// An expression of texts and markers: `'main.' || :schema`.
    pub(super) fn constant(&self, tokens: &[Token<'a>]) -> Text {
        let mut whole = Text::default();
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            let joins = matches!(token.text, "|" | "(" | ")" | ",") || token.is_any(&["CONCAT"]);
            if let Some(text) = self.literal(token) {
                whole.append(&text);
            } else if let Some(name) = marker(tokens, at) {
                whole.push(Piece::Parameter(name.to_owned()));
                at += 1;
            } else if !joins {
                let shown = self.source.meaning(token.text, self.start + token.start);
                match shown.parameters().is_empty() {
                    true => whole.push(Piece::Unknown(token.text.chars().take(40).collect())),
                    false => whole.append(&shown),
                }
            }
            at += 1;
        }
        whole
    }
}

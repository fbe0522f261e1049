//! Texts as far as they are known: literal parts, parameters whose value comes when it runs, and what cannot be told.

use crate::analysis::Certainty;
use crate::sensitive;

/// Pieces of one text: more are summed up as unknown.
const MAX_PIECES: usize = 512;

/// Bytes of the literal parts of one text: what loops and repetitions put together has an end.
const MAX_TEXT_BYTES: usize = 256 * 1024;

/// A part of a text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Piece {
    /// Known; `computed` when it came from elsewhere than its own place.
    Literal { text: String, computed: bool },
    /// The value of a parameter of this name.
    Parameter(String),
    /// The value of an expression, shortened for people.
    Unknown(String),
}

/// A text of pieces.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Text {
    pieces: Vec<Piece>,
    /// Of all literal parts.
    bytes: usize,
}

impl Text {
    pub(crate) fn literal(text: &str) -> Self {
        let mut made = Self::default();
        made.push(Piece::Literal { text: text.to_owned(), computed: false });
        made
    }

    pub(crate) fn parameter(name: &str) -> Self {
        Self { pieces: vec![Piece::Parameter(name.to_owned())], bytes: 0 }
    }

    pub(crate) fn unknown(expression: &str) -> Self {
        Self { pieces: vec![Piece::Unknown(expression.to_owned())], bytes: 0 }
    }

    pub(crate) fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    pub(crate) fn push(&mut self, piece: Piece) {
        let more = if let Piece::Literal { text, .. } = &piece { text.len() } else { 0 };
        if matches!(piece, Piece::Literal { .. }) && more == 0 {
            return;
        }
        if self.bytes + more > MAX_TEXT_BYTES || self.pieces.len() >= MAX_PIECES {
            if self.pieces.last() != Some(&Piece::Unknown("…".to_owned())) {
                self.pieces.push(Piece::Unknown("…".to_owned()));
            }
            return;
        }
        self.bytes += more;
        match (self.pieces.last_mut(), &piece) {
            (Some(Piece::Literal { text, computed }), Piece::Literal { text: more, computed: same })
                if computed == same =>
            {
                text.push_str(more);
            }
            _ => self.pieces.push(piece),
        }
    }

    /// How much there is to copy, in steps.
    pub(crate) fn weight(&self) -> usize {
        1 + self.bytes / 64 + self.pieces.len()
    }

    pub(crate) fn append(&mut self, other: &Self) {
        for piece in &other.pieces {
            self.push(piece.clone());
        }
    }

    /// The same, known from elsewhere.
    pub(crate) fn computed(&self) -> Self {
        let mut made = Self::default();
        for piece in &self.pieces {
            made.push(match piece {
                Piece::Literal { text, .. } => Piece::Literal { text: text.clone(), computed: true },
                other => other.clone(),
            });
        }
        made
    }

    /// What it is when all of it is known.
    pub(crate) fn known(&self) -> Option<String> {
        let mut whole = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Literal { text, .. } => whole.push_str(text),
                Piece::Parameter(_) | Piece::Unknown(_) => return None,
            }
        }
        Some(whole)
    }

    /// Whether nothing of it is known.
    pub(crate) fn is_unknown(&self) -> bool {
        !self.pieces.is_empty() && self.pieces.iter().all(|piece| matches!(piece, Piece::Unknown(_)))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// What it begins with, as far as that is known.
    pub(crate) fn known_start(&self) -> &str {
        match self.pieces.first() {
            Some(Piece::Literal { text, .. }) => text,
            _ => "",
        }
    }

    pub(crate) fn certainty(&self) -> Certainty {
        let of = |piece: &Piece| match piece {
            Piece::Literal { computed: false, .. } => Certainty::Literal,
            Piece::Literal { computed: true, .. } => Certainty::Computed,
            Piece::Parameter(_) => Certainty::Parameterised,
            Piece::Unknown(_) => Certainty::Unknown,
        };
        self.pieces.iter().map(of).max().unwrap_or_default()
    }

    /// For people: parameters and what is unknown stand in braces, and no secret is in it.
    pub(crate) fn shown(&self) -> String {
        let mut shown = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Literal { text, .. } => shown.push_str(&sensitive::shown(text)),
                Piece::Parameter(name) | Piece::Unknown(name) => {
                    shown.push('{');
                    shown.push_str(name);
                    shown.push('}');
                }
            }
        }
        shown
    }

    /// The parameters in it, in order, each once.
    pub(crate) fn parameters(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for piece in &self.pieces {
            if let Piece::Parameter(name) = piece
                && !names.contains(name)
            {
                names.push(name.clone());
            }
        }
        names
    }

    /// With `value` in the place of each parameter; none when something stays open.
    pub(crate) fn filled(&self, value: impl Fn(&str) -> Option<String>) -> Option<String> {
        let mut whole = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Literal { text, .. } => whole.push_str(text),
                Piece::Parameter(name) => whole.push_str(&value(name)?),
                Piece::Unknown(_) => return None,
            }
        }
        Some(whole)
    }

    /// The same with the known parts changed.
    pub(crate) fn map(&self, change: impl Fn(&str) -> String) -> Self {
        let mut made = Self::default();
        for piece in &self.pieces {
            made.push(match piece {
                Piece::Literal { text, .. } => Piece::Literal { text: change(text), computed: true },
                other => other.clone(),
            });
        }
        made
    }

    /// The same without white space around it.
    pub(crate) fn trimmed(&self) -> Self {
        let last = self.pieces.len().saturating_sub(1);
        let mut made = Self::default();
        for (at, piece) in self.pieces.iter().enumerate() {
            made.push(match piece {
                Piece::Literal { text, computed } => {
                    let text = if at == 0 { text.trim_start() } else { text };
                    let text = if at == last { text.trim_end() } else { text };
                    Piece::Literal { text: text.to_owned(), computed: *computed }
                }
                other => other.clone(),
            });
        }
        made
    }

    /// Cut at each `separator` outside backticks, which are taken away.
    pub(crate) fn split(&self, separator: char) -> Vec<Self> {
        let mut parts = vec![Self::default()];
        let mut quoted = false;
        for piece in &self.pieces {
            let Piece::Literal { text, computed } = piece else {
                if let Some(part) = parts.last_mut() {
                    part.push(piece.clone());
                }
                continue;
            };
            for c in text.chars() {
                if c == '`' {
                    quoted = !quoted;
                } else if c == separator && !quoted {
                    parts.push(Self::default());
                } else if let Some(part) = parts.last_mut() {
                    part.push(Piece::Literal { text: c.to_string(), computed: *computed });
                }
            }
        }
        parts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_as_sure_as_its_least_sure_piece() {
        let mut text = Text::literal("main.");
        assert_eq!((text.certainty(), text.known().as_deref()), (Certainty::Literal, Some("main.")));
        text.append(&Text::literal("a").computed());
        assert_eq!(text.certainty(), Certainty::Computed);
        text.append(&Text::parameter("p"));
        assert_eq!((text.certainty(), text.shown().as_str()), (Certainty::Parameterised, "main.a{p}"));
        assert_eq!(text.filled(|_| Some("1".to_owned())).as_deref(), Some("main.a1"));
        text.append(&Text::unknown("f()"));
        assert_eq!((text.certainty(), text.filled(|_| Some(String::new()))), (Certainty::Unknown, None));
    }

    #[test]
    fn names_are_cut_outside_backticks_and_braces() {
        let mut text = Text::literal("main.`a.b`.");
        text.append(&Text::parameter("x.y"));
        text.append(&Text::literal("_t"));
        let parts: Vec<_> = text.split('.').iter().map(Text::shown).collect();
        assert_eq!(parts, ["main", "a.b", "{x.y}_t"]);
    }
}

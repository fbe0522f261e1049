//! SQL with the holes of what is put in when it runs, and which of it came from elsewhere.

use std::ops::Range;

use crate::text::{Piece, Text};

/// What stands in the text for a hole: a word, so that a name stays one.
const BEFORE: &str = "__hole_";
const BEHIND: &str = "__";

/// A text of SQL.
#[derive(Debug, Default)]
pub(crate) struct Source {
    text: String,
    holes: Vec<Piece>,
    /// Parts that follow from constants elsewhere, in order.
    computed: Vec<Range<usize>>,
    is_cell: bool,
}

impl Source {
    /// The text of a cell: `${day}` and `$day` are parameters.
    pub(crate) fn of_cell(text: &str) -> Self {
        let mut source = Self { is_cell: true, ..Self::default() };
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            let (before, found) = rest.split_at(at);
            source.text.push_str(before);
            match parameter(found) {
                Some((name, taken)) => {
                    source.hole(Piece::Parameter(name.to_owned()));
                    rest = found.get(taken..).unwrap_or_default();
                }
                None => {
                    source.text.push('$');
                    rest = found.get(1..).unwrap_or_default();
                }
            }
        }
        source.text.push_str(rest);
        source
    }

    /// A text that other code runs.
    pub(crate) fn of_text(text: &Text) -> Self {
        let mut source = Self::default();
        for piece in text.pieces() {
            match piece {
                Piece::Literal { text, computed } => {
                    let start = source.text.len();
                    source.text.push_str(text);
                    if *computed {
                        source.computed.push(start..source.text.len());
                    }
                }
                hole => source.hole(hole.clone()),
            }
        }
        source
    }

    fn hole(&mut self, piece: Piece) {
        self.text.push_str(&format!("{BEFORE}{}{BEHIND}", self.holes.len()));
        self.holes.push(piece);
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn is_cell(&self) -> bool {
        self.is_cell
    }

    pub(crate) fn has_holes(&self) -> bool {
        !self.holes.is_empty()
    }

    /// What a part of the text means, which begins at `start`.
    pub(super) fn meaning(&self, part: &str, start: usize) -> Text {
        let whole = start..start + part.len();
        let at = self.computed.partition_point(|range| range.end <= whole.start);
        let computed = self.computed.get(at).is_some_and(|range| range.start < whole.end);
        let mut meaning = Text::default();
        let mut rest = part;
        while let Some((before, number, behind)) = next_hole(rest) {
            meaning.push(Piece::Literal { text: before.to_owned(), computed });
            meaning.push(self.holes.get(number).cloned().unwrap_or_else(|| Piece::Unknown("…".to_owned())));
            rest = behind;
        }
        meaning.push(Piece::Literal { text: rest.to_owned(), computed });
        meaning
    }

    /// The parameters that were put into a part of the text.
    pub(super) fn parameters_in(&self, part: &str) -> Vec<String> {
        if self.holes.is_empty() { Vec::new() } else { self.meaning(part, 0).parameters() }
    }
}

/// The text before the next hole, its number, and what is behind it.
fn next_hole(text: &str) -> Option<(&str, usize, &str)> {
    let (before, found) = text.split_once(BEFORE)?;
    let (number, behind) = found.split_once(BEHIND)?;
    Some((before, number.parse().ok()?, behind))
}

/// The parameter at the front, and how many bytes of the text it takes.
fn parameter(found: &str) -> Option<(&str, usize)> {
    let name = |text: &str| {
        text.chars().take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '-')).map(char::len_utf8).sum()
    };
    if let Some(braced) = found.strip_prefix("${") {
        let long: usize = name(braced);
        let text = braced.get(..long)?;
        return (long > 0 && braced.get(long..)?.starts_with('}')).then_some((text, long + 3));
    }
    let bare = found.strip_prefix('$')?;
    let long: usize = bare.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').count();
    let text = bare.get(..long)?;
    // `$$` and `$tag$` begin a quoted body.
    let is_name = text.starts_with(|c: char| c.is_ascii_alphabetic()) && !bare.get(long..)?.starts_with('$');
    is_name.then_some((text, long + 1))
}

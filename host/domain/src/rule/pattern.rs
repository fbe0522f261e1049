//! Patterns with `*` and `**`, compared in time that grows with both lengths' product and no more.

/// A piece of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Char(char),
    /// `*`: any characters but `/`.
    Within,
    /// `**`: any characters.
    Any,
}

/// A text with wildcards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern(Vec<Part>);

impl Pattern {
    pub(super) fn parse(text: &str) -> Self {
        let mut parts = Vec::new();
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            if c != '*' {
                parts.push(Part::Char(c));
                continue;
            }
            let mut any = false;
            while chars.next_if_eq(&'*').is_some() {
                any = true;
            }
            parts.push(if any { Part::Any } else { Part::Within });
        }
        Self(parts)
    }

    /// Whether it can only be meant for an object: one word with more in it than letters.
    pub(super) fn is_telling(&self) -> bool {
        let letter = |part: &Part| matches!(part, Part::Char(c) if c.is_alphabetic());
        !self.0.iter().all(letter) && !self.0.contains(&Part::Char(' '))
    }

    /// Whether it is for names with levels, as `main.*` is.
    pub(super) fn has_levels(&self) -> bool {
        let has = |c| self.0.contains(&Part::Char(c));
        has('.') && !has(' ') && !has('/')
    }

    /// Whether the text is one of those it stands for.
    pub(super) fn covers(&self, text: &str) -> bool {
        self.leads_to_end(self.places(|place| place == 0), text)
    }

    /// The same without regard to the case of letters.
    pub(super) fn covers_any_case(&self, text: &str) -> bool {
        self.folded().covers(&text.to_lowercase())
    }

    /// Whether it stands for this name with some more levels before it: `main.*` for `orders`, which may be
    /// `main.sales.orders`. Without regard to case.
    pub(super) fn may_complete(&self, name: &str) -> bool {
        let folded = self.folded();
        // What stands before such a place can be read as something that ends with a dot.
        let behind_a_dot = |place: usize| {
            let before = place.checked_sub(1).and_then(|before| folded.0.get(before));
            matches!(before, Some(Part::Char('.') | Part::Within | Part::Any))
                || matches!(folded.0.get(place), Some(Part::Within | Part::Any))
        };
        folded.leads_to_end(folded.places(behind_a_dot), &name.to_lowercase())
    }

    fn folded(&self) -> Self {
        let fold = |part: &Part| match part {
            Part::Char(c) => c.to_lowercase().map(Part::Char).collect::<Vec<_>>(),
            wild => vec![*wild],
        };
        Self(self.0.iter().flat_map(fold).collect())
    }

    /// The places between parts, the end among them, at which a comparison stands.
    fn places(&self, stands: impl Fn(usize) -> bool) -> Vec<bool> {
        (0..=self.0.len()).map(stands).collect()
    }

    /// Whether the text leads from one of these places to the pattern's end.
    fn leads_to_end(&self, mut at: Vec<bool>, text: &str) -> bool {
        self.skip_wildcards(&mut at);
        for c in text.chars() {
            let mut next = vec![false; at.len()];
            for (place, part) in self.0.iter().enumerate().filter(|(place, _)| at.get(*place) == Some(&true)) {
                let to = match part {
                    Part::Char(expected) if *expected == c => place + 1,
                    Part::Within if c != '/' => place,
                    Part::Any => place,
                    Part::Char(_) | Part::Within => continue,
                };
                if let Some(reached) = next.get_mut(to) {
                    *reached = true;
                }
            }
            at = next;
            self.skip_wildcards(&mut at);
        }
        at.last() == Some(&true)
    }

    /// A wildcard may stand for nothing.
    fn skip_wildcards(&self, at: &mut [bool]) {
        for (place, part) in self.0.iter().enumerate() {
            if at.get(place) == Some(&true)
                && matches!(part, Part::Within | Part::Any)
                && let Some(next) = at.get_mut(place + 1)
            {
                *next = true;
            }
        }
    }
}

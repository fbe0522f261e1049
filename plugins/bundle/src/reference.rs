//! References in texts: `${a.b[0].c}`.
//!
//! A segment begins with a letter; letters and digits follow, with `-` and `_` between them. Anything else in `${…}` is
//! text, which is what the command line makes of it.

use std::fmt;

/// A part of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part<'a> {
    /// As it is written.
    Literal(&'a str),
    /// A reference, without its braces.
    Reference(Reference),
    /// What looks like a reference and is none, with its braces.
    Malformed(&'a str),
}

/// The way that a reference names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reference(Vec<Step>);

/// One step of a way.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Into a mapping.
    Key(String),
    /// Into a list.
    Index(usize),
}

impl Reference {
    /// Reads a way, such as `resources.jobs.nightly.id`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut steps = Vec::new();
        for (index, segment) in text.split('.').enumerate() {
            let (key, indexes) = segment.split_at(segment.find('[').unwrap_or(segment.len()));
            // The first segment is one of a few names.
            if !is_key(key) || index == 0 && !indexes.is_empty() {
                return None;
            }
            steps.push(Step::Key(key.to_owned()));
            let mut rest = indexes;
            while let Some(inside) = rest.strip_prefix('[') {
                let (number, after) = inside.split_once(']')?;
                if !number.bytes().all(|byte| byte.is_ascii_digit()) {
                    return None;
                }
                steps.push(Step::Index(number.parse().ok()?));
                rest = after;
            }
            if !rest.is_empty() {
                return None;
            }
        }
        Some(Self(steps))
    }

    /// A way of these steps, of which the first is a key.
    pub(crate) fn new(steps: Vec<Step>) -> Self {
        Self(steps)
    }

    /// Its steps.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.0
    }

    /// The keys that it begins with, up to the first index.
    #[must_use]
    pub fn keys(&self) -> Vec<&str> {
        fn key(step: &Step) -> Option<&str> {
            match step {
                Step::Key(key) => Some(key),
                Step::Index(_) => None,
            }
        }
        self.0.iter().map_while(key).collect()
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, step) in self.0.iter().enumerate() {
            match step {
                Step::Key(key) if index == 0 => f.write_str(key)?,
                Step::Key(key) => write!(f, ".{key}")?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

/// Letters first, then letters and digits with dashes and underscores between them.
fn is_key(text: &str) -> bool {
    let letters_end =
        text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.ends_with(|c: char| c.is_ascii_alphanumeric());
    letters_end && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
}

/// The parts of a text.
pub(crate) fn parts(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let (before, from) = rest.split_at(start);
        if !before.is_empty() {
            parts.push(Part::Literal(before));
        }
        let Some(end) = from.find('}') else {
            parts.push(Part::Malformed(from));
            return parts;
        };
        let (whole, after) = from.split_at(end + 1);
        let inside = whole.strip_prefix("${").and_then(|inside| inside.strip_suffix('}')).unwrap_or_default();
        // `${${a}` : the inner one may be a reference.
        if let Some(nested) = inside.rfind("${") {
            let (outer, inner) = from.split_at(nested + 2);
            parts.push(Part::Literal(outer));
            rest = inner;
            continue;
        }
        parts.push(Reference::parse(inside).map_or(Part::Malformed(whole), Part::Reference));
        rest = after;
    }
    if !rest.is_empty() {
        parts.push(Part::Literal(rest));
    }
    parts
}

/// The references of a text.
pub(crate) fn references(text: &str) -> impl Iterator<Item = Reference> {
    parts(text).into_iter().filter_map(|part| match part {
        Part::Reference(reference) => Some(reference),
        Part::Literal(_) | Part::Malformed(_) => None,
    })
}

/// Whether a text holds a reference.
pub(crate) fn has_references(text: &str) -> bool {
    text.contains("${") && references(text).next().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_told_from_texts() {
        for (text, expect) in [
            ("${var.a}", &["var.a"][..]),
            ("x${a.b[0].c}y${d}", &["a.b[0].c", "d"]),
            ("${a-b.c_d}", &["a-b.c_d"]),
            ("${a.b-}", &[]),
            ("${a.1b}", &[]),
            ("${a b}", &[]),
            ("${}", &[]),
            ("${a.b", &[]),
            ("$ {a}", &[]),
            ("${a[x]}", &[]),
            ("${a.b[0][1]}", &["a.b[0][1]"]),
            ("${${var.a}", &["var.a"]),
            ("$${var.a}", &["var.a"]),
            ("{{job.id}}", &[]),
            ("${a.b[99999999999999999999]}", &[]),
        ] {
            let found: Vec<String> = references(text).map(|reference| reference.to_string()).collect();
            assert_eq!(found, expect, "{text}");
        }
    }

    /// The parts are the text.
    #[test]
    fn parts_lose_nothing() {
        for text in ["a${b}c", "${a.1}", "${", "x${y", "${${var.a}}", "}{$", "ä${b.c[1]}ö"] {
            let whole: String = parts(text)
                .into_iter()
                .map(|part| match part {
                    Part::Literal(text) | Part::Malformed(text) => text.to_owned(),
                    Part::Reference(reference) => format!("${{{reference}}}"),
                })
                .collect();
            assert_eq!(whole, text);
        }
    }
}

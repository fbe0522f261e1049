//! Paths in volumes whose names may hold `*`, `?`, `[a-z]` and `{a,b}`, as statements give them.
//!
//! Rules: Databricks SQL reference, "read_files" (glob patterns); Hadoop's `FileSystem.globStatus`.

use super::volumes::VolumePath;
use crate::{catalog::names::TableName, http::error::ApiError};

/// Spellings that the alternatives of one name may stand for; protects from `{a,b}{a,b}…`.
const MAX_ALTERNATIVES: usize = 256;

/// A path in a volume, or a pattern of such paths.
#[derive(Debug, Clone)]
pub(crate) struct PathPattern {
    /// As it was written.
    pub(super) whole: VolumePath,
    /// The volume's own folder.
    pub(super) root: VolumePath,
    /// Below it, outermost first.
    pub(super) names: Vec<Name>,
}

impl PartialEq for PathPattern {
    fn eq(&self, other: &Self) -> bool {
        self.whole.shown() == other.whole.shown()
    }
}

impl Eq for PathPattern {}

/// One name of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Name {
    Exact(String),
    Any(Glob),
}

/// A pattern of names, with its alternatives written out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Glob(Vec<Vec<Part>>);

/// What stands at one place of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    One(char),
    AnyOne,
    AnyText,
    Class { negated: bool, ranges: Vec<(char, char)> },
}

impl PathPattern {
    /// Reads `/Volumes/catalog/schema/volume/…`; `dbfs:` may stand before it.
    ///
    /// # Errors
    /// `INVALID_PARAMETER_VALUE` for dot segments and their like, `NOT_FOUND` for what is in no volume.
    pub(crate) fn parse(text: &str) -> Result<Self, ApiError> {
        let text = text.strip_prefix("dbfs:").unwrap_or(text);
        let whole = VolumePath::parse(text)?;
        let name = |name: &str| match name.contains(['*', '?', '[', '{']) {
            true => Glob::parse(name).map(Name::Any),
            false => Ok(Name::Exact(name.to_owned())),
        };
        Ok(Self { root: whole.of_root(), names: whole.below().map(name).collect::<Result<_, _>>()?, whole })
    }

    /// The path as answers show it.
    pub(crate) fn shown(&self) -> &str {
        self.whole.shown()
    }

    /// The volume, and the path in it.
    pub(crate) fn place(&self) -> (&TableName, &str) {
        self.whole.place()
    }

    /// Parts of the path, `Volumes` among them, before the first that is a pattern.
    pub(crate) fn depth(&self) -> usize {
        // A path begins with an empty part.
        5 + self.names.iter().take_while(|name| matches!(name, Name::Exact(_))).count()
    }

    /// Whether more than one file may have been meant.
    pub(crate) fn has_glob(&self) -> bool {
        self.names.iter().any(|name| matches!(name, Name::Any(_)))
    }
}

impl Glob {
    /// # Errors
    /// `INVALID_PARAMETER_VALUE` for a pattern of too many alternatives.
    pub(crate) fn parse(text: &str) -> Result<Self, ApiError> {
        let mut spelt = vec![text.to_owned()];
        // The first brackets of the first spelling that has any are written out until none has.
        while let Some(at) = spelt.iter().position(|text| alternatives(text).is_some()) {
            let text = spelt.swap_remove(at);
            let Some((before, list, after)) = alternatives(&text) else { continue };
            spelt.extend(list.split(',').map(|one| format!("{before}{one}{after}")));
            if spelt.len() > MAX_ALTERNATIVES {
                let message = format!("The pattern {text} stands for more than {MAX_ALTERNATIVES} names.");
                return Err(ApiError::invalid(message));
            }
        }
        Ok(Self(spelt.iter().map(|text| parts(text)).collect()))
    }

    pub(crate) fn matches(&self, name: &str) -> bool {
        let name: Vec<char> = name.chars().collect();
        self.0.iter().any(|parts| matches(parts, &name))
    }
}

/// What stands before, in and behind the first `{…}`.
fn alternatives(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once('{')?;
    let (list, after) = rest.split_once('}')?;
    Some((before, list, after))
}

fn parts(text: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
        let part = match c {
            '*' => Part::AnyText,
            '?' => Part::AnyOne,
            '[' => match rest.split_once(']') {
                Some((class, after)) if !class.is_empty() => {
                    rest = after;
                    self::class(class)
                }
                _ => Part::One('['),
            },
            c => Part::One(c),
        };
        parts.push(part);
    }
    parts
}

/// `abc`, `a-z`, `!a-z` and `^a-z`.
fn class(text: &str) -> Part {
    let negated = text.starts_with(['!', '^']);
    let chars: Vec<char> = text.chars().skip(usize::from(negated)).collect();
    let mut ranges = Vec::new();
    let mut rest = chars.as_slice();
    loop {
        rest = match rest {
            [from, '-', to, more @ ..] => {
                ranges.push((*from, *to));
                more
            }
            [one, more @ ..] => {
                ranges.push((*one, *one));
                more
            }
            [] => return Part::Class { negated, ranges },
        };
    }
}

/// Takes time with the product of both lengths at most: only the last `*` is ever taken anew.
fn matches(parts: &[Part], name: &[char]) -> bool {
    let fits = |part: &Part, c: char| match part {
        Part::One(one) => *one == c,
        Part::AnyOne => true,
        Part::AnyText => false,
        Part::Class { negated, ranges } => ranges.iter().any(|(from, to)| (*from..=*to).contains(&c)) != *negated,
    };
    let (mut at, mut from) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while let Some(c) = name.get(from) {
        match parts.get(at) {
            Some(Part::AnyText) => {
                star = Some((at, from));
                at += 1;
            }
            Some(part) if fits(part, *c) => {
                at += 1;
                from += 1;
            }
            _ => match star {
                Some((place, taken)) => {
                    at = place + 1;
                    from = taken + 1;
                    star = Some((place, from));
                }
                None => return false,
            },
        }
    }
    parts.get(at..).is_some_and(|rest| rest.iter().all(|part| *part == Part::AnyText))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_in_hadoop() {
        for (pattern, name, expect) in [
            ("*.csv", "a.csv", true),
            ("*.csv", "a.csv.gz", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("part-[0-9]*", "part-7x", true),
            ("part-[!0-9]*", "part-7x", false),
            ("{a,bc}.{csv,json}", "bc.json", true),
            ("{a,bc}.{csv,json}", "b.json", false),
            ("[", "[", true),
            ("a{b", "a{b", true),
            ("*é*", "häé!", true),
            ("*", "", true),
        ] {
            assert_eq!(Glob::parse(pattern).unwrap().matches(name), expect, "{pattern} {name}");
        }
        assert!(Glob::parse(&"{a,b}".repeat(20)).is_err());
        let slow = "a*".repeat(60);
        assert!(!Glob::parse(&slow).unwrap().matches(&"a".repeat(59)));
    }

    #[test]
    fn only_volumes_have_paths() {
        assert!(PathPattern::parse("/Volumes/a/b/c/*/x.csv").unwrap().has_glob());
        assert!(!PathPattern::parse("dbfs:/Volumes/a/b/c/x.csv").unwrap().has_glob());
        for bad in ["/etc/passwd", "/Volumes/a/b", "/Volumes/a/b/c/../../x", "/Volumes/*/b/c/../x", "s3://b/k", ""] {
            assert!(PathPattern::parse(bad).is_err(), "{bad}");
        }
    }
}

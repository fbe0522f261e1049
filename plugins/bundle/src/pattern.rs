//! Patterns of paths: those of `include` and of libraries, after Go's `filepath.Match`, and the parts of ignore rules.

use std::collections::BTreeSet;

use crate::files::{FileKind, Files};
use crate::limits::MAX_WALKED;

/// Whether a text is a pattern and no plain path.
pub(crate) fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '[', ']', '\\'])
}

/// Whether a name between slashes matches a pattern: `*` any run of characters, `?` one, `[a-z]` or `[^a-z]` one of a
/// class, `\` the next as it is. It takes as many steps as the product of both lengths at most.
pub(crate) fn matches_name(pattern: &str, name: &str) -> bool {
    let pattern = parts(pattern);
    let name: Vec<char> = name.chars().collect();
    let (mut p, mut n) = (0, 0);
    // Where the last `*` was, and how far it has eaten.
    let mut star: Option<(usize, usize)> = None;
    while let Some(c) = name.get(n) {
        match pattern.get(p) {
            Some(Part::Any) => {
                star = Some((p, n));
                p += 1;
            }
            Some(part) if part.is(*c) => {
                p += 1;
                n += 1;
            }
            _ => {
                let Some((at, eaten)) = star else { return false };
                (p, n) = (at + 1, eaten + 1);
                star = Some((at, eaten + 1));
            }
        }
    }
    pattern.iter().skip(p).all(|part| matches!(part, Part::Any))
}

enum Part {
    Any,
    One,
    Char(char),
    Class { ranges: Vec<(char, char)>, not: bool },
}

impl Part {
    fn is(&self, c: char) -> bool {
        match self {
            Self::Any | Self::One => true,
            Self::Char(own) => *own == c,
            Self::Class { ranges, not } => ranges.iter().any(|(from, to)| (*from..=*to).contains(&c)) != *not,
        }
    }
}

fn parts(pattern: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        parts.push(match c {
            '*' => Part::Any,
            '?' => Part::One,
            '\\' => Part::Char(chars.next().unwrap_or('\\')),
            '[' => {
                let not = chars.next_if(|c| matches!(c, '^' | '!')).is_some();
                let mut ranges = Vec::new();
                let mut first = true;
                while let Some(c) = chars.next() {
                    if c == ']' && !first {
                        break;
                    }
                    first = false;
                    let from = if c == '\\' { chars.next().unwrap_or('\\') } else { c };
                    let is_range = chars.peek() == Some(&'-') && {
                        let mut ahead = chars.clone();
                        ahead.next();
                        ahead.peek().is_some_and(|c| *c != ']')
                    };
                    if is_range {
                        chars.next();
                        ranges.push((from, chars.next().unwrap_or(from)));
                    } else {
                        ranges.push((from, from));
                    }
                }
                Part::Class { ranges, not }
            }
            c => Part::Char(c),
        });
    }
    parts
}

/// The files that a pattern matches, sorted. A `*` does not go beyond a `/`, and `**` is no more than `*`: that is how the
/// official command line has it. `walked` counts the names looked at, up to [`MAX_WALKED`].
pub(crate) fn expand(files: &dyn Files, folder: &str, pattern: &str, walked: &mut usize) -> Vec<String> {
    let mut found = BTreeSet::new();
    found.insert(folder.to_owned());
    let segments: Vec<&str> = pattern.split('/').filter(|segment| !matches!(*segment, "" | ".")).collect();
    for (index, segment) in segments.iter().enumerate() {
        let is_last = index + 1 == segments.len();
        let mut next = BTreeSet::new();
        for place in found {
            let child = |name: &str| if place.is_empty() { name.to_owned() } else { format!("{place}/{name}") };
            if !is_pattern(segment) {
                let path = crate::files::join(&place, segment).unwrap_or_default();
                let kind = files.kind(&path);
                if kind == Some(FileKind::Folder) && !is_last || kind == Some(FileKind::File) && is_last {
                    next.insert(path);
                }
                continue;
            }
            for (name, kind) in files.list(&place).unwrap_or_default() {
                *walked = walked.saturating_add(1);
                if *walked > MAX_WALKED {
                    break;
                }
                if matches_name(segment, &name) && (kind == FileKind::File) == is_last {
                    next.insert(child(&name));
                }
            }
        }
        found = next;
    }
    found.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::MemoryFiles;

    #[test]
    fn names_match_their_patterns() {
        for (pattern, name, expect) in [
            ("*.yml", "a.yml", true),
            ("*.yml", ".yml", true),
            ("*.yml", "a.yaml", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("[a-c]x", "bx", true),
            ("[^a-c]x", "bx", false),
            ("[!a-c]x", "dx", true),
            ("[]]", "]", true),
            ("[a-]", "-", true),
            ("a\\*", "a*", true),
            ("a\\*", "ab", false),
            ("*a*b*", "xxayybzz", true),
            ("*a*b*", "xxbyya", false),
            ("", "", true),
            ("[", "x", false),
            ("ä*", "äö", true),
        ] {
            assert_eq!(matches_name(pattern, name), expect, "{pattern} {name}");
        }
    }

    /// A pattern of stars takes no exponential time.
    #[test]
    fn many_stars_are_no_trap() {
        assert!(!matches_name(&"*a".repeat(200), &"a".repeat(150)));
        assert!(!matches_name(&format!("{}b", "a*".repeat(200)), &"a".repeat(5_000)));
    }

    #[test]
    fn patterns_expand_to_files() {
        let files: MemoryFiles =
            [("b/r/x.yml", ""), ("b/r/y.yaml", ""), ("b/r/z/w.yml", ""), ("b/a.yml", "")].into_iter().collect();
        for (pattern, expect) in [
            ("r/*.yml", vec!["b/r/x.yml"]),
            ("*.yml", vec!["b/a.yml"]),
            ("r/*/*.yml", vec!["b/r/z/w.yml"]),
            ("r/**/*.yml", vec!["b/r/z/w.yml"]),
            ("./r/x.yml", vec!["b/r/x.yml"]),
            ("r", vec![]),
            ("../*/a.yml", vec!["b/a.yml"]),
        ] {
            assert_eq!(expand(&files, "b", pattern, &mut 0), expect, "{pattern}");
        }
    }
}

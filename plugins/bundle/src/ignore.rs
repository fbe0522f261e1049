//! Ignore rules. Rules: gitignore(5), "Pattern format".

use crate::pattern::matches_name;

/// Patterns of one file of rules, or of `sync`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ignore {
    rules: Vec<IgnoreRule>,
}

#[derive(Debug, Clone)]
struct IgnoreRule {
    /// The folder that the pattern is of.
    base: String,
    segments: Vec<String>,
    is_negated: bool,
    only_folders: bool,
}

impl Ignore {
    /// Adds the lines of a file of rules in a folder.
    pub(crate) fn add_lines(&mut self, base: &str, text: &str) {
        for line in text.lines() {
            self.add(base, line);
        }
    }

    /// Adds one pattern of a folder; an empty line or a comment adds none.
    pub(crate) fn add(&mut self, base: &str, line: &str) {
        let mut line = line.trim_end_matches(['\r', '\n']);
        while line.ends_with(' ') && !line.ends_with("\\ ") {
            line = line.strip_suffix(' ').unwrap_or_default();
        }
        if line.is_empty() || line.starts_with('#') {
            return;
        }
        let (line, is_negated) = line.strip_prefix('!').map_or((line, false), |rest| (rest, true));
        let (line, only_folders) = line.strip_suffix('/').map_or((line, false), |rest| (rest, true));
        let is_anchored = line.contains('/');
        let mut segments: Vec<String> =
            line.split('/').filter(|segment| !segment.is_empty()).map(str::to_owned).collect();
        if segments.is_empty() {
            return;
        }
        if !is_anchored {
            segments.insert(0, "**".to_owned());
        }
        self.rules.push(IgnoreRule { base: base.to_owned(), segments, is_negated, only_folders });
    }

    /// How many patterns there are.
    pub(crate) fn len(&self) -> usize {
        self.rules.len()
    }

    /// Forgets what was added after there were so many.
    pub(crate) fn truncate(&mut self, len: usize) {
        self.rules.truncate(len);
    }

    /// What the last pattern that matches says: ignored or not. A walk asks for each folder on the way, and goes into no
    /// ignored one.
    pub(crate) fn decides(&self, path: &str, is_folder: bool) -> Option<bool> {
        let fits = |rule: &&IgnoreRule| {
            (is_folder || !rule.only_folders)
                && crate::files::below(&rule.base, path).is_some_and(|inside| matches_path(&rule.segments, inside))
        };
        self.rules.iter().rev().find(fits).map(|rule| !rule.is_negated)
    }

    /// Whether a file, or a folder above it, is matched.
    pub(crate) fn covers(&self, path: &str) -> bool {
        let folders = path.match_indices('/').filter_map(|(at, _)| path.get(..at));
        folders
            .map(|folder| (folder, true))
            .chain([(path, false)])
            .any(|(path, is_folder)| self.decides(path, is_folder) == Some(true))
    }
}

/// Whether a path matches segments, of which `**` stands for any number of names.
fn matches_path(segments: &[String], path: &str) -> bool {
    let names: Vec<&str> = path.split('/').collect();
    // Which beginnings of the path the segments so far match.
    let mut reached = vec![false; names.len() + 1];
    if let Some(first) = reached.first_mut() {
        *first = true;
    }
    let last = segments.len().saturating_sub(1);
    for (index, segment) in segments.iter().enumerate() {
        let mut next = vec![false; names.len() + 1];
        if segment == "**" {
            let mut open = false;
            for (at, was) in reached.iter().enumerate() {
                // At the end `**` stands for something.
                let here = open || *was && index != last;
                if let Some(slot) = next.get_mut(at) {
                    *slot = here;
                }
                open |= *was;
            }
        } else {
            for (at, name) in names.iter().enumerate() {
                if reached.get(at) == Some(&true)
                    && matches_name(segment, name)
                    && let Some(slot) = next.get_mut(at + 1)
                {
                    *slot = true;
                }
            }
        }
        reached = next;
    }
    reached.last() == Some(&true)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Cases of git's own documentation and tests.
    #[test]
    fn patterns_match_as_git_has_them() {
        for (patterns, path, is_folder, expect) in [
            ("*.pyc", "a/b.pyc", false, Some(true)),
            ("/a.txt", "a.txt", false, Some(true)),
            ("/a.txt", "b/a.txt", false, None),
            ("build/", "build", true, Some(true)),
            ("build/", "build", false, None),
            ("build/", "x/build", true, Some(true)),
            ("doc/frotz", "doc/frotz", false, Some(true)),
            ("doc/frotz", "a/doc/frotz", false, None),
            ("**/foo", "a/b/foo", false, Some(true)),
            ("**/foo", "foo", false, Some(true)),
            ("abc/**", "abc/x/y", false, Some(true)),
            ("abc/**", "abc", true, None),
            ("a/**/b", "a/b", false, Some(true)),
            ("a/**/b", "a/x/y/b", false, Some(true)),
            ("a/**/b", "a/x/y/c", false, None),
            ("foo/*", "foo/a", false, Some(true)),
            ("foo/*", "foo/a/b", false, None),
            ("*.log\n!keep.log", "keep.log", false, Some(false)),
            ("!keep.log\n*.log", "keep.log", false, Some(true)),
            ("# a\n\n", "# a", false, None),
            ("\\#a", "#a", false, Some(true)),
            ("a\\ ", "a ", false, Some(true)),
            ("a  ", "a", false, Some(true)),
            ("[ab].py", "b.py", false, Some(true)),
            ("/", "a", false, None),
        ] {
            let mut ignore = Ignore::default();
            ignore.add_lines("", patterns);
            assert_eq!(ignore.decides(path, is_folder), expect, "{patterns:?} {path}");
        }
        let mut ignore = Ignore::default();
        ignore.add("sub", "/x");
        assert_eq!((ignore.decides("sub/x", false), ignore.decides("x", false)), (Some(true), None));
    }

    #[test]
    fn a_folder_covers_what_is_in_it() {
        let mut ignore = Ignore::default();
        ignore.add("", "dist");
        assert!(ignore.covers("dist/a/b.whl") && ignore.covers("x/dist/a") && !ignore.covers("a/distx"));
    }
}

//! Names in the project for what is downloaded: safe, and each once, also where file systems do not tell letter case.

use std::collections::{BTreeMap, BTreeSet};

/// Longest name in bytes: what file systems take, with room for the mark of a file that is still arriving.
const MAX_NAME_BYTES: usize = 250;

/// The names that one download gives.
#[derive(Debug, Default)]
pub struct LocalNames {
    /// Local folders by the remote ones.
    folders: BTreeMap<String, String>,
    /// What is given, in lower case.
    given: BTreeSet<String>,
}

impl LocalNames {
    /// The place below the download's folder for an object `path` below `root`, whose file ends with `ending`.
    pub fn place(&mut self, root: &str, path: &str, ending: &str) -> String {
        let inside = path.strip_prefix(root).unwrap_or(path).trim_start_matches('/');
        let (folder, name) = inside.rsplit_once('/').unwrap_or(("", inside));
        // The root may be the object itself.
        let name = if name.is_empty() { path.rsplit('/').next().unwrap_or_default() } else { name };
        let folder = self.folder(folder);
        self.give(&folder, &safe(name), ending)
    }

    fn folder(&mut self, remote: &str) -> String {
        if remote.is_empty() {
            return String::new();
        }
        if let Some(known) = self.folders.get(remote) {
            return known.clone();
        }
        let (parent, name) = remote.rsplit_once('/').unwrap_or(("", remote));
        let parent = self.folder(parent);
        let local = self.give(&parent, &safe(name), "");
        self.folders.insert(remote.to_owned(), local.clone());
        local
    }

    /// The name in a folder, with a number where it is given already.
    fn give(&mut self, folder: &str, name: &str, ending: &str) -> String {
        let (stem, ending) = match ending {
            "" => name.rfind('.').filter(|at| *at > 0).map_or((name, ""), |at| name.split_at(at)),
            _ => (name, ending),
        };
        let mut number = 1;
        loop {
            let mark = if number == 1 { String::new() } else { format!("~{number}") };
            let room = MAX_NAME_BYTES.saturating_sub(mark.len() + ending.len());
            let cut = (0..=room.min(stem.len())).rev().find(|at| stem.is_char_boundary(*at)).unwrap_or(0);
            let name = format!("{}{mark}{ending}", stem.get(..cut).unwrap_or_default());
            let place = if folder.is_empty() { name } else { format!("{folder}/{name}") };
            if self.given.insert(place.to_lowercase()) {
                return place;
            }
            number += 1;
        }
    }
}

/// A name that is one name on every disk.
fn safe(name: &str) -> String {
    let name: String = name.chars().map(|c| if c == '/' || c == '\\' || c.is_control() { '_' } else { c }).collect();
    if name.is_empty() || name.chars().all(|c| c == '.') { name.replace('.', "_") + "_" } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_safe_and_each_is_given_once() {
        let mut names = LocalNames::default();
        let long = format!("/r/{}", "ä".repeat(200));
        for (path, ending, place) in [
            ("/r/a", ".py", "a.py"),
            ("/r/a.py", "", "a~2.py"),
            ("/r/A.py", "", "A~3.py"),
            ("/r/in side/100%+#?é.txt", "", "in side/100%+#?é.txt"),
            ("/r/In Side/x", "", "In Side~2/x"),
            ("/r/in side/y", "", "in side/y"),
            ("/r/..", "", "___"),
            ("/r/a\\b", "", "a_b"),
            ("/r/.env", "", ".env"),
            ("/r/.ENV", "", ".ENV~2"),
            ("/r", ".sql", "r.sql"),
        ] {
            assert_eq!(names.place("/r", path, ending), place, "{path}");
        }
        let place = names.place("/r", &long, ".py");
        assert!(place.len() <= 250 && place.ends_with("ä.py"), "{place}");
    }
}

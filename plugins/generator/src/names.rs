//! Names of resources, files and the bundle.

use std::collections::BTreeSet;

/// Characters of a bundle's name and of a resource's key; longer ones help nobody.
const MAX_NAME_CHARS: usize = 100;

/// Bytes of a file's name: what file systems take, with room for an ending and a number.
const MAX_FILE_BYTES: usize = 200;

/// A resource's key after the rule of the Databricks CLI: lower case, each run of other characters one low line.
#[must_use]
pub fn key(name: &str) -> String {
    let mut key = String::new();
    for c in name.chars().flat_map(char::to_lowercase) {
        if c.is_alphanumeric() {
            key.push(c);
        } else if !key.ends_with('_') {
            key.push('_');
        }
    }
    key.trim_matches('_').chars().take(MAX_NAME_CHARS).collect()
}

/// Names that are each given once.
#[derive(Debug, Default)]
pub(crate) struct Unique(BTreeSet<String>);

impl Unique {
    /// This name, with a number where it is taken. Letter case does not tell two names apart, as on many disks.
    pub(crate) fn give(&mut self, wanted: &str) -> String {
        self.give_with(wanted, "")
    }

    /// The same for a name that ends with `ending`.
    pub(crate) fn give_with(&mut self, wanted: &str, ending: &str) -> String {
        let mut number = 1_usize;
        loop {
            let name = if number == 1 { format!("{wanted}{ending}") } else { format!("{wanted}_{number}{ending}") };
            if self.0.insert(name.to_lowercase()) {
                return name;
            }
            number += 1;
        }
    }
}

/// A key of a kind of resource that a reference can name: it begins with a letter of ASCII and has nothing else but letters, digits
/// and single low lines.
pub(crate) fn resource_key(name: &str, kind: &str) -> String {
    let mut plain = String::new();
    for c in key(name).chars() {
        match c {
            'a'..='z' | '0'..='9' => plain.push(c),
            _ if plain.ends_with('_') => {}
            _ => plain.push('_'),
        }
    }
    let plain = plain.trim_matches('_');
    match plain.chars().next() {
        Some(first) if first.is_ascii_lowercase() => plain.to_owned(),
        Some(_) => format!("{kind}_{plain}"),
        None => kind.to_owned(),
    }
}

/// The name of a bundle: letters, digits, hyphens and low lines, beginning with a letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BundleName(String);

impl BundleName {
    /// A name that somebody chose.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if text.is_empty() || text.chars().count() > MAX_NAME_CHARS {
            return Err(format!("must have 1 to {MAX_NAME_CHARS} characters"));
        }
        if !text.chars().all(fits) || !text.starts_with(|c: char| c.is_ascii_alphabetic()) {
            return Err(format!(
                "{text:?} is no name of a bundle; use letters, digits, _ and -, beginning with a letter, such as {}",
                Self::of(text).0
            ));
        }
        Ok(Self(text.to_owned()))
    }

    /// A name made of what something is called.
    #[must_use]
    pub fn of(name: &str) -> Self {
        Self(resource_key(name, "bundle"))
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A name of one file or folder that every disk takes, and that no reader takes for a pattern or a reference.
pub(crate) fn file_name(name: &str) -> String {
    let fits = |c: char| !c.is_control() && !"/\\:*?\"<>|[]{}$!#%".contains(c);
    let mut safe = String::new();
    for c in name.chars().map(|c| if fits(c) { c } else { '_' }) {
        if safe.len() + c.len_utf8() > MAX_FILE_BYTES {
            break;
        }
        safe.push(c);
    }
    // Windows drops points and spaces at the end; a name of points alone is a folder above.
    let kept = safe.trim_end_matches(['.', ' ']).trim_start_matches(' ').to_owned();
    if kept.is_empty() { "_".to_owned() } else { kept }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_those_of_the_cli() {
        for (name, expected) in [
            ("Nightly Load (v2)", "nightly_load_v2"),
            ("[dev me] a--b", "dev_me_a_b"),
            ("__x__", "x"),
            ("ÜBER job", "über_job"),
            ("1 a", "1_a"),
            ("", ""),
        ] {
            assert_eq!(key(name), expected);
        }
    }

    #[test]
    fn references_can_name_every_resource() {
        for (name, expected) in [
            ("Nightly Load", "nightly_load"),
            ("1 a", "job_1_a"),
            ("日本", "job"),
            ("ü b", "b"),
            ("", "job"),
            ("a ü b", "a_b"),
        ] {
            assert_eq!(resource_key(name, "job"), expected);
        }
    }

    #[test]
    fn names_are_given_once() {
        let mut names = Unique::default();
        assert_eq!(["a", "A", "a_2", "a"].map(|name| names.give(name)), ["a", "A_2", "a_2_2", "a_3"]);
        assert_eq!([".py", ".py", ".sql"].map(|end| names.give_with("n", end)), ["n.py", "n_2.py", "n.sql"]);
    }

    #[test]
    fn bundles_have_plain_names() {
        for good in ["etl", "My-bundle_2"] {
            assert_eq!(BundleName::parse(good).unwrap().as_str(), good);
        }
        for (bad, told) in [
            ("", "1 to 100"),
            ("a b", "such as a_b"),
            ("../x", "such as x"),
            ("1", "such as bundle_1"),
            ("${var.x}", "letters"),
        ] {
            let why = BundleName::parse(bad).unwrap_err();
            assert!(why.contains(told), "{why}");
        }
        assert!(BundleName::parse(&"a".repeat(101)).is_err());
    }

    #[test]
    fn files_have_names_that_every_disk_takes() {
        for (name, expected) in [
            ("etl.py", "etl.py"),
            ("..", "_"),
            ("a/b\\c", "a_b_c"),
            ("x*[1]?", "x__1__"),
            ("${var.x}", "__var.x_"),
            ("trailing. ", "trailing"),
            ("nul\0", "nul_"),
        ] {
            assert_eq!(file_name(name), expected);
        }
        assert!(file_name(&"ü".repeat(500)).len() <= MAX_FILE_BYTES);
    }
}

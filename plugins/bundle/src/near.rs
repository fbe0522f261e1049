//! Names like one that is not known, for the way out of a finding.

use crate::finding::Repair;

/// Edits between two names that still count as near.
const MAX_EDITS: usize = 2;

/// Names offered at most.
const MAX_OFFERED: usize = 3;

/// Characters of a name that is compared.
const MAX_CHARS: usize = 100;

/// The names nearest to one: at most two edits away, or the same but for case, dashes and underscores.
pub(crate) fn near<'a>(wanted: &str, names: &[&'a str]) -> Vec<&'a str> {
    let plain = |name: &str| name.replace(['-', '_'], "").to_ascii_lowercase();
    let wanted_plain = plain(wanted);
    // In a short name two edits leave nothing of it.
    let most = MAX_EDITS.min(wanted.chars().count() / 2);
    let names: Vec<(usize, &str)> = names
        .iter()
        .copied()
        .filter_map(|name| {
            let distance = if plain(name) == wanted_plain { 0 } else { edits(wanted, name, most)? };
            Some((distance, name))
        })
        .collect();
    let at = |distance| names.iter().filter(move |(other, _)| *other == distance).map(|(_, name)| *name);
    let mut found: Vec<&str> = Vec::new();
    for name in (0..=most).flat_map(at) {
        if found.len() < MAX_OFFERED && !found.contains(&name) {
            found.push(name);
        }
    }
    found
}

/// "did you mean `a` or `b`?"; else what the names are for, with a few of them.
pub(crate) fn did_you_mean(wanted: &str, names: &[&str], otherwise: &str) -> String {
    let found = near(wanted, names);
    if found.is_empty() {
        return otherwise.to_owned();
    }
    let quoted: Vec<_> = found.iter().map(|name| format!("`{name}`")).collect();
    format!("did you mean {}?", quoted.join(" or "))
}

/// What is meant by a word of a closed list, where one alone is like it.
pub(crate) fn repair(written: &str, words: &[&str]) -> Option<Repair> {
    match near(written, words).as_slice() {
        [only] => Some(Repair { written: written.to_owned(), instead: (*only).to_owned() }),
        _ => None,
    }
}

/// Names as the functions here take them.
pub(crate) fn listed(names: &[String]) -> Vec<&str> {
    names.iter().map(String::as_str).collect()
}

/// Levenshtein's distance, up to a most.
fn edits(a: &str, b: &str, most: usize) -> Option<usize> {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if a.len().abs_diff(b.len()) > most || a.len().max(b.len()) > MAX_CHARS {
        return None;
    }
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let (mut diagonal, mut left) = (i, i + 1);
        let mut next = vec![left];
        for (y, above) in b.iter().zip(row.iter().skip(1)) {
            let cost = (diagonal + usize::from(x != y)).min(left + 1).min(above + 1);
            (diagonal, left) = (*above, cost);
            next.push(cost);
        }
        row = next;
    }
    row.last().copied().filter(|distance| *distance <= most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_two_edits_away_at_most() {
        for (wanted, names, expect) in [
            ("task", &["tasks", "name"][..], &["tasks"][..]),
            ("maxRetries", &["max_retries", "min_retry"], &["max_retries"]),
            ("ab", &["xy", "a"], &["a"]),
            ("x", &["y"], &[]),
            ("schedul", &["schedule"], &["schedule"]),
        ] {
            assert_eq!(near(wanted, names), expect, "{wanted}");
        }
    }
}

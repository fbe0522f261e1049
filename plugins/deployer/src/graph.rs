//! The order of resources: what others need comes first.

use std::collections::{BTreeMap, BTreeSet};

/// Keys in waves: each wave needs only earlier ones. What goes round in a circle is returned as the error.
pub(crate) fn waves(needs: &BTreeMap<String, BTreeSet<String>>) -> Result<Vec<Vec<String>>, Vec<String>> {
    let mut done: BTreeSet<&str> = BTreeSet::new();
    let mut left: Vec<&String> = needs.keys().collect();
    let mut waves = Vec::new();
    while !left.is_empty() {
        let is_ready = |key: &&String| {
            let own = needs.get(*key).into_iter().flatten();
            own.filter(|need| needs.contains_key(*need)).all(|need| done.contains(need.as_str()))
        };
        let (ready, rest): (Vec<_>, Vec<_>) = left.into_iter().partition(is_ready);
        if ready.is_empty() {
            return Err(rest.into_iter().cloned().collect());
        }
        done.extend(ready.iter().map(|key| key.as_str()));
        waves.push(ready.into_iter().cloned().collect());
        left = rest;
    }
    Ok(waves)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_needed_comes_first() {
        for (edges, expect) in [
            (&[("a", "b"), ("b", "c"), ("d", "c")][..], Ok("c|b d|a")),
            (&[("a", "nosuch")], Ok("a")),
            (&[("a", "b"), ("b", "a"), ("c", "a")], Err("a b c")),
        ] {
            let mut needs: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
            for (from, to) in edges {
                needs.entry((*from).to_owned()).or_default().insert((*to).to_owned());
                if *to != "nosuch" {
                    needs.entry((*to).to_owned()).or_default();
                }
            }
            let found =
                waves(&needs).map(|waves| waves.iter().map(|wave| wave.join(" ")).collect::<Vec<_>>().join("|"));
            assert_eq!(found.map_err(|circle| circle.join(" ")), expect.map(str::to_owned).map_err(str::to_owned));
        }
    }
}

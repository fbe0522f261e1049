//! Names like one that was not found, for the line of advice that an error ends with.

/// Near names offered.
const MAX_OFFERED: usize = 5;

/// The names most like `wanted`, best first, at most five: at most a third of its letters different, or one within the
/// other.
#[must_use]
pub fn nearest(wanted: &str, names: Vec<String>) -> Vec<String> {
    let wanted = wanted.to_lowercase();
    let most = wanted.chars().count().div_ceil(3);
    let mut scored: Vec<(usize, String)> = names
        .into_iter()
        .filter_map(|name| {
            let lower = name.to_lowercase();
            let within = lower.contains(&wanted) || (lower.len() > 2 && wanted.contains(&lower));
            let distance = if within { 1 } else { edit_distance(&wanted, &lower) };
            (distance <= most).then_some((distance, name))
        })
        .collect();
    scored.sort();
    scored.into_iter().take(MAX_OFFERED).map(|(_, name)| name).collect()
}

/// The names like `wanted`, or where there are none the first of all.
#[must_use]
pub fn nearest_or_first(wanted: &str, names: Vec<String>) -> Vec<String> {
    let near = nearest(wanted, names.clone());
    if near.is_empty() { names.into_iter().take(MAX_OFFERED).collect() } else { near }
}

/// Levenshtein's distance.
fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        let mut next = vec![left];
        for (y, above) in b.iter().zip(row.iter().skip(1)) {
            let cost = (diagonal + usize::from(x != *y)).min(left + 1).min(above + 1);
            diagonal = *above;
            left = cost;
            next.push(cost);
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_counts_edits() {
        assert_eq!(edit_distance("trips", "trips"), 0);
        assert_eq!(edit_distance("trip", "trips"), 1);
        assert_eq!(edit_distance("kitten", "sitting"), 3);
        assert_eq!(edit_distance("", "abc"), 3);
    }

    #[test]
    fn near_names_come_first_and_are_few() {
        let names = || ["zones", "trips", "Trip_2", "payments"].map(str::to_owned);
        assert_eq!(nearest("trip", names().to_vec()), ["Trip_2", "trips"]);
        assert_eq!(nearest("nothing_like_it", names().to_vec()), Vec::<String>::new());
        assert_eq!(nearest_or_first("nothing_like_it", names().to_vec()).first().map(String::as_str), Some("zones"));
        let many = (0..20).map(|n| format!("trips{n}"));
        assert_eq!(nearest("trips", many.collect()).len(), MAX_OFFERED);
    }
}

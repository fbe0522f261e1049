//! The patterns of SHOW statements.

/// Databricks' SHOW patterns: `*` is any text, `|` separates alternatives, letter case does not count.
pub(super) fn matches(pattern: Option<&str>, name: &str) -> bool {
    let Some(pattern) = pattern else { return true };
    let name = name.to_lowercase();
    pattern.to_lowercase().split('|').any(|alternative| wildcard(alternative, &name))
}

fn wildcard(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split(['*', '%']);
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else {
        return false;
    };
    let parts: Vec<_> = parts.collect();
    let Some((last, middle)) = parts.split_last() else {
        return rest.is_empty();
    };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = rest.get(at + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn show_patterns() {
        for (pattern, name, expect) in [
            ("*", "trips", true),
            ("tr*", "trips", true),
            ("*ps", "Trips", true),
            ("t*i*s", "trips", true),
            ("orders|trips", "trips", true),
            ("tr", "trips", false),
            ("x*", "trips", false),
        ] {
            assert_eq!(matches(Some(pattern), name), expect, "{pattern} {name}");
        }
    }
}

//! The constraint on the version of the command line.

use crate::finding::{Findings, Rule};
use crate::value::Value;

/// The version of the official command line whose behaviour this library follows.
const FOLLOWED: [u64; 3] = [1, 13, 0];

const OPERATORS: [&str; 8] = [">=", "<=", "!=", "=", ">", "<", "~", "^"];

pub(super) fn check(root: &Value, findings: &mut Findings) {
    let Some(value) = root.get(&["bundle", "databricks_cli_version"]) else { return };
    let Some(text) = value.display().filter(|text| !text.is_empty()) else { return };
    let path = "bundle.databricks_cli_version";
    match is_met(&text) {
        Some(true) => {}
        Some(false) => {
            let [major, minor, patch] = FOLLOWED;
            let message =
                format!("the bundle asks for version {text}, and what is followed here is {major}.{minor}.{patch}");
            findings.add(Rule::CliVersion, path, value, message, "widen the constraint where that is right");
        }
        None => {
            let message = format!("`{text}` is no constraint on versions");
            findings.add(Rule::CliVersion, path, value, message, "write it as `>= 0.218.0` or `>= 0.218.0, < 2.0.0`");
        }
    }
}

/// Whether all parts of a constraint are met; none where one cannot be read.
fn is_met(text: &str) -> Option<bool> {
    let mut met = true;
    for part in text.split(',') {
        let part = part.trim();
        let operator = OPERATORS.iter().find(|operator| part.starts_with(**operator)).copied();
        let version = part.trim_start_matches(operator.unwrap_or_default()).trim().trim_start_matches('v');
        let (version, given) = parse(version)?;
        met &= match operator.unwrap_or("=") {
            ">=" => FOLLOWED >= version,
            "<=" => FOLLOWED <= version,
            ">" => FOLLOWED > version,
            "<" => FOLLOWED < version,
            "!=" => FOLLOWED != version,
            "~" => FOLLOWED >= version && FOLLOWED.iter().zip(version).take(given.min(2)).all(|(a, b)| *a == b),
            "^" => FOLLOWED >= version && FOLLOWED.first() == version.first(),
            _ => FOLLOWED.iter().zip(version).take(given).all(|(a, b)| *a == b),
        };
    }
    Some(met)
}

/// The three numbers of a version, and how many were given; `*` and `x` stand for any.
fn parse(text: &str) -> Option<([u64; 3], usize)> {
    let mut version = [0; 3];
    let mut given = 0;
    let plain = text.split(['-', '+']).next().unwrap_or_default();
    let parts: Vec<&str> = plain.split('.').collect();
    if parts.len() > 3 {
        return None;
    }
    for (slot, part) in version.iter_mut().zip(parts) {
        if ["*", "x", "X"].contains(&part) {
            break;
        }
        *slot = part.parse().ok()?;
        given += 1;
    }
    Some((version, given))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constraints_are_compared_by_numbers() {
        for (text, expect) in [
            (">= 0.218.0", Some(true)),
            (">=0.218.0,<1.0.0", Some(false)),
            (">= 1.13.0, < 2.0.0", Some(true)),
            ("1.13.*", Some(true)),
            ("1.12.x", Some(false)),
            ("1.13.0", Some(true)),
            ("~1.13", Some(true)),
            ("^1.2.3", Some(true)),
            ("^2", Some(false)),
            ("!= 1.13.0", Some(false)),
            ("> 1.13.0-beta", Some(false)),
            ("new", None),
            ("1.2.3.4", None),
            (">=", None),
        ] {
            assert_eq!(is_met(text), expect, "{text}");
        }
    }
}

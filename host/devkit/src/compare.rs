//! Whether a result has what was expected of it, and where it has not.

use serde_json::Value;

/// Differences that are listed; the first ones say what is wrong.
const MAX_DIFFERENCES: usize = 20;

/// Longest shown value.
const SHOWN_CHARS: usize = 200;

/// Where `found` lacks what `expected` has. Objects may have further properties; lists have the same length.
pub(crate) fn differences(expected: &Value, found: &Value) -> Vec<String> {
    let mut out = Vec::new();
    compare("", expected, found, &mut out);
    out.truncate(MAX_DIFFERENCES);
    out
}

fn compare(path: &str, expected: &Value, found: &Value, out: &mut Vec<String>) {
    let place = if path.is_empty() { "the result" } else { path };
    match (expected, found) {
        (Value::Object(expected), Value::Object(found)) => {
            for (name, value) in expected {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                match found.get(name) {
                    Some(found) => compare(&path, value, found, out),
                    None if value.is_null() => {}
                    None => out.push(format!("{path}: expected {}, but there is no such field", show(value))),
                }
            }
        }
        (Value::Array(expected), Value::Array(found)) => {
            if expected.len() != found.len() {
                out.push(format!(
                    "{place}: expected {} entries, found {}: {}",
                    expected.len(),
                    found.len(),
                    show(&Value::Array(found.clone()))
                ));
            }
            for (index, (expected, found)) in expected.iter().zip(found).enumerate() {
                compare(&format!("{path}[{index}]"), expected, found, out);
            }
        }
        (Value::Number(one), Value::Number(other)) if one == other || one.as_f64() == other.as_f64() => {}
        _ if expected == found => {}
        _ => out.push(format!("{place}: expected {}, found {}", show(expected), show(found))),
    }
}

pub(crate) fn show(value: &Value) -> String {
    let text = value.to_string();
    let mut shown: String = text.chars().take(SHOWN_CHARS).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn more_is_allowed_and_less_is_named() {
        let found = json!({"a": 1, "b": [{"c": 2.0, "d": 3}], "e": null});
        assert_eq!(differences(&json!({"b": [{"c": 2}]}), &found), Vec::<String>::new());
        assert_eq!(differences(&json!({"a": 2}), &found), ["a: expected 2, found 1"]);
        assert_eq!(
            differences(&json!({"b": [{"c": 2, "x": 1}]}), &found),
            ["b[0].x: expected 1, but there is no such field"]
        );
        assert_eq!(differences(&json!({"b": []}), &found).len(), 1);
        assert_eq!(differences(&json!([1]), &found).len(), 1);
    }
}

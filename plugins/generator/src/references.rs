//! References of bundles within texts: `${var.catalog}`. A text of a job that only looks like one is escaped.

use serde_json::Value;

/// Escapes every text within a value that a bundle would read as a reference, and names the places of these texts.
///
/// `$${name}` stands for `${name}`. Keys of maps are never read as references.
pub(crate) fn escape_all(value: &mut Value, place: &str, escaped: &mut Vec<String>) {
    match value {
        Value::String(text) => {
            let safe = escape(text);
            if safe != *text {
                escaped.push(place.to_owned());
                *text = safe;
            }
        }
        Value::Array(items) => {
            for (i, item) in items.iter_mut().enumerate() {
                escape_all(item, &format!("{place}[{i}]"), escaped);
            }
        }
        Value::Object(map) => {
            for (key, item) in map {
                let inner = if place.is_empty() { key.clone() } else { format!("{place}.{key}") };
                escape_all(item, &inner, escaped);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The text with one more `$` before each reference.
pub(crate) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let (before, from) = rest.split_at(at);
        safe.push_str(before);
        if let Some(length) = reference_length(from) {
            let (reference, after) = from.split_at(length);
            safe.push('$');
            safe.push_str(reference);
            rest = after;
        } else {
            let (dollar, after) = from.split_at(1);
            safe.push_str(dollar);
            rest = after;
        }
    }
    safe + rest
}

/// Bytes of the reference that a text begins with. Its segments begin with a letter, go on with letters and digits, may
/// have single hyphens and low lines within, and each may have indexes.
fn reference_length(text: &str) -> Option<usize> {
    let inner = text.strip_prefix("${")?;
    let end = inner.find('}')?;
    let inner = inner.get(..end)?;
    inner.split('.').all(is_segment).then_some(end + 3)
}

fn is_segment(segment: &str) -> bool {
    let (name, indexes) = match segment.find('[') {
        Some(at) => segment.split_at(at),
        None => (segment, ""),
    };
    let is_index = |index: &str| {
        index.strip_prefix('[').is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
    };
    let indexes_fit = indexes.is_empty() || indexes.ends_with(']') && indexes.split_terminator(']').all(is_index);
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.split(['-', '_']).all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric()))
        && indexes_fit
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_references_are_escaped() {
        for (text, expected) in [
            ("${var.x}", "$${var.x}"),
            ("a ${foo} b ${a.b-c[0][1].d_e}", "a $${foo} b $${a.b-c[0][1].d_e}"),
            ("$${foo}", "$$${foo}"),
            ("${}", "${}"),
            ("${1a}", "${1a}"),
            ("${a..b}", "${a..b}"),
            ("${a-}", "${a-}"),
            ("${a__b}", "${a__b}"),
            ("${a[x]}", "${a[x]}"),
            ("${a[]}", "${a[]}"),
            ("${a", "${a"),
            ("${x ${y}}", "${x $${y}}"),
            ("{{job.id}} $x {y}", "{{job.id}} $x {y}"),
            ("ü${ü}${a}", "ü${ü}$${a}"),
        ] {
            assert_eq!(escape(text), expected);
        }
    }

    #[test]
    fn the_places_are_told() {
        let mut value = json!({"a": [{"b": "${x}"}, "y"], "${k}": "z", "c": "${v.w}"});
        let mut escaped = Vec::new();
        escape_all(&mut value, "", &mut escaped);
        assert_eq!(value, json!({"a": [{"b": "$${x}"}, "y"], "${k}": "z", "c": "$${v.w}"}));
        assert_eq!(escaped, ["a[0].b", "c"]);
    }
}

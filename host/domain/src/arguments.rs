//! A call's arguments as one text, and its digest, by which records name them.

use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// SHA-256 of a call's arguments as canonical JSON, lower-case hex: no white space, properties in the order of their
/// names' bytes. Equal arguments have equal digests however a model orders them; a digest gives no argument away.
#[must_use]
pub fn argument_digest(arguments: &Value) -> String {
    digest_of_canonical(&canonical_json(arguments))
}

/// Arguments as canonical JSON.
#[must_use]
pub fn canonical_json(arguments: &Value) -> String {
    let mut canonical = String::new();
    canonicalise(arguments, &mut canonical);
    canonical
}

/// [`argument_digest`] of arguments that are canonical already.
#[must_use]
pub fn digest_of_canonical(canonical: &str) -> String {
    hex::encode(Sha256::digest(canonical))
}

fn canonicalise(value: &Value, out: &mut String) {
    match value {
        Value::Array(values) => {
            out.push('[');
            for (index, value) in values.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                canonicalise(value, out);
            }
            out.push(']');
        }
        Value::Object(object) => {
            let mut names: Vec<_> = object.iter().collect();
            names.sort_unstable_by_key(|(name, _)| *name);
            out.push('{');
            for (index, (name, value)) in names.into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                out.push_str(&Value::from(name.as_str()).to_string());
                out.push(':');
                canonicalise(value, out);
            }
            out.push('}');
        }
        plain => out.push_str(&plain.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_digest_is_of_the_meaning_and_not_of_the_order() {
        let one: Value = serde_json::from_str(r#"{"b": [1, {"y": null, "x": "ä"}], "a": 1.5}"#).unwrap();
        let other: Value = serde_json::from_str(r#"{"a":1.5,"b":[1,{"x":"ä","y":null}]}"#).unwrap();
        let mut canonical = String::new();
        canonicalise(&one, &mut canonical);
        assert_eq!(canonical, r#"{"a":1.5,"b":[1,{"x":"ä","y":null}]}"#);
        assert_eq!(argument_digest(&one), argument_digest(&other));
        assert_ne!(argument_digest(&one), argument_digest(&json!({"a": 1.5, "b": [{"x": "ä", "y": null}, 1]})));
        // echo -n '{}' | sha256sum
        let empty = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
        assert_eq!(argument_digest(&json!({})), empty);
    }
}

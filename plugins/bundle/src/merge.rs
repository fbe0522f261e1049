//! Two values made one: mappings key by key, lists one after the other, of anything else the later one. Rules: the merge of
//! included files and of targets of the official command line.

use crate::finding::{Findings, Rule};
use crate::value::{At, Kind, Value};

/// Merges a later value into an earlier one. Two values of different kinds are a finding, and the earlier one stays.
pub(crate) fn merge(base: &mut Value, over: Value, at: At<'_>, findings: &mut Findings) {
    match (&mut base.kind, over.kind) {
        (_, Kind::Null) => {}
        (Kind::Null, kind) => *base = Value::new(kind, over.place),
        (Kind::Map(map), Kind::Map(over)) => {
            for entry in over {
                match map.get_mut(&entry.key) {
                    Some(value) => merge(value, entry.value, at.key(&entry.key), findings),
                    None => map.push(entry),
                }
            }
        }
        (Kind::List(items), Kind::List(over)) => items.extend(over),
        (Kind::Map(_) | Kind::List(_), kind) => {
            let over = Value::new(kind, over.place);
            conflict(base, &over, at, findings);
        }
        (_, kind @ (Kind::Map(_) | Kind::List(_))) => {
            let over = Value::new(kind, over.place);
            // A reference may stand for a list or mapping.
            if base.as_text().is_some_and(|text| text.contains("${")) {
                *base = over;
            } else {
                conflict(base, &over, at, findings);
            }
        }
        (_, kind) => *base = Value::new(kind, over.place),
    }
}

fn conflict(base: &Value, over: &Value, at: At<'_>, findings: &mut Findings) {
    let before = base.place.as_ref().map_or_else(String::new, |place| format!(" in {}:{}", place.file, place.line));
    let message = format!("this is {}, but {}{before}", over.words(), base.words());
    findings.add(Rule::MergeConflict, at, over, message, "write the same kind of value in both places");
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[track_caller]
    fn check(base: &str, over: &str, expect: &str, found: usize) {
        let mut findings = Findings::default();
        let mut base = crate::yaml::parse(&Arc::from("a"), base.as_bytes(), &mut findings).unwrap();
        let over = crate::yaml::parse(&Arc::from("b"), over.as_bytes(), &mut findings).unwrap();
        merge(&mut base, over, At::ROOT, &mut findings);
        assert_eq!(base.to_json(), serde_json::from_str::<serde_json::Value>(expect).unwrap());
        assert_eq!(findings.finish().len(), found);
    }

    #[test]
    fn values_merge_by_their_kind() {
        for (base, over, expect, found) in [
            ("a: 1", "a: 2", r#"{"a":2}"#, 0),
            ("a: 1", "b: 2", r#"{"a":1,"b":2}"#, 0),
            ("a: {x: 1, y: 2}", "a: {y: 3, z: 4}", r#"{"a":{"x":1,"y":3,"z":4}}"#, 0),
            ("a: [1]", "a: [2, 1]", r#"{"a":[1,2,1]}"#, 0),
            ("a: [1]", "a:", r#"{"a":[1]}"#, 0),
            ("a:", "a: [1]", r#"{"a":[1]}"#, 0),
            ("a: 1", "a: x", r#"{"a":"x"}"#, 0),
            ("a: [1]", "a: {x: 1}", r#"{"a":[1]}"#, 1),
            ("a: {x: 1}", "a: x", r#"{"a":{"x":1}}"#, 1),
            ("a: x", "a: [1]", r#"{"a":"x"}"#, 1),
            ("a: '${var.x}'", "a: [1]", r#"{"a":[1]}"#, 0),
        ] {
            check(base, over, expect, found);
        }
    }

    /// Merging nothing changes nothing, and a value merged twice is there as once, but for lists.
    #[test]
    fn merging_is_stable() {
        for text in ["a: 1", "a: {x: {y: z}}\nb: true", "{}"] {
            let json = |text: &str| {
                serde_json::to_string(
                    &crate::yaml::parse(&Arc::from("a"), text.as_bytes(), &mut Findings::default()).unwrap().to_json(),
                )
                .unwrap()
            };
            check(text, "{}", &json(text), 0);
            check("{}", text, &json(text), 0);
            check(text, text, &json(text), 0);
        }
    }
}

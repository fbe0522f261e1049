use super::*;
use crate::finding::Finding;

fn read(text: &[u8]) -> (Option<Value>, Vec<Finding>) {
    let mut findings = Findings::default();
    let value = parse(&Arc::from("a.yml"), text, &mut findings);
    (value, findings.finish())
}

#[track_caller]
fn gives(text: &str, json: &str) {
    let (value, findings) = read(text.as_bytes());
    let value = value.unwrap_or_else(|| panic!("{findings:?}"));
    assert_eq!(value.to_json(), serde_json::from_str::<serde_json::Value>(json).unwrap(), "{text}");
}

/// Lines and columns of what is found, with the rule and a part of the message.
#[track_caller]
fn finds(text: &str, expect: &[(&str, usize, usize, &str)]) {
    let (_, findings) = read(text.as_bytes());
    assert_eq!(findings.len(), expect.len(), "{text}: {findings:#?}");
    for (finding, (rule, line, column, part)) in findings.iter().zip(expect) {
        let place = finding.place.as_ref().unwrap();
        assert_eq!((finding.rule.id(), place.line, place.column), (*rule, *line, *column), "{text}: {finding:?}");
        assert!(finding.message.contains(part), "{text}: {}", finding.message);
    }
}

#[test]
fn scalars_are_what_the_command_line_reads() {
    for (text, json) in [
        ("a: 1", r#"{"a":1}"#),
        ("a: 9223372036854775807", r#"{"a":9223372036854775807}"#),
        ("a: -5", r#"{"a":-5}"#),
        ("a: +5", r#"{"a":5}"#),
        ("a: 007", r#"{"a":7}"#),
        ("a: 0x10", r#"{"a":16}"#),
        ("a: 1.5", r#"{"a":1.5}"#),
        ("a: 1e3", r#"{"a":1000.0}"#),
        ("a: .5", r#"{"a":0.5}"#),
        ("a: -00.5e+1", r#"{"a":-5.0}"#),
        ("a: 5.", r#"{"a":5.0}"#),
        ("a: 1.5.2", r#"{"a":"1.5.2"}"#),
        ("a: 1e", r#"{"a":"1e"}"#),
        ("a: .", r#"{"a":"."}"#),
        ("a: .e1", r#"{"a":".e1"}"#),
        ("a: 1 2.0", r#"{"a":"1 2.0"}"#),
        ("a: 13.3.x", r#"{"a":"13.3.x"}"#),
        ("a: infinity", r#"{"a":"infinity"}"#),
        ("a: yes", r#"{"a":"yes"}"#),
        ("a: True", r#"{"a":true}"#),
        ("a: 'true'", r#"{"a":"true"}"#),
        ("a: \"1\"", r#"{"a":"1"}"#),
        ("a: !!str 1", r#"{"a":"1"}"#),
        ("a: !!float 1", r#"{"a":1.0}"#),
        ("a: 2024-01-01", r#"{"a":"2024-01-01"}"#),
        ("a: |\n  x\n  y\n", r#"{"a":"x\ny\n"}"#),
        ("a: >-\n  x\n  y\n", r#"{"a":"x y"}"#),
        ("a: ~\nb: 1", r#"{"b":1}"#),
        ("a:\n", "{}"),
        ("", "{}"),
        ("# nothing\n", "{}"),
        ("\u{feff}a: 1", r#"{"a":1}"#),
        ("{a: [1, {b: 2}]}", r#"{"a":[1,{"b":2}]}"#),
        // Against YAML's rule, and taken by the command line.
        ("a:\n  b: {\n    # nothing\n  }\n  c: [\n    1,\n    2\n]", r#"{"a":{"b":{},"c":[1,2]}}"#),
        ("a: ${var.x}", r#"{"a":"${var.x}"}"#),
    ] {
        gives(text, json);
    }
}

#[test]
fn anchors_and_merge_keys_are_taken_in() {
    for (text, json) in [
        ("a: &x [1]\nb: *x", r#"{"a":[1],"b":[1]}"#),
        ("a: &x {p: 1, q: 2}\nb:\n  <<: *x\n  q: 3", r#"{"a":{"p":1,"q":2},"b":{"q":3,"p":1}}"#),
        ("a: &x {p: 1, q: 2}\nb:\n  q: 3\n  <<: *x", r#"{"a":{"p":1,"q":2},"b":{"q":3,"p":1}}"#),
        // Of a list the later one wins.
        ("a: &x {p: 1}\nb: &y {p: 2}\nc:\n  <<: [*x, *y]", r#"{"a":{"p":1},"b":{"p":2},"c":{"p":2}}"#),
        ("a: &x {p: 1}\nb: &y {<<: *x, q: 2}\nc: {<<: *y}", r#"{"a":{"p":1},"b":{"p":1,"q":2},"c":{"p":1,"q":2}}"#),
        ("a:\n  '<<': 1", r#"{"a":{"<<":1}}"#),
        // The last of a name before the alias.
        ("a: &x 1\nb: &x 2\nc: *x", r#"{"a":1,"b":2,"c":2}"#),
    ] {
        gives(text, json);
    }
}

#[test]
fn what_cannot_be_read_is_found_at_its_place() {
    finds("a: [1", &[("yaml-syntax", 2, 1, "no YAML")]);
    finds("a: 1\n b: 2", &[("yaml-syntax", 2, 3, "no YAML")]);
    finds("a: 1\nb: 2\na: 3", &[("duplicate-key", 3, 1, "first in line 1")]);
    finds("x:\n  a: 1\n  a: 1", &[("duplicate-key", 3, 3, "`a`")]);
    finds("a: &x {}\nb:\n  <<: *x\n  <<: *x", &[("yaml-syntax", 4, 3, "twice")]);
    finds("a: &x 1\nb:\n  <<: *x", &[("yaml-syntax", 3, 3, "mapping")]);
    finds("a: *none", &[("yaml-syntax", 1, 4, "no YAML")]);
    finds("1: x", &[("yaml-syntax", 1, 1, "no text")]);
    finds("? [a]\n: x", &[("yaml-syntax", 1, 3, "key")]);
    finds("a: !thing x", &[("yaml-syntax", 1, 4, "tag")]);
    finds("a: !!int x", &[("yaml-syntax", 1, 4, "tag")]);
    finds("a: 1\n---\nb: 2", &[("several-documents", 2, 1, "first document")]);
    finds("a: 99999999999999999999", &[("inexact-number", 1, 4, "exactly")]);
    finds("a: 1\nb: \u{0}x", &[("yaml-syntax", 2, 4, "no YAML")]);
}

#[test]
fn broken_bytes_are_found_in_their_line() {
    let (value, findings) = read(b"a: 1\nb: \xff\n");
    assert!(value.is_none());
    assert_eq!(findings[0].place.as_ref().unwrap().line, 2);
    assert!(findings[0].message.contains("UTF-8"));
}

#[test]
fn hostile_texts_meet_a_bound() {
    let deep = format!("a: {}", "[".repeat(100_000));
    let nested = format!("a: {}{}", "[".repeat(MAX_DEPTH + 1), "]".repeat(MAX_DEPTH + 1));
    let laughs: String = (1..20).fold("a0: &a0 [x]\n".to_owned(), |text, n| {
        let alias = format!("*a{},", n - 1).repeat(10);
        format!("{text}a{n}: &a{n} [{alias}]\n")
    });
    let keys: String = (0..MAX_KEYS + 1).map(|n| format!("k{n}: 1\n")).collect();
    let spine = (1..100).fold("a0: &a0 [x]\n".to_owned(), |text, n| format!("{text}a{n}: &a{n} [*a{}]\n", n - 1));
    for (name, text) in [("deep", deep), ("nested", nested), ("laughs", laughs), ("keys", keys), ("spine", spine)] {
        let (value, findings) = read(text.as_bytes());
        assert!(value.is_none(), "{name}");
        assert_eq!(findings[0].rule, Rule::Limit, "{name}: {findings:?}");
    }
}

#[test]
fn values_and_keys_know_their_places() {
    let (value, _) = read(b"a:\n  b: [1, x]\n  c:\n    - d: 2\n");
    let value = value.unwrap();
    let at = |keys: &[&str]| value.get(keys).unwrap().place.as_ref().map(|place| (place.line, place.column)).unwrap();
    assert_eq!((at(&["a"]), at(&["a", "b"]), at(&["a", "c"])), ((2, 3), (2, 6), (4, 5)));
    let key = value.get(&["a"]).and_then(Value::as_map).unwrap().entry("c").unwrap().place.clone().unwrap();
    assert_eq!((key.line, key.column), (3, 3));
    assert_eq!(value.items_at(&["a", "b"])[1].place.as_ref().unwrap().column, 10);
}

/// Any bytes are read or refused.
#[test]
fn any_bytes_are_read_or_refused() {
    let mut state = 7_u64;
    let alphabet = b"ab:-[]{}&*!|>'\"#%@,? \n\t<0.~$\xc3\xa4\0";
    for _ in 0..20_000 {
        let mut text = Vec::new();
        for _ in 0..40 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            text.push(alphabet[(state >> 33) as usize % alphabet.len()]);
        }
        let (value, findings) = read(&text);
        assert!(value.is_some() || !findings.is_empty(), "{text:?}");
    }
}

//! What is written is read back as the same value, by another project's reader.

use serde_json::{Value, json};

use super::*;
use crate::order::ordered;

#[track_caller]
fn read_back(value: &Value) {
    let text = ordered("", value).document();
    let read: Value = serde_norway::from_str(&text).unwrap_or_else(|e| panic!("{e} in\n{text}"));
    assert_eq!(&read, value, "\n{text}");
}

#[test]
fn texts_that_look_like_something_else_stay_texts() {
    let looks_like = "null ~ Null NULL true True FALSE yes Yes NO on Off y N 1 -1 +1 01 0o17 0x1F 1e3 1.5E-3 1_000 1:30 \
                      12:30:45 2024-01-01 2024-01-01T10:00:00Z .5 5. .inf -.Inf .nan .NaN << = - -- --- ... ? : # & * ! | > ' \
                      \" % @ ` [ ] { } {{job.id}} ${var.x} [dev] a: b:c a#b #a @a `a` *a &a !a |a >a %a -a ?a :a a, ,a 0b1 \
                      0x 0 00 +.5 - .";
    for text in looks_like.split(' ').chain([
        "",
        " ",
        " a",
        "a ",
        "a: b",
        "a #b",
        "a\tb",
        "\ta",
        "a\n",
        "\n",
        "\n\n",
        "a\nb",
        "a\nb\n",
        "a\n\nb",
        "a\nb\n\n",
        " a\nb",
        "a\n b",
        "a\n  \nb",
        "a\n\tb",
        "a \nb ",
        "\r",
        "a\r\nb",
        "\u{0}",
        "\u{7f}",
        "\u{85}",
        "\u{a0}",
        "\u{2028}a",
        "\u{feff}",
        "\u{fffd}",
        "ü",
        "日本語",
        "🚀",
        "\u{e000}",
        "\u{10ffff}",
        "--- a",
        "... a",
        "a\n---\nb",
        "# a\n# b",
        "- a\n- b",
        "a: b\nc: d",
        "\"a\"",
        "'a'",
        "\\n",
        "a\\",
        "0 0 2 * * ?",
        "15.4.x-scala2.12",
        "|\n a",
    ]) {
        read_back(&json!(text));
        read_back(&json!({ "k": text }));
        read_back(&json!([text]));
        read_back(&json!({ text: [{ text: text, "z": { text: text } }] }));
        let forced = Yaml::Map(vec![Pair { quoted: true, ..Pair::new(text, Yaml::Quoted(text.to_owned())) }]);
        let read: Value = serde_norway::from_str(&forced.document()).unwrap();
        assert_eq!(read, json!({ text: text }));
    }
}

#[test]
fn other_values_are_read_back() {
    for value in [
        json!(null),
        json!(true),
        json!(0),
        json!(-1),
        json!(9_223_372_036_854_775_807_i64),
        json!(u64::MAX),
        json!(1.5),
        json!(1e300),
        json!(-0.25),
        json!([]),
        json!({}),
        json!([[]]),
        json!([{}]),
        json!([[1, [2]], [[3]]]),
        json!({"a": [], "b": {}, "c": [null, {"d": null}]}),
        json!([[{"a": 1, "b": [2]}], {"c": {}}]),
        json!({"k".repeat(2_000): {"v".repeat(600): ["x".repeat(5_000)]}}),
    ] {
        read_back(&value);
        read_back(&json!({ "a": { "b": [value] } }));
    }
}

#[test]
fn a_document_is_readable() {
    let task = Yaml::map([
        Pair::new("task_key", "load").comment("First."),
        Pair::new("depends_on", Yaml::List(vec![(Some("reads t".to_owned()), "a".into())])),
        Pair::new("query", "SELECT 1\nFROM t\n").comment("What it runs,\non its warehouse"),
    ]);
    let quoted = Pair { quoted: true, ..Pair::new("spark.x", Yaml::Quoted("true".to_owned())) };
    let document = Yaml::map([
        Pair::new("name", "1e3").comment("Made."),
        Pair::new("tasks", Yaml::list([task])).apart(),
        Pair::new("spark_conf", Yaml::map([quoted])),
    ]);
    let expected = "# Made.\nname: \"1e3\"\n\ntasks:\n  # First.\n  - task_key: load\n    depends_on:\n      # reads t\n      - a\n    \
                    # What it runs,\n    # on its warehouse\n    query: |\n      SELECT 1\n      FROM t\nspark_conf:\n  \
                    \"spark.x\": \"true\"\n";
    assert_eq!(document.document(), expected);
}

#[test]
fn no_comment_becomes_a_value() {
    let hostile = "a\u{2028}b: c\u{85}d\r\nevil: true\n\n- x";
    let document = Yaml::map([
        Pair::new("k", "v").comment(hostile),
        Pair::new("l", Yaml::List(vec![(Some(hostile.to_owned()), Yaml::from("x"))])),
    ]);
    let read: Value = serde_norway::from_str(&document.document()).unwrap();
    assert_eq!(read, json!({"k": "v", "l": ["x"]}));
}

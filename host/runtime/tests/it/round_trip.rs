//! A thousand values through a guest and back, and a thousand that do not get as far.

use bricklayer_domain::ToolErrorKind;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use serde_json::{Map, Value, json};

use crate::support::{Bench, failed};

const CASES: usize = 1000;

fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(any::<char>(), 0..12).prop_map(|chars| chars.into_iter().collect())
}

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![8 => any::<f64>(), 1 => Just(f64::MAX), 1 => Just(f64::MIN_POSITIVE)]
}

/// Any JSON but null at the top, where it means that there is none. Fractions are ones whose digits end.
fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-100_000i32..100_000).prop_map(|eighths| Value::from(f64::from(eighths) / 8.0)),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        let or_null = prop_oneof![4 => inner, 1 => Just(Value::Null)];
        prop_oneof![
            prop::collection::vec(or_null.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((text(), or_null), 0..4).prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

fn shape() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!({"case": "point"})),
        number().prop_map(|radius| json!({"case": "circle", "value": radius})),
        (text(), any::<u32>()).prop_map(|(name, sides)| json!({"case": "polygon", "value": [name, sides]})),
    ]
}

fn inner() -> impl Strategy<Value = Value> {
    (text(), prop::option::of(any::<u8>())).prop_map(|(label, count)| match count {
        Some(count) => json!({"label": label, "count": count}),
        None => json!({"label": label}),
    })
}

fn everything() -> impl Strategy<Value = Value> {
    let numbers = (any::<bool>(), any::<i64>(), any::<u64>(), any::<i8>(), number(), any::<char>());
    let color = prop::option::of(prop_oneof![Just("red"), Just("deep-blue")]);
    let powers = (any::<bool>(), any::<bool>());
    let went = prop_oneof![
        any::<u32>().prop_map(|value| json!({"ok": value})),
        text().prop_map(|error| json!({"error": error})),
    ];
    let parts = (
        prop::collection::vec(text(), 0..4),
        color,
        powers,
        shape(),
        prop::collection::vec(inner(), 0..3),
        prop::option::of(json_value()),
        (any::<u8>(), text()),
        went,
    );
    (numbers, parts).prop_map(|(numbers, (words, color, (read, write), shape, inners, settings, pair, went))| {
        let (flag, wide_signed, wide, narrow, fraction, letter) = numbers;
        let powers: Vec<&str> =
            [(read, "read"), (write, "write-all")].into_iter().filter(|power| power.0).map(|power| power.1).collect();
        let mut value = json!({
            "flag": flag, "wide_signed": wide_signed, "wide": wide, "narrow": narrow, "fraction": fraction,
            "letter": letter, "words": words, "powers": powers, "shape": shape, "inners": inners, "pair": pair,
            "went": went,
        });
        let object = value.as_object_mut().unwrap();
        object.extend(color.map(|color| ("color".to_owned(), color.into())));
        object.extend(settings.map(|settings| ("settings".to_owned(), settings)));
        value
    })
}

#[tokio::test]
async fn a_thousand_generated_values_come_back_as_they_went() {
    let bench = Bench::new().await;
    let mut runner = TestRunner::deterministic();
    let strategy = everything();
    for _ in 0..CASES {
        let value = strategy.new_tree(&mut runner).unwrap().current();
        let outcome = bench.call("echo", value.clone()).await;
        assert_eq!(Bench::ok(&outcome), value);
        // The model's text says the same, digit by digit.
        let read: Value = serde_json::from_str(&outcome.content).unwrap();
        assert_eq!(read["wide"], value["wide"]);
        assert_eq!(read["wide_signed"], value["wide_signed"]);
    }
    assert_eq!(bench.runtime.stats().started, CASES as u64);
}

/// One way to spoil a value, and the place that the refusal must name.
fn spoil(value: &mut Value, way: usize) -> &'static str {
    let object: &mut Map<String, Value> = value.as_object_mut().unwrap();
    let mut set = |name: &str, value: Value| {
        object.insert(name.to_owned(), value);
    };
    match way {
        0 => {
            set("flag", json!("true"));
            "flag"
        }
        1 => {
            set("wide_signed", json!(u64::MAX));
            "wide_signed"
        }
        2 => {
            set("wide", json!(-1));
            "wide"
        }
        3 => {
            set("narrow", json!(128));
            "narrow"
        }
        4 => {
            set("narrow", json!(0.5));
            "narrow"
        }
        5 => {
            set("fraction", json!("1.0"));
            "fraction"
        }
        6 => {
            set("letter", json!("two"));
            "letter"
        }
        7 => {
            set("letter", json!(""));
            "letter"
        }
        8 => {
            set("words", json!(["good", null]));
            "words[1]"
        }
        9 => {
            set("words", json!({"0": "good"}));
            "words"
        }
        10 => {
            set("color", json!("deep_blue"));
            "color"
        }
        11 => {
            set("powers", json!(["read", "read"]));
            "powers[1]"
        }
        12 => {
            set("shape", json!({"case": "circle"}));
            "shape.value"
        }
        13 => {
            set("shape", json!({"case": "point", "value": 1}));
            "shape.value"
        }
        14 => {
            set("shape", json!({"case": "polygon", "value": ["star", -5]}));
            "shape.value[1]"
        }
        15 => {
            set("shape", json!("point"));
            "shape"
        }
        16 => {
            set("inners", json!([{"label": "good"}, {"label": "good", "count": 256}]));
            "inners[1].count"
        }
        17 => {
            set("inners", json!([{"count": 1}]));
            "inners[0].label"
        }
        18 => {
            set("inners", json!([{"label": "good", "more": 1}]));
            "inners[0].more"
        }
        19 => {
            set("pair", json!([1]));
            "pair"
        }
        20 => {
            set("pair", json!([256, "x"]));
            "pair[0]"
        }
        21 => {
            set("went", json!({"ok": "well"}));
            "went.ok"
        }
        22 => {
            set("went", json!({}));
            "went"
        }
        23 => {
            set("surprise", json!(1));
            "surprise"
        }
        _ => {
            object.shift_remove("pair");
            "pair"
        }
    }
}

#[tokio::test]
async fn a_thousand_spoiled_values_are_refused_at_their_place_and_no_guest_runs() {
    let bench = Bench::new().await;
    let mut runner = TestRunner::deterministic();
    let strategy = everything();
    for case in 0..CASES {
        let mut value = strategy.new_tree(&mut runner).unwrap().current();
        let place = spoil(&mut value, case % 25);
        failed(&bench.call("echo", value).await, ToolErrorKind::InvalidInput, &format!("{place}: "));
    }
    assert_eq!(bench.runtime.stats().started, 0);
    assert_eq!(bench.last_call(CASES).await.kind(), "invalid-input");
}

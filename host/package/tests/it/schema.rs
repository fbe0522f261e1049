//! Feature 1 of the specification: typed tools with derived schemas, judged by an independent validator.

use bricklayer_package::{Field, Function, Shape, ShapeKind};
use jsonschema::Validator;
use proptest::prelude::*;
use proptest::strategy::{BoxedStrategy, Union};
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Map, Value, json};

use crate::support::contents;

/// One of every type that a signature may hold.
const WIT: &str = r#"
    package acme:test@1.0.0;
    interface weather {
        /// A value of no fixed shape.
        type json = string;
        /// Where on earth.
        record place {
            /// Degrees north.
            lat: f64,
            /// Degrees east.
            lon: f64,
            /// For people.
            label: option<string>,
        }
        /// How to count degrees.
        enum temperature-unit {
            /// As in most of the world.
            celsius,
            fahrenheit,
        }
        /// What to tell.
        flags details {
            /// Its speed.
            wind,
            rain,
        }
        /// Where to look.
        variant area {
            /// The whole earth.
            everywhere,
            /// Around one place.
            around(place),
            /// Between south, west, north and east.
            within(tuple<f64, f64, f64, f64>),
        }
        /// A question.
        record query {
            /// Where.
            area: area,
            /// In which unit.
            unit: option<temperature-unit>,
            /// How much.
            details: details,
            /// For how many days.
            days: u8,
            offsets: tuple<s8, u16, s16>,
            codes: list<u32>,
            shift: s32,
            since: s64,
            until: u64,
            weight: f32,
            letter: char,
            names: list<string>,
            exact: bool,
            previous: result<u16, string>,
            done: result,
            maybe: option<option<bool>>,
            grid: list<list<f64>>,
            /// Anything else.
            extra: option<json>,
        }
        /// One day.
        record day {
            /// The day as in RFC 3339.
            date: string,
            high: f32,
        }
        /// What comes back.
        record answer {
            /// For the model.
            text: string,
            /// Day by day.
            days: list<day>,
            note: option<string>,
        }
        variant weather-error { unknown-place, busy(u32) }
        /// Tells the weather of the next days.
        forecast: func(query: query) -> result<answer, weather-error>;
        /// Tells the name of a place near a point.
        name-of: func(lat: f64, lon: f64, unit: option<temperature-unit>) -> option<string>;
        /// Does something quietly.
        refresh: func();
    }
    world w { export weather; }
"#;

fn functions() -> Vec<Function> {
    contents(WIT, "").functions
}

#[test]
fn schemas_are_as_recorded() {
    let told: Vec<Value> = functions()
        .iter()
        .map(|function| {
            json!({
                "name": function.tool,
                "description": function.docs,
                "input": function.input_schema(),
                "output": function.output_schema(),
            })
        })
        .collect();
    insta::assert_snapshot!(serde_json::to_string_pretty(&told).unwrap());
    for function in functions() {
        assert!(jsonschema::meta::is_valid(&function.input_schema()));
    }
}

/// Any value that a shape takes.
fn valid(shape: &Shape) -> BoxedStrategy<Value> {
    let integer = |range: std::ops::RangeInclusive<i64>| range.prop_map(Value::from).boxed();
    match &shape.kind {
        ShapeKind::Bool => any::<bool>().prop_map(Value::from).boxed(),
        ShapeKind::S8 => integer(i8::MIN.into()..=i8::MAX.into()),
        ShapeKind::U8 => integer(0..=u8::MAX.into()),
        ShapeKind::S16 => integer(i16::MIN.into()..=i16::MAX.into()),
        ShapeKind::U16 => integer(0..=u16::MAX.into()),
        ShapeKind::S32 => integer(i32::MIN.into()..=i32::MAX.into()),
        ShapeKind::U32 => integer(0..=u32::MAX.into()),
        ShapeKind::S64 => any::<i64>().prop_map(Value::from).boxed(),
        ShapeKind::U64 => any::<u64>().prop_map(Value::from).boxed(),
        ShapeKind::F32 | ShapeKind::F64 => (-1e30..1e30).prop_map(|float: f64| json!(float)).boxed(),
        ShapeKind::Char => any::<char>().prop_map(|c| json!(c.to_string())).boxed(),
        ShapeKind::String => any::<String>().prop_map(Value::from).boxed(),
        ShapeKind::Json => prop_oneof![Just(Value::Null), Just(json!([1, {"a": "b"}])), Just(json!("x"))].boxed(),
        ShapeKind::List(element) => prop::collection::vec(valid(element), 0..4).prop_map(Value::Array).boxed(),
        ShapeKind::Option(some) => prop_oneof![Just(Value::Null), valid(some)].boxed(),
        ShapeKind::Tuple(parts) => parts.iter().map(valid).collect::<Vec<_>>().prop_map(Value::Array).boxed(),
        ShapeKind::Record(fields) => record(fields),
        ShapeKind::Enum(cases) => prop::sample::select(cases.clone()).prop_map(|case| json!(case.name)).boxed(),
        ShapeKind::Flags(cases) => prop::sample::subsequence(cases.clone(), 0..=cases.len())
            .prop_map(|cases| cases.iter().map(|case| json!(case.name)).collect())
            .boxed(),
        ShapeKind::Variant(cases) => Union::new(cases.iter().map(|case| {
            let name = case.name.clone();
            match &case.payload {
                None => Just(json!({"case": name})).boxed(),
                Some(payload) => valid(payload).prop_map(move |value| json!({"case": name, "value": value})).boxed(),
            }
        }))
        .boxed(),
        ShapeKind::Result { ok, error } => {
            let side = |name: &'static str, shape: &Option<Box<Shape>>| {
                let value = shape.as_ref().map_or_else(|| Just(Value::Null).boxed(), |shape| valid(shape));
                value.prop_map(move |value| json!({name: value})).boxed()
            };
            prop_oneof![side("ok", ok), side("error", error)].boxed()
        }
    }
}

/// An option may be left out.
fn record(fields: &[Field]) -> BoxedStrategy<Value> {
    let fields: Vec<_> = fields
        .iter()
        .map(|field| {
            let name = field.property.clone();
            let value = match &field.shape.kind {
                ShapeKind::Option(some) => prop::option::of(valid(some)).boxed(),
                _ => valid(&field.shape).prop_map(Some).boxed(),
            };
            value.prop_map(move |value| value.map(|value| (name.clone(), value)))
        })
        .collect();
    fields.prop_map(|fields| Value::Object(fields.into_iter().flatten().collect::<Map<_, _>>())).boxed()
}

/// A place in a value, and what may stand there least of all.
struct Fault {
    /// As JSON pointer.
    path: String,
    wrong: Value,
    /// The nearest place at which a validator can tell: below a choice it cannot say which branch was meant.
    told_at: String,
}

/// Every way to spoil a value that this shape takes.
fn faults(shape: &Shape, value: &Value, path: &str, told_at: Option<&str>, out: &mut Vec<Fault>) {
    let mut add = |path: &str, wrong: Value| {
        let told_at = told_at.unwrap_or(path).to_owned();
        out.push(Fault { path: path.to_owned(), wrong, told_at });
    };
    match &shape.kind {
        ShapeKind::Json => return,
        ShapeKind::Bool => add(path, json!("true")),
        ShapeKind::S8 | ShapeKind::U8 | ShapeKind::S16 | ShapeKind::U16 | ShapeKind::S32 | ShapeKind::U32 => {
            add(path, json!(u64::MAX));
            add(path, json!(-5_000_000_000_i64));
            add(path, json!(1.5));
        }
        ShapeKind::S64 => add(path, json!("1")),
        ShapeKind::U64 => add(path, json!(-1)),
        ShapeKind::F32 | ShapeKind::F64 => add(path, json!("1.0")),
        ShapeKind::Char => {
            add(path, json!("ab"));
            add(path, json!(""));
        }
        ShapeKind::String | ShapeKind::Enum(_) => add(path, json!(7)),
        ShapeKind::List(_) => add(path, json!({})),
        ShapeKind::Flags(_) => add(path, json!("wind")),
        ShapeKind::Tuple(_) => add(path, json!([])),
        ShapeKind::Option(_) => {}
        ShapeKind::Variant(_) | ShapeKind::Result { .. } => add(path, json!({"case": "no-such-case"})),
        ShapeKind::Record(_) => add(path, json!("{}")),
    }
    match (&shape.kind, value) {
        (ShapeKind::List(element), Value::Array(values)) => {
            for (index, value) in values.iter().enumerate() {
                faults(element, value, &format!("{path}/{index}"), told_at, out);
            }
        }
        (ShapeKind::Tuple(parts), Value::Array(values)) => {
            for (index, (part, value)) in parts.iter().zip(values).enumerate() {
                faults(part, value, &format!("{path}/{index}"), told_at, out);
            }
        }
        (ShapeKind::Record(fields), _) => field_faults(fields, value, path, told_at, out),
        (ShapeKind::Option(some), value) if !value.is_null() => {
            let told_at = told_at.unwrap_or(path).to_owned();
            faults(some, value, path, Some(&told_at), out);
        }
        (ShapeKind::Variant(cases), value) => {
            let told_at = told_at.unwrap_or(path).to_owned();
            let case = cases.iter().find(|case| value["case"] == case.name.as_str()).unwrap();
            if let Some(payload) = &case.payload {
                faults(payload, &value["value"], &format!("{path}/value"), Some(&told_at), out);
            }
        }
        _ => {}
    }
}

fn field_faults(fields: &[Field], value: &Value, path: &str, told_at: Option<&str>, out: &mut Vec<Fault>) {
    for field in fields {
        let Some(inner) = value.get(&field.property) else { continue };
        let (shape, optional) = match &field.shape.kind {
            ShapeKind::Option(some) => (&**some, true),
            _ => (&field.shape, false),
        };
        faults(shape, inner, &format!("{path}/{}", field.property), told_at, out);
        if !optional {
            let mut without = value.clone();
            without.as_object_mut().unwrap().remove(&field.property);
            let told_at = told_at.unwrap_or(path).to_owned();
            out.push(Fault { path: path.to_owned(), wrong: without, told_at });
        }
    }
    let mut more = value.clone();
    more.as_object_mut().unwrap().insert("no_such_field".to_owned(), json!(1));
    out.push(Fault { path: path.to_owned(), wrong: more, told_at: told_at.unwrap_or(path).to_owned() });
}

fn replace(value: &Value, path: &str, with: &Value) -> Value {
    let mut value = value.clone();
    *value.pointer_mut(path).unwrap() = with.clone();
    value
}

/// Each generated value fits; each way to spoil it is refused at its place.
#[test]
fn generated_values_fit_and_spoiled_ones_are_refused_at_their_place() {
    let mut runner = TestRunner::new(Config { cases: 400, failure_persistence: None, ..Config::default() });
    let (mut fitted, mut refused) = (0_usize, 0_usize);
    for function in functions() {
        let validator: Validator = jsonschema::validator_for(&function.input_schema()).unwrap();
        for _ in 0..400 {
            let value = record(function.properties()).new_tree(&mut runner).unwrap().current();
            assert!(validator.is_valid(&value), "{value}\n{:?}", validator.validate(&value).err());
            fitted += 1;
            let mut all = Vec::new();
            field_faults(function.properties(), &value, "", None, &mut all);
            for fault in all {
                let spoiled = replace(&value, &fault.path, &fault.wrong);
                let told: Vec<String> =
                    validator.iter_errors(&spoiled).map(|error| error.instance_path().to_string()).collect();
                assert!(told.contains(&fault.told_at), "{} at {told:?}, not {}\n{spoiled}", fault.wrong, fault.told_at);
                refused += 1;
            }
        }
    }
    assert_eq!(fitted, 1200);
    assert!(refused > 10_000, "{refused}");
}

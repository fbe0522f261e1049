//! Types, their schemas and the conversion of values: one opinion of what fits.

use bricklayer_package::{Case, DocsSource, Field, Function, Shape, ShapeKind, VariantCase};
use bricklayer_runtime::canonical_arguments;
use serde_json::{Map, Value, json};

/// Deepest type that is made up.
const MAX_DEPTH: u32 = 4;

/// A signature made up from the first bytes, and arguments for it from the others: half of the time as JSON text, else
/// fitting but for what the bytes spoil.
pub fn values(data: &[u8]) {
    let mut bytes = Bytes(data);
    let function = function(&mut bytes);
    let input = if bytes.next().is_multiple_of(4) {
        match serde_json::from_slice(bytes.0) {
            Ok(value) => value,
            Err(_) => return,
        }
    } else {
        arguments(function.properties(), &mut bytes)
    };
    let schema = function.input_schema();
    let Ok(validator) = jsonschema::validator_for(&schema) else {
        assert!(jsonschema::meta::is_valid(&schema), "no schema: {schema}");
        return;
    };
    match canonical_arguments(&function, &input) {
        Ok(canonical) => {
            // What reaches a guest is what the schema promised, and converting it again changes nothing.
            assert!(validator.is_valid(&canonical), "{canonical} is not of {schema}");
            assert_eq!(canonical_arguments(&function, &canonical).as_ref(), Ok(&canonical));
        }
        Err(reason) => {
            // Schemas say nothing of the ends of 64-bit integers, which clients would round.
            let fits = validator.is_valid(&input) && !has_wild_number(&input);
            assert!(!fits, "refused ({reason}): {input} of {schema}");
        }
    }
    let _ = function.output_schema();
}

struct Bytes<'a>(&'a [u8]);

impl Bytes<'_> {
    /// Zero when they are used up, so that everything ends.
    fn next(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    fn number(&mut self) -> i64 {
        let mut bytes = [0; 8];
        bytes.fill_with(|| self.next());
        i64::from_le_bytes(bytes)
    }
}

fn function(bytes: &mut Bytes<'_>) -> Function {
    let count = bytes.next() % 4;
    let params = (0..count).map(|index| field(index, 0, bytes)).collect();
    Function {
        tool: "tool".to_owned(),
        interface: None,
        name: "tool".to_owned(),
        docs: "A tool.".to_owned(),
        docs_source: DocsSource::Wit,
        params,
        result: bytes.next().is_multiple_of(2).then(|| shape(0, bytes)),
    }
}

fn field(index: u8, depth: u32, bytes: &mut Bytes<'_>) -> Field {
    Field { name: format!("f-{index}"), property: format!("f_{index}"), docs: None, shape: shape(depth, bytes) }
}

fn cases(bytes: &mut Bytes<'_>) -> Vec<Case> {
    (0..=bytes.next() % 3).map(|index| Case { name: format!("c{index}"), docs: None }).collect()
}

fn shape(depth: u32, bytes: &mut Bytes<'_>) -> Shape {
    let leaves = 18;
    let which = if depth < MAX_DEPTH { bytes.next() % 24 } else { bytes.next() % leaves };
    let inner = |bytes: &mut Bytes<'_>| Box::new(shape(depth + 1, bytes));
    let kind = match which {
        0 => ShapeKind::Bool,
        1 => ShapeKind::S8,
        2 => ShapeKind::U8,
        3 => ShapeKind::S16,
        4 => ShapeKind::U16,
        5 => ShapeKind::S32,
        6 => ShapeKind::U32,
        7 => ShapeKind::S64,
        8 => ShapeKind::U64,
        9 => ShapeKind::F32,
        10 => ShapeKind::F64,
        11 => ShapeKind::Char,
        12 => ShapeKind::Json,
        13 => ShapeKind::Enum(cases(bytes)),
        14 => ShapeKind::Flags(cases(bytes)),
        15..18 => ShapeKind::String,
        18 => ShapeKind::List(inner(bytes)),
        19 => ShapeKind::Option(inner(bytes)),
        20 => ShapeKind::Tuple((0..=bytes.next() % 3).map(|_| shape(depth + 1, bytes)).collect()),
        21 => ShapeKind::Record((0..=bytes.next() % 3).map(|index| field(index, depth + 1, bytes)).collect()),
        22 => ShapeKind::Variant(
            cases(bytes)
                .into_iter()
                .map(|Case { name, docs }| {
                    let payload = bytes.next().is_multiple_of(2).then(|| shape(depth + 1, bytes));
                    VariantCase { name, docs, payload }
                })
                .collect(),
        ),
        _ => ShapeKind::Result {
            ok: bytes.next().is_multiple_of(2).then(|| inner(bytes)),
            error: bytes.next().is_multiple_of(2).then(|| inner(bytes)),
        },
    };
    Shape { name: None, docs: None, kind }
}

fn arguments(fields: &[Field], bytes: &mut Bytes<'_>) -> Value {
    let mut out = Map::new();
    for field in fields {
        // One in sixteen is left out, and one in sixteen has a neighbour that nobody knows.
        let chance = bytes.next() % 16;
        if chance != 1 {
            out.insert(field.property.clone(), value(&field.shape, bytes));
        }
        if chance == 2 {
            out.insert("g_0".to_owned(), json!(1));
        }
    }
    Value::Object(out)
}

fn value(shape: &Shape, bytes: &mut Bytes<'_>) -> Value {
    if bytes.next() % 16 == 1 {
        let odd =
            [Value::Null, json!(0.5), json!(-1), json!(u64::MAX), json!("c0"), json!([]), json!({}), json!(1e300)];
        return odd.get(usize::from(bytes.next() % 8)).cloned().unwrap_or_default();
    }
    match &shape.kind {
        ShapeKind::Bool => json!(bytes.next().is_multiple_of(2)),
        ShapeKind::S8 | ShapeKind::U8 => json!(i16::from(bytes.next()) - 64),
        ShapeKind::S16 | ShapeKind::U16 => json!(bytes.number() >> 47),
        ShapeKind::S32 | ShapeKind::U32 => json!(bytes.number() >> 31),
        ShapeKind::S64 => json!(bytes.number()),
        ShapeKind::U64 => json!(bytes.number().cast_unsigned()),
        ShapeKind::F32 | ShapeKind::F64 => json!(f64::from_bits(bytes.number().cast_unsigned())),
        ShapeKind::Char => {
            let code = u32::try_from(bytes.number() & 0x1f_ffff).unwrap_or_default();
            json!(char::from_u32(code).unwrap_or('x').to_string())
        }
        ShapeKind::String => json!(format!("s{}", bytes.next())),
        ShapeKind::Json => json!({"a": [bytes.next(), null]}),
        ShapeKind::List(element) => (0..bytes.next() % 3).map(|_| value(element, bytes)).collect(),
        ShapeKind::Option(some) if bytes.next().is_multiple_of(2) => value(some, bytes),
        ShapeKind::Option(_) => Value::Null,
        ShapeKind::Tuple(parts) => parts.iter().map(|part| value(part, bytes)).collect(),
        ShapeKind::Record(fields) => arguments(fields, bytes),
        ShapeKind::Enum(cases) => json!(format!("c{}", usize::from(bytes.next()) % (cases.len() + 1))),
        ShapeKind::Flags(cases) => (0..bytes.next() % 3)
            .map(|_| json!(format!("c{}", usize::from(bytes.next()) % cases.len().max(1))))
            .collect(),
        ShapeKind::Variant(cases) => {
            let Some(case) = cases.get(usize::from(bytes.next()) % cases.len().max(1)) else { return Value::Null };
            match &case.payload {
                Some(payload) => json!({"case": case.name, "value": value(payload, bytes)}),
                None => json!({"case": case.name}),
            }
        }
        ShapeKind::Result { ok, error } => {
            let (name, side) = if bytes.next().is_multiple_of(2) { ("ok", ok) } else { ("error", error) };
            json!({name: side.as_ref().map_or(Value::Null, |side| value(side, bytes))})
        }
    }
}

/// Whether a number is outside what signed 64-bit integers and 32-bit floats hold.
fn has_wild_number(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.as_i64().is_none() && number.as_f64().is_some_and(|float| float.abs() > 9e15),
        Value::Array(values) => values.iter().any(has_wild_number),
        Value::Object(map) => map.values().any(has_wild_number),
        Value::Null | Value::Bool(_) | Value::String(_) => false,
    }
}

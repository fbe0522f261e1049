//! JSON Schema 2020-12 of what a tool takes and returns, from its shapes.

use serde_json::{Map, Value, json};

use crate::{Case, Field, Function, Shape, ShapeKind, VariantCase};

/// Which way a value goes: a float that is no number goes out as `null`, and none comes in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    In,
    Out,
}

/// The field of a successful result that the model reads as text; see the contract's README.
const TEXT_FIELD: &str = "text";

impl Function {
    /// Schema of the arguments: always an object that allows no further properties.
    #[must_use]
    pub fn input_schema(&self) -> Value {
        record(self.properties().iter(), None, Direction::In)
    }

    /// Schema of the typed result, always of an object; none when the result is nothing or text alone.
    ///
    /// A record goes out as it is, without its `text`; anything else under the property `result`.
    #[must_use]
    pub fn output_schema(&self) -> Option<Value> {
        let shape = self.success()?;
        match &shape.kind {
            ShapeKind::String => None,
            ShapeKind::Record(fields) => {
                let mut rest = fields.iter().filter(|field| !is_text(field)).peekable();
                rest.peek()?;
                Some(record(rest, shape.docs.as_deref(), Direction::Out))
            }
            _ => Some(json!({
                "type": "object",
                "properties": {"result": schema(shape, None, Direction::Out)},
                "required": ["result"],
                "additionalProperties": false,
            })),
        }
    }

    /// The property of a successful result that holds the text for the model, when it has one.
    #[must_use]
    pub fn text_property(&self) -> Option<&'static str> {
        match &self.success()?.kind {
            ShapeKind::Record(fields) if fields.iter().any(is_text) => Some(TEXT_FIELD),
            _ => None,
        }
    }
}

fn is_text(field: &Field) -> bool {
    field.name == TEXT_FIELD && field.shape.kind == ShapeKind::String
}

fn record<'a>(fields: impl Iterator<Item = &'a Field>, docs: Option<&str>, direction: Direction) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for field in fields {
        let shape = match &field.shape.kind {
            ShapeKind::Option(some) => some,
            _ => {
                required.push(Value::String(field.property.clone()));
                &field.shape
            }
        };
        properties.insert(field.property.clone(), schema(shape, field.docs.as_deref(), direction));
    }
    let mut out = Map::new();
    out.insert("type".to_owned(), "object".into());
    describe(&mut out, docs, &[]);
    out.insert("properties".to_owned(), Value::Object(properties));
    if !required.is_empty() {
        out.insert("required".to_owned(), Value::Array(required));
    }
    out.insert("additionalProperties".to_owned(), false.into());
    Value::Object(out)
}

/// A shape's schema, with the documentation of the place where it stands before that of its type.
fn schema(shape: &Shape, place: Option<&str>, direction: Direction) -> Value {
    let docs = place.or(shape.docs.as_deref());
    let mut cases: Vec<(&str, Option<&str>)> = Vec::new();
    let body = match &shape.kind {
        ShapeKind::Bool => json!({"type": "boolean"}),
        ShapeKind::S8 => integer(i8::MIN.into(), i8::MAX.into()),
        ShapeKind::U8 => integer(u8::MIN.into(), u8::MAX.into()),
        ShapeKind::S16 => integer(i16::MIN.into(), i16::MAX.into()),
        ShapeKind::U16 => integer(u16::MIN.into(), u16::MAX.into()),
        ShapeKind::S32 => integer(i32::MIN.into(), i32::MAX.into()),
        ShapeKind::U32 => integer(u32::MIN.into(), u32::MAX.into()),
        ShapeKind::S64 => json!({"type": "integer", "format": "int64"}),
        ShapeKind::U64 => json!({"type": "integer", "format": "uint64", "minimum": 0}),
        ShapeKind::F32 | ShapeKind::F64 if direction == Direction::Out => json!({"type": ["number", "null"]}),
        ShapeKind::F32 | ShapeKind::F64 => json!({"type": "number"}),
        ShapeKind::Char => json!({"type": "string", "minLength": 1, "maxLength": 1}),
        ShapeKind::String => json!({"type": "string"}),
        ShapeKind::Json => json!({}),
        ShapeKind::List(element) => json!({"type": "array", "items": schema(element, None, direction)}),
        ShapeKind::Option(some) => json!({"anyOf": [schema(some, None, direction), {"type": "null"}]}),
        ShapeKind::Tuple(parts) => json!({
            "type": "array",
            "prefixItems": parts.iter().map(|part| schema(part, None, direction)).collect::<Vec<_>>(),
            "items": false,
            "minItems": parts.len(),
            "maxItems": parts.len(),
        }),
        ShapeKind::Record(fields) => return record(fields.iter(), docs, direction),
        ShapeKind::Enum(named) => {
            cases.extend(named.iter().map(|case| (case.name.as_str(), case.docs.as_deref())));
            json!({"type": "string", "enum": names(named)})
        }
        ShapeKind::Flags(named) => {
            cases.extend(named.iter().map(|case| (case.name.as_str(), case.docs.as_deref())));
            json!({"type": "array", "items": {"type": "string", "enum": names(named)}, "uniqueItems": true})
        }
        ShapeKind::Variant(variants) => {
            json!({"oneOf": variants.iter().map(|case| variant(case, direction)).collect::<Vec<_>>()})
        }
        ShapeKind::Result { ok, error } => json!({"oneOf": [
            side("ok", ok.as_deref(), direction),
            side("error", error.as_deref(), direction),
        ]}),
    };
    let mut out = Map::new();
    let Value::Object(body) = body else { return body };
    // Type first, description second: the order in which people read a schema.
    let (head, tail): (Vec<_>, Vec<_>) = body.into_iter().partition(|(key, _)| key == "type");
    out.extend(head);
    describe(&mut out, docs, &cases);
    out.extend(tail);
    Value::Object(out)
}

fn integer(minimum: i64, maximum: i64) -> Value {
    json!({"type": "integer", "minimum": minimum, "maximum": maximum})
}

fn names(cases: &[Case]) -> Vec<&str> {
    cases.iter().map(|case| case.name.as_str()).collect()
}

fn variant(case: &VariantCase, direction: Direction) -> Value {
    let mut properties = Map::new();
    properties.insert("case".to_owned(), json!({"const": case.name}));
    let mut required = vec!["case"];
    if let Some(payload) = &case.payload {
        properties.insert("value".to_owned(), schema(payload, None, direction));
        required.push("value");
    }
    let mut out = Map::new();
    out.insert("type".to_owned(), "object".into());
    describe(&mut out, case.docs.as_deref(), &[]);
    out.insert("properties".to_owned(), Value::Object(properties));
    out.insert("required".to_owned(), required.into());
    out.insert("additionalProperties".to_owned(), false.into());
    Value::Object(out)
}

fn side(name: &str, shape: Option<&Shape>, direction: Direction) -> Value {
    let value = shape.map_or_else(|| json!({"type": "null"}), |shape| schema(shape, None, direction));
    json!({"type": "object", "properties": {name: value}, "required": [name], "additionalProperties": false})
}

/// Adds the description: the documentation, then a line for each case that has its own.
fn describe(out: &mut Map<String, Value>, docs: Option<&str>, cases: &[(&str, Option<&str>)]) {
    let mut text = docs.unwrap_or_default().trim().to_owned();
    for (name, docs) in cases {
        if let Some(docs) = docs {
            if !text.is_empty() {
                text.push('\n');
            }
            text.push_str("- `");
            text.push_str(name);
            text.push_str("`: ");
            text.push_str(docs.trim());
        }
    }
    if !text.is_empty() {
        out.insert("description".to_owned(), text.into());
    }
}

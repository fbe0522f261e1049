//! JSON to component values and back, and with it the validation of arguments before a guest runs.
//!
//! Everything folds over a [`Shape`]. Integers are exact over their whole range: they never pass through a float.

use std::fmt::{self, Write as _};

use bricklayer_package::{Case, Field, Function, Shape, ShapeKind, VariantCase};
use serde_json::{Map, Number, Value};
use wasmtime::component::Val;

/// What is wrong with an argument, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{message}", if path.is_empty() { String::new() } else { format!("{path}: ") })]
pub(crate) struct InputFault {
    /// The way to the offending value, such as `parameters[0].type`; empty for the whole.
    pub(crate) path: String,
    /// What was expected and what was found.
    pub(crate) message: String,
}

/// A value that a guest returned and that is not what its type promises.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the plugin returned {0}")]
pub(crate) struct OutputFault(pub(crate) String);

/// The largest integer that a float holds without gaps; `3.0` is an integer to JSON Schema, `1e300` is not to us.
const EXACT_FLOAT: f64 = 9_007_199_254_740_992.0;

/// Arguments as component values, in the order of the function's parameters.
pub(crate) fn arguments(function: &Function, input: &Value) -> Result<Vec<Val>, InputFault> {
    let empty = Map::new();
    let object = match input {
        Value::Object(object) => object,
        // A model that calls a tool without parameters may send nothing at all.
        Value::Null => &empty,
        other => return Err(fault(&Path::Root, expected("an object with the tool's arguments", other))),
    };
    let fields = record(function.properties(), object, &Path::Root)?;
    if function.takes_record() {
        return Ok(vec![Val::Record(fields)]);
    }
    Ok(fields.into_iter().map(|(_, value)| value).collect())
}

/// Arguments as the guest would get them, as JSON again: validated, without the properties that are left out. Runs
/// nothing.
///
/// # Errors
/// What is wrong and where, as a call would answer.
pub fn canonical_arguments(function: &Function, input: &Value) -> Result<Value, String> {
    let values = arguments(function, input).map_err(|fault| fault.to_string())?;
    if let ([value], true, Some(param)) = (values.as_slice(), function.takes_record(), function.params.first()) {
        return to_json(&param.shape, value).map_err(|fault| fault.to_string());
    }
    let mut out = Map::new();
    for (field, value) in function.properties().iter().zip(&values) {
        if !matches!(value, Val::Option(None)) {
            out.insert(field.property.clone(), to_json(&field.shape, value).map_err(|fault| fault.to_string())?);
        }
    }
    Ok(Value::Object(out))
}

/// A component value as JSON.
pub(crate) fn to_json(shape: &Shape, value: &Val) -> Result<Value, OutputFault> {
    Ok(match (&shape.kind, value) {
        (ShapeKind::Bool, Val::Bool(value)) => Value::Bool(*value),
        (ShapeKind::S8, Val::S8(value)) => (*value).into(),
        (ShapeKind::U8, Val::U8(value)) => (*value).into(),
        (ShapeKind::S16, Val::S16(value)) => (*value).into(),
        (ShapeKind::U16, Val::U16(value)) => (*value).into(),
        (ShapeKind::S32, Val::S32(value)) => (*value).into(),
        (ShapeKind::U32, Val::U32(value)) => (*value).into(),
        (ShapeKind::S64, Val::S64(value)) => (*value).into(),
        (ShapeKind::U64, Val::U64(value)) => (*value).into(),
        (ShapeKind::F32, Val::Float32(value)) => float((*value).into()),
        (ShapeKind::F64, Val::Float64(value)) => float(*value),
        (ShapeKind::Char, Val::Char(value)) => value.to_string().into(),
        (ShapeKind::String, Val::String(value)) => value.as_str().into(),
        (ShapeKind::Json, Val::String(text)) => {
            serde_json::from_str(text).map_err(|error| OutputFault(format!("text that is not JSON: {error}")))?
        }
        (ShapeKind::List(element), Val::List(values)) => {
            Value::Array(values.iter().map(|value| to_json(element, value)).collect::<Result<_, _>>()?)
        }
        (ShapeKind::Option(_), Val::Option(None)) => Value::Null,
        (ShapeKind::Option(some), Val::Option(Some(value))) => to_json(some, value)?,
        (ShapeKind::Tuple(parts), Val::Tuple(values)) => {
            Value::Array(parts.iter().zip(values).map(|(part, value)| to_json(part, value)).collect::<Result<_, _>>()?)
        }
        (ShapeKind::Record(fields), Val::Record(values)) => {
            let mut out = Map::new();
            for (field, (_, value)) in fields.iter().zip(values) {
                // An absent option leaves its property out, as the schema says.
                if matches!(value, Val::Option(None)) {
                    continue;
                }
                out.insert(field.property.clone(), to_json(&field.shape, value)?);
            }
            Value::Object(out)
        }
        (ShapeKind::Enum(_), Val::Enum(case)) => case.as_str().into(),
        (ShapeKind::Flags(_), Val::Flags(flags)) => flags.iter().map(String::as_str).collect(),
        (ShapeKind::Variant(cases), Val::Variant(case, payload)) => {
            let mut out = Map::new();
            out.insert("case".to_owned(), case.as_str().into());
            let shape = cases.iter().find(|found| found.name == *case).and_then(|found| found.payload.as_ref());
            if let (Some(shape), Some(payload)) = (shape, payload) {
                out.insert("value".to_owned(), to_json(shape, payload)?);
            }
            Value::Object(out)
        }
        (ShapeKind::Result { ok, error }, Val::Result(result)) => {
            let (name, shape, value) = match result {
                Ok(value) => ("ok", ok, value),
                Err(value) => ("error", error, value),
            };
            let value = match (shape, value) {
                (Some(shape), Some(value)) => to_json(shape, value)?,
                _ => Value::Null,
            };
            Value::Object(Map::from_iter([(name.to_owned(), value)]))
        }
        _ => return Err(OutputFault("a value of another type than it declares".to_owned())),
    })
}

fn float(value: f64) -> Value {
    Number::from_f64(value).map_or(Value::Null, Value::Number)
}

/// Where a value stands, linked towards the root; turned into text only for an error.
enum Path<'a> {
    Root,
    Property(&'a Path<'a>, &'a str),
    Index(&'a Path<'a>, usize),
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Property(Path::Root, name) => f.write_str(name),
            Self::Property(parent, name) => write!(f, "{parent}.{name}"),
            Self::Index(parent, index) => write!(f, "{parent}[{index}]"),
        }
    }
}

fn fault(path: &Path<'_>, message: String) -> InputFault {
    InputFault { path: path.to_string(), message }
}

fn expected(what: &str, found: &Value) -> String {
    let found = match found {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(value) => value.to_string(),
        Value::String(text) => format!("the string {:?}", text.chars().take(60).collect::<String>()),
        Value::Array(_) => "an array".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    };
    format!("expected {what}, got {found}")
}

fn from_json(shape: &Shape, value: &Value, path: &Path<'_>) -> Result<Val, InputFault> {
    let wrong = |what: &str| fault(path, expected(what, value));
    Ok(match &shape.kind {
        ShapeKind::Bool => Val::Bool(value.as_bool().ok_or_else(|| wrong("true or false"))?),
        ShapeKind::S8 => Val::S8(integer(value, i8::MIN, i8::MAX).ok_or_else(|| range(path, value, i8::MIN, i8::MAX))?),
        ShapeKind::U8 => Val::U8(integer(value, u8::MIN, u8::MAX).ok_or_else(|| range(path, value, u8::MIN, u8::MAX))?),
        ShapeKind::S16 => {
            Val::S16(integer(value, i16::MIN, i16::MAX).ok_or_else(|| range(path, value, i16::MIN, i16::MAX))?)
        }
        ShapeKind::U16 => {
            Val::U16(integer(value, u16::MIN, u16::MAX).ok_or_else(|| range(path, value, u16::MIN, u16::MAX))?)
        }
        ShapeKind::S32 => {
            Val::S32(integer(value, i32::MIN, i32::MAX).ok_or_else(|| range(path, value, i32::MIN, i32::MAX))?)
        }
        ShapeKind::U32 => {
            Val::U32(integer(value, u32::MIN, u32::MAX).ok_or_else(|| range(path, value, u32::MIN, u32::MAX))?)
        }
        ShapeKind::S64 => {
            Val::S64(integer(value, i64::MIN, i64::MAX).ok_or_else(|| range(path, value, i64::MIN, i64::MAX))?)
        }
        ShapeKind::U64 => {
            Val::U64(integer(value, u64::MIN, u64::MAX).ok_or_else(|| range(path, value, u64::MIN, u64::MAX))?)
        }
        #[expect(clippy::cast_possible_truncation, reason = "the nearest f32 is what an f32 parameter asks for")]
        ShapeKind::F32 => {
            let nearest = value.as_f64().map(|number| number as f32).filter(|number| number.is_finite());
            Val::Float32(nearest.ok_or_else(|| wrong("a number that 32 bits can hold"))?)
        }
        ShapeKind::F64 => Val::Float64(value.as_f64().ok_or_else(|| wrong("a number"))?),
        ShapeKind::Char => {
            let mut chars = value.as_str().ok_or_else(|| wrong("a string of one character"))?.chars();
            match (chars.next(), chars.next()) {
                (Some(only), None) => Val::Char(only),
                _ => return Err(wrong("a string of one character")),
            }
        }
        ShapeKind::String => Val::String(value.as_str().ok_or_else(|| wrong("a string"))?.to_owned()),
        ShapeKind::Json => Val::String(value.to_string()),
        ShapeKind::List(element) => {
            let values = value.as_array().ok_or_else(|| wrong("an array"))?;
            Val::List(each(values, path, |_| Some(element))?)
        }
        ShapeKind::Option(some) => match value {
            Value::Null => Val::Option(None),
            _ => Val::Option(Some(Box::new(from_json(some, value, path)?))),
        },
        ShapeKind::Tuple(parts) => {
            let values = value.as_array().filter(|values| values.len() == parts.len());
            let values = values.ok_or_else(|| wrong(&format!("an array of {} values", parts.len())))?;
            Val::Tuple(each(values, path, |index| parts.get(index))?)
        }
        ShapeKind::Record(fields) => {
            let object = value.as_object().ok_or_else(|| wrong("an object"))?;
            Val::Record(record(fields, object, path)?)
        }
        ShapeKind::Enum(cases) => Val::Enum(case(cases, value, path)?),
        ShapeKind::Flags(cases) => {
            let values = value.as_array().ok_or_else(|| wrong("an array of strings"))?;
            let mut flags = Vec::new();
            for (index, value) in values.iter().enumerate() {
                let flag = case(cases, value, &Path::Index(path, index))?;
                if flags.contains(&flag) {
                    return Err(fault(&Path::Index(path, index), format!("{flag:?} is there twice")));
                }
                flags.push(flag);
            }
            Val::Flags(flags)
        }
        ShapeKind::Variant(cases) => variant(cases, value, path)?,
        ShapeKind::Result { ok, error } => {
            let object = value.as_object().filter(|object| object.len() == 1);
            let what = "an object with the one property `ok` or `error`";
            let (name, inner) = object.and_then(|object| object.iter().next()).ok_or_else(|| wrong(what))?;
            let shape = match name.as_str() {
                "ok" => ok,
                "error" => error,
                _ => return Err(wrong(what)),
            };
            let path = Path::Property(path, name);
            let inner = match shape {
                Some(shape) => Some(Box::new(from_json(shape, inner, &path)?)),
                None if inner.is_null() => None,
                None => return Err(fault(&path, expected("null", inner))),
            };
            Val::Result(if name == "ok" { Ok(inner) } else { Err(inner) })
        }
    })
}

fn each<'s>(
    values: &[Value],
    path: &Path<'_>,
    shape: impl Fn(usize) -> Option<&'s Shape>,
) -> Result<Vec<Val>, InputFault>
where
{
    let mut out = Vec::with_capacity(values.len());
    for (index, value) in values.iter().enumerate() {
        let path = Path::Index(path, index);
        let shape = shape(index).ok_or_else(|| fault(&path, "is one value too many".to_owned()))?;
        out.push(from_json(shape, value, &path)?);
    }
    Ok(out)
}

fn record(fields: &[Field], object: &Map<String, Value>, path: &Path<'_>) -> Result<Vec<(String, Val)>, InputFault> {
    if let Some(unknown) = object.keys().find(|key| !fields.iter().any(|field| field.property == **key)) {
        return Err(fault(&Path::Property(path, unknown), unknown_property(fields, unknown)));
    }
    let mut out = Vec::with_capacity(fields.len());
    for field in fields {
        let path = Path::Property(path, &field.property);
        let value = match (object.get(&field.property), &field.shape.kind) {
            (None | Some(Value::Null), ShapeKind::Option(_)) => Val::Option(None),
            (Some(value), _) => from_json(&field.shape, value, &path)?,
            (None, _) => return Err(fault(&path, format!("is required: {}", describe(&field.shape)))),
        };
        out.push((field.name.clone(), value));
    }
    Ok(out)
}

/// Names the property that was probably meant, else all of them.
fn unknown_property(fields: &[Field], unknown: &str) -> String {
    let nearest = fields
        .iter()
        .map(|field| (strsim::damerau_levenshtein(&field.property, unknown), &field.property))
        .min()
        .filter(|(distance, name)| *distance <= 1 + name.len() / 3);
    let mut message = "is not a property here".to_owned();
    if let Some((_, nearest)) = nearest {
        let _ = write!(message, "; did you mean `{nearest}`?");
    } else if fields.is_empty() {
        message.push_str("; there are none");
    } else {
        let names: Vec<String> = fields.iter().map(|field| format!("`{}`", field.property)).collect();
        let _ = write!(message, "; there are {}", names.join(", "));
    }
    message
}

fn case(cases: &[Case], value: &Value, path: &Path<'_>) -> Result<String, InputFault> {
    value
        .as_str()
        .filter(|text| cases.iter().any(|case| case.name == *text))
        .map(str::to_owned)
        .ok_or_else(|| fault(path, expected(&one_of(cases.iter().map(|case| case.name.as_str())), value)))
}

fn variant(cases: &[VariantCase], value: &Value, path: &Path<'_>) -> Result<Val, InputFault> {
    let one_of = || one_of(cases.iter().map(|case| case.name.as_str()));
    let object = value
        .as_object()
        .ok_or_else(|| fault(path, expected(&format!("an object whose `case` is {}", one_of()), value)))?;
    let missing = Value::Null;
    let name = object.get("case").unwrap_or(&missing);
    let place = Path::Property(path, "case");
    let case = cases
        .iter()
        .find(|case| name.as_str() == Some(&case.name))
        .ok_or_else(|| fault(&place, expected(&one_of(), name)))?;
    if let Some(unknown) = object.keys().find(|key| !matches!(key.as_str(), "case" | "value")) {
        return Err(fault(
            &Path::Property(path, unknown),
            "is not a property here; there are `case`, `value`".to_owned(),
        ));
    }
    let place = Path::Property(path, "value");
    let payload = match (&case.payload, object.get("value")) {
        (None, None | Some(Value::Null)) => None,
        (None, Some(value)) => return Err(fault(&place, expected("nothing, this case carries no value", value))),
        (Some(shape), value) => Some(Box::new(from_json(shape, value.unwrap_or(&missing), &place)?)),
    };
    Ok(Val::Variant(case.name.clone(), payload))
}

fn one_of<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<String> = names.map(|name| format!("{name:?}")).collect();
    format!("one of {}", names.join(", "))
}

/// An integer of the wanted type, exactly.
fn integer<T: TryFrom<i128> + Copy>(value: &Value, _min: T, _max: T) -> Option<T> {
    let number = value.as_number()?;
    let wide = if let Some(unsigned) = number.as_u64() {
        i128::from(unsigned)
    } else if let Some(signed) = number.as_i64() {
        i128::from(signed)
    } else {
        let float = number.as_f64().filter(|float| float.fract() == 0.0 && float.abs() <= EXACT_FLOAT)?;
        #[expect(clippy::cast_possible_truncation, reason = "a whole number within 2^53")]
        let whole = float as i64;
        i128::from(whole)
    };
    T::try_from(wide).ok()
}

fn range<T: fmt::Display>(path: &Path<'_>, value: &Value, min: T, max: T) -> InputFault {
    fault(path, expected(&format!("an integer from {min} to {max}"), value))
}

fn describe(shape: &Shape) -> String {
    match &shape.kind {
        ShapeKind::Bool => "true or false".to_owned(),
        ShapeKind::S8
        | ShapeKind::U8
        | ShapeKind::S16
        | ShapeKind::U16
        | ShapeKind::S32
        | ShapeKind::U32
        | ShapeKind::S64
        | ShapeKind::U64 => "an integer".to_owned(),
        ShapeKind::F32 | ShapeKind::F64 => "a number".to_owned(),
        ShapeKind::Char => "a string of one character".to_owned(),
        ShapeKind::String => "a string".to_owned(),
        ShapeKind::Json => "any JSON value".to_owned(),
        ShapeKind::List(_) | ShapeKind::Tuple(_) | ShapeKind::Flags(_) => "an array".to_owned(),
        ShapeKind::Option(some) => format!("{} or null", describe(some)),
        ShapeKind::Record(_) | ShapeKind::Variant(_) | ShapeKind::Result { .. } => "an object".to_owned(),
        ShapeKind::Enum(cases) => one_of(cases.iter().map(|case| case.name.as_str())),
    }
}

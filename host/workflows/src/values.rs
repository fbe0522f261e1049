//! Reading and making JSON.

use serde_json::Value;

/// A text of a value; empty when it has none of the name.
pub(crate) fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}

/// Arguments with further ones.
pub(crate) fn with<'a>(mut input: Value, more: impl IntoIterator<Item = (&'a str, Value)>) -> Value {
    if let Some(input) = input.as_object_mut() {
        input.extend(more.into_iter().map(|(field, value)| (field.to_owned(), value)));
    }
    input
}

//! Answers.

use bricklayer_sdk::{Cut, Failure, Table};
use serde_json::Value;

use crate::kind::capital;
use crate::names::FullName;
use crate::secrets::hide;
use crate::types;

/// Bytes of an object's details; the host takes 1 MiB of a call's result.
const MAX_DETAIL_BYTES: usize = 256 * 1024;

/// A text field of the workspace's answer, when there is something in it.
pub(crate) fn text(object: &Value, field: &str) -> Option<String> {
    object.get(field).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// An array of the workspace's answer.
pub(crate) fn items<'a>(object: &'a Value, field: &str) -> &'a [Value] {
    object.get(field).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// Rows as a table, with a line of how many there are.
pub(crate) fn table(columns: &[&str], rows: &[Vec<Option<String>>], noun: &str, complete: bool) -> String {
    if rows.is_empty() {
        return if complete {
            format!("No {noun}.")
        } else {
            format!("No {noun} among those looked at; there are more.")
        };
    }
    let table = Table::render(columns, rows, Cut::default());
    let said = if complete { "all there are" } else { "there are more: raise limit or narrow it down" };
    let shown = if table.shown < rows.len() { format!("showing {} of ", table.shown) } else { String::new() };
    format!("{}\n\n({shown}{} {noun}; {said})", table.text, rows.len())
}

/// Details as the workspace gave them, without what is secret, and without what says the same twice.
pub(crate) fn details(mut object: Value) -> String {
    hide(&mut object);
    if let Some(columns) = object.get_mut("columns").and_then(Value::as_array_mut) {
        for column in columns.iter_mut().filter_map(Value::as_object_mut) {
            column.remove("type_json");
        }
    }
    let text = object.to_string();
    if text.len() <= MAX_DETAIL_BYTES {
        return text;
    }
    if let Some(fields) = object.as_object_mut() {
        fields.retain(|_, field| !field.is_array() && !field.is_object());
        fields.insert("incomplete".to_owned(), Value::Bool(true));
    }
    object.to_string()
}

/// What became of an object.
pub(crate) fn change(name: &FullName, text: String, changed: bool) -> types::ObjectChange {
    types::ObjectChange { text, name: name.dotted(), old_name: None, changed, statement: None }
}

/// A sentence with its first letter a capital.
pub(crate) fn sentence(text: &str) -> String {
    capital(text)
}

/// Named values as a JSON object.
pub(crate) fn object_of(values: &[types::NamedValue]) -> Value {
    values
        .iter()
        .map(|pair| (pair.name.clone(), Value::String(pair.value.clone())))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

/// A limit within its bounds.
///
/// # Errors
/// Zero, or more than there may be.
pub(crate) fn limit(given: Option<u32>, default: u32, most: u32) -> Result<usize, Failure> {
    match given.unwrap_or(default) {
        limit if (1..=most).contains(&limit) => Ok(limit as usize),
        limit => Err(Failure::invalid("limit", format!("must be 1 to {most}, is {limit}"))),
    }
}

//! Jupyter documents (nbformat 4, and the worksheets of 3), with what Databricks keeps in their metadata.

use serde_json::Value;

use super::{Refused, own_cell};
use crate::analysis::{Format, Language};
use crate::cell::{Cell, Notebook, language};

/// What Databricks keeps of the document and of each cell.
const NOTEBOOK: &str = "application/vnd.databricks.v1+notebook";
const CELL: &str = "application/vnd.databricks.v1+cell";

/// Whether a text without a telling name is a Jupyter document.
pub(super) fn is(text: &str) -> bool {
    text.trim_start().starts_with('{') && text.contains("\"nbformat\"") && text.contains("\"cells\"")
}

pub(super) fn read(about: Notebook, text: &str) -> Result<Notebook, Refused> {
    let malformed = |why: String| Refused::Malformed { what: "Jupyter document", why };
    let document: Value =
        serde_json::from_str(&whole_characters(text)).map_err(|error| malformed(error.to_string()))?;
    let worksheet = document.pointer("/worksheets/0/cells");
    let listed = document.get("cells").or(worksheet).and_then(Value::as_array);
    let listed = listed.ok_or_else(|| malformed("it has no list of cells".to_owned()))?;
    let metadata = document.get("metadata").unwrap_or(&Value::Null);
    let kept = metadata.get(NOTEBOOK).unwrap_or(&Value::Null);
    let said = |value: Option<&Value>| value.and_then(Value::as_str).and_then(language);
    let default = said(kept.get("language"))
        .or_else(|| said(metadata.pointer("/language_info/name")))
        .or_else(|| said(metadata.pointer("/kernelspec/language")))
        .or(about.language)
        .unwrap_or(Language::Python);
    let cells = listed.iter().filter_map(|one| cell(one, default)).collect();
    Ok(Notebook { format: Format::Jupyter, language: Some(default), cells, widgets: widgets(kept), ..about })
}

fn cell(one: &Value, default: Language) -> Option<Cell> {
    let language = match one.get("cell_type").and_then(Value::as_str) {
        Some("markdown" | "heading") => Language::Markdown,
        Some("raw") => Language::Other,
        _ => default,
    };
    let text = text_of(one.get("source").or_else(|| one.get("input"))?);
    if text.trim().is_empty() {
        return None;
    }
    let title = one.get("metadata").and_then(|metadata| metadata.get(CELL)).and_then(|kept| kept.get("title"));
    let title = title.and_then(Value::as_str).filter(|title| !title.is_empty()).map(str::to_owned);
    Some(own_cell(&text, language, title))
}

/// A text, or a list of lines.
fn text_of(source: &Value) -> String {
    match source {
        Value::String(text) => text.clone(),
        Value::Array(lines) => lines.iter().filter_map(Value::as_str).collect(),
        _ => String::new(),
    }
}

/// Widgets that the document remembers, with their defaults, by name.
fn widgets(kept: &Value) -> Vec<(String, String)> {
    let Some(widgets) = kept.get("widgets").and_then(Value::as_object) else { return Vec::new() };
    let default = |widget: &Value| {
        let told = ["/typedWidgetInfo/defaultValue", "/widgetInfo/defaultValue"];
        let told = told.iter().find_map(|place| widget.pointer(place)).and_then(Value::as_str);
        told.unwrap_or_default().to_owned()
    };
    let mut found: Vec<_> = widgets.iter().map(|(name, widget)| (name.clone(), default(widget))).collect();
    found.sort();
    found
}

/// Halves of characters (`\ud83d` without its other half) as the character that stands for what cannot be shown: one of
/// them would cost the whole document.
fn whole_characters(text: &str) -> String {
    let half = |at: &str| {
        at.strip_prefix("\\u").and_then(|rest| rest.get(..4)).and_then(|hex| u32::from_str_radix(hex, 16).ok())
    };
    let mut whole = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        let (before, found) = rest.split_at(at);
        whole.push_str(before);
        let first = half(found);
        let second = found.get(6..).and_then(half);
        let taken = match (first, second) {
            (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => 12,
            (Some(0xD800..=0xDFFF), _) => {
                whole.push_str("\\ufffd");
                rest = found.get(6..).unwrap_or_default();
                continue;
            }
            (Some(_), _) => 6,
            // The character behind a backslash belongs to it.
            (None, _) => 1 + found.chars().nth(1).map_or(0, char::len_utf8),
        };
        let (kept, after) = found.split_at_checked(taken).unwrap_or((found, ""));
        whole.push_str(kept);
        rest = after;
    }
    whole.push_str(rest);
    whole
}

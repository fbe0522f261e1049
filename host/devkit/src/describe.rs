//! `bricklayer plugin inspect`: a package in words.

use std::fmt::Write as _;

use bricklayer_package::Inspection;
use serde_json::Value;

/// Everything about a package, for people. `signature` says in words who vouches for it.
#[must_use]
pub fn describe(inspection: &Inspection, signature: &str) -> String {
    let mut out = String::new();
    let mut line = |text: String| {
        out.push_str(&text);
        out.push('\n');
    };
    line(format!("{} {}: {}", inspection.name, inspection.version, inspection.description));
    if !inspection.authors.is_empty() {
        line(format!("  by         {}", inspection.authors.join(", ")));
    }
    if !inspection.licence.is_empty() {
        line(format!("  licence    {}", inspection.licence));
    }
    if let Some(homepage) = &inspection.homepage {
        line(format!("  more       {homepage}"));
    }
    line(format!("  size       {}", size(inspection.size_bytes)));
    line(format!("  digest     sha256:{}", inspection.digest));
    line(format!("  signature  {signature}"));
    if let Some(contract) = &inspection.contract {
        line(format!("  contract   bricklayer:host@{contract}"));
    }
    line("\nIt asks for:".to_owned());
    if inspection.requests_in_words.is_empty() {
        line("  nothing".to_owned());
    }
    for words in &inspection.requests_in_words {
        line(format!("  {words}"));
    }
    if !inspection.refusals.is_empty() {
        line("\nThis host would refuse it:".to_owned());
        for refusal in &inspection.refusals {
            line(format!("  {refusal}"));
        }
    }
    let count = inspection.tools.len();
    line(format!("\nIts {}:", if count == 1 { "tool".to_owned() } else { format!("{count} tools") }));
    for tool in &inspection.tools {
        let annotations = &tool.annotations;
        let effect = match (annotations.read_only, annotations.destructive) {
            (true, _) => "reads",
            (false, true) => "may destroy",
            (false, false) => "writes",
        };
        let asks = if annotations.ask { ", asks before each call" } else { "" };
        line(format!("\n{} ({effect}{asks})", tool.name));
        for text in tool.description.lines() {
            line(format!("  {text}"));
        }
        line("  takes".to_owned());
        properties(&tool.input_schema, 4, &mut line);
        if let Some(schema) = &tool.output_schema {
            line("  gives".to_owned());
            properties(schema, 4, &mut line);
        }
    }
    out
}

/// Deepest nesting of a schema that is shown; `--json` has it all.
const MAX_DEPTH: usize = 12;

fn properties(schema: &Value, indent: usize, line: &mut dyn FnMut(String)) {
    let Some(properties) = schema.get("properties").and_then(Value::as_object).filter(|p| !p.is_empty()) else {
        return line(format!("{:indent$}nothing", ""));
    };
    let required: Vec<_> = schema.get("required").and_then(Value::as_array).into_iter().flatten().collect();
    for (name, schema) in properties {
        let optional = if required.iter().any(|required| *required == name) { "" } else { "?" };
        let docs = schema.get("description").and_then(Value::as_str).unwrap_or_default();
        let docs = docs.lines().next().unwrap_or_default();
        let space = if docs.is_empty() { "" } else { "  " };
        line(format!("{:indent$}{name}{optional}: {}{space}{docs}", "", kind(schema)));
        let inner = schema.get("items").unwrap_or(schema);
        if inner.get("properties").is_some() && indent < 2 * MAX_DEPTH {
            self::properties(inner, indent + 2, line);
        }
    }
}

/// A schema's type in a word or two.
fn kind(schema: &Value) -> String {
    let word = |value: &Value| value.as_str().map(str::to_owned);
    if let Some(cases) = schema.get("enum").and_then(Value::as_array) {
        return cases.iter().filter_map(word).collect::<Vec<_>>().join(" | ");
    }
    match schema.get("type") {
        Some(Value::String(name)) if name == "array" => {
            format!("list of {}", schema.get("items").map_or_else(|| "anything".to_owned(), kind))
        }
        Some(Value::String(name)) => name.clone(),
        Some(Value::Array(names)) => names.iter().filter_map(word).collect::<Vec<_>>().join(" or "),
        _ if schema.get("oneOf").is_some() => "one of several".to_owned(),
        _ => schema
            .get("anyOf")
            .and_then(Value::as_array)
            .and_then(|any| any.first())
            .map_or("anything".to_owned(), kind),
    }
}

/// Bytes for people.
#[must_use]
pub fn size(bytes: usize) -> String {
    let mut text = String::new();
    #[expect(clippy::cast_precision_loss, reason = "for reading")]
    let _ = match bytes {
        0..10_240 => write!(text, "{bytes} bytes"),
        10_240..10_485_760 => write!(text, "{:.0} KiB", bytes as f64 / 1024.0),
        _ => write!(text, "{:.1} MiB", bytes as f64 / 1024.0 / 1024.0),
    };
    text
}

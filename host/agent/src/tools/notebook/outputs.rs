//! What a cell put out, in words.

use serde_json::Value;

use super::joined;

/// Characters shown of one output; more is data.
const MAX_OUTPUT_CHARS: usize = 10_000;

/// Kinds of text that an output may come in, the most telling first.
const TEXTS: [&str; 4] = ["text/markdown", "text/plain", "application/json", "text/html"];

/// A picture that a cell put out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Picture {
    pub(in super::super) media_type: String,
    /// In base64, as the file has it.
    pub(in super::super) base64: String,
}

/// An output as text; none when there is nothing to say of it.
pub(in super::super) fn in_words(output: &Value) -> Option<String> {
    let kind = output.get("output_type").and_then(Value::as_str).unwrap_or_default();
    let text = match kind {
        "stream" => joined(output.get("text")?),
        "error" => error(output),
        _ => {
            let data = output.get("data")?.as_object()?;
            let told = TEXTS.iter().find_map(|kind| {
                let value = data.get(*kind)?;
                Some(if value.is_object() { value.to_string() } else { joined(value) })
            });
            told.unwrap_or_else(|| {
                let kinds: Vec<&str> = data.keys().map(String::as_str).filter(|kind| !is_picture(kind)).collect();
                if kinds.is_empty() { String::new() } else { format!("[{}]", kinds.join(", ")) }
            })
        }
    };
    let text = without_colours(&text);
    let text = text.trim_end();
    (!text.is_empty()).then(|| cut(text))
}

/// The pictures of an output.
pub(in super::super) fn pictures(output: &Value) -> Vec<Picture> {
    let data = output.get("data").and_then(Value::as_object);
    let pictures = data.into_iter().flatten().filter(|(kind, _)| is_picture(kind));
    let picture = |(kind, value): (&String, &Value)| {
        let base64: String = joined(value).chars().filter(|c| !c.is_ascii_whitespace()).collect();
        Picture { media_type: kind.clone(), base64 }
    };
    pictures.map(picture).filter(|picture| !picture.base64.is_empty()).collect()
}

fn is_picture(kind: &str) -> bool {
    matches!(kind, "image/png" | "image/jpeg" | "image/gif" | "image/webp")
}

fn error(output: &Value) -> String {
    let text = |field: &str| output.get(field).and_then(Value::as_str).unwrap_or_default();
    let lines = output.get("traceback").and_then(Value::as_array);
    let trace: Vec<&str> = lines.into_iter().flatten().filter_map(Value::as_str).collect();
    if trace.is_empty() { format!("{}: {}", text("ename"), text("evalue")) } else { trace.join("\n") }
}

/// Without the escape sequences that colour a terminal.
fn without_colours(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\u{1b}' {
            out.push(c);
        } else if chars.next() == Some('[') {
            // The sequence ends with its first letter.
            let _ = chars.by_ref().find(|c| c.is_ascii_alphabetic());
        }
    }
    out
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(MAX_OUTPUT_CHARS) {
        Some((end, _)) => format!("{}\n[CUT: {} bytes in all.]", text.get(..end).unwrap_or_default(), text.len()),
        None => text.to_owned(),
    }
}

//! Lines of a document. What nests is bounded by who made the value: JSON is read to a depth of 128.

use super::scalar::{self, MAX_KEY_BYTES};
use super::{Pair, Yaml};

const STEP: usize = 2;

pub(super) fn document(value: &Yaml) -> String {
    let mut text = String::new();
    match value {
        Yaml::Map(pairs) if !pairs.is_empty() => map(&mut text, pairs, 0, false),
        Yaml::List(items) if !items.is_empty() => list(&mut text, items, 0),
        scalar => {
            inline(&mut text, scalar, STEP);
        }
    }
    text
}

/// A map whose first line may go on a line that has begun.
fn map(text: &mut String, pairs: &[Pair], indent: usize, begun: bool) {
    for (i, pair) in pairs.iter().enumerate() {
        let first = begun && i == 0;
        // The line of a list's item has begun: its first pair has no lines before it.
        if !first {
            if pair.apart && !text.is_empty() {
                text.push('\n');
            }
            comment(text, pair.comment.as_deref(), indent);
            pad(text, indent);
        }
        let key = if pair.quoted { scalar::quoted(&pair.key) } else { scalar::text(&pair.key) };
        if key.len() > MAX_KEY_BYTES {
            text.push_str("? ");
            text.push_str(&key);
            text.push('\n');
            pad(text, indent);
        } else {
            text.push_str(&key);
        }
        text.push(':');
        nested(text, &pair.value, indent);
    }
}

fn list(text: &mut String, items: &[(Option<String>, Yaml)], indent: usize) {
    for (told, item) in items {
        // The comment of an item's first pair is the item's own.
        let first = match item {
            Yaml::Map(pairs) => pairs.first().and_then(|pair| pair.comment.as_deref()),
            _ => None,
        };
        comment(text, told.as_deref(), indent);
        comment(text, first, indent);
        pad(text, indent);
        text.push('-');
        match item {
            Yaml::Map(pairs) if !pairs.is_empty() => {
                text.push(' ');
                map(text, pairs, indent + STEP, true);
            }
            other => nested(text, other, indent),
        }
    }
}

/// What comes after a key or a hyphen.
fn nested(text: &mut String, value: &Yaml, indent: usize) {
    match value {
        Yaml::Map(pairs) if !pairs.is_empty() => {
            text.push('\n');
            map(text, pairs, indent + STEP, false);
        }
        Yaml::List(items) if !items.is_empty() => {
            text.push('\n');
            list(text, items, indent + STEP);
        }
        scalar => {
            text.push(' ');
            inline(text, scalar, indent + STEP);
        }
    }
}

/// A scalar or an empty collection, to the end of its lines.
fn inline(text: &mut String, value: &Yaml, indent: usize) {
    match value {
        Yaml::Null => text.push_str("null"),
        Yaml::Bool(value) => text.push_str(if *value { "true" } else { "false" }),
        Yaml::Number(number) => text.push_str(&number.to_string()),
        Yaml::Text(line) => match scalar::block(line) {
            Some((header, lines)) => {
                text.push_str(header);
                for line in lines {
                    text.push('\n');
                    if !line.is_empty() {
                        pad(text, indent);
                        text.push_str(line);
                    }
                }
            }
            None => text.push_str(&scalar::text(line)),
        },
        Yaml::Quoted(line) => text.push_str(&scalar::quoted(line)),
        Yaml::List(_) => text.push_str("[]"),
        Yaml::Map(_) => text.push_str("{}"),
    }
    text.push('\n');
}

fn comment(text: &mut String, comment: Option<&str>, indent: usize) {
    for line in comment.unwrap_or_default().lines() {
        pad(text, indent);
        text.push('#');
        // What a name brings along must not end the comment.
        let line: String = line.chars().map(|c| if scalar_break(c) { ' ' } else { c }).collect();
        if !line.trim().is_empty() {
            text.push(' ');
            text.push_str(line.trim_end());
        }
        text.push('\n');
    }
}

fn scalar_break(c: char) -> bool {
    c.is_control() || matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}')
}

fn pad(text: &mut String, indent: usize) {
    text.extend(std::iter::repeat_n(' ', indent));
}

//! Methods of texts and collections whose results are constant.

use std::rc::Rc;

use super::calls::Arguments;
use super::value::Value;
use crate::text::{Piece, Text};

/// What a method of a text, a list or a dictionary gives.
pub(super) fn method(receiver: &Value, name: &str, arguments: &Arguments) -> Option<Value> {
    match receiver {
        Value::Text(text) => of_text(text, name, arguments),
        Value::Dict(items) => of_dict(items, name, arguments),
        _ => None,
    }
}

fn of_text(text: &Text, name: &str, arguments: &Arguments) -> Option<Value> {
    let known = |at| arguments.known(at, "");
    let made = match name {
        "format" => formatted(text, arguments),
        "join" => {
            let Some(Value::List(items)) = arguments.get(0, "") else { return None };
            let mut whole = Text::default();
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    whole.append(text);
                }
                whole.append(&item.text());
            }
            whole
        }
        "lower" | "casefold" => text.map(|part| part.to_lowercase()),
        "upper" => text.map(|part| part.to_uppercase()),
        "strip" if arguments.positional.is_empty() => text.trimmed(),
        "strip" | "lstrip" | "rstrip" | "encode" | "decode" => text.clone(),
        "replace" => {
            let (from, to) = (known(0)?, known(1)?);
            text.map(|part| part.replace(&from, &to))
        }
        "removesuffix" | "removeprefix" => {
            let (part, whole) = (known(0)?, text.known()?);
            let cut = if name == "removesuffix" { whole.strip_suffix(&part) } else { whole.strip_prefix(&part) };
            Text::literal(cut.unwrap_or(&whole)).computed()
        }
        "split" => {
            let (separator, whole) = (known(0)?, text.known()?);
            if separator.is_empty() {
                return None;
            }
            let parts = whole.split(&separator).take(1_000).map(|part| Value::literal(part).computed());
            return Some(Value::List(Rc::new(parts.collect())));
        }
        _ => return None,
    };
    Some(Value::Text(made))
}

/// `"{}.{name}".format(a, name=b)`.
fn formatted(text: &Text, arguments: &Arguments) -> Text {
    let mut made = Text::default();
    let mut next = 0;
    for piece in text.pieces() {
        let Piece::Literal { text, computed } = piece else {
            made.push(piece.clone());
            continue;
        };
        let literal = |text: &str| Piece::Literal { text: text.to_owned(), computed: *computed };
        let mut rest = text.as_str();
        while let Some(at) = rest.find(['{', '}']) {
            let (before, found) = rest.split_at(at);
            made.push(literal(before));
            let doubled = ["{{", "}}"].into_iter().find(|pair| found.starts_with(pair));
            let field = found.strip_prefix('{').and_then(|inner| inner.split_once('}'));
            rest = match (doubled, field) {
                (Some(pair), _) => {
                    made.push(literal(pair.get(..1).unwrap_or_default()));
                    found.get(2..).unwrap_or_default()
                }
                (None, Some((field, behind))) => {
                    let name = field.split([':', '!', '.', '[']).next().unwrap_or_default();
                    let value = match name.parse::<usize>() {
                        Ok(at) => arguments.positional.get(at),
                        Err(_) if name.is_empty() => {
                            next += 1;
                            arguments.positional.get(next - 1)
                        }
                        Err(_) => arguments.named(name),
                    };
                    match value {
                        Some(value) if name.len() == field.len() => made.append(&value.text().computed()),
                        _ => made.push(Piece::Unknown(field.to_owned())),
                    }
                    behind
                }
                (None, None) => {
                    made.push(literal(found.get(..1).unwrap_or_default()));
                    found.get(1..).unwrap_or_default()
                }
            };
        }
        made.push(literal(rest));
    }
    made
}

/// `"%s.%s" % (a, b)`.
pub(super) fn percent(text: &Text, value: &Value) -> Text {
    let given: Vec<Value> = match value {
        Value::List(items) => items.as_ref().clone(),
        one => vec![one.clone()],
    };
    let mut given = given.into_iter();
    let mut made = Text::default();
    for piece in text.pieces() {
        let Piece::Literal { text, computed } = piece else {
            made.push(piece.clone());
            continue;
        };
        let mut parts = text.split('%');
        made.push(Piece::Literal { text: parts.next().unwrap_or_default().to_owned(), computed: *computed });
        let mut escaped = false;
        for part in parts {
            let rest = match part.chars().next() {
                _ if escaped => {
                    escaped = false;
                    part
                }
                Some('s' | 'd' | 'i' | 'r') => {
                    made.append(&given.next().map_or_else(|| Text::unknown("…"), |value| value.text().computed()));
                    part.get(1..).unwrap_or_default()
                }
                None => {
                    escaped = true;
                    made.push(Piece::Literal { text: "%".to_owned(), computed: *computed });
                    ""
                }
                Some(_) => {
                    made.push(Piece::Unknown("…".to_owned()));
                    part
                }
            };
            made.push(Piece::Literal { text: rest.to_owned(), computed: *computed });
        }
    }
    made
}

fn of_dict(items: &[(String, Value)], name: &str, arguments: &Arguments) -> Option<Value> {
    match name {
        "get" => {
            let key = arguments.known(0, "key")?;
            let found = items.iter().find(|(known, _)| *known == key).map(|(_, value)| value.clone());
            found.or_else(|| arguments.get(1, "default").cloned())
        }
        "keys" => Some(Value::List(Rc::new(items.iter().map(|(key, _)| Value::literal(key)).collect()))),
        "values" => Some(Value::List(Rc::new(items.iter().map(|(_, value)| value.clone()).collect()))),
        "items" => {
            let pair = |(key, value): &(String, Value)| Value::List(Rc::new(vec![Value::literal(key), value.clone()]));
            Some(Value::List(Rc::new(items.iter().map(pair).collect())))
        }
        "copy" => Some(Value::Dict(Rc::new(items.to_vec()))),
        _ => None,
    }
}

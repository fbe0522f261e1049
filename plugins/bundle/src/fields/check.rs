//! Values against the table: fields that nothing reads, values of the wrong kind, what is missing.

use super::{Field, FieldKind, Fields, Shape};
use crate::finding::{Findings, Repair, Rule};
use crate::near::{did_you_mean, repair};
use crate::reference;
use crate::value::{At, Entry, Kind, Value};
use crate::yaml;

/// Values of an enumeration that advice names.
const MAX_NAMED: usize = 12;

/// Looks at a file as it was written: unknown fields, values of the wrong kind, nothing where something is due. Texts with
/// references may become anything.
pub(crate) fn check_shape(table: &Fields, root: &Value, findings: &mut Findings) {
    Check { table, findings, is_complete: false }.value(root, FieldKind::ROOT, At::ROOT);
}

/// Looks at the bundle as it is resolved: what is required, and values of enumerations.
pub(crate) fn check_complete(table: &Fields, root: &Value, findings: &mut Findings) {
    Check { table, findings, is_complete: true }.value(root, FieldKind::ROOT, At::ROOT);
}

struct Check<'a> {
    table: &'a Fields,
    findings: &'a mut Findings,
    is_complete: bool,
}

impl Check<'_> {
    fn value(&mut self, value: &Value, kind: FieldKind, at: At<'_>) {
        let shape = self.table.shape(kind);
        if value.as_text().is_some_and(reference::has_references) || matches!(shape, Shape::Any) {
            return;
        }
        match (&shape, &value.kind) {
            (_, Kind::Null) => {
                let advice = "give a value, or take the line away";
                self.findings.add(Rule::NullValue, at, value, "there is nothing here", advice);
            }
            (Shape::Object(fields, is_open), Kind::Map(map)) => {
                for entry in map {
                    match fields.iter().find(|field| field.name == entry.key) {
                        Some(field) => self.value(&entry.value, field.kind, at.key(&entry.key)),
                        None if *is_open => {}
                        None => self.unknown(fields, entry, at),
                    }
                }
                // The rest of what a file holds is not seen here.
                if self.is_complete && value.get(&["file_path"]).is_none() {
                    self.required(fields, value, at);
                }
            }
            (Shape::Map(item), Kind::Map(map)) => {
                let is_object = matches!(self.table.shape(*item), Shape::Object(..));
                // An empty target or variable is one; an empty resource is looked at elsewhere.
                for entry in map.iter().filter(|entry| !(is_object && entry.value.is_null())) {
                    self.value(&entry.value, *item, at.key(&entry.key));
                }
            }
            (Shape::List(item), Kind::List(items)) => {
                for (index, value) in items.iter().enumerate() {
                    self.value(value, *item, at.index(index));
                }
            }
            (Shape::Enum(values), _) if value.display().is_some() => self.one_of(values, value, at),
            (shape, _) => {
                if converted(shape, value).is_none() {
                    let message = format!("this is {}, but {} is due", value.words(), due(shape));
                    let advice = match (shape, &value.kind) {
                        (Shape::List(_), Kind::Text(_)) => "begin the entry with `- `",
                        (Shape::List(_), Kind::Map(_)) => "write a list: begin each entry with `- `",
                        (Shape::Map(_) | Shape::Object(..), Kind::List(_)) => "write keys without `- `",
                        _ => "look at the field's documentation, and at the indentation",
                    };
                    self.findings.add(Rule::WrongKind, at, value, message, advice);
                }
            }
        }
    }

    fn unknown(&mut self, fields: &[Field], entry: &Entry, at: At<'_>) {
        // What the library adds for references was written nowhere; what has an anchor is there for others.
        if entry.place.is_none() || entry.value.is_anchor {
            return;
        }
        let names: Vec<&str> = fields.iter().map(|field| field.name).collect();
        let advice = did_you_mean(&entry.key, &names, "take the field away, or look for where it belongs");
        let at = at.key(&entry.key);
        let path = at.to_string();
        let is_resource = path.strip_prefix("resources.").is_some_and(|rest| !rest.contains('.'));
        let (rule, message) = if is_resource {
            (Rule::UnknownResourceKind, format!("there are no resources of the kind `{}`", entry.key))
        } else {
            (Rule::UnknownField, format!("the field `{}` is not known here, so nothing reads it", entry.key))
        };
        let repair = repair(&entry.key, &names);
        self.findings.add_word(rule, path, entry.place.as_ref(), message, advice, repair);
    }

    fn required(&mut self, fields: &[Field], value: &Value, at: At<'_>) {
        for field in fields.iter().filter(|field| field.is_required) {
            if value.get(&[field.name]).is_none_or(Value::is_null) {
                let message = format!("the required field `{}` is missing", field.name);
                let advice = format!("add `{}`", field.name);
                self.findings.add(Rule::RequiredField, at, value, message, advice);
            }
        }
    }

    fn one_of(&mut self, values: &[&'static str], value: &Value, at: At<'_>) {
        let text = value.display().unwrap_or_default();
        if !self.is_complete || values.contains(&text.as_str()) || text.is_empty() {
            return;
        }
        let named = values.iter().take(MAX_NAMED).copied().collect::<Vec<_>>().join(", ");
        let more = if values.len() > MAX_NAMED { ", and others" } else { "" };
        let upper = text.to_ascii_uppercase();
        let same = values.iter().copied().find(|value| *value == upper);
        let advice = match same {
            Some(same) => format!("write `{same}`"),
            None => did_you_mean(&text, values, &format!("write one of {named}{more}")),
        };
        let message = format!("`{text}` is not among the values of this field");
        let repair = match same {
            Some(same) => Some(Repair { written: text.clone(), instead: same.to_owned() }),
            None => repair(&text, values),
        };
        self.findings.add_word(Rule::EnumValue, at, value.place.as_ref(), message, advice, repair);
    }
}

fn due(shape: &Shape<'_>) -> &'static str {
    match shape {
        Shape::Text | Shape::Enum(_) => "a text",
        Shape::Bool => "true or false",
        Shape::Int => "a whole number",
        Shape::Float => "a number",
        Shape::Any => "anything",
        Shape::List(_) => "a list",
        Shape::Map(_) | Shape::Object(..) => "a mapping",
    }
}

/// A scalar as the field takes it; none where it does not fit. The forms are those that the command line converts.
fn converted(shape: &Shape<'_>, value: &Value) -> Option<Kind> {
    match (shape, &value.kind) {
        (Shape::Any, kind) => Some(kind.clone()),
        (Shape::Text | Shape::Enum(_), Kind::Text(_)) => Some(value.kind.clone()),
        (Shape::Text | Shape::Enum(_), Kind::Bool(_) | Kind::Int(_) | Kind::Float(_)) => {
            value.display().map(Kind::Text)
        }
        (Shape::Bool, Kind::Bool(_)) | (Shape::Int, Kind::Int(_)) | (Shape::Float, Kind::Float(_)) => {
            Some(value.kind.clone())
        }
        (Shape::Bool, Kind::Text(text)) => match text.to_ascii_lowercase().as_str() {
            "true" | "yes" | "y" | "on" => Some(Kind::Bool(true)),
            "false" | "no" | "n" | "off" => Some(Kind::Bool(false)),
            _ => None,
        },
        (Shape::Int, Kind::Text(text)) => text.parse().ok().map(Kind::Int),
        // Whole, and small enough that no digit was lost.
        (Shape::Int, Kind::Float(number)) if number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0 => {
            Some(Kind::Int(*number as i64))
        }
        (Shape::Float, Kind::Int(number)) => Some(Kind::Float(*number as f64)),
        (Shape::Float, Kind::Text(text)) => yaml::float(text).map(Kind::Float),
        _ => None,
    }
}

/// Takes out the fields that the table does not know, as the command line does; those that the library added stay.
pub(crate) fn keep_known(table: &Fields, value: &mut Value, kind: FieldKind) {
    match &mut value.kind {
        Kind::Map(map) => {
            map.retain(|entry| entry.place.is_none() || table.below(kind, &entry.key).is_some());
            for entry in map.iter_mut() {
                if let Some(kind) = table.below(kind, &entry.key) {
                    keep_known(table, &mut entry.value, kind);
                }
            }
        }
        Kind::List(items) => {
            if let Some(kind) = table.below(kind, "") {
                items.iter_mut().for_each(|item| keep_known(table, item, kind));
            }
        }
        _ => {}
    }
}

/// Makes scalars what their fields take, where that loses nothing.
pub(crate) fn convert(table: &Fields, value: &mut Value, kind: FieldKind) {
    let shape = table.shape(kind);
    match (&shape, &mut value.kind) {
        (Shape::Object(..), Kind::Map(map)) => {
            for entry in map.iter_mut() {
                if let Some(kind) = table.below(kind, &entry.key) {
                    convert(table, &mut entry.value, kind);
                }
            }
        }
        (Shape::Map(item), Kind::Map(map)) => {
            for entry in map.iter_mut() {
                convert(table, &mut entry.value, *item);
            }
        }
        (Shape::List(item), Kind::List(items)) => {
            for value in items {
                convert(table, value, *item);
            }
        }
        (Shape::Float, Kind::Int(_)) => {}
        _ => {
            if let Some(kind) = converted(&shape, value) {
                value.kind = kind;
            }
        }
    }
}

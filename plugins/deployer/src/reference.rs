//! References to other resources in settings: put in as far as they are known, told where they are not yet.

use std::collections::{BTreeMap, BTreeSet};

use bricklayer_bundle::{Reference, Step};
use serde_json::{Map, Value};

/// A reference to a field of a resource: `resources.jobs.nightly` and `id`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Field {
    pub(crate) node: String,
    pub(crate) way: Vec<Step>,
}

/// What is known of a field.
pub(crate) enum Known {
    /// Its value.
    Value(Value),
    /// It will be known once the resource is made.
    Later,
}

/// Settings with their references put in.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Resolved {
    /// What holds a reference that is not known yet is left out.
    pub(crate) value: Value,
    /// Texts with references that are not known yet, by their ways.
    pub(crate) vars: BTreeMap<String, String>,
}

/// The reference that begins behind `${`, and where it ends.
fn next(text: &str) -> Option<(usize, usize, Field)> {
    let mut from = 0;
    while let Some(start) = text.get(from..)?.find("${").map(|at| at + from) {
        let end = text.get(start..)?.find('}')? + start + 1;
        let inside = text.get(start + 2..end - 1)?;
        if let Some(field) = Reference::parse(inside).and_then(|reference| Field::of(&reference)) {
            return Some((start, end, field));
        }
        from = start + 2;
    }
    None
}

impl Field {
    fn of(reference: &Reference) -> Option<Self> {
        match reference.steps() {
            [Step::Key(first), Step::Key(kind), Step::Key(name), rest @ ..] if first == "resources" => {
                Some(Self { node: format!("resources.{kind}.{name}"), way: rest.to_vec() })
            }
            _ => None,
        }
    }

    /// The value of this field in a resource's settings.
    pub(crate) fn in_settings(&self, settings: &Value) -> Option<Value> {
        let found = self.way.iter().try_fold(settings, |value, step| match step {
            Step::Key(key) => value.get(key),
            Step::Index(index) => value.get(index),
        })?;
        (!found.is_null()).then(|| found.clone())
    }

    /// The one key that it is, if it is one.
    pub(crate) fn key(&self) -> Option<&str> {
        match self.way.as_slice() {
            [Step::Key(key)] => Some(key),
            _ => None,
        }
    }
}

/// The references of settings: the resource, and the reference as it is written.
pub(crate) fn references(value: &Value, found: &mut BTreeSet<(String, String)>) {
    match value {
        Value::String(text) => {
            let mut rest = text.as_str();
            while let Some((start, end, field)) = next(rest) {
                found.insert((field.node, rest.get(start..end).unwrap_or_default().to_owned()));
                rest = rest.get(end..).unwrap_or_default();
            }
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        Value::Object(fields) => fields.values().for_each(|field| references(field, found)),
        _ => {}
    }
}

/// Puts references in.
///
/// # Errors
/// What `known` says of a field that there is not.
pub(crate) fn resolve(value: &Value, known: &dyn Fn(&Field) -> Result<Known, String>) -> Result<Resolved, String> {
    let mut vars = BTreeMap::new();
    let value = walk(value, "", "", known, &mut vars)?.unwrap_or(Value::Null);
    Ok(Resolved { value, vars })
}

fn walk(
    value: &Value,
    at: &str,
    field: &str,
    known: &dyn Fn(&Field) -> Result<Known, String>,
    vars: &mut BTreeMap<String, String>,
) -> Result<Option<Value>, String> {
    Ok(match value {
        Value::String(text) => match put_in(text, field, known)? {
            Some(value) => Some(value),
            None => {
                vars.insert(at.to_owned(), text.clone());
                None
            }
        },
        Value::Array(items) => {
            let mut resolved = Vec::with_capacity(items.len());
            for (index, item) in items.iter().enumerate() {
                // Items keep their numbers.
                let item = walk(item, &format!("{at}[{index}]"), field, known, vars)?;
                resolved.push(item.unwrap_or_else(|| Value::String(String::new())));
            }
            Some(Value::Array(resolved))
        }
        Value::Object(fields) => {
            let mut resolved = Map::new();
            for (key, inner) in fields {
                let way = if at.is_empty() { key.clone() } else { format!("{at}.{key}") };
                if let Some(inner) = walk(inner, &way, key, known, vars)? {
                    resolved.insert(key.clone(), inner);
                }
            }
            Some(Value::Object(resolved))
        }
        other => Some(other.clone()),
    })
}

/// `None` where a part of the text is not known yet.
fn put_in(text: &str, field: &str, known: &dyn Fn(&Field) -> Result<Known, String>) -> Result<Option<Value>, String> {
    let mut whole = String::new();
    let mut rest = text;
    while let Some((start, end, reference)) = next(rest) {
        let Known::Value(value) = known(&reference)? else { return Ok(None) };
        if start == 0 && end == text.len() {
            return Ok(Some(typed(value, field)));
        }
        whole.push_str(rest.get(..start).unwrap_or_default());
        match &value {
            Value::String(text) => whole.push_str(text),
            Value::Number(_) | Value::Bool(_) => whole.push_str(&value.to_string()),
            _ => {
                return Err(format!(
                    "`{}` is no text, and stands within one",
                    rest.get(start..end).unwrap_or_default()
                ));
            }
        }
        rest = rest.get(end..).unwrap_or_default();
    }
    whole.push_str(rest);
    Ok(Some(Value::String(whole)))
}

/// Ids are kept as texts, and the only numbers that refer to other resources are jobs' ids.
fn typed(value: Value, field: &str) -> Value {
    let number = value.as_str().filter(|_| field == "job_id").and_then(|text| text.parse::<i64>().ok());
    number.map_or(value, Value::from)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn known(field: &Field) -> Result<Known, String> {
        match (field.node.as_str(), field.key()) {
            ("resources.jobs.a", Some("id")) => Ok(Known::Value(json!("9223372036854775807"))),
            ("resources.pipelines.p", Some("id")) => Ok(Known::Later),
            ("resources.schemas.s", Some("tags")) => Ok(Known::Value(json!({"x": 1}))),
            _ => Err(format!("there is no {}", field.node)),
        }
    }

    #[test]
    fn references_are_put_in_where_they_are_known() {
        let settings = json!({
            "job_id": "${resources.jobs.a.id}", "text": "job ${resources.jobs.a.id}, ${var.x} ${a",
            "list": ["${resources.pipelines.p.id}", 1], "in": {"p": "${resources.pipelines.p.id}", "n": null},
            "tags": "${resources.schemas.s.tags}"
        });
        let resolved = resolve(&settings, &known).unwrap();
        assert_eq!(
            resolved.value,
            json!({"job_id": 9223372036854775807_i64, "text": "job 9223372036854775807, ${var.x} ${a", "list": ["", 1],
                   "in": {"n": null}, "tags": {"x": 1}})
        );
        let later = "${resources.pipelines.p.id}".to_owned();
        assert_eq!(resolved.vars, [("in.p".to_owned(), later.clone()), ("list[0]".to_owned(), later)].into());
        let mut found = BTreeSet::new();
        references(&settings, &mut found);
        let nodes: BTreeSet<_> = found.iter().map(|(node, _)| node.as_str()).collect();
        assert_eq!(nodes, ["resources.jobs.a", "resources.pipelines.p", "resources.schemas.s"].into());
    }

    #[test]
    fn what_cannot_be_put_in_is_told() {
        for (text, part) in
            [("${resources.apps.x.id}", "resources.apps.x"), ("x${resources.schemas.s.tags}", "no text")]
        {
            assert!(resolve(&json!({"a": text}), &known).unwrap_err().contains(part));
        }
    }
}

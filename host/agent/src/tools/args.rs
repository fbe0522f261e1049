//! Arguments of a built-in tool: each mistake is reported with the field and what it must be.

use bricklayer_domain::{ToolErrorKind, ToolFailure};
use serde_json::{Map, Value};

/// The arguments object of one call.
#[derive(Debug)]
pub(super) struct Args<'a> {
    fields: &'a Map<String, Value>,
}

pub(super) fn invalid(message: impl Into<String>) -> ToolFailure {
    ToolFailure::new(ToolErrorKind::InvalidInput, message)
}

impl<'a> Args<'a> {
    /// Takes the arguments if they are an object that holds no other fields than these.
    pub(super) fn parse(input: &'a Value, known: &[&str]) -> Result<Self, ToolFailure> {
        let Value::Object(fields) = input else {
            return Err(invalid("the arguments must be a JSON object"));
        };
        if let Some(field) = fields.keys().find(|field| !known.contains(&field.as_str())) {
            return Err(invalid(format!("unknown field `{field}`; known fields: {}", known.join(", "))));
        }
        Ok(Self { fields })
    }

    /// The object at a path within the arguments, if it is one that holds no other fields than these.
    pub(super) fn within(path: &str, value: &'a Value, known: &[&str]) -> Result<Self, ToolFailure> {
        let Value::Object(fields) = value else { return Err(invalid(format!("`{path}` must be an object"))) };
        if let Some(field) = fields.keys().find(|field| !known.contains(&field.as_str())) {
            return Err(invalid(format!("unknown field `{path}.{field}`; known fields: {}", known.join(", "))));
        }
        Ok(Self { fields })
    }

    /// A field of any type that must be there.
    pub(super) fn needed(&self, field: &str) -> Result<&'a Value, ToolFailure> {
        self.present(field).ok_or_else(|| invalid(format!("`{field}` is missing")))
    }

    /// A list; nothing when it is absent.
    pub(super) fn list(&self, field: &str) -> Result<&'a [Value], ToolFailure> {
        match self.present(field) {
            None => Ok(&[]),
            Some(Value::Array(list)) => Ok(list),
            Some(_) => Err(invalid(format!("`{field}` must be a list"))),
        }
    }

    pub(super) fn present(&self, field: &str) -> Option<&'a Value> {
        self.fields.get(field).filter(|value| !value.is_null())
    }

    pub(super) fn opt_str(&self, field: &str) -> Result<Option<&'a str>, ToolFailure> {
        match self.present(field) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(invalid(format!("`{field}` must be a string"))),
        }
    }

    pub(super) fn str(&self, field: &str) -> Result<&'a str, ToolFailure> {
        self.opt_str(field)?.ok_or_else(|| invalid(format!("`{field}` is missing")))
    }

    /// A whole number of at least 0; models also send it as text.
    pub(super) fn opt_count(&self, field: &str) -> Result<Option<usize>, ToolFailure> {
        let wrong = || invalid(format!("`{field}` must be a whole number of at least 0"));
        match self.present(field) {
            None => Ok(None),
            Some(Value::Number(number)) => {
                let count = number.as_u64().or_else(|| {
                    number.as_f64().filter(|n| n.fract() == 0.0 && *n >= 0.0).map(
                        // A float beyond the range saturates, which only means "all".
                        |n| n as u64,
                    )
                });
                count.map(|n| Some(usize::try_from(n).unwrap_or(usize::MAX))).ok_or_else(wrong)
            }
            Some(Value::String(text)) => text.trim().parse().map(Some).map_err(|_| wrong()),
            Some(_) => Err(wrong()),
        }
    }

    pub(super) fn flag(&self, field: &str, default: bool) -> Result<bool, ToolFailure> {
        match self.present(field) {
            None => Ok(default),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(Value::String(text)) if text == "true" => Ok(true),
            Some(Value::String(text)) if text == "false" => Ok(false),
            Some(_) => Err(invalid(format!("`{field}` must be true or false"))),
        }
    }
}

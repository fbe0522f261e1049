//! Arguments as callers give them: JSON as text, numbers within bounds.

use std::time::Duration;

use bricklayer_sdk::Failure;
use serde_json::{Map, Value};

/// Longest that one call waits, in seconds.
pub const MAX_WAIT_SECONDS: u32 = 600;

/// A JSON value that a caller gave as the argument `field`. A text that holds JSON counts as that, as models send it.
///
/// # Errors
/// No JSON.
pub fn json(text: &str, field: &str) -> Result<Value, Failure> {
    let value: Value = serde_json::from_str(text).map_err(|e| Failure::invalid(field, format!("is no JSON: {e}")))?;
    match value {
        Value::String(inner) => {
            serde_json::from_str(&inner).map_err(|e| Failure::invalid(field, format!("is no JSON: {e}")))
        }
        other => Ok(other),
    }
}

/// Settings as an object; what is `null` is absent.
///
/// # Errors
/// No JSON object.
pub fn object(text: &str, field: &str) -> Result<Map<String, Value>, Failure> {
    match json(text, field)? {
        Value::Object(mut settings) => {
            settings.retain(|_, value| !value.is_null());
            Ok(settings)
        }
        _ => Err(Failure::invalid(field, "must be an object")),
    }
}

/// Settings with their name, which a caller gives beside them.
///
/// # Errors
/// An empty name, no JSON object, another name within it.
pub fn named_object(name: &str, text: &str) -> Result<Map<String, Value>, Failure> {
    if name.trim().is_empty() {
        return Err(Failure::invalid("name", "is empty"));
    }
    let settings = object(text, "settings")?;
    if settings.get("name").is_some_and(|other| other.as_str() != Some(name)) {
        return Err(Failure::invalid("settings.name", format!("is another name than '{name}'; leave it out")));
    }
    let mut named = Map::from_iter([("name".to_owned(), Value::from(name))]);
    named.extend(settings);
    Ok(named)
}

/// A number of entries within bounds.
///
/// # Errors
/// A number out of bounds.
pub fn limit(asked: Option<u32>, default: u32, most: u32) -> Result<usize, Failure> {
    match asked.unwrap_or(default) {
        n if n == 0 || n > most => Err(Failure::invalid("limit", format!("must be 1 to {most}, is {n}"))),
        n => Ok(n as usize),
    }
}

/// The number of seconds to wait, within its bound.
///
/// # Errors
/// A number out of bounds.
pub fn wait_seconds(asked: Option<u32>, default: u32) -> Result<Duration, Failure> {
    match asked.unwrap_or(default) {
        seconds if seconds > MAX_WAIT_SECONDS => {
            Err(Failure::invalid("wait_seconds", format!("must be 0 to {MAX_WAIT_SECONDS}, is {seconds}")))
        }
        seconds => Ok(Duration::from_secs(seconds.into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_may_come_as_a_text_of_json() {
        assert!(object("[1]", "settings").is_err() && object("{", "settings").is_err());
        assert_eq!(object(r#""{\"name\":\"n\",\"tags\":null}""#, "settings").unwrap().len(), 1);
        for (name, text, begins) in [
            (" ", "{}", "name: is empty"),
            ("n", "nonsense", "settings: is no JSON"),
            ("n", r#"{"name":"other"}"#, "settings.name: is another name than 'n'"),
        ] {
            assert!(named_object(name, text).unwrap_err().message.starts_with(begins));
        }
    }

    #[test]
    fn numbers_keep_within_their_bounds() {
        assert_eq!((limit(None, 5, 10).unwrap(), limit(Some(10), 5, 10).unwrap()), (5, 10));
        assert!(limit(Some(0), 5, 10).is_err() && limit(Some(11), 5, 10).is_err());
        assert_eq!(wait_seconds(Some(600), 0).unwrap(), Duration::from_secs(600));
        assert!(wait_seconds(Some(601), 0).unwrap_err().message.starts_with("wait_seconds: must be 0 to 600"));
    }
}

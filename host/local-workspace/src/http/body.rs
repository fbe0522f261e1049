//! Request bodies.

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::error::ApiError;

/// Reads a request's JSON body. As in the service, a field that is `null` is one that is not there.
///
/// # Errors
/// `MALFORMED_REQUEST` for what is no JSON or does not fit.
pub(crate) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    let malformed = |e: serde_json::Error| ApiError::malformed(format!("Could not parse request object: {e}"));
    let mut value: Value = serde_json::from_slice(body).map_err(malformed)?;
    drop_nulls(&mut value);
    serde_json::from_value(value).map_err(malformed)
}

fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, field| !field.is_null());
            fields.values_mut().for_each(drop_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}

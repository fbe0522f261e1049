//! 64-bit numbers of request bodies. As in the service, which reads JSON by the rules of protocol buffers, they may
//! come as strings: a client whose language has no such integers sends them so.

use serde::{Deserialize, Deserializer, de::Error as _};

/// For `#[serde(deserialize_with)]`.
///
/// # Errors
/// What is no number of 64 bits.
pub(crate) fn int64<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "expected a whole number")]
    enum Written {
        Number(i64),
        Text(String),
    }
    match Written::deserialize(deserializer)? {
        Written::Number(number) => Ok(number),
        Written::Text(text) => text.parse().map_err(|_| D::Error::custom(format!("{text:?} is no whole number"))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_may_be_written_as_strings() {
        for good in [json!(7), json!("7")] {
            assert_eq!(int64(good).unwrap(), 7);
        }
        assert_eq!(int64(json!("9007199254740993")).unwrap(), 9_007_199_254_740_993);
        for bad in [json!("seven"), json!(""), json!(7.5), json!([7]), json!(true)] {
            let error = int64(bad.clone()).unwrap_err().to_string();
            assert!(error.contains("whole number"), "{bad}: {error}");
        }
    }
}

//! Numbers as they were sent.

use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

/// A JSON number kept digit by digit: decimals with more digits than a double holds, integers past 2^64.
///
/// Reads a number, or a string that holds one (the workspace sends both), and writes a number again.
///
/// ```
/// # use bricklayer_sdk::Exact;
/// let price: Exact = serde_json::from_str("12345678901234567890.10").unwrap();
/// assert_eq!(price.as_str(), "12345678901234567890.10");
/// assert_eq!(serde_json::to_string(&price).unwrap(), "12345678901234567890.10");
/// ```
///
/// It has to be read from JSON text; inside a `serde_json::Value` the digits are gone already.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Exact(String);

impl Exact {
    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Exact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Exact {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let text = raw.get().trim_matches('"');
        match serde_json::from_str::<serde_json::Value>(text) {
            Ok(serde_json::Value::Number(_)) => Ok(Self(text.to_owned())),
            _ => Err(D::Error::custom(format!("{} is no number", raw.get()))),
        }
    }
}

impl Serialize for Exact {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.0.clone()).map_err(serde::ser::Error::custom)?.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_every_digit() {
        for text in ["0.10", "-1.5e300", "340282366920938463463374607431768211456", "3.141592653589793238462643383279"]
        {
            let exact: Exact = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&exact).unwrap(), text);
            let quoted: Exact = serde_json::from_str(&format!("\"{text}\"")).unwrap();
            assert_eq!(quoted, exact);
        }
        for text in ["true", "\"a\"", "\"\"", "[1]", "null"] {
            assert!(serde_json::from_str::<Exact>(text).is_err(), "{text}");
        }
    }
}

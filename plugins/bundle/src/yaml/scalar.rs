//! What a plain scalar is. Rules: YAML 1.2.2, section 10.3.2 (core schema), with the further forms of numbers that the
//! command line's parser takes.

use saphyr_parser::Tag;

/// A scalar that is read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Scalar {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    /// A whole number beyond 64 bits, rounded.
    TooLarge(f64),
    Text,
}

/// What a scalar without quotes is.
pub(super) fn resolve(text: &str) -> Scalar {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Scalar::Null,
        "true" | "True" | "TRUE" => Scalar::Bool(true),
        "false" | "False" | "FALSE" => Scalar::Bool(false),
        ".inf" | ".Inf" | ".INF" | "+.inf" => Scalar::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Scalar::Float(f64::NEG_INFINITY),
        ".nan" | ".NaN" | ".NAN" => Scalar::Float(f64::NAN),
        _ => number(text).unwrap_or(Scalar::Text),
    }
}

/// What a scalar with a tag is; none where the tag is none of the core schema, or does not fit.
pub(super) fn tagged(text: &str, tag: &Tag) -> Option<Scalar> {
    if !tag.is_yaml_core_schema() {
        return None;
    }
    let resolved = resolve(text);
    match (tag.suffix.as_str(), resolved) {
        ("str", _) => Some(Scalar::Text),
        ("null", Scalar::Null) | ("bool", Scalar::Bool(_)) | ("int", Scalar::Int(_) | Scalar::TooLarge(_)) => {
            Some(resolved)
        }
        ("float", Scalar::Float(_)) => Some(resolved),
        // A whole number is a number.
        ("float", Scalar::Int(value)) => Some(Scalar::Float(value as f64)),
        _ => None,
    }
}

fn number(text: &str) -> Option<Scalar> {
    let (sign, digits) = match text.as_bytes().first()? {
        b'-' => (-1, text.get(1..)?),
        b'+' => (1, text.get(1..)?),
        _ => (1, text),
    };
    let radix = [("0x", 16), ("0o", 8), ("0b", 2)];
    if let Some((rest, radix)) = radix.iter().find_map(|(mark, radix)| Some((digits.strip_prefix(mark)?, *radix))) {
        let is_number = !rest.is_empty() && rest.chars().all(|c| c.is_digit(radix));
        let value = i64::from_str_radix(rest, radix).ok()?;
        return is_number.then_some(Scalar::Int(sign * value));
    }
    if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(match text.parse() {
            Ok(value) => Scalar::Int(value),
            Err(_) => Scalar::TooLarge(float(text)?),
        });
    }
    float(text).map(Scalar::Float)
}

/// A number with a point or an exponent. It is read as JSON, whose reader a component has anyway: the standard library's
/// would cost it twenty KiB.
pub(crate) fn float(text: &str) -> Option<f64> {
    let (sign, digits) = match text.as_bytes().first()? {
        b'-' => ("-", text.get(1..)?),
        b'+' => ("", text.get(1..)?),
        _ => ("", text),
    };
    let (number, exponent) = digits.split_at(digits.find(['e', 'E']).unwrap_or(digits.len()));
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && part.is_empty() {
        return None;
    }
    // JSON has no zeros in front, and digits on both sides of the point.
    let whole = whole.trim_start_matches('0');
    let or_zero = |digits: &'_ str| if digits.is_empty() { "0" } else { digits }.to_owned();
    serde_json::from_str(&format!("{sign}{}.{}{exponent}", or_zero(whole), or_zero(part))).ok()
}

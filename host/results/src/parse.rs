//! Reading single values: from JSON cells, and from what a filter says. Exact, or refused.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bricklayer_domain::ColumnType;
use chrono::NaiveDate;

use crate::column::Value;

/// A value that is on its way into a column.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell<'a> {
    Null,
    Integer(i64),
    Decimal(i128, u8),
    Double(f64),
    Float(f32),
    Boolean(bool),
    Text(Cow<'a, str>),
    Binary(Vec<u8>),
    Date(i32),
    Timestamp(i64),
    TimestampNtz(i64),
}

impl Cell<'_> {
    pub(crate) fn value(&self) -> Value<'_> {
        match self {
            Self::Null => Value::Null,
            Self::Integer(number) => Value::Integer(*number),
            Self::Decimal(number, scale) => Value::Decimal(*number, *scale),
            Self::Double(number) => Value::Double(*number),
            Self::Float(number) => Value::Float(*number),
            Self::Boolean(truth) => Value::Boolean(*truth),
            Self::Text(text) => Value::Text(text),
            Self::Binary(bytes) => Value::Binary(bytes),
            Self::Date(days) => Value::Date(*days),
            Self::Timestamp(micros) => Value::Timestamp(*micros),
            Self::TimestampNtz(micros) => Value::TimestampNtz(*micros),
        }
    }

    /// A value of its own.
    pub(crate) fn of(value: Value<'_>) -> Cell<'static> {
        match value {
            Value::Null => Cell::Null,
            Value::Integer(number) => Cell::Integer(number),
            Value::Decimal(number, scale) => Cell::Decimal(number, scale),
            Value::Double(number) => Cell::Double(number),
            Value::Float(number) => Cell::Float(number),
            Value::Boolean(truth) => Cell::Boolean(truth),
            Value::Text(text) => Cell::Text(Cow::Owned(text.to_owned())),
            Value::Binary(bytes) => Cell::Binary(bytes.to_vec()),
            Value::Date(days) => Cell::Date(days),
            Value::Timestamp(micros) => Cell::Timestamp(micros),
            Value::TimestampNtz(micros) => Cell::TimestampNtz(micros),
        }
    }
}

/// What a value of a type looks like, in words.
pub(crate) const fn expected(kind: ColumnType) -> &'static str {
    match kind {
        ColumnType::Integer => "a whole number of up to 64 bits",
        ColumnType::Decimal { .. } => "a decimal number that the column's digits hold exactly",
        ColumnType::Double | ColumnType::Float => "a number",
        ColumnType::Boolean => "true or false",
        ColumnType::String => "text",
        ColumnType::Binary => "bytes in base64",
        ColumnType::Date => "a date such as 2024-01-31",
        ColumnType::Timestamp => "a time such as 2024-01-31T09:30:00Z, to the microsecond",
        ColumnType::TimestampNtz => "a time such as 2024-01-31T09:30:00, to the microsecond",
        ColumnType::Json => "text or JSON",
    }
}

/// A cell from its JSON, which must be JSON; none when it is not of the type.
pub(crate) fn json_cell(kind: ColumnType, raw: &str) -> Option<Cell<'_>> {
    let raw = raw.trim();
    match raw.as_bytes().first()? {
        b'n' => Some(Cell::Null),
        b'"' => {
            let inner = raw.get(1..raw.len().checked_sub(1)?)?;
            if inner.contains('\\') {
                text_cell(kind, Cow::Owned(serde_json::from_str(raw).ok()?))
            } else {
                text_cell(kind, Cow::Borrowed(inner))
            }
        }
        b't' | b'f' => match kind {
            ColumnType::Boolean => Some(Cell::Boolean(raw == "true")),
            ColumnType::String | ColumnType::Json => Some(Cell::Text(raw.into())),
            _ => None,
        },
        b'[' | b'{' => match kind {
            ColumnType::String | ColumnType::Json => Some(Cell::Text(raw.into())),
            _ => None,
        },
        _ => match kind {
            ColumnType::Integer
            | ColumnType::Decimal { .. }
            | ColumnType::Double
            | ColumnType::Float
            | ColumnType::String
            | ColumnType::Json => text_cell(kind, raw.into()),
            _ => None,
        },
    }
}

/// A cell from its text.
pub(crate) fn text_cell(kind: ColumnType, text: Cow<'_, str>) -> Option<Cell<'_>> {
    Some(match kind {
        ColumnType::Integer => Cell::Integer(text.trim().parse().ok()?),
        ColumnType::Decimal { precision, scale } => Cell::Decimal(decimal(text.trim(), precision, scale)?, scale),
        ColumnType::Double => Cell::Double(text.trim().parse().ok()?),
        ColumnType::Float => Cell::Float(text.trim().parse().ok()?),
        ColumnType::Boolean => match text.trim() {
            "true" | "TRUE" => Cell::Boolean(true),
            "false" | "FALSE" => Cell::Boolean(false),
            _ => return None,
        },
        ColumnType::String | ColumnType::Json => Cell::Text(text),
        ColumnType::Binary => Cell::Binary(STANDARD.decode(text.trim()).ok()?),
        ColumnType::Date => Cell::Date(date(text.trim())?),
        ColumnType::Timestamp => Cell::Timestamp(timestamp(text.trim(), true)?),
        ColumnType::TimestampNtz => Cell::TimestampNtz(timestamp(text.trim(), false)?),
    })
}

/// The digits of a decimal without its point; none when it needs more of them than there are.
fn decimal(text: &str, precision: u8, scale: u8) -> Option<i128> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (negative, digits) = match mantissa.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, mantissa.strip_prefix('+').unwrap_or(mantissa)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let mut number: i128 = 0;
    // Zeros at the end of the fraction say nothing and may be more than fit.
    let fraction = fraction.trim_end_matches('0');
    for digit in whole.bytes().chain(fraction.bytes()) {
        let digit = char::from(digit).to_digit(10)?;
        number = number.checked_mul(10)?.checked_add(i128::from(digit))?;
    }
    if number == 0 {
        return Some(0);
    }
    let shift = i32::from(scale).checked_add(exponent)?.checked_sub(i32::try_from(fraction.len()).ok()?)?;
    for _ in 0..shift.unsigned_abs() {
        if shift > 0 {
            number = number.checked_mul(10)?;
        } else if number % 10 == 0 {
            number /= 10;
        } else {
            return None;
        }
    }
    let bound = 10_i128.checked_pow(u32::from(precision))?;
    (number < bound).then_some(if negative { -number } else { number })
}

fn number<T: std::str::FromStr>(digits: &str, length: usize) -> Option<T> {
    if digits.len() != length || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok()
}

/// Days since 1970.
fn date(text: &str) -> Option<i32> {
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let (year, rest) = rest.split_once('-')?;
    let (month, day) = rest.split_once('-')?;
    if !(4..=6).contains(&year.len()) {
        return None;
    }
    let year: i32 = number(year, year.len())?;
    let date = NaiveDate::from_ymd_opt(sign * year, number(month, 2)?, number(day, 2)?)?;
    i32::try_from(date.signed_duration_since(NaiveDate::default()).num_days()).ok()
}

/// Microseconds since 1970. A moment without a zone is in UTC; without zones, one is refused.
fn timestamp(text: &str, zoned: bool) -> Option<i64> {
    const MICROS: i64 = 1_000_000;
    let at = text.find(['T', ' ']);
    let (day, rest) = match at {
        Some(at) => (text.get(..at)?, text.get(at + 1..)?),
        None => (text, "00:00:00"),
    };
    let zone_at = rest.find(['Z', '+', '-', ' ']).unwrap_or(rest.len());
    let (clock, zone) = (rest.get(..zone_at)?, rest.get(zone_at..)?.trim());
    if !zoned && !zone.is_empty() {
        return None;
    }
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    let mut parts = clock.split(':');
    let (hour, minute): (i64, i64) = (number(parts.next()?, 2)?, number(parts.next()?, 2)?);
    let second: i64 = parts.next().map_or(Some(0), |second| number(second, 2))?;
    if parts.next().is_some() || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let fraction = fraction.trim_end_matches('0');
    let micros: i64 = match fraction.len() {
        0 => 0,
        length @ 1..=6 => number::<i64>(fraction, length)? * 10_i64.pow(6 - u32::try_from(length).ok()?),
        _ => return None,
    };
    let offset = match zone {
        "" | "Z" | "UTC" | "+00" => 0,
        _ => {
            let sign = if zone.starts_with('-') { -1 } else { 1 };
            let digits = zone.get(1..)?.replace(':', "");
            let (hours, minutes): (i64, i64) = match digits.len() {
                2 => (number(&digits, 2)?, 0),
                4 => (number(digits.get(..2)?, 2)?, number(digits.get(2..)?, 2)?),
                _ => return None,
            };
            sign * (hours * 3600 + minutes * 60)
        }
    };
    let seconds = i64::from(date(day)?) * 86_400 + hour * 3600 + minute * 60 + second - offset;
    seconds.checked_mul(MICROS)?.checked_add(micros)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(kind: ColumnType, raw: &str, expected: Option<Cell<'_>>) {
        assert_eq!(json_cell(kind, raw), expected, "{kind:?} {raw}");
    }

    const MONEY: ColumnType = ColumnType::Decimal { precision: 9, scale: 2 };

    #[test]
    fn numbers_are_exact_or_refused() {
        check(ColumnType::Integer, "\"9223372036854775807\"", Some(Cell::Integer(i64::MAX)));
        check(ColumnType::Integer, "-9223372036854775808", Some(Cell::Integer(i64::MIN)));
        for wrong in ["9223372036854775808", "1.0", "\"\"", "true", "\"a\"", "[1]"] {
            check(ColumnType::Integer, wrong, None);
        }
        for (raw, digits) in [
            ("\"12.5\"", 1250),
            ("12.50", 1250),
            ("\"-0.01\"", -1),
            ("\"1E+3\"", 100_000),
            ("\"0E-18\"", 0),
            ("\"12.5000000000000000000000000000000000000000000\"", 1250),
            ("\".5\"", 50),
            ("\"9999999.99\"", 999_999_999),
        ] {
            check(MONEY, raw, Some(Cell::Decimal(digits, 2)));
        }
        for wrong in ["\"0.001\"", "\"10000000\"", "\".\"", "\"\"", "\"1e999999999\"", "\"1_000\"", "\"NaN\""] {
            check(MONEY, wrong, None);
        }
        check(ColumnType::Double, "\"Infinity\"", Some(Cell::Double(f64::INFINITY)));
        check(ColumnType::Double, "1e300", Some(Cell::Double(1e300)));
    }

    #[test]
    fn times_are_to_the_microsecond() {
        for (raw, micros) in [
            ("1970-01-01T00:00:00.000001Z", 1),
            ("1970-01-01 00:00:01", 1_000_000),
            ("1970-01-01T02:00:00+02:00", 0),
            ("1970-01-01T02:00:00.5000000+0200", 500_000),
            ("1969-12-31T23:59:59.999999Z", -1),
            ("1970-01-02", 86_400_000_000),
        ] {
            check(ColumnType::Timestamp, &format!("\"{raw}\""), Some(Cell::Timestamp(micros)));
        }
        for wrong in ["1970-01-01T24:00:00Z", "1970-01-01T00:00:00.0000001Z", "1970-13-01", "yesterday", "", "70-01-01"]
        {
            check(ColumnType::Timestamp, &format!("\"{wrong}\""), None);
        }
        check(ColumnType::TimestampNtz, "\"1970-01-01T00:00:00Z\"", None);
        check(ColumnType::Date, "\"1969-12-31\"", Some(Cell::Date(-1)));
        check(ColumnType::Date, "\"+10000-01-01\"", Some(Cell::Date(2_932_897)));
    }

    #[test]
    fn text_is_kept_as_it_is() {
        check(ColumnType::String, "\"\"", Some(Cell::Text("".into())));
        check(ColumnType::String, "\"a\\n\\u00e9\"", Some(Cell::Text("a\né".into())));
        check(ColumnType::String, "\"\\ud800\"", None);
        check(
            ColumnType::Json,
            "{\"a\":  1.0000000000000000001}",
            Some(Cell::Text("{\"a\":  1.0000000000000000001}".into())),
        );
        check(ColumnType::Json, "null", Some(Cell::Null));
        check(ColumnType::Json, "\"null\"", Some(Cell::Text("null".into())));
        check(ColumnType::Binary, "\"AAE=\"", Some(Cell::Binary(vec![0, 1])));
        check(ColumnType::Binary, "\"AA\"", None);
        check(ColumnType::Boolean, "\"true\"", Some(Cell::Boolean(true)));
        check(ColumnType::Boolean, "1", None);
    }
}

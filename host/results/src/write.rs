//! Writing single values: as text, and as JSON.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bricklayer_domain::ColumnType;
use chrono::{DateTime, Datelike as _, NaiveDate, NaiveDateTime, TimeDelta, Timelike as _};

use crate::column::Value;

/// A value's text, exact; nothing for none.
pub(crate) fn text(value: Value<'_>, out: &mut String) {
    // Writing to a string does not fail.
    let _ = match value {
        Value::Null => Ok(()),
        Value::Integer(number) => write!(out, "{number}"),
        Value::Decimal(number, scale) => decimal(number, scale, out),
        Value::Double(number) => float(number, format_args!("{number:?}"), out),
        Value::Float(number) => float(f64::from(number), format_args!("{number:?}"), out),
        Value::Boolean(truth) => write!(out, "{truth}"),
        Value::Text(text) => out.write_str(text),
        Value::Binary(bytes) => {
            STANDARD.encode_string(bytes, out);
            Ok(())
        }
        Value::Date(days) => match day(days) {
            Some(date) => write_date(date, out),
            None => write!(out, "{days} days"),
        },
        Value::Timestamp(micros) => timestamp(micros, "Z", out),
        Value::TimestampNtz(micros) => timestamp(micros, "", out),
    };
}

fn decimal(number: i128, scale: u8, out: &mut String) -> std::fmt::Result {
    if scale == 0 {
        return write!(out, "{number}");
    }
    let unit = 10_u128.pow(u32::from(scale.min(38)));
    let (sign, digits) = (if number < 0 { "-" } else { "" }, number.unsigned_abs());
    write!(out, "{sign}{}.{:0width$}", digits / unit, digits % unit, width = usize::from(scale))
}

fn float(number: f64, shortest: std::fmt::Arguments<'_>, out: &mut String) -> std::fmt::Result {
    if number.is_nan() {
        out.write_str("NaN")
    } else if number.is_infinite() {
        out.write_str(if number > 0.0 { "Infinity" } else { "-Infinity" })
    } else {
        out.write_fmt(shortest)
    }
}

/// The day so many days after 1970 began; none past what a calendar has.
pub(crate) fn day(days: i32) -> Option<NaiveDate> {
    NaiveDate::default().checked_add_signed(TimeDelta::days(days.into()))
}

/// The time so many microseconds after 1970 began.
pub(crate) fn time(micros: i64) -> Option<NaiveDateTime> {
    DateTime::from_timestamp_micros(micros).map(|time| time.naive_utc())
}

fn write_date(date: NaiveDate, out: &mut String) -> std::fmt::Result {
    let (year, month, day) = (date.year(), date.month(), date.day());
    match year {
        0..=9999 => write!(out, "{year:04}-{month:02}-{day:02}"),
        ..0 => write!(out, "-{:04}-{month:02}-{day:02}", year.unsigned_abs()),
        10_000.. => write!(out, "+{year}-{month:02}-{day:02}"),
    }
}

fn timestamp(micros: i64, zone: &str, out: &mut String) -> std::fmt::Result {
    let Some(time) = time(micros) else { return write!(out, "{micros} µs") };
    write_date(time.date(), out)?;
    write!(out, "T{:02}:{:02}:{:02}", time.hour(), time.minute(), time.second())?;
    match time.nanosecond() / 1000 {
        0 => {}
        fraction if fraction % 1000 == 0 => write!(out, ".{:03}", fraction / 1000)?,
        fraction => write!(out, ".{fraction:06}")?,
    }
    out.write_str(zone)
}

/// A JSON string of a text.
pub(crate) fn json_string(text: &str, out: &mut Vec<u8>) {
    // Writing to a list of bytes does not fail.
    let _ = serde_json::to_writer(out, text);
}

/// A value as the API's JSON has it: numbers that JavaScript would round are strings. `room` is for the text.
pub(crate) fn api_json(value: Value<'_>, room: &mut String, out: &mut Vec<u8>) {
    json(value, room, out, false);
}

/// One value as the API's JSON has it.
pub(crate) fn to_json(value: Value<'_>) -> String {
    let (mut room, mut out) = (String::new(), Vec::new());
    api_json(value, &mut room, &mut out);
    String::from_utf8(out).unwrap_or_default()
}

/// A value as JSON with every number a number, for programs that read digits.
pub(crate) fn exact_json(kind: ColumnType, value: Value<'_>, room: &mut String, out: &mut Vec<u8>) {
    match value {
        Value::Text(text) if kind == ColumnType::Json => {
            // As the source wrote it, unless its line ends would end the line.
            let is_json = serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
            if is_json && !text.contains(['\n', '\r']) {
                out.extend_from_slice(text.as_bytes());
            } else {
                json_string(text, out);
            }
        }
        value => json(value, room, out, true),
    }
}

fn json(value: Value<'_>, room: &mut String, out: &mut Vec<u8>, digits: bool) {
    let is_bare = match value {
        Value::Null => {
            out.extend_from_slice(b"null");
            return;
        }
        Value::Text(text) => {
            json_string(text, out);
            return;
        }
        Value::Boolean(_) => true,
        Value::Double(number) => number.is_finite(),
        Value::Float(number) => number.is_finite(),
        Value::Integer(_) | Value::Decimal(..) => digits,
        Value::Binary(_) | Value::Date(_) | Value::Timestamp(_) | Value::TimestampNtz(_) => false,
    };
    room.clear();
    text(value, room);
    // None of these holds what a string would have to escape.
    if !is_bare {
        out.push(b'"');
    }
    out.extend_from_slice(room.as_bytes());
    if !is_bare {
        out.push(b'"');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_exact() {
        for (value, expected) in [
            (Value::Decimal(-5, 2), "-0.05"),
            (Value::Decimal(i128::from(i64::MAX), 18), "9.223372036854775807"),
            (Value::Decimal(7, 0), "7"),
            (Value::Double(1e300), "1e300"),
            (Value::Double(0.1), "0.1"),
            (Value::Double(-0.0), "-0.0"),
            (Value::Float(0.1), "0.1"),
            (Value::Double(f64::NAN), "NaN"),
            (Value::Double(f64::NEG_INFINITY), "-Infinity"),
            (Value::Date(-1), "1969-12-31"),
            (Value::Date(2_932_897), "+10000-01-01"),
            (Value::Timestamp(1), "1970-01-01T00:00:00.000001Z"),
            (Value::TimestampNtz(-1_000), "1969-12-31T23:59:59.999"),
            (Value::Timestamp(0), "1970-01-01T00:00:00Z"),
            (Value::Binary(&[0, 1]), "AAE="),
            (Value::Null, ""),
        ] {
            let mut out = String::new();
            text(value, &mut out);
            assert_eq!(out, expected);
        }
    }
}

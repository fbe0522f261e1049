//! Result values as text, in the forms of the Statement Execution API: every cell a string or null, dates and
//! timestamps in ISO 8601, decimals with their scale, doubles as Java prints them, nested values as JSON.

use std::fmt::Write;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::{DateTime, Days, NaiveDate};
use duckdb::arrow::{
    array::{Array, ArrayRef, AsArray, BinaryArray, LargeBinaryArray, ListArray, MapArray, StructArray},
    datatypes::{
        ArrowPrimitiveType, DataType, Date32Type, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type,
        Int32Type, Int64Type, IntervalMonthDayNanoType, IntervalUnit, Time64MicrosecondType, TimeUnit,
        TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType, UInt8Type,
        UInt16Type, UInt32Type, UInt64Type,
    },
};

use crate::sql::language::error::SqlError;

/// How the cells of a chunk are put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    JsonArray,
    Csv,
}

/// Appends one row.
pub(super) fn append_row(
    out: &mut String,
    format: Format,
    columns: &[ArrayRef],
    row: usize,
    longs: &[bool],
) -> Result<(), SqlError> {
    let mut text = String::new();
    out.push_str(if format == Format::JsonArray { "[" } else { "" });
    for (index, column) in columns.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        text.clear();
        let column = column.as_ref();
        let present = append_text(&mut text, column, row)?;
        if present && longs.get(index) == Some(&true) {
            check_long(&text, column)?;
        }
        append_cell(out, format, present.then_some(text.as_str()));
    }
    out.push_str(if format == Format::JsonArray { "]" } else { "\r\n" });
    Ok(())
}

/// Appends one cell in the given form.
pub(super) fn append_cell(out: &mut String, format: Format, text: Option<&str>) {
    match (format, text) {
        (_, None) => out.push_str("null"),
        (Format::JsonArray, Some(text)) => push_json_string(out, text),
        (Format::Csv, Some(text)) => push_csv(out, text),
    }
}

/// RFC 4180: quoted when it holds a comma, quote or line break, or could be taken for NULL.
fn push_csv(out: &mut String, text: &str) {
    if text != "null" && !text.contains([',', '"', '\n', '\r']) {
        out.push_str(text);
        return;
    }
    out.push('"');
    out.push_str(&text.replace('"', "\"\""));
    out.push('"');
}

fn push_json_string(out: &mut String, text: &str) {
    let plain = !text.bytes().any(|b| b < 0x20 || b == b'"' || b == b'\\');
    if plain {
        out.push('"');
        out.push_str(text);
        out.push('"');
    } else {
        out.push_str(&serde_json::Value::from(text).to_string());
    }
}

/// A HUGEINT shown as BIGINT must fit.
fn check_long(text: &str, column: &dyn Array) -> Result<(), SqlError> {
    if matches!(column.data_type(), DataType::Decimal128(..)) && text.parse::<i64>().is_err() {
        return Err(SqlError::new(
            "ARITHMETIC_OVERFLOW",
            "22003",
            "long overflow. Use 'try_sum' to tolerate overflow.",
        ));
    }
    Ok(())
}

fn value<T: ArrowPrimitiveType>(array: &dyn Array, row: usize) -> Option<T::Native> {
    let array = array.as_primitive_opt::<T>()?;
    (row < array.len()).then(|| array.value(row))
}

/// Appends a value's text; `false` for NULL.
fn append_text(out: &mut String, array: &dyn Array, row: usize) -> Result<bool, SqlError> {
    if array.is_null(row) || matches!(array.data_type(), DataType::Null) {
        return Ok(false);
    }
    let unknown = || SqlError::internal(format!("a value of type {} has no text form", array.data_type()));
    macro_rules! number {
        ($kind:ty) => {{
            let _ = write!(out, "{}", value::<$kind>(array, row).ok_or_else(unknown)?);
        }};
    }
    match array.data_type() {
        DataType::Boolean => {
            let array = array.as_boolean_opt().ok_or_else(unknown)?;
            out.push_str(if array.value(row) { "true" } else { "false" });
        }
        DataType::Int8 => number!(Int8Type),
        DataType::Int16 => number!(Int16Type),
        DataType::Int32 => number!(Int32Type),
        DataType::Int64 => number!(Int64Type),
        DataType::UInt8 => number!(UInt8Type),
        DataType::UInt16 => number!(UInt16Type),
        DataType::UInt32 => number!(UInt32Type),
        DataType::UInt64 => number!(UInt64Type),
        DataType::Float32 => push_float(out, value::<Float32Type>(array, row).ok_or_else(unknown)?),
        DataType::Float64 => push_float(out, value::<Float64Type>(array, row).ok_or_else(unknown)?),
        DataType::Utf8 => out.push_str(array.as_string_opt::<i32>().ok_or_else(unknown)?.value(row)),
        DataType::LargeUtf8 => out.push_str(array.as_string_opt::<i64>().ok_or_else(unknown)?.value(row)),
        DataType::Utf8View => out.push_str(array.as_string_view_opt().ok_or_else(unknown)?.value(row)),
        DataType::Binary => {
            let array = array.as_any().downcast_ref::<BinaryArray>().ok_or_else(unknown)?;
            out.push_str(&STANDARD.encode(array.value(row)));
        }
        DataType::LargeBinary => {
            let array = array.as_any().downcast_ref::<LargeBinaryArray>().ok_or_else(unknown)?;
            out.push_str(&STANDARD.encode(array.value(row)));
        }
        DataType::BinaryView => {
            out.push_str(&STANDARD.encode(array.as_binary_view_opt().ok_or_else(unknown)?.value(row)));
        }
        DataType::Date32 => push_date(out, value::<Date32Type>(array, row).ok_or_else(unknown)?),
        DataType::Timestamp(unit, _) => push_timestamp(out, timestamp_micros(array, row, *unit).ok_or_else(unknown)?),
        DataType::Time64(TimeUnit::Microsecond) => {
            push_time(out, value::<Time64MicrosecondType>(array, row).ok_or_else(unknown)?);
        }
        DataType::Decimal128(_, scale) => {
            push_decimal(out, value::<Decimal128Type>(array, row).ok_or_else(unknown)?, *scale);
        }
        DataType::Interval(IntervalUnit::MonthDayNano) => {
            let interval = value::<IntervalMonthDayNanoType>(array, row).ok_or_else(unknown)?;
            push_interval(out, interval.months, interval.days, interval.nanoseconds);
        }
        DataType::Dictionary(..) => {
            let array = array.as_any_dictionary_opt().ok_or_else(unknown)?;
            let key = array.normalized_keys().get(row).copied().ok_or_else(unknown)?;
            return append_text(out, array.values().as_ref(), key);
        }
        DataType::List(_)
        | DataType::LargeList(_)
        | DataType::FixedSizeList(..)
        | DataType::Struct(_)
        | DataType::Map(..) => {
            append_json(out, array, row)?;
        }
        _ => return Err(unknown()),
    }
    Ok(true)
}

/// Appends a value as JSON: nested values keep their structure, numbers and booleans are bare.
fn append_json(out: &mut String, array: &dyn Array, row: usize) -> Result<(), SqlError> {
    if array.is_null(row) || matches!(array.data_type(), DataType::Null) {
        out.push_str("null");
        return Ok(());
    }
    let unknown = || SqlError::internal(format!("a value of type {} has no JSON form", array.data_type()));
    match array.data_type() {
        DataType::List(_) => {
            let array = array.as_any().downcast_ref::<ListArray>().ok_or_else(unknown)?;
            append_json_list(out, array.value(row).as_ref())
        }
        DataType::LargeList(_) => {
            append_json_list(out, array.as_list_opt::<i64>().ok_or_else(unknown)?.value(row).as_ref())
        }
        DataType::FixedSizeList(..) => {
            append_json_list(out, array.as_fixed_size_list_opt().ok_or_else(unknown)?.value(row).as_ref())
        }
        DataType::Struct(_) => {
            let array = array.as_any().downcast_ref::<StructArray>().ok_or_else(unknown)?;
            out.push('{');
            for (index, (field, column)) in array.fields().iter().zip(array.columns()).enumerate() {
                out.push_str(if index > 0 { "," } else { "" });
                push_json_string(out, field.name());
                out.push(':');
                append_json(out, column.as_ref(), row)?;
            }
            out.push('}');
            Ok(())
        }
        DataType::Map(..) => {
            let array = array.as_any().downcast_ref::<MapArray>().ok_or_else(unknown)?;
            let entries = array.value(row);
            let (keys, values) = (entries.column(0), entries.column(1));
            out.push('{');
            for index in 0..entries.len() {
                out.push_str(if index > 0 { "," } else { "" });
                let mut key = String::new();
                append_text(&mut key, keys.as_ref(), index)?;
                push_json_string(out, &key);
                out.push(':');
                append_json(out, values.as_ref(), index)?;
            }
            out.push('}');
            Ok(())
        }
        kind => {
            let bare =
                kind.is_integer() || kind.is_floating() || matches!(kind, DataType::Boolean | DataType::Decimal128(..));
            let mut text = String::new();
            append_text(&mut text, array, row)?;
            if bare && !text.ends_with(['N', 'y']) {
                out.push_str(&text);
            } else {
                push_json_string(out, &text);
            }
            Ok(())
        }
    }
}

fn append_json_list(out: &mut String, items: &dyn Array) -> Result<(), SqlError> {
    out.push('[');
    for index in 0..items.len() {
        out.push_str(if index > 0 { "," } else { "" });
        append_json(out, items, index)?;
    }
    out.push(']');
    Ok(())
}

/// Prints as `Double.toString` does: at least one fraction digit, exponent form below 1e-3 and from 1e7 on.
fn push_float(out: &mut String, number: impl Into<f64> + std::fmt::Display + std::fmt::LowerExp + Copy) {
    let wide: f64 = number.into();
    if wide.is_nan() {
        out.push_str("NaN");
    } else if wide.is_infinite() {
        out.push_str(if wide > 0.0 { "Infinity" } else { "-Infinity" });
    } else if wide != 0.0 && !(1e-3..1e7).contains(&wide.abs()) {
        let text = format!("{number:e}");
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let fraction = if mantissa.contains('.') { "" } else { ".0" };
        let _ = write!(out, "{mantissa}{fraction}E{exponent}");
    } else {
        let text = number.to_string();
        out.push_str(&text);
        out.push_str(if text.contains('.') { "" } else { ".0" });
    }
}

fn push_date(out: &mut String, days: i32) {
    let epoch = NaiveDate::default();
    let date = if days >= 0 {
        epoch.checked_add_days(Days::new(u64::from(days.unsigned_abs())))
    } else {
        epoch.checked_sub_days(Days::new(u64::from(days.unsigned_abs())))
    };
    match date {
        Some(date) => {
            let _ = write!(out, "{}", date.format("%Y-%m-%d"));
        }
        None => out.push_str("infinity"),
    }
}

fn timestamp_micros(array: &dyn Array, row: usize, unit: TimeUnit) -> Option<i64> {
    match unit {
        TimeUnit::Second => value::<TimestampSecondType>(array, row)?.checked_mul(1_000_000),
        TimeUnit::Millisecond => value::<TimestampMillisecondType>(array, row)?.checked_mul(1_000),
        TimeUnit::Microsecond => value::<TimestampMicrosecondType>(array, row),
        TimeUnit::Nanosecond => Some(value::<TimestampNanosecondType>(array, row)? / 1_000),
    }
}

/// Milliseconds as the API shows them; microseconds only when there are any.
fn push_timestamp(out: &mut String, micros: i64) {
    let Some(time) = DateTime::from_timestamp_micros(micros) else {
        out.push_str("infinity");
        return;
    };
    let format = if micros % 1_000 == 0 { "%Y-%m-%dT%H:%M:%S%.3fZ" } else { "%Y-%m-%dT%H:%M:%S%.6fZ" };
    let _ = write!(out, "{}", time.format(format));
}

fn push_time(out: &mut String, micros: i64) {
    let seconds = micros / 1_000_000;
    let _ = write!(out, "{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
}

fn push_decimal(out: &mut String, value: i128, scale: i8) {
    let scale = usize::try_from(scale).unwrap_or(0);
    if scale == 0 {
        let _ = write!(out, "{value}");
        return;
    }
    let digits = format!("{:0>width$}", value.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = digits.split_at_checked(digits.len() - scale).unwrap_or((&digits, ""));
    let sign = if value < 0 { "-" } else { "" };
    let _ = write!(out, "{sign}{whole}.{fraction}");
}

/// Year-month intervals as `1-2`, day-time intervals as `1 02:03:04.000000000`, as the API shows them.
fn push_interval(out: &mut String, months: i32, days: i32, nanoseconds: i64) {
    if days == 0 && nanoseconds == 0 && months != 0 {
        let sign = if months < 0 { "-" } else { "" };
        let months = months.unsigned_abs();
        let _ = write!(out, "{sign}{}-{}", months / 12, months % 12);
        return;
    }
    const DAY: i128 = 86_400 * 1_000_000_000;
    // A month counts 30 days where both kinds are mixed, which Spark does not allow.
    let total = (i128::from(months) * 30 + i128::from(days)) * DAY + i128::from(nanoseconds);
    let sign = if total < 0 { "-" } else { "" };
    let total = total.unsigned_abs();
    let day = u128::try_from(DAY).unwrap_or(1);
    let (days, rest) = (total / day, total % day);
    let (seconds, nanos) = (rest / 1_000_000_000, rest % 1_000_000_000);
    let _ = write!(out, "{sign}{days} {:02}:{:02}:{:02}.{nanos:09}", seconds / 3600, seconds / 60 % 60, seconds % 60);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_print_as_in_java() {
        let print = |number: f64| {
            let mut out = String::new();
            push_float(&mut out, number);
            out
        };
        assert_eq!(print(1.0), "1.0");
        assert_eq!(print(0.001), "0.001");
        assert_eq!(print(0.0001), "1.0E-4");
        assert_eq!(print(12_345_678.9), "1.23456789E7");
        assert_eq!(print(1e10), "1.0E10");
        assert_eq!(print(-0.5), "-0.5");
        assert_eq!(print(0.0), "0.0");
    }

    #[test]
    fn decimals_keep_their_scale() {
        let print = |value: i128, scale: i8| {
            let mut out = String::new();
            push_decimal(&mut out, value, scale);
            out
        };
        assert_eq!(print(250, 2), "2.50");
        assert_eq!(print(-5, 2), "-0.05");
        assert_eq!(print(7, 0), "7");
    }

    #[test]
    fn intervals_print_as_in_databricks() {
        let mut out = String::new();
        push_interval(&mut out, 14, 0, 0);
        out.push(' ');
        push_interval(&mut out, 0, 1, 3_600_000_000_000);
        assert_eq!(out, "1-2 1 01:00:00.000000000");
    }

    #[test]
    fn csv_quotes_what_needs_it() {
        let mut out = String::new();
        for text in [Some("a,\"b"), None, Some("null"), Some("x")] {
            append_cell(&mut out, Format::Csv, text);
            out.push(';');
        }
        assert_eq!(out, "\"a,\"\"b\";null;\"null\";x;");
    }
}

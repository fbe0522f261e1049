//! Units of time that a moment lies in.

use bricklayer_domain::TimeUnit;
use chrono::{Datelike as _, NaiveDate};

use crate::column::Value;
use crate::write::day;

const DAY_MICROS: i64 = 86_400_000_000;
const HOUR_MICROS: i64 = 3_600_000_000;
const MINUTE_MICROS: i64 = 60_000_000;
/// 1970 began on a Thursday, weeks begin on Mondays.
const FIRST_MONDAY_DAYS: i64 = -3;

/// When the unit began that a value lies in. What is past a calendar's end stays as it is.
pub(super) fn begin(unit: TimeUnit, value: Value<'_>) -> Value<'_> {
    match value {
        Value::Date(days) => match begin_day(unit, days.into()).and_then(|days| i32::try_from(days).ok()) {
            Some(days) => Value::Date(days),
            None => value,
        },
        Value::Timestamp(micros) => Value::Timestamp(begin_micros(unit, micros)),
        Value::TimestampNtz(micros) => Value::TimestampNtz(begin_micros(unit, micros)),
        value => value,
    }
}

fn begin_micros(unit: TimeUnit, micros: i64) -> i64 {
    let within = match unit {
        TimeUnit::Minute => micros.rem_euclid(MINUTE_MICROS),
        TimeUnit::Hour => micros.rem_euclid(HOUR_MICROS),
        TimeUnit::Year | TimeUnit::Quarter | TimeUnit::Month | TimeUnit::Week | TimeUnit::Day => {
            let begin = begin_day(unit, micros.div_euclid(DAY_MICROS));
            return begin.and_then(|days| days.checked_mul(DAY_MICROS)).unwrap_or(micros);
        }
    };
    micros.saturating_sub(within)
}

fn begin_day(unit: TimeUnit, days: i64) -> Option<i64> {
    let date = || day(i32::try_from(days).ok()?);
    let of = |year, month| {
        let first = NaiveDate::from_ymd_opt(year, month, 1)?;
        Some(first.signed_duration_since(NaiveDate::default()).num_days())
    };
    match unit {
        TimeUnit::Year => of(date()?.year(), 1),
        TimeUnit::Quarter => {
            let date = date()?;
            of(date.year(), date.month0() / 3 * 3 + 1)
        }
        TimeUnit::Month => {
            let date = date()?;
            of(date.year(), date.month())
        }
        TimeUnit::Week => Some(days - (days - FIRST_MONDAY_DAYS).rem_euclid(7)),
        TimeUnit::Day | TimeUnit::Hour | TimeUnit::Minute => Some(days),
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;
    use crate::parse::{Cell, text_cell};
    use bricklayer_domain::ColumnType;

    #[test]
    fn units_begin_where_a_calendar_says() {
        let time = |text: &str| text_cell(ColumnType::Timestamp, Cow::Owned(text.to_owned())).unwrap();
        for (unit, at, begun) in [
            ("year", "2024-05-17T13:59:59.999999Z", "2024-01-01T00:00:00Z"),
            ("quarter", "2024-05-17T13:59:59.999999Z", "2024-04-01T00:00:00Z"),
            ("quarter", "2024-12-31T00:00:00Z", "2024-10-01T00:00:00Z"),
            ("month", "2024-02-29T13:00:00Z", "2024-02-01T00:00:00Z"),
            ("week", "2024-05-19T23:00:00Z", "2024-05-13T00:00:00Z"),
            ("week", "1969-12-28T23:00:00Z", "1969-12-22T00:00:00Z"),
            ("week", "1970-01-01T00:00:00Z", "1969-12-29T00:00:00Z"),
            ("day", "1969-12-31T23:59:59.999999Z", "1969-12-31T00:00:00Z"),
            ("hour", "1969-12-31T23:59:59.999999Z", "1969-12-31T23:00:00Z"),
            ("minute", "2024-05-17T13:59:59.999999Z", "2024-05-17T13:59:00Z"),
        ] {
            let unit = TimeUnit::of(unit).unwrap();
            assert_eq!(Cell::of(begin(unit, time(at).value())), time(begun), "{unit:?} {at}");
        }
        assert_eq!(begin(TimeUnit::Month, Value::Date(58)), Value::Date(31));
        assert_eq!(begin(TimeUnit::Year, Value::Timestamp(i64::MAX)), Value::Timestamp(i64::MAX));
    }
}

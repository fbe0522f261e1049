//! Quartz cron expressions in a time zone.

use std::fmt;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use croner::parser::{CronParser, Seconds, Year};

/// When something happens again and again.
#[derive(Clone)]
pub(crate) struct Cron {
    cron: croner::Cron,
    zone: Tz,
}

impl fmt::Debug for Cron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cron").field("pattern", &self.cron.as_str()).field("zone", &self.zone).finish()
    }
}

impl Cron {
    /// Reads `seconds minutes hours day-of-month month day-of-week [year]`, weekdays counted from Sunday as 1.
    ///
    /// # Errors
    /// What is wrong, for the caller.
    pub(crate) fn parse(expression: &str, zone: &str) -> Result<Self, String> {
        let zone: Tz = zone.parse().map_err(|_| format!("'{zone}' is not a known time zone."))?;
        let fields = expression.split_whitespace().count();
        if !matches!(fields, 6 | 7) {
            return Err(format!(
                "'{expression}' is not a Quartz cron expression: it has {fields} fields in the place of six or seven (seconds minutes hours day-of-month month day-of-week [year])."
            ));
        }
        let parser = CronParser::builder()
            .seconds(Seconds::Required)
            .year(Year::Optional)
            .alternative_weekdays(true)
            .sloppy_ranges(true)
            .dom_and_dow(true)
            .build();
        let cron = parser.parse(expression).map_err(|e| {
            format!("'{expression}' is not a Quartz cron expression that the local workspace knows: {e}.")
        })?;
        let this = Self { cron, zone };
        // Looking for a moment that never comes takes long, so nobody may do it again and again.
        match this.next_after(DateTime::UNIX_EPOCH) {
            Some(_) => Ok(this),
            None => Err(format!("'{expression}' is no schedule: there is no such moment.")),
        }
    }

    /// The first moment after `after`; none when there is none any more.
    pub(crate) fn next_after(&self, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let next = self.cron.find_next_occurrence(&after.with_timezone(&self.zone), false).ok()?;
        Some(next.with_timezone(&Utc))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_those_of_quartz() {
        // Wednesday.
        let from: DateTime<Utc> = "2025-01-15T10:00:00Z".parse().unwrap();
        for (expression, zone, next) in [
            ("0 0 8 * * ?", "UTC", "2025-01-16T08:00:00Z"),
            ("0 0 8 ? * 2", "UTC", "2025-01-20T08:00:00Z"),
            ("0 0 8 ? * MON-FRI", "Europe/Berlin", "2025-01-16T07:00:00Z"),
            ("0 30 9 L * ?", "UTC", "2025-01-31T09:30:00Z"),
            ("0 15 10 ? * 6L", "UTC", "2025-01-31T10:15:00Z"),
            ("0 0 0 ? * 6#3", "UTC", "2025-01-17T00:00:00Z"),
            ("*/20 * * * * ?", "UTC", "2025-01-15T10:00:20Z"),
            ("0 0/5 14,18 * * ?", "UTC", "2025-01-15T14:00:00Z"),
            ("0 0 12 1 1 ? 2027", "UTC", "2027-01-01T12:00:00Z"),
        ] {
            let cron = Cron::parse(expression, zone).unwrap_or_else(|e| panic!("{expression}: {e}"));
            assert_eq!(cron.next_after(from), Some(next.parse().unwrap()), "{expression} {zone}");
        }
        assert_eq!(Cron::parse("0 0 12 1 1 ? 2020", "UTC").unwrap().next_after(from), None);
    }

    #[test]
    fn what_is_none_is_named() {
        for (expression, zone, says) in [
            ("0 8 * * *", "UTC", "it has 5 fields"),
            ("0 0 25 * * ?", "UTC", "not a Quartz cron expression that"),
            ("0 0 8 * * ?", "Mars/Olympus", "not a known time zone"),
            ("0 0 0 30 2 ?", "UTC", "there is no such moment"),
            ("*/0 * * * * ?", "UTC", "not a Quartz cron expression that"),
        ] {
            let said = Cron::parse(expression, zone).unwrap_err();
            assert!(said.contains(says), "{expression}: {said}");
        }
    }
}

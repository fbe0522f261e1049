//! Schedules: Quartz expressions and time zones. Rules: Quartz's "Cron Trigger Tutorial".

use crate::finding::{Findings, Rule};
use crate::value::{At, Kind, Value};

const FIELDS: [&str; 2] = ["quartz_cron_expression", "quartz_cron_schedule"];

const MONTHS: [&str; 12] = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];

const DAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

pub(super) fn check(root: &Value, findings: &mut Findings) {
    if let Some(resources) = root.get(&["resources"]) {
        walk(resources, At::ROOT.key("resources"), findings);
    }
}

fn walk(value: &Value, at: At<'_>, findings: &mut Findings) {
    match &value.kind {
        Kind::List(items) => {
            for (index, item) in items.iter().enumerate() {
                walk(item, at.index(index), findings);
            }
        }
        Kind::Map(map) => {
            for entry in map {
                let text = entry.value.as_text().filter(|text| !text.contains("${"));
                let problem = match (entry.key.as_str(), text) {
                    (key, Some(text)) if FIELDS.contains(&key) => quartz(text),
                    ("timezone_id", Some(text)) => time_zone(text),
                    _ => None,
                };
                if let Some((message, advice)) = problem {
                    findings.add(Rule::Schedule, at.key(&entry.key), &entry.value, message, advice);
                }
                walk(&entry.value, at.key(&entry.key), findings);
            }
        }
        _ => {}
    }
}

fn time_zone(text: &str) -> Option<(String, String)> {
    let is_zone = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "/_+-:".contains(c));
    let advice = "write a name of the time zone database, such as UTC or Europe/Berlin";
    (!is_zone).then(|| (format!("`{text}` is no time zone"), advice.to_owned()))
}

/// What is wrong with an expression, and the way out.
fn quartz(text: &str) -> Option<(String, String)> {
    let parts: Vec<&str> = text.split_whitespace().collect();
    let example = "write seconds, minutes, hours, day of month, month and day of week, such as `0 30 6 * * ?`";
    if let [minutes, hours, days, months, weekdays] = parts.as_slice() {
        let (days, weekdays) = if *weekdays == "*" { (*days, "?") } else { ("?", *weekdays) };
        let message = format!("`{text}` has five parts, as cron has it; Quartz needs six");
        return Some((
            message,
            format!("write `0 {minutes} {hours} {days} {months} {weekdays}`, if that is what is meant"),
        ));
    }
    if !(6..=7).contains(&parts.len()) {
        return Some((format!("`{text}` has {} parts; Quartz needs six or seven", parts.len()), example.to_owned()));
    }
    let ranges = [
        ("seconds", 0, 59),
        ("minutes", 0, 59),
        ("hours", 0, 23),
        ("day of month", 1, 31),
        ("month", 1, 12),
        ("day of week", 1, 7),
        ("year", 1970, 2099),
    ];
    for (index, (part, (name, from, to))) in parts.iter().zip(ranges).enumerate() {
        let names: &[&str] = match index {
            4 => &MONTHS,
            5 => &DAYS,
            _ => &[],
        };
        let is_day = index == 3 || index == 5;
        let fits = |item: &str| fits(item, from, to, names, is_day);
        if !(is_day && *part == "?" || part.split(',').all(fits)) {
            return Some((
                format!("`{part}` is no {name} of a Quartz expression"),
                format!("use {from} to {to}; {example}"),
            ));
        }
    }
    let unsaid = [3, 5].iter().filter(|index| parts.get(**index) == Some(&"?")).count();
    if unsaid != 1 {
        let message = format!("`{text}` says day of month and day of week; one of them has to be `?`");
        return Some((message, "write `?` for the one that is not meant".to_owned()));
    }
    None
}

/// One item of a list: a value, a range, steps, or a special day.
fn fits(item: &str, from: u32, to: u32, names: &[&str], is_day: bool) -> bool {
    let (range, step) = item.split_once('/').map_or((item, None), |(range, step)| (range, Some(step)));
    if step.is_some_and(|step| !step.parse::<u32>().is_ok_and(|step| step > 0 && step <= to)) {
        return false;
    }
    let value = |text: &str| {
        names.iter().any(|name| name.eq_ignore_ascii_case(text))
            || text.parse().is_ok_and(|number: u32| (from..=to).contains(&number))
    };
    if is_day && step.is_none() {
        let (day, nth) = range.split_once('#').map_or((range, None), |(day, nth)| (day, Some(nth)));
        if let Some(nth) = nth {
            return value(day) && nth.parse().is_ok_and(|nth: u32| (1..=5).contains(&nth));
        }
        let offset = |text: &str| text.parse().is_ok_and(|days: u32| days <= 30);
        if range == "L" || range == "LW" || range.strip_prefix("L-").is_some_and(offset) {
            return true;
        }
        if range.strip_suffix('L').or_else(|| range.strip_suffix('W')).is_some_and(value) {
            return true;
        }
    }
    match range.split_once('-') {
        Some((first, last)) => value(first) && value(last),
        None => range == "*" || range.is_empty() && step.is_some() || value(range),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_those_of_quartz() {
        for text in [
            "0 0 12 * * ?",
            "0 15 10 ? * *",
            "0 0/5 14,18 * * ?",
            "0 10,44 14 ? 3 WED",
            "0 15 10 ? * MON-FRI",
            "0 15 10 L * ?",
            "0 15 10 L-2 * ?",
            "0 15 10 ? * 6L",
            "0 15 10 ? * 6#3",
            "0 0 12 1/5 * ?",
            "0 0 0 15W * ?",
            "0 0 0 ? JAN-mar 2 2026",
            "*/30 * * * * ?",
        ] {
            assert_eq!(quartz(text), None, "{text}");
        }
        for (text, part) in [
            ("0 12 * * *", "five parts"),
            ("0 0 12 * *", "five parts"),
            ("daily", "1 parts"),
            ("0 60 12 * * ?", "minutes"),
            ("0 0 24 * * ?", "hours"),
            ("0 0 12 * * *", "has to be `?`"),
            ("0 0 12 ? * ?", "has to be `?`"),
            ("0 0 12 0 * ?", "day of month"),
            ("0 0 12 ? * 8", "day of week"),
            ("0 0 12 ? FOO 1", "month"),
            ("0 0/0 12 * * ?", "minutes"),
            ("0 0 12 ? * 6#6", "day of week"),
        ] {
            assert!(quartz(text).is_some_and(|(message, _)| message.contains(part)), "{text}: {:?}", quartz(text));
        }
    }
}

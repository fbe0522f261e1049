//! Processor time of programs that ended.

use std::time::Duration;

/// Ticks of the processor clock in a second, as Linux tells them to programs on all its machines.
const TICKS: u64 = 100;

/// What all programs that this one waited for have used, with all that those waited for; `None` where nobody tells.
pub(crate) fn of_ended_children() -> Option<Duration> {
    parse(&std::fs::read_to_string("/proc/self/stat").ok()?)
}

/// The fields behind the name, which may hold anything, count from the third; the times are the 16th and 17th.
fn parse(stat: &str) -> Option<Duration> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut times = fields.split_whitespace().skip(13).map(str::parse::<u64>);
    let ticks = times.next()?.ok()?.checked_add(times.next()?.ok()?)?;
    Some(Duration::from_millis(ticks.checked_mul(1000 / TICKS)?))
}

/// How much of the processors something had: `1.4 cores`.
pub(crate) fn share(used: Option<Duration>, took: Duration) -> String {
    match used {
        Some(used) if !took.is_zero() => format!("{:.1} cores", used.as_secs_f64() / took.as_secs_f64()),
        _ => "? cores".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_children_are_read() {
        let stat = "27100 (a (b) c) S 1 2 3 4 5 6 7 8 9 10 11 12 1500 75 20 0 4 0 1 2 3";
        assert_eq!(parse(stat), Some(Duration::from_millis(15_750)));
        assert_eq!(parse("nothing"), None);
        assert_eq!(share(Some(Duration::from_secs(3)), Duration::from_secs(2)), "1.5 cores");
    }
}

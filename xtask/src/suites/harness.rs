//! What Rust's test harness prints.

use std::time::Duration;

/// A test as its line tells it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Told<'a> {
    pub(super) name: &'a str,
    pub(super) took: Duration,
    pub(super) failed: bool,
}

/// The tests that ended, in the order in which they did.
pub(super) fn tests(said: &str) -> impl Iterator<Item = Told<'_>> {
    said.lines().filter_map(test)
}

/// A line such as `test turns::one ... ok <1.234s>`.
fn test(line: &str) -> Option<Told<'_>> {
    let (name, rest) = line.strip_prefix("test ")?.split_once(" ... ")?;
    let (outcome, seconds) = rest.rsplit_once('<')?;
    let took = Duration::try_from_secs_f64(seconds.strip_suffix("s>")?.parse().ok()?).ok()?;
    let name = name.strip_suffix(" - should panic").unwrap_or(name);
    Some(Told { name, took, failed: outcome.trim_end() == "FAILED" })
}

/// What a failed test printed.
pub(super) fn output_of<'a>(said: &'a str, test: &str) -> Option<&'a str> {
    let (_, output) = said.split_once(&format!("\n---- {test} stdout ----\n"))?;
    let end = ["\n---- ", "\n\nfailures:\n"].iter().filter_map(|end| output.find(end)).min();
    Some(output.get(..end?)?.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = "running 3 tests\n\
        test a::b ... ok <1.250s>\n\
        test a::c ... FAILED <0.001s>\n\
        test a::d - should panic ... FAILED <0.002s>\n\
        test a::e ... ignored, takes minutes\n\
        test a::f has been running for over 60 seconds\n\
        \n\
        failures:\n\
        \n\
        ---- a::c stdout ----\n\
        thread 'a::c' panicked at x.rs:1:1:\n\
        \n\
        left and right\n\
        \n\
        ---- a::d stdout ----\n\
        note: test did not panic as expected\n\
        \n\
        failures:\n    a::c\n    a::d\n";

    #[test]
    fn tests_are_read_from_what_the_harness_prints() {
        let told: Vec<_> = tests(SAID).map(|told| (told.name, told.took.as_millis(), told.failed)).collect();
        assert_eq!(told, [("a::b", 1250, false), ("a::c", 1, true), ("a::d", 2, true)]);
    }

    #[test]
    fn what_a_failed_test_printed_is_found_whole() {
        let expected = "thread 'a::c' panicked at x.rs:1:1:\n\nleft and right";
        assert_eq!(output_of(SAID, "a::c"), Some(expected));
        assert_eq!(output_of(SAID, "a::d"), Some("note: test did not panic as expected"));
        assert_eq!(output_of(SAID, "a::b"), None);
    }
}

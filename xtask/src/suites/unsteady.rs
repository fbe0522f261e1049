//! A test that fails beside others and passes by itself.
//!
//! Machines that test are shared and slow, and some tests wait for real programs. What failed is run once more when
//! everything else has ended; if it passes, it is forgiven and told loudly, because it is to be mended. That is bounded:
//! more than [`FORGIVEN`] failures are a fault of the code and not of the hour, and nothing is run a third time.

use anyhow::{Result, bail};

use super::harness;
use crate::side_by_side::Ended;

/// Failed tests that may be forgiven in one run.
const FORGIVEN: usize = 2;

/// A test that failed, and what it said.
#[derive(Debug)]
struct Failed<'a> {
    program: &'a str,
    test: &'a str,
    said: &'a str,
}

/// Whether all passed, those that failed perhaps at `again`, which runs one test of a program by itself.
pub(super) fn judge(ended: &[Ended], mut again: impl FnMut(&str, &str) -> Result<Ended>) -> Result<()> {
    let (failed, hopeless) = failures(ended);
    if failed.is_empty() && hopeless.is_empty() {
        return Ok(());
    }
    if failed.len() > FORGIVEN || !hopeless.is_empty() {
        let tests = failed.iter().map(|failed| format!("{} {}", failed.program, failed.test));
        bail!("failed: {}", hopeless.into_iter().chain(tests).collect::<Vec<_>>().join(", "));
    }
    let mut twice = Vec::new();
    for failed in &failed {
        if again(failed.program, failed.test)?.failure.is_some() {
            twice.push(format!("{} {}", failed.program, failed.test));
        }
    }
    if !twice.is_empty() {
        bail!("failed, and failed again by itself: {}", twice.join(", "));
    }
    for Failed { program, test, said } in &failed {
        eprintln!(
            "\n!!!! UNSTEADY: {program} {test}\n!!!! It failed beside others and passed by itself. Mend it. It had said:\n{said}"
        );
    }
    Ok(())
}

/// Single tests that failed, and what failed as a whole: it named no test.
fn failures(ended: &[Ended]) -> (Vec<Failed<'_>>, Vec<String>) {
    let (mut failed, mut hopeless) = (Vec::new(), Vec::new());
    for program in ended.iter().filter(|program| program.failure.is_some()) {
        let before = failed.len();
        failed.extend(harness::tests(&program.said).filter(|told| told.failed).map(|told| Failed {
            program: &program.name,
            test: told.name,
            said: harness::output_of(&program.said, told.name).unwrap_or("nothing"),
        }));
        // The harness ends with a summary; without it, the program died and nobody knows what else would have failed.
        if failed.len() == before || !program.said.contains("\ntest result: FAILED.") {
            hopeless.push(program.name.clone());
        }
    }
    (failed, hopeless)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn ended(name: &str, said: &str, failed: bool) -> Ended {
        let failure = failed.then(|| "failed, exit status: 101".to_owned());
        Ended { name: name.into(), failure, said: said.into(), took: Duration::ZERO, processor: None }
    }

    /// What a program says whose tests of these names failed.
    fn failing(tests: &[&str]) -> Ended {
        let mut said = String::from("test fine ... ok <0.001s>\n");
        for test in tests {
            said.push_str(&format!("test {test} ... FAILED <0.001s>\n"));
        }
        ended("suite", &(said + "\nfailures:\n\ntest result: FAILED. 1 passed"), true)
    }

    #[test]
    fn what_passes_by_itself_is_forgiven() {
        let mut asked = Vec::new();
        let passes = |program: &str, test: &str| {
            asked.push(format!("{program} {test}"));
            Ok(ended(program, "", false))
        };
        judge(&[failing(&["a", "b"]), ended("other", "", false)], passes).unwrap();
        assert_eq!(asked, ["suite a", "suite b"]);
    }

    #[test]
    fn what_fails_twice_fails() {
        let error = judge(&[failing(&["a", "b"])], |program, test| Ok(ended(program, "", test == "b"))).unwrap_err();
        assert_eq!(error.to_string(), "failed, and failed again by itself: suite b");
    }

    #[test]
    fn many_failures_and_deaths_are_not_tried_again() {
        let never = |_: &str, _: &str| -> Result<Ended> { panic!("run once more") };
        let error = judge(&[failing(&["a", "b", "c"])], never).unwrap_err();
        assert_eq!(error.to_string(), "failed: suite a, suite b, suite c");
        let died = ended("suite", "test a ... FAILED <0.001s>\n", true);
        assert_eq!(judge(&[died], never).unwrap_err().to_string(), "failed: suite, suite a");
        let part = ended("browser", "1 failed", true);
        assert_eq!(judge(&[part], never).unwrap_err().to_string(), "failed: browser");
    }
}

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

/// Lines of what failed as a whole that are told once more at the end, where whoever sees only the end finds them.
const TOLD_LINES: usize = 60;

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
        failed.iter().for_each(tell);
        hopeless.iter().for_each(|program| tell_end(program));
        let tests = failed.iter().map(|failed| format!("{} {}", failed.program, failed.test));
        let programs = hopeless.iter().map(|program| program.name.clone());
        bail!("failed: {}", programs.chain(tests).collect::<Vec<_>>().join(", "));
    }
    let mut twice = Vec::new();
    for failed in &failed {
        tell(failed);
        let ended = again(failed.program, failed.test)?;
        // A name that none has is a run of nothing, which no harness calls a failure.
        if ended.failure.is_some() || harness::tests(&ended.said).next().is_none() {
            twice.push(format!("{} {}", failed.program, failed.test));
        }
    }
    if !twice.is_empty() {
        bail!("failed, and failed again by itself: {}", twice.join(", "));
    }
    for Failed { program, test, .. } in &failed {
        eprintln!("\n!!!! UNSTEADY: {program} {test}\n!!!! It failed beside others and passed by itself. Mend it.");
    }
    Ok(())
}

fn tell(Failed { program, test, said }: &Failed<'_>) {
    eprintln!("\n── failed: {program} {test}\n{said}");
}

fn tell_end(program: &Ended) {
    let lines: Vec<_> = program.said.lines().collect();
    let last = lines.get(lines.len().saturating_sub(TOLD_LINES)..).unwrap_or_default();
    eprintln!("\n── the end of what {} said:\n{}", program.name, last.join("\n"));
}

/// Single tests that failed, and what failed as a whole: it named no test.
fn failures(ended: &[Ended]) -> (Vec<Failed<'_>>, Vec<&Ended>) {
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
            hopeless.push(program);
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
            Ok(ended(program, "test it ... ok <0.001s>", false))
        };
        judge(&[failing(&["a", "b"]), ended("other", "", false)], passes).unwrap();
        assert_eq!(asked, ["suite a", "suite b"]);
    }

    #[test]
    fn what_fails_twice_fails() {
        let ran = |program: &str, test: &str| Ok(ended(program, "test it ... ok <0.001s>", test == "b"));
        let error = judge(&[failing(&["a", "b"])], ran).unwrap_err();
        assert_eq!(error.to_string(), "failed, and failed again by itself: suite b");
        let nothing = |program: &str, _: &str| Ok(ended(program, "", false));
        let error = judge(&[failing(&["a"])], nothing).unwrap_err();
        assert_eq!(error.to_string(), "failed, and failed again by itself: suite a");
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

//! The host's tests, and how long each took.
//!
//! Cargo runs every test program through this one ([`run_program`]): it asks the test harness for times, which only an
//! unstable flag gives, and notes the slowest. The flag is opened for the test program alone; opened for cargo it
//! would compile everything anew.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};

use crate::exec::Program;
use crate::layout::Layout;

/// Tests whose times are told.
const SLOWEST: usize = 10;
/// Where the times of one run are noted.
const TIMES: &str = "BRICKLAYER_TEST_TIMES";

/// Runs all of them, also after a failure, and tells the slowest.
pub(crate) fn run(layout: &Layout) -> Result<()> {
    let times = layout.target.join("xtask/times.tsv");
    fs::create_dir_all(layout.target.join("xtask"))?;
    fs::write(&times, "")?;
    let host = rustc_host()?;
    let this = kept_copy(layout)?;
    // A list, since a path may hold a blank, at which the variable of the same meaning would be split.
    let runner = format!("target.{host}.runner={:?}", [this.to_string_lossy().as_ref(), "run-test-program"]);
    let passed = Program::cargo()
        .directory(&layout.root)
        .env(TIMES, &times)
        // The benchmarks' driver has no tests in its harness; documentation's examples have no times.
        .args(["--config", &runner])
        .args(["test", "--workspace", "--no-fail-fast", "--lib", "--bins", "--tests"])
        .run()
        .and_then(|()| {
            Program::cargo().directory(&layout.root).args(["test", "--workspace", "--doc", "--quiet"]).run()
        });
    tell_slowest(&times)?;
    passed
}

/// A copy of this program. Cargo may build it anew for the tests, with what the workspace's other members ask of shared
/// crates, and the file that started would be gone.
fn kept_copy(layout: &Layout) -> Result<PathBuf> {
    // What the name says on Linux after the file was replaced is no path; the link itself still leads to the program.
    let linux = Path::new("/proc/self/exe");
    let this =
        if linux.exists() { linux.to_owned() } else { std::env::current_exe().context("where is this program")? };
    let copy = layout.target.join(format!("xtask/test-runner{}", std::env::consts::EXE_SUFFIX));
    // Not written over: an older copy may still be running.
    match fs::remove_file(&copy) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(error).context("remove the old runner");
        }
        _ => fs::copy(&this, &copy).context("copy this program")?,
    };
    Ok(copy)
}

fn rustc_host() -> Result<String> {
    let said = Program::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into())).args(["-vV"]).output()?;
    let said = String::from_utf8_lossy(&said).into_owned();
    let host = said.lines().find_map(|line| line.strip_prefix("host: ")).context("rustc names its host")?;
    Ok(host.to_owned())
}

/// One test program: what it prints goes on, and what its tests took is noted.
pub(crate) fn run_program(program: &Path, arguments: &[String]) -> Result<ExitCode> {
    let mut command = Command::new(program);
    command.args(arguments).args(["-Z", "unstable-options", "--report-time"]).env("RUSTC_BOOTSTRAP", "1");
    let mut child = command.stdout(Stdio::piped()).spawn().with_context(|| format!("start {}", program.display()))?;
    let stdout = child.stdout.take().context("a pipe")?;
    let mut noted = String::new();
    let mut out = std::io::stdout().lock();
    for line in BufReader::new(stdout).split(b'\n') {
        let line = line?;
        out.write_all(&line)?;
        out.write_all(b"\n")?;
        if let Some((test, took)) = taken(&String::from_utf8_lossy(&line)) {
            noted.push_str(&format!("{}\t{test}\n", took.as_secs_f64()));
        }
    }
    if let Some(times) = std::env::var_os(TIMES) {
        fs::OpenOptions::new().append(true).open(PathBuf::from(times))?.write_all(noted.as_bytes())?;
    }
    let status = child.wait()?;
    Ok(ExitCode::from(u8::try_from(status.code().unwrap_or(101)).unwrap_or(101)))
}

/// A line such as `test turns::one ... ok <1.234s>`.
fn taken(line: &str) -> Option<(&str, Duration)> {
    let (test, rest) = line.strip_prefix("test ")?.split_once(" ... ")?;
    let (_, seconds) = rest.rsplit_once('<')?;
    Some((test, Duration::try_from_secs_f64(seconds.strip_suffix("s>")?.parse().ok()?).ok()?))
}

fn tell_slowest(times: &Path) -> Result<()> {
    let noted = fs::read_to_string(times)?;
    let mut tests: Vec<(f64, &str)> = noted
        .lines()
        .filter_map(|line| line.split_once('\t'))
        .filter_map(|(t, n)| Some((t.parse().ok()?, n)))
        .collect();
    tests.sort_by(|a, b| b.0.total_cmp(&a.0));
    eprintln!("the slowest of {} tests:", tests.len());
    for (seconds, test) in tests.iter().take(SLOWEST) {
        eprintln!("{seconds:>8.1} s  {test}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_from_what_the_harness_prints() {
        assert_eq!(taken("test a::b ... ok <1.250s>"), Some(("a::b", Duration::from_millis(1250))));
        assert_eq!(taken("test a::b ... FAILED <0.001s>"), Some(("a::b", Duration::from_millis(1))));
        for line in ["test a::b ... ignored, takes minutes", "running 3 tests", "test x has been running for over 60"] {
            assert_eq!(taken(line), None, "{line}");
        }
    }
}

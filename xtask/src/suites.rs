//! All tests after the build: the host's programs, documentation, guests, authors' plugins, page and browser.
//!
//! Cargo says which test programs there are and with what folder and variables it starts them: it runs each through
//! this program ([`note_program`]), which writes that down. They are then run some at a time, so that one works while
//! others wait ([`crate::side_by_side`]). The test harness tells times only with an unstable flag. The flag is opened
//! for the test programs alone; opened for cargo it would compile everything anew.
//!
//! A test of a program that fails is run once more by itself when all others have ended, one of the browser with its
//! file ([`unsteady`]).

mod harness;
mod unsteady;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use serde_json::{Value, json};

use crate::exec::Program;
use crate::layout::Layout;
use crate::side_by_side::{self, Ended, Job};
use crate::{client, examples, plugins};

/// Tests whose times are told.
const SLOWEST: usize = 10;
/// Names the file in which the test programs are noted.
const PROGRAMS: &str = "BRICKLAYER_TEST_PROGRAMS";

/// What is tested and is no test program of the host.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Part {
    /// Templates, examples and components of others, as their authors build them.
    Authors,
    /// The page in a browser.
    Browser,
    /// The page's own tests.
    Client,
    /// The guests' own tests.
    Plugins,
    /// Examples in the host's documentation.
    Documentation,
}

impl Part {
    /// Tests it and nothing else; of the browser's tests all, or those of this test's file.
    pub(crate) fn test(self, layout: &Layout, test: Option<&str>) -> Result<()> {
        match self {
            Self::Browser => client::end_to_end(layout, test),
            _ if test.is_some() => bail!("some tests are chosen of the browser only"),
            Self::Authors => examples::run(layout),
            Self::Client => client::test(layout),
            Self::Plugins => plugins::test(layout),
            Self::Documentation => {
                Program::cargo().directory(&layout.root).args(["test", "--workspace", "--doc", "--quiet"]).run()
            }
        }
    }

    fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    fn command(self, layout: &Layout, this: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(this);
        command.current_dir(&layout.root).args(["part", &self.name()]).args(arguments);
        command
    }
}

/// Runs all of them, also after a failure, and tells the slowest.
pub(crate) fn run(layout: &Layout) -> Result<()> {
    let this = kept_copy(layout)?;
    let programs = programs(layout, &this)?;
    let mut ended = side_by_side::run(jobs(layout, &this, &programs))?;
    ended.sort_by_key(|program| std::cmp::Reverse(program.took));
    eprintln!("\nwhat ran beside each other:");
    for program in &ended {
        eprintln!("{}", program.line());
    }
    tell_slowest(&ended);
    unsteady::judge(&ended, |name, test| {
        let command = match programs.iter().find(|program| program.name == name) {
            Some(program) => program.command(&["--exact", test]),
            None => {
                let part = Part::from_str(name, false).ok().with_context(|| format!("nothing is called {name}"))?;
                part.command(layout, &this, &[test])
            }
        };
        let log = layout.target.join("xtask/tests/once-more.log");
        let job = Job { name: format!("{name} {test}, once more"), command, log };
        side_by_side::run(vec![job])?.pop().context("a program that ran")
    })
}

/// The longest come first, so that the last to end are short: the largest program, then what needs other tools than
/// cargo, then the other programs.
fn jobs(layout: &Layout, this: &Path, programs: &[TestProgram]) -> Vec<Job> {
    let log = |name: &str| layout.target.join("xtask/tests").join(format!("{name}.log"));
    let part = |part: Part| Job { log: log(&part.name()), name: part.name(), command: part.command(layout, this, &[]) };
    let mut jobs: Vec<Job> = programs
        .iter()
        .map(|program| Job { name: program.name.clone(), command: program.command(&[]), log: log(&program.name) })
        .collect();
    let rest = jobs.split_off(jobs.len().min(1));
    jobs.extend([Part::Authors, Part::Browser].map(part));
    jobs.extend(rest);
    jobs.extend([Part::Documentation, Part::Client, Part::Plugins].map(part));
    jobs
}

/// One test program, as cargo starts it.
#[derive(Debug)]
struct TestProgram {
    /// The file's, without the hash in it.
    name: String,
    path: PathBuf,
    directory: PathBuf,
    variables: BTreeMap<String, String>,
}

impl TestProgram {
    /// With the harness' arguments before these.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.path);
        command.current_dir(&self.directory).env_clear().envs(&self.variables);
        command.args(["-Z", "unstable-options", "--report-time"]).env("RUSTC_BOOTSTRAP", "1").args(arguments);
        command
    }

    /// How many tests it has.
    fn count(&self) -> Result<u64> {
        let listed = self.command(&["--list", "--format", "terse"]).output()?;
        let tests = String::from_utf8_lossy(&listed.stdout).lines().filter(|line| line.ends_with(": test")).count();
        Ok(u64::try_from(tests)?)
    }
}

/// All test programs that have tests, the largest first: by how many tests, and how much code is behind each.
fn programs(layout: &Layout, this: &Path) -> Result<Vec<TestProgram>> {
    let noted = layout.target.join("xtask/programs.jsonl");
    fs::create_dir_all(layout.target.join("xtask"))?;
    fs::write(&noted, "")?;
    let host = rustc_host()?;
    // A list, since a path may hold a blank, at which the variable of the same meaning would be split.
    let runner = format!("target.{host}.runner={:?}", [this.to_string_lossy().as_ref(), "note-test-program"]);
    Program::cargo()
        .directory(&layout.root)
        .env(PROGRAMS, &noted)
        // As they were built. Not `--bins`, which would also make test programs of those that say they have no tests.
        .args(["--config", &runner])
        .args(["test", "--workspace", "--tests"])
        .run()?;
    let mut programs = Vec::new();
    for line in fs::read_to_string(&noted)?.lines() {
        let program = TestProgram::parse(line).with_context(|| format!("what is noted of a program: {line}"))?;
        let count = program.count()?;
        if count > 0 {
            let code = fs::metadata(&program.path)?.len();
            programs.push((code.saturating_mul(count), program));
        }
    }
    programs.sort_by_key(|(size, _)| std::cmp::Reverse(*size));
    Ok(programs.into_iter().map(|(_, program)| program).collect())
}

impl TestProgram {
    fn parse(line: &str) -> Option<Self> {
        let noted: Value = serde_json::from_str(line).ok()?;
        let path = PathBuf::from(noted.get("path")?.as_str()?);
        let stem = path.file_stem()?.to_str()?;
        let name = stem.rsplit_once('-').map_or(stem, |(name, _)| name).to_owned();
        let variables = noted.get("variables")?.as_object()?.iter();
        let variables = variables.map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())));
        let directory = noted.get("directory")?.as_str()?.into();
        Some(Self { name, path, directory, variables: variables.collect::<Option<_>>()? })
    }
}

/// Called by cargo in place of a test program: writes down what it would be.
pub(crate) fn note_program(path: &Path) -> Result<()> {
    let mut variables = BTreeMap::new();
    for (key, value) in std::env::vars_os() {
        // What is no text would not pass through the note; no variable of cargo's is such.
        if let (Ok(key), Ok(value)) = (key.into_string(), value.into_string()) {
            variables.insert(key, value);
        }
    }
    let directory = std::env::current_dir()?;
    let noted = json!({ "path": path, "directory": directory, "variables": variables });
    let file = std::env::var_os(PROGRAMS).with_context(|| format!("{PROGRAMS} names a file"))?;
    Ok(fs::OpenOptions::new().append(true).open(file)?.write_all(format!("{noted}\n").as_bytes())?)
}

/// A copy of this program. Cargo may build it anew for the tests, with what the workspace's other members ask of shared
/// crates, and the file that started would be gone.
fn kept_copy(layout: &Layout) -> Result<PathBuf> {
    // What the name says on Linux after the file was replaced is no path; the link itself still leads to the program.
    let linux = Path::new("/proc/self/exe");
    let this =
        if linux.exists() { linux.to_owned() } else { std::env::current_exe().context("where is this program")? };
    let copy = layout.target.join(format!("xtask/test-runner{}", std::env::consts::EXE_SUFFIX));
    fs::create_dir_all(layout.target.join("xtask"))?;
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

fn tell_slowest(ended: &[Ended]) {
    let mut tests: Vec<(Duration, String)> = Vec::new();
    for program in ended {
        let told = harness::tests(&program.said);
        tests.extend(told.map(|test| (test.took, format!("{} {}", program.name, test.name))));
    }
    tests.sort_by_key(|(took, _)| std::cmp::Reverse(*took));
    eprintln!("\nthe slowest of {} tests:", tests.len());
    for (took, test) in tests.iter().take(SLOWEST) {
        eprintln!("{:>8.1} s  {test}", took.as_secs_f64());
    }
}

//! Programs beside each other, so that one works while another waits. What each says is kept whole and printed when it
//! has ended.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::processor;

/// Programs at a time: one more than the processors of the machine that this is measured on, because most of what waits,
/// waits for time bounds and not for a processor. Of two, each used 0.8 of a processor at most.
const WIDTH: usize = 3;

/// How often the running ones are looked at.
const LOOK: Duration = Duration::from_millis(50);

/// Longest that one may run: then it hangs, and what it said so far is worth more than its end.
const LONGEST: Duration = Duration::from_secs(25 * 60);

/// A program to run.
#[derive(Debug)]
pub(crate) struct Job {
    /// For people.
    pub(crate) name: String,
    pub(crate) command: Command,
    /// Where what it says goes.
    pub(crate) log: PathBuf,
}

/// A program that ran.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) name: String,
    /// Why it failed, for people.
    pub(crate) failure: Option<String>,
    /// What it said on both streams.
    pub(crate) said: String,
    pub(crate) took: Duration,
    pub(crate) processor: Option<Duration>,
}

impl Ended {
    /// How it ended and what it took, in a line.
    pub(crate) fn line(&self) -> String {
        let failure = self.failure.as_ref().map(|failure| format!(": {failure}")).unwrap_or_default();
        let share = processor::share(self.processor, self.took);
        format!("{:>6} s  {share:>10}  {}{failure}", self.took.as_secs(), self.name)
    }
}

/// Runs all of them, the first ones first, and each to its end whatever becomes of the others.
pub(crate) fn run(jobs: Vec<Job>) -> Result<Vec<Ended>> {
    let mut waiting = jobs.into_iter();
    let mut running: Vec<Running> = Vec::new();
    let mut ended = Vec::new();
    loop {
        while running.len() < WIDTH {
            let Some(job) = waiting.next() else { break };
            running.push(Running::start(job)?);
        }
        if running.is_empty() {
            return Ok(ended);
        }
        let mut still = Vec::new();
        for mut program in running {
            match program.look()? {
                None => still.push(program),
                Some((status, processor)) => {
                    let program = program.end(status, processor)?;
                    tell(&program)?;
                    ended.push(program);
                }
            }
        }
        running = still;
        std::thread::sleep(LOOK);
    }
}

/// Whole, with what stands around it.
fn tell(ended: &Ended) -> Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "\n── {}", ended.name)?;
    out.write_all(ended.said.as_bytes())?;
    writeln!(out, "── {}", ended.line().trim_start())?;
    Ok(out.flush()?)
}

struct Running {
    name: String,
    child: Child,
    log: PathBuf,
    began: Instant,
}

impl Running {
    fn start(mut job: Job) -> Result<Self> {
        if let Some(folder) = job.log.parent() {
            fs::create_dir_all(folder)?;
        }
        let log = File::create(&job.log).with_context(|| format!("write {}", job.log.display()))?;
        job.command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let child = job.command.spawn().with_context(|| format!("start {}", job.name))?;
        eprintln!("── begins: {}", job.name);
        Ok(Self { name: job.name, child, log: job.log, began: Instant::now() })
    }

    /// How it ended and the processor time of it and all that it waited for; `None` while it runs.
    fn look(&mut self) -> Result<Option<(ExitStatus, Option<Duration>)>> {
        // Times are told of all that this program waited for, so that the difference is this one's.
        let before = processor::of_ended_children();
        let status = match self.child.try_wait()? {
            None if self.began.elapsed() < LONGEST => return Ok(None),
            None => {
                self.child.kill()?;
                self.child.wait()?
            }
            Some(status) => status,
        };
        let used = before.and_then(|before| processor::of_ended_children()?.checked_sub(before));
        Ok(Some((status, used)))
    }

    fn end(self, status: ExitStatus, processor: Option<Duration>) -> Result<Ended> {
        let took = self.began.elapsed();
        let failure = match status.success() {
            true => None,
            false if took >= LONGEST => Some(format!("ended by this chore after {} s", took.as_secs())),
            false => Some(format!("failed, {status}")),
        };
        let said = String::from_utf8_lossy(&fs::read(&self.log)?).into_owned();
        Ok(Ended { name: self.name, failure, said, took, processor })
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    /// A shell's line, with its log in a folder of this test's own.
    fn job(name: &str, line: &str) -> Job {
        let folder = std::env::temp_dir().join(format!("bricklayer-jobs-{}", std::process::id()));
        let mut command = Command::new("sh");
        command.args(["-c", line]);
        Job { name: name.to_owned(), command, log: folder.join(format!("{name}.log")) }
    }

    #[test]
    fn jobs_run_to_their_ends_whatever_becomes_of_others() {
        let all = ["fails", "speaks", "works"];
        let lines =
            ["echo no >&2; exit 3", "echo one; echo two >&2", "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done"];
        let jobs: Vec<_> = all.iter().zip(lines).map(|(name, line)| job(name, line)).collect();
        let folder = jobs[0].log.parent().unwrap().to_owned();
        let mut ended = run(jobs).unwrap();
        fs::remove_dir_all(folder).unwrap();
        ended.sort_by(|a, b| a.name.cmp(&b.name));
        let told: Vec<_> = ended.iter().map(|job| (&*job.name, job.failure.as_deref(), &*job.said)).collect();
        let failure = Some("failed, exit status: 3");
        assert_eq!(told, [("fails", failure, "no\n"), ("speaks", None, "one\ntwo\n"), ("works", None, "")]);
        assert!(ended[2].processor.is_none_or(|used| used > Duration::ZERO), "{ended:?}");
    }
}

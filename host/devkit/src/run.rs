//! Running an author's tools: their output as it comes, their end with its cause.

use std::collections::VecDeque;
use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, ErrorKind, Read as _};
use std::path::Path;
use std::process::Command;

use crate::Problem;

/// Takes lines for the author's terminal.
pub type Say<'a> = &'a dyn Fn(&str);

/// Lines of a failed tool that are kept to find the cause; compilers say what matters within them.
const KEPT_LINES: usize = 400;

/// Longest line that is passed on: a minified file in a message must not fill the terminal.
const LINE_CHARS: usize = 2_000;

/// Bytes without a line's end after which one is made up.
const LINE_BYTES: u64 = 64 * 1024;

/// Variables that an outer cargo sets and that would confuse an inner one.
const SCRUBBED: [&str; 9] = [
    "RUSTFLAGS",
    "RUSTC_WRAPPER",
    "RUSTC_WORKSPACE_WRAPPER",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_MANIFEST_DIR",
    "CARGO_MANIFEST_PATH",
    "CARGO_BUILD_TARGET",
    "CARGO_PRIMARY_PACKAGE",
    "RUST_BACKTRACE",
];
const SCRUBBED_PREFIXES: [&str; 4] = ["CARGO_PKG_", "CARGO_CFG_", "CARGO_FEATURE_", "DEP_"];

/// How a tool ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) success: bool,
    /// The last lines of what it said.
    pub(crate) said: String,
}

/// A tool that cannot be started because it is not there.
#[derive(Debug)]
pub(crate) struct Missing;

pub(crate) fn command(program: impl AsRef<OsStr>, folder: &Path) -> Command {
    let mut command = Command::new(program);
    for (key, _) in std::env::vars_os() {
        let name = key.to_string_lossy();
        if SCRUBBED.contains(&&*name) || SCRUBBED_PREFIXES.iter().any(|prefix| name.starts_with(prefix)) {
            command.env_remove(&key);
        }
    }
    command.current_dir(folder).stdin(std::process::Stdio::null());
    command
}

/// Runs a tool to its end; each line that it says goes to `say` behind its name.
pub(crate) fn run(mut command: Command, name: &str, say: Say<'_>) -> Result<Result<Ended, Missing>, Problem> {
    let broken = |e: std::io::Error| Problem::io(format!("run {name}"), &e);
    let (reader, writer) = std::io::pipe().map_err(broken)?;
    command.stdout(writer.try_clone().map_err(broken)?).stderr(writer);
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Err(Missing)),
        Err(error) => return Err(broken(error)),
    };
    // Our ends of the pipe; reading would never end with them open.
    drop(command);
    let mut said = VecDeque::new();
    let mut reader = BufReader::new(reader);
    let mut line = Vec::new();
    while reader.by_ref().take(LINE_BYTES).read_until(b'\n', &mut line).map_err(broken)? > 0 {
        let text = String::from_utf8_lossy(&line);
        let text: String = text.trim_end().chars().take(LINE_CHARS).collect();
        say(&format!("{name} | {text}"));
        if said.len() == KEPT_LINES {
            said.pop_front();
        }
        said.push_back(text);
        line.clear();
    }
    let status = child.wait().map_err(broken)?;
    Ok(Ok(Ended { success: status.success(), said: Vec::from(said).join("\n") }))
}

/// Runs a tool quietly and returns what it printed, when it ended well.
pub(crate) fn output(mut command: Command) -> Option<String> {
    let output = command.output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The first two numbers of a version in a tool's words: `Python 3.11.7` is `(3, 11)`.
pub(crate) fn version(text: &str) -> Option<(u32, u32)> {
    let number = text.split(|c: char| !(c.is_ascii_digit() || c == '.')).find(|part| part.contains('.'))?;
    let mut parts = number.split('.').map(str::parse);
    Some((parts.next()?.ok()?, parts.next()?.ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found_in_what_tools_say() {
        assert_eq!(version("Python 3.11.7"), Some((3, 11)));
        assert_eq!(version("v20.20.2"), Some((20, 20)));
        assert_eq!(version("rustc 1.95.0 (59807616e 2026-04-14)"), Some((1, 95)));
        assert_eq!(version("nothing"), None);
    }

    #[test]
    fn output_comes_line_by_line_and_a_missing_tool_is_no_failure_of_ours() {
        let lines = std::cell::RefCell::new(Vec::new());
        let mut shell = command("sh", Path::new("/"));
        shell.args(["-c", "echo one; echo two >&2; exit 3"]);
        let ended = run(shell, "sh", &|line| lines.borrow_mut().push(line.to_owned())).unwrap().unwrap();
        assert!(!ended.success);
        assert_eq!(*lines.borrow(), ["sh | one", "sh | two"]);
        assert!(run(command("no-such-tool", Path::new("/")), "x", &|_| {}).unwrap().is_err());
    }
}

//! Read, Write, Edit, Glob and Grep beside the reference toolset of the PyPI package `anthropic`, on random trees, where
//! the contracts overlap. Each difference that is meant stands in [`meant`], with its reason.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bricklayer_agent::TurnExit;
use bricklayer_domain::ToolOutcome;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::python;
use crate::support::*;

const PACKAGE: &str = "anthropic==2.15.0";

/// Random trees; each has six calls.
const CASES: usize = 1200;

/// Another number makes other trees.
const SEED: u32 = 1;

#[derive(Deserialize)]
struct Case {
    tree: serde_json::Map<String, Value>,
    calls: Vec<Call>,
}

/// A call of the reference, and what it did.
#[derive(Deserialize)]
struct Call {
    tool: String,
    input: Value,
    ok: bool,
    said: String,
    /// The file that it changes, before.
    before: Option<String>,
    /// The digest of what is there afterwards.
    after: Option<String>,
}

impl Call {
    fn text(&self, field: &str) -> &str {
        self.input[field].as_str().unwrap_or_default()
    }

    fn before(&self) -> Vec<u8> {
        self.before.as_ref().map(|bytes| STANDARD.decode(bytes).unwrap()).unwrap_or_default()
    }

    /// The same for our tools.
    fn ours(&self) -> (&'static str, Value) {
        let mut input = self.input.clone();
        match self.tool.as_str() {
            "read" => {
                if let Some(range) = input.as_object_mut().unwrap().remove("view_range") {
                    let (first, last) = (range[0].as_u64().unwrap(), range[1].as_u64().unwrap());
                    input["offset"] = json!(first);
                    input["limit"] = json!(last - first + 1);
                }
                ("Read", input)
            }
            "write" => ("Write", input),
            "edit" => ("Edit", input),
            "glob" => ("Glob", input),
            _ => {
                input["output_mode"] = json!("content");
                input["head_limit"] = json!(0);
                ("Grep", input)
            }
        }
    }
}

/// Why a call's outcome differs from the reference's, where that is meant.
fn meant(call: &Call, case: &Case, ours: &ToolOutcome) -> Option<&'static str> {
    let said = &ours.content;
    let before = call.before();
    let is_link = |path: &str| case.tree.get(path).is_some_and(|entry| entry.get("link").is_some());
    let has_links = case.tree.values().any(|entry| entry.get("link").is_some());
    let has_crlf = before.windows(2).any(|pair| pair == b"\r\n");
    match call.tool.as_str() {
        "read" if said.contains("NUL byte") => Some("a file with NUL is binary, and is not shown as text"),
        "read" if said.contains("read as Latin-1") => Some("what is not UTF-8 is shown, and its form said"),
        "read" if said.contains("`offset` is") => Some("a range behind the end is told, not answered with nothing"),
        "write" | "edit" if is_link(call.text("file_path")) => Some("what a link names is written by its own name"),
        "write" | "edit" if before.contains(&0) => Some("a file with NUL is binary, and is not written as text"),
        "write" | "edit" if std::str::from_utf8(&before).is_err() => Some("what is not UTF-8 is kept as it is"),
        "write" | "edit" if has_crlf => Some("lines that end with CRLF go on doing so"),
        "write" if before.starts_with(b"\xef\xbb\xbf") => Some("a byte order mark stays"),
        "edit" if call.text("old_string").is_empty() => Some("an empty text stands nowhere in particular"),
        "edit" if call.text("old_string") == call.text("new_string") => {
            Some("an edit that changes nothing is a mistake")
        }
        "edit" if call.text("old_string").contains('\u{feff}') => Some("a byte order mark is no text"),
        "edit" if call.text("old_string").contains('\u{fffd}') => Some("what is not UTF-8 is kept as it is"),
        "glob" if !call.text("pattern").contains('/') => {
            Some("a pattern without a slash matches names in every folder")
        }
        "glob" | "grep" if !ours_ok(ours) && said.contains("does not exist") => {
            Some("a place that is not there is told")
        }
        "glob" if has_links => Some("links to folders are not followed"),
        "grep" if has_links => Some("files inside are found by their links as well"),
        "grep" if said.contains("NUL byte") => Some("a file with NUL is binary, and that is said"),
        "grep" if call.said.contains('\u{fffd}') || said.contains("caf") => {
            Some("what is not UTF-8 is read as Latin-1")
        }
        "grep" if call.said.contains('\u{feff}') || call.text("pattern").starts_with('^') => {
            Some("a byte order mark is no text")
        }
        _ => None,
    }
}

fn ours_ok(ours: &ToolOutcome) -> bool {
    ours.failure.is_none()
}

/// What a call came to, in the terms of both.
fn same(call: &Call, ours: &ToolOutcome, order_counts: bool) -> Result<(), String> {
    if call.ok != ours_ok(ours) {
        return Err("one fails and the other does not".to_owned());
    }
    if !call.ok {
        return Ok(());
    }
    let differ = |theirs: &dyn std::fmt::Debug, ours: &dyn std::fmt::Debug| Err(format!("{theirs:?} and {ours:?}"));
    match call.tool.as_str() {
        "read" => {
            let plain =
                |line: &'_ str| line.strip_suffix('\r').unwrap_or(line).trim_start_matches('\u{feff}').to_owned();
            let theirs: Vec<String> = call.said.split('\n').map(plain).collect();
            let shown = ours.content.lines().filter_map(|line| {
                let (number, text) = line.split_once('\t')?;
                number.trim().parse::<usize>().is_ok().then_some(text)
            });
            let shown: Vec<String> = shown.map(str::to_owned).collect();
            // The reference counts an empty line behind the last line break.
            let behind = theirs.len() == shown.len() + 1 && theirs.last().is_some_and(String::is_empty);
            let theirs = &theirs[..theirs.len() - usize::from(behind)];
            if theirs != shown { differ(&theirs, &shown) } else { Ok(()) }
        }
        "write" | "edit" => {
            let digest = ours.structured.as_ref().unwrap()["digest"].as_str().map(str::to_owned);
            // A file that moved under the edit has no digest that is known.
            if digest != call.after { differ(&call.after, &digest) } else { Ok(()) }
        }
        "glob" => {
            let lines = |text: &str| -> Vec<String> {
                text.lines().filter(|line| !line.is_empty() && !line.starts_with('[')).map(str::to_owned).collect()
            };
            let (mut theirs, mut shown) = (lines(call.said.trim_start_matches("no matches")), lines(&ours.content));
            if !order_counts {
                theirs.sort();
                shown.sort();
            }
            if theirs != shown { differ(&theirs, &shown) } else { Ok(()) }
        }
        _ => {
            let lines = |text: &str| -> BTreeSet<String> {
                text.lines().filter(|line| !line.starts_with('[') && *line != "no matches").map(str::to_owned).collect()
            };
            let (theirs, shown) = (lines(&call.said), lines(&ours.content));
            if theirs != shown { differ(&theirs, &shown) } else { Ok(()) }
        }
    }
}

fn make(root: &Path, case: &Case) {
    for (place, (path, entry)) in case.tree.iter().enumerate() {
        let full = root.join(path);
        fs::create_dir_all(full.parent().unwrap()).unwrap();
        if let Some(target) = entry["link"].as_str() {
            symlink(target, full).unwrap();
            continue;
        }
        fs::write(&full, STANDARD.decode(entry["bytes"].as_str().unwrap()).unwrap()).unwrap();
        let at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_600_000_000 + place as u64 * 10);
        fs::File::options().write(true).open(&full).unwrap().set_modified(at).unwrap();
    }
}

/// Runs the calls in one turn, with a read of each file before it is changed; their outcomes.
async fn run(case: &Case) -> Vec<ToolOutcome> {
    let mut replies = Vec::new();
    for (number, call) in case.calls.iter().enumerate() {
        let (tool, input) = call.ours();
        if matches!(tool, "Edit" | "Write") {
            let read = json!({"file_path": input["file_path"]});
            replies.push(calls(vec![tool_use(&format!("r{number}"), "Read", read)]));
        }
        replies.push(calls(vec![tool_use(&format!("c{number}"), tool, input)]));
    }
    replies.push(say("done"));
    let mut world = World::new(ScriptedModel::new(replies), TableTools::none());
    // A disk's syncs would be most of the time.
    if let Ok(memory) = tempfile::tempdir_in("/dev/shm") {
        world.dir = memory;
    }
    make(world.dir.path(), case);
    let exit = world.ask("go").await;
    assert!(matches!(exit, TurnExit::Finished(_)), "{exit:?}");
    (0..case.calls.len()).map(|number| world.outcome(&format!("c{number}"))).collect()
}

#[tokio::test]
async fn the_file_tools_do_as_the_reference_does() {
    let Some(python) = python::environment("reference-tools", &[PACKAGE]) else { return };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/reference.py");
    let mut command = Command::new(python);
    command.arg(script).args([SEED.to_string(), CASES.to_string()]);
    let ran = python::output(&mut command).unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let (mut compared, mut reasons, mut faults) = (0_usize, BTreeMap::<&str, usize>::new(), Vec::new());
    for (number, line) in String::from_utf8(ran.stdout).unwrap().lines().enumerate() {
        let case: Case = serde_json::from_str(line).unwrap();
        let outcomes = run(&case).await;
        let mut order_counts = !case.tree.values().any(|entry| entry.get("link").is_some());
        for (call, ours) in case.calls.iter().zip(&outcomes) {
            compared += 1;
            if let Err(why) = same(call, ours, order_counts) {
                let Some(reason) = meant(call, &case, ours) else {
                    let Call { tool, input, said, .. } = call;
                    faults.push(format!("case {number}: {tool} {input}: {why}; {said:?} / {:?}", ours.content));
                    break;
                };
                *reasons.entry(reason).or_default() += 1;
                if matches!(call.tool.as_str(), "write" | "edit") {
                    // The trees are not the same any more.
                    break;
                }
            }
            order_counts &= !matches!(call.tool.as_str(), "write" | "edit");
        }
    }
    println!("{compared} calls compared; what differs is meant: {reasons:#?}");
    let shown: Vec<&String> = faults.iter().take(20).collect();
    assert!(faults.is_empty(), "{} differences:\n{shown:#?}", faults.len());
    assert!(compared >= 5000, "{compared}");
}

//! The notebook that a run is made of: in the user's home, known to be removed from before it is there.
//!
//! It goes when its run has ended. A call that is cut off has registered its removal with the host; what a call handed
//! back is removed by the call that goes on with the run, and should there never be one, by the next call that runs code.

use bricklayer_databricks::import::{Import, errand};
use bricklayer_databricks::run_state::State;
use bricklayer_databricks::{chance, current_user, side_by_side};
use bricklayer_sdk::{CleanupHandle, Failure, Kind, LogLevel, Method, Part, Platform, Request, Workspace};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The program that runs the code.
const RUNNER: &str = include_str!("runner.py");

/// What begins a notebook's name.
const NAME: &str = ".bricklayer-run-";

/// What begins the keys of notebooks that are there: `notebook/<name>`.
const KEYS: &str = "notebook/";

/// Notebooks of earlier calls that one call looks after.
const LOOKED_AFTER: usize = 3;

/// After how long one whose run was never known is removed, in seconds.
const FORGOTTEN_SECONDS: u64 = 3_600;

/// Where runs are looked up.
const RUN: &str = "/api/2.2/jobs/runs/get";

/// What is remembered of a notebook.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    path: String,
    run: Option<String>,
    since: u64,
}

/// A notebook that is there for one run.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Notebook {
    pub(crate) path: String,
    key: String,
}

/// A text as Python writes it: JSON's escapes are Python's.
fn literal(text: &str) -> String {
    Value::from(text).to_string()
}

fn source(code: &str, language: &str) -> String {
    // The code comes last, so that nothing in it is taken for a place to fill.
    let (head, tail) = RUNNER.split_once("@CODE@").unwrap_or((RUNNER, ""));
    format!("{head}{}{}", literal(code), tail.replacen("@LANGUAGE@", &literal(language), 1))
}

fn removal(path: &str) -> Request {
    let body = json!({"path": path, "recursive": false}).to_string();
    Request { method: Method::Post, path: "/api/2.0/workspace/delete".to_owned(), body: Some(body) }
}

impl Notebook {
    /// Makes it. The handle is of its removal, should this call be cut off.
    ///
    /// # Errors
    /// A workspace that does not take it.
    pub(crate) fn make(
        platform: &impl Platform,
        code: &str,
        language: &str,
    ) -> Result<(Self, Option<CleanupHandle>), Failure> {
        let name = format!("{NAME}{}", chance::token());
        let path = format!("{}/{name}", current_user::me(platform)?.home());
        let notebook = Self { key: format!("{KEYS}{name}"), path };
        notebook.remember(platform, None);
        let cleanup = platform.register_cleanup(&removal(&notebook.path));
        let import = Import { path: &notebook.path, format: "SOURCE", language: Some("PYTHON"), overwrite: false };
        let content = Part::Bytes(source(code, language).into_bytes());
        match side_by_side::one(platform, &errand(&import, content)) {
            Ok(_) => Ok((notebook, cleanup)),
            Err(failure) => {
                // The request may have arrived although its answer did not.
                notebook.remove(platform, cleanup);
                Err(failure.doing("the code could not be brought to the workspace"))
            }
        }
    }

    /// Remembers it, with the run that it is for once there is one.
    pub(crate) fn remember(&self, platform: &impl Platform, run: Option<&str>) {
        let kept = Kept { path: self.path.clone(), run: run.map(str::to_owned), since: platform.unix_seconds() };
        if let Ok(text) = serde_json::to_string(&kept) {
            platform.state_set(&self.key, &text);
        }
    }

    /// Removes it; what cannot be removed now is by a later call.
    pub(crate) fn remove(&self, platform: &impl Platform, cleanup: Option<CleanupHandle>) {
        match Workspace::new(platform).send::<Value>(&removal(&self.path)) {
            Err(failure) if failure.kind != Kind::NotFound => {
                platform.log(LogLevel::Warn, "a temporary notebook was not removed; the next call tries again");
            }
            _ => platform.state_delete(&self.key),
        }
        if let Some(handle) = cleanup {
            platform.withdraw_cleanup(handle);
        }
    }

    /// The one that a run is of, when it is remembered.
    pub(crate) fn of_run(platform: &impl Platform, run: &str) -> Option<Self> {
        all(platform).find_map(|(notebook, kept)| (kept.run.as_deref() == Some(run)).then_some(notebook))
    }
}

fn all(platform: &impl Platform) -> impl Iterator<Item = (Notebook, Kept)> {
    platform.state_keys().into_iter().filter(|key| key.starts_with(KEYS)).filter_map(|key| {
        let kept: Kept = serde_json::from_str(&platform.state_get(&key)?).ok()?;
        Some((Notebook { path: kept.path.clone(), key }, kept))
    })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Run {
    state: State,
}

/// Removes notebooks of earlier calls whose runs have ended, a few in each call.
pub(crate) fn look_after(platform: &impl Platform) {
    for (notebook, kept) in all(platform).take(LOOKED_AFTER) {
        let is_over = match &kept.run {
            Some(run) => match Workspace::new(platform).get::<Run>(RUN, &[("run_id", run)]) {
                Ok(run) => run.state.has_ended(),
                Err(failure) => failure.kind == Kind::NotFound,
            },
            None => platform.unix_seconds().saturating_sub(kept.since) > FORGOTTEN_SECONDS,
        };
        if is_over {
            notebook.remove(platform, None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_of_any_kind_is_one_line_of_the_notebook() {
        for code in ["print('a')\n# COMMAND ----------\n\"\"\"@CODE@ @LANGUAGE@\\\"\"\"", "ü\u{0}\t\u{1f600}", ""] {
            let source = source(code, "sql");
            let line = source.lines().find(|line| line.starts_with("CODE = ")).unwrap();
            let read: String = serde_json::from_str(&line["CODE = ".len()..]).unwrap();
            assert_eq!(read, code);
            assert!(source.contains("\nLANGUAGE = \"sql\"\n"), "{source}");
            assert!(source.starts_with("# Databricks notebook source\n"));
            assert_eq!(source.lines().count(), RUNNER.lines().count());
        }
    }
}

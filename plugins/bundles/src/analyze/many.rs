//! analyze_notebooks: many at once, and the order that they have among each other.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;

use bricklayer_analyzer::MAX_BYTES;
use bricklayer_analyzer::analysis::Analysis;
use bricklayer_databricks::{progress, side_by_side};
use bricklayer_generator::{Facts, Fetch, Object, WorkspacePath, hand_overs};
use bricklayer_sdk::{Errand, Failure, Kind, Method, Platform, Request};

use super::show::word;
use crate::facts::{Chosen, Look, Missing, analysed, choose, code, in_short};
use crate::staging::content;
use crate::types;

/// Entries of one list of one notebook.
const MAX_LISTED: usize = 50;

/// Notebooks, and entries of other lists, that are told in words; the typed result has all.
const MAX_TOLD: usize = 100;

/// What was found in one notebook.
struct Seen {
    summary: types::NotebookSummary,
    facts: Facts,
}

/// Analyses notebooks, files and folders of them.
///
/// # Errors
/// Paths that lead elsewhere, none that could be looked at, and too many notebooks. One that cannot be read is told.
pub(crate) fn analyze(
    platform: &impl Platform,
    request: types::AnalyzeNotebooksRequest,
) -> Result<types::NotebookAnalyses, Failure> {
    if request.paths.is_empty() {
        return Err(Failure::invalid("paths", "name notebooks, files or folders"));
    }
    let mut missing = Vec::new();
    let chosen = choose(platform, "paths", &request.paths, Look::Kind, &mut missing)?;
    let mut failures = Vec::new();
    let seen = read(platform, &chosen, &mut missing, &mut failures);
    // All that was named could not be read: that is a failure, and not an empty result.
    if seen.is_empty()
        && let Some((path, failure)) = failures.into_iter().next()
    {
        return Err(failure.doing(format!("reading {path}")));
    }
    let facts: Vec<(&str, &Facts)> = seen.values().map(|seen| (seen.summary.path.as_str(), &seen.facts)).collect();
    let (order, unclear) = hand_overs(&facts);
    let order: Vec<_> = order
        .into_iter()
        .map(|edge| types::HandOver { before: edge.from, after: edge.to, reason: edge.reason })
        .collect();
    let skipped: Vec<_> =
        missing.into_iter().map(|missing| types::LeftOut { what: missing.what, why: missing.why }).collect();
    let notebooks: Vec<_> = seen.into_values().map(|seen| seen.summary).collect();
    let text = text(&notebooks, &order, &unclear, &skipped);
    let complete = skipped.is_empty();
    Ok(types::NotebookAnalyses { text, notebooks, order, unclear, skipped, complete })
}

/// Reads and analyses what was chosen, each as soon as it is here: no more than a few are in memory.
fn read(
    platform: &impl Platform,
    chosen: &Chosen,
    missing: &mut Vec<Missing>,
    failures: &mut Vec<(String, Failure)>,
) -> BTreeMap<WorkspacePath, Seen> {
    let mut seen = BTreeMap::new();
    let mut end = |path: &WorkspacePath, shown: &str, object: &Object, bytes: Result<Vec<u8>, Failure>| {
        let found = bytes.and_then(|bytes| summary(path, shown, object, &bytes));
        match found {
            Ok(Some(found)) => drop(seen.insert(path.clone(), found)),
            Ok(None) => {}
            Err(failure) => {
                missing.push(Missing { what: shown.to_owned(), why: in_short(&failure) });
                failures.push((shown.to_owned(), failure));
            }
        }
    };
    let project = platform.project();
    for (path, local) in &chosen.local {
        let Some(object) = chosen.objects.get(path) else { continue };
        let bytes = match fs::metadata(project.join(local)) {
            Ok(about) if about.len() > MAX_BYTES as u64 => Err(too_large(about.len())),
            _ => fs::read(project.join(local))
                .map_err(|error| Failure::new(Kind::Failed, format!("it cannot be read: {error}"))),
        };
        end(path, local, object, bytes);
    }
    let mut remote = Vec::new();
    for (path, object) in chosen.objects.iter().filter(|(path, _)| !Chosen::is_local(path)) {
        match (Chosen::format(object), object) {
            (Some(format), _) => remote.push((path, object, Fetch { from: path.clone(), format, to: String::new() })),
            (None, Object::Left(why)) => {
                end(path, path.as_str(), object, Err(Failure::new(Kind::InvalidInput, why.clone())));
            }
            (None, _) => {}
        }
    }
    let done = RefCell::new(0);
    let errand = |item: usize| {
        let path = remote.get(item).map(|(.., fetch)| content(fetch)).unwrap_or_default();
        Errand::Send(Request { method: Method::Get, path, body: None })
    };
    let left = side_by_side::each(platform, remote.len(), errand, |item, answer| {
        let Some((path, object, _)) = remote.get(item) else { return };
        end(path, path.as_str(), object, answer.map(|answer| answer.body));
        let count = done.replace_with(|done| *done + 1) + 1;
        progress::tell(platform, &format!("analysed {}", path.as_str()), count, remote.len());
    });
    for (path, object, _) in left.iter().filter_map(|item| remote.get(*item)) {
        end(path, path.as_str(), object, Err(side_by_side::too_late()));
    }
    seen
}

/// What one notebook does, in short; none of one without code.
fn summary(path: &WorkspacePath, shown: &str, object: &Object, bytes: &[u8]) -> Result<Option<Seen>, Failure> {
    if bytes.len() > MAX_BYTES {
        return Err(too_large(bytes.len() as u64));
    }
    let refused = |refused| Failure::new(Kind::InvalidInput, format!("it cannot be analysed: {refused}"));
    let Some(analysis) = analysed(path, object, bytes).map_err(refused)? else { return Ok(None) };
    let facts = code(path, &analysis).facts;
    let summary = shortened(shown, &analysis, &facts);
    Ok(Some(Seen { summary, facts }))
}

fn shortened(path: &str, analysis: &Analysis, facts: &Facts) -> types::NotebookSummary {
    let listed = |texts: &[String]| texts.iter().take(MAX_LISTED).cloned().collect::<Vec<_>>();
    types::NotebookSummary {
        path: path.to_owned(),
        language: analysis.notebook.default_language.map(|language| word(&language)),
        lines: analysis.notebook.lines,
        workflow: word(&analysis.workflow.kind),
        complexity: analysis.complexity.score,
        serverless_ok: analysis.requirements.serverless_ok,
        reads: listed(&facts.reads),
        writes: listed(&facts.writes),
        runs: facts.runs.iter().take(MAX_LISTED).map(|path| path.as_str().to_owned()).collect(),
        parameters: facts.widgets.iter().take(MAX_LISTED).map(|widget| widget.name.clone()).collect(),
        secrets: analysis
            .secrets
            .iter()
            .take(MAX_LISTED)
            .map(|secret| format!("{}/{}", secret.scope, secret.key))
            .collect(),
        problems: listed(&[facts.problems.as_slice(), facts.needs_cluster.as_slice()].concat()),
    }
}

fn too_large(bytes: u64) -> Failure {
    let most = MAX_BYTES / (1024 * 1024);
    Failure::new(Kind::LimitExceeded, format!("it has {bytes} bytes; at most {most} MiB are analysed"))
}

fn text(
    notebooks: &[types::NotebookSummary],
    order: &[types::HandOver],
    unclear: &[String],
    skipped: &[types::LeftOut],
) -> String {
    let mut text = match notebooks.len() {
        1 => "**1 notebook or file** was analysed.".to_owned(),
        count => format!("**{count} notebooks and files** were analysed."),
    };
    let lines = notebooks.iter().map(line);
    list(&mut text, "What they do", lines);
    let order = order.iter().map(|edge| format!("`{}` before `{}`: it {}", edge.before, edge.after, edge.reason));
    list(&mut text, "Their order", order);
    list(&mut text, "Not decided", unclear.iter().cloned());
    list(&mut text, "Left out", skipped.iter().map(|left| format!("`{}`: {}", left.what, left.why)));
    text
}

fn line(notebook: &types::NotebookSummary) -> String {
    let mut facts = vec![format!(
        "{}, {} lines, {}, complexity {} of 100",
        notebook.language.as_deref().unwrap_or("no known language"),
        notebook.lines,
        notebook.workflow,
        notebook.complexity
    )];
    if !notebook.serverless_ok {
        facts.push("needs a cluster".to_owned());
    }
    for (what, names) in [
        ("reads", &notebook.reads),
        ("writes", &notebook.writes),
        ("runs", &notebook.runs),
        ("parameters", &notebook.parameters),
        ("secrets", &notebook.secrets),
    ] {
        if !names.is_empty() {
            facts.push(format!("{what} `{}`", names.join("`, `")));
        }
    }
    facts.extend(notebook.problems.iter().map(|problem| problem.replace('\n', " ")));
    format!("`{}`: {}", notebook.path, facts.join("; "))
}

/// A heading with its entries; nothing where there are none.
fn list(text: &mut String, heading: &str, entries: impl ExactSizeIterator<Item = String>) {
    let count = entries.len();
    if count == 0 {
        return;
    }
    text.push_str(&format!("\n\n{heading} ({count}):"));
    for entry in entries.take(MAX_TOLD) {
        text.push_str(&format!("\n- {entry}"));
    }
    if count > MAX_TOLD {
        text.push_str(&format!("\n- and {} more", count - MAX_TOLD));
    }
}

#[cfg(test)]
mod tests {
    use bricklayer_sdk::testing::Script;

    use super::*;

    fn request(paths: &[&str]) -> types::AnalyzeNotebooksRequest {
        types::AnalyzeNotebooksRequest { paths: paths.iter().map(|path| (*path).to_owned()).collect() }
    }

    fn status(name: &str) -> String {
        format!("GET /api/2.0/workspace/get-status?path=%2F{name}&return_export_info=true")
    }

    fn export(name: &str) -> String {
        format!("GET /api/2.0/workspace/export?path=%2Fetl%2F{name}&format=SOURCE&direct_download=true")
    }

    const FOLDER: &str = r#"{"path":"/etl","object_type":"DIRECTORY"}"#;
    const LIST: &str = "GET /api/2.0/workspace/list?path=%2Fetl";

    #[test]
    fn a_folder_is_asked_once_and_each_notebook_once() {
        let listed = r#"{"objects":[{"path":"/etl/a_report","object_type":"NOTEBOOK","language":"SQL"},
            {"path":"/etl/load","object_type":"NOTEBOOK","language":"PYTHON"},
            {"path":"/etl/locked","object_type":"NOTEBOOK","language":"PYTHON"},
            {"path":"/etl/notes.md","object_type":"FILE"}]}"#;
        let load = "# Databricks notebook source\ndbutils.widgets.text('day', '1')\nspark.table('main.raw.o').write.saveAsTable('main.s.t')";
        let script = Script::new()
            .on(&status("etl"), 200, FOLDER)
            .on(LIST, 200, listed)
            .on(&export("a_report"), 200, "-- Databricks notebook source\nSELECT * FROM main.s.t")
            .on(&export("load"), 200, load)
            .on(&export("locked"), 403, r#"{"error_code":"PERMISSION_DENIED","message":"Locked."}"#);
        let found = analyze(&script, request(&["/Workspace/etl"])).unwrap();
        script.done();
        let paths: Vec<_> = found.notebooks.iter().map(|one| one.path.as_str()).collect();
        assert_eq!(paths, ["/etl/a_report", "/etl/load"]);
        let load = &found.notebooks[1];
        assert_eq!(
            (load.reads.join(" "), load.writes.join(" "), load.parameters.join(" ")),
            ("main.raw.o".to_owned(), "main.s.t".to_owned(), "day".to_owned())
        );
        let [edge] = found.order.as_slice() else { panic!("{:?}", found.order) };
        assert_eq!((edge.before.as_str(), edge.after.as_str()), ("/etl/load", "/etl/a_report"));
        assert!(!found.complete && found.skipped[0].why.contains("Locked."), "{:?}", found.skipped);
        for part in ["**2 notebooks and files**", "`/etl/load` before `/etl/a_report`", "Left out (1):\n- `/etl/locked`"] {
            assert!(found.text.contains(part), "{part} in {}", found.text);
        }
    }

    #[test]
    fn files_of_the_project_stand_beside_those_of_the_workspace() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("src")).unwrap();
        fs::write(folder.path().join("src/load.py"), "spark.range(1).write.saveAsTable('main.s.t')").unwrap();
        fs::write(folder.path().join("src/bad.ipynb"), "{").unwrap();
        fs::File::create(folder.path().join("src/large.py")).unwrap().set_len(11 * 1024 * 1024).unwrap();
        let script = Script::new()
            .project(folder.path())
            .on(&status("etl%2Fx"), 200, r#"{"path":"/etl/x","object_type":"NOTEBOOK","language":"PYTHON"}"#)
            .on(&export("x"), 200, "# Databricks notebook source\nspark.table('main.s.t').count()");
        let found = analyze(&script, request(&["src", "/etl/x"])).unwrap();
        script.done();
        let names: Vec<_> = found.notebooks.iter().map(|one| one.path.as_str()).collect();
        assert_eq!(names, ["/etl/x", "src/load.py"]);
        assert_eq!(found.order.len(), 1, "{:?}", found.order);
        let left: Vec<_> = found.skipped.iter().map(|left| left.what.as_str()).collect();
        assert_eq!(left, ["src/bad.ipynb", "src/large.py"]);
    }

    #[test]
    fn nothing_that_can_be_read_is_a_failure() {
        let missing = r#"{"error_code":"RESOURCE_DOES_NOT_EXIST","message":"Path (/etl) doesn't exist."}"#;
        let empty = || Script::new().on(&status("etl"), 200, FOLDER);
        let one = r#"{"objects":[{"path":"/etl/x","object_type":"NOTEBOOK","language":"R"}]}"#;
        for (script, path, kind, says) in [
            (Script::new(), "../x", Kind::InvalidInput, "project"),
            (Script::new().on(&status("etl"), 404, missing), "/etl", Kind::NotFound, "/etl"),
            (empty().on(LIST, 403, ""), "/etl", Kind::PermissionDenied, "/etl"),
            (empty().on(LIST, 200, one).on(&export("x"), 403, ""), "/etl", Kind::PermissionDenied, "/etl/x"),
        ] {
            let failure = analyze(&script, request(&[path])).unwrap_err();
            script.done();
            assert!(failure.kind == kind && failure.message.contains(says), "{path}: {failure:?}");
        }
        assert_eq!(analyze(&Script::new(), request(&[])).unwrap_err().kind, Kind::InvalidInput);
        let nothing = analyze(&empty().on(LIST, 200, "{}"), request(&["/etl"])).unwrap();
        assert!(nothing.notebooks.is_empty() && nothing.complete, "{nothing:?}");
    }
}

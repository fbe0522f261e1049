//! The hand-made notebooks of `tests/notebooks`, each with a file of what is true of it: one fact a line, in any order.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use crate::analysis::CallKind;
use crate::{Analysis, Notebook, Surroundings, analyze, open};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/notebooks")
}

/// How the JSON of a result writes a case of an enum.
fn word(value: impl serde::Serialize) -> String {
    serde_json::to_value(value).unwrap().as_str().unwrap().to_owned()
}

/// The facts of an analysis as the truth files write them.
pub(crate) fn facts(analysis: &Analysis) -> Vec<String> {
    let mut lines = Vec::new();
    for (verb, tables) in [("read", &analysis.reads), ("write", &analysis.writes)] {
        for table in tables {
            lines.push(format!("{verb} {} {} {}", table.name, word(table.mode), word(table.certainty)));
        }
    }
    for one in &analysis.parameters {
        lines.push(format!("parameter {} {} {}", one.name, word(one.kind), one.default.as_deref().unwrap_or("-")));
    }
    for one in analysis.calls.iter().filter(|call| call.kind != CallKind::Import) {
        let arguments: String = one.arguments.iter().map(|(name, value)| format!(" {name}={value}")).collect();
        lines.push(format!("call {} {}{arguments}", word(one.kind), one.target));
    }
    lines.extend(analysis.installs.iter().map(|one| format!("install {}", one.spec)));
    for one in &analysis.datasets {
        let mut inputs = one.inputs.clone();
        inputs.sort();
        lines.push(format!("dataset {} {} {}", one.name, word(one.kind), inputs.join(" ")));
    }
    for one in &analysis.paths {
        lines.push(format!("path {} {}", word(one.operation), one.uri));
    }
    for cell in &analysis.cells {
        lines.extend(cell.error.iter().map(|error| format!("error {} {}", cell.index, error.line)));
    }
    lines.push(format!("workflow {}", word(analysis.workflow.kind)));
    lines.sort();
    lines
}

fn truth(name: &str) -> Vec<String> {
    let text = fs::read_to_string(folder().join(format!("{name}.truth"))).unwrap();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

/// All notebooks by their names without endings.
pub(crate) fn notebooks() -> Vec<(String, Notebook)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        let file = path.file_name().unwrap().to_str().unwrap().to_owned();
        let (name, ending) = file.split_once('.').unwrap();
        let bytes = fs::read(&path).unwrap();
        let notebook = match ending {
            "truth" => continue,
            // What an archive has of it; a zip file would hide its text from reviewers.
            "dbc.json" => {
                let archive = crate::formats::zip(&format!("{name}.python"), &bytes);
                open(&format!("/etl/{name}.dbc"), &archive, None).unwrap().remove(0)
            }
            _ => open(&format!("/etl/{file}"), &bytes, None).unwrap().remove(0),
        };
        found.push((name.to_owned(), notebook));
    }
    found.sort_by(|one, other| one.0.cmp(&other.0));
    found
}

#[test]
fn each_notebook_is_told_as_it_is() {
    let notebooks = notebooks();
    assert_eq!(notebooks.len(), 40);
    let mut wrong = Vec::new();
    for (name, notebook) in notebooks {
        let (found, truth) = (facts(&analyze(&notebook, Surroundings::default())), truth(&name));
        let count = |lines: &[String], line: &String| lines.iter().filter(|other| *other == line).count();
        for line in found.iter().chain(&truth).collect::<BTreeSet<_>>() {
            let (is, should) = (count(&found, line), count(&truth, line));
            if is != should {
                wrong.push(format!("{name}: {is} times and not {should}: {line}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

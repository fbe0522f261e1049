//! The threat model names the test that holds each attack off; this checks that each of them exists.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let (path, kind) = (entry.path(), entry.file_type().unwrap());
        if kind.is_dir() && path.file_name().is_some_and(|name| name != "target" && name != "node_modules") {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Names of all functions and of all lines of tables of cases in the host's sources.
fn names() -> BTreeSet<String> {
    let mut files = Vec::new();
    sources(&root().join("host"), &mut files);
    let mut names = BTreeSet::new();
    for file in files {
        for line in std::fs::read_to_string(file).unwrap().lines() {
            let line = line.trim_start();
            let after = ["fn ", "async fn "].iter().find_map(|start| line.strip_prefix(start));
            if let Some(name) = after.and_then(|rest| rest.split('(').next()) {
                names.insert(name.to_owned());
            }
            if let Some((name, _)) = line.split_once(": ").filter(|_| line.contains("=>")) {
                names.insert(name.to_owned());
            }
        }
    }
    names
}

#[test]
fn every_test_that_the_threat_model_names_exists() {
    let page = std::fs::read_to_string(root().join("docs/THREATS.md")).unwrap();
    let names = names();
    let mut count = 0;
    for line in page.lines().filter(|line| line.starts_with('|')) {
        let Some(last) = line.trim_end_matches('|').rsplit('|').next() else { continue };
        for name in last.split('`').skip(1).step_by(2) {
            count += 1;
            let name = name.rsplit("::").next().unwrap();
            assert!(names.contains(name), "docs/THREATS.md names the test `{name}`, which does not exist");
        }
    }
    assert!(count >= 60, "docs/THREATS.md names only {count} tests");
}

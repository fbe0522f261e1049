//! Pages that name the tests which hold what they say; this checks that each of them exists.

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

/// Names of all functions and of all lines of tables of cases in the host's sources, the plugins', the chores' and the fuzz targets'.
fn names() -> BTreeSet<String> {
    let mut files = Vec::new();
    for folder in ["host", "plugins", "xtask", "fuzz"] {
        sources(&root().join(folder), &mut files);
    }
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

/// The last column of a page's tables names tests, or with a slash in it files.
#[test]
fn every_test_that_a_page_names_exists() {
    let names = names();
    for (page, least) in [("docs/THREATS.md", 60), ("docs/CHECKS.md", 60)] {
        let text = std::fs::read_to_string(root().join(page)).unwrap();
        let mut count = 0;
        for line in text.lines().filter(|line| line.starts_with('|')) {
            let Some(last) = line.trim_end_matches('|').rsplit('|').next() else { continue };
            for name in last.split('`').skip(1).step_by(2) {
                count += 1;
                let exists = match name.contains('/') {
                    true => root().join(name).exists(),
                    false => names.contains(name.rsplit("::").next().unwrap()),
                };
                assert!(exists, "{page} names `{name}`, which does not exist");
            }
        }
        assert!(count >= least, "{page} names only {count} tests");
    }
}

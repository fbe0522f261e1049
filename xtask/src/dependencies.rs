//! What we build on, held by tests: licences, known faults, copies, and what nobody uses.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use semver::{Version, VersionReq};
use serde_json::Value;

/// Licences that ask for no more than their text beside the program.
const LICENCES: [&str; 15] = [
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "BlueOak-1.0.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Python-2.0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Advisories that do not reach us, with the reason.
const ACCEPTED: &[(&str, &str)] =
    &[("RUSTSEC-2024-0436", "paste is finished rather than faulty: macros of parquet, run while it is compiled")];

/// Libraries that come in several versions since those who ask for them do not agree. A name leaves this list when they
/// do; none joins it unseen.
const DOUBLED: &[&str] = &[
    "base64",
    "bit-set",
    "bit-vec",
    "block-buffer",
    "cpufeatures",
    "crypto-common",
    "digest",
    "embedded-io",
    "foldhash",
    "getrandom",
    "hashbrown",
    "hashlink",
    "hmac",
    "io-lifetimes",
    "linux-raw-sys",
    "rand",
    "rand_core",
    "rustix",
    "sha2",
    "similar",
    "strum",
    "strum_macros",
    "syn",
    "synstructure",
    "thiserror",
    "thiserror-impl",
    "toml_datetime",
    "tower-http",
    "wasm-encoder",
    "wasmparser",
    "winnow",
];

/// Dependencies that no source names, with what they are there for.
const UNNAMED: &[(&str, &str, &str)] = &[
    ("bricklayer-server", "rcgen", "its tests take the https site of the tests of sources in by path"),
    ("bricklayer-server", "tokio-rustls", "the same"),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The two workspaces: the host's and the guests'.
fn workspaces() -> [(&'static str, PathBuf); 2] {
    [("host", root()), ("plugins", root().join("plugins"))]
}

/// What cargo knows of one of them for this machine.
fn metadata(folder: &Path) -> Value {
    let verbose = Command::new("rustc").arg("-vV").output().unwrap();
    let verbose = String::from_utf8(verbose.stdout).unwrap();
    let host = verbose.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .current_dir(folder)
        .args(["metadata", "--format-version", "1", "--locked", "--filter-platform", host])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Names and versions that a lock file holds.
fn locked(folder: &Path) -> Vec<(String, Version)> {
    let lock: toml::Table = fs::read_to_string(folder.join("Cargo.lock")).unwrap().parse().unwrap();
    let text = |package: &toml::Value, key: &str| package[key].as_str().unwrap().to_owned();
    lock["package"]
        .as_array()
        .unwrap()
        .iter()
        .map(|package| (text(package, "name"), text(package, "version").parse().unwrap()))
        .collect()
}

fn is_allowed(expression: &str) -> bool {
    spdx::Expression::parse_mode(expression, spdx::ParseMode::LAX).is_ok_and(|expression| {
        expression.evaluate(|asked| asked.license.id().is_some_and(|id| LICENCES.contains(&id.name)))
    })
}

#[test]
fn licences_of_libraries_are_permissive() {
    assert!(is_allowed("MIT/Apache-2.0") && is_allowed("Apache-2.0 WITH LLVM-exception OR GPL-3.0"));
    assert!(!is_allowed("GPL-3.0") && !is_allowed("MIT AND AGPL-3.0") && !is_allowed("a licence of our own"));
    let mut wrong = Vec::new();
    for (_, folder) in workspaces() {
        for package in metadata(&folder)["packages"].as_array().unwrap() {
            let licence = package["license"].as_str().unwrap_or_default();
            if !is_allowed(licence) {
                wrong.push(format!("{} {}: `{licence}`", package["name"], package["version"]));
            }
        }
    }
    let lock: Value = serde_json::from_slice(&fs::read(root().join("client/package-lock.json")).unwrap()).unwrap();
    for (path, package) in lock["packages"].as_object().unwrap() {
        let licence = package["license"].as_str().unwrap_or_default();
        // What only builds and tests the page may also be under a licence that asks something of its changes.
        let builds = package["dev"] == true && matches!(licence, "MPL-2.0" | "CC-BY-4.0");
        if !builds && !is_allowed(licence) {
            wrong.push(format!("{path}: `{licence}`"));
        }
    }
    assert!(wrong.is_empty(), "not among the licences that may be taken:\n{}", wrong.join("\n"));
}

#[test]
fn no_library_has_a_known_fault() {
    let database = include_str!("../advisories.tsv");
    let mut wrong = Vec::new();
    for (workspace, folder) in workspaces() {
        let locked = locked(&folder);
        for line in database.lines().filter(|line| !line.starts_with('#')) {
            let cells: Vec<_> = line.split('\t').collect();
            let &[id, package, kind, patched, unaffected, title] = &cells[..] else { panic!("six cells: {line}") };
            let safe = |version: &Version| {
                let within = |range: &str| VersionReq::parse(range).unwrap().matches(version);
                [patched, unaffected].iter().flat_map(|ranges| ranges.split("; ")).any(|r| !r.is_empty() && within(r))
            };
            for (_, version) in locked.iter().filter(|(name, version)| name == package && !safe(version)) {
                if !ACCEPTED.iter().any(|(accepted, _)| *accepted == id) {
                    wrong.push(format!(
                        "{workspace}: {package} {version}: {id} ({kind}), {title}; mended in `{patched}`"
                    ));
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "take a mended version, or say in ACCEPTED why it does not reach us:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn libraries_come_in_one_version() {
    let mut versions = BTreeMap::<String, BTreeSet<Version>>::new();
    // Whatever the platform: what is only built elsewhere is a copy as well, but not one that we can see here.
    for package in metadata(&root())["packages"].as_array().unwrap() {
        let version = package["version"].as_str().unwrap().parse().unwrap();
        versions.entry(package["name"].as_str().unwrap().to_owned()).or_default().insert(version);
    }
    let doubled: BTreeSet<_> = versions.iter().filter(|(_, v)| v.len() > 1).map(|(name, _)| name.as_str()).collect();
    let known: BTreeSet<_> = DOUBLED.iter().copied().collect();
    let new: Vec<_> = doubled
        .difference(&known)
        .map(|name| (name, versions[*name].iter().map(ToString::to_string)))
        .map(|(name, versions)| format!("{name} {}", versions.collect::<Vec<_>>().join(", ")))
        .collect();
    let gone: Vec<_> = known.difference(&doubled).collect();
    assert!(new.is_empty(), "new copies, look with `cargo tree --invert NAME@VERSION`: {new:#?}");
    assert!(gone.is_empty(), "no copies any more, take them off the list: {gone:?}");
}

#[test]
fn every_dependency_is_used() {
    let mut wrong = Vec::new();
    for (_, folder) in workspaces() {
        let metadata = metadata(&folder);
        let members = metadata["workspace_members"].as_array().unwrap();
        for package in metadata["packages"].as_array().unwrap().iter().filter(|p| members.contains(&p["id"])) {
            let name = package["name"].as_str().unwrap();
            let folder = Path::new(package["manifest_path"].as_str().unwrap()).parent().unwrap();
            let mut sources = String::new();
            collect(folder, &mut sources);
            for dependency in package["dependencies"].as_array().unwrap() {
                let library = dependency["name"].as_str().unwrap();
                let named = dependency["rename"].as_str().unwrap_or(library).replace('-', "_");
                let explained = UNNAMED.iter().any(|(of, dependency, _)| (*of, *dependency) == (name, library));
                if mentions(&sources, &named) == explained {
                    wrong.push(format!("{name}: {library}{}", if explained { " is named: no exception" } else { "" }));
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "dependencies that no source names (UNNAMED explains those that must be):\n{}",
        wrong.join("\n")
    );
}

/// All Rust sources below a crate's folder, without those of crates within it.
fn collect(folder: &Path, into: &mut String) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            if !path.join("Cargo.toml").exists() && path.file_name().is_none_or(|name| name != "target") {
                collect(&path, into);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push_str(&fs::read_to_string(&path).unwrap());
        }
    }
}

/// Whether a word of its own stands before a path or a semicolon: `serde::`, `use serde;`, `extern crate serde`.
fn mentions(sources: &str, library: &str) -> bool {
    sources.match_indices(library).any(|(at, _)| {
        let before = sources[..at].chars().next_back();
        let after = sources[at + library.len()..].chars().next();
        before.is_none_or(|c| !c.is_alphanumeric() && c != '_')
            && after.is_none_or(|c| !c.is_alphanumeric() && c != '_')
    })
}

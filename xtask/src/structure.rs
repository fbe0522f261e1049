//! The shape of the code, held by tests: which crate may name which library, and that modules point one way.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Libraries that only these crates name: docs/ARCHITECTURE.md says why.
const FENCES: [(&str, &[&str]); 12] = [
    ("wasmtime", &["runtime"]),
    ("wasmtime-wasi", &["runtime"]),
    ("wit-parser", &["package"]),
    ("sqlx", &["store", "local-workspace"]),
    ("axum", &["server", "local-workspace"]),
    ("duckdb", &["local-workspace"]),
    ("arrow-array", &["results"]),
    ("parquet", &["results"]),
    ("oci-client", &["sources"]),
    ("minisign", &["sources"]),
    ("saphyr-parser", &["skills"]),
    ("rmcp", &["mcp"]),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn crates() -> Vec<String> {
    let folders = fs::read_dir(root().join("host")).unwrap();
    let mut names: Vec<_> = folders
        .map(Result::unwrap)
        .filter(|entry| entry.path().join("Cargo.toml").exists())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn libraries_stay_behind_their_fences() {
    for name in crates() {
        let manifest = fs::read_to_string(root().join("host").join(&name).join("Cargo.toml")).unwrap();
        let (dependencies, _) = manifest.split_once("[dev-dependencies]").unwrap_or((&manifest, ""));
        for (library, allowed) in FENCES {
            let named = dependencies
                .lines()
                .any(|line| line.strip_prefix(library).is_some_and(|rest| rest.starts_with([' ', '.', '='])));
            assert!(!named || allowed.contains(&&*name), "host/{name} names {library}, which only {allowed:?} may");
        }
    }
}

/// Looking for examples costs as much as checking the crate once more, so only crates that have some are looked at.
#[test]
fn crates_with_examples_in_their_documentation_test_them() {
    for name in crates() {
        let folder = root().join("host").join(&name);
        let mut files = Vec::new();
        collect(&folder.join("src"), &mut files);
        let fenced = |line: &str| ["/// ```", "//! ```"].iter().any(|fence| line.trim_start().starts_with(fence));
        let example = files.into_iter().find(|file| fs::read_to_string(file).unwrap().lines().any(fenced));
        let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
        let tested = !manifest.contains("\ndoctest = false\n");
        assert_eq!(tested, example.is_some(), "host/{name}: `doctest` in Cargo.toml and its examples: {example:?}");
    }
}

#[test]
fn the_domain_knows_nobody() {
    let manifest = fs::read_to_string(root().join("host/domain/Cargo.toml")).unwrap();
    let named = manifest.lines().filter(|line| line.starts_with("bricklayer-"));
    assert_eq!(named.collect::<Vec<_>>(), Vec::<&str>::new());
}

/// What a turn, an MCP client and a workflow call tools through knows no source of them, and the loop knows no other way.
#[test]
fn the_gate_knows_no_source_of_tools() {
    let allowed =
        [("tools", &["domain"] as &[&str]), ("agent", &["domain", "skills", "tools"]), ("mcp", &["domain", "tools"])];
    for (name, allowed) in allowed {
        let manifest = fs::read_to_string(root().join("host").join(name).join("Cargo.toml")).unwrap();
        let (dependencies, _) = manifest.split_once("[dev-dependencies]").unwrap_or((&manifest, ""));
        let ours = dependencies.lines().filter_map(|line| line.strip_prefix("bricklayer-")?.split('.').next());
        assert_eq!(ours.collect::<Vec<_>>(), allowed, "host/{name}");
    }
}

#[test]
fn modules_point_one_way() {
    let mut wrong = Vec::new();
    for name in crates() {
        let graph = Graph::of(&root().join("host").join(&name).join("src"));
        for circle in graph.circles() {
            wrong.push(format!("host/{name}: {circle:?}"));
            wrong.extend(graph.arrows_within(&circle));
        }
    }
    assert!(wrong.is_empty(), "modules that point at each other:\n{}", wrong.join("\n"));
}

/// What the top modules of a crate use of each other.
#[derive(Default)]
struct Graph {
    /// From, to, and a file where.
    arrows: BTreeMap<String, BTreeMap<String, PathBuf>>,
}

impl Graph {
    fn of(source: &Path) -> Self {
        let mut files = Vec::new();
        collect(source, &mut files);
        let is_root = |file: &Path| ["lib.rs", "main.rs"].iter().any(|root| file == source.join(root));
        let modules: BTreeSet<String> =
            files.iter().filter(|file| !is_root(file)).map(|file| top(source, file)).collect();
        let mut exported = BTreeMap::new();
        for file in files.iter().filter(|file| is_root(file)) {
            for (path, _) in uses(&fs::read_to_string(file).unwrap(), "") {
                if let Some(module) = path.first().filter(|first| modules.contains(*first)) {
                    exported.insert(path.last().unwrap().clone(), module.clone());
                }
            }
        }
        let mut graph = Self::default();
        for file in files.iter().filter(|file| !is_root(file)) {
            let from = top(source, file);
            // Tests may look at everything.
            if file.ends_with("tests.rs") {
                continue;
            }
            let text = fs::read_to_string(file).unwrap();
            let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
            for (path, _) in uses(text, "crate::") {
                let Some(first) = path.first() else { continue };
                let to = if modules.contains(first) { Some(first) } else { exported.get(first) };
                if let Some(to) = to.filter(|to| **to != from) {
                    graph.arrows.entry(from.clone()).or_default().entry(to.clone()).or_insert_with(|| file.clone());
                }
            }
        }
        graph
    }

    fn reaches(&self, from: &str) -> BTreeSet<&str> {
        let mut seen = BTreeSet::new();
        let mut open = vec![from];
        while let Some(at) = open.pop() {
            for to in self.arrows.get(at).into_iter().flat_map(BTreeMap::keys) {
                if seen.insert(to.as_str()) {
                    open.push(to);
                }
            }
        }
        seen
    }

    /// Groups of modules each of which reaches all others of its group.
    fn circles(&self) -> Vec<Vec<String>> {
        let mut found = BTreeSet::new();
        for from in self.arrows.keys() {
            let forward = self.reaches(from);
            if forward.contains(from.as_str()) {
                let circle = forward.into_iter().filter(|to| self.reaches(to).contains(from.as_str()));
                found.insert(circle.map(str::to_owned).collect::<Vec<_>>());
            }
        }
        found.into_iter().collect()
    }

    fn arrows_within(&self, circle: &[String]) -> Vec<String> {
        let within = |from: &String| self.arrows.get(from).into_iter().flatten().filter(|(to, _)| circle.contains(to));
        circle
            .iter()
            .flat_map(|from| within(from).map(move |(to, file)| format!("  {from} -> {to} in {}", file.display())))
            .collect()
    }
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

fn top(source: &Path, file: &Path) -> String {
    let first = file.strip_prefix(source).unwrap().iter().next().unwrap().to_str().unwrap();
    first.trim_end_matches(".rs").to_owned()
}

/// The paths after a prefix, such as `crate::`; of a list in braces each. For re-exports the prefix is empty and only
/// lines that begin with `pub use` count.
fn uses(text: &str, prefix: &str) -> Vec<(Vec<String>, usize)> {
    let mut found = Vec::new();
    let code: String = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let starts: Vec<usize> = if prefix.is_empty() {
        code.match_indices("pub use ")
            .chain(code.match_indices("pub(crate) use "))
            .map(|(at, found)| at + found.len())
            .collect()
    } else {
        code.match_indices(prefix).map(|(at, found)| at + found.len()).collect()
    };
    for at in starts {
        let end =
            code[at..].find(|c: char| !(c.is_alphanumeric() || "_:{}, \n*".contains(c))).unwrap_or(code.len() - at);
        expand(&code[at..at + end], &[], &mut found, at);
    }
    found
}

fn expand(text: &str, before: &[String], found: &mut Vec<(Vec<String>, usize)>, at: usize) {
    let word = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let mut path = before.to_vec();
    let mut rest = text.trim_start();
    loop {
        if let Some(list) = rest.strip_prefix('{') {
            let mut depth = 0;
            let mut start = 0;
            for (index, c) in list.char_indices() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => {
                        expand(&list[start..index], &path, found, at);
                        return;
                    }
                    '}' => depth -= 1,
                    ',' if depth == 0 => {
                        expand(&list[start..index], &path, found, at);
                        start = index + 1;
                    }
                    _ => {}
                }
            }
            return;
        }
        let name = word(rest);
        if name.is_empty() {
            break;
        }
        rest = &rest[name.len()..];
        path.push(name);
        match rest.strip_prefix("::") {
            Some(next) => rest = next,
            None => break,
        }
    }
    if path.len() > before.len() {
        found.push((path, at));
    }
}

#[test]
fn paths_are_read_with_their_lists() {
    let text = "use crate::a::{b, c::{D, e}};\nuse crate::x;\nfn f() { crate::y::z() }";
    let paths: Vec<String> = uses(text, "crate::").into_iter().map(|(path, _)| path.join("::")).collect();
    assert_eq!(paths, ["a::b", "a::c::D", "a::c::e", "x", "y::z"]);
}

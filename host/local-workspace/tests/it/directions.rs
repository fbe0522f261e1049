//! The modules of this crate point one way: down this list, and never in a circle.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

/// From the bottom up: a module may use what stands in its own line or above it. The longest name that fits counts.
const LAYERS: &[&str] = &[
    "clock",
    "config",
    "folder",
    "notebook",
    "database",
    "http",
    "page",
    "identity",
    "acls",
    "faults",
    "catalog::names",
    "catalog::rights",
    "catalog::model",
    "catalog::change",
    "catalog::rows",
    "catalog::store",
    "catalog",
    "files",
    "secrets",
    "sql::language",
    "sql::engine",
    "sql",
    "python",
    "utilities",
    "compute",
    "pipelines",
    "jobs",
    "unity",
    "permissions",
    "takeover",
    "areas",
    "isolation",
    "server",
];

/// Modules by their paths, with the code of each up to its tests.
fn modules(folder: &Path, path: &str, found: &mut BTreeMap<String, String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let file = entry.unwrap().path();
        let stem = file.file_stem().unwrap().to_str().unwrap();
        let name = if path.is_empty() { stem.to_owned() } else { format!("{path}::{stem}") };
        if file.is_dir() {
            modules(&file, &name, found);
        } else if file.extension().is_some_and(|e| e == "rs") && !["lib", "main", "limits"].contains(&stem) {
            let text = std::fs::read_to_string(&file).unwrap();
            let code = text.split("#[cfg(test)]").next().unwrap();
            let code: Vec<_> = code.lines().map(|line| line.split("//").next().unwrap()).collect();
            found.insert(name, code.join("\n"));
        }
    }
}

/// `a::{b, c::{d, e}}` to `a::b`, `a::c::d`, `a::c::e`.
fn expand(prefix: &str, tree: &str, found: &mut Vec<String>) {
    let (mut depth, mut start) = (0, 0);
    let mut parts = Vec::new();
    for (at, c) in tree.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&tree[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&tree[start..]);
    for part in parts.iter().map(|part| part.trim()).filter(|part| !part.is_empty()) {
        match part.split_once('{') {
            Some((head, rest)) => expand(&format!("{prefix}{head}"), rest.rsplit_once('}').unwrap().0, found),
            None => found.push(format!("{prefix}{}", part.split(" as ").next().unwrap())),
        }
    }
}

/// The paths of `use` statements; those that only pass names on come second.
fn imports(code: &str) -> (Vec<String>, Vec<String>) {
    let (mut used, mut passed_on) = (Vec::new(), Vec::new());
    for statement in code.split(';') {
        let statement = statement.trim_start();
        let line = statement.rfind("\nuse ").map_or(statement, |at| &statement[at + 1..]);
        if let Some(tree) = line.strip_prefix("use ") {
            expand("", tree, &mut used);
        } else if let Some(at) = statement.find("pub(crate) use ") {
            expand("", &statement[at + "pub(crate) use ".len()..], &mut passed_on);
        }
    }
    (used, passed_on)
}

/// Paths inside the code that begin with a word of the language, or with a child's name.
fn inline(code: &str, children: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    let words: Vec<_> = code.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')).collect();
    for word in words {
        let first = word.split("::").next().unwrap();
        if word.contains("::")
            && !word.ends_with("::")
            && (["crate", "super", "self"].contains(&first) || children.contains(&first))
        {
            found.push(if children.contains(&first) { format!("self::{word}") } else { word.to_owned() });
        }
    }
    found
}

struct Crate {
    code: BTreeMap<String, String>,
    /// What modules pass on: name in module, to path.
    passed_on: BTreeMap<(String, String), String>,
}

impl Crate {
    fn read() -> Self {
        let mut code = BTreeMap::new();
        modules(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), "", &mut code);
        let mut passed_on = BTreeMap::new();
        for (module, code) in &code {
            for path in imports(code).1 {
                let name = path.rsplit("::").next().unwrap().to_owned();
                passed_on.insert((module.clone(), name), absolute(module, &path));
            }
        }
        Self { code, passed_on }
    }

    /// The module that a path leads to, through what others pass on.
    fn owner(&self, path: &str) -> Option<String> {
        let parts: Vec<_> = path.split("::").collect();
        let module = (1..=parts.len()).rev().map(|n| parts[..n].join("::")).find(|m| self.code.contains_key(m))?;
        let next = parts.get(module.split("::").count())?;
        match self.passed_on.get(&(module.clone(), (*next).to_owned())) {
            Some(path) => self.owner(path).or(Some(module)),
            None => Some(module),
        }
    }

    fn uses(&self, module: &str) -> BTreeSet<String> {
        let code = &self.code[module];
        let inside = format!("{module}::");
        let children: Vec<_> =
            self.code.keys().filter_map(|m| m.strip_prefix(&inside)).filter(|m| !m.contains("::")).collect();
        let (mut paths, passed_on) = imports(code);
        // What is passed on is no use; the rest of the code is looked at without the statements.
        let rest = code.split("pub(crate) use ").enumerate().map(|(i, text)| match i {
            0 => text,
            _ => text.split_once(';').map_or("", |(_, rest)| rest),
        });
        drop(passed_on);
        paths.extend(inline(&rest.collect::<Vec<_>>().join("\n"), &children));
        let paths = paths.iter().map(|path| absolute(module, path));
        let mut used: BTreeSet<_> = paths.filter_map(|path| self.owner(&path).or_else(|| self.exact(&path))).collect();
        used.remove(module);
        used
    }

    fn exact(&self, path: &str) -> Option<String> {
        self.code.contains_key(path).then(|| path.to_owned())
    }
}

/// A path from the crate's root, without `crate`.
fn absolute(module: &str, path: &str) -> String {
    let mut parts: Vec<_> = module.split("::").collect();
    let mut rest = path;
    loop {
        let (first, tail) = rest.split_once("::").unwrap_or((rest, ""));
        match first {
            "crate" => parts.clear(),
            "super" => drop(parts.pop()),
            "self" => {}
            // Not a path into this crate, or the end of the prefix.
            _ if rest == path => return rest.to_owned(),
            _ => return parts.iter().copied().chain(rest.split("::")).collect::<Vec<_>>().join("::"),
        }
        rest = tail;
    }
}

fn layer(module: &str) -> usize {
    let mut best = None;
    for (index, name) in LAYERS.iter().enumerate() {
        let fits = module == *name || module.starts_with(&format!("{name}::"));
        if fits && best.is_none_or(|other: usize| LAYERS[other].len() < name.len()) {
            best = Some(index);
        }
    }
    best.unwrap_or_else(|| panic!("{module} has no place in the list of layers"))
}

#[test]
fn modules_point_one_way() {
    let this = Crate::read();
    let uses: BTreeMap<_, _> = this.code.keys().map(|module| (module.clone(), this.uses(module))).collect();
    assert!(uses["areas"].contains("sql::engine") && uses["sql::engine::query"].contains("sql::language::error"));
    for (module, used) in &uses {
        for other in used {
            assert!(layer(other) <= layer(module), "{module} uses {other}, which stands above it");
        }
    }
    // Modules at the bottom and at the top of what is left are taken away until there are none; what stays is in a circle.
    let mut left = uses;
    loop {
        let used: BTreeSet<_> = left.values().flatten().cloned().collect();
        let free = |module: &String, uses: &BTreeSet<String>| {
            !used.contains(module) || !uses.iter().any(|other| left.contains_key(other))
        };
        let free: Vec<_> = left.iter().filter(|(m, uses)| free(m, uses)).map(|(m, _)| m.clone()).collect();
        if free.is_empty() {
            break;
        }
        for module in free {
            left.remove(&module);
        }
        let names: BTreeSet<_> = left.keys().cloned().collect();
        left.values_mut().for_each(|uses| uses.retain(|other| names.contains(other)));
    }
    assert!(left.is_empty(), "modules in a circle: {left:#?}");
}

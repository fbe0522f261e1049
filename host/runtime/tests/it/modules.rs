//! The modules of this crate point one way: each uses only those before it in the list.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// From those that know nobody to those that put everything together. A new module goes behind what it uses.
const ORDER: &str =
    "advisories audit guest_log convert cpu credential far_end grants heavy measure text results context fairness load_error
    compile profile config failure limiter project_size stdio tally disk egress guest shared plugin cache call prepared
    engine dry_run review preview";

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// The text of a module and of all below it, without comments.
fn text_of(path: &Path) -> String {
    let files = if path.is_dir() {
        fs::read_dir(path).unwrap().map(|entry| text_of(&entry.unwrap().path())).collect()
    } else {
        fs::read_to_string(path).unwrap_or_default()
    };
    files.lines().map(|line| line.split("//").next().unwrap_or_default().to_owned() + "\n").collect()
}

/// The words directly behind each `crate::`, those in braces included.
fn used(text: &str) -> Vec<&str> {
    let word = |text: &'_ str| text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    let mut found = Vec::new();
    for rest in text.split("crate::").skip(1) {
        let Some(list) = rest.strip_prefix('{') else {
            found.push(&rest[..word(rest)]);
            continue;
        };
        let (mut depth, mut at_name) = (0, true);
        for (index, c) in list.char_indices() {
            match c {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' if depth == 0 => at_name = true,
                _ if at_name && c.is_alphabetic() => {
                    found.push(&list[index..index + word(&list[index..])]);
                    at_name = false;
                }
                _ => {}
            }
        }
    }
    found
}

#[test]
fn modules_use_only_those_before_them() {
    let root = fs::read_to_string(sources().join("lib.rs")).unwrap();
    let order: Vec<&str> = ORDER.split_whitespace().collect();
    let place = |module: &str| order.iter().position(|known| *known == module);

    // What the root passes on belongs to the module that it comes from.
    let mut owner = BTreeMap::new();
    for line in root.split(';').filter_map(|item| item.trim().strip_prefix("pub use ")) {
        let (module, names) = line.split_once("::").unwrap();
        let names = names.split(|c: char| !c.is_alphanumeric() && c != '_');
        owner.extend(names.filter(|name| !name.is_empty() && place(module).is_some()).map(|name| (name, module)));
    }
    let declared: Vec<&str> = root
        .lines()
        .filter_map(|line| line.trim_start_matches("pub ").strip_prefix("mod ")?.strip_suffix(';'))
        .collect();
    assert_eq!(declared.len(), order.len(), "each module has its place");
    let mut edges = 0;
    for module in declared {
        let own = place(module).unwrap_or_else(|| panic!("{module} has no place"));
        let text = text_of(&sources().join(format!("{module}.rs"))) + &text_of(&sources().join(module));
        for name in used(&text) {
            let other = owner.get(name).copied().unwrap_or(name);
            let Some(other_place) = place(other).filter(|_| other != module) else { continue };
            edges += 1;
            assert!(other_place < own, "{module} uses {other} ({name}), which comes after it");
        }
    }
    assert!(edges > 100, "only {edges} uses were found: the test does not read them any more");
}

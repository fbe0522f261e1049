//! No tool is known by its name.

use std::path::Path;

/// The tools of every family, from the WIT, and the built-in ones.
fn names(root: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        ["Read", "Write", "Edit", "NotebookEdit", "Glob", "Grep", "TodoWrite", "Skill"].map(str::to_owned).into();
    for entry in std::fs::read_dir(root.join("wit")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "wit") && !path.ends_with("host.wit") {
            let text = std::fs::read_to_string(path).unwrap();
            let functions = text.lines().filter_map(|line| line.trim().split_once(": func("));
            names.extend(functions.map(|(name, _)| name.replace('-', "_")));
        }
    }
    names
}

#[test]
fn no_source_names_a_tool() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let names = names(&here.join("../.."));
    assert!(names.len() > 10, "{names:?}");
    for entry in std::fs::read_dir(here.join("src")).unwrap() {
        let path = entry.unwrap().path();
        if path.ends_with("names.rs") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        for name in &names {
            for quoted in [format!("\"{name}\""), format!("/{name} "), format!("`{name}`")] {
                assert!(!text.contains(&quoted), "{} knows the tool {quoted}", path.display());
            }
        }
    }
}

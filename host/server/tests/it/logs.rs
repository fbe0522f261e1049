//! What the host says about failures to its operator.

use std::path::Path;

/// Ways of writing a failure to the log that leave its causes out, or leave it to the subscriber whether they are said.
const WITHOUT_CAUSES: [&str; 5] = ["%error", "?error", "error = %err", "error = %source", "as &dyn Error"];

/// Crates that have `bricklayer_domain::chain`.
const CRATES: [&str; 10] =
    ["agent", "devkit", "package", "plugins", "results", "runtime", "server", "sources", "store", "tools"];

#[test]
fn a_failure_is_logged_with_all_its_causes() {
    let host = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut folders: Vec<_> = CRATES.iter().map(|name| host.join(name).join("src")).collect();
    let (mut files, mut found) = (0, Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if entry.file_type().unwrap().is_dir() {
                folders.push(path);
                continue;
            }
            files += 1;
            let text = std::fs::read_to_string(&path).unwrap();
            let lines =
                text.lines().enumerate().filter(|(_, line)| WITHOUT_CAUSES.iter().any(|way| line.contains(way)));
            found.extend(lines.map(|(number, line)| format!("{}:{}: {}", path.display(), number + 1, line.trim())));
        }
    }
    assert!(files > 200, "{files}");
    assert!(found.is_empty(), "write `error = chain(&error)`:\n{}", found.join("\n"));
}

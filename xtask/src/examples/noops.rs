//! The benchmark's no-op in the languages of templates other than Rust.

use std::fs;
use std::path::PathBuf;

use anyhow::Result;

use super::Author;
use crate::layout::Layout;

/// Language, the program that it needs, its source file, the benchmark's variable for the package.
const GUESTS: [(&str, &str, &str, &str); 2] = [
    ("javascript", "node", "plugin.js", "BENCH_JAVASCRIPT_PLUGIN"),
    ("python", "python3", "app.py", "BENCH_PYTHON_PLUGIN"),
];

/// Builds them with the release program, and names each by its variable. A language that is not installed is left out.
pub(crate) fn noops(layout: &Layout) -> Result<Vec<(&'static str, PathBuf)>> {
    let author = Author::new(layout, "release", "bench-guests")?;
    // One contract for all: that of the guest in Rust.
    let rust = layout.root.join("plugins/test-guests/noop");
    let manifest = fs::read_to_string(rust.join("plugin.toml"))?;
    let mut built = Vec::new();
    for (language, program, source, variable) in GUESTS {
        if !Author::has(program) {
            continue;
        }
        let folder = author.folder.join(language);
        fs::create_dir_all(folder.join("wit"))?;
        for file in fs::read_dir(rust.join("wit"))? {
            let file = file?;
            fs::copy(file.path(), folder.join("wit").join(file.file_name()))?;
        }
        fs::copy(layout.root.join("bench/guests").join(source), folder.join(source))?;
        fs::write(folder.join("plugin.toml"), format!("{manifest}\n[build]\nlanguage = \"{language}\"\n"))?;
        author.plugin(&folder, &["build"]).run()?;
        built.push((variable, folder.join("dist/test-noop-0.1.0.wasm")));
    }
    Ok(built)
}

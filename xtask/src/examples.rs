//! Templates, examples, components of others and the quick start, through the built program as an author has it.
//!
//! What needs Python or Node is left out, and said so, where they are not installed.

mod mistakes;
mod noops;
mod quickstart;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use crate::exec::Program;
use crate::layout::Layout;
use crate::plugins;
use crate::stages::stage;
use crate::toolchain::TARGET;

pub(crate) use noops::noops;

/// Languages of templates, and the program that each needs.
const LANGUAGES: [(&str, &str); 3] = [("rust", "cargo"), ("javascript", "node"), ("python", "python3")];

/// The example plugins, and what their languages need.
const EXAMPLES: [(&str, &str); 2] = [("csv-profile", "python3"), ("job-digest", "node")];

/// Files that examples have from their template.
const FROM_TEMPLATES: [(&str, &str); 2] = [
    ("examples/csv-profile/bricklayer.py", "python/bricklayer.py"),
    ("examples/job-digest/bricklayer.js", "javascript/bricklayer.js.tmpl"),
];

/// The components of others.
const FOREIGN: [(&str, &str); 2] = [("adder", "foreign_adder"), ("people", "foreign_people")];

/// Where cargo keeps what authors' plugins in Rust depend on, in the target folder.
const SHARED_TARGET: &str = "authors";

/// The authors' world: a built program, a folder to work in, tools and target folders shared between runs.
#[derive(Debug)]
struct Author<'a> {
    layout: &'a Layout,
    /// The built `bricklayer`.
    program: PathBuf,
    folder: PathBuf,
    /// Nothing was kept of earlier builds.
    from_nothing: bool,
}

impl<'a> Author<'a> {
    /// With an empty folder of that name.
    fn new(layout: &'a Layout, profile: &str, folder: &str) -> Result<Self> {
        let folder = layout.target.join(folder);
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        let from_nothing = !layout.target.join(SHARED_TARGET).exists();
        Ok(Self { layout, program: layout.binary(profile, "bricklayer"), folder, from_nothing })
    }

    /// `bricklayer plugin …` in a folder.
    fn plugin(&self, folder: &Path, arguments: &[&str]) -> Program {
        Program::new(&self.program)
            .directory(folder)
            .env("XDG_CACHE_HOME", self.layout.target.join("author-cache"))
            .env("CARGO_TARGET_DIR", self.layout.target.join(SHARED_TARGET))
            .args(["plugin"])
            .args(arguments)
    }

    fn has(program: &str) -> bool {
        let found = Program::new(program).args(["--version"]).output().is_ok();
        if !found {
            eprintln!("NOT CHECKED: there is no {program} on this machine, and so nothing in its language");
        }
        found
    }
}

/// Builds and tests everything that an author could have made. The program has to be built already.
pub(crate) fn run(layout: &Layout) -> Result<()> {
    let author = Author::new(layout, "debug", "author")?;
    stage("examples have what their templates have", || same_as_templates(layout))?;
    for (language, program) in LANGUAGES {
        if Author::has(program) {
            stage(&format!("the template in {language} builds and passes"), || template(&author, language))?;
        }
    }
    for (example, program) in EXAMPLES {
        if Author::has(program) {
            let folder = layout.root.join("plugins/examples").join(example);
            stage(&format!("the example {example} builds and passes"), || checked_and_tested(&author, &folder))?;
        }
    }
    stage("components of others pass with a manifest on the side", || foreign(&author))?;
    stage("mistakes are told with their way out", || mistakes::run(&author))?;
    stage("the quick start does what it says", || quickstart::run(&author))
}

fn same_as_templates(layout: &Layout) -> Result<()> {
    let wit = fs::read_to_string(layout.root.join("wit/host.wit"))?;
    let contract = wit
        .lines()
        .find_map(|line| line.strip_prefix("package bricklayer:host@"))
        .map(|rest| rest.trim_end_matches(';'))
        .context("wit/host.wit names no version")?;
    for (copy, template) in FROM_TEMPLATES {
        let template = fs::read_to_string(layout.root.join("host/devkit/templates").join(template))?;
        let copy_text = fs::read_to_string(layout.root.join("plugins").join(copy))?;
        ensure!(
            copy_text == template.replace("{{contract}}", contract),
            "plugins/{copy} is not what its template is: copy the template"
        );
    }
    for (example, _) in EXAMPLES {
        let copy = layout.root.join("plugins/examples").join(example).join("wit/deps/bricklayer-host/host.wit");
        ensure!(fs::read_to_string(&copy)? == wit, "{} is not wit/host.wit: copy it", copy.display());
    }
    Ok(())
}

/// A new plugin passes its own check and cases; in Rust, the same source in another folder gives the same digest.
fn template(author: &Author<'_>, language: &str) -> Result<()> {
    let name = format!("weather-{language}");
    author.plugin(&author.folder, &["new", &name, "--lang", language]).run()?;
    let folder = author.folder.join(&name);
    checked_and_tested(author, &folder)?;
    let package = format!("dist/{name}-0.1.0.wasm");
    let first = fs::read(folder.join(&package))?;
    let told = author.plugin(&folder, &["inspect", "--json", &package]).output()?;
    let told: serde_json::Value = serde_json::from_slice(&told)?;
    let tools: Vec<_> = told
        .pointer("/tools")
        .and_then(serde_json::Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|tool| tool.get("name"))
        .collect();
    ensure!(tools == ["get_forecast"], "the interpreter's own functions are no tools: {tools:?}");
    let other = author.folder.join("elsewhere").join("deeper");
    fs::create_dir_all(&other)?;
    author.plugin(&other, &["new", &name, "--lang", language]).run()?;
    author.plugin(&other.join(&name), &["build"]).run()?;
    let second = fs::read(other.join(&name).join(&package))?;
    ensure!(first == second, "the same source in another folder gave another package");
    eprintln!("{name}: {} KiB", first.len() / 1024);
    if language == "rust" && !author.from_nothing {
        // Not by what cargo kept, as the first of a new checkout is.
        let clean = author.plugin(&other.join(&name), &["build"]).env("CARGO_TARGET_DIR", other.join("target"));
        clean.run()?;
        ensure!(first == fs::read(other.join(&name).join(&package))?, "a clean build gave another package");
    }
    prints(author, language, &other.join(&name))
}

/// What each language prints with, put into its template.
const PRINTS: [(&str, &str, &str, &str); 3] = [
    (
        "rust",
        "src/lib.rs",
        "    let days = request.days.unwrap_or(DEFAULT_DAYS);",
        "    println!(\"printed for {}\", request.city);\n    eprintln!(\"and on the other stream\");\n",
    ),
    (
        "javascript",
        "plugin.js",
        "    const wanted = days ?? DEFAULT_DAYS;",
        "    console.log('printed for', city);\n    console.error('and on the other stream');\n",
    ),
    (
        "python",
        "app.py",
        "        days = DEFAULT_DAYS if",
        "        import sys\n\n        print(\"printed for\", request.city)\n        print(\"and on the other stream\", file=sys.stderr)\n",
    ),
];

/// What a tool prints is seen with `--logs`, and not without.
fn prints(author: &Author<'_>, language: &str, folder: &Path) -> Result<()> {
    let (_, file, before, print) =
        PRINTS.iter().find(|(known, ..)| *known == language).context("how the language prints")?;
    let path = folder.join(file);
    let text = fs::read_to_string(&path)?;
    ensure!(text.contains(before), "{file} does not contain {before:?}");
    fs::write(&path, text.replacen(before, &format!("{print}{before}"), 1))?;
    for (arguments, seen) in
        [(&["test", "--only", "Berlin", "--logs"][..], true), (&["test", "--only", "Berlin"], false)]
    {
        let (_, said) = author.plugin(folder, arguments).said()?;
        for line in ["printed for Berlin", "and on the other stream"] {
            ensure!(said.contains(line) == seen, "{line:?} seen with {arguments:?} should be {seen}; it said:\n{said}");
        }
    }
    Ok(())
}

fn checked_and_tested(author: &Author<'_>, folder: &Path) -> Result<()> {
    author.plugin(folder, &["check"]).run()?;
    author.plugin(folder, &["test"]).run()
}

/// Components of others, packed with a manifest, called by their cases.
fn foreign(author: &Author<'_>) -> Result<()> {
    let layout = author.layout;
    let crates = FOREIGN.map(|(_, library)| library.replace('_', "-"));
    let [adder, people] = &crates;
    let build = ["build", "--locked", "--release", "--target", TARGET, "--package", adder, "--package", people];
    plugins::cargo(layout, &build)?;
    for (name, library) in FOREIGN {
        let source = layout.root.join("plugins/test-guests/foreign").join(name);
        let folder = author.folder.join("foreign").join(name);
        fs::create_dir_all(&folder)?;
        let component = layout.target.join("guests").join(TARGET).join("release").join(format!("{library}.wasm"));
        fs::copy(&component, folder.join("component.wasm"))?;
        fs::copy(source.join("tests.toml"), folder.join("tests.toml"))?;
        let manifest = source.join("plugin.toml");
        let manifest = manifest.to_str().context("a path that is text")?;
        // Without a manifest it is refused, with the way out.
        expect_failure(author.plugin(&folder, &["inspect", "component.wasm"]), "--manifest plugin.toml")?;
        author.plugin(&folder, &["inspect", "component.wasm", "--manifest", manifest]).output()?;
        author.plugin(&folder, &["pack", "component.wasm", "--manifest", manifest, "--out", "packed.wasm"]).run()?;
        author.plugin(&folder, &["test", "packed.wasm"]).run()?;
    }
    Ok(())
}

/// The program fails and says this.
fn expect_failure(program: Program, says: &str) -> Result<()> {
    let (success, said) = program.said()?;
    if success {
        bail!("it succeeded, but should have said {says:?}; it said:\n{said}");
    }
    ensure!(said.contains(says), "it should have said {says:?}; it said:\n{said}");
    Ok(())
}

//! Python: componentize-py in a virtual environment of its own.

use std::fs;
use std::path::{Path, PathBuf};

use bricklayer_package::Outline;

use super::entry::{Spelling, missing, pascal, snake, table};
use crate::run::{self, Missing, Say};
use crate::{Problem, Project, cache};

/// The version that the tests build with.
const VERSION: &str = "0.25.1";

/// What componentize-py's wheels need.
const OLDEST: (u32, u32) = (3, 10);

/// Starts componentize-py. Not its own script: that one names the folder in which it was installed, and a cache may be
/// moved (a home folder elsewhere, a restored image).
const START: &str = "import sys; from componentize_py import script; sys.exit(script())";

/// The module that holds the tools.
const MODULE: &str = "app";

pub(super) fn tools() -> String {
    format!("componentize-py {VERSION}")
}

/// What stands between the host and the plugin's module, with holes for its name and its tools.
pub(super) const ENTRY: [&str; 1] = [include_str!("python/entry.py")];

/// The module that it becomes.
const ENTRY_MODULE: &str = "bricklayer_entry";

const SPELLING: Spelling = Spelling { member: snake, interface: pascal, world: Some("WitWorld"), safe_integers: false };

pub(super) fn build(project: &Project, outline: &Outline, say: Say<'_>) -> Result<Vec<u8>, Problem> {
    if !project.folder.join(format!("{MODULE}.py")).is_file() {
        return Err(Problem::new(format!("there is no {MODULE}.py")).fix(format!(
            "put the tools into {MODULE}.py: `class Tools(exports.Tools)` with a method per function of wit/world.wit"
        )));
    }
    let python = install(project, say)?;
    let libraries = libraries(project, &python, say)?;
    let output = tempfile::tempdir().map_err(|e| Problem::io("make a temporary folder", &e))?;
    let component = output.path().join("component.wasm");
    let mut command = run::command(&python, &project.folder);
    let [entry] = ENTRY;
    let table = serde_json::to_string(&table(outline, &SPELLING)).unwrap_or_default();
    let entry = entry.replace("MODULE", MODULE).replace("r'''TABLE'''", &format!("r'''{table}'''"));
    let ours = output.path().join("entry");
    // What it finds here is all that it finds: packages of this machine would be missing on every other one.
    let nothing = output.path().join("no-packages");
    let failed = |e: std::io::Error| Problem::io("write the entry module", &e);
    fs::create_dir_all(nothing.join("lib/site-packages")).map_err(failed)?;
    fs::create_dir_all(&ours).map_err(failed)?;
    fs::write(ours.join(format!("{ENTRY_MODULE}.py")), entry).map_err(failed)?;
    let world = &outline.world;
    command.args(["-c", START, "--quiet", "--wit-path", "wit", "--world", world, "componentize", ENTRY_MODULE]);
    for path in [Some(project.folder.clone()), Some(ours), libraries].into_iter().flatten() {
        command.arg("--python-path").arg(path);
    }
    command.arg("--output").arg(&component).env("PYTHONDONTWRITEBYTECODE", "1").env("PYTHONNOUSERSITE", "1");
    command.env("VIRTUAL_ENV", &nothing).env_remove("PYTHONPATH").env_remove("PYTHONHOME");
    let ended = run::run(command, "componentize-py", say)?.map_err(|Missing| {
        Problem::new("componentize-py cannot be started")
            .fix(format!("remove {} and build again", cache::folder(&project.folder).display()))
    })?;
    if !ended.success {
        let module = format!("{MODULE}.py");
        return Err(missing(&ended.said, &module).unwrap_or_else(|| mistake(&ended.said)));
    }
    fs::read(&component).map_err(|e| Problem::io("read what componentize-py made", &e))
}

/// Installs the pinned tool where it is missing, or where the Python that it was installed with is gone; returns the
/// interpreter that has it.
fn install(project: &Project, say: Say<'_>) -> Result<PathBuf, Problem> {
    let folder = cache::tool(&project.folder, &format!("componentize-py-{VERSION}"));
    let interpreter = interpreter(&folder);
    if folder.join("complete").is_file() && version_of(&interpreter, &project.folder).is_some() {
        return Ok(interpreter);
    }
    let python = python(&project.folder)?;
    say(&format!("installing componentize-py {VERSION} from PyPI, once"));
    let _ = fs::remove_dir_all(&folder);
    let mut venv = run::command(python, &project.folder);
    venv.args(["-m", "venv"]).arg(&folder);
    let ended = run::run(venv, "python3", say)?.map_err(|Missing| no_python())?;
    if !ended.success {
        return Err(Problem::new("python3 cannot make a virtual environment")
            .fix("install its module venv (Debian and Ubuntu: apt install python3-venv)"));
    }
    pip(&interpreter, project, &["install", &format!("componentize-py=={VERSION}")], say)?;
    fs::write(folder.join("complete"), VERSION).map_err(|e| Problem::io("finish the installation", &e))?;
    Ok(interpreter)
}

/// Where a virtual environment has its Python.
fn interpreter(venv: &Path) -> PathBuf {
    venv.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" })
}

/// The plugin's own libraries, when it names some: pure Python ones, as the sandbox runs no machine code.
fn libraries(project: &Project, python: &Path, say: Say<'_>) -> Result<Option<PathBuf>, Problem> {
    let requirements = project.folder.join("requirements.txt");
    let Ok(text) = fs::read_to_string(&requirements) else { return Ok(None) };
    if text.lines().all(|line| line.trim().is_empty() || line.trim().starts_with('#')) {
        return Ok(None);
    }
    let folder = project.folder.join(".bricklayer/site");
    if fs::read_to_string(folder.join("requirements.txt")).is_ok_and(|installed| installed == text) {
        return Ok(Some(folder));
    }
    let _ = fs::remove_dir_all(&folder);
    let target = folder.to_string_lossy().into_owned();
    let arguments = [
        "install",
        "--target",
        &target,
        "--requirement",
        "requirements.txt",
        "--platform",
        "any",
        "--only-binary=:all:",
    ];
    pip(python, project, &arguments, say)?;
    fs::write(folder.join("requirements.txt"), text).map_err(|e| Problem::io("finish the installation", &e))?;
    Ok(Some(folder))
}

fn pip(python: &Path, project: &Project, arguments: &[&str], say: Say<'_>) -> Result<(), Problem> {
    let mut command = run::command(python, &project.folder);
    command.args(["-m", "pip", "--quiet", "--disable-pip-version-check", "--no-input"]).args(arguments);
    let ended = run::run(command, "pip", say)?.map_err(|Missing| no_python())?;
    if ended.success {
        return Ok(());
    }
    let problem = Problem::new("pip could not install what is needed; it says above why");
    if ended.said.contains("No matching distribution") {
        return Err(problem.fix("check the names in requirements.txt: only pure Python packages run in the sandbox"));
    }
    Err(problem.fix("check the way to PyPI (proxy, PIP_INDEX_URL) and build again"))
}

pub(super) fn python(folder: &Path) -> Result<&'static str, Problem> {
    let version = version_of(Path::new("python3"), folder).ok_or_else(no_python)?;
    if run::version(&version).is_some_and(|found| found < OLDEST) {
        return Err(Problem::new(format!("{version} is too old: Python {}.{} is needed", OLDEST.0, OLDEST.1))
            .fix("install a newer one from https://www.python.org or your system's packages"));
    }
    Ok("python3")
}

fn version_of(python: &Path, folder: &Path) -> Option<String> {
    let mut command = run::command(python, folder);
    command.arg("--version");
    run::output(command)
}

fn no_python() -> Problem {
    Problem::new("there is no python3 on this machine")
        .fix("install Python 3.10 or newer from https://www.python.org or your system's packages")
}

/// The way out of componentize-py's usual complaints; its own words stand above.
fn mistake(said: &str) -> Problem {
    let problem = Problem::new("the Python code does not become a component; componentize-py says above why");
    if let Some(name) = said.split("No module named '").nth(1).and_then(|rest| rest.split('\'').next()) {
        return problem.fix(format!(
            "{MODULE}.py imports {name}, which is not there: write it, or name its package in requirements.txt (pure Python only)"
        ));
    }
    if said.contains("SyntaxError") || said.contains("IndentationError") {
        return problem.fix("correct the line that Python names");
    }
    if said.contains("has no attribute") || said.contains("cannot import name") {
        return problem.fix("names come from wit/: interfaces in snake case (wit_world.exports.tools), types in PascalCase, `class Tools(exports.Tools)` for the interface `tools`");
    }
    problem
}

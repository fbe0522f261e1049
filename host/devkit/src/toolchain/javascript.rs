//! JavaScript: componentize-qjs, which puts the source beside the QuickJS interpreter.

use std::fs;
use std::path::{Path, PathBuf};

use bricklayer_package::Outline;

use super::entry::{MISSING, Spelling, camel, missing, table};
use crate::run::{self, Missing, Say};
use crate::{Problem, Project, cache};

/// The version that the tests build with; the lock holds its checksums.
const VERSION: &str = "0.4.5";
const PACKAGE: &str = include_str!("javascript/package.json");
const LOCK: &str = include_str!("javascript/package-lock.json");

/// What the tool's package asks for.
const OLDEST: (u32, u32) = (18, 0);

/// The module that holds the tools.
const MODULE: &str = "plugin.js";

pub(super) fn tools() -> String {
    format!("componentize-qjs {VERSION}")
}

/// What stands between the host and the plugin's module, with holes for its tools, and what the interpreter lacks.
pub(super) const ENTRY: [&str; 2] = [include_str!("javascript/entry.js"), include_str!("javascript/globals.js")];

const SPELLING: Spelling = Spelling { member: camel, interface: camel, world: None, safe_integers: true };

/// The world of the entry: the plugin's own, and random numbers, which no other import of the interpreter gives.
const ENTRY_WORLD: &str = "bricklayer-entry";

pub(super) fn build(project: &Project, outline: &Outline, say: Say<'_>) -> Result<Vec<u8>, Problem> {
    if !project.folder.join(MODULE).is_file() {
        return Err(Problem::new(format!("there is no {MODULE}")).fix(format!(
            "put the tools into {MODULE}: `export const tools = {{…}}` with a function per function of wit/world.wit"
        )));
    }
    let node = node(&project.folder)?;
    let program = install(project, say)?;
    libraries(project, say)?;
    // Within the plugin's folder: modules are looked for nowhere else.
    let own = project.folder.join(".bricklayer");
    fs::create_dir_all(&own).map_err(|e| Problem::io(format!("write {}", own.display()), &e))?;
    let output = tempfile::tempdir_in(&own).map_err(|e| Problem::io("make a temporary folder", &e))?;
    write_entry(project, outline, output.path())?;
    let component = output.path().join("component.wasm");
    let mut command = run::command(node, &project.folder);
    // The asynchronous interpreter needs a component model that released hosts do not have.
    command.arg(program).arg("--sync").arg("--wit").arg(output.path().join("wit"));
    command.args(["--world", ENTRY_WORLD, "--js"]).arg(output.path().join("entry.js")).args(["--module-root", "."]);
    command.arg("--output").arg(&component);
    let quiet = |line: &str| {
        let told =
            ["componentize-qjs |   ", "componentize-qjs | Component written", "componentize-qjs | componentize-qjs"];
        if !told.iter().any(|start| line.starts_with(start)) && !line.contains(MISSING) {
            say(line);
        }
    };
    let ended = run::run(command, "componentize-qjs", &quiet)?.map_err(|Missing| no_node())?;
    if !ended.success {
        let known = missing(&ended.said, MODULE).or_else(|| syntax(project, output.path(), say));
        return Err(known.unwrap_or_else(|| mistake(&ended.said)));
    }
    fs::read(&component).map_err(|e| Problem::io("read what componentize-qjs made", &e))
}

/// Writes the entry module, the globals, and the WIT of both.
fn write_entry(project: &Project, outline: &Outline, folder: &Path) -> Result<(), Problem> {
    let failed = |e: std::io::Error| Problem::io("write the entry module", &e);
    let wit = folder.join("wit");
    copy_folder(&project.folder.join("wit"), &wit).map_err(failed)?;
    let random = wit.join("deps/bricklayer-entry-random");
    fs::create_dir_all(&random).map_err(failed)?;
    let package =
        "package wasi:random@0.2.0;\ninterface random {\n    get-random-bytes: func(len: u64) -> list<u8>;\n}\n";
    fs::write(random.join("random.wit"), package).map_err(failed)?;
    let name = project.manifest.wit.as_ref().map(ToString::to_string).unwrap_or_default();
    let world = format!(
        "package {name};\nworld {ENTRY_WORLD} {{\n    include {};\n    import wasi:random/random@0.2.0;\n}}\n",
        outline.world
    );
    fs::write(wit.join("bricklayer-entry.wit"), world).map_err(failed)?;
    let [entry, globals] = ENTRY;
    let table = table(outline, &SPELLING);
    let log = outline.packed.contents.imports.iter().find(|import| import.starts_with("bricklayer:host/log@"));
    let log =
        log.map_or("const bricklayerLog = undefined;".to_owned(), |log| format!("import bricklayerLog from '{log}';"));
    let mut exports = String::new();
    for (place, functions) in &table {
        if place.is_empty() {
            for function in functions.keys() {
                exports.push_str(&format!("export const {function} = bind(plugin, '', TABLE['']).{function};\n"));
            }
        } else {
            exports.push_str(&format!("export const {place} = bind(plugin.{place}, '{place}', TABLE.{place});\n"));
        }
    }
    let table = serde_json::to_string(&table).unwrap_or_default();
    let entry = entry
        .replace("/*MODULE*/", &format!("../../{MODULE}"))
        .replace("/*TABLE*/ {}", &table)
        .replace("/*LOG*/", &log)
        .replace("/*EXPORTS*/", &exports);
    fs::write(folder.join("entry.js"), entry).map_err(failed)?;
    fs::write(folder.join("bricklayer-globals.js"), globals).map_err(failed)
}

fn copy_folder(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// Installs the pinned tool where it is missing; returns its program.
fn install(project: &Project, say: Say<'_>) -> Result<PathBuf, Problem> {
    let folder = cache::tool(&project.folder, &format!("componentize-qjs-{VERSION}"));
    let program = folder.join("node_modules/componentize-qjs/cli.mjs");
    if folder.join("complete").is_file() && program.is_file() {
        return Ok(program);
    }
    say(&format!("installing componentize-qjs {VERSION} from npm, once"));
    let failed = |e: std::io::Error| Problem::io(format!("write {}", folder.display()), &e);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).map_err(failed)?;
    fs::write(folder.join("package.json"), PACKAGE).map_err(failed)?;
    fs::write(folder.join("package-lock.json"), LOCK).map_err(failed)?;
    // Not `ci`: it insists on bindings for platforms that the tool's package names and nobody ever published.
    npm("install", &folder, say)?;
    fs::write(folder.join("complete"), VERSION).map_err(failed)?;
    Ok(program)
}

/// The plugin's own libraries, when its package.json names some.
fn libraries(project: &Project, say: Say<'_>) -> Result<(), Problem> {
    let Ok(text) = fs::read_to_string(project.folder.join("package.json")) else { return Ok(()) };
    let package: serde_json::Value =
        serde_json::from_str(&text).map_err(|e| Problem::new(format!("package.json: {e}")))?;
    let wanted = package.get("dependencies").and_then(serde_json::Value::as_object).is_some_and(|d| !d.is_empty());
    if !wanted {
        return Ok(());
    }
    let lock = fs::read_to_string(project.folder.join("package-lock.json")).map_err(|_| {
        Problem::new("package.json names libraries and there is no package-lock.json")
            .fix("run `npm install` once in the plugin's folder and keep the file that it writes")
    })?;
    let stamp = project.folder.join("node_modules/.bricklayer-lock");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    npm("ci", &project.folder, say)?;
    fs::write(&stamp, lock).map_err(|e| Problem::io("finish the installation", &e))
}

/// Installs what the lock names, checksums and all.
fn npm(verb: &str, folder: &Path, say: Say<'_>) -> Result<(), Problem> {
    let mut command = run::command("npm", folder);
    command.args([verb, "--silent", "--ignore-scripts", "--no-audit", "--no-fund"]);
    let ended = run::run(command, "npm", say)?.map_err(|Missing| no_node())?;
    if ended.success {
        return Ok(());
    }
    Err(Problem::new("npm could not install what is needed")
        .fix("check the way to the npm registry (proxy, `npm config get registry`) and build again"))
}

pub(super) fn node(folder: &Path) -> Result<&'static str, Problem> {
    let mut command = run::command("node", folder);
    command.arg("--version");
    let version = run::output(command).ok_or_else(no_node)?;
    if run::version(&version).is_some_and(|found| found < OLDEST) {
        return Err(Problem::new(format!("Node {version} is too old: 18 or newer is needed"))
            .fix("install a newer one from https://nodejs.org"));
    }
    Ok("node")
}

fn no_node() -> Problem {
    Problem::new("there is no Node on this machine").fix("install Node 20 or newer from https://nodejs.org")
}

/// The interpreter names no line of what it cannot read; Node does.
fn syntax(project: &Project, temporary: &Path, say: Say<'_>) -> Option<Problem> {
    for (name, path) in project.sources().ok()? {
        if !name.ends_with(".js") && !name.ends_with(".mjs") {
            continue;
        }
        let copy = temporary.join("checked.mjs");
        fs::copy(&path, &copy).ok()?;
        let mut node = run::command("node", &project.folder);
        node.arg("--check").arg(&copy);
        let shown = copy.display().to_string();
        // What follows is Node's own stack.
        let ended = run::run(node, "node", &|_| {}).ok()?.ok()?;
        if !ended.success {
            let lines = ended.said.lines().take_while(|line| !line.starts_with("    at "));
            lines.for_each(|line| say(&format!("node | {}", line.replace(&shown, &name))));
            return Some(
                Problem::new(format!("{name} is no JavaScript")).fix("correct the line that Node names above"),
            );
        }
    }
    None
}

/// The way out of componentize-qjs's usual complaints; its own words stand above.
fn mistake(said: &str) -> Problem {
    let problem = Problem::new("the JavaScript does not become a component; componentize-qjs says above why");
    if said.contains("Error resolving module")
        || said.contains("could not resolve")
        || said.contains("Could not resolve")
    {
        return problem.fix(format!(
            "an import of {MODULE} is not there: files begin with `./`, libraries are named in package.json, the host's interfaces are `bricklayer:host/…` with the version of wit/deps"
        ));
    }
    if said.contains("random numbers at the top of a module") {
        return problem.fix(format!("{MODULE} runs once while it is built; move Math.random() and crypto into a tool"));
    }
    problem
}

//! Rust: cargo and the target wasm32-wasip2.

use std::fs;
use std::path::{Path, PathBuf};

use super::Component;
use crate::run::{self, Missing, Say};
use crate::{Problem, Project};

const TARGET: &str = "wasm32-wasip2";

/// What the guest library and the crates that its lock names need.
const OLDEST: (u32, u32) = (1, 95);

pub(super) fn build(project: &Project, say: Say<'_>) -> Result<Component, Problem> {
    let tools = require(&project.folder)?;
    let name = crate_name(&project.folder)?;
    let target = target_folder(&project.folder);
    let mut cargo = run::command("cargo", &project.folder);
    cargo
        .args(["build", "--release", "--target", TARGET, "--lib", "--color", "never"])
        .env("CARGO_TARGET_DIR", &target)
        .env("CARGO_ENCODED_RUSTFLAGS", remapping(&project.folder).join("\u{1f}"));
    let ended = run::run(cargo, "cargo", say)?.map_err(|Missing| no_cargo())?;
    if !ended.success {
        return Err(mistake(&ended.said));
    }
    let path = target.join(TARGET).join("release").join(format!("{}.wasm", name.replace('-', "_")));
    let bytes = fs::read(&path).map_err(|e| {
        Problem::io(format!("read {}", path.display()), &e)
            .fix("the library has to be a component: `crate-type = [\"cdylib\"]` under [lib] in Cargo.toml")
    })?;
    Ok(Component { bytes, tools, reused: false })
}

pub(super) fn require(folder: &Path) -> Result<String, Problem> {
    let rustc = |argument: &[&str]| {
        let mut command = run::command("rustc", folder);
        command.args(argument);
        run::output(command)
    };
    let version = rustc(&["--version"]).ok_or_else(no_cargo)?;
    if run::version(&version).is_some_and(|found| found < OLDEST) {
        return Err(Problem::new(format!("{version} is too old: Rust {}.{} is needed", OLDEST.0, OLDEST.1))
            .fix("rustup update stable"));
    }
    let libraries = rustc(&["--print", "target-libdir", "--target", TARGET]).map(PathBuf::from);
    if !libraries.is_some_and(|libraries| libraries.is_dir()) {
        return Err(no_target());
    }
    let version = version.split(" (").next().unwrap_or(&version).to_owned();
    Ok(format!("{version}, {TARGET}"))
}

fn no_cargo() -> Problem {
    Problem::new("there is no Rust on this machine")
        .fix(format!("install it from https://rustup.rs, then: rustup target add {TARGET}"))
}

fn no_target() -> Problem {
    Problem::new(format!("this Rust cannot compile for {TARGET}")).fix(format!("rustup target add {TARGET}"))
}

/// The way out of cargo's usual complaints; its own words stand above.
fn mistake(said: &str) -> Problem {
    let problem = Problem::new("the Rust code does not compile; cargo says above why");
    if said.contains("target may not be installed") || said.contains("can't find crate for `core`") {
        return no_target();
    }
    if said.contains("no matching package")
        || said.contains("failed to get `")
        || said.contains("Could not resolve host")
    {
        return problem.fix("cargo could not fetch a crate: check the name in Cargo.toml and the way to crates.io");
    }
    if said.contains("no world named") || (said.contains("world `") && said.contains("not found")) {
        return problem
            .fix("world: \"…\" of bricklayer_sdk::family! in src/lib.rs has to name the world of wit/world.wit");
    }
    if said.contains("not all trait items implemented") {
        return problem.fix(
            "each function of wit/world.wit needs a line of the same name under `tools:` of bricklayer_sdk::family!",
        );
    }
    if said.contains("is not a member of trait") {
        return problem.fix(
            "a line under `tools:` of bricklayer_sdk::family! is not in wit/world.wit: add it there, with its documentation",
        );
    }
    problem
}

/// No path of this machine gets into the component: the same source has the same digest in any folder.
fn remapping(folder: &Path) -> Vec<String> {
    let home = std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cargo")));
    let mut sysroot = run::command("rustc", folder);
    sysroot.args(["--print", "sysroot"]);
    let places =
        [(Some(folder.to_owned()), "/plugin"), (home, "/cargo"), (run::output(sysroot).map(PathBuf::from), "/rust")];
    let remap = |(path, name): (Option<PathBuf>, &str)| Some(format!("--remap-path-prefix={}={name}", path?.display()));
    places.into_iter().filter_map(remap).collect()
}

fn target_folder(folder: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| folder.join("target"), |target| folder.join(PathBuf::from(target)))
}

fn crate_name(folder: &Path) -> Result<String, Problem> {
    const FIX: &str = "a Rust plugin is a cargo package; `bricklayer plugin new NAME --lang rust` shows one";
    let text =
        fs::read_to_string(folder.join("Cargo.toml")).map_err(|e| Problem::io("read Cargo.toml", &e).fix(FIX))?;
    let manifest: toml::Table = text.parse().map_err(|e| Problem::new(format!("Cargo.toml: {e}")))?;
    let name = |section: &str| Some(manifest.get(section)?.get("name")?.as_str()?.to_owned());
    name("lib").or_else(|| name("package")).ok_or_else(|| Problem::new("Cargo.toml names no package").fix(FIX))
}

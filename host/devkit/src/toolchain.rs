//! From source to component, per language: the usual tools, installed where they are missing, with their mistakes
//! turned into advice.

mod entry;
mod javascript;
mod python;
mod rust;

use std::fs;

use bricklayer_package::{Language, Outline};

use crate::run::{self, Say};
use crate::{Problem, Project, cache};

/// A component, fresh from its tools.
pub(crate) struct Component {
    pub(crate) bytes: Vec<u8>,
    /// The tools with their versions.
    pub(crate) tools: String,
    /// Whether it was built earlier from the same source.
    pub(crate) reused: bool,
}

/// What this machine has to build plugins with, by language: the tools, or what is missing and how to get it.
#[must_use]
pub fn tools(folder: &std::path::Path) -> Vec<(&'static str, Result<String, Problem>)> {
    vec![
        ("Rust", rust::require(folder)),
        ("Python", python::python(folder).map(|_| "python3".to_owned())),
        ("JavaScript", javascript::node(folder).map(|_| "node".to_owned())),
    ]
}

/// Builds a plugin's component. `outline` is what its WIT promises.
pub(crate) fn component(project: &Project, outline: &Outline, say: Say<'_>) -> Result<Component, Problem> {
    let language = project.language()?;
    let build = project.manifest.build.as_ref();
    if let Some((program, arguments)) = build.and_then(|build| build.command.split_first()) {
        return own_command(project, program, arguments, say);
    }
    match language {
        Language::Rust => rust::build(project, say),
        Language::Python => once(project, &python::tools(), &python::ENTRY, |_| python::build(project, outline, say)),
        Language::JavaScript => {
            once(project, &javascript::tools(), &javascript::ENTRY, |_| javascript::build(project, outline, say))
        }
    }
}

/// The two interpreters' tools snapshot a memory with hash keys and clocks in it: no two runs make the same bytes. So a
/// component is built once per source, and the same source gives the same file again.
fn once(
    project: &Project,
    tools: &str,
    entry: &[&str],
    build: impl FnOnce(()) -> Result<Vec<u8>, Problem>,
) -> Result<Component, Problem> {
    let key = project.source_digest(&[&[tools], entry].concat())?;
    if let Some(bytes) = cache::find_build(&project.folder, &key) {
        return Ok(Component { bytes, tools: tools.to_owned(), reused: true });
    }
    let bytes = build(())?;
    cache::keep_build(&project.folder, &key, &bytes)?;
    Ok(Component { bytes, tools: tools.to_owned(), reused: false })
}

fn own_command(project: &Project, program: &str, arguments: &[String], say: Say<'_>) -> Result<Component, Problem> {
    let output = project.manifest.build.as_ref().and_then(|build| build.output.clone()).ok_or_else(|| {
        Problem::new("plugin.toml: [build] names a command and not what it leaves")
            .fix("add output = \"path/of/the/component.wasm\" under [build]")
    })?;
    let mut command = run::command(program, &project.folder);
    command.args(arguments);
    let ended = run::run(command, program, say)?.map_err(|_| {
        Problem::new(format!("plugin.toml: build.command: there is no program {program}"))
            .fix("install it, or correct the command")
    })?;
    if !ended.success {
        return Err(Problem::new(format!("`{program}` failed; it says above why")));
    }
    let path = project.folder.join(&output);
    let bytes = fs::read(&path).map_err(|e| {
        Problem::io(format!("read build.output {}", path.display()), &e).fix("name the file that the command leaves")
    })?;
    Ok(Component { bytes, tools: program.to_owned(), reused: false })
}

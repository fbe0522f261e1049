//! The code of a pipeline, from the files and notebooks that its libraries name.

use std::collections::BTreeSet;

use super::{
    context::Context,
    ended::{Ended, refused},
};
use crate::{
    files::Content,
    notebook::{CellKind, Language},
    pipelines::{definition::Code, spec::Library},
};

/// Files and notebooks of one pipeline.
const MAX_SOURCES: usize = 2_000;

/// Bytes of all of them.
const MAX_SOURCE_BYTES: usize = 32 * 1024 * 1024;

/// Reads all libraries, each file once, in the order of the specification.
pub(super) async fn read(context: &Context, user: &str, libraries: &[Library]) -> Result<Vec<Code>, Ended> {
    let mut seen = BTreeSet::new();
    let mut codes = Vec::new();
    let mut bytes = 0;
    for path in paths(context, user, libraries).await? {
        if !seen.insert(path.clone()) {
            continue;
        }
        let content = context.files.program(user, &path).await;
        let content =
            content.map_err(|error| failed(format!("The library {path} cannot be read: {}", error.said())))?;
        let text = text(&path, content)?;
        bytes += text.len();
        if seen.len() > MAX_SOURCES || bytes > MAX_SOURCE_BYTES {
            let said = format!(
                "A pipeline of the local workspace has at most {MAX_SOURCES} files and notebooks of {MAX_SOURCE_BYTES} bytes in all."
            );
            return Err(failed(said));
        }
        codes.push(Code { path, text });
    }
    if codes.is_empty() {
        return Err(failed("The pipeline has no code: its libraries name no file and no notebook.".to_owned()));
    }
    Ok(codes)
}

fn failed(message: String) -> Ended {
    Ended::Failed(refused(message))
}

async fn paths(context: &Context, user: &str, libraries: &[Library]) -> Result<Vec<String>, Ended> {
    let mut paths = Vec::new();
    for library in libraries {
        match library {
            Library::Notebook(path) | Library::File(path) => paths.push(path.clone()),
            Library::Glob(include) => match include.strip_suffix("/**") {
                None => paths.push(include.clone()),
                Some(folder) => {
                    let found = context.files.programs_within(user, folder, MAX_SOURCES).await;
                    paths.extend(found.map_err(|error| {
                        failed(format!("The libraries within {folder} cannot be listed: {}", error.said()))
                    })?);
                }
            },
        }
    }
    Ok(paths)
}

/// The SQL of a file, or of a notebook's cells.
fn text(path: &str, content: Content) -> Result<String, Ended> {
    let no_python = || {
        failed(format!(
            "{path} is Python. The local workspace runs pipelines in SQL only; write the dataset as CREATE MATERIALIZED VIEW \
             or CREATE STREAMING TABLE."
        ))
    };
    let notebook = match content {
        Content::File(_) if path.ends_with(".py") => return Err(no_python()),
        Content::File(text) => return Ok(text),
        Content::Notebook(notebook) => notebook,
    };
    let mut statements = Vec::new();
    for cell in notebook.cells {
        match cell.kind {
            CellKind::Markdown => {}
            _ if cell.text.trim().is_empty() => {}
            CellKind::Code(Language::Sql) => statements.push(cell.text),
            CellKind::Code(Language::Python) => return Err(no_python()),
            CellKind::Code(language) => {
                return Err(failed(format!("{path} has cells in {}, which pipelines do not run.", language.name())));
            }
            CellKind::Other(word) => {
                return Err(failed(format!(
                    "{path} has a %{word} cell, which the local workspace's pipelines do not run."
                )));
            }
        }
    }
    Ok(statements.join("\n;\n"))
}

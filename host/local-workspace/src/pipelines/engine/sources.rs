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

/// What the libraries hold.
#[derive(Debug, Default)]
pub(super) struct Sources {
    /// Definitions in SQL, of files and of cells.
    pub(super) sql: Vec<Code>,
    /// Files, and cells of notebooks, in the order in which they run.
    pub(super) python: Vec<Code>,
}

/// Files and notebooks of one pipeline.
const MAX_SOURCES: usize = 2_000;

/// Bytes of all of them.
const MAX_SOURCE_BYTES: usize = 32 * 1024 * 1024;

/// Reads all libraries, each file once, in the order of the specification.
pub(super) async fn read(context: &Context, user: &str, libraries: &[Library]) -> Result<Sources, Ended> {
    let mut seen = BTreeSet::new();
    let mut sources = Sources::default();
    let mut bytes = 0;
    for path in paths(context, user, libraries).await? {
        if !seen.insert(path.clone()) {
            continue;
        }
        let content = context.files.program(user, &path).await;
        let content =
            content.map_err(|error| failed(format!("The library {path} cannot be read: {}", error.said())))?;
        bytes += sources.add(&path, content)?;
        if seen.len() > MAX_SOURCES || bytes > MAX_SOURCE_BYTES {
            let said = format!(
                "A pipeline of the local workspace has at most {MAX_SOURCES} files and notebooks of {MAX_SOURCE_BYTES} bytes in all."
            );
            return Err(failed(said));
        }
    }
    if sources.sql.is_empty() && sources.python.is_empty() {
        return Err(failed("The pipeline has no code: its libraries name no file and no notebook.".to_owned()));
    }
    Ok(sources)
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

impl Sources {
    /// Takes a file, or the cells of a notebook; how many bytes it has.
    fn add(&mut self, path: &str, content: Content) -> Result<usize, Ended> {
        let notebook = match content {
            Content::File(text) => {
                let bytes = text.len();
                let codes = if path.ends_with(".py") { &mut self.python } else { &mut self.sql };
                codes.push(Code { path: path.to_owned(), text });
                return Ok(bytes);
            }
            Content::Notebook(notebook) => notebook,
        };
        let (mut statements, mut bytes) = (Vec::new(), 0);
        for cell in notebook.cells {
            bytes += cell.text.len();
            match cell.kind {
                CellKind::Markdown => {}
                _ if cell.text.trim().is_empty() => {}
                CellKind::Code(Language::Sql) => statements.push(cell.text),
                CellKind::Code(Language::Python) => {
                    self.python.push(Code { path: path.to_owned(), text: cell.text });
                }
                CellKind::Code(language) => {
                    return Err(failed(format!(
                        "{path} has cells in {}, which pipelines do not run.",
                        language.name()
                    )));
                }
                CellKind::Other(word) => {
                    return Err(failed(format!(
                        "{path} has a %{word} cell, which the local workspace's pipelines do not run."
                    )));
                }
            }
        }
        if !statements.is_empty() {
            self.sql.push(Code { path: path.to_owned(), text: statements.join("\n;\n") });
        }
        Ok(bytes)
    }
}

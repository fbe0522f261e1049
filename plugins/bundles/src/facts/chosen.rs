//! Notebooks and files that a caller names: of the workspace or of the project, alone or as folders.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use bricklayer_databricks::remote_path::{project_path, workspace_path};
use bricklayer_databricks::tree::{self, Object as Found};
use bricklayer_generator::{Format, Language, Object, Objects, Stored, Wanted, WorkspacePath};
use bricklayer_sdk::{Failure, Kind, Platform};

use super::Missing;
use super::objects::{in_short, object, objects};

/// Notebooks and files of one call.
const MAX_CHOSEN: usize = 500;

/// Objects of one folder that are looked through for them.
const MAX_IN_FOLDER: usize = 5_000;

/// Levels of a project's folder that are looked into.
const MAX_DEPTH: usize = 32;

/// First lines that make a file of the project a notebook.
const HEADER: &[&str] =
    &["# Databricks notebook source", "-- Databricks notebook source", "// Databricks notebook source"];

/// How the paths of the project's files begin among those of the workspace.
const PROJECT: &str = "/project/";

/// What is to be known of the notebooks in a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// What they are, as the list of the folder tells it: enough to read them as source.
    Kind,
    /// Also how each is stored, which is asked of each.
    Form,
}

/// What a caller named.
#[derive(Debug, Default)]
pub(crate) struct Chosen {
    pub(crate) objects: Objects,
    /// Files of the project, by the path that stands for them, with their paths in the project.
    pub(crate) local: Vec<(WorkspacePath, String)>,
}

impl Chosen {
    /// Whether a path stands for a file of the project.
    pub(crate) fn is_local(path: &WorkspacePath) -> bool {
        path.as_str().starts_with(PROJECT)
    }

    /// As what an object is fetched.
    pub(crate) fn format(object: &Object) -> Option<Format> {
        match object {
            Object::Notebook { stored: Stored::Jupyter, .. } => Some(Format::Jupyter),
            Object::Notebook { .. } => Some(Format::Source),
            Object::File => Some(Format::Raw),
            Object::Folder(_) | Object::Left(_) => None,
        }
    }
}

/// Looks at what is named. What cannot be is told, unless it is all that was named.
///
/// # Errors
/// Paths that lead elsewhere, nothing that could be looked at, and too much.
pub(crate) fn choose(
    platform: &impl Platform,
    field: &str,
    paths: &[String],
    look: Look,
    missing: &mut Vec<Missing>,
) -> Result<Chosen, Failure> {
    let mut chosen = Chosen::default();
    let mut remote = BTreeSet::new();
    let mut local = BTreeSet::new();
    for path in paths {
        if path.trim().starts_with('/') && !is_of_project(path) {
            remote.insert(workspace_path(field, path)?);
        } else {
            local.insert(project_path(field, path)?);
        }
    }
    let mut failures = Vec::new();
    let remote: Vec<String> = remote.into_iter().collect();
    of_workspace(platform, &remote, look, &mut chosen, missing, &mut failures);
    for path in &local {
        if let Err(failure) = of_project(&platform.project(), path, 0, &mut chosen) {
            failures.push((path.clone(), failure));
        }
    }
    if chosen.objects.len() > MAX_CHOSEN {
        let said = format!(
            "{} notebooks and files are too many for one call; at most {MAX_CHOSEN} are taken",
            chosen.objects.len()
        );
        return Err(Failure::new(Kind::LimitExceeded, said).advise("Name folders below one by one."));
    }
    if chosen.objects.is_empty()
        && let Some((path, failure)) = failures.into_iter().next()
    {
        return Err(failure.doing(format!("looking at {path}")));
    }
    Ok(chosen)
}

fn is_of_project(path: &str) -> bool {
    path.trim() == "/project" || path.trim().starts_with(PROJECT)
}

fn of_workspace(
    platform: &impl Platform,
    paths: &[String],
    look: Look,
    chosen: &mut Chosen,
    missing: &mut Vec<Missing>,
    failures: &mut Vec<(String, Failure)>,
) {
    let mut in_folders = Vec::new();
    for (path, status) in paths.iter().zip(tree::statuses(platform, paths)) {
        let listed = status.and_then(|found| {
            if found.is_folder() {
                return tree::list(platform, path, true, MAX_IN_FOLDER).map(Some);
            }
            chosen.objects.extend(WorkspacePath::parse(path).map(|path| (path, object(&found))));
            Ok(None)
        });
        match listed {
            Ok(None) => {}
            Ok(Some(found)) => {
                missing.extend(found.failed.iter().map(|(what, why)| Missing { what: what.clone(), why: why.clone() }));
                if !found.whole {
                    let why = format!("it has more than {MAX_IN_FOLDER} objects, and the rest is not looked at");
                    missing.push(Missing { what: path.clone(), why });
                }
                in_folders.extend(found.objects.into_iter().filter(is_code));
            }
            Err(failure) => {
                missing.push(Missing { what: path.clone(), why: in_short(&failure) });
                failures.push((path.clone(), failure));
            }
        }
    }
    let found = in_folders.iter().filter_map(|found| Some((WorkspacePath::parse(&found.path)?, found)));
    match look {
        Look::Kind => chosen.objects.extend(found.map(|(path, found)| (path, object(found)))),
        Look::Form => {
            let wanted = found.map(|(path, _)| Wanted { path, folder: false });
            chosen.objects.extend(objects(platform, &wanted.collect(), missing));
        }
    }
}

fn is_code(object: &Found) -> bool {
    object.is_notebook()
        || object.object_type == "FILE" && (object.path.ends_with(".py") || object.path.ends_with(".sql"))
}

fn of_project(project: &Path, path: &str, depth: usize, chosen: &mut Chosen) -> Result<(), Failure> {
    let place = project.join(path);
    let failed = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => Failure::new(Kind::NotFound, format!("{path} is not in the project's folder")),
        _ => Failure::new(Kind::Failed, format!("{path} cannot be read: {error}")),
    };
    if fs::metadata(&place).map_err(failed)?.is_dir() {
        if depth == MAX_DEPTH {
            return Ok(());
        }
        for entry in fs::read_dir(&place).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let inner = if path.is_empty() { name.clone() } else { format!("{path}/{name}") };
            let folder = entry.file_type().map_err(failed)?.is_dir();
            let code =
                [".py", ".sql", ".scala", ".r", ".ipynb"].iter().any(|ending| name.to_lowercase().ends_with(ending));
            if !name.starts_with('.') && (folder || code) && chosen.objects.len() <= MAX_CHOSEN {
                of_project(project, &inner, depth + 1, chosen)?;
            }
        }
        return Ok(());
    }
    let Some(at) = WorkspacePath::parse(&format!("{PROJECT}{}", stem(path))) else { return Ok(()) };
    let object = object_of(&place, path).map_err(failed)?;
    // A file keeps its whole name; a notebook's place gives it its ending.
    let at = if object == Object::File { WorkspacePath::parse(&format!("{PROJECT}{path}")).unwrap_or(at) } else { at };
    chosen.objects.insert(at.clone(), object);
    chosen.local.push((at, path.to_owned()));
    Ok(())
}

fn stem(path: &str) -> &str {
    path.rsplit_once('.').filter(|(_, ending)| !ending.contains('/')).map_or(path, |(stem, _)| stem)
}

/// What a file of the project is: a notebook by its first line, or by its ending.
fn object_of(place: &Path, path: &str) -> std::io::Result<Object> {
    use std::io::Read as _;
    let lower = path.to_lowercase();
    if lower.ends_with(".ipynb") {
        return Ok(Object::Notebook { language: Language::Python, stored: Stored::Jupyter });
    }
    let longest = HEADER.iter().map(|line| line.len()).max().unwrap_or(0) as u64;
    let mut first = Vec::new();
    fs::File::open(place)?.take(longest).read_to_end(&mut first)?;
    if !HEADER.iter().any(|line| first.starts_with(line.as_bytes())) {
        return Ok(Object::File);
    }
    let language = match lower.rsplit('.').next() {
        Some("sql") => Language::Sql,
        Some("scala") => Language::Scala,
        Some("r") => Language::R,
        _ => Language::Python,
    };
    Ok(Object::Notebook { language, stored: Stored::Source })
}

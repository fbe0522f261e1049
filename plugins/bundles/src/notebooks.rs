//! Notebooks to be analysed: from the workspace, or from the project's folder.

use std::fs;

use bricklayer_analyzer::analysis::Language;
use bricklayer_analyzer::{MAX_BYTES, Notebook, open};
use bricklayer_databricks::download::content_path;
use bricklayer_databricks::remote_path::{name, parent, project_path, workspace_path};
use bricklayer_databricks::side_by_side;
use bricklayer_databricks::tree::{self, Object};
use bricklayer_sdk::{Errand, Failure, Kind, Method, Platform, Request};

/// Objects beside a notebook that are looked at.
const MAX_NEIGHBOURS: usize = 2_000;

/// How an archive of notebooks ends.
const ARCHIVE: &str = ".dbc";

/// A notebook, and the names of what lies beside it.
pub(crate) struct Found {
    pub(crate) notebook: Notebook,
    /// None where nobody has looked, or could.
    pub(crate) neighbours: Option<Vec<String>>,
}

/// Finds a notebook: a path from the root is the workspace's, any other the project's.
///
/// # Errors
/// Not there, not allowed, too large, or no notebook.
pub(crate) fn find(platform: &impl Platform, field: &str, path: &str, neighbours: bool) -> Result<Found, Failure> {
    let text = path.trim();
    let in_project = !text.starts_with('/') || text == "/project" || text.starts_with("/project/");
    if in_project {
        of_project(platform, field, text, neighbours)
    } else {
        of_workspace(platform, field, text, neighbours)
    }
}

fn of_workspace(platform: &impl Platform, field: &str, path: &str, neighbours: bool) -> Result<Found, Failure> {
    let path = workspace_path(field, path)?;
    let object = tree::status(platform, &path).map_err(|failure| failure.doing(format!("looking at {path}")))?;
    if !object.is_notebook() && object.object_type != "FILE" {
        let message = format!("{path} is a {}, neither a notebook nor a file", object.object_type);
        return Err(Failure::new(Kind::InvalidInput, message).advise("analyze_notebooks takes folders, with all that is below."));
    }
    if object.size.is_some_and(|size| size > MAX_BYTES as u64) {
        return Err(too_large(&path, object.size.unwrap_or_default()));
    }
    let request = Request { method: Method::Get, path: content_path(&object), body: None };
    let answer = side_by_side::one(platform, &Errand::Send(request))
        .map_err(|failure| failure.doing(format!("exporting {path}")))?;
    // What lies beside it is a help and no need.
    let beside = neighbours.then(|| tree::list(platform, parent(&path), false, MAX_NEIGHBOURS).ok()).flatten();
    let names = |objects: Vec<Object>| objects.iter().map(|object| name(&object.path).to_owned()).collect();
    let neighbours = beside.filter(|found| found.whole).map(|found| names(found.objects));
    let language = object.language.as_deref().and_then(language);
    Ok(Found { notebook: one(&path, &answer.body, language, None)?, neighbours })
}

fn of_project(platform: &impl Platform, field: &str, path: &str, neighbours: bool) -> Result<Found, Failure> {
    let path = project_path(field, path)?;
    let (file, within) = match path.split_once(&format!("{ARCHIVE}/")) {
        Some((archive, within)) => (format!("{archive}{ARCHIVE}"), Some(within)),
        None => (path.clone(), None),
    };
    let place = platform.project().join(&file);
    let missing = || {
        Failure::new(Kind::NotFound, format!("there is no file {file:?} in the project"))
            .advise("A notebook of the workspace is named by its path from the root, such as /Users/me@example.com/x.")
    };
    let about = fs::metadata(&place).ok().filter(fs::Metadata::is_file).ok_or_else(missing)?;
    if about.len() > MAX_BYTES as u64 {
        return Err(too_large(&file, about.len()));
    }
    let bytes =
        fs::read(&place).map_err(|error| Failure::new(Kind::Failed, format!("{file} cannot be read: {error}")))?;
    let beside = |folder: &std::path::Path| -> Option<Vec<String>> {
        let entries = fs::read_dir(folder).ok()?.take(MAX_NEIGHBOURS + 1);
        let mut names: Vec<String> = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
        names.sort();
        (names.len() <= MAX_NEIGHBOURS).then_some(names)
    };
    let neighbours = if neighbours && within.is_none() { place.parent().and_then(beside) } else { None };
    Ok(Found { notebook: one(&file, &bytes, None, within)?, neighbours })
}

/// The notebook in the bytes, or the one of this name in an archive.
fn one(path: &str, bytes: &[u8], language: Option<Language>, within: Option<&str>) -> Result<Notebook, Failure> {
    use bricklayer_analyzer::Refused;
    let mut found = open(path, bytes, language).map_err(|refused| {
        let kind = if matches!(refused, Refused::TooLarge { .. }) { Kind::LimitExceeded } else { Kind::InvalidInput };
        Failure::new(kind, format!("{path} cannot be analysed: {refused}"))
    })?;
    if let Some(within) = within {
        let whole = format!("{path}/{within}");
        found.retain(|notebook| {
            let rest = notebook.path.strip_prefix(&whole);
            rest.is_some_and(|rest| rest.is_empty() || (rest.starts_with('.') && !rest.contains('/')))
        });
    }
    match found.len() {
        1 => found.pop().ok_or_else(|| Failure::new(Kind::Failed, "the notebook is gone")),
        0 => Err(Failure::new(Kind::NotFound, format!("the archive {path} has no such notebook"))),
        several => {
            let names: Vec<&str> = found.iter().take(20).map(|notebook| notebook.path.as_str()).collect();
            Err(Failure::new(Kind::InvalidInput, format!("the archive {path} has {several} notebooks"))
                .advise(format!("Name one: {}.", names.join(", "))))
        }
    }
}

fn language(name: &str) -> Option<Language> {
    match name {
        "PYTHON" => Some(Language::Python),
        "SQL" => Some(Language::Sql),
        "SCALA" => Some(Language::Scala),
        "R" => Some(Language::R),
        _ => None,
    }
}

fn too_large(path: &str, bytes: u64) -> Failure {
    let most = MAX_BYTES / (1024 * 1024);
    Failure::new(Kind::LimitExceeded, format!("{path} has {bytes} bytes; at most {most} MiB are analysed"))
        .advise("Take large outputs and data out of it.")
}

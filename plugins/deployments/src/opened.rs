//! A bundle of the project, read for a target: what all tools begin with.

use std::collections::BTreeMap;

use bricklayer_bundle::{Bundle, ENVIRONMENT_PREFIX, FileKind, Files, Finding, Outcome, Request, Severity, User, find_root, open};
use bricklayer_databricks::current_user::{Me, me};
use bricklayer_databricks::remote_path::project_path;
use bricklayer_sdk::{Failure, Kind, Platform};

use crate::lookups;
use crate::project::ProjectFiles;
use crate::types;

/// Values of variables that a call gives.
const MAX_VARIABLES: usize = 500;

/// Errors of a bundle that a refusal repeats.
const MAX_TOLD: usize = 10;

/// Which bundle a call is about.
pub(crate) struct Asked {
    pub(crate) path: Option<String>,
    pub(crate) target: Option<String>,
    pub(crate) variables: Option<Vec<types::NamedValue>>,
}

/// A bundle as it was read.
pub(crate) struct Read {
    pub(crate) outcome: Outcome,
    pub(crate) folder: String,
    pub(crate) target: Option<String>,
    pub(crate) me: Me,
}

/// A bundle without errors.
pub(crate) struct Opened {
    pub(crate) bundle: Bundle,
    pub(crate) files: ProjectFiles,
    pub(crate) me: Me,
}

/// Reads a bundle of the project.
pub(crate) fn read(platform: &impl Platform, asked: Asked) -> Result<Read, Failure> {
    read_of(platform, &ProjectFiles(platform.project()), asked)
}

/// Reads a bundle of these files.
fn read_of(platform: &impl Platform, files: &dyn Files, asked: Asked) -> Result<Read, Failure> {
    let folder = find(files, asked.path.as_deref().unwrap_or_default())?;
    let Given { variables, environment } = given(asked.variables.unwrap_or_default())?;
    let me = me(platform)?;
    let draft = open(
        files,
        Request {
            folder: folder.clone(),
            target: asked.target.filter(|target| !target.is_empty()),
            variables,
            environment,
            user: user(&me),
            host: platform.context().workspace_host,
            ..Request::default()
        },
    );
    let answers = lookups::answer(platform, draft.lookups());
    let target = draft.target().map(str::to_owned);
    Ok(Read { outcome: draft.finish(files, &answers), folder, target, me })
}

/// Reads a bundle of the project that has no errors.
pub(crate) fn good(platform: &impl Platform, asked: Asked) -> Result<Opened, Failure> {
    let files = ProjectFiles(platform.project());
    let (bundle, me) = good_of(platform, &files, asked)?;
    Ok(Opened { bundle, files, me })
}

/// Reads a bundle of these files that has no errors.
pub(crate) fn good_of(platform: &impl Platform, files: &dyn Files, asked: Asked) -> Result<(Bundle, Me), Failure> {
    let Read { outcome, folder, me, .. } = read_of(platform, files, asked)?;
    let is_good = outcome.is_good();
    match outcome.bundle {
        Some(bundle) if is_good => Ok((bundle, me)),
        _ => Err(with_errors(&outcome.findings, &folder)),
    }
}

fn with_errors(findings: &[Finding], folder: &str) -> Failure {
    let told = |finding: &Finding| {
        let place = finding.place.as_ref();
        let place = place.map_or_else(String::new, |place| format!("{}:{}: ", place.file, place.line));
        format!("- {place}{}; {}", finding.message, finding.advice)
    };
    let errors = findings.iter().filter(|finding| finding.severity() == Severity::Error);
    let errors: Vec<String> = errors.take(MAX_TOLD).map(told).collect();
    let place = if folder.is_empty() { "the project's folder" } else { folder };
    let message = format!("the bundle in {place} has errors:\n{}", errors.join("\n"));
    Failure::new(Kind::InvalidInput, message).advise("validate_bundle tells all of them.")
}

/// The folder of the bundle that a path is in.
fn find(files: &dyn Files, path: &str) -> Result<String, Failure> {
    let inside = project_path("bundle_path", path)?;
    // A path to the root file is its folder's.
    let folder = match files.kind(&inside) {
        Some(FileKind::File) => inside.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned(),
        Some(FileKind::Folder) => inside,
        None => {
            let message = format!("there is no folder {path} in the project");
            return Err(Failure::new(Kind::NotFound, message).advise("Look at the project's files for databricks.yml."));
        }
    };
    find_root(files, &folder).ok_or_else(|| {
        let place = if folder.is_empty() { "the project's folder" } else { folder.as_str() };
        Failure::new(
            Kind::NotFound,
            format!("there is no bundle in {place}: it has no databricks.yml, nor has one above"),
        )
        .advise("Name the folder that has it, or make a bundle first.")
    })
}

/// Values of variables, by who gives them.
struct Given {
    variables: BTreeMap<String, String>,
    environment: BTreeMap<String, String>,
}

/// Names that begin with `BUNDLE_VAR_` are those of the caller's environment, which gives values to every bundle it meets.
fn given(values: Vec<types::NamedValue>) -> Result<Given, Failure> {
    if values.len() > MAX_VARIABLES {
        return Err(Failure::invalid("variables", format!("more than {MAX_VARIABLES} values")));
    }
    let mut given = Given { variables: BTreeMap::new(), environment: BTreeMap::new() };
    for types::NamedValue { name, value } in values {
        let of = if name.starts_with(ENVIRONMENT_PREFIX) { &mut given.environment } else { &mut given.variables };
        if of.insert(name.clone(), value).is_some() {
            return Err(Failure::invalid("variables", format!("`{name}` is given twice")));
        }
    }
    Ok(given)
}

fn user(me: &Me) -> User {
    User {
        user_name: me.user_name.clone(),
        display_name: me.display_name.clone(),
        groups: me.groups.iter().map(|group| group.display.clone()).collect(),
    }
}

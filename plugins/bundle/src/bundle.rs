//! A bundle from its files to what can be deployed, in the order of the official command line's passes.
//!
//! Two steps, because the library asks nobody: [`open`] reads the files and says which objects of the workspace are looked
//! up; [`Draft::finish`] takes the answers.

use std::collections::{BTreeMap, BTreeSet};

use crate::artifacts::{self, Artifact, Upload};
use crate::checks;
use crate::fields::{self, FieldKind, Fields};
use crate::files::Files;
use crate::finding::{Finding, Findings, Severity};
use crate::mode::{self, Mode};
use crate::sync::Sync;
use crate::value::{Entry, Place, Value};
use crate::variables::{Found, Given, Lookup};
use crate::workspace::{self, User};
use crate::{defaults, keyed, load, paths, permissions, presets, resolve, run_as, target, variables};

/// Which bundle, and what is given from outside.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// The bundle's folder, from the project's folder.
    pub folder: String,
    /// The target; the default one when none is named.
    pub target: Option<String>,
    /// Values of variables that the caller gives.
    pub variables: BTreeMap<String, String>,
    /// Environment variables that begin with [`ENVIRONMENT_PREFIX`](crate::ENVIRONMENT_PREFIX).
    pub environment: BTreeMap<String, String>,
    /// Who deploys.
    pub user: User,
    /// The workspace's address; none where it is not known.
    pub host: Option<String>,
    /// The repository that the project is a copy of.
    pub git: Option<Git>,
}

/// A repository.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Git {
    /// The branch that is checked out.
    pub branch: Option<String>,
    /// The address of `origin`.
    pub origin_url: Option<String>,
    /// The commit that is checked out.
    pub commit: Option<String>,
}

/// A bundle whose files are read, before its references are put in.
#[derive(Debug)]
pub struct Draft {
    request: Request,
    open: Option<Open>,
    findings: Findings,
}

#[derive(Debug)]
struct Open {
    root: Value,
    target: String,
    lookups: Vec<(String, Lookup)>,
    used: BTreeSet<String>,
}

/// What came of it.
#[derive(Debug)]
pub struct Outcome {
    /// The bundle, as far as it could be read; to be deployed only without errors.
    pub bundle: Option<Bundle>,
    /// What was found, the gravest first.
    pub findings: Vec<Finding>,
}

impl Outcome {
    /// Whether there are no errors.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.bundle.is_some() && !self.findings.iter().any(|finding| finding.severity() == Severity::Error)
    }
}

/// A bundle of one target.
#[derive(Debug, Clone)]
pub struct Bundle {
    /// Its name.
    pub name: String,
    /// The target.
    pub target: String,
    /// The target's mode.
    pub mode: Option<Mode>,
    /// Its folder, from the project's folder.
    pub folder: String,
    /// Everything, with references put in but those to `resources` and `artifacts`, and with what the workspace is sent.
    pub config: Value,
    /// What is uploaded.
    pub sync: Sync,
    /// How many files that is; none where it cannot be told.
    pub file_count: Option<usize>,
    /// What is built.
    pub artifacts: Vec<Artifact>,
    /// Libraries that are uploaded beside the files.
    pub libraries: Vec<Upload>,
}

/// A resource of a bundle.
#[derive(Debug, Clone, Copy)]
pub struct Resource<'a> {
    /// Its kind, such as `jobs`.
    pub kind: &'a str,
    /// Its key.
    pub key: &'a str,
    /// What the workspace is sent, with permissions, grants and lifecycle.
    pub value: &'a Value,
    /// Where its key was written.
    pub place: Option<&'a Place>,
}

impl Bundle {
    /// A path of the workspace, such as `root_path` or `file_path`.
    #[must_use]
    pub fn workspace_path(&self, field: &str) -> &str {
        self.config.text_at(&["workspace", field]).unwrap_or_default()
    }

    /// Its resources, in the order in which they are written.
    pub fn resources(&self) -> impl Iterator<Item = Resource<'_>> {
        self.config.entries_at(&["resources"]).flat_map(|kind| {
            kind.value.entries_at(&[]).map(|entry| Resource {
                kind: &kind.key,
                key: &entry.key,
                value: &entry.value,
                place: entry.place.as_ref(),
            })
        })
    }

    /// How many resources there are of each kind.
    pub fn counts(&self) -> impl Iterator<Item = (&str, usize)> {
        let kinds = self.config.entries_at(&["resources"]);
        kinds.map(|kind| (kind.key.as_str(), kind.value.entries_at(&[]).len())).filter(|(_, count)| *count > 0)
    }

    /// The resources that each resource refers to, by names such as `jobs.nightly`.
    #[must_use]
    pub fn dependencies(&self) -> BTreeMap<String, BTreeSet<String>> {
        checks::dependencies(&self.config)
    }
}

/// Reads a bundle's files, chooses the target and merges it in.
pub fn open(files: &dyn Files, request: Request) -> Draft {
    let mut findings = Findings::default();
    let open = read(files, &request, &mut findings);
    Draft { request, open, findings }
}

fn read(files: &dyn Files, request: &Request, findings: &mut Findings) -> Option<Open> {
    let table = Fields::get();
    let mut root = load::load(files, &request.folder, table, findings)?;
    target::rename_environments(&mut root, findings);
    keyed::check_duplicates(&root, findings);
    let used = checks::used(&root);
    let target = target::choose(&root, request.target.as_deref(), findings)?;
    target::apply(&mut root, &target, findings);
    checks::check_settings(&root, findings);
    checks::check_secret_values(&root, findings);
    workspace::check_sign_in(&root, request.host.as_deref(), findings);
    set_git(&mut root, request.git.as_ref());
    workspace::set_defaults(&mut root, &request.user, findings);
    root.section("variables");
    let given = Given {
        values: &request.variables,
        environment: &request.environment,
        folder: &request.folder,
        target: &target,
    };
    variables::assign(&mut root, &given, files, findings);
    resolve::resolve_lookups(&mut root, table, findings);
    let lookups = variables::lookups(&root, findings);
    Some(Open { root, target, lookups, used })
}

/// What references to the repository name.
fn set_git(root: &mut Value, git: Option<&Git>) {
    let Some(git) = git else { return };
    let Some(section) = root.section("bundle").and_then(|bundle| bundle.section("git")) else { return };
    for (field, text) in [("branch", &git.branch), ("origin_url", &git.origin_url), ("commit", &git.commit)] {
        if let Some(text) = text {
            section.set_default(field, Value::text(text.clone()));
        }
    }
}

impl Draft {
    /// The objects of the workspace whose ids are needed.
    #[must_use]
    pub fn lookups(&self) -> Vec<Lookup> {
        let mut lookups = Vec::new();
        for (_, lookup) in self.open.iter().flat_map(|open| &open.lookups) {
            if !lookups.contains(lookup) {
                lookups.push(lookup.clone());
            }
        }
        lookups
    }

    /// The target that was chosen.
    #[must_use]
    pub fn target(&self) -> Option<&str> {
        self.open.as_ref().map(|open| open.target.as_str())
    }

    /// Puts references in, adds what modes, presets, permissions and defaults add, and checks all of it.
    #[must_use]
    pub fn finish(mut self, files: &dyn Files, answers: &[(Lookup, Found)]) -> Outcome {
        let request = self.request;
        let findings = &mut self.findings;
        let bundle = self.open.map(|open| finish(open, &request, files, answers, findings));
        Outcome { bundle, findings: self.findings.finish() }
    }
}

fn finish(
    open: Open,
    request: &Request,
    files: &dyn Files,
    answers: &[(Lookup, Found)],
    findings: &mut Findings,
) -> Bundle {
    let Open { mut root, target, lookups, used } = open;
    let (table, user, folder) = (Fields::get(), &request.user, request.folder.as_str());
    variables::answer(&mut root, &lookups, answers, findings);
    checks::check_unused(&root, &used, findings);
    resolve::resolve(&mut root, table, findings);
    drop_empty(&mut root);
    workspace::finish_paths(&mut root, user);
    workspace::check_volumes(&root, findings);
    let mode = mode::of(&root, findings);
    mode::set_presets(&mut root, mode, user, findings);
    fields::convert(table, &mut root, FieldKind::ROOT);
    keyed::merge_lists(&mut root, findings);
    checks::check_written(&root, findings);
    run_as::apply(&mut root, user, findings);
    mode::override_cluster(&mut root, mode, findings);
    presets::apply(&mut root, findings);
    defaults::apply(&mut root);
    permissions::apply(&mut root, user, findings);
    fields::check_complete(table, &root, findings);
    fields::keep_known(table, &mut root, FieldKind::ROOT);
    mode::check(&root, mode, user, findings);
    let sync = Sync::read(&root, folder, files, findings);
    paths::translate(&mut root, folder, &sync.root, files, findings);
    let artifacts = artifacts::read(&root, folder, files, findings);
    let libraries = artifacts::libraries(&mut root, folder, &artifacts, files, findings);
    checks::check_whole(&root, table, findings);
    let file_count = sync.check(files, findings);
    let name = root.get(&["bundle", "name"]).and_then(Value::display).unwrap_or_default();
    let folder = folder.to_owned();
    Bundle { name, target, mode, folder, config: root, sync, file_count, artifacts, libraries }
}

/// Resources without content have been told of.
fn drop_empty(root: &mut Value) {
    for kind in root.get_mut(&["resources"]).and_then(Value::as_map_mut).into_iter().flat_map(|map| map.iter_mut()) {
        if let Some(map) = kind.value.as_map_mut() {
            map.retain(|entry: &Entry| !entry.value.is_null());
        }
    }
}

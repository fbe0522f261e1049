//! generate_bundle_from_job and generate_bundle.

mod write;

use std::collections::BTreeSet;

use bricklayer_databricks::current_user::me;
use bricklayer_databricks::remote_path::project_path;
use bricklayer_generator::{
    BundleName, Facts, Fetch, Named, Notebook, Object, Source, Target, Wanted, WorkspacePath, ids, wanted,
};
use bricklayer_sdk::{Failure, Platform};
use serde_json::Value;

use crate::facts::{self, Chosen, Look, Missing, Resources};
use crate::staging::Staging;
use crate::types;

/// Bytes of a notebook that is analysed.
const MAX_CODE_BYTES: u64 = 5 * 1024 * 1024;

/// Makes a bundle of a job.
///
/// # Errors
/// Arguments that do not fit, no such job, files that are there already, a workspace that cannot be asked.
pub(crate) fn from_job(
    platform: &impl Platform,
    request: types::GenerateBundleFromJobRequest,
) -> Result<types::GeneratedBundle, Failure> {
    let chosen = request.bundle_name.as_deref().map(bundle_name).transpose()?;
    let target = target(request.target_environment.as_deref())?;
    let folder = request.output_dir.as_deref().map(|folder| project_path("output_dir", folder)).transpose()?;
    let mut missing = Vec::new();
    let mut resources = Resources::default();
    resources.add_jobs(platform, &[request.job_id], request.follow.unwrap_or(true), &mut missing)?;
    resources.ask_permissions(platform, &mut missing);
    let called = resources.jobs.first().and_then(|job| job.settings.get("name")).and_then(Value::as_str);
    let name = chosen.unwrap_or_else(|| BundleName::of(called.unwrap_or("job")));
    let folder = folder.unwrap_or_else(|| name.as_str().to_owned());
    let mut source = Source { default_target: target, ..Source::new(name) };
    (source.jobs, source.pipelines) = (resources.jobs, resources.pipelines);
    complete(platform, &mut source, &mut missing)?;
    let staging = Staging::begin(platform, &folder)?;
    write::bundle(platform, source, staging, request.force.unwrap_or(false), missing)
}

/// Makes a bundle of notebooks and files, of jobs and of pipelines.
///
/// # Errors
/// Arguments that do not fit, nothing to make a bundle of, files that are there already, a workspace that cannot be asked.
pub(crate) fn from_list(
    platform: &impl Platform,
    request: types::GenerateBundleRequest,
) -> Result<types::GeneratedBundle, Failure> {
    let name = bundle_name(&request.bundle_name)?;
    let target = target(request.target_environment.as_deref())?;
    let folder = request.output_path.as_deref().map(|folder| project_path("output_path", folder)).transpose()?;
    let folder = folder.unwrap_or_else(|| name.as_str().to_owned());
    let mut paths = request.file_paths.unwrap_or_default();
    paths.extend(request.notebook_paths.unwrap_or_default());
    let (jobs, pipelines) = (request.job_ids.unwrap_or_default(), request.pipeline_ids.unwrap_or_default());
    if paths.is_empty() && jobs.is_empty() && pipelines.is_empty() {
        return Err(Failure::invalid("file_paths", "name notebooks, files or folders, or job_ids or pipeline_ids"));
    }
    let mut missing = Vec::new();
    let mut resources = Resources::default();
    resources.add_jobs(platform, &jobs, false, &mut missing)?;
    for id in &pipelines {
        resources.add_pipeline(platform, id).map_err(|failure| failure.doing(format!("reading pipeline {id}")))?;
    }
    resources.ask_permissions(platform, &mut missing);
    let chosen = facts::choose(platform, "file_paths", &paths, Look::Form, &mut missing)?;
    let mut source = Source { default_target: target, ..Source::new(name) };
    (source.jobs, source.pipelines) = (resources.jobs, resources.pipelines);
    let mut staging = Staging::begin(platform, &folder)?;
    read_code(platform, &mut source, chosen, &mut staging, &mut missing);
    complete(platform, &mut source, &mut missing)?;
    write::bundle(platform, source, staging, request.force.unwrap_or(false), missing)
}

/// Fetches what was chosen and analyses it.
fn read_code(
    platform: &impl Platform,
    source: &mut Source,
    chosen: Chosen,
    staging: &mut Staging,
    missing: &mut Vec<Missing>,
) {
    let fetch = |path: &WorkspacePath, object: &Object| {
        Some(Fetch { from: path.clone(), format: Chosen::format(object)?, to: String::new() })
    };
    let all: Vec<Fetch> = chosen.objects.iter().filter_map(|(path, object)| fetch(path, object)).collect();
    source.objects = chosen.objects;
    let mut failed = Vec::new();
    let is_local = |fetch: &Fetch| chosen.local.iter().find(|(path, _)| *path == fetch.from);
    for fetch in &all {
        if let Some((from, path)) = is_local(fetch)
            && let Err(failure) = staging.take(fetch, path)
        {
            failed.push((from.clone(), failure));
        }
    }
    let remote: Vec<Fetch> = all.into_iter().filter(|fetch| !Chosen::is_local(&fetch.from)).collect();
    failed.extend(staging.fetch(platform, &remote));
    for (path, failure) in failed {
        source.objects.insert(path, Object::Left(facts::in_short(&failure)));
    }
    for (path, object) in &source.objects {
        let Some(format) = Chosen::format(object) else {
            if let Object::Left(why) = object {
                missing.push(Missing { what: path.as_str().to_owned(), why: why.clone() });
            }
            continue;
        };
        let facts = match staging.bytes(path, format, MAX_CODE_BYTES) {
            Some(bytes) => facts::analyse(path, object, &bytes).facts,
            None => Facts {
                problems: vec![format!("has more than {MAX_CODE_BYTES} bytes and was not analysed")],
                ..Facts::default()
            },
        };
        source.notebooks.push(Notebook { path: path.clone(), facts });
    }
    let runs: BTreeSet<Wanted> = source
        .notebooks
        .iter()
        .flat_map(|notebook| notebook.facts.runs.iter().cloned())
        .filter(|path| !source.objects.contains_key(path) && !Chosen::is_local(path))
        .map(|path| Wanted { path, folder: false })
        .collect();
    source.objects.extend(facts::objects(platform, &runs, missing));
    let context = platform.context();
    source.warehouse = context.warehouse.filter(|id| !id.is_empty());
    let given = |name: Option<String>, other: String| name.filter(|name| !name.is_empty()).unwrap_or(other);
    let (catalog, schema) = source.namespace.clone();
    source.namespace = (given(context.catalog, catalog), given(context.schema, schema));
}

/// Adds what a source's settings refer to, and who asks.
fn complete(platform: &impl Platform, source: &mut Source, missing: &mut Vec<Missing>) -> Result<(), Failure> {
    source.deployer = Some(facts::principal(&me(platform)?));
    source.host = facts::host(platform);
    source.cluster = facts::cluster(platform);
    let mut found: BTreeSet<(Named, String)> = BTreeSet::new();
    let settings =
        source.jobs.iter().map(|job| &job.settings).chain(source.pipelines.iter().map(|pipeline| &pipeline.spec));
    for settings in settings {
        found.extend(ids(&Value::Object(settings.clone())));
    }
    found.extend(source.warehouse.iter().map(|id| (Named::Warehouse, id.clone())));
    source.names = facts::names(platform, &found);
    let new = wanted(source).into_iter().filter(|wanted| !source.objects.contains_key(&wanted.path)).collect();
    source.objects.extend(facts::objects(platform, &new, missing));
    Ok(())
}

fn bundle_name(text: &str) -> Result<BundleName, Failure> {
    BundleName::parse(text.trim()).map_err(|why| Failure::invalid("bundle_name", why))
}

fn target(asked: Option<&str>) -> Result<Target, Failure> {
    let Some(asked) = asked else { return Ok(Target::Dev) };
    Target::parse(asked.trim()).ok_or_else(|| Failure::invalid("target_environment", "must be dev, staging or prod"))
}

#[cfg(test)]
mod tests;

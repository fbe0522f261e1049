//! generate_bundle_from_job.

mod write;

use std::collections::BTreeSet;

use bricklayer_databricks::current_user::me;
use bricklayer_databricks::remote_path::project_path;
use bricklayer_generator::{BundleName, Named, Source, Target, ids, wanted};
use bricklayer_sdk::{Failure, Platform};
use serde_json::Value;

use crate::facts::{self, Missing, Resources};
use crate::types;

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
    write::bundle(platform, source, &folder, request.force.unwrap_or(false), missing)
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
    source.names = facts::names(platform, &found);
    source.objects.extend(facts::objects(platform, &wanted(source), missing));
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

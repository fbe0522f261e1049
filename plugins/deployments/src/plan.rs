//! plan_bundle.

use bricklayer_deployer::{Plan, prepare, prepare_destroy};
use bricklayer_sdk::{Failure, Platform};

use crate::opened::{self, Asked, Opened};
use crate::types;
use crate::work::{self, Options, action, short};

/// Bytes of a plan as JSON that an answer has.
const MAX_PLAN_BYTES: usize = 128 * 1024;

/// Resources that an answer names.
const MAX_RESOURCES: usize = 2_000;

/// Fields of a resource that an answer names.
const MAX_FIELDS: usize = 50;

/// Says what a deploy or destroy would do.
///
/// # Errors
/// A bundle with errors, a state that is not used, a workspace that cannot be read.
pub(crate) fn plan(platform: &impl Platform, request: types::PlanBundleRequest) -> Result<types::BundlePlan, Failure> {
    let asked = Asked { path: request.bundle_path, target: request.target, variables: request.variables };
    let opened = opened::good(platform, asked)?;
    let options = Options {
        is_destroy: request.destroy == Some(true),
        overwrite_drift: request.overwrite_drift == Some(true),
        ..Options::default()
    };
    let plan = made(platform, &opened, options)?;
    Ok(told(&plan, &opened.bundle.name, &opened.bundle.target))
}

/// The plan of a bundle as things stand. It changes nothing.
///
/// # Errors
/// A state that is not used, a workspace that cannot be read.
pub(crate) fn made(platform: &impl Platform, opened: &Opened, options: Options) -> Result<Plan, Failure> {
    work::with(platform, opened, options, |remote, job| {
        let prepared =
            if options.is_destroy { prepare_destroy(remote, job, false) } else { prepare(remote, job, false) };
        prepared.map(|prepared| prepared.plan).map_err(|fault| remote.failure(fault))
    })
}

/// A plan in words, with its id and what to do with it.
pub(crate) fn text(plan: &Plan, name: &str, target: &str) -> String {
    let what = if plan.is_destroy { "Destroying" } else { "Deploying" };
    let mut text = format!("{what} **{name}**, target `{target}`, at {}.\n{}", plan.root_path, plan.text());
    let tool = if plan.is_destroy { "destroy_bundle" } else { "deploy_bundle" };
    let losses: Vec<String> = plan.losses().into_iter().collect();
    if plan.refusals.is_empty() {
        text.push_str(&format!("\nPlan id: `{}`; {tool} takes it.", plan.id()));
        if !losses.is_empty() {
            text.push_str(&format!(" It deletes or makes anew {}: `deletes` must name them.", losses.join(", ")));
        }
    }
    text
}

fn told(plan: &Plan, name: &str, target: &str) -> types::BundlePlan {
    let starts = |sign: &str| plan.files.iter().filter(|line| line.starts_with(sign)).count() as u32;
    let json = plan.to_json().to_string();
    let resources = plan.entries.iter().take(MAX_RESOURCES).map(|(key, entry)| types::PlannedResource {
        key: short(key),
        action: action(entry.action),
        id: entry.id.clone(),
        note: entry.note.clone(),
        changes: entry.changes.iter().take(MAX_FIELDS).map(|change| change.path.clone()).collect(),
        drift: entry.drift.iter().take(MAX_FIELDS).map(|change| change.path.clone()).collect(),
    });
    types::BundlePlan {
        text: text(plan, name, target),
        plan_id: plan.id(),
        ok: plan.refusals.is_empty(),
        destroy: plan.is_destroy,
        target: target.to_owned(),
        root_path: plan.root_path.clone(),
        serial: plan.serial,
        resources: resources.collect(),
        deletes: plan.losses().into_iter().collect(),
        uploads: starts("+"),
        deleted_files: starts("-"),
        refusals: plan.refusals.clone(),
        warnings: plan.warnings.clone(),
        plan: (json.len() <= MAX_PLAN_BYTES).then_some(json),
    }
}

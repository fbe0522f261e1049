//! deploy_bundle and destroy_bundle.

use std::collections::BTreeSet;

use bricklayer_databricks::show::{link, workspace_link};
use bricklayer_deployer::{Action, Plan, Report, deploy, destroy, kind, prepare, prepare_destroy};
use bricklayer_sdk::{Failure, Kind, Platform};

use crate::opened::{self, Asked, Opened};
use crate::plan;
use crate::types;
use crate::work::{self, Options, action, short};

/// Resources that the text names.
const MAX_TOLD: usize = 60;

/// Carries a plan out.
///
/// # Errors
/// A plan that is no longer the same, deletions that are not named, a lock that somebody holds, and what keeps all of it
/// from being done. What becomes of single resources is in the answer.
pub(crate) fn deploy_bundle(
    platform: &impl Platform,
    request: types::DeployBundleRequest,
) -> Result<types::BundleDeployment, Failure> {
    let asked = Asked { path: request.bundle_path, target: request.target, variables: request.variables };
    let options = Options {
        is_destroy: false,
        force_lock: request.force_lock == Some(true),
        overwrite_drift: request.overwrite_drift == Some(true),
    };
    carry_out(platform, asked, options, &request.plan_id, request.deletes.unwrap_or_default())
}

/// Takes everything away.
///
/// # Errors
/// As for [`deploy_bundle`].
pub(crate) fn destroy_bundle(
    platform: &impl Platform,
    request: types::DestroyBundleRequest,
) -> Result<types::BundleDeployment, Failure> {
    let asked = Asked { path: request.bundle_path, target: request.target, variables: request.variables };
    let options = Options { is_destroy: true, force_lock: request.force_lock == Some(true), overwrite_drift: false };
    carry_out(platform, asked, options, &request.plan_id, request.deletes.unwrap_or_default())
}

fn carry_out(
    platform: &impl Platform,
    asked: Asked,
    options: Options,
    plan_id: &str,
    deletes: Vec<String>,
) -> Result<types::BundleDeployment, Failure> {
    if plan_id.trim().is_empty() {
        return Err(Failure::invalid("plan_id", "is empty; plan_bundle gives one"));
    }
    let opened = opened::good(platform, asked)?;
    work::with(platform, &opened, options, |remote, job| {
        let prepared = if options.is_destroy { prepare_destroy(remote, job, true) } else { prepare(remote, job, true) };
        let prepared = prepared.map_err(|fault| remote.failure(fault))?;
        check(&prepared.plan, plan_id, deletes, &opened)?;
        if options.is_destroy && prepared.plan.entries.is_empty() && !prepared.has_root {
            return Ok(nothing(&prepared.plan, &opened));
        }
        let plan = prepared.plan.clone();
        let done = if options.is_destroy { destroy(remote, job, prepared) } else { deploy(remote, job, prepared) };
        done.map(|report| told(platform, &plan, report, &opened)).map_err(|fault| {
            remote
                .failure(fault)
                .advise("What was done is kept: plan_bundle tells what is left, and deploying again goes on.")
        })
    })
}

/// Whether this is the plan that was shown, and what it deletes is named.
fn check(plan: &Plan, plan_id: &str, deletes: Vec<String>, opened: &Opened) -> Result<(), Failure> {
    if plan.id() != plan_id.trim() {
        let now = plan::text(plan, &opened.bundle.name, &opened.bundle.target);
        let message = format!("plan_id: this is no longer the plan; nothing was done. It would be now:\n{now}");
        return Err(Failure::new(Kind::InvalidInput, message));
    }
    if !plan.refusals.is_empty() {
        let message = format!("the plan cannot be carried out; nothing was done:\n- {}", plan.refusals.join("\n- "));
        return Err(Failure::new(Kind::InvalidInput, message));
    }
    let losses = plan.losses();
    let named: BTreeSet<String> = deletes.into_iter().map(|name| short(name.trim())).collect();
    let missing: Vec<&str> = losses.difference(&named).map(String::as_str).collect();
    if !missing.is_empty() {
        let message = format!("the plan deletes or makes anew {}; nothing was done", missing.join(", "));
        return Err(Failure::invalid("deletes", message).advise("Ask the user, and name all of them."));
    }
    let other: Vec<&str> = named.difference(&losses).map(String::as_str).collect();
    if !other.is_empty() {
        return Err(Failure::invalid("deletes", format!("the plan does not delete {}", other.join(", "))));
    }
    Ok(())
}

fn nothing(plan: &Plan, opened: &Opened) -> types::BundleDeployment {
    types::BundleDeployment {
        text: format!("Nothing of **{}** is deployed to `{}`.", opened.bundle.name, opened.bundle.target),
        ok: true,
        bundle: opened.bundle.name.clone(),
        target: opened.bundle.target.clone(),
        root_path: plan.root_path.clone(),
        serial: plan.serial,
        done: Vec::new(),
        failed: Vec::new(),
        unchanged: 0,
        uploads: 0,
        deleted_files: 0,
    }
}

fn told(platform: &impl Platform, plan: &Plan, report: Report, opened: &Opened) -> types::BundleDeployment {
    let page = |key: &str, id: &str| {
        let page = kind(key.split('.').nth(1)?)?.page_of(id)?;
        workspace_link(platform, &format!("/{page}"))
    };
    let done: Vec<types::DeployedResource> = report
        .applied
        .done
        .iter()
        .map(|done| types::DeployedResource {
            key: short(&done.key),
            action: action(done.action),
            id: done.id.clone(),
            link: page(&done.key, &done.id).filter(|_| done.action != Action::Delete),
        })
        .collect();
    let failed: Vec<types::FailedResource> = report
        .applied
        .failed
        .iter()
        .map(|(key, message)| types::FailedResource { key: short(key), message: message.clone() })
        .collect();
    let mut deployment = types::BundleDeployment {
        text: String::new(),
        ok: failed.is_empty(),
        bundle: opened.bundle.name.clone(),
        target: opened.bundle.target.clone(),
        root_path: plan.root_path.clone(),
        serial: report.serial,
        done,
        failed,
        unchanged: plan.count(Action::Skip) as u32,
        uploads: report.uploaded as u32,
        deleted_files: report.deleted_files as u32,
    };
    deployment.text = text(&deployment, plan, &report, opened);
    deployment
}

fn text(deployment: &types::BundleDeployment, plan: &Plan, report: &Report, opened: &Opened) -> String {
    let count = |action: types::PlanAction| deployment.done.iter().filter(|one| one.action == action).count();
    let parts = [
        (count(types::PlanAction::Create), "made"),
        (count(types::PlanAction::Update), "changed"),
        (count(types::PlanAction::Recreate), "made anew"),
        (count(types::PlanAction::Delete), "deleted"),
        (deployment.unchanged as usize, "unchanged"),
        (deployment.failed.len(), "failed"),
    ];
    let told: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
    let told = if told.is_empty() { "no resources".to_owned() } else { told.join(", ") };
    let did = match (plan.is_destroy, deployment.ok) {
        (true, true) => "Destroyed",
        (false, true) => "Deployed",
        (true, false) => "Destroyed in part",
        (false, false) => "Deployed in part",
    };
    let mut text = format!("{did} **{}**, target `{}`: {told}", opened.bundle.name, deployment.target);
    if !plan.is_destroy {
        text.push_str(&format!("; {} files uploaded, {} deleted", deployment.uploads, deployment.deleted_files));
    }
    text.push('.');
    for one in deployment.done.iter().take(MAX_TOLD) {
        let verb = match one.action {
            types::PlanAction::Create => "made",
            types::PlanAction::Update => "changed",
            types::PlanAction::Recreate => "made anew",
            types::PlanAction::Delete => "deleted",
            types::PlanAction::Skip => "unchanged",
        };
        text.push_str(&format!("\n- {verb} {} ({})", link(&one.key, one.link.as_deref()), one.id));
    }
    if deployment.done.len() > MAX_TOLD {
        text.push_str(&format!("\n- and {} more", deployment.done.len() - MAX_TOLD));
    }
    for one in deployment.failed.iter().take(MAX_TOLD) {
        text.push_str(&format!("\n- **failed** {}: {}", one.key, one.message));
    }
    if report.root_deleted {
        text.push_str(&format!("\nThe folder {} was deleted.", deployment.root_path));
    }
    for warning in plan.warnings.iter().chain(&report.warnings) {
        text.push_str(&format!("\nNote: {warning}."));
    }
    if !deployment.ok {
        text.push_str(
            "\nMend the cause, then plan_bundle and deploy again: what was done is kept, the rest is tried again.",
        );
    }
    text
}

#[cfg(test)]
mod tests;

//! run_bundle_command: the tools of bundles by one door.

use bricklayer_sdk::{Failure, Platform};

use crate::types::{self, BundleCommand};
use crate::{deploy, init, plan, run, summary, validate};

/// Does a command.
///
/// # Errors
/// Arguments that the command does not know or misses, and what the tool of its name fails with.
pub(crate) fn run_command(
    platform: &impl Platform,
    request: types::RunBundleCommandRequest,
) -> Result<types::BundleCommandResult, Failure> {
    let command = request.command.unwrap_or(BundleCommand::Validate);
    check(command, &request)?;
    let types::RunBundleCommandRequest { bundle_path, target, variables, .. } = request;
    let mut result = types::BundleCommandResult {
        text: String::new(),
        command,
        ok: true,
        plan_id: None,
        deletes: Vec::new(),
        run: None,
    };
    match command {
        BundleCommand::Validate => {
            let request = types::ValidateBundleRequest { bundle_path, target, variables, strict: None };
            let found = validate::validate(platform, request)?;
            (result.text, result.ok) = (found.text, found.ok);
        }
        BundleCommand::Plan => {
            let found = plan::plan(
                platform,
                types::PlanBundleRequest {
                    bundle_path,
                    target,
                    variables,
                    overwrite_drift: request.overwrite_drift,
                    destroy: request.plan_destroy,
                },
            )?;
            (result.text, result.ok) = (found.text, found.ok);
            (result.plan_id, result.deletes) = (Some(found.plan_id), found.deletes);
        }
        BundleCommand::Deploy => {
            let found = deploy::deploy_bundle(
                platform,
                types::DeployBundleRequest {
                    bundle_path,
                    target,
                    variables,
                    plan_id: request.plan_id.unwrap_or_default(),
                    deletes: request.deletes,
                    force_lock: request.force_lock,
                    overwrite_drift: request.overwrite_drift,
                },
            )?;
            (result.text, result.ok) = (found.text, found.ok);
        }
        BundleCommand::Destroy => {
            let found = deploy::destroy_bundle(
                platform,
                types::DestroyBundleRequest {
                    bundle_path,
                    target,
                    variables,
                    plan_id: request.plan_id.unwrap_or_default(),
                    deletes: request.deletes,
                    force_lock: request.force_lock,
                },
            )?;
            (result.text, result.ok) = (found.text, found.ok);
        }
        BundleCommand::Run => {
            let found = run::run(
                platform,
                types::RunBundleRequest {
                    bundle_path,
                    target,
                    variables,
                    key: request.key.unwrap_or_default(),
                    parameters: request.parameters,
                    task_parameters: None,
                    only: None,
                    full_refresh: None,
                    refresh_selection: None,
                    full_refresh_selection: None,
                    validate_only: None,
                    wait_seconds: None,
                },
            )?;
            (result.text, result.run) = (found.text, Some(found.run));
        }
        BundleCommand::Summary => {
            let request = types::BundleSummaryRequest { bundle_path, target, variables };
            result.text = summary::sum_up(platform, request)?.text;
        }
        BundleCommand::Init => {
            let request = types::InitBundleRequest {
                template: request.template,
                project_name: request.project_name.unwrap_or_default(),
                folder: bundle_path,
                catalog: None,
                personal_schemas: None,
                include_job: None,
                include_pipeline: None,
                language: None,
                warehouse: None,
                overwrite: None,
            };
            result.text = init::init(platform, request)?.text;
        }
    }
    Ok(result)
}

/// What a command does not know is refused, and what it needs is asked for.
fn check(command: BundleCommand, request: &types::RunBundleCommandRequest) -> Result<(), Failure> {
    use BundleCommand::{Deploy, Destroy, Init, Plan, Run};
    let known: [(&str, bool, &[BundleCommand]); 10] = [
        ("plan_id", request.plan_id.is_some(), &[Deploy, Destroy]),
        ("deletes", request.deletes.is_some(), &[Deploy, Destroy]),
        ("force_lock", request.force_lock.is_some(), &[Deploy, Destroy]),
        ("overwrite_drift", request.overwrite_drift.is_some(), &[Plan, Deploy]),
        ("plan_destroy", request.plan_destroy.is_some(), &[Plan]),
        ("key", request.key.is_some(), &[Run]),
        ("parameters", request.parameters.is_some(), &[Run]),
        ("template", request.template.is_some(), &[Init]),
        ("project_name", request.project_name.is_some(), &[Init]),
        ("target", request.target.is_some() && command == Init, &[]),
    ];
    for (field, is_given, commands) in known {
        if is_given && !commands.contains(&command) {
            return Err(Failure::invalid(field, format!("is not for the command {}", word(command))));
        }
    }
    let needed = [
        ("plan_id", request.plan_id.is_none() && matches!(command, Deploy | Destroy), "plan gives one"),
        ("key", request.key.is_none() && command == Run, "name a job or pipeline of the bundle"),
        ("project_name", request.project_name.is_none() && command == Init, "name the bundle"),
    ];
    match needed.iter().find(|(_, is_missing, _)| *is_missing) {
        Some((field, _, advice)) => {
            Err(Failure::invalid(field, format!("the command {} needs it; {advice}", word(command))))
        }
        None => Ok(()),
    }
}

const fn word(command: BundleCommand) -> &'static str {
    match command {
        BundleCommand::Validate => "validate",
        BundleCommand::Plan => "plan",
        BundleCommand::Deploy => "deploy",
        BundleCommand::Run => "run",
        BundleCommand::Summary => "summary",
        BundleCommand::Destroy => "destroy",
        BundleCommand::Init => "init",
    }
}

#[cfg(test)]
mod tests {
    use bricklayer_sdk::testing::Script;

    use super::*;
    use crate::testing::{deployed, planned, project, script};

    fn asked(command: BundleCommand) -> types::RunBundleCommandRequest {
        types::RunBundleCommandRequest {
            command: Some(command),
            bundle_path: None,
            target: None,
            variables: None,
            plan_id: None,
            deletes: None,
            force_lock: None,
            overwrite_drift: None,
            plan_destroy: None,
            key: None,
            parameters: None,
            template: None,
            project_name: None,
        }
    }

    #[test]
    fn each_command_is_its_tool() {
        let project = project();
        let unsaid = types::RunBundleCommandRequest { command: None, ..asked(BundleCommand::Plan) };
        let found = run_command(&script(&project), unsaid).unwrap();
        assert!(found.ok && found.command == BundleCommand::Validate && found.text.contains("can be deployed"));
        let plan = run_command(&planned(script(&project)), asked(BundleCommand::Plan)).unwrap();
        assert!(plan.ok && plan.plan_id.is_some_and(|id| plan.text.contains(&id)), "{}", plan.text);
        let summary = run_command(&deployed(script(&project)), asked(BundleCommand::Summary)).unwrap();
        assert!(summary.text.contains("[jobs.j](<https://w.example/jobs/17>) “[dev ann] j”: 17"), "{}", summary.text);
        let other = types::RunBundleCommandRequest { plan_id: Some("x".to_owned()), ..asked(BundleCommand::Deploy) };
        let failure = run_command(&planned(script(&project)), other).unwrap_err();
        assert!(failure.message.contains("no longer the plan"), "{failure:?}");
        let begun = types::RunBundleCommandRequest {
            bundle_path: Some("new".to_owned()),
            project_name: Some("p".to_owned()),
            ..asked(BundleCommand::Init)
        };
        assert!(run_command(&script(&project), begun).unwrap().text.contains("new/databricks.yml"));
    }

    #[test]
    fn what_a_command_does_not_know_or_misses_is_told_before_anything_is_asked() {
        for (request, begins) in [
            (asked(BundleCommand::Deploy), "plan_id: the command deploy needs it"),
            (asked(BundleCommand::Destroy), "plan_id: the command destroy needs it"),
            (asked(BundleCommand::Run), "key: the command run needs it"),
            (asked(BundleCommand::Init), "project_name: the command init needs it"),
            (
                types::RunBundleCommandRequest { key: Some("k".to_owned()), ..asked(BundleCommand::Plan) },
                "key: is not for the command plan",
            ),
            (
                types::RunBundleCommandRequest { force_lock: Some(true), ..asked(BundleCommand::Summary) },
                "force_lock: is not for the command summary",
            ),
        ] {
            let failure = run_command(&Script::new(), request).unwrap_err();
            assert!(failure.message.starts_with(begins), "{failure:?}");
        }
    }
}

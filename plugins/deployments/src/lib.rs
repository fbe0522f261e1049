//! The family of deployments. Its contract is `wit/deployments.wit`; what a bundle is and whether it is right, the library
//! `bricklayer-bundle` says, and what deploying it comes to, `bricklayer-deployer`.

mod calls;
mod command;
mod deploy;
mod init;
mod local;
mod lookups;
mod opened;
mod plan;
mod preview;
mod project;
mod remote;
mod repair;
mod run;
mod summary;
#[cfg(test)]
mod testing;
mod upload;
mod validate;
mod work;

bricklayer_sdk::family! {
    world: "bricklayer:deployments/databricks-deployments",
    wit: ["../../wit/host.wit", "../../wit/deployments.wit"],
    tools: bricklayer::deployments::tools {
        validate_bundle(ValidateBundleRequest) -> BundleValidation = validate::validate,
        repair_bundle(RepairBundleRequest) -> RepairedBundle = repair::repair,
        plan_bundle(PlanBundleRequest) -> BundlePlan = plan::plan,
        deploy_bundle(DeployBundleRequest) -> BundleDeployment = deploy::deploy_bundle,
        run_bundle(RunBundleRequest) -> BundleRun = run::run,
        wait_for_bundle_run(WaitForBundleRunRequest) -> BundleRun = run::wait,
        bundle_summary(BundleSummaryRequest) -> SummedBundle = summary::sum_up,
        destroy_bundle(DestroyBundleRequest) -> BundleDeployment = deploy::destroy_bundle,
        upload_bundle(UploadBundleRequest) -> UploadedBundle = upload::upload,
        init_bundle(InitBundleRequest) -> BegunBundle = init::init,
        run_bundle_command(RunBundleCommandRequest) -> BundleCommandResult = command::run_command,
    }
}

bricklayer_databricks::operations!(calls::operations);
bricklayer_databricks::previews!(preview::preview);

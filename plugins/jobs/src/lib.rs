//! The family of jobs: settings, runs, outputs. Its contract is `wit/jobs.wit`.

mod calls;
mod export;
mod job;
mod output;
mod run;
mod run_tools;
mod settings;
mod show;
mod wire;

bricklayer_sdk::family! {
    world: "bricklayer:jobs/databricks-jobs",
    wit: ["../../wit/host.wit", "../../wit/jobs.wit"],
    tools: bricklayer::jobs::tools {
        create_job(CreateJobRequest) -> JobChange = job::create,
        create_or_update_job(CreateOrUpdateJobRequest) -> JobChange = job::create_or_update,
        get_job(GetJobRequest) -> Job = job::get,
        list_jobs(ListJobsRequest) -> JobList = job::list,
        find_job_by_name(FindJobByNameRequest) -> FoundJob = job::find,
        update_job(UpdateJobRequest) -> JobChange = job::update,
        reset_job(ResetJobRequest) -> JobChange = job::reset,
        delete_job(DeleteJobRequest) -> JobChange = job::delete,
        run_job(RunJobRequest) -> Run = run_tools::run_job,
        submit_run(SubmitRunRequest) -> Run = run_tools::submit,
        get_run(GetRunRequest) -> Run = run_tools::get,
        wait_for_run(WaitForRunRequest) -> Run = run_tools::wait,
        get_run_output(GetRunOutputRequest) -> RunOutput = output::get,
        cancel_run(CancelRunRequest) -> Run = run_tools::cancel,
        repair_run(RepairRunRequest) -> Run = run_tools::repair,
        list_runs(ListRunsRequest) -> RunList = run_tools::list,
        export_run(ExportRunRequest) -> ExportedRun = export::export,
    }
}

bricklayer_databricks::operations!(calls::operations);

//! The family of pipelines: settings, updates, event logs. Its contract is `wit/pipelines.wit`.

mod calls;
mod events;
mod pipeline;
mod settings;
mod show;
mod update;
mod update_tools;
mod wire;

bricklayer_sdk::family! {
    world: "bricklayer:pipelines/databricks-pipelines",
    wit: ["../../wit/host.wit", "../../wit/pipelines.wit"],
    tools: bricklayer::pipelines::tools {
        create_pipeline(CreatePipelineRequest) -> PipelineChange = pipeline::create,
        create_or_update_pipeline(CreateOrUpdatePipelineRequest) -> PipelineChange = pipeline::create_or_update,
        get_pipeline(GetPipelineRequest) -> Pipeline = pipeline::get,
        list_pipelines(ListPipelinesRequest) -> PipelineList = pipeline::list,
        find_pipeline_by_name(FindPipelineByNameRequest) -> FoundPipeline = pipeline::find,
        update_pipeline(UpdatePipelineRequest) -> PipelineChange = pipeline::update,
        delete_pipeline(DeletePipelineRequest) -> PipelineChange = pipeline::delete,
        start_update(StartUpdateRequest) -> Update = update_tools::start,
        get_update(GetUpdateRequest) -> Update = update_tools::get,
        wait_for_update(WaitForUpdateRequest) -> Update = update_tools::wait,
        stop_pipeline(StopPipelineRequest) -> PipelineChange = update_tools::stop,
        get_pipeline_events(GetPipelineEventsRequest) -> EventList = events::get,
    }
}

bricklayer_databricks::operations!(calls::operations);

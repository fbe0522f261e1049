//! Pipeline tasks: an update of a pipeline, from its start to its end.

use tokio_util::sync::CancellationToken;

use super::{
    context::Context,
    leaf::{Done, Given, head},
};
use crate::{
    database,
    jobs::{
        model::{Code, Output},
        settings::PipelineTask,
    },
    pipelines::{Cause, Refused, Scope, UpdateRequest, UpdateState},
};

/// Runs the task.
pub(super) async fn run(
    context: &Context,
    task: &PipelineTask,
    given: &Given,
    cancel: &CancellationToken,
) -> database::Result<Done> {
    let id = &task.pipeline_id;
    let Some(pipeline) = context.pipelines.pipeline_of(&given.user, id).await? else {
        return Ok(Done::refused(Code::ResourceNotFound, format!("The specified pipeline {id} was not found.")));
    };
    let scope = Scope {
        full_refresh: task.full_refresh,
        refresh_selection: task.refresh_selection.clone(),
        full_refresh_selection: task.full_refresh_selection.clone(),
        validate_only: false,
    };
    let request = UpdateRequest { cause: Cause::JobTask, scope };
    let mut started = match context.pipelines.start(pipeline.clone(), request).await {
        Ok(started) => started,
        Err(Refused::Objects(error)) => return Err(error),
        Err(error) => {
            return Ok(Done::refused(
                Code::RunExecutionError,
                format!("The pipeline {id} cannot be updated: {error}."),
            ));
        }
    };
    let canceled = tokio::select! {
        _ = started.ended.wait_for(|ended| *ended) => false,
        () = cancel.cancelled() => true,
    };
    if canceled {
        context.pipelines.stop(&pipeline).await;
        let _ = started.ended.wait_for(|ended| *ended).await;
    }
    let update = context.pipelines.update(&pipeline, &started.update_id).await?;
    Ok(match update.map(|update| update.state) {
        Some(UpdateState::Completed) => Done::succeeded(Output::default()),
        _ if canceled => Done::canceled(),
        state => {
            let mut said = context.pipelines.failures(&pipeline, &started.update_id).await?;
            if said.is_empty() {
                let word = state.map_or("gone", UpdateState::word);
                said.push(format!("The update {} of the pipeline {id} is {word}.", started.update_id));
            }
            Done::workload_failed(Output { error: Some(head(&said.join("\n")).0), ..Output::default() })
        }
    })
}

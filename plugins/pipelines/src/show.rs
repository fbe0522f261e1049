//! Pipelines and updates in words.

use bricklayer_databricks::show::{link, workspace_link};
use bricklayer_sdk::Platform;

use crate::types;
use crate::wire::{Pipeline, Update};

/// Where a person sees a pipeline.
pub(crate) fn pipeline_link(platform: &impl Platform, id: &str) -> Option<String> {
    workspace_link(platform, &format!("/pipelines/{id}"))
}

/// One line about where an update stands, with its link.
pub(crate) fn headline(platform: &impl Platform, update: &Update) -> String {
    let words = format!("Update {}", update.update_id);
    let what = match (update.validate_only, update.full_refresh) {
        (true, _) => " (validation)",
        (false, true) => " (full refresh)",
        (false, false) => "",
    };
    format!("{}{what}: {}", link(&words, update_link(platform, update).as_deref()), update.state)
}

fn update_link(platform: &impl Platform, update: &Update) -> Option<String> {
    workspace_link(platform, &format!("/pipelines/{}/updates/{}", update.pipeline_id, update.update_id))
}

/// An update as its type has it.
pub(crate) fn update(platform: &impl Platform, update: &Update, text: String) -> types::Update {
    types::Update {
        text,
        pipeline_id: update.pipeline_id.clone(),
        update_id: update.update_id.clone(),
        state: update.state.clone(),
        ended: update.has_ended(),
        cause: update.cause.clone(),
        created_ms: update.creation_time,
        full_refresh: update.full_refresh,
        validate_only: update.validate_only,
        link: update_link(platform, update),
    }
}

/// A pipeline in a list.
pub(crate) fn summary(pipeline: &Pipeline) -> types::PipelineSummary {
    let latest = pipeline.latest_updates.first();
    types::PipelineSummary {
        pipeline_id: pipeline.pipeline_id.clone(),
        name: pipeline.name.clone(),
        state: pipeline.state.clone(),
        health: pipeline.health.clone(),
        creator: pipeline.creator_user_name.clone(),
        latest_update_id: latest.map(|update| update.update_id.clone()),
        latest_update_state: latest.map(|update| update.state.clone()),
    }
}

//! What a project chose of its tools.

use axum::Json;
use axum::extract::State;
use bricklayer_domain::{ProjectId, ToolChoice};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::extract::{Body, Path};
use super::problem::Problem;
use crate::app::AppState;
use crate::identity::Caller;

/// What a project chose of its tools: names of tools (`mcp__databricks__run_job`) and of families, which are plugins
/// (`databricks-jobs`) or `built-in`.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChosenTools {
    /// Told to the model at once, as far as there is room.
    #[schema(max_items = 500)]
    pinned: Vec<String>,
    /// Neither told, found nor called in this project.
    #[schema(max_items = 500)]
    hidden: Vec<String>,
}

impl From<ToolChoice> for ChosenTools {
    fn from(choice: ToolChoice) -> Self {
        Self { pinned: choice.pinned.into_iter().collect(), hidden: choice.hidden.into_iter().collect() }
    }
}

/// Tells what a project chose of its tools.
#[utoipa::path(get, path = "/api/projects/{project_id}/tool_choice", tag = "projects", operation_id = "get_tool_choice",
    params(("project_id" = Uuid, Path, description = "The project.")), responses((status = 200, body = ChosenTools)))]
pub(crate) async fn get_tool_choice(
    State(app): State<AppState>,
    caller: Caller,
    Path(project): Path<ProjectId>,
) -> Result<Json<ChosenTools>, Problem> {
    app.store().get_project(&caller.user, project).await?;
    Ok(Json(app.store().tool_choice(&caller.user, project).await?.into()))
}

/// Puts another choice in its place; it holds from the next message on. What is pinned and hidden is hidden.
#[utoipa::path(put, path = "/api/projects/{project_id}/tool_choice", tag = "projects", operation_id = "set_tool_choice",
    params(("project_id" = Uuid, Path, description = "The project.")), request_body = ChosenTools,
    responses((status = 200, body = ChosenTools)))]
pub(crate) async fn set_tool_choice(
    State(app): State<AppState>,
    caller: Caller,
    Path(project): Path<ProjectId>,
    Body(body): Body<ChosenTools>,
) -> Result<Json<ChosenTools>, Problem> {
    let ChosenTools { pinned, hidden } = body;
    let choice = ToolChoice { pinned: pinned.into_iter().collect(), hidden: hidden.into_iter().collect() };
    app.store().set_tool_choice(&caller.user, project, &choice).await?;
    Ok(Json(app.store().tool_choice(&caller.user, project).await?.into()))
}

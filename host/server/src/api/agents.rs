//! The subagents of a project.

use axum::Json;
use axum::extract::State;
use bricklayer_domain::ProjectId;
use bricklayer_skills::{AgentDefinition, AgentSet};
use serde::Serialize;
use utoipa::ToSchema;

use super::extract::Path;
use super::problem::Problem;
use super::skills::shown::SkillOrigin;
use crate::app::AppState;
use crate::identity::Caller;

/// One subagent.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AgentInfo {
    /// Its name.
    name: String,
    /// What it is for.
    description: String,
    /// The tools that it has of its caller's, by name; null is all.
    #[schema(required = true)]
    tools: Option<Vec<String>>,
    /// The model that it asks; null is its caller's.
    #[schema(required = true)]
    model: Option<String>,
    /// What it is told.
    prompt: String,
    /// Whose it is.
    origin: SkillOrigin,
    /// Whose subagent of the same name it stands before.
    #[schema(required = true)]
    replaces: Option<SkillOrigin>,
    /// What is odd about it.
    warnings: Vec<String>,
}

impl From<&AgentDefinition> for AgentInfo {
    fn from(agent: &AgentDefinition) -> Self {
        Self {
            name: agent.name().to_owned(),
            description: agent.description().to_owned(),
            tools: agent.tools().map(<[String]>::to_vec),
            model: agent.model().map(str::to_owned),
            prompt: agent.prompt().to_owned(),
            origin: agent.origin().into(),
            replaces: agent.replaces().map(SkillOrigin::from),
            warnings: agent.warnings().to_vec(),
        }
    }
}

/// The subagents of a project.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AgentList {
    /// By name.
    agents: Vec<AgentInfo>,
    /// What was odd when they were looked for.
    warnings: Vec<String>,
}

impl From<&AgentSet> for AgentList {
    fn from(set: &AgentSet) -> Self {
        Self { agents: set.iter().map(|agent| (&**agent).into()).collect(), warnings: set.warnings().to_vec() }
    }
}

/// Lists the subagents that the agent may give work to in a project.
#[utoipa::path(get, path = "/api/projects/{project_id}/agents", tag = "skills", operation_id = "list_agents",
    params(("project_id" = Uuid, Path, description = "The project.")), responses((status = 200, body = AgentList)))]
pub(crate) async fn list_agents(
    State(app): State<AppState>,
    caller: Caller,
    Path(project): Path<ProjectId>,
) -> Result<Json<AgentList>, Problem> {
    app.store().get_project(&caller.user, project).await?;
    Ok(Json((&app.skills().of(&caller.user, project).await?.agents).into()))
}

//! Projects.

use axum::Json;
use axum::extract::State;
use bricklayer_domain::{ProjectId, Title, chain};
use chrono::{DateTime, Utc};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::extract::{Body, Path, Query};
use super::list::ListQuery;
use super::problem::Problem;
use crate::app::AppState;
use crate::identity::Caller;

/// A folder with files and conversations.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Project {
    /// Its id.
    id: Uuid,
    /// For people.
    name: String,
    /// Its owner.
    user_email: String,
    /// When it was made.
    created_at: DateTime<Utc>,
    /// When the last turn of its conversations began; when it was made, before the first.
    updated_at: DateTime<Utc>,
    /// How many conversations it holds.
    conversation_count: i64,
    /// In how many of them a turn runs.
    running_count: i64,
    /// In how many of them a turn waits for the user.
    waiting_count: i64,
}

impl From<bricklayer_domain::Project> for Project {
    fn from(project: bricklayer_domain::Project) -> Self {
        Self {
            id: project.id.as_uuid(),
            name: project.name,
            user_email: project.user.to_string(),
            created_at: project.created_at,
            updated_at: project.updated_at,
            conversation_count: project.conversation_count,
            running_count: project.running_count,
            waiting_count: project.waiting_count,
        }
    }
}

/// The user's projects, and where the list goes on.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProjectList {
    /// The newest first.
    projects: Vec<Project>,
    /// Pass it as `after` for those that follow; null when there are none.
    #[schema(required = true)]
    next: Option<String>,
}

/// A project's name.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NamedProject {
    /// One line, 1 to 200 characters.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
}

/// That something was deleted.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeletedProject {
    /// Always true.
    success: bool,
    /// What is gone.
    deleted_project_id: Uuid,
}

pub(super) fn title(field: &'static str, text: &str) -> Result<Title, Problem> {
    Title::parse(text).map_err(|error| Problem::field(field, error.to_string()))
}

/// Lists the user's projects, the newest first.
#[utoipa::path(get, path = "/api/projects", tag = "projects", operation_id = "list_projects", params(ListQuery),
    responses((status = 200, body = ProjectList)))]
pub(crate) async fn list_projects(
    State(app): State<AppState>,
    caller: Caller,
    Query(query): Query<ListQuery>,
) -> Result<Json<ProjectList>, Problem> {
    let store = app.store();
    let (projects, next) = query.part()?.gather(|page| store.list_projects(&caller.user, page)).await?;
    Ok(Json(ProjectList { projects: projects.into_iter().map(Project::from).collect(), next }))
}

/// Makes a project.
#[utoipa::path(post, path = "/api/projects", tag = "projects", operation_id = "create_project", request_body = NamedProject,
    responses((status = 201, body = Project)))]
pub(crate) async fn create_project(
    State(app): State<AppState>,
    caller: Caller,
    Body(body): Body<NamedProject>,
) -> Result<(StatusCode, Json<Project>), Problem> {
    let project = app.store().create_project(&caller.user, &title("name", &body.name)?).await?;
    if let Err(error) = app.skills().copy_to_new(&caller.user, project.id).await {
        // It has the host's skills all the same.
        tracing::warn!(error = chain(&error), project.id = %project.id, "skills were not copied to a new project");
    }
    Ok((StatusCode::CREATED, Json(project.into())))
}

/// Shows a project.
#[utoipa::path(get, path = "/api/projects/{project_id}", tag = "projects", operation_id = "get_project",
    params(("project_id" = Uuid, Path, description = "The project.")),
    responses((status = 200, body = Project)))]
pub(crate) async fn get_project(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<ProjectId>,
) -> Result<Json<Project>, Problem> {
    Ok(Json(app.store().get_project(&caller.user, id).await?.into()))
}

/// Renames a project.
#[utoipa::path(patch, path = "/api/projects/{project_id}", tag = "projects", operation_id = "update_project",
    params(("project_id" = Uuid, Path, description = "The project.")), request_body = NamedProject,
    responses((status = 200, body = Project)))]
pub(crate) async fn update_project(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<ProjectId>,
    Body(body): Body<NamedProject>,
) -> Result<Json<Project>, Problem> {
    let name = title("name", &body.name)?;
    Ok(Json(app.store().rename_project(&caller.user, id, &name).await?.into()))
}

/// Deletes a project with its conversations and files. Turns that run in it are stopped first.
#[utoipa::path(delete, path = "/api/projects/{project_id}", tag = "projects", operation_id = "delete_project",
    params(("project_id" = Uuid, Path, description = "The project.")),
    responses((status = 200, body = DeletedProject)))]
pub(crate) async fn delete_project(
    State(app): State<AppState>,
    caller: Caller,
    Path(project): Path<ProjectId>,
) -> Result<Json<DeletedProject>, Problem> {
    let turns = app.store().delete_project(&caller.user, project).await?;
    let (state, done) = (app.clone(), tokio::sync::oneshot::channel());
    let (sender, receiver) = done;
    // An owned task: a client that leaves must not leave the files behind.
    app.lifecycle().spawn("delete project", async move {
        state.turns().end_deleted(&caller.user, &turns).await;
        if let Err(error) = state.folders().remove(project).await {
            tracing::error!(error = chain(&error), project.id = %project, "a deleted project's folder was not removed");
        }
        if let Err(error) = state.skills().remove_all(project).await {
            tracing::error!(error = chain(&error), project.id = %project, "a deleted project's skills were not removed");
        }
        let _ = sender.send(());
    });
    let _ = receiver.await;
    Ok(Json(DeletedProject { success: true, deleted_project_id: project.as_uuid() }))
}

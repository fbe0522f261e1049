//! The files of skills: their tree, one of them, and a change of one.

use axum::Json;
use axum::extract::State;
use bricklayer_domain::ProjectId;
use bricklayer_skills::{FilePath, SkillError};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::here;
use super::shown::{SkillFileContent, SkillTree};
use crate::api::extract::{Body, Path, Query};
use crate::api::problem::Problem;
use crate::app::AppState;
use crate::identity::Caller;
use crate::skills::content_digest;

/// Which file.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SkillFileQuery {
    /// Its path, which begins with its skill's name: `databricks-sql/references/errors.md`.
    path: String,
}

/// A file's text.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WriteSkillFile {
    /// Its path, which begins with its skill's name.
    path: String,
    /// Its text.
    content: String,
    /// The `digest` of the text that is being changed; null for a new file.
    #[schema(required = true)]
    base: Option<String>,
}

/// The skill's name, and the path inside it.
fn parts(path: &str) -> Result<(&str, FilePath), SkillError> {
    let (name, inner) = path.split_once('/').ok_or_else(|| SkillError::BadPath(path.to_owned()))?;
    Ok((name, FilePath::parse(inner)?))
}

fn told(path: String, content: String) -> SkillFileContent {
    let filename = path.rsplit('/').next().unwrap_or_default().to_owned();
    SkillFileContent { digest: content_digest(content.as_bytes()), path, content, filename }
}

/// Shows the files of a project's skills.
#[utoipa::path(get, path = "/api/projects/{project_id}/skills/tree", tag = "skills", operation_id = "get_skill_tree",
    params(("project_id" = Uuid, Path, description = "The project.")), responses((status = 200, body = SkillTree)))]
pub(crate) async fn get_skill_tree(
    State(app): State<AppState>,
    caller: Caller,
    Path(project): Path<ProjectId>,
) -> Result<Json<SkillTree>, Problem> {
    let here = here(&app, &caller, project).await?;
    Ok(Json(app.skills().files(&here).await?.into()))
}

/// Shows a file of a skill.
#[utoipa::path(get, path = "/api/projects/{project_id}/skills/file", tag = "skills", operation_id = "get_skill_file",
    params(("project_id" = Uuid, Path, description = "The project."), SkillFileQuery),
    responses((status = 200, body = SkillFileContent)))]
pub(crate) async fn get_skill_file(
    State(app): State<AppState>,
    caller: Caller,
    Path(project): Path<ProjectId>,
    Query(query): Query<SkillFileQuery>,
) -> Result<Json<SkillFileContent>, Problem> {
    let here = here(&app, &caller, project).await?;
    let (name, file) = parts(&query.path)?;
    let content = app.skills().read(&here, name, file).await?;
    Ok(Json(told(query.path, content)))
}

/// Changes a file of a skill, or adds one. A skill of the host's becomes the project's own by it. A SKILL.md that breaks
/// the specification is refused.
#[utoipa::path(put, path = "/api/projects/{project_id}/skills/file", tag = "skills", operation_id = "write_skill_file",
    params(("project_id" = Uuid, Path, description = "The project.")), request_body = WriteSkillFile,
    responses((status = 200, body = SkillFileContent)))]
pub(crate) async fn write_skill_file(
    State(app): State<AppState>,
    caller: Caller,
    Path(project): Path<ProjectId>,
    Body(body): Body<WriteSkillFile>,
) -> Result<Json<SkillFileContent>, Problem> {
    app.store().get_project(&caller.user, project).await?;
    let WriteSkillFile { path, content, base } = body;
    let (name, file) = parts(&path)?;
    app.skills().write(&caller.user, project, name, file, content.clone(), base).await?;
    Ok(Json(told(path, content)))
}

//! A project's skills: what there is and is enabled, their files, and changes of them.

pub(crate) mod change;
pub(crate) mod files;
pub(crate) mod shown;

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use bricklayer_domain::{ProjectId, chain};
use bricklayer_skills::SkillError;
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::extract::{Body, Path};
use super::problem::Problem;
use crate::app::AppState;
use crate::identity::Caller;
use crate::skills::{SkillsError, SkillsHere};
use shown::{EnabledSkills, SkillList};

impl From<SkillsError> for Problem {
    fn from(error: SkillsError) -> Self {
        let words = error.to_string();
        match error {
            SkillsError::Store(error) => error.into(),
            SkillsError::Skill(error) => error.into(),
            SkillsError::Exists(name) => Self::new(
                StatusCode::CONFLICT,
                "skill-exists",
                format!(
                    "there is a skill named `{name}` here already; send it with `replace=true` to put it in its place"
                ),
            ),
            SkillsError::Changed(path) => Self::new(
                StatusCode::CONFLICT,
                "skill-file-changed",
                format!("`{path}` changed since it was opened; open it again and make your change to what it says now"),
            ),
            SkillsError::TooMany => Self::new(StatusCode::CONFLICT, "too-many", format!("{words}; remove one first")),
        }
    }
}

impl From<SkillError> for Problem {
    fn from(error: SkillError) -> Self {
        let words = error.to_string();
        match error {
            SkillError::NotFound(_) => Self::new(StatusCode::NOT_FOUND, "not-found", words),
            SkillError::BadPath(_) => Self::field("path", words),
            SkillError::NotAFile(_) => Self::new(StatusCode::NOT_FOUND, "not-found", words),
            SkillError::TooLarge { .. } => Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", words),
            SkillError::NotText(_) => Self::new(StatusCode::UNPROCESSABLE_ENTITY, "not-text", words),
            SkillError::BadArchive(_) => Self::new(StatusCode::UNPROCESSABLE_ENTITY, "bad-archive", words),
            SkillError::Invalid(_) => Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid-skill", words),
            SkillError::Io(_) => {
                tracing::error!(error = chain(&error), "the files of a skill cannot be used");
                Self::new(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "skills-unusable",
                    "the skill's files cannot be used; tell the operator",
                )
            }
        }
    }
}

/// The names of the skills that are enabled.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EnableSkills {
    /// Null: all, also those that come later.
    #[schema(required = true, max_items = 2000)]
    enabled_skills: Option<Vec<String>>,
}

/// The skills of a project that is the caller's.
async fn here(app: &AppState, caller: &Caller, project: ProjectId) -> Result<SkillsHere, Problem> {
    app.store().get_project(&caller.user, project).await?;
    Ok(app.skills().of(&caller.user, project).await?)
}

/// Lists the skills of a project, with those that are switched off.
#[utoipa::path(get, path = "/api/projects/{project_id}/skills/available", tag = "skills", operation_id = "list_skills",
    params(("project_id" = Uuid, Path, description = "The project.")), responses((status = 200, body = SkillList)))]
pub(crate) async fn list_skills(
    State(app): State<AppState>,
    caller: Caller,
    Path(project): Path<ProjectId>,
) -> Result<Json<SkillList>, Problem> {
    let here = here(&app, &caller, project).await?;
    let edited = app.skills().edited(project, &here).await?;
    Ok(Json(SkillList::of(&here, &edited)))
}

/// Chooses which skills are enabled; it holds from the next message on. Tools that go with a skill alone are hidden with
/// it.
#[utoipa::path(put, path = "/api/projects/{project_id}/skills/enabled", tag = "skills", operation_id = "enable_skills",
    params(("project_id" = Uuid, Path, description = "The project.")), request_body = EnableSkills,
    responses((status = 200, body = EnabledSkills)))]
pub(crate) async fn enable_skills(
    State(app): State<AppState>,
    caller: Caller,
    Path(project): Path<ProjectId>,
    Body(body): Body<EnableSkills>,
) -> Result<Json<EnabledSkills>, Problem> {
    app.store().get_project(&caller.user, project).await?;
    let names = body.enabled_skills.map(|names| names.into_iter().collect::<BTreeSet<_>>());
    let here = app.skills().enable(&caller.user, project, names).await?;
    Ok(Json(EnabledSkills::of(&here)))
}

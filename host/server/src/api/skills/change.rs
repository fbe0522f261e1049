//! Changes of whole skills: copied anew, taken in from an archive, removed.

use std::collections::BTreeSet;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{FromRequest, Request, State};
use bricklayer_domain::ProjectId;
use http::{StatusCode, header};
use serde::Deserialize;
use utoipa::IntoParams;

use super::shown::{ReloadedSkills, RemovedSkill, SkillInfo};
use crate::api::extract::{Path, Query};
use crate::api::problem::Problem;
use crate::app::AppState;
use crate::identity::Caller;

/// Largest archive that is taken.
pub(crate) const MAX_ARCHIVE_BYTES: usize = bricklayer_skills::MAX_ARCHIVE_BYTES;

/// What an archive is sent as.
const ZIP: &str = "application/zip";

/// Wait that a client is told when no more uploads are taken.
const RETRY_SECONDS: u64 = 5;

/// How skills are copied anew.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ReloadQuery {
    /// `true`: copies that were edited here are replaced as well.
    #[serde(default)]
    discard_edits: bool,
}

/// How a skill is taken in.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct UploadQuery {
    /// `true`: in the place of the one that has its name.
    #[serde(default)]
    replace: bool,
}

/// Copies the host's skills into the project again, as they are now. Those that were edited here stay as they are.
#[utoipa::path(post, path = "/api/projects/{project_id}/skills/reload", tag = "skills", operation_id = "reload_skills",
    params(("project_id" = Uuid, Path, description = "The project."), ReloadQuery),
    responses((status = 200, body = ReloadedSkills)))]
pub(crate) async fn reload_skills(
    State(app): State<AppState>,
    caller: Caller,
    Path(project): Path<ProjectId>,
    Query(query): Query<ReloadQuery>,
) -> Result<Json<ReloadedSkills>, Problem> {
    app.store().get_project(&caller.user, project).await?;
    Ok(Json(app.skills().reload(&caller.user, project, query.discard_edits).await?.into()))
}

/// Takes a skill in from a ZIP archive of its folder. It is enabled at once.
#[utoipa::path(post, path = "/api/projects/{project_id}/skills/upload", tag = "skills", operation_id = "upload_skill",
    params(("project_id" = Uuid, Path, description = "The project."), UploadQuery),
    request_body(content = Vec<u8>, content_type = "application/zip"), responses((status = 201, body = SkillInfo)))]
pub(crate) async fn upload_skill(
    State(app): State<AppState>,
    caller: Caller,
    Path(project): Path<ProjectId>,
    Query(query): Query<UploadQuery>,
    request: Request,
) -> Result<(StatusCode, Json<SkillInfo>), Problem> {
    app.store().get_project(&caller.user, project).await?;
    // Only this content type, because a page on another site can send the others without asking the browser.
    let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    if !content_type.is_some_and(|text| text.trim().eq_ignore_ascii_case(ZIP)) {
        let detail = format!("the body must be a ZIP archive, sent with `content-type: {ZIP}`");
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", detail));
    }
    let Ok(_place) = app.uploads().take(&caller.user) else {
        let detail = "as many uploads are under way as the server takes at once; wait until one is through";
        return Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, "too-many-uploads", detail).retry_after(RETRY_SECONDS));
    };
    let archive = Bytes::from_request(request, &app).await.map_err(|refused| match refused.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "body-too-large",
            format!("the archive is larger than {} MiB; send a smaller one", MAX_ARCHIVE_BYTES >> 20),
        ),
        _ => Problem::new(StatusCode::BAD_REQUEST, "body-unreadable", "the archive ended before it was complete"),
    })?;
    let (name, here) = app.skills().take_in(&caller.user, project, archive, query.replace).await?;
    let skill = here.all.get(&name).ok_or_else(|| Problem::not_found("skill"))?;
    Ok((StatusCode::CREATED, Json(SkillInfo::of(skill, &here, &BTreeSet::new()))))
}

/// Removes what a project has itself under this name: an upload is gone, and a skill of the host's that was copied or
/// edited here is the host's again.
#[utoipa::path(delete, path = "/api/projects/{project_id}/skills/own/{name}", tag = "skills",
    operation_id = "remove_skill",
    params(("project_id" = Uuid, Path, description = "The project."), ("name" = String, Path, description = "The skill.")),
    responses((status = 200, body = RemovedSkill)))]
pub(crate) async fn remove_skill(
    State(app): State<AppState>,
    caller: Caller,
    Path((project, name)): Path<(ProjectId, String)>,
) -> Result<Json<RemovedSkill>, Problem> {
    app.store().get_project(&caller.user, project).await?;
    app.skills().remove(&caller.user, project, &name).await?;
    Ok(Json(RemovedSkill { success: true, removed_skill: name }))
}

//! Changing: installing, updating, consenting, giving powers, switching, rolling back, removing.

use axum::Json;
use axum::extract::State;
use bricklayer_domain::{InstallationId, PackageDigest, PluginOwner, ProjectId};
use bricklayer_plugins::{UpdateFrom, UpdateOutcome};
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::asked::{ConsentPlugin, InstallPlugin, InstallScope, SetEnabled, SetGrants, UpdatePlugin};
use super::read::shown;
use super::shown::Plugin;
use super::{actor, owned, service};
use crate::api::extract::{Body, OptionalBody, Path};
use crate::api::problem::Problem;
use crate::app::AppState;
use crate::identity::Caller;

/// What became of an update.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PluginUpdate {
    /// `unchanged`: it is the version that serves; `swapped`: it serves now; `waiting`: it asks for more and waits.
    outcome: &'static str,
    /// The plugin.
    plugin: Plugin,
}

fn digest(field: &'static str, text: &str) -> Result<PackageDigest, Problem> {
    PackageDigest::parse(text).map_err(|error| Problem::field(field, error.to_string()))
}

/// Installs an inspected package.
#[utoipa::path(post, path = "/api/plugins", tag = "plugins", operation_id = "install_plugin", request_body = InstallPlugin,
    responses((status = 201, body = Plugin)))]
pub(crate) async fn install_plugin(
    State(app): State<AppState>,
    caller: Caller,
    Body(body): Body<InstallPlugin>,
) -> Result<(StatusCode, Json<Plugin>), Problem> {
    let staged = digest("staged", &body.staged)?;
    let project = body.project_id;
    let owner = match body.scope {
        InstallScope::Everyone => PluginOwner::Everyone,
        InstallScope::Me => PluginOwner::User(caller.user.clone()),
    };
    let (service, actor) = (service(&app).clone(), actor(&caller));
    let work = async move { Ok(service.install(&actor, &staged, owner, &body.grants, project).await?) };
    let id = owned(&app, work).await?;
    Ok((StatusCode::CREATED, Json(shown(&app, &caller, id, project).await?)))
}

/// Brings another version: from its own source, from another one, or an inspected one.
#[utoipa::path(post, path = "/api/plugins/{plugin_id}/update", tag = "plugins", operation_id = "update_plugin",
    params(("plugin_id" = Uuid, Path, description = "The plugin.")), request_body = Option<UpdatePlugin>,
    responses((status = 200, body = PluginUpdate)))]
pub(crate) async fn update_plugin(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<InstallationId>,
    OptionalBody(body): OptionalBody<UpdatePlugin>,
) -> Result<Json<PluginUpdate>, Problem> {
    let from = match (body.source, body.staged) {
        (None, None) => UpdateFrom::OwnSource,
        (Some(source), None) => UpdateFrom::Source(source),
        (None, Some(staged)) => UpdateFrom::Staged(digest("staged", &staged)?),
        (Some(_), Some(_)) => return Err(Problem::field("source", "and `staged` exclude each other")),
    };
    let (service, actor) = (service(&app).clone(), actor(&caller));
    let outcome = owned(&app, async move { Ok(service.update(&actor, id, from).await?) }).await?;
    let outcome = match outcome {
        UpdateOutcome::Unchanged => "unchanged",
        UpdateOutcome::Swapped => "swapped",
        UpdateOutcome::Waiting => "waiting",
    };
    Ok(Json(PluginUpdate { outcome, plugin: shown(&app, &caller, id, None).await? }))
}

/// Agrees to the update that waits, and gives it what it asks for in addition, or part of it.
#[utoipa::path(post, path = "/api/plugins/{plugin_id}/consent", tag = "plugins", operation_id = "consent_plugin_update",
    params(("plugin_id" = Uuid, Path, description = "The plugin.")), request_body = ConsentPlugin,
    responses((status = 200, body = Plugin)))]
pub(crate) async fn consent_plugin_update(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<InstallationId>,
    Body(body): Body<ConsentPlugin>,
) -> Result<Json<Plugin>, Problem> {
    let seen = digest("digest", &body.digest)?;
    let project = body.project_id;
    let (service, actor) = (service(&app).clone(), actor(&caller));
    owned(&app, async move { Ok(service.consent(&actor, id, &seen, &body.grants, project).await?) }).await?;
    Ok(Json(shown(&app, &caller, id, project).await?))
}

/// Refuses the update that waits.
#[utoipa::path(delete, path = "/api/plugins/{plugin_id}/pending", tag = "plugins", operation_id = "reject_plugin_update",
    params(("plugin_id" = Uuid, Path, description = "The plugin.")),
    responses((status = 200, body = Plugin)))]
pub(crate) async fn reject_plugin_update(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<InstallationId>,
) -> Result<Json<Plugin>, Problem> {
    let (service, actor) = (service(&app).clone(), actor(&caller));
    owned(&app, async move { Ok(service.reject(&actor, id).await?) }).await?;
    Ok(Json(shown(&app, &caller, id, None).await?))
}

/// Sets what a plugin may do; calls that begin afterwards have exactly that.
#[utoipa::path(put, path = "/api/plugins/{plugin_id}/grants", tag = "plugins", operation_id = "set_plugin_grants",
    params(("plugin_id" = Uuid, Path, description = "The plugin.")), request_body = SetGrants,
    responses((status = 200, body = Plugin)))]
pub(crate) async fn set_plugin_grants(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<InstallationId>,
    Body(body): Body<SetGrants>,
) -> Result<Json<Plugin>, Problem> {
    let project = body.project_id;
    let (service, actor) = (service(&app).clone(), actor(&caller));
    owned(&app, async move { Ok(service.set_grants(&actor, id, project, &body.grants).await?) }).await?;
    Ok(Json(shown(&app, &caller, id, project).await?))
}

/// Lets a plugin be used, or not, in all projects.
#[utoipa::path(patch, path = "/api/plugins/{plugin_id}", tag = "plugins", operation_id = "enable_plugin",
    params(("plugin_id" = Uuid, Path, description = "The plugin.")), request_body = SetEnabled,
    responses((status = 200, body = Plugin)))]
pub(crate) async fn enable_plugin(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<InstallationId>,
    Body(body): Body<SetEnabled>,
) -> Result<Json<Plugin>, Problem> {
    let (service, actor) = (service(&app).clone(), actor(&caller));
    owned(&app, async move { Ok(service.set_enabled(&actor, id, body.enabled).await?) }).await?;
    Ok(Json(shown(&app, &caller, id, None).await?))
}

/// Switches a plugin on or off in one project of the caller's.
#[utoipa::path(put, path = "/api/plugins/{plugin_id}/projects/{project_id}", tag = "plugins", operation_id = "switch_plugin",
    params(("plugin_id" = Uuid, Path, description = "The plugin."), ("project_id" = Uuid, Path, description = "The project.")),
    request_body = SetEnabled,
    responses((status = 200, body = Plugin)))]
pub(crate) async fn switch_plugin(
    State(app): State<AppState>,
    caller: Caller,
    Path((id, project)): Path<(InstallationId, ProjectId)>,
    Body(body): Body<SetEnabled>,
) -> Result<Json<Plugin>, Problem> {
    let (service, actor) = (service(&app).clone(), actor(&caller));
    owned(&app, async move { Ok(service.set_switch(&actor, id, project, body.enabled).await?) }).await?;
    Ok(Json(shown(&app, &caller, id, Some(project)).await?))
}

/// Goes back to the version before.
#[utoipa::path(post, path = "/api/plugins/{plugin_id}/rollback", tag = "plugins", operation_id = "roll_back_plugin",
    params(("plugin_id" = Uuid, Path, description = "The plugin.")),
    responses((status = 200, body = Plugin)))]
pub(crate) async fn roll_back_plugin(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<InstallationId>,
) -> Result<Json<Plugin>, Problem> {
    let (service, actor) = (service(&app).clone(), actor(&caller));
    owned(&app, async move { Ok(service.roll_back(&actor, id).await?) }).await?;
    Ok(Json(shown(&app, &caller, id, None).await?))
}

/// Removes a plugin with all that it kept. Calls that run finish.
#[utoipa::path(delete, path = "/api/plugins/{plugin_id}", tag = "plugins", operation_id = "remove_plugin",
    params(("plugin_id" = Uuid, Path, description = "The plugin.")),
    responses((status = 204, description = "It is gone.")))]
pub(crate) async fn remove_plugin(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<InstallationId>,
) -> Result<StatusCode, Problem> {
    let (service, actor) = (service(&app).clone(), actor(&caller));
    owned(&app, async move { Ok(service.remove(&actor, id).await?) }).await?;
    Ok(StatusCode::NO_CONTENT)
}

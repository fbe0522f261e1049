//! Reading: the list, one plugin, its picture and its description.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bricklayer_domain::{AuditKind, InstallationId, ProjectId, UserId};
use bricklayer_package::PackageContents;
use bricklayer_plugins::{PluginView, Scope};
use bricklayer_store::{AuditFilter, AuditPage, AuditPageRequest, PluginFilter};
use http::{HeaderName, HeaderValue, header};
use serde::Deserialize;
use utoipa::IntoParams;

use super::shown::{Plugin, PluginAudit, PluginFault, PluginList, PluginPolicy, PluginRecord};
use super::{actor, service};
use crate::api::extract::{Path, Query};
use crate::api::problem::Problem;
use crate::app::AppState;
use crate::identity::Caller;

/// A plugin's files are strangers' work: shown alone they run nothing, load nothing and belong to no origin.
const SANDBOX: &str = "default-src 'none'; style-src 'unsafe-inline'; sandbox";

/// What a description is.
const MARKDOWN: &str = "text/markdown; charset=utf-8";

/// What a plugin's figures add up: seven days of UTC, today among them, which is what the page says.
const USAGE_WINDOW: Duration = Duration::from_hours(6 * 24);

/// Faults that are shown with a plugin.
const LAST_ERRORS: u32 = 5;

/// Records of a page of the audit when nobody chose, and at most.
const DEFAULT_AUDIT_PAGE: u32 = 50;
const MAX_AUDIT_PAGE: u32 = 200;

/// Where a plugin is looked at.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct InProject {
    /// A project of the caller's: shows what is given and switched there.
    #[param(value_type = Option<Uuid>)]
    pub(super) project_id: Option<ProjectId>,
}

/// A plugin as the caller sees it, with its use.
pub(super) async fn shown(
    app: &AppState,
    caller: &Caller,
    id: InstallationId,
    project: Option<ProjectId>,
) -> Result<Plugin, Problem> {
    let view = service(app).view(&actor(caller), id, project).await?;
    let plugin = with_usage(app, caller, vec![view]).await?.pop();
    plugin.ok_or_else(|| Problem::not_found("plugin"))
}

/// Plugins with their use, which is asked for all of them at once.
async fn with_usage(app: &AppState, caller: &Caller, views: Vec<PluginView>) -> Result<Vec<Plugin>, Problem> {
    let store = app.store();
    let usage_of: Vec<_> = views.iter().map(|view| (view.id, whose_records(view, caller))).collect();
    let errors_of: Vec<_> = views.iter().map(|view| (view.id, &view.name, whose_records(view, caller))).collect();
    let mut usages = store.plugin_usages(&usage_of, bricklayer_domain::now() - USAGE_WINDOW).await?;
    let mut errors = store.last_errors_of_plugins(&errors_of, LAST_ERRORS).await?;
    let plugins = views.into_iter().map(|view| {
        let usage = usages.remove(&view.id).unwrap_or_default();
        let errors = errors.remove(&view.id).unwrap_or_default();
        let mut plugin = Plugin::from(view);
        plugin.usage = usage.into();
        plugin.last_errors = errors.into_iter().map(|record| PluginFault::seen_by(&caller.user, record)).collect();
        plugin
    });
    Ok(plugins.collect())
}

/// Whose records of a plugin the caller sees: everybody's when it is everyone's and theirs to manage, else their own.
fn whose_records<'a>(view: &PluginView, caller: &'a Caller) -> Option<&'a UserId> {
    let all = view.scope == Scope::Everyone && view.can_manage;
    (!all).then_some(&caller.user)
}

/// Lists the plugins that the caller sees, and what the operator allows.
#[utoipa::path(get, path = "/api/plugins", tag = "plugins", operation_id = "list_plugins", params(InProject),
    responses((status = 200, body = PluginList)))]
pub(crate) async fn list_plugins(
    State(app): State<AppState>,
    caller: Caller,
    Query(query): Query<InProject>,
) -> Result<Json<PluginList>, Problem> {
    let actor = actor(&caller);
    let views = service(&app).list(&actor, query.project_id).await?;
    let plugins = with_usage(&app, &caller, views).await?;
    Ok(Json(PluginList { plugins, policy: PluginPolicy::of(service(&app).policy(), &actor) }))
}

/// Which records.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct AuditQuery {
    /// `call`, `request` or `change`; all when absent.
    kind: Option<String>,
    /// Where the page before ended.
    cursor: Option<String>,
    /// At most so many, 1 to 200.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// Lists what a plugin did and what was done to it, the newest first: everybody's records for who may change everyone's
/// plugins, else the caller's.
#[utoipa::path(get, path = "/api/plugins/{plugin_id}/audit", tag = "plugins", operation_id = "list_plugin_audit",
    params(("plugin_id" = Uuid, Path, description = "The plugin."), AuditQuery),
    responses((status = 200, body = PluginAudit)))]
pub(crate) async fn list_plugin_audit(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<InstallationId>,
    Query(query): Query<AuditQuery>,
) -> Result<Json<PluginAudit>, Problem> {
    let view = service(&app).view(&actor(&caller), id, None).await?;
    let unknown_kind = || Problem::field("kind", "must be `call`, `request` or `change`");
    let kind = query.kind.as_deref().map(|word| AuditKind::parse(word).ok_or_else(unknown_kind)).transpose()?;
    let unknown_cursor = |_| Problem::field("cursor", "is none that a page before answered");
    let after = query.cursor.as_deref().map(str::parse).transpose().map_err(unknown_cursor)?;
    let user = whose_records(&view, &caller).cloned();
    let filter = AuditFilter { user, project: None, plugin: Some(PluginFilter::Installed(view.id, view.name)), kind };
    let limit = query.limit.unwrap_or(DEFAULT_AUDIT_PAGE);
    if !(1..=MAX_AUDIT_PAGE).contains(&limit) {
        return Err(Problem::field("limit", format!("must be between 1 and {MAX_AUDIT_PAGE}")));
    }
    let page = AuditPageRequest { after, limit };
    let AuditPage { records, next } = app.store().list_audit(&filter, page).await?;
    let records = records.into_iter().map(PluginRecord::from).collect();
    Ok(Json(PluginAudit { records, next: next.map(|cursor| cursor.to_string()) }))
}

/// Shows a plugin.
#[utoipa::path(get, path = "/api/plugins/{plugin_id}", tag = "plugins", operation_id = "get_plugin",
    params(("plugin_id" = Uuid, Path, description = "The plugin."), InProject),
    responses((status = 200, body = Plugin)))]
pub(crate) async fn get_plugin(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<InstallationId>,
    Query(query): Query<InProject>,
) -> Result<Json<Plugin>, Problem> {
    Ok(Json(shown(&app, &caller, id, query.project_id).await?))
}

/// Sends a plugin's picture.
#[utoipa::path(get, path = "/api/plugins/{plugin_id}/icon", tag = "plugins", operation_id = "get_plugin_icon",
    params(("plugin_id" = Uuid, Path, description = "The plugin.")),
    responses((status = 200, description = "The picture, PNG or SVG.", content_type = "image/*")))]
pub(crate) async fn get_plugin_icon(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<InstallationId>,
) -> Result<Response, Problem> {
    let icon = |contents: &PackageContents| {
        let icon = contents.icon.as_ref()?;
        Some((icon.format.media_type(), icon.bytes.clone()))
    };
    file(&app, &caller, id, "picture", icon).await
}

/// Sends a plugin's description for people, Markdown.
#[utoipa::path(get, path = "/api/plugins/{plugin_id}/readme", tag = "plugins", operation_id = "get_plugin_readme",
    params(("plugin_id" = Uuid, Path, description = "The plugin.")),
    responses((status = 200, description = "The description.", content_type = "text/markdown")))]
pub(crate) async fn get_plugin_readme(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<InstallationId>,
) -> Result<Response, Problem> {
    let readme = |contents: &PackageContents| Some((MARKDOWN, contents.readme.clone()?.into_bytes()));
    file(&app, &caller, id, "description", readme).await
}

/// Sends one of the files in a plugin's package: its media type and its bytes, when it has one.
async fn file(
    app: &AppState,
    caller: &Caller,
    id: InstallationId,
    what: &'static str,
    pick: impl FnOnce(&PackageContents) -> Option<(&'static str, Vec<u8>)>,
) -> Result<Response, Problem> {
    let contents = service(app).package_contents(&actor(caller), id).await?;
    let (media_type, bytes) = pick(&contents).ok_or_else(|| Problem::not_found(what))?;
    let headers: [(HeaderName, HeaderValue); 3] = [
        (header::CONTENT_TYPE, HeaderValue::from_static(media_type)),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(SANDBOX)),
        (header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache")),
    ];
    Ok((headers, bytes).into_response())
}

//! What a project made at the workspace: the list, forgetting a line of it, and removing the thing by its family's tool.

use axum::Json;
use axum::extract::State;
use bricklayer_domain::{ProjectId, ToolSpec, TrackedResource, TrackedResourceId};
use bricklayer_store::{NewTurn, TurnPlace};
use chrono::{DateTime, Utc};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::extract::{OptionalBody, Path, Query};
use super::invoke::Invoked;
use super::list::ListQuery;
use super::problem::{Problem, ProblemDetails};
use crate::app::AppState;
use crate::events::MadeInfo;
use crate::identity::Caller;

/// Something that a call of this project made at the workspace and that no call has deleted since.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Resource {
    /// Its id in this list.
    resource_id: Uuid,
    /// What it is.
    #[serde(flatten)]
    made: MadeInfo,
    /// The full name of the tool that made it.
    tool: String,
    /// The conversation that it was made in.
    #[schema(required = true)]
    conversation_id: Option<Uuid>,
    /// The turn that it was made in.
    #[schema(required = true)]
    execution_id: Option<Uuid>,
    /// The call that made it.
    #[schema(required = true)]
    tool_id: Option<String>,
    /// When.
    created_at: DateTime<Utc>,
    /// Whether a tool of this project can remove it.
    removable: bool,
}

/// Resources of a project, the newest first, and where the list goes on.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ResourceList {
    /// The resources.
    resources: Vec<Resource>,
    /// `after` of the next answer; null at the end.
    #[schema(required = true)]
    next: Option<String>,
}

fn shown(resource: TrackedResource, tools: &[std::sync::Arc<ToolSpec>]) -> Resource {
    Resource {
        resource_id: resource.id.as_uuid(),
        removable: removal(&resource, tools).is_some(),
        made: resource.made.into(),
        tool: resource.tool.0,
        conversation_id: resource.conversation.map(|id| id.as_uuid()),
        execution_id: resource.turn.map(|id| id.as_uuid()),
        tool_id: resource.call.map(|id| id.0),
        created_at: resource.created_at,
    }
}

/// The direct command that removes a resource: by a tool that says that it deletes things of its type, rather of the
/// family that made it than of another.
fn removal(resource: &TrackedResource, tools: &[std::sync::Arc<ToolSpec>]) -> Option<String> {
    let maker = tools.iter().find(|spec| spec.name == resource.tool).map(|spec| &spec.source);
    let command = |spec: &ToolSpec| {
        let deletes = spec.resources.deletes.as_ref()?;
        let arguments = deletes.arguments(&resource.made.kind, &resource.made.id, &spec.input_schema)?;
        Some(format!("/{} {arguments}", spec.name))
    };
    let own = tools.iter().filter(|spec| Some(&spec.source) == maker).find_map(|spec| command(spec));
    own.or_else(|| tools.iter().find_map(|spec| command(spec)))
}

/// Lists what calls of this project made at the workspace, the newest first.
#[utoipa::path(get, path = "/api/projects/{project_id}/resources", tag = "projects", operation_id = "list_resources",
    params(("project_id" = Uuid, Path, description = "The project."), ListQuery),
    responses((status = 200, body = ResourceList)))]
pub(crate) async fn list_resources(
    State(app): State<AppState>,
    caller: Caller,
    Path(project): Path<ProjectId>,
    Query(query): Query<ListQuery>,
) -> Result<Json<ResourceList>, Problem> {
    let (user, store) = (&caller.user, app.store());
    let (resources, next) = query.part()?.gather(|page| store.list_resources(user, project, page)).await?;
    let tools =
        app.turns().environment().list_tools(user, Some(project), app.skills().host(), app.skills().host_agents());
    let resources = resources.into_iter().map(|resource| shown(resource, &tools)).collect();
    Ok(Json(ResourceList { resources, next }))
}

/// Takes a line off the list. The thing itself stays as it is.
#[utoipa::path(delete, path = "/api/projects/{project_id}/resources/{resource_id}", tag = "projects", operation_id = "forget_resource",
    params(("project_id" = Uuid, Path, description = "The project."), ("resource_id" = Uuid, Path, description = "The line of the list.")),
    responses((status = 204)))]
pub(crate) async fn forget_resource(
    State(app): State<AppState>,
    caller: Caller,
    Path((project, id)): Path<(ProjectId, TrackedResourceId)>,
) -> Result<StatusCode, Problem> {
    app.store().forget_resource(&caller.user, project, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The wish to remove a resource.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RemoveResource {
    /// The client's own id of this wish: sending it again answers with the same turn.
    client_message_id: Option<Uuid>,
}

/// Removes a resource by its family's own tool, in a conversation of its own: the call is asked about as any call is.
#[utoipa::path(post, path = "/api/projects/{project_id}/resources/{resource_id}/remove", tag = "projects", operation_id = "remove_resource",
    params(("project_id" = Uuid, Path, description = "The project."), ("resource_id" = Uuid, Path, description = "The line of the list.")),
    request_body = Option<RemoveResource>,
    responses((status = 202, body = Invoked),
        (status = 409, description = "`cannot-remove`: no tool of this project removes things of this type.", body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn remove_resource(
    State(app): State<AppState>,
    caller: Caller,
    Path((project, id)): Path<(ProjectId, TrackedResourceId)>,
    OptionalBody(body): OptionalBody<RemoveResource>,
) -> Result<(StatusCode, Json<Invoked>), Problem> {
    let resource = app.store().get_resource(&caller.user, project, id).await?;
    let tools = app.turns().environment().list_tools(
        &caller.user,
        Some(project),
        app.skills().host(),
        app.skills().host_agents(),
    );
    let Some(message) = removal(&resource, &tools) else {
        let detail = format!(
            "no tool of this project removes a {}; remove it in the workspace, and then take it off the list",
            resource.made.kind
        );
        return Err(Problem::new(StatusCode::CONFLICT, "cannot-remove", detail));
    };
    let new = NewTurn {
        project,
        conversation: None,
        place: TurnPlace::Next,
        message,
        settings: Default::default(),
        client_message_id: body.client_message_id,
        rerun_of: None,
    };
    let turn = app.turns().begin(&caller, new).await?;
    Ok((StatusCode::ACCEPTED, Json(Invoked::of(&turn))))
}

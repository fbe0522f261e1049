//! Standing permissions: what the user allowed for the rest of a conversation.

use axum::extract::State;
use bricklayer_domain::{ConversationId, ProjectId, StandingPermission, StandingPermissionId};
use chrono::{DateTime, Utc};
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::conversations::find;
use super::extract::Path;
use super::problem::Problem;
use crate::app::AppState;
use crate::identity::Caller;

/// Something that runs unasked in a conversation until it is taken back: the same tool doing the same thing to exactly
/// the same objects.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Permission {
    /// Its id.
    id: Uuid,
    /// The tool's full name.
    tool: String,
    /// What may be done: `DROP TABLE`.
    verb: String,
    /// To what.
    objects: Vec<String>,
    /// When it was given.
    since: DateTime<Utc>,
}

impl From<StandingPermission> for Permission {
    fn from(permission: StandingPermission) -> Self {
        Self {
            id: permission.id.as_uuid(),
            tool: permission.tool.0,
            verb: permission.scope.verb,
            objects: permission.scope.objects,
            since: permission.since,
        }
    }
}

/// Takes a standing permission back. The next call asks again, also in a turn that runs.
#[utoipa::path(delete, path = "/api/projects/{project_id}/conversations/{conversation_id}/permissions/{permission_id}", tag = "conversations", operation_id = "revoke_permission",
    params(("project_id" = Uuid, Path, description = "The project."), ("conversation_id" = Uuid, Path, description = "The conversation."),
        ("permission_id" = Uuid, Path, description = "The standing permission.")),
    responses((status = 204)))]
pub(crate) async fn revoke_permission(
    State(app): State<AppState>,
    caller: Caller,
    Path((project, conversation, id)): Path<(ProjectId, ConversationId, StandingPermissionId)>,
) -> Result<StatusCode, Problem> {
    let conversation = find(app.store(), &caller.user, project, conversation).await?;
    app.store().revoke_standing_permission(&caller.user, conversation.id, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

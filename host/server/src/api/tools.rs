//! The tool catalogue.

use axum::Json;
use axum::extract::State;
use bricklayer_domain::{ProjectId, ToolSource, ToolSpec};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::extract::Query;
use super::problem::{Problem, ProblemDetails};
use crate::app::AppState;
use crate::events::ShownAs;
use crate::identity::Caller;

/// A tool that the agent can use.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Tool {
    /// The full name, `mcp__databricks__execute_sql`.
    name: String,
    /// The name without its source, `execute_sql`.
    short_name: String,
    /// `built-in`, or the plugin's name.
    source: String,
    /// What a call does, in a few words.
    title: String,
    /// The arguments that tell one call from another, in braces: `{statement}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// What kind of thing its typed result is.
    #[serde(skip_serializing_if = "Option::is_none")]
    result_kind: Option<ShownAs>,
    /// What it does.
    description: String,
    /// JSON Schema of its arguments.
    #[schema(value_type = Object)]
    input_schema: Value,
    /// JSON Schema of its typed result.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    output_schema: Option<Value>,
    /// What its author says about it.
    annotations: Annotations,
}

/// What a tool's author says about it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Annotations {
    /// Changes nothing.
    read_only: bool,
    /// May destroy what exists.
    destructive: bool,
    /// Running it twice is the same as once.
    idempotent: bool,
    /// Whether the user is asked before each call.
    ask: bool,
}

impl From<&ToolSpec> for Tool {
    fn from(spec: &ToolSpec) -> Self {
        let annotations = &spec.annotations;
        Self {
            name: spec.name.to_string(),
            short_name: spec.name.short().to_owned(),
            source: match &spec.source {
                ToolSource::BuiltIn => "built-in".to_owned(),
                ToolSource::Plugin { plugin } => plugin.to_string(),
            },
            title: spec.display.title(&spec.name),
            detail: spec.display.detail.as_ref().map(ToString::to_string),
            result_kind: spec.display.result.map(Into::into),
            description: spec.description.clone(),
            input_schema: spec.input_schema.clone(),
            output_schema: spec.output_schema.clone(),
            annotations: Annotations {
                read_only: annotations.read_only,
                destructive: annotations.destructive,
                idempotent: annotations.idempotent,
                ask: annotations.ask,
            },
        }
    }
}

/// Where the agent works.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ToolsQuery {
    /// A project of the user's: the tools as they are there.
    project_id: Option<uuid::Uuid>,
}

/// Lists the tools that the agent can use.
#[utoipa::path(get, path = "/api/tools", tag = "service", operation_id = "list_tools", params(ToolsQuery),
    responses((status = 200, body = Vec<Tool>), (status = "default", body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn list_tools(
    State(app): State<AppState>,
    caller: Caller,
    Query(query): Query<ToolsQuery>,
) -> Result<Json<Vec<Tool>>, Problem> {
    let project = query.project_id.map(ProjectId::from_uuid);
    if let Some(project) = project {
        app.store().get_project(&caller.user, project).await?;
    }
    let (skills, agents) = app.skills().told_in(&caller.user, project).await?;
    let specs = app.turns().environment().list_tools(&caller.user, project, &skills, &agents);
    Ok(Json(specs.iter().map(|spec| Tool::from(&**spec)).collect()))
}

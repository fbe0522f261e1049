//! The tool catalogue, and calls of what only looks.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use bricklayer_domain::{
    CallSite, ProjectId, ToolCall, ToolCallId, ToolOutcome, ToolSource, ToolSpec, TurnSettings, chain,
};
use bricklayer_tools::{CallLink, NobodyToAsk};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::REQUEST_TIME_LIMIT;
use super::extract::{Body, Path, Query};
use super::problem::{Problem, ProblemDetails};
use crate::app::AppState;
use crate::events::ShownAs;
use crate::identity::Caller;
use crate::turns::GateError;

/// What a request takes beside its call.
const ANSWER_TIME: Duration = Duration::from_secs(5);

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

/// Arguments of a call.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LookRequest {
    /// As the tool's schema has them.
    #[serde(default)]
    #[schema(value_type = Object)]
    input: Map<String, Value>,
}

/// What a call came to.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Look {
    /// What it says, in words.
    content: String,
    /// Its typed result.
    #[schema(required = true, value_type = Option<Object>)]
    structured: Option<Value>,
    /// How it failed.
    #[schema(required = true)]
    failure: Option<LookFailure>,
}

/// How a call failed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LookFailure {
    /// The kind, such as `not-found` or `permission-denied`.
    kind: &'static str,
    /// What happened.
    message: String,
    /// What a person does about it.
    #[schema(required = true)]
    remedy: Option<String>,
}

impl From<ToolOutcome> for Look {
    fn from(outcome: ToolOutcome) -> Self {
        let failure = outcome.failure.map(|failure| LookFailure {
            kind: failure.kind.as_str(),
            message: failure.message,
            remedy: failure.remedy,
        });
        Self { content: outcome.content, structured: outcome.structured, failure }
    }
}

/// Calls a tool that only reads, for somebody who looks at the page: as themselves, under the rules that hold for the
/// project, on record, and in no conversation. What changes something is asked for in a conversation, where it is asked
/// about.
#[utoipa::path(post, path = "/api/projects/{project_id}/tools/{tool}/call", tag = "projects", operation_id = "look",
    params(("project_id" = Uuid, Path, description = "The project."),
        ("tool" = String, Path, description = "The tool's name, full or short.")),
    request_body = LookRequest,
    responses((status = 200, description = "The call has ended, well or not.", body = Look),
        (status = 409, description = "`not-read-only`: the tool may change something.", body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn look(
    State(app): State<AppState>,
    caller: Caller,
    Path((project, tool)): Path<(ProjectId, String)>,
    Body(request): Body<LookRequest>,
) -> Result<Json<Look>, Problem> {
    let gate = app.turns().open_gate(&caller, project, CallSite::Page, TurnSettings::default()).await;
    let gate = gate.map_err(|error| match error {
        GateError::Store(error) => error.into(),
        error @ GateError::Folder(_) => {
            tracing::error!(error = chain(&error), "a project's tools cannot be opened");
            let detail = "the project's folder cannot be opened; tell the operator";
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "files-unreadable", detail)
        }
    })?;
    let named = |spec: &&std::sync::Arc<ToolSpec>| spec.name.0 == tool || spec.name.short() == tool;
    let spec = gate.list().iter().find(named).ok_or_else(|| Problem::not_found("tool in this project"))?;
    if !spec.annotations.read_only || spec.annotations.ask {
        let detail =
            format!("`{}` may change something; ask for it in a conversation, as `/{}`", tool, spec.name.short());
        return Err(Problem::new(StatusCode::CONFLICT, "not-read-only", detail));
    }
    let id = ToolCallId(format!("look_{}", Uuid::now_v7().simple()));
    let call = ToolCall { id, name: spec.name.clone(), input: Value::Object(request.input) };
    // Whoever goes away ends the call.
    let cancel = CancellationToken::new();
    let _gone = cancel.clone().drop_guard();
    let within = Some(REQUEST_TIME_LIMIT.saturating_sub(ANSWER_TIME));
    let outcome = gate.call(&call, &NobodyToAsk, CallLink { within, ..CallLink::new(cancel) }).await;
    Ok(Json(outcome.into()))
}

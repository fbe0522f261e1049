//! The service's state, the user, and the prompt.

use axum::Json;
use axum::extract::State;
use bricklayer_agent::{Actor, PromptFacts, system_prompt};
use bricklayer_domain::{ProjectId, with_turn_settings};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::extract::Query;
use super::problem::{Problem, ProblemDetails};
use super::settings::asked_settings;
use crate::app::AppState;
use crate::config::{DatabaseConfig, ModelConfig};
use crate::events::Mode;
use crate::identity::Caller;

/// Whether the service works.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Health {
    /// Always `healthy`: a server that cannot work answers 503 with what is wrong.
    status: &'static str,
    /// This build.
    version: &'static str,
    /// The workspace.
    workspace: WorkspaceHealth,
    /// The model.
    model: ModelHealth,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WorkspaceHealth {
    /// `local` or `remote`.
    kind: &'static str,
    /// `starting`, `ready` or `down`.
    state: &'static str,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ModelHealth {
    /// `offline`, `anthropic`, `openai` or `databricks`.
    provider: &'static str,
}

/// Who is asking, and what they have here.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Me {
    /// The user.
    user: String,
    /// The workspace's address; null for the local one.
    #[schema(required = true)]
    workspace_url: Option<String>,
    /// `local` or `remote`.
    workspace_kind: &'static str,
    /// The model.
    model: ModelInfo,
    /// Whether the database is PostgreSQL (Lakebase).
    lakebase_configured: bool,
    /// The plugins.
    plugins: Vec<PluginSummary>,
    /// How much the agent may do without asking.
    permission_modes: PermissionModes,
}

/// The permission modes that the operator allows.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PermissionModes {
    /// Those that a turn may have, from careful to loose.
    allowed: Vec<Mode>,
    /// The one of a turn whose user chose none.
    default: Mode,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ModelInfo {
    /// `offline`, `anthropic`, `openai` or `databricks`.
    provider: &'static str,
    /// Its id.
    name: String,
    /// Whether it needs no network and no key.
    offline: bool,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PluginSummary {
    /// Its name.
    name: String,
    /// Its version.
    version: String,
    /// How many tools it has.
    tools: usize,
}

/// The prompt as the model gets it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SystemPrompt {
    /// The text.
    system_prompt: String,
}

with_turn_settings!(asked_settings! {
    in_body: any(),
    /// What the prompt depends on.
    #[derive(Debug, Deserialize, IntoParams)]
    #[into_params(parameter_in = Query)]
    pub(crate) struct PromptQuery {
        /// A project of the user's.
        #[param(value_type = Option<Uuid>)]
        project_id: Option<ProjectId>,
    }
});

/// That the process answers.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Alive {
    /// Always `alive`.
    status: &'static str,
}

/// Tells that the process answers, whatever else does not: restarting it would mend nothing. Public.
#[utoipa::path(get, path = "/api/health/live", tag = "service", operation_id = "get_liveness",
    responses((status = 200, body = Alive)))]
pub(crate) async fn get_liveness() -> Json<Alive> {
    Json(Alive { status: "alive" })
}

/// The same as `/api/health`, under the name that supervisors ask for. Public.
#[utoipa::path(get, path = "/api/health/ready", tag = "service", operation_id = "get_readiness",
    responses((status = 200, body = Health),
        (status = 503, description = "`starting`, `not-ready` or `shutting-down`, with what is wrong.", body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn get_readiness(State(app): State<AppState>) -> Result<Json<Health>, Problem> {
    health(&app).await
}

/// Tells whether the service works: whether it takes requests and its database takes writes. Public.
#[utoipa::path(get, path = "/api/health", tag = "service", operation_id = "get_health",
    responses((status = 200, body = Health),
        (status = 503, description = "`starting`, `not-ready` or `shutting-down`, with what is wrong.", body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn get_health(State(app): State<AppState>) -> Result<Json<Health>, Problem> {
    health(&app).await
}

/// Wait that is told when the database does not work.
const NOT_READY_RETRY_SECONDS: u64 = 2;

async fn health(app: &AppState) -> Result<Json<Health>, Problem> {
    if app.lifecycle().soft().is_cancelled() {
        return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "shutting-down", "the server is shutting down"));
    }
    if let Some(problem) = app.health().database(app.store()).await {
        return Err(
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, "not-ready", problem).retry_after(NOT_READY_RETRY_SECONDS)
        );
    }
    Ok(Json(Health {
        status: "healthy",
        version: env!("CARGO_PKG_VERSION"),
        workspace: WorkspaceHealth { kind: app.workspace().fact().kind(), state: app.workspace().state() },
        model: ModelHealth { provider: app.config().model.provider() },
    }))
}

/// Tells who is asking, and what they have here.
#[utoipa::path(get, path = "/api/me", tag = "service", operation_id = "get_me",
    responses((status = 200, body = Me)))]
pub(crate) async fn get_me(State(app): State<AppState>, caller: Caller) -> Json<Me> {
    let workspace = app.workspace().fact();
    let plugins = app.plugins().summaries(&caller.user).into_iter();
    let plugins = plugins.map(|(name, version, tools)| PluginSummary { name, version, tools });
    Json(Me {
        user: caller.user.to_string(),
        workspace_url: workspace.page().map(str::to_owned),
        workspace_kind: workspace.kind(),
        model: ModelInfo {
            provider: app.config().model.provider(),
            name: app.model().model(None),
            offline: matches!(app.config().model, ModelConfig::Offline),
        },
        lakebase_configured: matches!(app.config().database, DatabaseConfig::Postgres(_)),
        plugins: plugins.collect(),
        permission_modes: PermissionModes {
            allowed: app.config().permissions.allowed().map(Mode::from).collect(),
            default: app.config().permissions.usual.into(),
        },
    })
}

/// Shows the prompt that the model would get with these settings.
#[utoipa::path(get, path = "/api/system_prompt", tag = "service", operation_id = "get_system_prompt", params(PromptQuery),
    responses((status = 200, body = SystemPrompt)))]
pub(crate) async fn get_system_prompt(
    State(app): State<AppState>,
    caller: Caller,
    Query(mut query): Query<PromptQuery>,
) -> Result<Json<SystemPrompt>, Problem> {
    if let Some(project) = query.project_id {
        app.store().get_project(&caller.user, project).await?;
    }
    let (skills, agents) = app.skills().told_in(&caller.user, query.project_id).await?;
    let settings = query.settings()?;
    let facts = PromptFacts { workspace: app.workspace().fact(), settings };
    Ok(Json(SystemPrompt { system_prompt: system_prompt(&facts, &Actor::Agent(agents), &skills) }))
}
